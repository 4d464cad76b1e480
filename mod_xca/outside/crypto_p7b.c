/* Certificates as files: PEM and the degenerate PKCS#7. */
#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_der.h"
#include "outside/crypto_pem.h"
#include "outside/crypto_view.h"

char *xca_cert_pem(apr_pool_t *pool, xca_bytes_t der) {
    return xca_pem(pool, "CERTIFICATE", der);
}

/* RFC 2315 section 9.1: SignedData without signers, around the certificates. */
xca_error_t *xca_cert_p7b(xca_bytes_t *p7b, const xca_bytes_t *certificates, int count,
                          apr_pool_t *pool) {
    xca_der_t *der = xca_der_make(pool);
    int i;

    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, "1.2.840.113549.1.7.2");
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_number(der, 1);
    xca_der_put(der, XCA_DER_SET, NULL, 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, "1.2.840.113549.1.7.1");
    xca_der_close(der);
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    for (i = 0; i < count; i++) {
        xca_der_put_raw(der, certificates[i]);
    }
    xca_der_close(der);
    xca_der_put(der, XCA_DER_SET, NULL, 0);
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
    return xca_der_finish(p7b, der, pool);
}
