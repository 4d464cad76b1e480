/* Rows of change sheets as pages show them. */
#ifndef XCA_PORTAL_XDS_SHOW_H
#define XCA_PORTAL_XDS_SHOW_H

#include "operations/xds.h"
#include "portal/page.h"

/* "sheet": the rows with their verdicts, counts, headings that are not known. */
void xca_xds_show(xca_visit_t *visit, const xca_xds_preview_t *preview);

/* "sheet": the rows of a case and what has become of them. */
xca_error_t *xca_xds_show_case(xca_visit_t *visit, const xca_case_t *kase) XCA_MUST_USE;

#endif
