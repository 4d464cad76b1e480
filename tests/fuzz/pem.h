/* For fuzz targets whose corpus has PEM files. */
#ifndef TESTS_FUZZ_PEM_H
#define TESTS_FUZZ_PEM_H

#include <stdint.h>
#include <string.h>
#include "outside/crypto.h"

/* The content of the first PEM block, or the bytes as they are. */
static inline xca_bytes_t read_pem(const uint8_t *data, size_t size, apr_pool_t *pool) {
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    const char *body = memmem(data, size, begin, sizeof(begin) - 1);
    const char *limit = (const char *)data + size, *end;
    xca_bytes_t *der = NULL;

    if (body != NULL) {
        body += sizeof(begin) - 1;
        end = memmem(body, (size_t)(limit - body), "-----", 5);
        der = xca_unbase64(pool, body, (size_t)((end != NULL ? end : limit) - body));
    }
    return der != NULL ? *der : (xca_bytes_t){data, size};
}

#endif
