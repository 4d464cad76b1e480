#include "outside/crypto_cms.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "outside/crypto_openssl.h"

/* The objects of one verification, freed with the pool. */
typedef struct verification {
    apr_pool_t *pool;
    CMS_ContentInfo *cms;
    X509 *certificate, *anchor;
} verification_t;

static apr_status_t free_cms(void *cms) {
    CMS_ContentInfo_free(cms);
    return APR_SUCCESS;
}

static apr_status_t free_store(void *store) {
    X509_STORE_free(store);
    return APR_SUCCESS;
}

static apr_status_t free_store_context(void *context) {
    X509_STORE_CTX_free(context);
    return APR_SUCCESS;
}

static apr_status_t free_stack(void *stack) {
    sk_X509_free(stack);
    return APR_SUCCESS;
}

static CMS_ContentInfo *keep_cms(apr_pool_t *pool, CMS_ContentInfo *cms) {
    if (cms != NULL) {
        apr_pool_cleanup_register(pool, cms, free_cms, apr_pool_cleanup_null);
    }
    return cms;
}

xca_error_t *xca_cms_sign(xca_bytes_t *cms, const void *content, apr_size_t length,
                          const xca_key_t *key, xca_bytes_t certificate, apr_pool_t *pool) {
    unsigned int flags = CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL;
    X509 *x509 = xca_openssl_x509(pool, certificate);
    BIO *out = xca_openssl_keep_bio(pool, BIO_new(BIO_s_mem()));
    BIO *data = NULL;
    CMS_ContentInfo *signed_data = NULL;

    if (length <= XCA_CMS_MAX) {
        data = xca_openssl_keep_bio(pool, BIO_new_mem_buf(content, (int)length));
        signed_data = keep_cms(pool, CMS_sign(NULL, NULL, NULL, data, flags));
    }
    if (x509 == NULL || signed_data == NULL || out == NULL ||
        CMS_add1_signer(signed_data, x509, key->pkey, EVP_sha256(), flags) == NULL ||
        CMS_final(signed_data, data, NULL, flags) != 1 ||
        i2d_CMS_bio(out, signed_data) != 1) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.sign", "SignedData");
    }
    *cms = xca_openssl_bio_bytes(pool, out);
    return NULL;
}

/* Reads a SignedData over attached data (RFC 5652 section 5.1) that fills `der`. */
static xca_error_t *read_cms(CMS_ContentInfo **result, xca_bytes_t der, apr_size_t limit,
                             apr_pool_t *pool) {
    const unsigned char *at = der.data;
    CMS_ContentInfo *cms = NULL;
    ASN1_OCTET_STRING **content;

    ERR_clear_error();
    if (der.length > 0 && der.length <= XCA_CMS_MAX) {
        cms = keep_cms(pool, d2i_CMS_ContentInfo(NULL, &at, (long)der.length));
    }
    if (cms == NULL || at != der.data + der.length ||
        OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
        OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data) {
        return xca_openssl_error(pool, XCA_E_DENIED, "cms.malformed", "not SignedData over data");
    }
    content = CMS_get0_content(cms);
    if (content == NULL || *content == NULL || (apr_size_t)ASN1_STRING_length(*content) > limit) {
        return xca_openssl_error(pool, XCA_E_DENIED, "cms.malformed",
                                 "content not attached or too long");
    }
    *result = cms;
    return NULL;
}

xca_error_t *xca_cms_content(const char **content, apr_size_t *length, xca_bytes_t cms,
                             apr_size_t limit, apr_pool_t *pool) {
    CMS_ContentInfo *read;
    ASN1_OCTET_STRING *found;
    xca_error_t *err = read_cms(&read, cms, limit, pool);

    if (err != NULL) {
        return err;
    }
    found = *CMS_get0_content(read);
    *length = (apr_size_t)ASN1_STRING_length(found);
    *content = apr_pstrmemdup(pool, (const char *)ASN1_STRING_get0_data(found), *length);
    return NULL;
}

static int is_one_of(int nid, const int *allowed) {
    while (*allowed != NID_undef && *allowed != nid) {
        allowed++;
    }
    return *allowed != NID_undef;
}

/* Exactly one SignerInfo, by this certificate, SHA-2, with signed attributes: without them, a
 * signature over attributes elsewhere could pass as one over content here (RFC 5652 section 5.4). */
static xca_error_t *check_signer(const verification_t *v) {
    static const int digests[] = {NID_sha256, NID_sha384, NID_sha512, NID_undef};
    static const int signatures[] = {NID_rsaEncryption,
                                     NID_sha256WithRSAEncryption,
                                     NID_sha384WithRSAEncryption,
                                     NID_sha512WithRSAEncryption,
                                     NID_ecdsa_with_SHA256,
                                     NID_ecdsa_with_SHA384,
                                     NID_ecdsa_with_SHA512,
                                     NID_undef};
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(v->cms);
    CMS_SignerInfo *signer;
    X509_ALGOR *digest, *signature;

    if (sk_CMS_SignerInfo_num(signers) != 1) {
        return xca_error_make(v->pool, XCA_E_DENIED, "cms.signer", "%d signers",
                              sk_CMS_SignerInfo_num(signers));
    }
    signer = sk_CMS_SignerInfo_value(signers, 0);
    if (CMS_SignerInfo_cert_cmp(signer, v->certificate) != 0) {
        return xca_error_make(v->pool, XCA_E_DENIED, "cms.signer", "another certificate");
    }
    CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, &signature);
    if (!is_one_of(OBJ_obj2nid(digest->algorithm), digests) ||
        !is_one_of(OBJ_obj2nid(signature->algorithm), signatures)) {
        return xca_error_make(v->pool, XCA_E_DENIED, "cms.signature", "weak or unknown algorithm");
    }
    if (CMS_signed_get_attr_count(signer) < 2) {
        return xca_error_make(v->pool, XCA_E_DENIED, "cms.signature", "no signed attributes");
    }
    return NULL;
}

/* The anchor alone stands above the certificate, at that time, and it may be used so. */
static xca_error_t *check_certificate(const verification_t *v, unsigned int key_usage, apr_time_t when) {
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;

    /* The context uses the store: it goes first, as cleanups run backwards. */
    apr_pool_cleanup_register(v->pool, store, free_store, apr_pool_cleanup_null);
    apr_pool_cleanup_register(v->pool, context, free_store_context, apr_pool_cleanup_null);
    if ((X509_get_extension_flags(v->certificate) & EXFLAG_KUSAGE) == 0 ||
        (X509_get_key_usage(v->certificate) & key_usage) == 0) {
        return xca_error_make(v->pool, XCA_E_DENIED, "cms.certificate", "not for this use");
    }
    if (store == NULL || context == NULL || !X509_STORE_add_cert(store, v->anchor) ||
        !X509_STORE_CTX_init(context, store, v->certificate, NULL)) {
        return xca_openssl_error(v->pool, XCA_E_INTERNAL, "crypto.verify", "X509_STORE");
    }
    param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(param, (time_t)apr_time_sec(when));
    if (X509_cmp(v->certificate, v->anchor) == 0 || X509_verify_cert(context) != 1) {
        return xca_openssl_error(
            v->pool, XCA_E_DENIED, "cms.certificate",
            X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    }
    return NULL;
}

/* The signature itself, looking for the signer nowhere but in what we were given. */
static xca_error_t *check_signature(const char **content, apr_size_t *length,
                                    const verification_t *v) {
    unsigned int flags = CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY;
    STACK_OF(X509) *signers = sk_X509_new_null();
    BIO *out = xca_openssl_keep_bio(v->pool, BIO_new(BIO_s_mem()));
    xca_bytes_t found;

    apr_pool_cleanup_register(v->pool, signers, free_stack, apr_pool_cleanup_null);
    if (out == NULL || !sk_X509_push(signers, v->certificate) ||
        CMS_verify(v->cms, signers, NULL, NULL, out, flags) != 1) {
        return xca_openssl_error(v->pool, XCA_E_DENIED, "cms.signature", "CMS_verify");
    }
    found = xca_openssl_bio_bytes(v->pool, out);
    *content = apr_pstrmemdup(v->pool, found.length > 0 ? (const char *)found.data : "",
                              found.length);
    *length = found.length;
    return NULL;
}

xca_error_t *xca_cms_verify(const char **content, apr_size_t *length, xca_bytes_t cms,
                            xca_bytes_t certificate, xca_bytes_t anchor, apr_time_t when,
                            apr_size_t limit, apr_pool_t *pool) {
    verification_t v = {pool, NULL, xca_openssl_x509(pool, certificate),
                        xca_openssl_x509(pool, anchor)};
    xca_error_t *err = read_cms(&v.cms, cms, limit, pool);

    if (err != NULL) {
        return err;
    }
    if (v.certificate == NULL || v.anchor == NULL) {
        return xca_openssl_error(pool, XCA_E_DENIED, "cms.certificate", "officer or anchor");
    }
    err = check_signer(&v);
    if (err == NULL) {
        err = check_certificate(&v, KU_DIGITAL_SIGNATURE, when);
    }
    if (err == NULL) {
        err = check_signature(content, length, &v);
    }
    ERR_clear_error();
    return err;
}

xca_error_t *xca_cms_may_sign(xca_bytes_t certificate, xca_bytes_t anchor, apr_time_t when, apr_pool_t *pool) {
    verification_t v = {pool, NULL, xca_openssl_x509(pool, certificate), xca_openssl_x509(pool, anchor)};
    xca_error_t *err;

    if (v.certificate == NULL || v.anchor == NULL) {
        return xca_openssl_error(pool, XCA_E_DENIED, "cms.certificate", "officer or anchor");
    }
    err = check_certificate(&v, KU_DIGITAL_SIGNATURE, when);
    ERR_clear_error();
    return err;
}

static apr_status_t free_certificates(void *stack) {
    sk_X509_pop_free(stack, X509_free);
    return APR_SUCCESS;
}

xca_error_t *xca_cms_certificate(xca_bytes_t *certificate, xca_bytes_t cms, apr_size_t limit, apr_pool_t *pool) {
    CMS_ContentInfo *read;
    STACK_OF(X509) *certificates;
    STACK_OF(CMS_SignerInfo) *signers;
    int i;
    xca_error_t *err = read_cms(&read, cms, limit, pool);

    if (err != NULL) {
        return err;
    }
    certificates = CMS_get1_certs(read);
    if (certificates != NULL) {
        apr_pool_cleanup_register(pool, certificates, free_certificates, apr_pool_cleanup_null);
    }
    signers = CMS_get0_SignerInfos(read);
    for (i = 0; certificates != NULL && sk_CMS_SignerInfo_num(signers) == 1 && i < sk_X509_num(certificates); i++) {
        X509 *one = sk_X509_value(certificates, i);
        unsigned char *der = NULL;
        int length;

        if (CMS_SignerInfo_cert_cmp(sk_CMS_SignerInfo_value(signers, 0), one) != 0) {
            continue;
        }
        length = i2d_X509(one, &der);
        if (length > 0) {
            certificate->data = apr_pmemdup(pool, der, (apr_size_t)length);
            certificate->length = (apr_size_t)length;
            OPENSSL_free(der);
            return NULL;
        }
    }
    return xca_openssl_error(pool, XCA_E_DENIED, "cms.signer", "no certificate of the signer");
}

/* IssuerAndSerialNumber under [0], as the attribute has it. */
static int names(const ASN1_STRING *named, X509 *x509) {
    unsigned char *issuer = NULL, *serial = NULL;
    int issuer_length = i2d_X509_NAME(X509_get_issuer_name(x509), &issuer);
    int serial_length = i2d_ASN1_INTEGER(X509_get0_serialNumber(x509), &serial);
    const unsigned char *at = ASN1_STRING_get0_data(named);
    int tag, class, same = 0;
    long length;

    if (issuer_length > 0 && serial_length > 0 && (ASN1_get_object(&at, &length, &tag, &class, ASN1_STRING_length(named)) & 0x80) == 0 &&
        tag == 0 && class == V_ASN1_CONTEXT_SPECIFIC && length == issuer_length + serial_length) {
        same = memcmp(at, issuer, (size_t)issuer_length) == 0 && memcmp(at + issuer_length, serial, (size_t)serial_length) == 0;
    }
    OPENSSL_free(issuer);
    OPENSSL_free(serial);
    return same;
}

/* What the one signer's attributes name, NULL if they name nothing. */
static const ASN1_STRING *named_key(CMS_ContentInfo *cms) {
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
    CMS_SignerInfo *signer = sk_CMS_SignerInfo_num(signers) == 1 ? sk_CMS_SignerInfo_value(signers, 0) : NULL;
    int at = signer != NULL ? CMS_signed_get_attr_by_NID(signer, NID_id_smime_aa_encrypKeyPref, -1) : -1;
    X509_ATTRIBUTE *attribute = at >= 0 ? CMS_signed_get_attr(signer, at) : NULL;
    const ASN1_TYPE *value = attribute != NULL && X509_ATTRIBUTE_count(attribute) == 1 ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;

    return value != NULL && value->type == V_ASN1_OTHER ? value->value.asn1_string : NULL;
}

static int may_be_written_to(X509 *one, const verification_t *officer, apr_time_t when) {
    verification_t v = {officer->pool, NULL, one, officer->anchor};

    return X509_NAME_cmp(X509_get_subject_name(one), X509_get_subject_name(officer->certificate)) == 0 &&
           check_certificate(&v, KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT, when) == NULL;
}

xca_bytes_t xca_cms_encryption_certificate(xca_bytes_t cms, xca_bytes_t certificate, xca_bytes_t anchor, apr_time_t when,
                                           apr_size_t limit, apr_pool_t *pool) {
    verification_t v = {pool, NULL, xca_openssl_x509(pool, certificate), xca_openssl_x509(pool, anchor)};
    xca_error_t *err = read_cms(&v.cms, cms, limit, pool);
    const ASN1_STRING *named = err == NULL ? named_key(v.cms) : NULL;
    STACK_OF(X509) *certificates = named != NULL ? CMS_get1_certs(v.cms) : NULL;
    xca_bytes_t chosen = certificate;
    int i;

    if (certificates != NULL) {
        apr_pool_cleanup_register(pool, certificates, free_certificates, apr_pool_cleanup_null);
    }
    for (i = 0; certificates != NULL && v.certificate != NULL && v.anchor != NULL && i < sk_X509_num(certificates); i++) {
        X509 *one = sk_X509_value(certificates, i);
        unsigned char *der = NULL;
        int length;

        if (!names(named, one) || !may_be_written_to(one, &v, when)) {
            continue;
        }
        length = i2d_X509(one, &der);
        if (length > 0) {
            chosen.data = apr_pmemdup(pool, der, (apr_size_t)length);
            chosen.length = (apr_size_t)length;
            OPENSSL_free(der);
        }
    }
    ERR_clear_error();
    return chosen;
}
