/* 憑證廢止 by case, features.md 8.2 and 8.3: suspended when the window has passed the request, revoked when the central office
 * has, and what follows for the organisation. Every function can be repeated. */
#ifndef XCA_OPERATIONS_SIGNER_REVOCATION_H
#define XCA_OPERATIONS_SIGNER_REVOCATION_H

#include "operations/signer.h"

/* reason_note of a certificate that a case has suspended, and of one that was suspended before. Until the case is decided its
 * holder cannot resume it. */
#define XCA_NOTE_REVOKING      "revoking"
#define XCA_NOTE_REVOKING_HELD "revoking-held"

/* Non-zero while a revocation case keeps the certificate suspended. */
int xca_cert_is_revoking(const xca_cert_t *cert);

/* Filed → reviewed: suspends what is valid and tells the contact. XCA_E_INVALID errors as of xca_signer_check_target(), and
 * "revoke.not-this-window". */
xca_error_t *xca_signer_revocation_hold(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now,
                                        apr_pool_t *pool) XCA_MUST_USE;

/* Filed or reviewed → returned: what the case has suspended is as it was, and the contact is told why (`reason`). */
xca_error_t *xca_signer_revocation_release(xca_signer_t *signer, const xca_case_t *kase, const char *reason,
                                           apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Approved → completed: revoked for good; the organisation is barred from applying where features.md 8.3 says so. */
xca_error_t *xca_signer_revoke_case(xca_signer_t *signer, xca_case_t *kase, apr_time_t now,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* Cases whose working day has passed: the central office ("central-mail") is told once of each. */
xca_error_t *xca_signer_revocation_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
