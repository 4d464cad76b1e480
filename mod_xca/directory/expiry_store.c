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

#define READ_AT_ONCE 64

static int by_serial(const void *a, const void *b) {
    return strcmp((*(xca_cert_t *const *)a)->serial, (*(xca_cert_t *const *)b)->serial);
}

/* What `make` makes of each entry that matches, in `order`. */
static xca_error_t *find(apr_array_header_t **list, xca_store_t *store, const char *filter, const char *const *wanted,
                         void *(*make)(const xca_entry_t *, apr_pool_t *), int (*order)(const void *, const void *), int limit,
                         apr_pool_t *pool) {
    xca_collect_t into;
    int more;
    xca_error_t *err;

    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = make;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "certificates", pool), XCA_SCOPE_ONE, filter, wanted, limit,
                          &more, xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), order);
        *list = into.list;
    }
    return err;
}

/* The grams of the names and the certificates themselves stay where they are. */
static xca_error_t *find_certs(apr_array_header_t **certs, xca_store_t *store, const char *filter, int limit, apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaSerial",    "xcaState",      "xcaUse",     "xcaOid",         "o",
                                         "xcaOrgClass",  "xcaCardNumber", "xcaCounty",  "xcaContactMail", "xcaCaseNumber",
                                         "xcaNotBefore", "xcaNotAfter",   "xcaNoticed", "xcaNoticesOff",  NULL};

    return find(certs, store, filter, wanted, xca_cert_of_entry, by_serial, limit, pool);
}

static void *make_serial(const xca_entry_t *entry, apr_pool_t *pool) {
    return apr_pstrdup(pool, xca_entry_text(entry, "xcaSerial"));
}

xca_error_t *xca_cert_expiring(apr_array_header_t **serials, xca_store_t *store, const char *day, xca_class class,
                               apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaSerial", NULL};
    const char *of_class = class != XCA_CLASS_NONE ? apr_pstrcat(pool, "(xcaOrgClass=", xca_class_get(class)->id, ")", NULL) : "";
    const char *filter = apr_pstrcat(pool, "(&(xcaExpires=", xca_filter_escape(pool, day), ")", of_class, LEADING,
                                     "(!(xcaState=revoked))(xcaPublished=TRUE))", NULL);

    return find(serials, store, filter, wanted, make_serial, xca_text_order, 0, pool);
}

static int with_serial(const void *serial, const void *cert) {
    return strcmp(*(const char *const *)serial, (*(xca_cert_t *const *)cert)->serial);
}

xca_error_t *xca_cert_read_these(apr_array_header_t **certs, xca_store_t *store, const apr_array_header_t *serials,
                                 apr_pool_t *pool) {
    int at = 0;

    *certs = apr_array_make(pool, serials->nelts > 0 ? serials->nelts : 1, sizeof(xca_cert_t *));
    while (at < serials->nelts) {
        const char *terms = "";
        apr_array_header_t *found;
        int end = at + READ_AT_ONCE < serials->nelts ? at + READ_AT_ONCE : serials->nelts, i;
        xca_error_t *err;

        for (i = at; i < end; i++) {
            terms = apr_pstrcat(pool, terms, "(xcaSerial=", xca_filter_escape(pool, APR_ARRAY_IDX(serials, i, const char *)), ")", NULL);
        }
        err = find_certs(&found, store, apr_pstrcat(pool, "(|", terms, ")", NULL), 0, pool);
        if (err != NULL) {
            return err;
        }
        for (; at < end; at++) {
            xca_cert_t **cert = bsearch(&APR_ARRAY_IDX(serials, at, const char *), found->elts, (size_t)found->nelts, sizeof(void *),
                                        with_serial);

            APR_ARRAY_PUSH(*certs, xca_cert_t *) = cert != NULL ? *cert : NULL;
        }
    }
    return NULL;
}

xca_error_t *xca_cert_unnoticed(apr_array_header_t **certs, xca_store_t *store, const char *day, int stage, int limit,
                         apr_pool_t *pool) {
    return find_certs(certs, store,
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
