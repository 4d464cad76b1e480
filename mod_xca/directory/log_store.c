/* ou=log: class xcaLogPartEntry: xcaLogPart (RDN), xcaLogNumber, xcaLogData, xcaAuditSignature, xcaLogCertificate. */
#include "directory/log_store.h"

#include <apr_strings.h>
#include "directory/record.h"

#define HEAD "head"

char *xca_log_entries_name(apr_int64_t number, apr_pool_t *pool) {
    return apr_psprintf(pool, "entries-%" APR_INT64_T_FMT, number);
}

char *xca_log_tile_name(int level, apr_int64_t number, apr_pool_t *pool) {
    return apr_psprintf(pool, "tile-%d-%" APR_INT64_T_FMT, level, number);
}

static char *part_dn(const xca_store_t *store, const char *name, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaLogPart=", xca_dn_escape(pool, name), ",", xca_branch_dn(store, "log", pool), NULL);
}

static xca_error_t *add(xca_store_t *store, const char *name, const xca_log_part_t *part, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, part_dn(store, name, pool));

    xca_entry_add(pool, entry, "objectClass", "xcaLogPartEntry");
    xca_entry_add(pool, entry, "xcaLogPart", name);
    xca_entry_add(pool, entry, "xcaLogNumber", apr_psprintf(pool, "%" APR_INT64_T_FMT, part->number));
    xca_entry_add_bytes(pool, entry, "xcaLogData", part->data);
    if (part->signature.length > 0) {
        xca_entry_add_bytes(pool, entry, "xcaAuditSignature", part->signature);
        xca_entry_add_bytes(pool, entry, "xcaLogCertificate", part->certificate);
    }
    return xca_ldap_add(store->ldap, entry, pool);
}

static xca_error_t *replace(xca_store_t *store, const char *name, const xca_log_part_t *part, const char *assertion,
                            apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_text(changes, "xcaLogNumber", apr_psprintf(pool, "%" APR_INT64_T_FMT, part->number));
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaLogData", part->data);
    if (part->signature.length > 0) {
        xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaAuditSignature", part->signature);
        xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaLogCertificate", part->certificate);
    }
    return xca_ldap_modify(store->ldap, part_dn(store, name, pool), changes, assertion, NULL, NULL, pool);
}

xca_error_t *xca_log_put(xca_store_t *store, const char *name, const xca_log_part_t *part, apr_pool_t *pool) {
    xca_error_t *err = replace(store, name, part, NULL, pool);

    return err != NULL && err->kind == XCA_E_NOT_FOUND ? add(store, name, part, pool) : err;
}

xca_error_t *xca_log_head_put(xca_store_t *store, const xca_log_part_t *head, apr_int64_t from, apr_pool_t *pool) {
    return from < 0 ? add(store, HEAD, head, pool)
                    : replace(store, HEAD, head, apr_psprintf(pool, "(xcaLogNumber=%" APR_INT64_T_FMT ")", from), pool);
}

xca_error_t *xca_log_get(xca_log_part_t **part, xca_store_t *store, const char *name, int number_only, apr_pool_t *pool) {
    static const char *const all[] = {"xcaLogNumber", "xcaLogData", "xcaAuditSignature", "xcaLogCertificate", NULL};
    static const char *const number[] = {"xcaLogNumber", NULL};
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, part_dn(store, name, pool), number_only ? number : all, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "log.not-found");
    }
    *part = apr_pcalloc(pool, sizeof(**part));
    (*part)->number = apr_atoi64(xca_entry_text(entry, "xcaLogNumber") != NULL ? xca_entry_text(entry, "xcaLogNumber") : "-1");
    (*part)->data = xca_entry_bytes(entry, "xcaLogData");
    (*part)->signature = xca_entry_bytes(entry, "xcaAuditSignature");
    (*part)->certificate = xca_entry_bytes(entry, "xcaLogCertificate");
    return NULL;
}
