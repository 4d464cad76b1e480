/* One case as officers see it: what was filed, what changed, who decided what, what else there is of the organisation, and what to beware of. */
#ifndef XCA_PORTAL_OFFICE_CASE_H
#define XCA_PORTAL_OFFICE_CASE_H

#include "portal/page.h"

/* The case of this number if the officer may see it; "case.not-found" otherwise, so that other windows' numbers tell nothing. */
xca_error_t *xca_office_case_read(xca_case_t **kase, xca_visit_t *visit, const char *number) XCA_MUST_USE;

/* Into the model: "warnings", "changes", "decisions", "others", "certificates", "cards"; "_own_second" if the officer who looks has made
 * the second decision. */
xca_error_t *xca_office_case_show(xca_visit_t *visit, const xca_case_t *kase) XCA_MUST_USE;

#endif
