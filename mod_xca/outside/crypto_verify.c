#include "outside/crypto_verify.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "outside/crypto_openssl.h"
#include "outside/crypto_pem.h"

#define CERTIFICATE_MAX 65536

struct xca_signed {
    CMS_ContentInfo *cms;
    STACK_OF(CMS_SignerInfo) * signers;
    STACK_OF(X509) * certificates; /* that came along; or NULL */
    const xca_bytes_t *content;
};

static xca_error_t *unreadable(apr_pool_t *pool) {
    return xca_openssl_error(pool, XCA_E_INVALID, "verify.certificate", "to be verified");
}

/* Chains. */

typedef struct {
    X509_STORE *store;
    X509_STORE_CTX *context;
    STACK_OF(X509) * between;
} path_t;

static apr_status_t free_path(void *data) {
    path_t *path = data;

    X509_STORE_CTX_free(path->context);
    X509_STORE_free(path->store);
    sk_X509_free(path->between);
    return APR_SUCCESS;
}

static xca_chain_verdict verdict_of(int error, X509 *certificate, X509 *issuer) {
    switch (error) {
    case X509_V_OK:
        return XCA_CHAIN_GOOD;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
        return XCA_CHAIN_SIGNATURE;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        /* by name, but for another key */
        return issuer != NULL && X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)) == 0
                   ? XCA_CHAIN_SIGNATURE
                   : XCA_CHAIN_OTHER;
    default:
        return XCA_CHAIN_BROKEN;
    }
}

#define ABOVE_MAX 16

/* The place in `all` of who has issued x509, 0 if it cannot be told. */
static int issuer_in(const X509 *x509, X509 *const *all, int count) {
    int i;

    for (i = 0; i < count; i++) {
        if (X509_check_issued(all[i], (X509 *)(apr_size_t)x509) == X509_V_OK) {
            return i;
        }
    }
    for (i = 0; i < count; i++) {
        if (X509_NAME_cmp(X509_get_subject_name(all[i]), X509_get_issuer_name(x509)) == 0) {
            return i;
        }
    }
    return 0;
}

xca_error_t *xca_chain_above(apr_array_header_t **chain, xca_bytes_t certificate, const apr_array_header_t *all, apr_pool_t *pool) {
    X509 *x509 = xca_openssl_x509(pool, certificate), *some[ABOVE_MAX];
    int i, at, count = all->nelts < ABOVE_MAX ? all->nelts : ABOVE_MAX;

    *chain = apr_array_make(pool, 4, sizeof(xca_bytes_t));
    for (i = 0; i < count; i++) {
        some[i] = xca_openssl_x509(pool, APR_ARRAY_IDX(all, i, xca_bytes_t));
        if (some[i] == NULL) {
            return unreadable(pool);
        }
    }
    if (x509 == NULL) {
        return unreadable(pool);
    }
    for (i = 0; i < count; i++) {
        at = issuer_in(x509, some, count);
        APR_ARRAY_PUSH(*chain, xca_bytes_t) = APR_ARRAY_IDX(all, at, xca_bytes_t);
        x509 = some[at];
        if (X509_check_issued(x509, x509) == X509_V_OK) {
            break;
        }
    }
    ERR_clear_error();
    return NULL;
}

xca_error_t *xca_verify_chain(xca_chain_verdict *verdict, const char **why, xca_bytes_t certificate, const xca_bytes_t *chain,
                              int chain_length, apr_pool_t *pool) {
    X509 *leaf = certificate.length <= CERTIFICATE_MAX ? xca_openssl_x509(pool, certificate) : NULL;
    X509 *issuer = chain_length > 0 ? xca_openssl_x509(pool, chain[0]) : NULL;
    path_t *path = apr_pcalloc(pool, sizeof(*path));
    int i, good, error;

    *why = NULL;
    if (leaf == NULL) {
        return unreadable(pool);
    }
    path->store = X509_STORE_new();
    path->context = X509_STORE_CTX_new();
    path->between = sk_X509_new_null();
    apr_pool_cleanup_register(pool, path, free_path, apr_pool_cleanup_null);
    good = path->store != NULL && path->context != NULL && path->between != NULL && issuer != NULL;
    for (i = 0; good && i < chain_length; i++) {
        X509 *above = xca_openssl_x509(pool, chain[i]);

        good = above != NULL && (i == chain_length - 1 ? X509_STORE_add_cert(path->store, above) : sk_X509_push(path->between, above));
    }
    if (!good || !X509_STORE_CTX_init(path->context, path->store, leaf, path->between)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.verify", "chain");
    }
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(path->context), X509_V_FLAG_NO_CHECK_TIME);
    (void)X509_verify_cert(path->context);
    error = X509_STORE_CTX_get_error(path->context);
    *verdict = verdict_of(error, leaf, issuer);
    if (*verdict == XCA_CHAIN_BROKEN) {
        *why = X509_verify_cert_error_string(error);
    }
    ERR_clear_error();
    return NULL;
}

/* What was sent. */

/* The DER in PEM text whose label is one of `labels`, or in bare base64; the bytes as they are if it is neither. */
static xca_bytes_t unwrap(xca_bytes_t sent, const char *const *labels, apr_pool_t *pool) {
    const char *text = apr_pstrmemdup(pool, (const char *)sent.data, sent.length);
    xca_bytes_t *der = NULL;

    for (; *labels != NULL && der == NULL; labels++) {
        der = xca_pem_find(pool, text, *labels);
    }
    if (der == NULL && sent.length > 0 && sent.data[0] == 'M') {
        der = xca_unbase64(pool, text, strlen(text)); /* of a SEQUENCE it begins so */
    }
    return der != NULL && der->length > 0 ? *der : sent;
}

xca_error_t *xca_certificate_take(xca_bytes_t *certificate, xca_bytes_t sent, apr_pool_t *pool) {
    static const char *const labels[] = {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", NULL};

    *certificate = unwrap(sent, labels, pool);
    if (certificate->length > CERTIFICATE_MAX || xca_openssl_x509(pool, *certificate) == NULL) {
        return unreadable(pool);
    }
    return NULL;
}

/* Signed messages. */

static apr_status_t free_message(void *data) {
    xca_signed_t *message = data;

    sk_X509_pop_free(message->certificates, X509_free);
    CMS_ContentInfo_free(message->cms);
    return APR_SUCCESS;
}

static xca_error_t *wrong_message(apr_pool_t *pool, const char *why) {
    return xca_openssl_error(pool, XCA_E_INVALID, "verify.cms", why);
}

xca_error_t *xca_signed_read(xca_signed_t **message, xca_bytes_t sent, apr_pool_t *pool) {
    static const char *const labels[] = {"CMS", "PKCS7", "PKCS #7 SIGNED DATA", NULL};
    xca_bytes_t der = unwrap(sent, labels, pool);
    const unsigned char *at = der.data;
    xca_signed_t *result = apr_pcalloc(pool, sizeof(*result));
    ASN1_OCTET_STRING **content;
    int count;

    ERR_clear_error();
    result->cms = der.length > 0 ? d2i_CMS_ContentInfo(NULL, &at, (long)der.length) : NULL;
    apr_pool_cleanup_register(pool, result, free_message, apr_pool_cleanup_null);
    if (result->cms == NULL || at != der.data + der.length || OBJ_obj2nid(CMS_get0_type(result->cms)) != NID_pkcs7_signed ||
        OBJ_obj2nid(CMS_get0_eContentType(result->cms)) != NID_pkcs7_data) {
        return wrong_message(pool, "not SignedData over data");
    }
    result->signers = CMS_get0_SignerInfos(result->cms);
    result->certificates = CMS_get1_certs(result->cms);
    count = sk_CMS_SignerInfo_num(result->signers);
    if (count < 1 || count > XCA_VERIFY_SIGNERS) {
        xca_error_t *err = xca_openssl_error(pool, XCA_E_INVALID, "verify.signers", "number of signers");

        err->arg = apr_itoa(pool, XCA_VERIFY_SIGNERS);
        return err;
    }
    content = CMS_get0_content(result->cms);
    if (content != NULL && *content != NULL) {
        xca_bytes_t *bytes = apr_palloc(pool, sizeof(*bytes));

        bytes->data = ASN1_STRING_get0_data(*content);
        bytes->length = (apr_size_t)ASN1_STRING_length(*content);
        result->content = bytes;
    }
    *message = result;
    ERR_clear_error();
    return NULL;
}

const xca_bytes_t *xca_signed_content(const xca_signed_t *message) {
    return message->content;
}

int xca_signed_count(const xca_signed_t *message) {
    return sk_CMS_SignerInfo_num(message->signers);
}

static const EVP_MD *digest_of(CMS_SignerInfo *signer) {
    X509_ALGOR *algorithm = NULL;

    CMS_SignerInfo_get0_algs(signer, NULL, NULL, &algorithm, NULL);
    return algorithm != NULL ? EVP_get_digestbyobj(algorithm->algorithm) : NULL;
}

static xca_bytes_t certificate_of(const xca_signed_t *message, CMS_SignerInfo *signer, apr_pool_t *pool) {
    xca_bytes_t result = {NULL, 0};
    int i;

    for (i = 0; i < sk_X509_num(message->certificates) && result.length == 0; i++) {
        X509 *one = sk_X509_value(message->certificates, i);
        unsigned char *der = NULL;
        int length = CMS_SignerInfo_cert_cmp(signer, one) == 0 ? i2d_X509(one, &der) : 0;

        if (length > 0) {
            result.data = apr_pmemdup(pool, der, (apr_size_t)length);
            result.length = (apr_size_t)length;
            OPENSSL_free(der);
        }
    }
    return result;
}

/* The signer's name as search keys: IssuerAndSerialNumber once more as DER, or the key identifier. */
static void name_signer(xca_signer_info_t *info, CMS_SignerInfo *signer, apr_pool_t *pool) {
    ASN1_OCTET_STRING *key_id = NULL;
    X509_NAME *issuer = NULL;
    ASN1_INTEGER *serial = NULL;
    unsigned char *name = NULL, *number = NULL;
    int name_length, number_length;

    if (CMS_SignerInfo_get0_signer_id(signer, &key_id, &issuer, &serial) != 1) {
        return;
    }
    if (key_id != NULL) {
        info->key_id = xca_sha1_hex(pool, ASN1_STRING_get0_data(key_id), (apr_size_t)ASN1_STRING_length(key_id));
        return;
    }
    name_length = i2d_X509_NAME(issuer, &name);
    number_length = i2d_ASN1_INTEGER(serial, &number);
    if (name_length > 0 && number_length > 0) {
        int length = ASN1_object_size(1, name_length + number_length, V_ASN1_SEQUENCE);
        unsigned char *whole = apr_palloc(pool, (apr_size_t)length), *to = whole;

        ASN1_put_object(&to, 1, name_length + number_length, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
        memcpy(to, name, (size_t)name_length);
        memcpy(to + name_length, number, (size_t)number_length);
        info->issuer_serial = xca_sha1_hex(pool, whole, (apr_size_t)length);
    }
    OPENSSL_free(name);
    OPENSSL_free(number);
}

static apr_time_t signing_time_of(CMS_SignerInfo *signer) {
    int at = CMS_signed_get_attr_by_NID(signer, NID_pkcs9_signingTime, -1);
    X509_ATTRIBUTE *attribute = at >= 0 ? CMS_signed_get_attr(signer, at) : NULL;
    ASN1_TYPE *value = attribute != NULL ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;
    apr_time_t time = 0;

    if (value != NULL && (value->type == V_ASN1_UTCTIME || value->type == V_ASN1_GENERALIZEDTIME) &&
        !xca_openssl_time(&time, (const ASN1_TIME *)value->value.ptr)) {
        time = 0;
    }
    return time;
}

static int is_strong(const EVP_MD *digest) {
    static const int strong[] = {NID_sha256, NID_sha384, NID_sha512, NID_sha512_256, NID_sha3_256, NID_sha3_384, NID_sha3_512};
    size_t i;

    for (i = 0; digest != NULL && i < sizeof(strong) / sizeof(strong[0]); i++) {
        if (EVP_MD_get_type(digest) == strong[i]) {
            return 1;
        }
    }
    return 0;
}

xca_error_t *xca_signed_signer(xca_signer_info_t *info, xca_signed_t *message, int index, apr_pool_t *pool) {
    CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(message->signers, index);
    const EVP_MD *digest = digest_of(signer);

    memset(info, 0, sizeof(*info));
    info->certificate = certificate_of(message, signer, pool);
    name_signer(info, signer, pool);
    info->signing_time = signing_time_of(signer);
    info->digest_name = digest != NULL ? EVP_MD_get0_name(digest) : "?";
    info->digest_length = digest != NULL ? (apr_size_t)EVP_MD_get_size(digest) : 0;
    info->digest_weak = !is_strong(digest);
    info->has_attributes = CMS_signed_get_attr_count(signer) > 0;
    ERR_clear_error();
    return info->issuer_serial == NULL && info->key_id == NULL ? wrong_message(pool, "a signer without a name") : NULL;
}

/* RFC 5652 section 11: content type and digest stand once each in the signed attributes. */
static const ASN1_OCTET_STRING *signed_digest(CMS_SignerInfo *signer) {
    const ASN1_OBJECT *type = CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);

    if (type == NULL || OBJ_obj2nid(type) != NID_pkcs7_data) {
        return NULL;
    }
    return CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(NID_pkcs9_messageDigest), -3, V_ASN1_OCTET_STRING);
}

int xca_signed_digest_matches(xca_signed_t *message, int index, const xca_bytes_t *content, const xca_bytes_t *digest) {
    CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(message->signers, index);
    const ASN1_OCTET_STRING *own = signed_digest(signer);
    const EVP_MD *method = digest_of(signer);
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    ERR_clear_error();
    if (own == NULL || method == NULL) {
        return 0;
    }
    if (content != NULL) {
        if (EVP_Digest(content->data, content->length, bytes, &length, method, NULL) != 1) {
            return 0;
        }
    } else if (digest->length == (apr_size_t)EVP_MD_get_size(method) && digest->length <= sizeof(bytes)) {
        memcpy(bytes, digest->data, digest->length);
        length = (unsigned int)digest->length;
    }
    return length > 0 && (unsigned int)ASN1_STRING_length(own) == length && memcmp(ASN1_STRING_get0_data(own), bytes, length) == 0;
}

int xca_signed_by(xca_signed_t *message, int index, xca_bytes_t certificate, apr_pool_t *pool) {
    CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(message->signers, index);
    X509 *x509 = xca_openssl_x509(pool, certificate);
    int right = 0;

    if (x509 != NULL && X509_get0_pubkey(x509) != NULL && CMS_SignerInfo_cert_cmp(signer, x509) == 0) {
        CMS_SignerInfo_set1_signer_cert(signer, x509);
        right = CMS_SignerInfo_verify(signer) == 1;
    }
    ERR_clear_error();
    return right;
}
