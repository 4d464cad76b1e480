#include "operations/statistics.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "directory/cert_store.h"
#include "domain/calendar.h"

typedef struct {
    xca_census_t *census;
    apr_time_t now;
} recount_t;

static xca_error_t *take(void *baton, const xca_cert_t *cert, apr_pool_t *scratch) {
    recount_t *recount = baton;

    (void)scratch;
    xca_census_take(recount->census, cert, recount->now);
    return NULL;
}

xca_error_t *xca_statistics_recount(xca_census_t **census, xca_store_t *store, apr_time_t now, apr_pool_t *pool) {
    recount_t recount;

    recount.census = *census = xca_census_make(pool);
    recount.now = now;
    return xca_cert_walk(store, take, &recount, pool);
}

/* Compares one period and takes it off what the directory has. */
static void compare_one(apr_array_header_t *differing, apr_hash_t *there, const char *name,
                        const apr_array_header_t *counts, apr_pool_t *pool) {
    const char *text = apr_hash_get(there, name, APR_HASH_KEY_STRING);

    if (strcmp(text != NULL ? text : "", xca_statistics_text(counts, pool)) != 0) {
        APR_ARRAY_PUSH(differing, const char *) = name;
    }
    apr_hash_set(there, name, APR_HASH_KEY_STRING, NULL);
}

xca_error_t *xca_statistics_compare(apr_array_header_t **periods, xca_store_t *store, const xca_census_t *census,
                                    apr_pool_t *pool) {
    apr_array_header_t *kept, *months = xca_census_months(census, pool);
    apr_array_header_t *differing = apr_array_make(pool, 8, sizeof(const char *));
    apr_hash_t *there = apr_hash_make(pool);
    apr_hash_index_t *at;
    int i, last_year = -1;
    xca_error_t *err = xca_statistics_all(&kept, store, pool);

    for (i = 0; err == NULL && i < kept->nelts; i++) {
        const xca_period_t *period = APR_ARRAY_IDX(kept, i, const xca_period_t *);

        apr_hash_set(there, period->name, APR_HASH_KEY_STRING, xca_statistics_text(period->texts, pool));
    }
    for (i = 0; err == NULL && i < months->nelts; i++) {
        int month = APR_ARRAY_IDX(months, i, int), year = month / 12;

        if (year != last_year) {
            compare_one(differing, there, apr_psprintf(pool, "%04d", year), xca_census_year(census, year, pool), pool);
            last_year = year;
        }
        compare_one(differing, there, xca_month_format(pool, month), xca_census_month(census, month, pool), pool);
    }
    for (at = err == NULL ? apr_hash_first(pool, there) : NULL; at != NULL; at = apr_hash_next(at)) {
        const void *name;
        void *text;

        apr_hash_this(at, &name, NULL, &text);
        if (*(const char *)text != '\0') {
            APR_ARRAY_PUSH(differing, const char *) = name;
        }
    }
    *periods = differing;
    return err;
}
