/* Device secrets: what a device protects its first CMP messages with (RFC 4210 section 5.1.3.1), which has no certificate yet. One case has one at
 * most. The signer draws it for who knows the user code, and keeps it with the case, where portal and signer alone can read it. */
#ifndef XCA_OPERATIONS_SIGNER_SECRET_H
#define XCA_OPERATIONS_SIGNER_SECRET_H

#include "operations/signer.h"

/* Answers a request of XCA_REQUEST_SECRET or _SECRET_OFF, the code unsealed: a fresh secret in place of the old one, or none. *answer NULL: done;
 * "case.not-found", "request.unreadable", "code.wrong-case" (also while the case's code is locked), "device-secret.kind" (cards make their keys
 * themselves), "device-secret.over" (the case has ended). Repeatable: the log has each request once; a secret that nobody was shown is replaced. */
xca_error_t *xca_signer_secret(const char **answer, xca_signer_t *signer, const xca_request_t *request, const xca_secret_t *code,
                               apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Removes those whose time is over. */
xca_error_t *xca_signer_secret_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
