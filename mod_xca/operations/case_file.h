/* Filing a case, whatever it asks for. */
#ifndef XCA_OPERATIONS_CASE_FILE_H
#define XCA_OPERATIONS_CASE_FILE_H

#include "operations/office.h"

/* Gives the checked case a number and adds it as filed at `now`, revision 1. Of two forms with one `nonce` (hex; NULL: none) the first is
 * the case: *filed is what stands in the directory, so that what is signed is what was recorded. */
xca_error_t *xca_case_file(xca_case_t **filed, xca_office_t *office, xca_case_t *kase, const char *nonce,
                           apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The case that was filed with the nonce; *kase is NULL if there is none. */
xca_error_t *xca_case_filed(xca_case_t **kase, xca_office_t *office, const char *nonce,
                            apr_pool_t *pool) XCA_MUST_USE;

#endif
