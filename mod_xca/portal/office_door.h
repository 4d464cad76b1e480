/* The door of the officers' part: who has logged in, and what such a visitor may see. */
#ifndef XCA_PORTAL_OFFICE_DOOR_H
#define XCA_PORTAL_OFFICE_DOOR_H

#include "portal/page.h"

/* Fills visit->officer from the session's cookie and puts "officer" into the model, or sends the visitor to /office/login (programs:
 * XCA_E_DENIED "login.first"). For all routes with XCA_ROUTE_OFFICER. */
xca_error_t *xca_office_door(xca_visit_t *visit) XCA_MUST_USE;

/* Begins or ends the session in the browser. */
void xca_office_give_cookie(xca_visit_t *visit, const char *secret);
void xca_office_drop_cookie(xca_visit_t *visit);

/* The officer who has logged in, as the audit log's actor. */
const char *xca_office_actor(const xca_visit_t *visit);

/* The DER in visit->request->client_certificate; length 0 if there is none. */
xca_bytes_t xca_office_client_certificate(const xca_visit_t *visit);

/* Where to go after the login: `wanted` if it is a page of the officers' part, otherwise "/office". */
const char *xca_office_target(const char *wanted);

/* Error XCA_E_DENIED "office.role" unless the officer has one of the two roles (give one twice for one). */
xca_error_t *xca_office_need_role(xca_visit_t *visit, xca_role one, xca_role other) XCA_MUST_USE;

/* Whether this officer may see cases of the window (NULL: of none): RA officers see their own, all others all. */
int xca_office_may_see(const xca_officer_t *officer, const char *window);

#endif
