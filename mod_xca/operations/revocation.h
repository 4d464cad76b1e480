/* 憑證廢止 on request, features.md 8.2: filed by an officer of an RA window from the organisation's form and letter, decided by
 * two people like every case. */
#ifndef XCA_OPERATIONS_REVOCATION_H
#define XCA_OPERATIONS_REVOCATION_H

#include "operations/office.h"

typedef struct xca_revocation_order {
    const char *number;      /* as typed: serial number of a certificate, or number of a card (all its certificates)  */
    const char *reason;      /* "abolished", "lost", "damaged", "other"                                               */
    const char *remark;      /* what the form says under "other", or NULL                                             */
    const char *letter_date; /* day of the organisation's letter, YYYY-MM-DD, or NULL: today                          */
} xca_revocation_order_t;

/* Files the case for the officer's window, without a decision: who files signs the first one over the case as it then
 * stands in the directory, which *filed is.
 * Errors, with field: those of xca_case_check(), "certificate.not-found", "card.not-found", "revoke.already", "date.future",
 * "date.too-old", "field.required" (remark, with the reason "other"); XCA_E_CONFLICT "revoke.under-way" (arg: the case). */
xca_error_t *xca_revocation_file(xca_case_t **filed, xca_office_t *office,
                                 const xca_revocation_order_t *order, const xca_officer_t *officer,
                                 apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* By when the central office is to have decided: the end of the working day after the first review (features.md 8.2). `holidays`
 * as in xca_working_day_end(). 0 for cases that are no revocation under way. */
apr_time_t xca_revocation_due(const xca_case_t *kase, const char *holidays, apr_pool_t *pool);

#endif
