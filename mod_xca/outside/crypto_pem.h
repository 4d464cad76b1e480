/* PEM text (RFC 7468) around DER. */
#ifndef XCA_OUTSIDE_CRYPTO_PEM_H
#define XCA_OUTSIDE_CRYPTO_PEM_H

#include "base/text.h"

/* "-----BEGIN <label>-----", base64 in lines of 64, "-----END <label>-----". */
char *xca_pem(apr_pool_t *pool, const char *label, xca_bytes_t der);

/* The DER in the first PEM block of `text` with this label; NULL if there is none, or no base64 in it. */
xca_bytes_t *xca_pem_find(apr_pool_t *pool, const char *text, const char *label);

#endif
