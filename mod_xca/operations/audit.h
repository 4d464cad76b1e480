/* Writing the audit log: the signer's alone. What is done is an entry before its effect is released, each event is logged once
 * however often it is done again, and when an entry cannot be written, what it is about must not be done. The format, the kinds and
 * how it is verified: tools/audit/README.md. */
#ifndef XCA_OPERATIONS_AUDIT_H
#define XCA_OPERATIONS_AUDIT_H

#include "directory/audit_store.h"
#include "outside/crypto_ca.h"

typedef struct xca_audit xca_audit_t;

/* One event. `kind`: small letters and '-'. `actor`: "officer UID", "holder" (who knows the user code), "card", "officers" (those
 * who decided the case), "time", "signer". `key` names the event among those of its kind, the same however often it is done
 * again ("SERIAL", "CARD\nNONCE"): only its hash is kept, so it may hold what must not be read. NULL for what there is none of. Nothing here may
 * be a personal secret: names, addresses, codes stay out. */
typedef struct xca_audit_event {
    const char *kind, *actor, *key;
    const char *case_number, *serial, *card, *organisation;
    const char *details; /* of xca_audit_details() */
    xca_bytes_t cms;     /* what the actor has signed, kept with the entry, or length 0 */
} xca_audit_event_t;

/* "name=value" lines from pairs of a name and a value, ended by NULL; a value that is NULL leaves its pair out. What is no text in
 * one line is made one, what is longer than 600 bytes is cut. */
const char *xca_audit_details(apr_pool_t *pool, const char *name, ...);

/* Nothing is read yet. `head_file` (or NULL) keeps the last entry that was written, so that a log that was cut short is not
 * written on. `key` signs; its certificate is made by `ca` with the first entry. */
xca_error_t *xca_audit_make(xca_audit_t **audit, xca_store_t *store, const xca_ca_t *ca, const xca_key_t *key,
                            const char *head_file, apr_pool_t *pool) XCA_MUST_USE;

/* The certificates of all keys that the CA has had, one of which has certified the log's key; must stay. Without it: that of `ca` alone. */
void xca_audit_trust(xca_audit_t *audit, const xca_bytes_t *cas, int count);
const xca_bytes_t *xca_audit_trusted(const xca_audit_t *audit, int *count);

/* Writes the event, unless it is there. All errors are XCA_E_UNAVAILABLE, so that the work that waits for it is tried again:
 * those of the directory, "audit.unwritable" (the directory refuses it), "audit.broken" (what is there is not a log that this signer
 * may go on with), "audit.truncated" (entries that were written are gone). */
xca_error_t *xca_audit_append(xca_audit_t *audit, const xca_audit_event_t *event, apr_time_t now,
                              apr_pool_t *pool) XCA_MUST_USE;

/* *number: of the last entry; 0: there is none. Errors as of xca_audit_append(). */
xca_error_t *xca_audit_number(apr_int64_t *number, xca_audit_t *audit, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if an entry could not be written within the last 20 seconds, by the real clock. */
int xca_audit_is_stuck(const xca_audit_t *audit);

#endif
