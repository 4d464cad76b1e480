#include "directory/case_find.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/case_store.h"
#include "directory/record.h"
#include "domain/codes.h"
#include "domain/names.h"

#define SPAN  500 /* numbers that one question of a walk asks for */
#define SPANS 20
#define NOTHING "(!(objectClass=*))"

static const char *const shown[] = {"xcaCaseNumber", "xcaKind", "xcaState", "xcaRevision", "xcaOrgClass", "xcaRank",
                                    "o",             "xcaUbn",  "xcaOid",   "xcaAssignedOid", "xcaWindow", "xcaFiled",
                                    "xcaCorrected",  "xcaStateChanged", "xcaProblem", "xcaCardNumber", "xcaSheetRows", "xcaRowsDone", NULL};

static const char *equals(const char *attribute, const char *value, apr_pool_t *pool) {
    return value != NULL ? apr_pstrcat(pool, "(", attribute, "=", xca_filter_escape(pool, value), ")", NULL) : "";
}

static const char *states_of(const xca_case_query_t *query, apr_pool_t *pool) {
    const char *filter = "";
    int i;

    if (query->states == NULL) {
        return "";
    }
    for (i = 0; i < query->state_count; i++) {
        filter = apr_pstrcat(pool, filter, "(xcaState=", xca_case_state_id(query->states[i]), ")", NULL);
    }
    return apr_pstrcat(pool, "(|", filter, ")", NULL);
}

/* By its singles and pairs of characters, and then compared as a whole, as with certificates. */
static const char *name_of(const char *keyword, apr_pool_t *pool) {
    const char *folded, *filter = "";
    apr_array_header_t *grams;
    int i;

    if (keyword == NULL) {
        return "";
    }
    folded = xca_name_fold(pool, keyword);
    if (*folded == '\0') {
        return NOTHING;
    }
    grams = xca_keyword_grams(pool, folded);
    for (i = 0; i < grams->nelts; i++) {
        filter = apr_pstrcat(pool, filter, equals("xcaNameGram", APR_ARRAY_IDX(grams, i, const char *), pool), NULL);
    }
    return apr_pstrcat(pool, filter, "(xcaNameKey=*", xca_filter_escape(pool, folded), "*)", NULL);
}

static const char *certs_of(const xca_case_query_t *query, apr_pool_t *pool) {
    const char *filter = equals("xcaCardNumber", query->card_number, pool);
    int i;

    if (query->certs == NULL) {
        return filter;
    }
    for (i = 0; i < query->certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(query->certs, i, const xca_cert_t *);

        filter = apr_pstrcat(pool, filter, equals("xcaTargetSerial", cert->serial, pool), equals("xcaCaseNumber", cert->case_number, pool), NULL);
    }
    return *filter != '\0' ? apr_pstrcat(pool, "(|", filter, ")", NULL) : NOTHING;
}

static const char *filter_of(const xca_case_query_t *query, const char *more, apr_pool_t *pool) {
    const char *oid = equals("xcaOid", query->oid, pool);

    if (query->oid != NULL) {
        oid = apr_pstrcat(pool, "(|", oid, equals("xcaAssignedOid", query->oid, pool), ")", NULL);
    }
    return apr_pstrcat(pool, "(&(objectClass=xcaCase)", more, equals("xcaCaseNumber", query->number, pool),
                       equals("xcaUbn", query->ubn, pool), certs_of(query, pool), oid,
                       name_of(query->name, pool), states_of(query, pool), equals("xcaWindow", query->window, pool),
                       query->kind != XCA_CASE_KIND_COUNT ? equals("xcaKind", xca_case_kind_id(query->kind), pool) : "",
                       query->class != XCA_CLASS_NONE ? equals("xcaOrgClass", xca_class_get(query->class)->id, pool) : "", ")",
                       NULL);
}

static void *make_case(const xca_entry_t *entry, apr_pool_t *pool) {
    return xca_case_of_entry(entry, pool);
}

static xca_error_t *search(apr_array_header_t **cases, int *more, xca_store_t *store, const char *filter, int limit,
                           apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 32, sizeof(void *));
    into.make = make_case;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "cases", pool), XCA_SCOPE_ONE, filter, shown, limit, more,
                          xca_collect, &into, pool);
    *cases = into.list;
    return err;
}

xca_error_t *xca_case_find(apr_array_header_t **cases, int *more, xca_store_t *store, const xca_case_query_t *query, int limit,
                           apr_pool_t *pool) {
    return search(cases, more, store, filter_of(query, "", pool), limit, pool);
}

static xca_error_t *count_one(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    ++*(int *)baton;
    return NULL;
}

xca_error_t *xca_case_count(int *count, int *more, xca_store_t *store, const xca_case_query_t *query, int limit,
                            apr_pool_t *pool) {
    static const char *const nothing[] = {"1.1", NULL};

    *count = 0;
    return xca_ldap_search(store->ldap, xca_branch_dn(store, "cases", pool), XCA_SCOPE_ONE, filter_of(query, "", pool), nothing,
                           limit, more, count_one, count, pool);
}

/* Numbers are given out one after the other; a known organisation's begins otherwise than a new one's. */
static const char *numbers_filter(apr_int64_t from, apr_int64_t below, apr_pool_t *pool) {
    apr_array_header_t *parts = apr_array_make(pool, 2 * SPAN + 2, sizeof(const char *));
    apr_int64_t at;

    APR_ARRAY_PUSH(parts, const char *) = "(|";
    for (at = from; at < below; at++) {
        APR_ARRAY_PUSH(parts, const char *) = equals("xcaCaseNumber", xca_case_number_make(pool, 1, at), pool);
        APR_ARRAY_PUSH(parts, const char *) = equals("xcaCaseNumber", xca_case_number_make(pool, 0, at), pool);
    }
    APR_ARRAY_PUSH(parts, const char *) = ")";
    return apr_array_pstrcat(pool, parts, '\0');
}

static int newest_first(const void *a, const void *b) {
    /* The sequence counts; 0000 and 0400 tell only whether the OID was known. */
    return strcmp((*(xca_case_t *const *)b)->number + 4, (*(xca_case_t *const *)a)->number + 4);
}

/* Behind the "1" that stands before it. */
static apr_int64_t sequence_of(const xca_case_t *kase) {
    return apr_atoi64(kase->number + 5);
}

/* The one that is given out next. */
static xca_error_t *next_number(apr_int64_t *last, xca_store_t *store, apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err =
        xca_ldap_read(&entry, store->ldap, apr_pstrcat(pool, "cn=case,", xca_branch_dn(store, "counters", pool), NULL), NULL, pool);

    if (err == NULL) {
        *last = xca_entry_number(entry, "xcaCounter", 0) + 1;
    }
    return err;
}

xca_error_t *xca_case_walk_back(apr_array_header_t **cases, apr_int64_t *next, xca_store_t *store, const xca_case_query_t *query,
                                apr_int64_t before, int limit, apr_pool_t *pool) {
    apr_array_header_t *all = apr_array_make(pool, limit, sizeof(void *));
    int span, width = limit * 2 < SPAN ? limit * 2 : SPAN;
    xca_error_t *err = before <= 0 ? next_number(&before, store, pool) : NULL;

    for (span = 0; err == NULL && span < SPANS && before > 1 && all->nelts < limit; span++) {
        apr_int64_t from = before > width ? before - width : 1;
        apr_array_header_t *found;
        int i;

        err = search(&found, NULL, store, filter_of(query, numbers_filter(from, before, pool), pool), 0, pool);
        if (err != NULL) {
            break;
        }
        qsort(found->elts, (size_t)found->nelts, sizeof(void *), newest_first);
        before = from;
        for (i = 0; i < found->nelts; i++) {
            if (all->nelts == limit) {
                before = sequence_of(APR_ARRAY_IDX(all, limit - 1, const xca_case_t *));
                break;
            }
            APR_ARRAY_PUSH(all, void *) = APR_ARRAY_IDX(found, i, void *);
        }
        width = SPAN;
    }
    *cases = all;
    *next = before > 1 ? before : 0;
    return err;
}
