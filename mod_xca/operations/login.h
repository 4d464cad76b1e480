/* Officers' logins: who has signed a challenge, and the sessions that follow. A session lets an officer look and hand in; what an
 * officer decides is signed each time (decision.h) and judged by the signer, which knows no sessions. */
#ifndef XCA_OPERATIONS_LOGIN_H
#define XCA_OPERATIONS_LOGIN_H

#include "directory/session_store.h"
#include "operations/office.h"

#define XCA_SESSION_MAX apr_time_from_sec(24 * 3600) /* no session is longer, whatever the settings say */

/* The active officer whose certificate this is, to the byte. Errors (XCA_E_DENIED): "login.unknown", with NULL in *officer;
 * "login.inactive", with the officer. */
xca_error_t *xca_login_officer(xca_officer_t **officer, xca_office_t *office, xca_bytes_t certificate,
                               apr_pool_t *pool) XCA_MUST_USE;

/* The certificate of who claims to have made the SignedData over a challenge. Nothing is verified. Errors: those of
 * xca_cms_certificate(). */
xca_error_t *xca_login_claimed(xca_bytes_t *certificate, xca_bytes_t cms, apr_pool_t *pool) XCA_MUST_USE;

/* That the officer made it, verified by the certificate in the directory under `anchor` at `now`; *challenge and *length get what was
 * signed, which the caller judges. Errors: those of xca_cms_verify(). */
xca_error_t *xca_login_verify(const char **challenge, apr_size_t *length, const xca_officer_t *officer, xca_bytes_t cms,
                              xca_bytes_t anchor, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Begins a session; *secret gets the value of its cookie, 64 hex digits. `nonce`: of the challenge, taken once ("login.used",
 * XCA_E_DENIED); NULL where there was none. */
xca_error_t *xca_session_begin(const char **secret, xca_office_t *office, const xca_officer_t *officer, const char *nonce,
                               apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The session of a cookie and its officer as the directory has them now; NULL in *officer if there is no such session or it
 * is over: `idle` since it was last seen, `life` since it began, the officer gone or inactive. Notes that it was seen. */
xca_error_t *xca_session_enter(xca_officer_t **officer, xca_session_t **session, xca_office_t *office, const char *secret,
                               apr_interval_time_t idle, apr_interval_time_t life, apr_time_t now,
                               apr_pool_t *pool) XCA_MUST_USE;

#endif
