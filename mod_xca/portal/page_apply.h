/* 申請組織及團體憑證IC卡 and 申請組織及團體非IC卡類憑證: from the search of the organisation to the
 * filed case; features.md 1.2, 2 and 3. One set of pages; the address tells which of the two it is.
 * Steps 4 to 6 belong to a case that exists: page_case.h. */
#ifndef XCA_PORTAL_PAGE_APPLY_H
#define XCA_PORTAL_PAGE_APPLY_H

#include "domain/case.h"
#include "portal/page.h"

/* Below /apply/card and /apply/certificate: */
xca_page xca_page_apply_search;    /* GET  ?keyword=&ubn=                  */
xca_page xca_page_apply_new;       /* GET  /new: 我要建立資料                */
xca_page xca_page_apply_start;     /* GET  /start?oid= or ?class=: step 1  */
xca_page xca_page_apply_terms;     /* GET  /terms?...&rank=: step 2        */
xca_page xca_page_apply_form;      /* GET  /form?...&terms=: step 3        */
xca_page xca_page_apply_form_sent; /* POST /form, purpose "apply"          */

/* One of the two applications. */
typedef struct xca_apply_way {
    xca_case_kind kind;
    const char *name;             /* "card": the segment of its addresses */
    const char *base;             /* "/apply/card"                       */
    const char *title, *step_one; /* texts of the search and of its first step */
} xca_apply_way_t;

const xca_apply_way_t *xca_apply_way_of(xca_case_kind kind);

/* The way that the visit's address is on; puts "_way", "_title" and, for cards, "_card" into the
 * model. */
const xca_apply_way_t *xca_apply_way(xca_visit_t *visit);

/* Puts the six steps into the model ("_steps"), `current` is 1 to 6. `case_number` NULL until there
 * is one. */
void xca_apply_steps(xca_visit_t *visit, const xca_apply_way_t *way, int current,
                     const char *case_number);

#endif
