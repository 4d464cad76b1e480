/* 用戶代碼重設, features.md 8.5: a holder who has lost the user code sends a sealed form; two people of the central office decide;
 * the signer sets a code that is good for nothing but choosing another one, and tells it to the second officer's key alone, who
 * tells it to the contact by telephone. The original of the form must follow, or the card or certificate is revoked. */
#ifndef XCA_OPERATIONS_CODE_RESET_H
#define XCA_OPERATIONS_CODE_RESET_H

#include "operations/target.h"
#include "outside/crypto.h"

#define XCA_RESET_REMIND_DAYS 7  /* after that the contact is reminded of the original */
#define XCA_RESET_DAYS        14 /* after that it has not come                          */

/* The certificate whose code (that of its card) may be reset, as xca_revocation_target(); `officer` must be of the central office.
 * Errors: those of xca_target_find(); XCA_E_DENIED "decision.role"; XCA_E_CONFLICT "reset.revoked", "reset.under-way" (arg: the case). */
xca_error_t *xca_code_reset_target(xca_cert_t **cert, xca_office_t *office, const char *number,
                                   const xca_officer_t *officer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Files the case without a decision, as xca_revocation_file() does.
 * Errors: those of xca_code_reset_target(); with field: those of xca_case_check(), "decision.letter", "date.future", "date.too-old". */
xca_error_t *xca_code_reset_file(xca_case_t **filed, xca_office_t *office,
                                 const xca_holder_form_t *form, const xca_officer_t *officer,
                                 const char *nonce, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The code that the signer has set, for the officer whose decision was the second one. Errors: XCA_E_CONFLICT "reset.no-code" (not
 * set yet, or already over), XCA_E_DENIED "cms.not-for-key", "reset.other-letter". Of an officer with a card the card helper opens it. */
xca_error_t *xca_code_reset_open(xca_secret_t **code, const xca_case_t *kase, const xca_officer_t *officer,
                                 const xca_key_t *key, apr_pool_t *pool) XCA_MUST_USE;

/* By when the original must be there; 0 if it is not waited for. */
apr_time_t xca_code_reset_due(const xca_case_t *kase);

#endif
