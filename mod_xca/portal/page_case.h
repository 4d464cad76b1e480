/* Pages of a case that exists: steps 4 to 6, 修改及補列印申請書, 申請狀態查詢; features.md 2.3 to 2.6. All but the doors ask for the
 * pass that a right user code gave. */
#ifndef XCA_PORTAL_PAGE_CASE_H
#define XCA_PORTAL_PAGE_CASE_H

#include "portal/page.h"

xca_page xca_page_case_edit_door;      /* GET  /case/edit: case number and user code      */
xca_page xca_page_case_edit_door_sent; /* POST /case/edit, purpose "case"                 */
xca_page xca_page_case_status_door;    /* GET  /case/status                               */
xca_page xca_page_case_status_door_sent; /* POST /case/status, purpose "case"             */

xca_page xca_page_case_print;          /* GET  /case/print/<number>: step 4               */
xca_page xca_page_case_paper;          /* GET  /case/paper/<number>: 憑證申請書, two copies */
xca_page xca_page_case_letter;         /* GET  /case/letter/<number>: asks for the code   */
xca_page xca_page_case_letter_sent;    /* POST /case/letter/<number>, purpose "letter": 用戶代碼函 */
xca_page xca_page_case_checklist;      /* GET  /case/checklist/<number>: step 5           */
xca_page xca_page_case_checklist_sent; /* POST /case/checklist/<number>, purpose "checklist" */
xca_page xca_page_case_window;         /* GET  /case/window/<number>: step 6              */
xca_page xca_page_case_edit;           /* GET  /case/edit/<number>: 更改申請資料            */
xca_page xca_page_case_edit_sent;      /* POST /case/edit/<number>, purpose "correct"     */
xca_page xca_page_case_status;         /* GET  /case/status/<number>                      */
xca_page xca_page_case_secret;         /* GET  /case/device-secret/<number>               */
xca_page xca_page_case_secret_sent;    /* POST /case/device-secret/<number>, purpose "device-secret": shows the secret, once */

/* Into the model: since when the state is what it is, what happened, what to do next, card or certificate. For the page above and
 * for other systems (page_api.c). Errors: those of the directory. */
xca_error_t *xca_case_status_show(xca_visit_t *visit, const xca_case_t *kase) XCA_MUST_USE;

#endif
