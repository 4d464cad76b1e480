/* ou=certificates and ou=mail. Only the signer writes here. */
#ifndef XCA_DIRECTORY_CERT_STORE_H
#define XCA_DIRECTORY_CERT_STORE_H

#include "directory/store.h"
#include "domain/certificate.h"

char *xca_cert_dn(const xca_store_t *store, const char *serial, apr_pool_t *pool);

/* The serial in such a DN, NULL if it is none. */
const char *xca_cert_serial_in(const char *dn, apr_pool_t *pool);

/* Adds. "ldap.exists" if the serial is taken. */
xca_error_t *xca_cert_add(xca_store_t *store, const xca_cert_t *cert, apr_pool_t *pool) XCA_MUST_USE;

/* "certificate.not-found". What the identity may not see (code_hash for all but the signer) is NULL. */
xca_error_t *xca_cert_read(xca_cert_t **cert, xca_store_t *store, const char *serial,
                           apr_pool_t *pool) XCA_MUST_USE;

/* The five keys of features.md 7; exactly one is used. Array of xca_cert_t *, newest first. */
typedef enum {
    XCA_CERT_BY_NAME,   /* keyword of the organisation's name, folded (domain/names.h) */
    XCA_CERT_BY_OID,
    XCA_CERT_BY_EMAIL,  /* exact */
    XCA_CERT_BY_CARD,
    XCA_CERT_BY_SERIAL,
    XCA_CERT_BY_CASE,
    XCA_CERT_BY_KEY,    /* key_hash */
    XCA_CERT_BY_STATE   /* id of the recorded state */
} xca_cert_key;
/* Reaching `limit` (0: all) is no error, *more (may be NULL) tells. */
xca_error_t *xca_cert_search(apr_array_header_t **certs, int *more, xca_store_t *store, xca_cert_key key,
                             const char *value, int limit, apr_pool_t *pool) XCA_MUST_USE;

/* Those that fit a filter (RFC 4515), newest first, with `attrs` alone (NULL: all); for what has keys of its own (search_store.h). */
xca_error_t *xca_cert_find_by(apr_array_header_t **certs, int *more, xca_store_t *store, const char *filter,
                              const char *const *attrs, int limit, apr_pool_t *pool) XCA_MUST_USE;

/* What all the non-NULL ones ask for; at least one. The name is a keyword as above. */
typedef struct xca_cert_query {
    const char *serial, *card_number, *oid, *email, *name;
    const char *hash; /* SHA-1 or SHA-256 of the certificate, lower-case hexadecimal */
} xca_cert_query_t;
xca_error_t *xca_cert_find(apr_array_header_t **certs, int *more, xca_store_t *store,
                           const xca_cert_query_t *query, int limit, apr_pool_t *pool) XCA_MUST_USE;

/* Changes state and all that goes with it (dates, reason, reason_note, published, code_tries) from `old` to
 * `changed`: compare-and-swap on the old state: "certificate.changed". */
xca_error_t *xca_cert_update(xca_store_t *store, const xca_cert_t *old, const xca_cert_t *changed,
                             apr_pool_t *pool) XCA_MUST_USE;

/* Adds 1 to the wrong tries; *tries the new count. Sets them to 0. */
xca_error_t *xca_cert_code_wrong(int *tries, xca_store_t *store, const char *serial,
                                 apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_cert_code_right(xca_store_t *store, const char *serial, apr_pool_t *pool) XCA_MUST_USE;

/* A new user code (its scrypt text) in place of the one that `cert` was read with, with all tries. `once`: good for nothing but
 * choosing another one. `nonce`: of the request that asks for it, or NULL. "certificate.changed" if someone was faster. */
xca_error_t *xca_cert_code_set(xca_store_t *store, const xca_cert_t *cert, const char *hash, int once,
                               const char *nonce, apr_pool_t *pool) XCA_MUST_USE;

/* Changes whom notices about it go to. */
xca_error_t *xca_cert_contact(xca_store_t *store, const char *serial, const char *contact_email,
                              apr_pool_t *pool) XCA_MUST_USE;

/* Pending ones whose notBefore is before `before` (the 90-day rule); cards' ones have a rule of
 * their own (card_store.h). */
xca_error_t *xca_cert_pending_since(apr_array_header_t **certs, xca_store_t *store, apr_time_t before,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* Records that the certificate will be revoked at `on` (and why); one that is revoked, or has such a day already, stays as it
 * is. */
xca_error_t *xca_cert_ends(xca_store_t *store, const char *serial, apr_time_t on, const char *why,
                           apr_pool_t *pool) XCA_MUST_USE;

/* Takes the day off: all that it brings about is done. */
xca_error_t *xca_cert_ended(xca_store_t *store, const char *serial, apr_pool_t *pool) XCA_MUST_USE;

/* Those whose day has come by `by`, at most `limit`; array of xca_cert_t *. Also revoked ones: something may be left to do. */
xca_error_t *xca_cert_ending(apr_array_header_t **certs, xca_store_t *store, apr_time_t by, int limit,
                             apr_pool_t *pool) XCA_MUST_USE;

/* For following what belongs on lists by Content Sync: the certificates that are suspended or revoked and were valid at `since` or
 * later, and those resumed since then; and what is needed of them. */
const char *xca_cert_listed_filter(apr_time_t since, apr_pool_t *pool);
extern const char *const xca_cert_listed_attrs[];

/* Some certificate of a generation of the CA's key that is valid at `since` or later, whatever its state (serial, state and notAfter only);
 * NULL if there is none. */
xca_error_t *xca_cert_good_of(xca_cert_t **cert, xca_store_t *store, int generation, apr_time_t since,
                              apr_pool_t *pool) XCA_MUST_USE;

/* Calls with every certificate (serial, state, class, county, validity, time of revocation only), for statistics; filter and
 * attributes are those of whoever follows them by Content Sync. */
#define XCA_CERT_FILTER "(objectClass=xcaCertificate)"
extern const char *const xca_cert_counted_attrs[];
typedef xca_error_t *xca_on_cert(void *baton, const xca_cert_t *cert, apr_pool_t *scratch);
/* What a status is made of (domain/status_table.h), for xca_cert_of_entry(). */
extern const char *const xca_cert_status_attrs[];
xca_error_t *xca_cert_walk(xca_store_t *store, xca_on_cert *on_cert, void *baton, apr_pool_t *pool) XCA_MUST_USE;

/* ou=mail: makes the entry of (email, use) hold just the newest valid (accepted, not suspended, revoked, expired) certificate
 * of that address and use, or removes it if there is none. Can be repeated. */
xca_error_t *xca_mail_entry_refresh(xca_store_t *store, const char *email, xca_use use, apr_time_t now,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* Refreshes every entry of ou=mail whose certificate has expired by `now`. */
xca_error_t *xca_mail_expire(xca_store_t *store, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
