#define _DEFAULT_SOURCE /* explicit_bzero */
#include "base/secret.h"

#include <string.h>

void xca_wipe(void *bytes, apr_size_t length) {
    if (bytes != NULL && length > 0) {
        explicit_bzero(bytes, length);
    }
}

static apr_status_t wipe_secret(void *baton) {
    xca_secret_t *secret = baton;

    xca_wipe(secret->bytes, secret->length);
    return APR_SUCCESS;
}

xca_secret_t *xca_secret_alloc(apr_pool_t *pool, apr_size_t length) {
    xca_secret_t *secret = apr_palloc(pool, sizeof(*secret));

    secret->bytes = apr_pcalloc(pool, length + 1);
    secret->length = length;
    apr_pool_cleanup_register(pool, secret, wipe_secret, apr_pool_cleanup_null);
    return secret;
}

xca_secret_t *xca_secret_make(apr_pool_t *pool, const void *bytes, apr_size_t length) {
    xca_secret_t *secret = xca_secret_alloc(pool, length);

    if (length > 0) {
        memcpy(secret->bytes, bytes, length);
    }
    return secret;
}

int xca_secret_equal(const xca_secret_t *a, const xca_secret_t *b) {
    unsigned char difference = 0;
    apr_size_t i;

    if (a->length != b->length) {
        return 0;
    }
    for (i = 0; i < a->length; i++) {
        difference |= a->bytes[i] ^ b->bytes[i];
    }
    return difference == 0;
}
