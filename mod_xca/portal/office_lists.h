/* What the officers' pages share about cases in lists. */
#ifndef XCA_PORTAL_OFFICE_LISTS_H
#define XCA_PORTAL_OFFICE_LISTS_H

#include "portal/page.h"

/* The state in which cases wait for this officer; XCA_STATE_COUNT: none do. */
xca_case_state xca_office_own_state(const xca_officer_t *officer);

/* Whether the officer's decision is what the case waits for. That it is the same person as at the first review is the signer's matter. */
int xca_office_may_decide(const xca_officer_t *officer, const xca_case_t *kase);

/* Whether somebody still has something to do about it. */
int xca_office_is_open(const xca_case_t *kase);

/* One case of a list. */
void xca_office_put_row(xca_visit_t *visit, xca_value_t *list, const xca_case_t *kase);

/* What the form of a decision over the cases (xca_case_t *) shows, with what was typed; page_office_decide.c. */
void xca_office_put_decision_form(xca_visit_t *visit, const apr_array_header_t *cases);

/* The page at which the first decision over a case that the officer has just filed is signed: accepted, with the letter's number (or "").
 * page_office_decide.c. */
xca_error_t *xca_office_sign_filed(xca_visit_t *visit, const xca_case_t *kase, const char *letter) XCA_MUST_USE;

/* By when the case has to be dealt with (xca_revocation_due(), xca_code_reset_due()), into the map: "due", "overdue". */
void xca_office_put_due(xca_visit_t *visit, xca_value_t *map, const xca_case_t *kase);

/* A value in a query, percent-encoded. */
const char *xca_office_encoded(const char *text, apr_pool_t *pool);

#endif
