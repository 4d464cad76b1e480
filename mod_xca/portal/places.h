/* Places in models: counties and districts to choose from, RA windows by county. */
#ifndef XCA_PORTAL_PLACES_H
#define XCA_PORTAL_PLACES_H

#include "portal/page.h"

/* A county's name in the visitor's language. */
const char *xca_places_county(const xca_visit_t *visit, const char *county);

/* A map under `key` for the template "address": the counties, the districts of the chosen one, errors of the fields
 * <prefix>_county, <prefix>_district, <prefix>_street. */
void xca_places_address(xca_visit_t *visit, const char *key, const char *prefix, const char *county,
                        const char *district, const char *street);

/* The list "_windows" of groups {county, central, windows: [{id, name, address, phone, selected}]} that take `class`:
 * central agencies first, then `county` (may be NULL), then the others as in the postal list. If the directory cannot be read, "_windows_down". */
void xca_places_windows(xca_visit_t *visit, xca_class class, const char *selected, const char *county);

/* GET /postal?county=…: its districts, for the script of the address fields and for people. */
xca_page xca_page_postal;

#endif
