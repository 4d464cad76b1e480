/* Tokens that the portal gives out and takes back, stateless over all front ends: HMAC-SHA-256 with the portal's
 * key. Form tokens bind purpose, visitor and time and carry a nonce for idempotency; case passes say that this visitor gave
 * the user code of a case. */
#ifndef XCA_PORTAL_TOKEN_H
#define XCA_PORTAL_TOKEN_H

#include <apr_time.h>
#include "base/secret.h"

#define XCA_LOGIN_LIFE apr_time_from_sec(5 * 60)
#define XCA_FORM_LIFE apr_time_from_sec(12 * 3600)
#define XCA_PASS_LIFE apr_time_from_sec(30 * 60)

/* A token for a form: purpose ("apply", "accept"), visitor (value of the visitor cookie). */
char *xca_form_token(apr_pool_t *pool, const xca_secret_t *key, const char *purpose, const char *visitor,
                     apr_time_t now, const unsigned char nonce[16]);
/* Checks one; *nonce gets 32 hex digits. Errors (XCA_E_DENIED): "token.missing", "token.forged", "token.old". */
xca_error_t *xca_form_token_check(const char **nonce, const xca_secret_t *key, const char *token,
                                  const char *purpose, const char *visitor, apr_time_t now,
                                  apr_pool_t *pool) XCA_MUST_USE;

/* A pass for a case (goes into a cookie). */
char *xca_case_pass(apr_pool_t *pool, const xca_secret_t *key, const char *case_number, const char *visitor,
                    apr_time_t now);
int xca_case_pass_valid(const xca_secret_t *key, const char *pass, const char *case_number,
                        const char *visitor, apr_time_t now, apr_pool_t *pool);

/* An officer's challenge: text of wire/lines.h that is shown and signed, bound to portal, visitor and time.
 *
 *   XCA-LOGIN-1
 *   portal: https://xca.example
 *   time: 20261125T090000Z
 *   token: <form token>
 */
char *xca_login_challenge(apr_pool_t *pool, const xca_secret_t *key, const char *portal, const char *visitor,
                          apr_time_t now, const unsigned char nonce[16]);
/* Whether it is one of ours for this visitor, within XCA_LOGIN_LIFE; *nonce gets 32 hex digits. Errors (XCA_E_DENIED):
 * "login.malformed", "token.forged", "login.old". */
xca_error_t *xca_login_challenge_check(const char **nonce, const xca_secret_t *key, const char *portal, const char *visitor,
                                       const char *text, apr_size_t length, apr_time_t now,
                                       apr_pool_t *pool) XCA_MUST_USE;

#endif
