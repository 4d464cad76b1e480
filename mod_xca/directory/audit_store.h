/* ou=audit: the audit log, one entry of the directory an entry of the log, and ou=events: what the portal and xca-admin ask the
 * signer to put into it. The text of an entry (wire/audit.h) is what counts; the attributes beside it are there to be searched. */
#ifndef XCA_DIRECTORY_AUDIT_STORE_H
#define XCA_DIRECTORY_AUDIT_STORE_H

#include "directory/store.h"

/* Entries that are read at once: number n stands in page n / XCA_AUDIT_PAGE. */
#define XCA_AUDIT_PAGE 256

typedef struct xca_audit_entry {
    apr_int64_t number;       /* from 1 */
    apr_time_t time;
    const char *kind, *actor;
    const char *case_number, *serial, *card, *organisation; /* or NULL */
    const char *details;      /* "name=value" lines, or NULL */
    const char *event, *previous;
    xca_bytes_t text;         /* the whole, as hashed and signed */
    const char *hash;         /* SHA-256 of the text as the directory has it */
    xca_bytes_t signature;
    xca_bytes_t cms;          /* what someone signed and the entry tells of, or length 0 */
    const char *wrong;        /* message id of what is wrong with the entry in itself: "audit.unreadable" (then only the number
                                 is filled), "audit.number", "audit.index" (what it is searched by); or NULL */
} xca_audit_entry_t;

/* The value of the line "name=" of such details, or NULL. */
const char *xca_audit_detail(const char *details, const char *name, apr_pool_t *pool);

/* Adds an entry that is complete (all but `wrong`); its number taken: "ldap.exists". */
xca_error_t *xca_audit_add(xca_store_t *store, const xca_audit_entry_t *entry, apr_pool_t *pool) XCA_MUST_USE;

/* The entry of the directory that it adds. */
xca_entry_t *xca_audit_to_entry(const xca_store_t *store, const xca_audit_entry_t *entry, apr_pool_t *pool);

/* By number: "audit.not-found". Whatever stands there comes back; `wrong` tells. */
xca_error_t *xca_audit_get(xca_audit_entry_t **entry, xca_store_t *store, apr_int64_t number,
                           apr_pool_t *pool) XCA_MUST_USE;

/* *exists: whether there is an entry of this number. */
xca_error_t *xca_audit_exists(int *exists, xca_store_t *store, apr_int64_t number, apr_pool_t *pool) XCA_MUST_USE;

/* *number: of the entry of this event, 0 if there is none. */
xca_error_t *xca_audit_event_number(apr_int64_t *number, xca_store_t *store, const char *event,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* Entries by index; NULL and -1 leave a part out. xca_audit_entry_t *, by number. With `limit` > 0 at most so many of them,
 * whichever the directory finds first; *more (may be NULL) tells. `subject`: case, serial, card number, OID, "officer UID", "window ID". */
typedef struct xca_audit_query {
    apr_int64_t page; /* or -1 */
    const char *kind, *subject;
} xca_audit_query_t;
xca_error_t *xca_audit_find(apr_array_header_t **entries, int *more, xca_store_t *store, const xca_audit_query_t *query,
                            int limit, apr_pool_t *pool) XCA_MUST_USE;

/* The smallest number above `number` that an entry has, 0 if there is none. */
xca_error_t *xca_audit_beyond(apr_int64_t *beyond, xca_store_t *store, apr_int64_t number,
                              apr_pool_t *pool) XCA_MUST_USE;

/* What the signer is asked to log. */
typedef struct xca_event {
    const char *id;         /* 32 hex digits, at random */
    const char *kind, *actor;
    const char *case_number, *serial, *card, *organisation; /* or NULL */
    const char *details;    /* "name=value" lines, or NULL */
    xca_bytes_t cms;        /* signed by the actor, or length 0 */
    apr_time_t filed;
    const char *source;     /* read only: the identity that added it ("portal", "admin"), as slapd knows it */
} xca_event_t;
xca_error_t *xca_event_add(xca_store_t *store, const xca_event_t *event, apr_pool_t *pool) XCA_MUST_USE;
/* "event.not-found", also for one that is none. */
xca_error_t *xca_event_read(xca_event_t **event, xca_store_t *store, const char *id, apr_pool_t *pool) XCA_MUST_USE;
/* Gone already is no error. */
xca_error_t *xca_event_remove(xca_store_t *store, const char *id, apr_pool_t *pool) XCA_MUST_USE;

#endif
