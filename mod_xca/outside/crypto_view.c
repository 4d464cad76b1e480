#include "outside/crypto_view.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "outside/crypto_openssl.h"

#define DER_MAX  65536
#define URLS_MAX 16
#define OID_MAX  256

/* Hexadecimal with colons, upper case, as browsers and openssl show it. */
static const char *colon_hex(apr_pool_t *pool, const unsigned char *bytes, apr_size_t length) {
    static const char digits[] = "0123456789ABCDEF";
    char *text = apr_palloc(pool, length * 3 + 1);
    char *to = text;
    apr_size_t i;

    for (i = 0; i < length; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
        *to++ = ':';
    }
    to[length > 0 ? -1 : 0] = '\0';
    return text;
}

static const char *octets(apr_pool_t *pool, const ASN1_STRING *string) {
    return string != NULL ? colon_hex(pool, ASN1_STRING_get0_data(string),
                                      (apr_size_t)ASN1_STRING_length(string))
                          : NULL;
}

/* Text that may be shown, NULL if the bytes are not. */
static const char *clean_text(apr_pool_t *pool, const void *bytes, apr_size_t length) {
    return xca_text_valid(bytes, length, 0) ? apr_pstrmemdup(pool, bytes, length) : NULL;
}

/* In the certificate's order; control characters, commas and what else has a meaning are escaped. */
static const char *name_text(apr_pool_t *pool, const X509_NAME *name) {
    unsigned long flags = (XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ & ~(unsigned long)ASN1_STRFLGS_ESC_MSB &
                           ~(unsigned long)ASN1_STRFLGS_ESC_QUOTE);
    BIO *bio = xca_openssl_keep_bio(pool, BIO_new(BIO_s_mem()));
    xca_bytes_t text = {(const unsigned char *)"", 0};

    if (bio == NULL || X509_NAME_print_ex(bio, name, 0, flags) < 0) {
        return NULL;
    }
    if (X509_NAME_entry_count(name) > 0) {
        text = xca_openssl_bio_bytes(pool, bio);
    }
    return clean_text(pool, text.data, text.length);
}

static const char *serial_text(apr_pool_t *pool, const ASN1_INTEGER *serial) {
    const char *hex = octets(pool, serial);

    return serial->type == V_ASN1_NEG_INTEGER ? apr_pstrcat(pool, "-", hex, NULL) : hex;
}

static void push(apr_array_header_t *list, const char *text) {
    if (text != NULL && list->nelts < URLS_MAX) {
        *(const char **)apr_array_push(list) = text;
    }
}

static apr_array_header_t *key_usages(apr_pool_t *pool, X509 *certificate) {
    static const struct {
        uint32_t bit;
        const char *name;
    } usages[] = {{KU_DIGITAL_SIGNATURE, "digitalSignature"},
                  {KU_NON_REPUDIATION, "nonRepudiation"},
                  {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
                  {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
                  {KU_KEY_AGREEMENT, "keyAgreement"},
                  {KU_KEY_CERT_SIGN, "keyCertSign"},
                  {KU_CRL_SIGN, "cRLSign"}};
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(const char *));
    size_t i;

    if ((X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) == 0) {
        return list;
    }
    for (i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
        if (X509_get_key_usage(certificate) & usages[i].bit) {
            push(list, usages[i].name);
        }
    }
    return list;
}

/* The short name that people know, or the dotted number. */
static const char *object_text(apr_pool_t *pool, const ASN1_OBJECT *object, int dotted) {
    int nid = OBJ_obj2nid(object);
    char text[OID_MAX];
    int length;

    if (!dotted && nid != NID_undef) {
        return OBJ_nid2sn(nid);
    }
    length = OBJ_obj2txt(text, sizeof(text), object, 1);
    return length > 0 && length < (int)sizeof(text) ? apr_pstrdup(pool, text) : NULL;
}

static apr_array_header_t *ext_key_usages(apr_pool_t *pool, const X509 *certificate) {
    EXTENDED_KEY_USAGE *found = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(const char *));
    int i;

    for (i = 0; i < sk_ASN1_OBJECT_num(found); i++) {
        push(list, object_text(pool, sk_ASN1_OBJECT_value(found, i), 0));
    }
    EXTENDED_KEY_USAGE_free(found);
    return list;
}

static const char *email_of(apr_pool_t *pool, const X509 *certificate) {
    GENERAL_NAMES *found = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    const char *email = NULL;
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(found) && email == NULL; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(found, i);

        if (name->type == GEN_EMAIL) {
            email = clean_text(pool, ASN1_STRING_get0_data(name->d.rfc822Name),
                               (apr_size_t)ASN1_STRING_length(name->d.rfc822Name));
        }
    }
    GENERAL_NAMES_free(found);
    return email;
}

static const char *policy_of(apr_pool_t *pool, const X509 *certificate) {
    CERTIFICATEPOLICIES *found =
        X509_get_ext_d2i(certificate, NID_certificate_policies, NULL, NULL);
    const char *policy = NULL;

    if (sk_POLICYINFO_num(found) > 0) {
        policy = object_text(pool, sk_POLICYINFO_value(found, 0)->policyid, 1);
    }
    CERTIFICATEPOLICIES_free(found);
    return policy;
}

/* The first value of one attribute of subjectDirectoryAttributes (profile.md): an OID or a PrintableString. */
static const char *attribute_value(apr_pool_t *pool, const ASN1_TYPE *item, const char *wanted) {
    const unsigned char *at = item->type == V_ASN1_SEQUENCE ? item->value.sequence->data : NULL;
    X509_ATTRIBUTE *attribute =
        at != NULL ? d2i_X509_ATTRIBUTE(NULL, &at, item->value.sequence->length) : NULL;
    const ASN1_TYPE *value = attribute != NULL ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;
    const char *type = value != NULL ? object_text(pool, X509_ATTRIBUTE_get0_object(attribute), 1) : NULL;
    const char *text = NULL;

    if (type != NULL && strcmp(type, wanted) == 0) {
        if (value->type == V_ASN1_OBJECT) {
            text = object_text(pool, value->value.object, 1);
        } else if (value->type == V_ASN1_PRINTABLESTRING) {
            text = clean_text(pool, ASN1_STRING_get0_data(value->value.printablestring),
                              (apr_size_t)ASN1_STRING_length(value->value.printablestring));
        }
    }
    X509_ATTRIBUTE_free(attribute);
    return text;
}

static const char *directory_attribute(apr_pool_t *pool, const X509 *certificate, const char *wanted) {
    int at = X509_get_ext_by_NID(certificate, NID_subject_directory_attributes, -1);
    const ASN1_OCTET_STRING *value =
        at >= 0 ? X509_EXTENSION_get_data(X509_get_ext(certificate, at)) : NULL;
    const unsigned char *der = value != NULL ? ASN1_STRING_get0_data(value) : NULL;
    ASN1_SEQUENCE_ANY *all =
        der != NULL ? d2i_ASN1_SEQUENCE_ANY(NULL, &der, ASN1_STRING_length(value)) : NULL;
    const char *text = NULL;
    int i;

    for (i = 0; i < sk_ASN1_TYPE_num(all) && text == NULL; i++) {
        text = attribute_value(pool, sk_ASN1_TYPE_value(all, i), wanted);
    }
    sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free);
    return text;
}

static void push_url(apr_pool_t *pool, apr_array_header_t *list, const GENERAL_NAME *name) {
    if (name->type == GEN_URI) {
        push(list, clean_text(pool, ASN1_STRING_get0_data(name->d.uniformResourceIdentifier),
                              (apr_size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier)));
    }
}

static apr_array_header_t *crl_urls(apr_pool_t *pool, const X509 *certificate) {
    CRL_DIST_POINTS *found =
        X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(const char *));
    int i, j;

    for (i = 0; i < sk_DIST_POINT_num(found); i++) {
        const DIST_POINT *point = sk_DIST_POINT_value(found, i);

        if (point->distpoint == NULL || point->distpoint->type != 0) {
            continue;
        }
        for (j = 0; j < sk_GENERAL_NAME_num(point->distpoint->name.fullname); j++) {
            push_url(pool, list, sk_GENERAL_NAME_value(point->distpoint->name.fullname, j));
        }
    }
    CRL_DIST_POINTS_free(found);
    return list;
}

static apr_array_header_t *access_urls(apr_pool_t *pool, const X509 *certificate, int method) {
    AUTHORITY_INFO_ACCESS *found = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(const char *));
    int i;

    for (i = 0; i < sk_ACCESS_DESCRIPTION_num(found); i++) {
        const ACCESS_DESCRIPTION *access = sk_ACCESS_DESCRIPTION_value(found, i);

        if (OBJ_obj2nid(access->method) == method) {
            push_url(pool, list, access->location);
        }
    }
    AUTHORITY_INFO_ACCESS_free(found);
    return list;
}

static const char *fingerprint(apr_pool_t *pool, xca_bytes_t der, const EVP_MD *digest) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    return EVP_Digest(der.data, der.length, bytes, &length, digest, NULL)
               ? colon_hex(pool, bytes, length)
               : NULL;
}

static int fill(xca_cert_view_t *view, X509 *certificate, xca_bytes_t der, apr_pool_t *pool) {
    EVP_PKEY *pkey = X509_get0_pubkey(certificate);

    view->subject = name_text(pool, X509_get_subject_name(certificate));
    view->issuer = name_text(pool, X509_get_issuer_name(certificate));
    view->serial = serial_text(pool, X509_get0_serialNumber(certificate));
    view->key_text = pkey != NULL ? xca_openssl_key_text(pool, pkey) : "?";
    view->key_usage = key_usages(pool, certificate);
    view->ext_key_usage = ext_key_usages(pool, certificate);
    view->email = email_of(pool, certificate);
    view->policy = policy_of(pool, certificate);
    view->org_oid = directory_attribute(pool, certificate, "2.16.886.1.100.2.102");
    view->subject_type = directory_attribute(pool, certificate, "2.16.886.1.100.2.1");
    view->rank = directory_attribute(pool, certificate, "2.16.886.1.100.2.2");
    view->signature_algorithm =
        object_text(pool, X509_get0_tbs_sigalg(certificate)->algorithm, 0);
    view->sha1 = fingerprint(pool, der, EVP_sha1());
    view->sha256 = fingerprint(pool, der, EVP_sha256());
    view->ski = octets(pool, X509_get0_subject_key_id(certificate));
    view->aki = octets(pool, X509_get0_authority_key_id(certificate));
    view->crl_urls = crl_urls(pool, certificate);
    view->ocsp_urls = access_urls(pool, certificate, NID_ad_OCSP);
    view->issuer_urls = access_urls(pool, certificate, NID_ad_ca_issuers);
    return view->subject != NULL && view->issuer != NULL && view->sha256 != NULL &&
           xca_openssl_time(&view->not_before, X509_get0_notBefore(certificate)) &&
           xca_openssl_time(&view->not_after, X509_get0_notAfter(certificate));
}

xca_error_t *xca_cert_view(xca_cert_view_t **view, xca_bytes_t der, apr_pool_t *pool) {
    X509 *certificate = der.length <= DER_MAX ? xca_openssl_x509(pool, der) : NULL;

    *view = apr_pcalloc(pool, sizeof(**view));
    if (certificate == NULL || !fill(*view, certificate, der, pool)) {
        return xca_openssl_error(pool, XCA_E_INVALID, "certificate.unreadable",
                                 "not one certificate");
    }
    ERR_clear_error();
    return NULL;
}

static xca_error_t *unreadable_p7b(apr_pool_t *pool) {
    return xca_error_make(pool, XCA_E_INVALID, "certificate.unreadable", "PKCS#7: %s",
                          ERR_reason_error_string(ERR_peek_last_error()));
}

static xca_error_t *take_certificates(apr_array_header_t *certificates,
                                      const STACK_OF(X509) * stack, apr_pool_t *pool) {
    int i;

    for (i = 0; i < sk_X509_num(stack); i++) {
        unsigned char *encoded = NULL;
        int length = i2d_X509(sk_X509_value(stack, i), &encoded);
        xca_bytes_t der;

        if (length <= 0) {
            return unreadable_p7b(pool);
        }
        der.data = apr_pmemdup(pool, encoded, (apr_size_t)length);
        der.length = (apr_size_t)length;
        OPENSSL_free(encoded);
        APR_ARRAY_PUSH(certificates, xca_bytes_t) = der;
    }
    return NULL;
}

xca_error_t *xca_p7b_read(apr_array_header_t **certificates, xca_bytes_t p7b, apr_pool_t *pool) {
    const unsigned char *at = p7b.data;
    PKCS7 *message = d2i_PKCS7(NULL, &at, (long)p7b.length);
    xca_error_t *err;

    *certificates = apr_array_make(pool, 4, sizeof(xca_bytes_t));
    if (message == NULL || !PKCS7_type_is_signed(message) || message->d.sign == NULL) {
        err = unreadable_p7b(pool);
    } else {
        err = take_certificates(*certificates, message->d.sign->cert, pool);
    }
    PKCS7_free(message);
    return err;
}
