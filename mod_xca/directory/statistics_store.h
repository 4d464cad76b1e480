/* ou=statistics: what the signer's census (domain/census.h) has counted, one entry a year and below it one a month, so that no
 * page has to read certificates. Only the signer writes here; everyone may read. */
#ifndef XCA_DIRECTORY_STATISTICS_STORE_H
#define XCA_DIRECTORY_STATISTICS_STORE_H

#include "directory/store.h"
#include "domain/census.h"

typedef struct xca_period {
    const char *name;           /* "2026", "2026-11" */
    apr_array_header_t *counts; /* xca_count_t */
    apr_array_header_t *texts;  /* the counts as they are kept, const char *, in no order */
} xca_period_t;

/* Writes the counts of a period (array of const char *, xca_count_format()); a month needs the entry of its year. */
xca_error_t *xca_statistics_put(xca_store_t *store, const char *period, const apr_array_header_t *counts,
                                apr_pool_t *pool) XCA_MUST_USE;

/* Up to when was counted; expired is what had expired by then. 0: never. */
xca_error_t *xca_statistics_counted_put(xca_store_t *store, apr_time_t when, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_statistics_counted(apr_time_t *when, xca_store_t *store, apr_pool_t *pool) XCA_MUST_USE;

/* The years, ascending, with their counts or by name alone, and when was counted; the months of a year; all years and months.
 * Arrays of xca_period_t *, by name. */
xca_error_t *xca_statistics_years(apr_array_header_t **years, apr_time_t *counted, xca_store_t *store, int with_counts,
                                  apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_statistics_months(apr_array_header_t **months, xca_store_t *store, const char *year,
                                   apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_statistics_all(apr_array_header_t **periods, xca_store_t *store, apr_pool_t *pool) XCA_MUST_USE;

/* Such texts in one, sorted, a line each: to compare. */
char *xca_statistics_text(const apr_array_header_t *counts, apr_pool_t *pool);

#endif
