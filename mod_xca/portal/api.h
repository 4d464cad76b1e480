/* The interface for other systems, /api/v1 and the certificate store: the way to its pages (XCA_ROUTE_API), and its errors as problems
 * (RFC 9457) in the language of the request. What the pages do is in page_api.c and page_store.c; the models are those of the
 * portal's pages. */
#ifndef XCA_PORTAL_API_H
#define XCA_PORTAL_API_H

#include "portal/engine.h"

/* Whether a request is of a program of others: what the route says, or an address below /api, or one of the store's, that has none. */
int xca_api_is_asked(const char *path, const xca_route_t *route);

/* Whether a request is of a device that enrols itself (EST, CMP), whatever its method. */
int xca_device_is_asked(const char *path);

/* The error of such a request that has no route; `allow` as xca_route_find() gives it. "api.no-service", "api.method". */
xca_error_t *xca_device_astray(xca_visit_t *visit, const char *allow) XCA_MUST_USE;

/* Turns the visit of a device into a line of text that tells `err`, as RFC 7030 section 4.2.3 has it. */
void xca_device_problem(xca_visit_t *visit, const xca_error_t *err);

/* Everything up to the page, and the page; `route` NULL: there is none, `allow` as xca_route_find() gives it. Errors: what is wrong,
 * for xca_api_problem(). */
xca_error_t *xca_api_enter(xca_visit_t *visit, const xca_route_t *route, const char *allow) XCA_MUST_USE;

/* Turns the visit into the problem that tells `err`. */
void xca_api_problem(xca_visit_t *visit, const xca_error_t *err);

/* Seconds after which what was refused may be asked again: of a lock of user codes what is left of it, for Retry-After. */
const char *xca_api_wait(const xca_visit_t *visit, const xca_error_t *err);

/* Who may ask how often of what costs: setting "api-clients-file" has lines "<SHA-256 of a certificate, hex> <name>"; "#" begins a
 * remark. Errors: those of files, "api.clients" (arg: the line). */
xca_error_t *xca_api_clients_read(xca_portal_t *portal, const xca_settings_t *settings, apr_pool_t *pool) XCA_MUST_USE;

/* Counts a request that costs against its client: a registered certificate (mod_ssl has verified it), else its address.
 * XCA_E_LOCKED "api.limit" (arg: how many a minute are answered). */
xca_error_t *xca_api_limit(xca_visit_t *visit) XCA_MUST_USE;

#endif
