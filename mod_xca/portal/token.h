/* Tokens that the portal gives out and takes back, stateless over all front ends: HMAC-SHA-256 with the portal's
 * key. Form tokens bind purpose, visitor and time and carry a nonce for idempotency; case passes say that this visitor gave
 * the user code of a case. */
#ifndef XCA_PORTAL_TOKEN_H
#define XCA_PORTAL_TOKEN_H

#include <apr_time.h>
#include "base/secret.h"

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

#endif
