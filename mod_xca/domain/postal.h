/* County → district → postal code (Chunghwa Post's three-digit list). Read once at start from
 * htdocs/data/postal3.csv; read-only afterwards. */
#ifndef XCA_DOMAIN_POSTAL_H
#define XCA_DOMAIN_POSTAL_H

#include <apr_tables.h>
#include "base/error.h"

typedef struct xca_district {
    const char *zip, *county, *district, *county_en, *district_en;
} xca_district_t;

typedef struct xca_postal xca_postal_t;

/* Builds the table from the CSV's text. Errors: "csv.row" (arg: line). */
xca_error_t *xca_postal_make(xca_postal_t **postal, const char *csv, apr_size_t length,
                             apr_pool_t *pool) XCA_MUST_USE;

/* All counties in the list's order: array of const xca_district_t * (the first of each county). */
const apr_array_header_t *xca_postal_counties(const xca_postal_t *postal);

/* The districts of a county, array of const xca_district_t *; empty if there is no such county. */
const apr_array_header_t *xca_postal_districts(const xca_postal_t *postal, const char *county);

/* The row of county and district (台/臺 the same), or NULL. */
const xca_district_t *xca_postal_find(const xca_postal_t *postal, const char *county,
                                      const char *district);

/* The first row of the county whose name `text` is or starts with, also under its former name (台北縣 is
 * 新北市, 桃園縣 is 桃園市); NULL if it starts with none. */
const xca_district_t *xca_postal_county(const xca_postal_t *postal, const char *text);

/* Takes county and district from the start of an address ("臺北市大安區..."; also a leading postal code),
 * or NULL where it cannot be told. */
const xca_district_t *xca_postal_of_address(const xca_postal_t *postal, const char *address,
                                            const char *zip, apr_pool_t *pool);

#endif
