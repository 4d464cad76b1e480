/* The request that a certification authority above this one is asked with. */
#ifndef XCA_OUTSIDE_CRYPTO_REQUEST_H
#define XCA_OUTSIDE_CRYPTO_REQUEST_H

#include "outside/crypto.h"

/* PKCS#10 (RFC 2986) of `key` for a CA below which no CA stands: extensionRequest with basicConstraints, keyUsage and
 * subjectKeyIdentifier (RFC 5280 sections 4.2.1.9, .3, .2). `subject`: RFC 4514 text. Errors: "name.malformed", those of the
 * key. */
xca_error_t *xca_request_make(xca_bytes_t *der, const xca_key_t *key, const char *subject, apr_pool_t *pool) XCA_MUST_USE;

/* "RSA 4096", "EC P-384": for people. */
const char *xca_key_text(apr_pool_t *pool, const xca_key_t *key);

#endif
