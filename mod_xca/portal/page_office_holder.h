/* 憑證廢止 and 用戶代碼重設 at the officers' desk: what waits, finding what a holder's form is about, and filing it. */
#ifndef XCA_PORTAL_PAGE_OFFICE_HOLDER_H
#define XCA_PORTAL_PAGE_OFFICE_HOLDER_H

#include "portal/page.h"

xca_page xca_page_office_holders;     /* GET /office/revocations, /office/code-resets          */
xca_page xca_page_office_holder;      /* GET /office/revocations/new, /office/code-resets/new  */
xca_page xca_page_office_holder_sent; /* POST of the same; answers with the statement to sign  */

#endif
