/* Cases as officers look for them. What is asked for is found by indexes; no question reads all cases. */
#ifndef XCA_DIRECTORY_CASE_FIND_H
#define XCA_DIRECTORY_CASE_FIND_H

#include "directory/store.h"
#include "domain/case.h"
#include "domain/certificate.h"

/* What the given ones ask for, all of it. */
typedef struct xca_case_query {
    const char *window;           /* id, or NULL for all                       */
    const xca_case_state *states; /* any of them; NULL for all                 */
    int state_count;
    xca_case_kind kind;           /* XCA_CASE_KIND_COUNT for all               */
    xca_class class;              /* XCA_CLASS_NONE for all                    */
    const char *number;           /* 25 digits, or NULL                        */
    const char *name;             /* keyword of the organisation's name        */
    const char *ubn, *oid;        /* whole, or NULL                            */
    const char *card_number;      /* of the cases that the card was made for; with certs: or what those find */
    const apr_array_header_t *certs; /* xca_cert_t *: the cases about one of them, or that one was issued for; NULL for all */
} xca_case_query_t;

/* At most `limit` (0: all) in the order in which they were added, which is that of filing; *more tells whether there are others. Array of
 * xca_case_t * with what lists show: number, kind, state, class, rank, org_name, ubn, oid, window, dates, revision, problem. */
xca_error_t *xca_case_find(apr_array_header_t **cases, int *more, xca_store_t *store, const xca_case_query_t *query, int limit,
                           apr_pool_t *pool) XCA_MUST_USE;

/* How many there are, at most `limit`; *more as above. */
xca_error_t *xca_case_count(int *count, int *more, xca_store_t *store, const xca_case_query_t *query, int limit,
                            apr_pool_t *pool) XCA_MUST_USE;

/* The newest `limit` ones whose sequence number is below `before` (0: from the newest case on), newest first: for what is too much for
 * xca_case_find(). *next: where to go on, 0 at the end. Looks at 10,000 numbers at most, so that there may be fewer, and yet more
 * to come. */
xca_error_t *xca_case_walk_back(apr_array_header_t **cases, apr_int64_t *next, xca_store_t *store, const xca_case_query_t *query,
                                apr_int64_t before, int limit, apr_pool_t *pool) XCA_MUST_USE;

#endif
