#include "outside/crypto_openssl.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

xca_error_t *xca_openssl_error(apr_pool_t *pool, xca_error_kind kind, const char *message,
                               const char *doing) {
    const char *detail = doing;
    unsigned long code;

    while ((code = ERR_get_error()) != 0) {
        char text[256];

        ERR_error_string_n(code, text, sizeof(text));
        detail = apr_pstrcat(pool, detail, "; ", text, NULL);
    }
    return xca_error_make(pool, kind, message, "%s", detail);
}

static apr_status_t free_x509(void *certificate) {
    X509_free(certificate);
    return APR_SUCCESS;
}

static apr_status_t free_pkey(void *pkey) {
    EVP_PKEY_free(pkey);
    return APR_SUCCESS;
}

static apr_status_t free_bio(void *bio) {
    BIO_free_all(bio);
    return APR_SUCCESS;
}

X509 *xca_openssl_keep_x509(apr_pool_t *pool, X509 *certificate) {
    if (certificate != NULL) {
        apr_pool_cleanup_register(pool, certificate, free_x509, apr_pool_cleanup_null);
    }
    return certificate;
}

EVP_PKEY *xca_openssl_keep_pkey(apr_pool_t *pool, EVP_PKEY *pkey) {
    if (pkey != NULL) {
        apr_pool_cleanup_register(pool, pkey, free_pkey, apr_pool_cleanup_null);
    }
    return pkey;
}

BIO *xca_openssl_keep_bio(apr_pool_t *pool, BIO *bio) {
    if (bio != NULL) {
        apr_pool_cleanup_register(pool, bio, free_bio, apr_pool_cleanup_null);
    }
    return bio;
}

X509 *xca_openssl_x509(apr_pool_t *pool, xca_bytes_t der) {
    const unsigned char *at = der.data;
    X509 *certificate =
        der.length > 0 && der.length < 1 << 24 ? d2i_X509(NULL, &at, (long)der.length) : NULL;

    xca_openssl_keep_x509(pool, certificate);
    return certificate != NULL && at == der.data + der.length ? certificate : NULL;
}

EVP_PKEY *xca_openssl_public_key(apr_pool_t *pool, xca_bytes_t spki) {
    const unsigned char *at = spki.data;
    EVP_PKEY *pkey =
        spki.length > 0 && spki.length < 1 << 20 ? d2i_PUBKEY(NULL, &at, (long)spki.length) : NULL;

    xca_openssl_keep_pkey(pool, pkey);
    return pkey != NULL && at == spki.data + spki.length ? pkey : NULL;
}

xca_error_t *xca_openssl_spki(xca_bytes_t *spki, EVP_PKEY *pkey, apr_pool_t *pool) {
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(pkey, &der);

    if (length <= 0) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.key", "encode public key");
    }
    spki->data = apr_pmemdup(pool, der, (apr_size_t)length);
    spki->length = (apr_size_t)length;
    OPENSSL_free(der);
    return NULL;
}

const char *xca_openssl_curve(apr_pool_t *pool, const EVP_PKEY *pkey) {
    char name[80];
    size_t length;

    if (!EVP_PKEY_is_a(pkey, "EC") ||
        !EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name),
                                        &length)) {
        return NULL;
    }
    if (strcmp(name, "prime256v1") == 0) {
        return "P-256";
    }
    if (strcmp(name, "secp384r1") == 0) {
        return "P-384";
    }
    return apr_pstrdup(pool, name);
}

const char *xca_openssl_key_text(apr_pool_t *pool, const EVP_PKEY *pkey) {
    const char *curve = xca_openssl_curve(pool, pkey);
    const char *type = EVP_PKEY_get0_type_name(pkey);

    if (curve != NULL) {
        return apr_pstrcat(pool, "EC ", curve, NULL);
    }
    return apr_psprintf(pool, "%s %d", type != NULL ? type : "?", EVP_PKEY_get_bits(pkey));
}

xca_bytes_t xca_openssl_bio_bytes(apr_pool_t *pool, BIO *bio) {
    char *data;
    long length = BIO_get_mem_data(bio, &data);
    xca_bytes_t bytes = {NULL, 0};

    if (length > 0) {
        bytes.data = apr_pmemdup(pool, data, (apr_size_t)length);
        bytes.length = (apr_size_t)length;
    }
    return bytes;
}

int xca_openssl_time(apr_time_t *time, const ASN1_TIME *found) {
    apr_time_exp_t exploded;
    struct tm t;

    if (found == NULL || !ASN1_TIME_to_tm(found, &t)) {
        return 0;
    }
    memset(&exploded, 0, sizeof(exploded));
    exploded.tm_year = t.tm_year;
    exploded.tm_mon = t.tm_mon;
    exploded.tm_mday = t.tm_mday;
    exploded.tm_hour = t.tm_hour;
    exploded.tm_min = t.tm_min;
    exploded.tm_sec = t.tm_sec;
    return apr_time_exp_gmt_get(time, &exploded) == APR_SUCCESS;
}
