/* ou=officers: class xcaOfficer: uid (RDN), xcaRole, xcaWindow, description (title), xcaPerson,
 * userCertificate;binary, xcaActive, xcaStateChanged.  ou=windows: class xcaWindowEntry: xcaWindow (RDN), o,
 * xcaCounty, xcaTakesClass, xcaAddress, xcaPhone, xcaStateChanged. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/office_store.h"
#include "directory/mappings.h"
#include "directory/record.h"

#define WINDOW_ID_MAX 60 /* as in xca_case_fields */

static char *officer_dn(const xca_store_t *store, const char *uid, apr_pool_t *pool) {
    return apr_pstrcat(pool, "uid=", xca_dn_escape(pool, uid), ",",
                       xca_branch_dn(store, "officers", pool), NULL);
}

static char *window_dn(const xca_store_t *store, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaWindow=", xca_dn_escape(pool, id), ",",
                       xca_branch_dn(store, "windows", pool), NULL);
}

xca_error_t *xca_officer_put(xca_store_t *store, const xca_officer_t *officer, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, officer_dn(store, officer->uid, pool));
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_entry_add(pool, entry, "objectClass", "xcaOfficer");
    xca_entry_add(pool, entry, "uid", officer->uid);
    xca_entry_add(pool, entry, "xcaRole", xca_role_id(officer->role));
    xca_entry_add(pool, entry, "xcaWindow", officer->window);
    xca_entry_add(pool, entry, "description", officer->title);
    xca_entry_add(pool, entry, "xcaPerson", officer->person);
    xca_entry_add(pool, entry, "xcaActive", officer->active ? "TRUE" : "FALSE");
    xca_entry_add_bytes(pool, entry, "userCertificate;binary", officer->certificate);
    xca_entry_add_time(pool, entry, "xcaStateChanged", officer->changed);
    err = xca_ldap_add(store->ldap, entry, pool);
    if (err == NULL || strcmp(err->message, "ldap.exists") != 0) {
        return err;
    }
    xca_changes_text(changes, "xcaRole", xca_role_id(officer->role));
    xca_changes_text(changes, "xcaWindow", officer->window);
    xca_changes_text(changes, "description", officer->title);
    xca_changes_text(changes, "xcaPerson", officer->person);
    xca_changes_text(changes, "xcaActive", officer->active ? "TRUE" : "FALSE");
    xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "userCertificate;binary",
                          officer->certificate);
    xca_changes_time(pool, changes, "xcaStateChanged", officer->changed);
    return xca_ldap_modify(store->ldap, entry->dn, changes, NULL, NULL, NULL, pool);
}

void *xca_officer_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_officer_t *officer = apr_pcalloc(pool, sizeof(*officer));
    const char *role = xca_entry_text(entry, "xcaRole");
    const char *active = xca_entry_text(entry, "xcaActive");
    xca_bytes_t certificate = xca_entry_bytes(entry, "userCertificate;binary");

    if (xca_entry_text(entry, "uid") == NULL || role == NULL) {
        return NULL;
    }
    officer->uid = apr_pstrdup(pool, xca_entry_text(entry, "uid"));
    officer->role = xca_role_by_id(role);
    officer->window = apr_pstrdup(pool, xca_entry_text(entry, "xcaWindow"));
    officer->title = apr_pstrdup(pool, xca_entry_text(entry, "description"));
    officer->person = apr_pstrdup(pool, xca_entry_text(entry, "xcaPerson"));
    officer->active = active != NULL && strcmp(active, "TRUE") == 0;
    officer->changed = xca_entry_time(entry, "xcaStateChanged");
    officer->certificate.length = certificate.length;
    officer->certificate.data =
        certificate.length > 0 ? apr_pmemdup(pool, certificate.data, certificate.length) : NULL;
    return officer;
}

xca_error_t *xca_officer_read(xca_officer_t **officer, xca_store_t *store, const char *uid,
                              apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, officer_dn(store, uid, pool), NULL, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "officer.not-found");
    }
    *officer = xca_officer_of_entry(entry, pool);
    if (*officer == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no officer", entry->dn);
    }
    return NULL;
}

static int by_uid(const void *a, const void *b) {
    return strcmp((*(xca_officer_t *const *)a)->uid, (*(xca_officer_t *const *)b)->uid);
}

xca_error_t *xca_officer_list(apr_array_header_t **officers, xca_store_t *store, apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 64, sizeof(void *));
    into.make = xca_officer_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "officers", pool), XCA_SCOPE_ONE,
                          "(objectClass=xcaOfficer)", NULL, 0, NULL, xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_uid);
        *officers = into.list;
    }
    return err;
}

/* "school|foundation" as one value a class. */
static void add_classes(apr_pool_t *pool, xca_changes_t *changes, xca_entry_t *entry,
                        const char *classes) {
    char *copy = apr_pstrdup(pool, classes != NULL ? classes : "");
    char *state;
    char *class = apr_strtok(copy, "|", &state);
    int first = 1;

    if (class == NULL) {
        xca_changes_text(changes, "xcaTakesClass", NULL);
    }
    for (; class != NULL; class = apr_strtok(NULL, "|", &state)) {
        xca_entry_add(pool, entry, "xcaTakesClass", class);
        if (first) {
            xca_changes_text(changes, "xcaTakesClass", class);
        } else {
            xca_changes_more(changes, class);
        }
        first = 0;
    }
}

xca_error_t *xca_window_put(xca_store_t *store, const xca_window_t *window, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, window_dn(store, window->id, pool));
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_entry_add(pool, entry, "objectClass", "xcaWindowEntry");
    xca_entry_add(pool, entry, "xcaWindow", window->id);
    xca_entry_add(pool, entry, "o", window->name);
    xca_entry_add(pool, entry, "xcaCounty", window->county);
    xca_entry_add(pool, entry, "xcaAddress", window->address);
    xca_entry_add(pool, entry, "xcaPhone", window->phone);
    xca_entry_add_time(pool, entry, "xcaStateChanged", window->changed);
    xca_changes_time(pool, changes, "xcaStateChanged", window->changed);
    xca_changes_text(changes, "o", window->name);
    xca_changes_text(changes, "xcaCounty", window->county);
    xca_changes_text(changes, "xcaAddress", window->address);
    xca_changes_text(changes, "xcaPhone", window->phone);
    add_classes(pool, changes, entry, window->classes);
    err = xca_ldap_add(store->ldap, entry, pool);
    if (err == NULL || strcmp(err->message, "ldap.exists") != 0) {
        return err;
    }
    return xca_ldap_modify(store->ldap, entry->dn, changes, NULL, NULL, NULL, pool);
}

void *xca_window_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_window_t *window = apr_pcalloc(pool, sizeof(*window));
    const xca_attr_t *classes = xca_entry_attr(entry, "xcaTakesClass");
    const char *joined = "";
    int i;

    if (xca_entry_text(entry, "xcaWindow") == NULL || xca_entry_text(entry, "o") == NULL) {
        return NULL;
    }
    window->id = apr_pstrdup(pool, xca_entry_text(entry, "xcaWindow"));
    window->name = apr_pstrdup(pool, xca_entry_text(entry, "o"));
    window->county = apr_pstrdup(pool, xca_entry_text(entry, "xcaCounty"));
    window->address = apr_pstrdup(pool, xca_entry_text(entry, "xcaAddress"));
    window->phone = apr_pstrdup(pool, xca_entry_text(entry, "xcaPhone"));
    window->changed = xca_entry_time(entry, "xcaStateChanged");
    for (i = 0; classes != NULL && i < classes->count; i++) {
        joined = apr_pstrcat(pool, joined, i > 0 ? "|" : "", (const char *)classes->values[i].data,
                             NULL);
    }
    window->classes = joined;
    return window;
}

/* What slapd takes for the value of an id; all else would be no DN to it. */
static int can_be_id(const char *id) {
    apr_size_t length = strlen(id);
    const char *at;

    for (at = id; *at > 0x20 && *at < 0x7f; at++) {
    }
    return *at == '\0' && length > 0 && length <= WINDOW_ID_MAX;
}

xca_error_t *xca_window_read(xca_window_t **window, xca_store_t *store, const char *id,
                             apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err;

    if (!can_be_id(id)) {
        return xca_error_make(pool, XCA_E_NOT_FOUND, "window.not-found", NULL);
    }
    err = xca_ldap_read(&entry, store->ldap, window_dn(store, id, pool), NULL, pool);
    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "window.not-found");
    }
    *window = xca_window_of_entry(entry, pool);
    if (*window == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no window", entry->dn);
    }
    return NULL;
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(xca_window_t *const *)a)->name, (*(xca_window_t *const *)b)->name);
}

xca_error_t *xca_window_list(apr_array_header_t **windows, xca_store_t *store, const char *county,
                             apr_pool_t *pool) {
    const char *filter = "(objectClass=xcaWindowEntry)";
    xca_collect_t into;
    xca_error_t *err;

    if (county != NULL) {
        filter = apr_pstrcat(pool, "(&", filter, "(xcaCounty=", xca_filter_escape(pool, county),
                             "))", NULL);
    }
    into.list = apr_array_make(pool, 64, sizeof(void *));
    into.make = xca_window_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "windows", pool), XCA_SCOPE_ONE, filter,
                          NULL, 0, NULL, xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_name);
        *windows = into.list;
    }
    return err;
}
