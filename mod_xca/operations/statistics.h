/* Statistics counted anew from the certificates, to begin with and to check what the directory says. */
#ifndef XCA_OPERATIONS_STATISTICS_H
#define XCA_OPERATIONS_STATISTICS_H

#include "directory/statistics_store.h"

/* Reads every certificate. */
xca_error_t *xca_statistics_recount(xca_census_t **census, xca_store_t *store, apr_time_t now,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* The periods in which ou=statistics says something else than the census, array of const char *, years and months. */
xca_error_t *xca_statistics_compare(apr_array_header_t **periods, xca_store_t *store, const xca_census_t *census,
                                    apr_pool_t *pool) XCA_MUST_USE;

#endif
