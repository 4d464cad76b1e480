/* Secrets (user codes, passwords, keys of the portal): one type, wiped when its pool goes, never
 * convertible to a log line, compared in constant time. */
#ifndef XCA_BASE_SECRET_H
#define XCA_BASE_SECRET_H

#include "base/error.h"

typedef struct xca_secret {
    unsigned char *bytes;
    apr_size_t length;
} xca_secret_t;

/* Copies `length` bytes into `pool`, and a NUL; the copy is wiped when the pool is cleared or destroyed. */
xca_secret_t *xca_secret_make(apr_pool_t *pool, const void *bytes, apr_size_t length);

/* Makes a zeroed secret of `length` bytes, and a NUL, for a caller to fill. */
xca_secret_t *xca_secret_alloc(apr_pool_t *pool, apr_size_t length);

/* The secret as text, as long as the secret is there: behind its bytes stands a NUL. Not for one with a NUL among its bytes. */
static inline const char *xca_secret_text(const xca_secret_t *secret) {
    return (const char *)secret->bytes;
}

/* Non-zero if both have the same length and bytes; time depends on the lengths only. */
int xca_secret_equal(const xca_secret_t *a, const xca_secret_t *b);

/* Overwrites memory in a way the compiler keeps. */
void xca_wipe(void *bytes, apr_size_t length);

#endif
