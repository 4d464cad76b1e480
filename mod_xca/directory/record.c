#include "directory/record.h"

#include <apr_strings.h>
#include "domain/calendar.h"

void xca_entry_add_time(apr_pool_t *pool, xca_entry_t *entry, const char *name, apr_time_t when) {
    if (when != 0) {
        xca_entry_add(pool, entry, name, xca_date_format(pool, when, XCA_DATE_LDAP));
    }
}

void xca_entry_add_number(apr_pool_t *pool, xca_entry_t *entry, const char *name, long number) {
    xca_entry_add(pool, entry, name, apr_ltoa(pool, number));
}

apr_time_t xca_entry_time(const xca_entry_t *entry, const char *name) {
    const char *text = xca_entry_text(entry, name);

    return text != NULL ? xca_date_parse_ldap(text) : 0;
}

void xca_changes_text(xca_changes_t *changes, const char *name, const char *text) {
    xca_changes_add(changes, XCA_CHANGE_REPLACE, name, text != NULL && *text != '\0' ? text : NULL);
}

void xca_changes_time(apr_pool_t *pool, xca_changes_t *changes, const char *name, apr_time_t when) {
    xca_changes_add(changes, XCA_CHANGE_REPLACE, name,
                    when != 0 ? xca_date_format(pool, when, XCA_DATE_LDAP) : NULL);
}

void xca_changes_swap(xca_changes_t *changes, const char *name, const char *from, const char *to) {
    xca_changes_add(changes, XCA_CHANGE_DELETE, name, from);
    xca_changes_add(changes, XCA_CHANGE_ADD, name, to);
}

xca_error_t *xca_store_error(xca_error_t *err, xca_error_kind kind, const char *message) {
    if (err != NULL && err->kind == kind) {
        err->message = message;
    }
    return err;
}

xca_error_t *xca_collect(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    xca_collect_t *into = baton;
    void *record = into->make(entry, into->list->pool);

    if (record != NULL) {
        APR_ARRAY_PUSH(into->list, void *) = record;
    }
    return NULL;
}

static void *make_dn(const xca_entry_t *entry, apr_pool_t *pool) {
    return apr_pstrdup(pool, entry->dn);
}

xca_error_t *xca_expire(xca_store_t *store, const char *branch, const char *filter,
                        apr_pool_t *pool) {
    static const char *const nothing[] = {"1.1", NULL};
    xca_collect_t into;
    int i;
    xca_error_t *err;

    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = make_dn;
    /* A slice at a time: housekeeping comes again. */
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, branch, pool), XCA_SCOPE_ONE, filter,
                          nothing, 1000, NULL, xca_collect, &into, pool);
    for (i = 0; err == NULL && i < into.list->nelts; i++) {
        err = xca_ldap_delete(store->ldap, APR_ARRAY_IDX(into.list, i, const char *), pool);
    }
    return err;
}
