/* 申請組織及團體非IC卡類憑證: from the search of the organisation to the filed case; features.md 1.2, 2 and 3. Steps 4 to 6 belong
 * to a case that exists: page_case.h. */
#ifndef XCA_PORTAL_PAGE_APPLY_H
#define XCA_PORTAL_PAGE_APPLY_H

#include "portal/page.h"

xca_page xca_page_apply_search;    /* GET  /apply/certificate?keyword=&ubn=         */
xca_page xca_page_apply_new;       /* GET  /apply/certificate/new: 我要建立資料        */
xca_page xca_page_apply_start;     /* GET  /apply/certificate/start?oid= or ?class=: step 1 */
xca_page xca_page_apply_terms;     /* GET  /apply/certificate/terms?...: step 2     */
xca_page xca_page_apply_form;      /* GET  /apply/certificate/form?...&terms=: step 3 */
xca_page xca_page_apply_form_sent; /* POST /apply/certificate/form, purpose "apply" */

/* Puts the six steps into the model ("_steps"), `current` is 1 to 6. `case_number` NULL until there is one. */
void xca_apply_steps(xca_visit_t *visit, int current, const char *case_number);

#endif
