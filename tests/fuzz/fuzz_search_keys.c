/* Search keys of anything that may stand in the directory as a certificate: hashes of one length, names that are text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "outside/crypto_search_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_hash(const char *text, size_t length) {
    return text != NULL && strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    xca_search_keys_t keys;
    apr_pool_t *pool;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    if (xca_search_keys(&keys, (xca_bytes_t){data, size}, pool) == NULL &&
        (!is_hash(keys.cert, 40) || !is_hash(keys.cert_sha256, 64) || !is_hash(keys.issuer, 40) || !is_hash(keys.subject, 40) ||
         !is_hash(keys.issuer_serial, 40) || (keys.key_id != NULL && !is_hash(keys.key_id, 40)) ||
         (keys.key_id_itself != NULL && !is_hash(keys.key_id_itself, 40)) ||
         (keys.name != NULL && !xca_text_valid(keys.name, strlen(keys.name), 0)))) {
        abort();
    }
    apr_pool_destroy(pool);
    return 0;
}
