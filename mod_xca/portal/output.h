/* Output in pieces: small writes gather in a buffer and go out through a sink of the caller's. The first
 * fault of the sink is kept, and nothing is written after it. */
#ifndef XCA_PORTAL_OUTPUT_H
#define XCA_PORTAL_OUTPUT_H

#include "base/error.h"

#define XCA_OUTPUT_PIECE 8192

typedef xca_error_t *xca_output_sink(void *baton, const char *data, apr_size_t length);

typedef struct xca_output {
    char buffer[XCA_OUTPUT_PIECE];
    apr_size_t length;
    xca_output_sink *write;
    void *baton;
    xca_error_t *err; /* first fault of the sink, or NULL */
} xca_output_t;

xca_output_t *xca_output_make(apr_pool_t *pool, xca_output_sink *write, void *baton);

void xca_put_bytes(xca_output_t *out, const char *data, apr_size_t length);
void xca_put(xca_output_t *out, const char *text);

/* Sends what is gathered; gives the first fault. */
xca_error_t *xca_output_end(xca_output_t *out) XCA_MUST_USE;

#endif
