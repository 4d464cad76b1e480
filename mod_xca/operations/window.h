/* Whose an organisation is: which registration window may say something about it. */
#ifndef XCA_OPERATIONS_WINDOW_H
#define XCA_OPERATIONS_WINDOW_H

#include "operations/office.h"

/* The window of an authority's name, of all `windows` (xca_window_t *): `first` (or NULL) comes before the others, then one that takes
 * the organisation. NULL if there is none. */
const xca_window_t *xca_window_of_authority(const apr_array_header_t *windows, const xca_window_t *first,
                                            const char *authority, const xca_org_t *org, apr_pool_t *pool);

/* Non-zero if the organisation is the window's: by the authority that is recorded, else by class and county. */
int xca_window_has(const xca_window_t *window, const apr_array_header_t *windows, const xca_org_t *org,
                   apr_pool_t *pool);

/* Whether the certificate's organisation is the window's (id): that of the application it was issued for, or as xca_window_has().
 * Errors, field "number": "revoke.other-window" (arg: the name of whose it is); "window.not-found". */
xca_error_t *xca_window_check(xca_office_t *office, const xca_cert_t *cert, const char *window,
                              apr_pool_t *pool) XCA_MUST_USE;

#endif
