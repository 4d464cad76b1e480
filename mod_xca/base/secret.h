/* Secrets (user codes, passwords, keys of the portal): one type, wiped when its pool goes, never
 * convertible to a log line, compared in constant time. */
#ifndef XCA_BASE_SECRET_H
#define XCA_BASE_SECRET_H

#include "base/error.h"

typedef struct xca_secret {
    unsigned char *bytes;
    apr_size_t length;
} xca_secret_t;

/* Copies `length` bytes into `pool`; the copy is wiped when the pool is cleared or destroyed. */
xca_secret_t *xca_secret_make(apr_pool_t *pool, const void *bytes, apr_size_t length);

/* Makes a zeroed secret of `length` bytes for a caller to fill. */
xca_secret_t *xca_secret_alloc(apr_pool_t *pool, apr_size_t length);

/* Non-zero if both have the same length and bytes; time depends on the lengths only. */
int xca_secret_equal(const xca_secret_t *a, const xca_secret_t *b);

/* Overwrites memory in a way the compiler keeps. */
void xca_wipe(void *bytes, apr_size_t length);

#endif
