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
xca_page xca_page_revoke_paper;         /* GET  /certificates/revoke/form?number=: 憑證廢止申請書 */

xca_page xca_page_code_reset;           /* GET  /code-reset                                 */
xca_page xca_page_code_reset_paper;     /* GET  /code-reset/form?number=: 用戶代碼重設申請書  */
xca_page xca_page_code_change;          /* GET  /code-reset/change?number=: 變更用戶代碼     */
xca_page xca_page_code_change_sent;     /* POST /code-reset/change, purpose "code"          */

/* The certificate whose serial number stands in the address. Errors: "certificate.not-found", those of the directory. */
xca_error_t *xca_page_certificate_read(xca_cert_t **cert, xca_visit_t *visit) XCA_MUST_USE;

/* A field that takes both: a card number starts with 'Xc', which no serial number does. One of *serial and *card is set, in the
 * form of the directory. Errors, field "number": "field.required", "serial.form", "card-number.form". */
xca_error_t *xca_page_number_read(const char **serial, const char **card, const char *typed,
                                  apr_pool_t *pool) XCA_MUST_USE;

/* A form to print, filled in for the number (field "number") of a certificate or card with what the repository shows anyway: "number",
 * "certificate", "school"; the rest is for the pen. Without a number nothing is filled in; with one that nothing is found for the page
 * says so ("unfilled"). */
xca_error_t *xca_page_paper_fill(xca_visit_t *visit) XCA_MUST_USE;

#endif
