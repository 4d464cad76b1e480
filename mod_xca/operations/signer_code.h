/* User codes at the signer: what a reset sets (operations/code_reset.h), and what a holder chooses. Every function can be repeated. */
#ifndef XCA_OPERATIONS_SIGNER_CODE_H
#define XCA_OPERATIONS_SIGNER_CODE_H

#include "directory/card_store.h"
#include "operations/signer.h"

/* Whose code it is: a card's, or that of a certificate without one. */
typedef struct xca_code_holder {
    xca_card_t *card;
    xca_cert_t *cert; /* always: of a card its signature certificate */
} xca_code_holder_t;

/* Filed: the contact on record is told, who may know nothing of it. */
xca_error_t *xca_signer_reset_filed(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* Returned by an officer before a code was set. */
xca_error_t *xca_signer_reset_returned(xca_signer_t *signer, const xca_case_t *kase, const char *reason,
                                       apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Approved → issuing: a code is made up and recorded in the case, as scrypt text and in a letter (wire/code_letter.h) for `teller`, who
 * made the `second` decision: for the key that it names, or that made it. */
xca_error_t *xca_signer_reset_make(xca_signer_t *signer, const xca_case_t *kase, const xca_decision_t *second,
                                   const xca_officer_t *teller, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Issuing → issued: it is the code of the card or certificate now. */
xca_error_t *xca_signer_reset_set(xca_signer_t *signer, const xca_case_t *kase, apr_time_t now,
                                  apr_pool_t *pool) XCA_MUST_USE;

/* Issued → completed: the original has come (`original`); → lapsed: it has not, or is not what it should be: the card or certificate
 * is revoked. `reason`: the officer's words, or NULL. */
xca_error_t *xca_signer_reset_end(xca_signer_t *signer, const xca_case_t *kase, int original,
                                  const char *reason, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Reminders, and ends of those whose original has not come. */
xca_error_t *xca_signer_reset_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* A holder's new code, the present one already found right; `request` is what asks for it. *answer NULL: done. */
xca_error_t *xca_signer_code_change(const char **answer, xca_signer_t *signer, const xca_code_holder_t *holder,
                                    const xca_secret_t *fresh, const char *request, apr_time_t now,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* The holder is told that the code was changed by this request; once, however often it is said. */
xca_error_t *xca_signer_code_changed(xca_signer_t *signer, const xca_code_holder_t *holder, const char *request,
                                     apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
