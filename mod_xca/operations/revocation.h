/* 憑證廢止 on request, features.md 8.2: filed by an officer of an RA window from the organisation's form and letter, decided by
 * two people like every case. */
#ifndef XCA_OPERATIONS_REVOCATION_H
#define XCA_OPERATIONS_REVOCATION_H

#include "operations/target.h"

/* What the officer may revoke by such a case, before anything is filed: the certificate that the number names. Errors: those of
 * xca_target_find() and xca_window_check(); XCA_E_DENIED "decision.role"; XCA_E_CONFLICT "revoke.already", "revoke.expired",
 * "revoke.under-way" (arg: the case). *cert is set where it was found, even if it may not be revoked. */
xca_error_t *xca_revocation_target(xca_cert_t **cert, xca_office_t *office, const char *number,
                                   const xca_officer_t *officer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Files the case for the officer's window, without a decision: who files signs the first one over the case as it then
 * stands in the directory, which *filed is. `nonce`: as with xca_case_file().
 * Errors: those of xca_revocation_target(); with field: those of xca_case_check(), "decision.letter", "date.future", "date.too-old", "field.required"
 * (remark, with the reason "other"). */
xca_error_t *xca_revocation_file(xca_case_t **filed, xca_office_t *office,
                                 const xca_holder_form_t *form, const xca_officer_t *officer,
                                 const char *nonce, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Files the case for the holder of the certificate, who has signed for it (CMP, RFC 4210 section 5.3.9); `known`: the case it was issued for, whose
 * window and contact it has. `reason`: CRLReason, or -1. Officers decide as on every other: the letter's number comes with the first review. One that
 * is under way already is that one. *number: the case. */
xca_error_t *xca_revocation_by_holder(const char **number, xca_office_t *office, const xca_cert_t *cert, const xca_case_t *known, int reason,
                                      const char *nonce, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* By when the central office is to have decided: the end of the working day after the first review (features.md 8.2). `holidays`
 * as in xca_working_day_end(). 0 for cases that are no revocation under way. */
apr_time_t xca_revocation_due(const xca_case_t *kase, const char *holidays, apr_pool_t *pool);

#endif
