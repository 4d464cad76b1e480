/* ou=statistics: class xcaStatisticsEntry: xcaPeriod (RDN), xcaCount (one value a class and county), xcaCounted.
 *   xcaPeriod=2026 a year, below it xcaPeriod=2026-11 its months; xcaPeriod=all has xcaCounted alone. */
#include "directory/statistics_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/record.h"

#define ALL         "all"
#define YEAR_DIGITS 4

static char *period_dn(const xca_store_t *store, const char *period, apr_pool_t *pool) {
    const char *branch = xca_branch_dn(store, "statistics", pool);

    if (strlen(period) > YEAR_DIGITS) {
        branch = apr_pstrcat(pool, "xcaPeriod=", apr_pstrndup(pool, period, YEAR_DIGITS), ",", branch, NULL);
    }
    return apr_pstrcat(pool, "xcaPeriod=", xca_dn_escape(pool, period), ",", branch, NULL);
}

/* The entry as it shall be: replaced as a whole, or added. */
static xca_error_t *put(xca_store_t *store, const char *period, const apr_array_header_t *counts, apr_time_t when,
                        apr_pool_t *pool) {
    const char *dn = period_dn(store, period, pool);
    xca_changes_t *changes = xca_changes_make(pool);
    xca_entry_t *entry;
    int i;
    xca_error_t *err;

    if (counts != NULL) {
        xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaCount",
                        counts->nelts > 0 ? APR_ARRAY_IDX(counts, 0, const char *) : NULL);
    }
    for (i = 1; counts != NULL && i < counts->nelts; i++) {
        xca_changes_more(changes, APR_ARRAY_IDX(counts, i, const char *));
    }
    if (when != 0) {
        xca_changes_time(pool, changes, "xcaCounted", when);
    }
    err = xca_ldap_modify(store->ldap, dn, changes, NULL, NULL, NULL, pool);
    if (err == NULL || err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    entry = xca_entry_make(pool, dn);
    xca_entry_add(pool, entry, "objectClass", "xcaStatisticsEntry");
    xca_entry_add(pool, entry, "xcaPeriod", period);
    for (i = 0; counts != NULL && i < counts->nelts; i++) {
        xca_entry_add(pool, entry, "xcaCount", APR_ARRAY_IDX(counts, i, const char *));
    }
    xca_entry_add_time(pool, entry, "xcaCounted", when);
    return xca_ldap_add(store->ldap, entry, pool);
}

xca_error_t *xca_statistics_put(xca_store_t *store, const char *period, const apr_array_header_t *counts,
                                apr_pool_t *pool) {
    return put(store, period, counts, 0, pool);
}

xca_error_t *xca_statistics_counted_put(xca_store_t *store, apr_time_t when, apr_pool_t *pool) {
    return put(store, ALL, NULL, when, pool);
}

char *xca_statistics_text(const apr_array_header_t *counts, apr_pool_t *pool) {
    apr_array_header_t *sorted = apr_array_copy(pool, counts);

    qsort(sorted->elts, (size_t)sorted->nelts, sizeof(const char *), xca_text_order);
    return apr_array_pstrcat(pool, sorted, '\n');
}

void *xca_period_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    const xca_attr_t *attr = xca_entry_attr(entry, "xcaCount");
    const char *name = xca_entry_text(entry, "xcaPeriod");
    xca_period_t *period;
    int i, count = attr != NULL ? attr->count : 0;

    if (name == NULL) {
        return NULL;
    }
    period = apr_pcalloc(pool, sizeof(*period));
    period->name = apr_pstrdup(pool, name);
    period->counts = apr_array_make(pool, count + 1, sizeof(xca_count_t));
    period->texts = apr_array_make(pool, count + 1, sizeof(const char *));
    for (i = 0; i < count; i++) {
        const char *text = apr_pstrmemdup(pool, (const char *)attr->values[i].data, attr->values[i].length);
        xca_count_t *made = apr_array_push(period->counts);

        APR_ARRAY_PUSH(period->texts, const char *) = text;
        if (!xca_count_parse(made, text, pool)) {
            (void)apr_array_pop(period->counts);
        }
    }
    return period;
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(xca_period_t *const *)a)->name, (*(xca_period_t *const *)b)->name);
}

typedef struct {
    xca_collect_t periods;
    apr_time_t counted;
} reading_t;

static xca_error_t *read_one(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    reading_t *reading = baton;
    const char *name = xca_entry_text(entry, "xcaPeriod");

    if (name != NULL && strcmp(name, ALL) == 0) {
        reading->counted = xca_entry_time(entry, "xcaCounted");
        return NULL;
    }
    return xca_collect(&reading->periods, entry, scratch);
}

static xca_error_t *read_all(apr_array_header_t **periods, apr_time_t *counted, xca_store_t *store, const char *base,
                             xca_scope scope, int with_counts, apr_pool_t *pool) {
    const char *const wanted[] = {"xcaPeriod", "xcaCounted", with_counts ? "xcaCount" : NULL, NULL};
    reading_t reading;
    xca_error_t *err;

    reading.periods.list = apr_array_make(pool, 16, sizeof(void *));
    reading.periods.make = xca_period_of_entry;
    reading.counted = 0;
    err = xca_ldap_search(store->ldap, base, scope, "(objectClass=xcaStatisticsEntry)", wanted, 0, NULL, read_one,
                          &reading, pool);
    if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    qsort(reading.periods.list->elts, (size_t)reading.periods.list->nelts, sizeof(void *), by_name);
    *periods = reading.periods.list;
    if (counted != NULL) {
        *counted = reading.counted;
    }
    return NULL;
}

xca_error_t *xca_statistics_years(apr_array_header_t **years, apr_time_t *counted, xca_store_t *store, int with_counts,
                                  apr_pool_t *pool) {
    return read_all(years, counted, store, xca_branch_dn(store, "statistics", pool), XCA_SCOPE_ONE, with_counts, pool);
}

xca_error_t *xca_statistics_months(apr_array_header_t **months, xca_store_t *store, const char *year,
                                   apr_pool_t *pool) {
    return read_all(months, NULL, store, period_dn(store, year, pool), XCA_SCOPE_ONE, 1, pool);
}

xca_error_t *xca_statistics_all(apr_array_header_t **periods, xca_store_t *store, apr_pool_t *pool) {
    return read_all(periods, NULL, store, xca_branch_dn(store, "statistics", pool), XCA_SCOPE_SUBTREE, 1, pool);
}

xca_error_t *xca_statistics_counted(apr_time_t *when, xca_store_t *store, apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaCounted", NULL};
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, period_dn(store, ALL, pool), wanted, pool);

    *when = err == NULL ? xca_entry_time(entry, "xcaCounted") : 0;
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}
