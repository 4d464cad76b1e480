/* For the files outside/crypto_lint*.c alone. */
#ifndef XCA_OUTSIDE_CRYPTO_LINT_PARTS_H
#define XCA_OUTSIDE_CRYPTO_LINT_PARTS_H

#include "outside/crypto_lint.h"
#include "outside/crypto_openssl.h"

typedef struct xca_lint {
    apr_pool_t *pool;
    X509 *certificate, *issuer;
    const xca_cert_order_t *order;
    const xca_profile_t *profile;
    xca_error_t *findings;
} xca_lint_t;

/* Notes a finding; `why` names the clause. */
void xca_lint_find(xca_lint_t *lint, const char *message, const char *why);

/* Everything about the extensions (RFC 5280 section 4.2). */
void xca_lint_extensions(xca_lint_t *lint);

#endif
