#include "outside/crypto_request.h"

#include "outside/crypto_openssl.h"
#include "outside/crypto_tbs.h"

const char *xca_key_text(apr_pool_t *pool, const xca_key_t *key) {
    return xca_openssl_key_text(pool, key->pkey);
}

/* extensionRequest: RFC 2985 section 5.4.2. */
static void put_wishes(xca_der_t *der, const unsigned char key_id[XCA_KEY_ID]) {
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, "1.2.840.113549.1.9.14");
    xca_der_open(der, XCA_DER_SET);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_put_basic_constraints(der, 1, 0);
    xca_tbs_put_key_usage(der, XCA_KU_KEY_CERT_SIGN | XCA_KU_CRL_SIGN);
    xca_tbs_put_subject_key_id(der, key_id);
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
    xca_der_close(der);
}

xca_error_t *xca_request_make(xca_bytes_t *result, const xca_key_t *key, const char *subject, apr_pool_t *pool) {
    unsigned char key_id[XCA_KEY_ID];
    xca_bytes_t name, spki, info;
    xca_der_t *der = xca_der_make(pool);
    xca_error_t *err = xca_tbs_name(&name, subject, pool);

    if (err == NULL) {
        err = xca_key_spki(&spki, key, pool);
    }
    if (err == NULL) {
        err = xca_tbs_key_id(key_id, spki, pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_number(der, 0);
    xca_der_put_raw(der, name);
    xca_der_put_raw(der, spki);
    put_wishes(der, key_id);
    xca_der_close(der);
    err = xca_der_finish(&info, der, pool);
    return err != NULL ? err : xca_tbs_sign(result, info, key, pool);
}
