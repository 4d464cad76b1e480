/* ou=outbox: class xcaNoticeEntry: xcaNotice (RDN), xcaState, xcaTo, xcaSubject, xcaBody, xcaFiled,
 * xcaTries, xcaNextTry, xcaError. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/office_store.h"
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/calendar.h"

static char *notice_dn(const xca_store_t *store, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaNotice=", xca_dn_escape(pool, id), ",",
                       xca_branch_dn(store, "outbox", pool), NULL);
}

xca_error_t *xca_notice_add(xca_store_t *store, const xca_notice_t *notice, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, notice_dn(store, notice->id, pool));
    xca_bytes_t body;
    xca_error_t *err;

    body.data = (const unsigned char *)notice->body;
    body.length = strlen(notice->body);
    xca_entry_add(pool, entry, "objectClass", "xcaNoticeEntry");
    xca_entry_add(pool, entry, "xcaNotice", notice->id);
    xca_entry_add(pool, entry, "xcaState", notice->state);
    xca_entry_add(pool, entry, "xcaTo", notice->to);
    xca_entry_add(pool, entry, "xcaSubject", notice->subject);
    xca_entry_add_bytes(pool, entry, "xcaBody", body);
    xca_entry_add_time(pool, entry, "xcaFiled", notice->created);
    xca_entry_add_number(pool, entry, "xcaTries", notice->tries);
    xca_entry_add_time(pool, entry, "xcaNextTry", notice->next_try);
    err = xca_ldap_add(store->ldap, entry, pool);
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? NULL : err;
}

void *xca_notice_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_notice_t *notice = apr_pcalloc(pool, sizeof(*notice));

    notice->id = apr_pstrdup(pool, xca_entry_text(entry, "xcaNotice"));
    notice->to = apr_pstrdup(pool, xca_entry_text(entry, "xcaTo"));
    notice->subject = apr_pstrdup(pool, xca_entry_text(entry, "xcaSubject"));
    notice->body = apr_pstrdup(pool, xca_entry_text(entry, "xcaBody"));
    notice->state = apr_pstrdup(pool, xca_entry_text(entry, "xcaState"));
    notice->error = apr_pstrdup(pool, xca_entry_text(entry, "xcaError"));
    notice->tries = (int)xca_entry_number(entry, "xcaTries", 0);
    notice->created = xca_entry_time(entry, "xcaFiled");
    notice->next_try = xca_entry_time(entry, "xcaNextTry");
    if (notice->id == NULL || notice->to == NULL || notice->subject == NULL || notice->state == NULL) {
        return NULL;
    }
    if (notice->body == NULL) {
        notice->body = ""; /* not for the portal */
    }
    return notice;
}

xca_error_t *xca_notice_read(xca_notice_t **notice, xca_store_t *store, const char *id, apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, notice_dn(store, id, pool), NULL, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "notice.not-found");
    }
    *notice = xca_notice_of_entry(entry, pool);
    return *notice != NULL ? NULL : xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no notice", entry->dn);
}

static int oldest_first(const void *a, const void *b) {
    const xca_notice_t *left = *(xca_notice_t *const *)a, *right = *(xca_notice_t *const *)b;

    return left->created != right->created ? (left->created < right->created ? -1 : 1) : strcmp(left->id, right->id);
}

xca_error_t *xca_notice_undelivered(apr_array_header_t **notices, int *more, xca_store_t *store, int limit,
                                    apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = xca_notice_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "outbox", pool), XCA_SCOPE_ONE,
                          "(&(objectClass=xcaNoticeEntry)(|(xcaState=failed)(xcaState=uncertain)))", NULL, limit, more,
                          xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), oldest_first);
        *notices = into.list;
    }
    return err;
}

static xca_error_t *find(apr_array_header_t **notices, xca_store_t *store, const char *filter, int limit, apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = xca_notice_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "outbox", pool), XCA_SCOPE_ONE, filter, NULL, limit, NULL, xca_collect,
                          &into, pool);
    if (err == NULL) {
        *notices = into.list;
    }
    return err;
}

xca_error_t *xca_notice_list(apr_array_header_t **notices, xca_store_t *store, const char *state,
                             int limit, apr_pool_t *pool) {
    return find(notices, store,
                apr_pstrcat(pool, "(&(objectClass=xcaNoticeEntry)(xcaState=", xca_filter_escape(pool, state), "))", NULL), limit,
                pool);
}

xca_error_t *xca_notice_due(apr_array_header_t **notices, xca_store_t *store, apr_time_t by, int limit, apr_pool_t *pool) {
    return find(notices, store,
                apr_pstrcat(pool, "(&(objectClass=xcaNoticeEntry)(xcaState=waiting)(xcaNextTry<=",
                            xca_date_format(pool, by, XCA_DATE_LDAP), "))", NULL),
                limit, pool);
}

xca_error_t *xca_notice_move(xca_store_t *store, const xca_notice_t *notice, const char *to,
                             const char *error, int tries, apr_time_t next_try, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_changes_swap(changes, "xcaState", notice->state, to);
    xca_changes_text(changes, "xcaError", error);
    xca_changes_text(changes, "xcaTries", apr_itoa(pool, tries));
    xca_changes_time(pool, changes, "xcaNextTry", next_try);
    err = xca_ldap_modify(store->ldap, notice_dn(store, notice->id, pool), changes, NULL, NULL,
                          NULL, pool);
    return xca_store_error(err, XCA_E_CONFLICT, "notice.changed");
}
