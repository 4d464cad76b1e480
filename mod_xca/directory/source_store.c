/* Class xcaSourceEntry: xcaSource (RDN), xcaTries, xcaFiled (when the count began), xcaLockedUntil. */
#include "directory/source_store.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/record.h"
#include "domain/calendar.h"

static char *source_dn(const xca_store_t *store, const char *source, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaSource=", xca_dn_escape(pool, source), ",",
                       xca_branch_dn(store, "sources", pool), NULL);
}

xca_error_t *xca_source_locked(apr_time_t *until, xca_store_t *store, const char *source,
                               apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err =
        xca_ldap_read(&entry, store->ldap, source_dn(store, source, pool), NULL, pool);

    *until = 0;
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    *until = xca_entry_time(entry, "xcaLockedUntil");
    return NULL;
}

static xca_error_t *add(xca_store_t *store, const char *source, apr_time_t now, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, source_dn(store, source, pool));
    xca_error_t *err;

    xca_entry_add(pool, entry, "objectClass", "xcaSourceEntry");
    xca_entry_add(pool, entry, "xcaSource", source);
    xca_entry_add(pool, entry, "xcaTries", "0");
    xca_entry_add_time(pool, entry, "xcaFiled", now);
    err = xca_ldap_add(store->ldap, entry, pool);
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? NULL : err;
}

/* A count that began too long ago begins anew; who comes second at that finds it begun. */
static xca_error_t *begin_anew(xca_store_t *store, const char *source, apr_time_t now,
                               apr_interval_time_t window, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaTries", "0");
    xca_changes_time(pool, changes, "xcaFiled", now);
    xca_changes_text(changes, "xcaLockedUntil", NULL);
    err = xca_ldap_modify(store->ldap, source_dn(store, source, pool), changes,
                          apr_pstrcat(pool, "(xcaFiled<=",
                                      xca_date_format(pool, now - window, XCA_DATE_LDAP), ")", NULL),
                          NULL, NULL, pool);
    return err != NULL && err->kind == XCA_E_CONFLICT ? NULL : err;
}

static xca_error_t *increment(int *tries, xca_store_t *store, const char *source, apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaTries", NULL};
    xca_changes_t *changes = xca_changes_make(pool);
    xca_entry_t *after;
    xca_error_t *err;

    xca_changes_add(changes, XCA_CHANGE_INCREMENT, "xcaTries", "1");
    err = xca_ldap_modify(store->ldap, source_dn(store, source, pool), changes, NULL, wanted, &after,
                          pool);
    if (err == NULL) {
        *tries = (int)xca_entry_number(after, "xcaTries", 1);
    }
    return err;
}

xca_error_t *xca_source_wrong(int *tries, xca_store_t *store, const char *source, apr_time_t now,
                              apr_interval_time_t window, apr_pool_t *pool) {
    xca_error_t *err = begin_anew(store, source, now, window, pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        err = add(store, source, now, pool);
    }
    return err != NULL ? err : increment(tries, store, source, pool);
}

xca_error_t *xca_source_lock(xca_store_t *store, const char *source, apr_time_t until,
                             apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaTries", "0");
    xca_changes_time(pool, changes, "xcaFiled", until);
    xca_changes_time(pool, changes, "xcaLockedUntil", until);
    return xca_ldap_modify(store->ldap, source_dn(store, source, pool), changes, NULL, NULL, NULL,
                           pool);
}

xca_error_t *xca_source_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) {
    return xca_expire(store, "sources",
                      apr_pstrcat(pool, "(&(objectClass=xcaSourceEntry)(xcaFiled<=",
                                  xca_date_format(pool, before, XCA_DATE_LDAP), "))", NULL),
                      pool);
}
