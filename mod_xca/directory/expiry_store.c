/* The entries of ou=certificates by the day of their end: xcaExpires (an index by day), xcaNoticed, xcaNoticesOff. */
#include "directory/expiry_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/cert_store.h"
#include "directory/mappings.h"
#include "directory/record.h"

/* One a card, and each without a card. */
#define LEADING "(|(!(xcaCardNumber=*))(xcaUse=signature))"

static int by_serial(const void *a, const void *b) {
    return strcmp((*(xca_cert_t *const *)a)->serial, (*(xca_cert_t *const *)b)->serial);
}

/* The grams of the names and the certificates themselves stay where they are. */
static xca_error_t *find(apr_array_header_t **certs, xca_store_t *store, const char *filter, int limit,
                         apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaSerial",    "xcaState",      "xcaUse",     "xcaOid",         "o",
                                         "xcaOrgClass",  "xcaCardNumber", "xcaCounty",  "xcaContactMail", "xcaCaseNumber",
                                         "xcaNotBefore", "xcaNotAfter",   "xcaNoticed", "xcaNoticesOff",  NULL};
    xca_collect_t into;
    int more;
    xca_error_t *err;

    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = xca_cert_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "certificates", pool), XCA_SCOPE_ONE, filter, wanted, limit,
                          &more, xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_serial);
        *certs = into.list;
    }
    return err;
}

xca_error_t *xca_cert_expiring(apr_array_header_t **certs, xca_store_t *store, const char *day, xca_class class,
                             int published, apr_pool_t *pool) {
    return find(certs, store,
                       apr_pstrcat(pool, "(&", "(xcaExpires=", xca_filter_escape(pool, day), ")",
                                   class != XCA_CLASS_NONE ? apr_pstrcat(pool, "(xcaOrgClass=", xca_class_get(class)->id, ")", NULL) : "",
                                   LEADING, "(!(xcaState=revoked))", published ? "(xcaPublished=TRUE)" : "", ")", NULL),
                       0, pool);
}

xca_error_t *xca_cert_unnoticed(apr_array_header_t **certs, xca_store_t *store, const char *day, int stage, int limit,
                         apr_pool_t *pool) {
    return find(certs, store,
                       apr_psprintf(pool, "(&(xcaExpires=%s)" LEADING "(|(xcaState=valid)(xcaState=suspended))(!(xcaNoticed<=%d)))",
                             xca_filter_escape(pool, day), stage),
                       limit, pool);
}

static xca_error_t *change_one(xca_store_t *store, const char *serial, const char *attribute, const char *value,
                               apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_text(changes, attribute, value);
    return xca_ldap_modify(store->ldap, xca_cert_dn(store, serial, pool), changes, NULL, NULL, NULL, pool);
}

xca_error_t *xca_cert_noticed(xca_store_t *store, const char *serial, int stage, apr_pool_t *pool) {
    return change_one(store, serial, "xcaNoticed", apr_itoa(pool, stage), pool);
}

xca_error_t *xca_cert_notices(xca_store_t *store, const char *serial, int off, apr_pool_t *pool) {
    return change_one(store, serial, "xcaNoticesOff", off ? "TRUE" : NULL, pool);
}

xca_error_t *xca_cert_put_day(xca_store_t *store, const char *serial, const char *day, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_add(changes, XCA_CHANGE_ADD, "xcaExpires", day);
    return xca_ldap_modify(store->ldap, xca_cert_dn(store, serial, pool), changes, NULL, NULL, NULL, pool);
}
