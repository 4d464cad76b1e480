/* statistics: what is counted of certificates, a line a year, class and county; --check counts anew and compares. */
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "domain/calendar.h"
#include "operations/statistics.h"

#define CHECKS 3                    /* a certificate may change between counting and reading */
#define WAIT   apr_time_from_sec(5) /* and is counted by the signer within seconds */

static void print_count(const char *year, const xca_count_t *count) {
    int i;

    printf("%s\t%s\t%s", year, xca_class_get(count->class)->id, count->county != NULL ? count->county : "-");
    for (i = 0; i < XCA_TALLY_COUNT; i++) {
        printf("\t%" APR_INT64_T_FMT, count->of[i]);
    }
    printf("\n");
}

static xca_error_t *print_all(admin_t *admin) {
    apr_array_header_t *years;
    apr_time_t counted;
    int i, j;
    xca_error_t *err = xca_statistics_years(&years, &counted, admin->office->store, 1, admin->pool);

    if (err != NULL) {
        return err;
    }
    printf("year\tclass\tcounty");
    for (i = 0; i < XCA_TALLY_COUNT; i++) {
        printf("\t%s", xca_tally_id((xca_tally)i));
    }
    printf("\n");
    for (i = 0; i < years->nelts; i++) {
        const xca_period_t *year = APR_ARRAY_IDX(years, i, const xca_period_t *);

        for (j = 0; j < year->counts->nelts; j++) {
            print_count(year->name, &APR_ARRAY_IDX(year->counts, j, const xca_count_t));
        }
    }
    if (counted != 0) {
        printf("# counted %s\n", xca_date_format(admin->pool, counted, XCA_DATE_RFC3339));
    }
    return NULL;
}

/* Expired is what had expired when the signer counted last. */
static xca_error_t *compare(apr_array_header_t **differing, apr_int64_t *size, admin_t *admin, apr_pool_t *pool) {
    xca_store_t *store = admin->office->store;
    xca_census_t *census;
    apr_time_t counted;
    xca_error_t *err = xca_statistics_counted(&counted, store, pool);

    if (err == NULL) {
        err = xca_statistics_recount(&census, store, counted, pool);
    }
    if (err == NULL) {
        *size = xca_census_size(census);
        err = xca_statistics_compare(differing, store, census, pool);
    }
    return err;
}

static xca_error_t *check(admin_t *admin) {
    apr_array_header_t *differing = NULL;
    apr_int64_t size = 0;
    int tries;
    xca_error_t *err = NULL;

    for (tries = 0; err == NULL && tries < CHECKS && (differing == NULL || differing->nelts > 0); tries++) {
        if (tries > 0) {
            apr_sleep(WAIT);
        }
        err = compare(&differing, &size, admin, admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    if (differing->nelts > 0) {
        err = xca_error_make(admin->pool, XCA_E_CONFLICT, "statistics.differ", NULL);
        err->arg = apr_array_pstrcat(admin->pool, differing, ' ');
        return err;
    }
    printf("%" APR_INT64_T_FMT " certificates, the statistics agree\n", size);
    return NULL;
}

xca_error_t *command_statistics(admin_t *admin, const arguments_t *arguments) {
    return argument_set(arguments, "check") ? check(admin) : print_all(admin);
}
