#include "operations/signer_statistics.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/cert_store.h"
#include "directory/expiry_store.h"
#include "directory/mappings.h"
#include "domain/calendar.h"
#include "operations/statistics.h"

#define READING_SLICE apr_time_from_msec(100)
#define FOLLOW_ANEW   apr_time_from_sec(86400) /* a safety net: all are looked at again once a day */
#define COUNTED_EVERY apr_time_from_sec(60)

struct xca_follower {
    xca_signer_t *signer;
    const xca_ldap_config_t *config;
    apr_pool_t *pool, *sync_pool;
    xca_ldap_sync_t *sync; /* NULL: not following */
    apr_time_t sync_until; /* by the real clock */
    xca_census_t *census;
    int complete;          /* the census has seen all certificates */
    int compare;           /* the next write compares everything */
    apr_time_t now;        /* of the present poll */
    apr_time_t counted;    /* as the directory has it */
};

xca_follower_t *xca_follower_make(xca_signer_t *signer, const xca_ldap_config_t *config, apr_pool_t *pool) {
    xca_follower_t *follower = apr_pcalloc(pool, sizeof(*follower));

    follower->signer = signer;
    follower->config = config;
    follower->pool = pool;
    follower->census = xca_census_make(pool);
    follower->compare = 1;
    return follower;
}

int xca_follower_is_reading(const xca_follower_t *follower) {
    return !follower->complete;
}

static xca_error_t *on_change(void *baton, const char *dn, const xca_entry_t *entry, apr_pool_t *scratch) {
    xca_follower_t *follower = baton;
    const xca_cert_t *cert;
    const char *serial;

    if (dn == NULL) {
        if (!follower->complete) {
            xca_log(XCA_LOG_INFO, "statistics: %" APR_INT64_T_FMT " certificates counted",
                    xca_census_size(follower->census));
        }
        follower->complete = 1;
        return NULL;
    }
    if (entry == NULL) {
        serial = xca_cert_serial_in(dn, scratch);
        if (serial != NULL) {
            xca_census_drop(follower->census, serial);
        }
        return NULL;
    }
    cert = xca_cert_of_entry(entry, scratch);
    if (cert != NULL) {
        xca_census_take(follower->census, cert, follower->now);
    }
    if (cert != NULL && cert->expires == NULL && cert->not_after != 0) {
        /* recorded by a version that did not know the day's index */
        return xca_cert_put_day(follower->signer->office->store, cert->serial,
                                xca_date_format(scratch, cert->not_after, XCA_DATE_ISO), scratch);
    }
    return NULL;
}

static void stop_following(xca_follower_t *follower) {
    xca_ldap_sync_stop(follower->sync);
    follower->sync = NULL;
    if (follower->sync_pool != NULL) {
        apr_pool_destroy(follower->sync_pool);
        follower->sync_pool = NULL;
    }
}

static xca_error_t *start_following(xca_follower_t *follower) {
    const xca_store_t *store = follower->signer->office->store;

    apr_pool_create(&follower->sync_pool, follower->pool);
    follower->sync_until = apr_time_now() + FOLLOW_ANEW;
    return xca_ldap_sync_start(&follower->sync, follower->config,
                               xca_branch_dn(store, "certificates", follower->sync_pool), XCA_CERT_FILTER,
                               xca_cert_counted_attrs, on_change, follower, follower->sync_pool);
}

xca_error_t *xca_follower_poll(xca_follower_t *follower, apr_time_t now, apr_pool_t *pool) {
    apr_time_t until = apr_time_now() + READING_SLICE;
    apr_pool_t *scratch;
    xca_error_t *err = NULL;

    follower->now = now;
    if (follower->sync != NULL && apr_time_now() > follower->sync_until) {
        stop_following(follower);
    }
    if (follower->sync == NULL) {
        err = start_following(follower);
    }
    apr_pool_create(&scratch, follower->pool);
    do {
        if (err == NULL) {
            err = xca_ldap_sync_poll(follower->sync, follower->complete ? 0 : apr_time_from_msec(5), scratch);
        }
    } while (err == NULL && !follower->complete && apr_time_now() < until);
    if (err != NULL) {
        xca_log_error("following the certificates", err);
        err = xca_error_make(pool, err->kind, err->message, NULL); /* the other goes with its pool */
        stop_following(follower);
    }
    apr_pool_destroy(scratch);
    return err;
}

static xca_error_t *put_year(xca_store_t *store, const xca_census_t *census, int year, apr_pool_t *pool) {
    return xca_statistics_put(store, apr_psprintf(pool, "%04d", year), xca_census_year(census, year, pool), pool);
}

/* Years first: a month stands below its year. */
static xca_error_t *write_changed(int *written, xca_store_t *store, xca_census_t *census, apr_pool_t *pool) {
    apr_array_header_t *months = xca_census_months(census, pool);
    int i, last_year = -1;
    xca_error_t *err = NULL;

    for (i = 0; err == NULL && i < months->nelts; i++) {
        int month = APR_ARRAY_IDX(months, i, int);

        if (!xca_census_month_changed(census, month)) {
            continue;
        }
        if (month / 12 != last_year) {
            last_year = month / 12;
            err = put_year(store, census, last_year, pool);
        }
        if (err == NULL) {
            err = xca_statistics_put(store, xca_month_format(pool, month), xca_census_month(census, month, pool), pool);
        }
        *written += 1;
    }
    return err;
}

static xca_error_t *put_period(xca_store_t *store, const xca_census_t *census, const char *name, apr_pool_t *pool) {
    int month = xca_month_parse(name);

    return month >= 0 ? xca_statistics_put(store, name, xca_census_month(census, month, pool), pool)
                      : put_year(store, census, (int)strtol(name, NULL, 10), pool);
}

/* Everything that differs; also what is counted in the directory and no more here. */
static xca_error_t *write_differing(int *written, xca_store_t *store, xca_census_t *census, apr_pool_t *pool) {
    apr_array_header_t *periods, *months = xca_census_months(census, pool);
    int i;
    xca_error_t *err;

    for (i = 0; i < months->nelts; i++) {
        (void)xca_census_month_changed(census, APR_ARRAY_IDX(months, i, int));
    }
    err = xca_statistics_compare(&periods, store, census, pool);
    for (i = 0; err == NULL && i < periods->nelts; i++) {
        err = put_period(store, census, APR_ARRAY_IDX(periods, i, const char *), pool);
        *written += 1;
    }
    return err;
}

xca_error_t *xca_follower_write(xca_follower_t *follower, int compare, apr_time_t now, apr_pool_t *pool) {
    xca_store_t *store = follower->signer->office->store;
    int written = 0;
    xca_error_t *err;

    if (!follower->complete) {
        return NULL;
    }
    xca_census_pass(follower->census, now);
    follower->compare |= compare;
    err = follower->compare ? write_differing(&written, store, follower->census, pool)
                            : write_changed(&written, store, follower->census, pool);
    if (err == NULL && (written > 0 || now >= follower->counted + COUNTED_EVERY || now < follower->counted)) {
        err = xca_statistics_counted_put(store, now, pool);
        follower->counted = now;
    }
    follower->compare = err != NULL; /* what was not written is found by comparing */
    return err;
}

xca_error_t *xca_signer_statistics(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    xca_store_t *store = signer->office->store;
    xca_census_t *census;
    int written = 0;
    xca_error_t *err = xca_statistics_recount(&census, store, now, pool);

    if (err == NULL) {
        err = write_differing(&written, store, census, pool);
    }
    return err == NULL ? xca_statistics_counted_put(store, now, pool) : err;
}
