/* Requests to the signer as pages speak of them. */
#ifndef XCA_PORTAL_REQUEST_VIEW_H
#define XCA_PORTAL_REQUEST_VIEW_H

#include "portal/page.h"

#define XCA_ANSWER_WAIT apr_time_from_sec(5) /* the signer answers in milliseconds, or it is down */

/* What a denied request means for the form it came from: an error at the field "code" or at `number_field`. */
xca_error_t *xca_request_denial(const xca_request_t *request, const char *number_field,
                                apr_pool_t *pool) XCA_MUST_USE;

/* Hands in a prepared request, waits for the answer and leads on: done or still waiting, to the page of the request;
 * denied: *denial is what xca_request_denial() says. */
xca_error_t *xca_request_carry(xca_error_t **denial, xca_visit_t *visit, const xca_request_t *request,
                               const char *number_field) XCA_MUST_USE;

#endif
