/* A certificate as pages show it. */
#ifndef XCA_PORTAL_CERT_SHOW_H
#define XCA_PORTAL_CERT_SHOW_H

#include "portal/page.h"

/* What the record tells, into `map`: serial, name, oid, use, state, dates; "published"; "ends_on" and "ends_why" while it is to
 * be revoked because its organisation has changed. */
void xca_cert_show(xca_visit_t *visit, xca_value_t *map, const xca_cert_t *cert);

/* What the certificate itself tells, into `map` under "content". Error: "certificate.unreadable". */
xca_error_t *xca_cert_show_content(xca_visit_t *visit, xca_value_t *map,
                                   xca_bytes_t der) XCA_MUST_USE;

#endif
