/* The directory as the rest of the system sees it: one store, a suffix, and DNs as pure functions.
 * design.md "Directory information tree". Mapping files turn records of domain/ into entries and
 * back; the class and its attributes stand as a table at the top of each. */
#ifndef XCA_DIRECTORY_STORE_H
#define XCA_DIRECTORY_STORE_H

#include "outside/ldap.h"

typedef struct xca_store {
    xca_ldap_t *ldap;
    const char *suffix;    /* "c=TW" */
    const char *base;      /* "ou=XCA,c=TW" */
    const char *ca_dn;     /* "ou=組織及團體憑證管理中心,o=行政院,c=TW" */
    apr_uint64_t audit_seen; /* atomic: a number that an entry of the audit log had; looking for the last one begins there */
} xca_store_t;

/* Makes a store on `ldap`; no connection is made. `ca_dn` is the issuer's DN, under the suffix. */
xca_store_t *xca_store_make(xca_ldap_t *ldap, const char *suffix, const char *ca_dn,
                            apr_pool_t *pool);

/* "ou=cases,ou=XCA,c=TW" and so on; `branch` is the value of ou. */
char *xca_branch_dn(const xca_store_t *store, const char *branch, apr_pool_t *pool);

/* Makes the fixed entries that are missing (suffix, CA entry, branches, first arcs 2.16.886.*, counters);
 * again = no change. For xca-admin; needs the admin identity. */
xca_error_t *xca_store_prepare(xca_store_t *store, apr_pool_t *pool) XCA_MUST_USE;

/* Adds 1 to the counter `name` ("case", "crl", "card") and gives the new value (RFC 4525, 4527). */
xca_error_t *xca_counter_next(apr_int64_t *value, xca_store_t *store, const char *name,
                              apr_pool_t *pool) XCA_MUST_USE;

#endif
