/* 用戶代碼重設, features.md 8.5: a holder who has lost the user code sends a sealed form; two people of the central office decide;
 * the signer sets a code that is good for nothing but choosing another one, and tells it to the second officer's key alone, who
 * tells it to the contact by telephone. The original of the form must follow, or the card or certificate is revoked. */
#ifndef XCA_OPERATIONS_CODE_RESET_H
#define XCA_OPERATIONS_CODE_RESET_H

#include "operations/office.h"
#include "outside/crypto.h"

#define XCA_RESET_REMIND_DAYS 7  /* after that the contact is reminded of the original */
#define XCA_RESET_DAYS        14 /* after that it has not come                          */

typedef struct xca_code_reset_order {
    const char *number;        /* as typed: serial number, or card number */
    const char *contact_name;  /* who is to be called, and where; as on the form */
    const char *contact_title, *contact_phone, *contact_email, *contact_fax;
    const char *remark;        /* when they can be reached, and what else the form says */
    const char *letter_date;   /* day of the form, YYYY-MM-DD, or NULL: today */
} xca_code_reset_order_t;

/* Files the case without a decision, as xca_revocation_file() does; `officer` must be of the central office.
 * Errors, with field: those of xca_case_check() and xca_target_find(), "date.future", "date.too-old"; XCA_E_CONFLICT
 * "reset.revoked", "reset.under-way" (arg: the case). */
xca_error_t *xca_code_reset_file(xca_case_t **filed, xca_office_t *office,
                                 const xca_code_reset_order_t *order, const xca_officer_t *officer,
                                 apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The code that the signer has set, for the officer whose decision was the second one. Errors: XCA_E_CONFLICT "reset.no-code" (not
 * set yet, or already over), XCA_E_DENIED "cms.not-for-key". */
xca_error_t *xca_code_reset_open(xca_secret_t **code, const xca_case_t *kase, const xca_officer_t *officer,
                                 const xca_key_t *key, apr_pool_t *pool) XCA_MUST_USE;

/* By when the original must be there; 0 if it is not waited for. */
apr_time_t xca_code_reset_due(const xca_case_t *kase);

#endif
