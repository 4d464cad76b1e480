/* What central officers write in the portal: content with preview, and answers to questions. Auditors look on. */
#ifndef XCA_PORTAL_PAGE_OFFICE_CONTENT_H
#define XCA_PORTAL_PAGE_OFFICE_CONTENT_H

#include "portal/page.h"

xca_page xca_page_office_content;      /* GET  /office/content?kind=&state= */
xca_page xca_page_office_content_new;  /* GET  /office/content/new?kind=    */
xca_page xca_page_office_content_edit; /* GET  /office/content/<id>         */
xca_page xca_page_office_content_sent; /* POST /office/content/new?kind= and /office/content/<id>: action preview, or the state to be */

xca_page xca_page_office_questions;     /* GET  /office/questions?state=     */
xca_page xca_page_office_question;      /* GET  /office/questions/<id>       */
xca_page xca_page_office_question_sent; /* POST /office/questions/<id>: reply, and into the FAQ */

#endif
