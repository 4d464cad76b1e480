/* Statistics of certificates: how many were issued in a month, by class and county, and what has become of them. The census
 * knows every certificate by a few bytes; told of one again, it takes back what it had counted of it, so that each is counted once
 * however often it is told. No I/O; the time is an input. */
#ifndef XCA_DOMAIN_CENSUS_H
#define XCA_DOMAIN_CENSUS_H

#include <apr_tables.h>
#include "domain/certificate.h"

/* The first six are about the certificates that were issued in the period: all of them, and what they are now (the five add up
 * to the first). The last two are what happened in the period, to certificates of whatever age. */
typedef enum {
    XCA_TALLY_ISSUED,
    XCA_TALLY_PENDING,
    XCA_TALLY_VALID,
    XCA_TALLY_SUSPENDED,
    XCA_TALLY_REVOKED,
    XCA_TALLY_EXPIRED,
    XCA_TALLY_REVOCATIONS,
    XCA_TALLY_EXPIRIES,
    XCA_TALLY_COUNT
} xca_tally;

const char *xca_tally_id(xca_tally tally); /* "issued", "pending", ... "revocations", "expiries" */

/* What is counted of one class and county in one period. */
typedef struct xca_count {
    xca_class class;
    const char *county; /* NULL: a national body */
    apr_int64_t of[XCA_TALLY_COUNT];
} xca_count_t;

void xca_count_add(xca_count_t *sum, const xca_count_t *part);

/* As the directory keeps it: "foundation 12 1 9 1 1 0 2 0 臺北市". */
char *xca_count_format(apr_pool_t *pool, const xca_count_t *count);
/* Reads that; 0 if it is not of this form. */
int xca_count_parse(xca_count_t *count, const char *text, apr_pool_t *pool);

typedef struct xca_census xca_census_t;

/* The memory grows with the certificates (80 bytes each) and goes with the pool. */
xca_census_t *xca_census_make(apr_pool_t *pool);

/* Counts the certificate (serial, state, class, county and dates are looked at) as it is at `now`, in place of what was
 * counted of it before. */
void xca_census_take(xca_census_t *census, const xca_cert_t *cert, apr_time_t now);

/* It is no more. */
void xca_census_drop(xca_census_t *census, const char *serial);

/* Those that have expired by now. Costs nothing until the first of them does. */
void xca_census_pass(xca_census_t *census, apr_time_t now);

/* How many there are. */
apr_int64_t xca_census_size(const xca_census_t *census);

/* Months in which something is counted, ascending; array of int (domain/calendar.h). */
apr_array_header_t *xca_census_months(const xca_census_t *census, apr_pool_t *pool);
/* The counts of a month, or of a year (its twelve months together), as texts in their order, array of const char *. Cells in
 * which nothing is counted are left out. */
apr_array_header_t *xca_census_month(const xca_census_t *census, int month, apr_pool_t *pool);
apr_array_header_t *xca_census_year(const xca_census_t *census, int year, apr_pool_t *pool);

/* Non-zero once for every month that has changed since it was asked for last. */
int xca_census_month_changed(xca_census_t *census, int month);

#endif
