#include "portal/meter.h"

#include <stdatomic.h>
#include <string.h>
#include <apr_shm.h>

static const int statuses[] = {200, 202, 204, 206, 301, 302, 303, 304, 308, 400, 401, 403, 404, 405, 406, 409,
                               410, 412, 413, 415, 416, 422, 429, 500, 502, 503, 504, 0};
#define STATUSES ((int)(sizeof(statuses) / sizeof(statuses[0])))

static const apr_interval_time_t bounds[] = {250,   500,    1000,   2500,   5000,    10000,   25000,
                                             50000, 100000, 250000, 500000, 1000000, 5000000, 0};
#define BOUNDS ((int)(sizeof(bounds) / sizeof(bounds[0])))

typedef struct {
    atomic_ullong microseconds;
    atomic_ullong counts[BOUNDS]; /* not cumulative */
} histogram_t;

typedef struct {
    apr_time_t began;
    histogram_t kinds[XCA_METER_KIND_COUNT];
    atomic_ullong ocsp[XCA_METER_OCSP_COUNT];
    atomic_ullong answers[]; /* row by row, the row of none first */
} shared_t;

struct xca_meter {
    apr_shm_t *memory;
    shared_t *shared;
    int routes;
};

xca_error_t *xca_meter_make(xca_meter_t **meter, int routes, apr_pool_t *pool) {
    xca_meter_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_size_t size = sizeof(shared_t) + (apr_size_t)(routes + 1) * STATUSES * sizeof(atomic_ullong);
    apr_status_t status = apr_shm_create(&made->memory, size, NULL, pool);
    char reason[120];

    if (status != APR_SUCCESS) {
        return xca_error_make(pool, XCA_E_INTERNAL, "portal.start", "%" APR_SIZE_T_FMT " bytes: %s", size,
                              apr_strerror(status, reason, sizeof(reason)));
    }
    made->shared = apr_shm_baseaddr_get(made->memory);
    memset(made->shared, 0, size);
    made->shared->began = apr_time_now();
    made->routes = routes;
    *meter = made;
    return NULL;
}

static int place_of_status(int status) {
    int i = 0;

    while (statuses[i] != 0 && statuses[i] != status) {
        i++;
    }
    return i;
}

static int place_of_time(apr_interval_time_t took) {
    int i = 0;

    while (bounds[i] != 0 && took > bounds[i]) {
        i++;
    }
    return i;
}

static int place_of_answer(const xca_meter_t *meter, int route, int status) {
    int row = route >= 0 && route < meter->routes ? route + 1 : 0;

    return row * STATUSES + place_of_status(status);
}

static void add(atomic_ullong *counter, apr_uint64_t more) {
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static apr_uint64_t read_counter(atomic_ullong *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void xca_meter_count(xca_meter_t *meter, int route, xca_meter_kind kind, int status, apr_interval_time_t took) {
    histogram_t *histogram = &meter->shared->kinds[kind];

    took = took > 0 ? took : 0; /* a clock that was set back */
    add(&meter->shared->answers[place_of_answer(meter, route, status)], 1);
    add(&histogram->counts[place_of_time(took)], 1);
    add(&histogram->microseconds, (apr_uint64_t)took);
}

void xca_meter_count_ocsp(xca_meter_t *meter, xca_meter_ocsp result, int times) {
    add(&meter->shared->ocsp[result], (apr_uint64_t)times);
}

apr_uint64_t xca_meter_ocsp_results(const xca_meter_t *meter, xca_meter_ocsp result) {
    return read_counter(&meter->shared->ocsp[result]);
}

apr_uint64_t xca_meter_answers(const xca_meter_t *meter, int route, int status) {
    return read_counter(&meter->shared->answers[place_of_answer(meter, route, status)]);
}

const int *xca_meter_statuses(void) {
    return statuses;
}

const apr_interval_time_t *xca_meter_bounds(void) {
    return bounds;
}

apr_uint64_t xca_meter_histogram(apr_uint64_t *counts, const xca_meter_t *meter, xca_meter_kind kind) {
    histogram_t *histogram = &meter->shared->kinds[kind];
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < BOUNDS; i++) {
        sum += read_counter(&histogram->counts[i]);
        counts[i] = sum;
    }
    return read_counter(&histogram->microseconds);
}

xca_meter_total_t xca_meter_total(const xca_meter_t *meter) {
    xca_meter_total_t total = {0};
    int row, i, kind;

    for (row = 0; row <= meter->routes; row++) {
        for (i = 0; i < STATUSES; i++) {
            apr_uint64_t answers = read_counter(&meter->shared->answers[row * STATUSES + i]);

            total.answers += answers;
            total.refused += statuses[i] >= 400 && statuses[i] < 500 ? answers : 0;
            total.failed += statuses[i] >= 500 ? answers : 0;
        }
    }
    for (kind = 0; kind < XCA_METER_KIND_COUNT; kind++) {
        total.microseconds += read_counter(&meter->shared->kinds[kind].microseconds);
    }
    return total;
}

apr_time_t xca_meter_began(const xca_meter_t *meter) {
    return meter->shared->began;
}
