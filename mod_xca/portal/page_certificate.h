/* Pages of certificates: search and download, acceptance, suspension, revocation; features.md 6 to 8. */
#ifndef XCA_PORTAL_PAGE_CERTIFICATE_H
#define XCA_PORTAL_PAGE_CERTIFICATE_H

#include "portal/page.h"

xca_page xca_page_certificate_search;   /* GET  /certificates?name=&oid=&card=&serial=      */
xca_page xca_page_certificate_searched; /* POST /certificates: also by e-mail, which goes into no address */
xca_page xca_page_certificate;          /* GET  /certificates/<serial>[?download=der|pem|chain] */

xca_page xca_page_accept;               /* GET  /certificates/accept?serial=                */
xca_page xca_page_accept_sent;          /* POST /certificates/accept, purpose "accept"      */
xca_page xca_page_suspend;              /* GET  /certificates/suspend?serial=               */
xca_page xca_page_suspend_sent;         /* POST /certificates/suspend, purpose "suspend"    */
xca_page xca_page_request;              /* GET  /requests/<id>: what the signer answered    */

xca_page xca_page_revoke;               /* GET  /certificates/revoke                        */
xca_page xca_page_revoke_paper;         /* GET  /certificates/revoke/form?serial=: 憑證廢止申請書 */

#endif
