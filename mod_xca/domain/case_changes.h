/* What a correction has changed in a case. */
#ifndef XCA_DOMAIN_CASE_CHANGES_H
#define XCA_DOMAIN_CASE_CHANGES_H

#include <apr_tables.h>
#include "domain/case.h"

typedef struct xca_case_change {
    const char *name;           /* of the field: "org_name", "class", "use", "csr" */
    const char *before, *after; /* NULL: there was, there is nothing               */
} xca_case_change_t;

/* The fields in which `kase` differs from the canonical text `earlier` (xca_case_canonical), in the order of that text; array of
 * xca_case_change_t. Number, revision and filing time do not count. A text that is none gives no changes. */
apr_array_header_t *xca_case_changes(apr_pool_t *pool, const char *earlier, const xca_case_t *kase);

#endif
