/* ou=oid: the OID tree. xcaArc=100000,xcaArc=111,ou=oid,... is 2.16.886.111.100000. */
#ifndef XCA_DIRECTORY_ORG_STORE_H
#define XCA_DIRECTORY_ORG_STORE_H

#include "directory/store.h"
#include "domain/organisation.h"

#define XCA_OID_ROOT "2.16.886"

/* OID to DN and back, pure. NULL if the OID is not below XCA_OID_ROOT (the root itself is ou=oid). */
char *xca_org_dn(const xca_store_t *store, const char *oid, apr_pool_t *pool);
char *xca_org_oid_of_dn(const xca_store_t *store, const char *dn, apr_pool_t *pool);

/* A government agency: an arc with a name below that of the agencies, but not a county or town. It is shown and found, and may not apply here. */
int xca_org_is_agency(const xca_org_t *org);

/* One organisation or arc. "ldap.no-entry" -> "org.not-found". */
xca_error_t *xca_org_read(xca_org_t **org, xca_store_t *store, const char *oid,
                          apr_pool_t *pool) XCA_MUST_USE;

/* The signer's: bars the organisation from new applications from `from` on; an earlier day than the recorded one changes
 * nothing, nor does an organisation that is not there. */
xca_error_t *xca_org_ban(xca_store_t *store, const char *oid, apr_time_t from, apr_pool_t *pool) XCA_MUST_USE;

/* The arcs right below `oid` ("2.16.886" for the top), in numeric order, from the first arc greater than `after`
 * (NULL: from the start), at most `limit`; *more tells whether there are others. Array of xca_org_t *. Works
 * with 100,000 children below one arc. */
xca_error_t *xca_org_children(apr_array_header_t **orgs, int *more, xca_store_t *store,
                              const char *oid, const char *after, int limit,
                              apr_pool_t *pool) XCA_MUST_USE;

/* Search (features.md 1.2): by keyword and/or unified number (NULL or "" = not asked); exact names first, then names
 * that start with the keyword, then the others; at most `limit`. Both folded (domain/names.h). Only
 * organisations (class not none), also abolished and unit ones. No table scan. */
xca_error_t *xca_org_search(apr_array_header_t **orgs, int *more, xca_store_t *store,
                            const char *keyword, const char *ubn, int limit,
                            apr_pool_t *pool) XCA_MUST_USE;

/* The same with government agencies: those of just this name behind the organisations of that name, the others last. */
xca_error_t *xca_org_search_all(apr_array_header_t **orgs, int *more, xca_store_t *store,
                                const char *keyword, const char *ubn, int limit,
                                apr_pool_t *pool) XCA_MUST_USE;

/* The organisation imported from the row with this key, NULL if none. */
xca_error_t *xca_org_by_source_key(xca_org_t **org, xca_store_t *store, const char *key,
                                   apr_pool_t *pool) XCA_MUST_USE;

/* Organisations of just this name (folded), any class, at most `limit`; array of xca_org_t *. */
xca_error_t *xca_org_by_name(apr_array_header_t **orgs, xca_store_t *store, const char *name, int limit,
                             apr_pool_t *pool) XCA_MUST_USE;

/* Adds. Its parents must exist (xca_org_add_path makes missing arcs above it, with empty names). "ldap.exists". */
xca_error_t *xca_org_add(xca_store_t *store, const xca_org_t *org, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_org_add_path(xca_store_t *store, const char *oid, apr_pool_t *pool) XCA_MUST_USE;

/* Adds under `parent` with the next free number from 100000 on and sets org->oid. The number is taken by the
 * add itself, so that none is lost or used twice. */
xca_error_t *xca_org_add_next(xca_store_t *store, xca_org_t *org, const char *parent,
                              apr_pool_t *pool) XCA_MUST_USE;

/* The number that xca_org_add_next() would take: free when this was asked. */
xca_error_t *xca_org_next(const char **oid, xca_store_t *store, const char *parent,
                          apr_pool_t *pool) XCA_MUST_USE;

/* Replaces what differs. */
xca_error_t *xca_org_update(xca_store_t *store, const xca_org_t *old, const xca_org_t *new_record,
                            apr_pool_t *pool) XCA_MUST_USE;

/* Every arc of the tree in the order of the tree (parents first, below one arc by number), for the export. Arcs that others add
 * or change meanwhile are seen or not. Errors: those of the directory, and of on_org, which ends the walk. */
typedef xca_error_t *xca_on_org(void *baton, const xca_org_t *org, apr_pool_t *scratch);
xca_error_t *xca_org_walk(xca_store_t *store, xca_on_org *on_org, void *baton,
                          apr_pool_t *pool) XCA_MUST_USE;

/* The entry as it is added (for LDIF export and slapadd). */
xca_entry_t *xca_org_entry(const xca_store_t *store, const xca_org_t *org, apr_pool_t *pool);

#endif
