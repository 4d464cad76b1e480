/* Uploaded requests. What is accepted must be a request that is accepted again from its own parts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "outside/crypto.h"
#include "outside/crypto_csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    apr_pool_t *pool;
    xca_csr_t *csr, *again;
    xca_error_t *err;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    err = xca_csr_read(&csr, data, size, pool);
    if (err == NULL) {
        const char *pem = xca_csr_pem(pool, csr->der);

        if (xca_csr_read(&again, pem, strlen(pem), pool) != NULL ||
            strcmp(again->key_hash, csr->key_hash) != 0 || csr->spki.length > csr->der.length) {
            abort();
        }
    } else if (err->message == NULL || strcmp(err->field, "csr") != 0) {
        abort();
    }
    apr_pool_destroy(pool);
    return 0;
}
