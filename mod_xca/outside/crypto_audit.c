#include "outside/crypto_audit.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "domain/calendar.h"
#include "outside/crypto_openssl.h"
#include "outside/crypto_tbs.h"

#define YEARS   10
#define SUBJECT "CN=Audit log,C=TW"

struct xca_audit_signer {
    X509 *certificate;
    EVP_PKEY *pkey;
    EVP_MD *digest; /* fetched once: a log has millions of signatures */
    apr_time_t not_before, not_after;
};

xca_error_t *xca_audit_certify(xca_bytes_t *der, const xca_ca_t *ca, const xca_key_t *key, apr_time_t now,
                               apr_pool_t *pool) {
    X509 *above = xca_openssl_x509(pool, ca->certificate);
    apr_time_t from = apr_time_from_sec(apr_time_sec(now)), until = xca_date_add_years(from, YEARS), last;

    if (above == NULL || !xca_openssl_time(&last, X509_get0_notAfter(above))) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "ca.not-a-ca", "notAfter");
    }
    return xca_setup_certificate(der, XCA_SETUP_AUDIT, SUBJECT, NULL, NULL, key, ca->key, ca->certificate, from,
                                 until < last ? until : last, pool);
}

/* Critical, and this purpose alone. */
static int has_usage(X509 *certificate) {
    int critical = 0;
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical, NULL);
    ASN1_OBJECT *wanted = OBJ_txt2obj(XCA_AUDIT_USAGE, 1);
    int has = usage != NULL && wanted != NULL && critical == 1 && sk_ASN1_OBJECT_num(usage) == 1 &&
              OBJ_cmp(sk_ASN1_OBJECT_value(usage, 0), wanted) == 0;

    ASN1_OBJECT_free(wanted);
    EXTENDED_KEY_USAGE_free(usage);
    return has;
}

static apr_status_t free_digest(void *data) {
    EVP_MD_free(data);
    return APR_SUCCESS;
}

static int is_issued_by(X509 *certificate, const xca_bytes_t *cas, int count, apr_pool_t *pool) {
    int i;

    for (i = 0; i < count; i++) {
        X509 *above = xca_openssl_x509(pool, cas[i]);

        if (above != NULL && X509_check_issued(above, certificate) == X509_V_OK &&
            X509_verify(certificate, X509_get0_pubkey(above)) == 1) {
            return 1;
        }
    }
    return 0;
}

xca_error_t *xca_audit_signer_make(xca_audit_signer_t **signer, xca_bytes_t certificate, const xca_bytes_t *cas, int count,
                                   apr_pool_t *pool) {
    xca_audit_signer_t *made = apr_pcalloc(pool, sizeof(*made));

    made->certificate = xca_openssl_x509(pool, certificate);
    if (made->certificate == NULL) {
        return xca_openssl_error(pool, XCA_E_DENIED, "audit.key", "no certificate");
    }
    if (!is_issued_by(made->certificate, cas, count, pool)) {
        return xca_openssl_error(pool, XCA_E_DENIED, "audit.key", "not issued by this CA");
    }
    if (!has_usage(made->certificate)) {
        return xca_openssl_error(pool, XCA_E_DENIED, "audit.key", "issued for another purpose");
    }
    made->pkey = X509_get0_pubkey(made->certificate);
    made->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    apr_pool_cleanup_register(pool, made->digest, free_digest, apr_pool_cleanup_null);
    if (made->pkey == NULL || made->digest == NULL ||
        !xca_openssl_time(&made->not_before, X509_get0_notBefore(made->certificate)) ||
        !xca_openssl_time(&made->not_after, X509_get0_notAfter(made->certificate))) {
        return xca_openssl_error(pool, XCA_E_DENIED, "audit.key", "key or times");
    }
    *signer = made;
    return NULL;
}

int xca_audit_signed(const xca_audit_signer_t *signer, xca_bytes_t data, xca_bytes_t signature, apr_time_t when) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int right = context != NULL && when >= signer->not_before && when <= signer->not_after &&
                EVP_DigestVerifyInit(context, NULL, signer->digest, NULL, signer->pkey) == 1 &&
                EVP_DigestVerify(context, signature.data, signature.length, data.data, data.length) == 1;

    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return right;
}

int xca_audit_signer_is(const xca_audit_signer_t *signer, const xca_key_t *key) {
    int is = X509_check_private_key(signer->certificate, key->pkey) == 1;

    ERR_clear_error();
    return is;
}

apr_time_t xca_audit_signer_until(const xca_audit_signer_t *signer) {
    return signer->not_after;
}
