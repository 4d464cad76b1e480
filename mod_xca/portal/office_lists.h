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

/* What the form of a decision shows, with what was typed; page_office_decide.c. */
void xca_office_put_decision_form(xca_visit_t *visit);

/* A value in a query, percent-encoded. */
const char *xca_office_encoded(const char *text, apr_pool_t *pool);

#endif
