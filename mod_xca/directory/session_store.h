/* ou=sessions: officers who are logged in. The entry, not the cookie, is the session: every front end sees its end at once. Its name is
 * the digest of the cookie's value, so that who reads the directory cannot take it over. */
#ifndef XCA_DIRECTORY_SESSION_STORE_H
#define XCA_DIRECTORY_SESSION_STORE_H

#include "directory/store.h"

typedef struct xca_session {
    const char *id;         /* SHA-256 of the cookie's value, hex */
    const char *officer;    /* uid                                */
    apr_time_t began, seen; /* `seen` is written now and then     */
} xca_session_t;

xca_error_t *xca_session_add(xca_store_t *store, const xca_session_t *session, apr_pool_t *pool) XCA_MUST_USE;

/* *session is NULL if there is none. */
xca_error_t *xca_session_read(xca_session_t **session, xca_store_t *store, const char *id,
                              apr_pool_t *pool) XCA_MUST_USE;

xca_error_t *xca_session_touch(xca_store_t *store, const char *id, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* None of this id is no error. */
xca_error_t *xca_session_end(xca_store_t *store, const char *id, apr_pool_t *pool) XCA_MUST_USE;

/* Removes those that began before `before` (the signer's housekeeping). */
xca_error_t *xca_session_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) XCA_MUST_USE;

#endif
