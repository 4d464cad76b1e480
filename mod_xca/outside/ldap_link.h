/* Inside outside/ldap*.c only: a connection to slapd with its deadline, and LDAP's answers as errors.
 * One thread uses a link at a time; it is dropped after the first fault. */
#ifndef XCA_OUTSIDE_LDAP_LINK_H
#define XCA_OUTSIDE_LDAP_LINK_H

#include <ldap.h>
#include "outside/ldap.h"

#define XCA_LDAP_TIMEOUT     apr_time_from_sec(5)
#define XCA_LDAP_CONNECTIONS 8
#define XCA_LDAP_PDU_MAX     (64 * 1024 * 1024) /* bytes of one message: the largest list and room */

/* What kind of operation it is decides what some result codes mean and whether it may be tried again. */
typedef enum { XCA_LDAP_READING, XCA_LDAP_WRITING } xca_ldap_doing;

/* Connects and binds before `deadline`. On success the caller owns *ld. */
xca_error_t *xca_link_open(LDAP **ld, const xca_ldap_config_t *config, apr_time_t deadline,
                           apr_pool_t *pool) XCA_MUST_USE;

/* Ends a connection without waiting for anything. NULL is ignored. */
void xca_link_close(LDAP *ld);

/* Non-zero if the idle connection is no longer good: the server closed it or sent a notice. */
int xca_link_dead(LDAP *ld);

/* Takes a connection of the set: an idle one that is alive or a new one; waits until `deadline` for one where all
 * are in use. With `extra` it does not count while it is away: for a walk whose callback may need another. */
xca_error_t *xca_link_take(LDAP **ld, xca_ldap_t *ldap, int extra, apr_time_t deadline,
                           apr_pool_t *pool) XCA_MUST_USE;

/* Gives it back, with the same `extra`; with `broken` it is closed. */
void xca_link_give(xca_ldap_t *ldap, LDAP *ld, int extra, int broken);

/* Time that one operation of this set may take. */
apr_interval_time_t xca_link_timeout(const xca_ldap_t *ldap);

/* The next message of `msgid`: all of it with LDAP_MSG_ALL, one part with LDAP_MSG_ONE. *message stays NULL when the
 * time is over. Returns an LDAP result code: LDAP_SUCCESS, LDAP_TIMEOUT, LDAP_SERVER_DOWN ... */
int xca_link_wait(LDAP *ld, int msgid, int all, apr_time_t deadline, LDAPMessage **message);

/* LDAP's result `code` as an error ("outside/ldap.h" has the table), NULL for success. `text` is the server's
 * diagnostic message or NULL. */
xca_error_t *xca_link_error(int code, xca_ldap_doing doing, const char *operation, const char *dn,
                            const char *text, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if after this code the connection cannot be used any more. */
int xca_link_broken_by(int code);

/* An entry of a search result, copied into `pool`; NULL if libldap cannot decode it. */
xca_entry_t *xca_link_entry(LDAP *ld, LDAPMessage *message, apr_pool_t *pool);

/* The entry inside a post-read control of `controls` (RFC 4527), or NULL. */
xca_entry_t *xca_link_post_read(LDAPControl **controls, apr_pool_t *pool);

#endif
