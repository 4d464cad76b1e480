/* A revocation list that someone else made: the root's, which the signer publishes. */
#include <limits.h>
#include <openssl/x509v3.h>
#include "outside/crypto_openssl.h"
#include "outside/crypto_view.h"

static apr_status_t free_crl(void *data) {
    X509_CRL_free(data);
    return APR_SUCCESS;
}

static X509_CRL *read_crl(apr_pool_t *pool, xca_bytes_t der) {
    const unsigned char *at = der.data;
    X509_CRL *crl = der.length <= LONG_MAX ? d2i_X509_CRL(NULL, &at, (long)der.length) : NULL;

    if (crl != NULL) {
        apr_pool_cleanup_register(pool, crl, free_crl, apr_pool_cleanup_null);
    }
    return crl != NULL && at == der.data + der.length ? crl : NULL;
}

static int read_number(apr_uint64_t *number, X509_CRL *crl) {
    ASN1_INTEGER *found = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    uint64_t value;
    int good = found != NULL && ASN1_INTEGER_get_uint64(&value, found);

    ASN1_INTEGER_free(found);
    *number = good ? value : 0;
    return good;
}

xca_error_t *xca_crl_view(xca_crl_view_t *view, xca_bytes_t der, xca_bytes_t issuer,
                          apr_pool_t *pool) {
    X509_CRL *crl = read_crl(pool, der);
    X509 *above;

    if (crl == NULL || !xca_openssl_time(&view->this_update, X509_CRL_get0_lastUpdate(crl)) ||
        !xca_openssl_time(&view->next_update, X509_CRL_get0_nextUpdate(crl)) ||
        !read_number(&view->number, crl)) {
        return xca_openssl_error(pool, XCA_E_INVALID, "crl.unreadable",
                                 "RFC 5280 sections 5.1.2.5 and 5.2.3");
    }
    view->entries = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));
    view->entries = view->entries < 0 ? 0 : view->entries; /* no such part */
    above = xca_openssl_x509(pool, issuer);
    if (above == NULL ||
        X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(above)) != 0 ||
        X509_CRL_verify(crl, X509_get0_pubkey(above)) != 1) {
        return xca_openssl_error(pool, XCA_E_INVALID, "crl.not-of-issuer",
                                 "RFC 5280 section 6.3.3");
    }
    return NULL;
}
