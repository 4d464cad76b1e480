/* Counters of answers that all processes of one httpd share: memory that the parent makes and its children inherit. Adding
 * takes no lock. A graceful restart begins anew, as Prometheus expects of a counter. */
#ifndef XCA_PORTAL_METER_H
#define XCA_PORTAL_METER_H

#include <apr_time.h>
#include "base/text.h"
#include "base/error.h"

typedef struct xca_meter xca_meter_t;

/* Kinds of work, each with a histogram of its own. */
typedef enum {
    XCA_METER_STATIC,     /* style sheet, scripts, pictures */
    XCA_METER_PAGES,      /* for visitors */
    XCA_METER_OFFICERS,
    XCA_METER_REPOSITORY, /* also over plain HTTP */
    XCA_METER_PROGRAMS,   /* answers in JSON */
    XCA_METER_KIND_COUNT
} xca_meter_kind;

/* What OCSP says of a certificate, or why it says nothing (RFC 6960 sections 2.2 and 2.3). */
typedef enum {
    XCA_METER_OCSP_GOOD,
    XCA_METER_OCSP_REVOKED,
    XCA_METER_OCSP_UNKNOWN,
    XCA_METER_OCSP_TRY_LATER,
    XCA_METER_OCSP_MALFORMED,
    XCA_METER_OCSP_UNAUTHORIZED,
    XCA_METER_OCSP_INTERNAL,
    XCA_METER_OCSP_COUNT
} xca_meter_ocsp;

typedef struct xca_meter_total {
    apr_uint64_t answers, refused /* 4xx */, failed /* 5xx */;
    apr_uint64_t microseconds; /* all answers together */
} xca_meter_total_t;

/* Room for `routes` rows of the route table and one for what has no row. In the parent, before it forks; goes with `pool`.
 * Error: XCA_E_INTERNAL "portal.start". */
xca_error_t *xca_meter_make(xca_meter_t **meter, int routes, apr_pool_t *pool) XCA_MUST_USE;

/* Counts an answer. `route`: row of the route table, -1 for none; `status`: of HTTP; `took`: microseconds. */
void xca_meter_count(xca_meter_t *meter, int route, xca_meter_kind kind, int status, apr_interval_time_t took);

/* Counts what OCSP has said, `times` times. */
void xca_meter_count_ocsp(xca_meter_t *meter, xca_meter_ocsp result, int times);
apr_uint64_t xca_meter_ocsp_results(const xca_meter_t *meter, xca_meter_ocsp result);

/* Answers of a row with a status of HTTP; xca_meter_status() lists the statuses that are told apart, 0 at the end (its
 * place counts all others). */
apr_uint64_t xca_meter_answers(const xca_meter_t *meter, int route, int status);
const int *xca_meter_statuses(void);

/* The histogram of a kind: answers that took at most bounds[i] microseconds (cumulative), and in the end all of them.
 * `counts` has room for as many as xca_meter_bounds() has, the 0 at its end included. Result: the sum in microseconds. */
const apr_interval_time_t *xca_meter_bounds(void);
apr_uint64_t xca_meter_histogram(apr_uint64_t *counts, const xca_meter_t *meter, xca_meter_kind kind);

xca_meter_total_t xca_meter_total(const xca_meter_t *meter);

/* When the memory was made: the start of this generation of children. */
apr_time_t xca_meter_began(const xca_meter_t *meter);

#endif
