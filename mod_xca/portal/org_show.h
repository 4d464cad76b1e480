/* Organisations as pages show them: public data only. */
#ifndef XCA_PORTAL_ORG_SHOW_H
#define XCA_PORTAL_ORG_SHOW_H

#include "portal/page.h"

/* Its name in the visitor's language; its OID if it has none. */
const char *xca_org_show_name(const xca_visit_t *visit, const xca_org_t *org);

/* For lists: oid, name, class, state, ubn, county; "agency" of a government agency. */
void xca_org_show_short(xca_visit_t *visit, xca_value_t *map, const xca_org_t *org);

/* All that is public, why it may not apply, and where to go on from here. */
void xca_org_show_full(xca_visit_t *visit, xca_value_t *map, const xca_org_t *org);

#endif
