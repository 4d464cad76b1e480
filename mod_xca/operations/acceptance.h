/* What the holder of a user code asks of the signer: see, accept, refuse, suspend, resume. */
#ifndef XCA_OPERATIONS_ACCEPTANCE_H
#define XCA_OPERATIONS_ACCEPTANCE_H

#include "operations/office.h"

/* Seals the code to the signer's key and records the request. `id`: 32 hex digits of the form's nonce, the same id again
 * is the same request. `serial`: of kinds that are about a case its number. Errors: "signer.never-ran" (no key published yet). */
xca_error_t *xca_request_submit(xca_office_t *office, xca_request_kind kind, const char *serial,
                                const char *card_number, const xca_secret_t *code, const char *id,
                                apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The same in two steps, for a page that shows first and asks afterwards: the code is sealed for one request of this kind
 * and id while it is at hand, and may then lie in the page, where nobody can read it. Handing in records it. */
xca_error_t *xca_request_prepare(xca_request_t **request, xca_office_t *office, xca_request_kind kind,
                                 const char *serial, const char *card_number, const xca_secret_t *code,
                                 const char *id, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_request_hand_in(xca_office_t *office, const xca_request_t *request,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Waits for the answer, at most `wait`. *request is as it stands then: waiting (signer down or slow: it will
 * be carried out later), done or denied. */
xca_error_t *xca_request_await(xca_request_t **request, xca_office_t *office, const char *id,
                               apr_interval_time_t wait, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if the signer gave no sign of life for XCA_SIGNER_SILENT. */
xca_error_t *xca_signer_is_silent(int *silent, xca_office_t *office, apr_time_t now,
                                  apr_pool_t *pool) XCA_MUST_USE;

#endif
