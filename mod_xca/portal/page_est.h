/* Enrolment over Secure Transport (RFC 7030): a device gets its certificate by itself, through the same cases, reviews and user codes as
 * a visitor of the portal. HTTP Basic authentication over TLS (section 3.2.3): the name is a case number or a certificate's
 * serial number, the password its user code. Errors are text in the language of Accept-Language (section 4.2.3). */
#ifndef XCA_PORTAL_PAGE_EST_H
#define XCA_PORTAL_PAGE_EST_H

#include "portal/page.h"

xca_page xca_page_est_cacerts;  /* GET /.well-known/est/cacerts, section 4.1         */
xca_page xca_page_est_csrattrs; /* GET /.well-known/est/csrattrs, section 4.5        */
xca_page xca_page_est_enroll;   /* POST /.well-known/est/simpleenroll, section 4.2   */
xca_page xca_page_est_reenroll; /* POST /.well-known/est/simplereenroll, section 4.2.2 */

/* Name and password of a header "Basic ..." (RFC 7617); 0 if it is none. The password is wiped with the pool. */
int xca_basic_read(const char **name, xca_secret_t **password, const char *header, apr_pool_t *pool);

/* The request in the body of an enrolment (RFC 8951: base64, whatever Content-Transfer-Encoding says; DER and PEM are taken
 * too). Error: XCA_E_INVALID "est.body". */
xca_error_t *xca_est_body(xca_bytes_t *request, const char *body, apr_size_t length, apr_pool_t *pool) XCA_MUST_USE;

#endif
