/* A case as its pages show it. */
#ifndef XCA_PORTAL_CASE_VIEW_H
#define XCA_PORTAL_CASE_VIEW_H

#include "portal/page.h"

/* The case of the address (visit->arg) if this visitor has its pass; else *kase is NULL and the visit is sent to the door
 * `door` ("/case/edit" or "/case/status"), with the number filled in. */
xca_error_t *xca_case_view_open(xca_case_t **kase, xca_visit_t *visit, const char *door) XCA_MUST_USE;

/* Model "case": number, state, dates, and "sections": [{title, rows: [{label, value | value_id | code}]}] as they stand on the
 * printed application. */
void xca_case_view_show(xca_visit_t *visit, const xca_case_t *kase);

/* Of a change sheet that is being carried out: "rows_done" and "rows" into `map`. */
void xca_case_view_progress(xca_value_t *map, const xca_case_t *kase);

/* The sections alone into `map` under "sections". */
void xca_case_view_sections(xca_visit_t *visit, xca_value_t *map, const xca_case_t *kase);

/* A full address on one line: postal code, county, district, street; NULL if there is none. */
const char *xca_case_view_address(apr_pool_t *pool, const char *zip, const char *county,
                                  const char *district, const char *street);

/* The text of what a decision did: "case.event.first-passed", "case.event.second-returned", ... */
char *xca_case_view_event(const xca_decision_t *decision, apr_pool_t *pool);

#endif
