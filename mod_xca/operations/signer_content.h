/* Whether what officers have approved is what the portal may file at all. The portal checks every application before it
 * files it; but a broken-in portal files what it likes, and officers see only what the case says of itself. */
#ifndef XCA_OPERATIONS_SIGNER_CONTENT_H
#define XCA_OPERATIONS_SIGNER_CONTENT_H

#include "operations/signer.h"

/* The application once more through all checks of xca_application_check(): organisation, class and county as the OID tree
 * has them now, fields well-formed, request and key. XCA_E_INVALID: what the checks say, or "case.not-as-checked" if they
 * would have filed something else. */
xca_error_t *xca_signer_check_application(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now,
                                          apr_pool_t *pool) XCA_MUST_USE;

/* The certificate that a revocation or code reset is about; XCA_E_INVALID "certificate.not-found", or "case.not-as-checked" if the case names
 * another organisation than the certificate does. */
xca_error_t *xca_signer_check_target(xca_cert_t **cert, xca_signer_t *signer, const xca_case_t *kase,
                                     apr_pool_t *pool) XCA_MUST_USE;

#endif
