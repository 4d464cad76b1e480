/* libldap's owner: connections, entries, atomic changes, sync. Mapping files see entries and changes,
 * never LDAP *. */
#ifndef XCA_OUTSIDE_LDAP_H
#define XCA_OUTSIDE_LDAP_H

#include <apr_tables.h>
#include <apr_time.h>
#include "base/secret.h"
#include "base/text.h"

typedef struct xca_attr {
    const char *name;   /* as the server sent it, with options ("userCertificate;binary") */
    int count;
    xca_bytes_t *values; /* each followed by a NUL byte that does not count */
} xca_attr_t;

typedef struct xca_entry {
    const char *dn;
    apr_array_header_t *attrs; /* xca_attr_t */
} xca_entry_t;

xca_entry_t *xca_entry_make(apr_pool_t *pool, const char *dn);
/* Adds one value (copied); NULL or empty text is left out. */
void xca_entry_add(apr_pool_t *pool, xca_entry_t *entry, const char *name, const char *text);
void xca_entry_add_bytes(apr_pool_t *pool, xca_entry_t *entry, const char *name, xca_bytes_t value);
/* First value as text (NULL if there is none or it holds a NUL), number (fallback), bytes (length 0). */
const char *xca_entry_text(const xca_entry_t *entry, const char *name);
long xca_entry_number(const xca_entry_t *entry, const char *name, long fallback);
xca_bytes_t xca_entry_bytes(const xca_entry_t *entry, const char *name);
const xca_attr_t *xca_entry_attr(const xca_entry_t *entry, const char *name);

/* The entry as a record of LDIF (RFC 2849) with the empty line behind it. */
char *xca_entry_ldif(apr_pool_t *pool, const xca_entry_t *entry);

typedef enum {
    XCA_CHANGE_ADD,
    XCA_CHANGE_DELETE, /* with a value: that value (fails if absent); without: all */
    XCA_CHANGE_REPLACE, /* without values: removes, no error if absent */
    XCA_CHANGE_INCREMENT /* RFC 4525 */
} xca_change_op;

typedef struct xca_changes xca_changes_t;
xca_changes_t *xca_changes_make(apr_pool_t *pool);
/* `text` NULL: no value. */
void xca_changes_add(xca_changes_t *changes, xca_change_op op, const char *name, const char *text);
void xca_changes_add_bytes(xca_changes_t *changes, xca_change_op op, const char *name,
                           xca_bytes_t value);
/* Adds one more value to the last change (which has the same name). */
void xca_changes_more(xca_changes_t *changes, const char *text);
void xca_changes_more_bytes(xca_changes_t *changes, xca_bytes_t value);
int xca_changes_empty(const xca_changes_t *changes);

typedef struct xca_ldap_config {
    const char *uri;      /* "ldapi://%2f...", "ldap://127.0.0.1:3890", "ldaps://..." */
    const char *ca_file;  /* for ldaps, or NULL */
    const char *bind_dn;  /* NULL: anonymous */
    const xca_secret_t *password;
    apr_interval_time_t timeout; /* of connecting and of each operation: 5 s by default (0) */
    int connections;      /* most connections open at once: 8 by default (0) */
} xca_ldap_config_t;

/* A set of connections that threads share; connects when first used, again after a fault (an operation
 * that read nothing yet is tried once more on a fresh connection; writes only where the connection was
 * found dead before sending). Fork-safe if made in the child or not used before the fork. Closed with
 * the pool. An operation with all its waiting, connecting and second try ends within the timeout. SIGPIPE is
 * ignored from the first xca_ldap_make() on, where the program has not set a handler.
 * Errors of all operations:
 *   XCA_E_NOT_FOUND "ldap.no-entry"; XCA_E_CONFLICT "ldap.exists" (68), "ldap.changed" (16, 20, 122);
 *   XCA_E_DENIED "ldap.access" (50, 49); XCA_E_UNAVAILABLE "ldap.down" (cannot connect, timeout, 51, 52),
 *   "ldap.read-only" (53), "ldap.full" (80 and 11 on write); XCA_E_TOO_LARGE "ldap.limit" (4, 3, 11 on search);
 *   XCA_E_INTERNAL "ldap.fault". The detail has the operation, DN and LDAP's own text. */
typedef struct xca_ldap xca_ldap_t;
xca_error_t *xca_ldap_make(xca_ldap_t **ldap, const xca_ldap_config_t *config,
                           apr_pool_t *pool) XCA_MUST_USE;

/* What it was made with; for a sync of one's own. */
const xca_ldap_config_t *xca_ldap_config(const xca_ldap_t *ldap);

typedef enum { XCA_SCOPE_BASE = 0, XCA_SCOPE_ONE = 1, XCA_SCOPE_SUBTREE = 2 } xca_scope;

/* Called for each entry; `entry` lives in `scratch`, which is cleared afterwards. An error stops. */
typedef xca_error_t *xca_on_entry(void *baton, const xca_entry_t *entry, apr_pool_t *scratch);

/* Searches. `attrs` NULL-terminated or NULL for all user attributes. `limit`: most entries wanted, 0 for all;
 * reaching it is no error, *more (may be NULL) tells. With limit 0 the search is paged (RFC 2696). */
xca_error_t *xca_ldap_search(xca_ldap_t *ldap, const char *base, xca_scope scope, const char *filter,
                             const char *const *attrs, int limit, int *more, xca_on_entry *on_entry,
                             void *baton, apr_pool_t *pool) XCA_MUST_USE;

/* One entry by DN into `pool`; "ldap.no-entry" if it is not there or may not be seen. */
xca_error_t *xca_ldap_read(xca_entry_t **entry, xca_ldap_t *ldap, const char *dn,
                           const char *const *attrs, apr_pool_t *pool) XCA_MUST_USE;

xca_error_t *xca_ldap_add(xca_ldap_t *ldap, const xca_entry_t *entry, apr_pool_t *pool) XCA_MUST_USE;

/* One atomic Modify. `assertion`: filter the entry must match (RFC 4528), or NULL. `post_attrs` and `post`: values
 * after the change (RFC 4527), or NULL. */
xca_error_t *xca_ldap_modify(xca_ldap_t *ldap, const char *dn, const xca_changes_t *changes,
                             const char *assertion, const char *const *post_attrs,
                             xca_entry_t **post, apr_pool_t *pool) XCA_MUST_USE;

/* Whether the error is that the directory did not answer: XCA_E_UNAVAILABLE "ldap.down", before anything was sent or of a read, or
 * "ldap.unsure", of a write that was sent. NULL: no. */
int xca_ldap_is_away(const xca_error_t *err);

/* An entry that is not there is deleted already. */
xca_error_t *xca_ldap_delete(xca_ldap_t *ldap, const char *dn, apr_pool_t *pool) XCA_MUST_USE;

/* RFC 4515 escaping of a value in a filter; RFC 4514 escaping of a value in a DN. */
char *xca_filter_escape(apr_pool_t *pool, const char *value);
char *xca_dn_escape(apr_pool_t *pool, const char *value);

/* Content Sync (RFC 4533, refreshAndPersist) on a connection of its own. on_change is called with the
 * DN of every entry present at the refresh, added or changed (entry in scratch), and entry NULL when one is
 * deleted or the refresh phase has ended (dn NULL too). */
typedef struct xca_ldap_sync xca_ldap_sync_t;
typedef xca_error_t *xca_on_change(void *baton, const char *dn, const xca_entry_t *entry,
                                   apr_pool_t *scratch);
xca_error_t *xca_ldap_sync_start(xca_ldap_sync_t **sync, const xca_ldap_config_t *config,
                                 const char *base, const char *filter, const char *const *attrs,
                                 xca_on_change *on_change, void *baton,
                                 apr_pool_t *pool) XCA_MUST_USE;
/* The same from where an earlier sync with the same base, filter and identity stood (length 0: from the start): only what has
 * changed since is delivered, and what was deleted meanwhile is not told. "ldap.fault" if the server cannot go on from there. */
xca_error_t *xca_ldap_sync_resume(xca_ldap_sync_t **sync, const xca_ldap_config_t *config, const char *base,
                                  const char *filter, const char *const *attrs, xca_bytes_t cookie,
                                  xca_on_change *on_change, void *baton, apr_pool_t *pool) XCA_MUST_USE;
/* Where the sync stands after all that was delivered; length 0 if the server has not said. Lives as long as the sync, until the
 * next poll. */
xca_bytes_t xca_ldap_sync_cookie(const xca_ldap_sync_t *sync);
/* Asks the server for a sign of life over the connection of the sync, and waits for it at most `timeout`. What it has sent of
 * changes before is there for the next poll. */
xca_error_t *xca_ldap_sync_probe(xca_ldap_sync_t *sync, apr_interval_time_t timeout, apr_pool_t *pool) XCA_MUST_USE;
/* Waits for changes at most `timeout` and delivers them. After an error the sync is over: stop it and
 * start a new one. */
xca_error_t *xca_ldap_sync_poll(xca_ldap_sync_t *sync, apr_interval_time_t timeout,
                                apr_pool_t *pool) XCA_MUST_USE;
void xca_ldap_sync_stop(xca_ldap_sync_t *sync);

#endif
