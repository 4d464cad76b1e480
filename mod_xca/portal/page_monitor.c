#include "portal/page_monitor.h"

#include <stdarg.h>
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/statistics_store.h"
#include "domain/calendar.h"
#include "portal/engine.h"

#define METRICS_TYPE  "text/plain; version=0.0.4; charset=utf-8"
#define NOTICES_MOST  1000 /* undelivered notices that are counted */

/* Who asks ---- */

xca_error_t *xca_monitor_hosts_read(apr_array_header_t **hosts, const char *setting, const char *text,
                                    apr_pool_t *pool) {
    char *host, *state = NULL, *rest = apr_pstrdup(pool, text);

    *hosts = apr_array_make(pool, 4, sizeof(apr_ipsubnet_t *));
    for (host = apr_strtok(rest, ", \t", &state); host != NULL; host = apr_strtok(NULL, ", \t", &state)) {
        char *slash = strchr(host, '/');
        apr_ipsubnet_t *net;

        if (slash != NULL) {
            *slash++ = '\0';
        }
        if (apr_ipsubnet_create(&net, host, slash, pool) != APR_SUCCESS) {
            xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "settings.hosts", "%s: %s", setting, host);

            err->arg = setting;
            return err;
        }
        APR_ARRAY_PUSH(*hosts, apr_ipsubnet_t *) = net;
    }
    return NULL;
}

int xca_monitor_host_is_known(const apr_array_header_t *hosts, const char *address, apr_pool_t *pool) {
    apr_sockaddr_t *client;
    int i;

    /* An address only: no name is ever looked up. */
    if (address == NULL || address[strspn(address, "0123456789abcdefABCDEF:.")] != '\0' ||
        apr_sockaddr_info_get(&client, address, APR_UNSPEC, 0, 0, pool) != APR_SUCCESS) {
        return 0;
    }
    for (i = 0; i < hosts->nelts; i++) {
        if (apr_ipsubnet_test(APR_ARRAY_IDX(hosts, i, apr_ipsubnet_t *), client)) {
            return 1;
        }
    }
    return 0;
}

/* To all others the page is not there. */
static xca_error_t *check_host(xca_visit_t *visit) {
    if (xca_monitor_host_is_known(visit->portal->monitor_hosts, visit->request->client, visit->pool)) {
        return NULL;
    }
    return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "page.not-found", "%s", visit->request->path);
}

static void give_text(xca_visit_t *visit, const char *text, const char *type) {
    xca_visit_give_text(visit, text, type);
    apr_table_setn(visit->headers, "Cache-Control", "no-store");
}

/* State of the parts ---- */

typedef struct {
    int directory, signer, list; /* non-zero: well */
    const xca_repository_state_t *repository; /* NULL: nothing is known */
} health_t;

/* There are lists, and none of this CA is past its nextUpdate. */
static int lists_are_good(const xca_repository_state_t *repository, apr_time_t now) {
    int i;

    for (i = 0; i < repository->lists->nelts; i++) {
        const xca_crl_record_t *list = APR_ARRAY_IDX(repository->lists, i, const xca_crl_record_t *);

        if (list->number != 0 && list != repository->root_crl && !list->is_last && now >= list->next_update) {
            return 0;
        }
    }
    return repository->crl != NULL;
}

static health_t look(xca_visit_t *visit) {
    health_t health = {0};
    xca_error_t *err = xca_repository_get(&health.repository, visit->portal->repository, visit->office->store,
                                          visit->now, visit->pool);

    xca_log_error("health", err);
    if (err != NULL) {
        health.repository = NULL;
        return health;
    }
    health.directory = !xca_repository_directory_is_away(visit->portal->repository);
    health.signer = !xca_repository_signer_is_silent(health.repository, visit->now);
    health.list = lists_are_good(health.repository, visit->now);
    return health;
}

static const char *word(int well) {
    return well ? "ok" : "failed";
}

xca_error_t *xca_page_health(xca_visit_t *visit) {
    xca_error_t *err = check_host(visit);
    health_t health;
    int well;

    if (err != NULL) {
        return err;
    }
    health = look(visit);
    well = health.directory && health.signer && health.list;
    visit->status = well ? 200 : 503;
    give_text(visit,
              apr_psprintf(visit->pool,
                           "{\"status\":\"%s\",\"directory\":\"%s\",\"signer\":\"%s\",\"revocation_list\":\"%s\"}\n",
                           word(well), word(health.directory), word(health.signer), word(health.list)),
              "application/json");
    return NULL;
}

/* Metrics ---- */

/* Pieces of text, joined once at the end. */
typedef struct {
    apr_array_header_t *pieces; /* const char * */
    apr_pool_t *pool;
} text_t;

static void put(text_t *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(text_t *text, const char *format, ...) {
    va_list values;

    va_start(values, format);
    APR_ARRAY_PUSH(text->pieces, const char *) = apr_pvsprintf(text->pool, format, values);
    va_end(values);
}

static void put_head(text_t *text, const char *name, const char *type, const char *help) {
    put(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_gauge(text_t *text, const char *name, const char *help, double value) {
    put_head(text, name, "gauge", help);
    put(text, "%s %.15g\n", name, value);
}

static double seconds(apr_time_t microseconds) {
    return (double)microseconds / APR_USEC_PER_SEC;
}

static void put_answers_of(text_t *text, const xca_meter_t *meter, int row, const char *method, const char *path) {
    const int *status = xca_meter_statuses();

    for (;; status++) {
        apr_uint64_t answers = xca_meter_answers(meter, row, *status);

        if (answers > 0) {
            put(text, "xca_http_answers_total{method=\"%s\",route=\"%s\",code=\"%s\"} %" APR_UINT64_T_FMT "\n", method,
                path, *status != 0 ? apr_itoa(text->pool, *status) : "other", answers);
        }
        if (*status == 0) {
            return;
        }
    }
}

static void put_answers(text_t *text, const xca_meter_t *meter) {
    const xca_route_t *route;

    put_head(text, "xca_http_answers_total", "counter", "Answers by route and status; route \"\": static files and unknown paths.");
    put_answers_of(text, meter, -1, "", "");
    for (route = xca_routes; route->path != NULL; route++) {
        put_answers_of(text, meter, (int)(route - xca_routes), route->method, route->path);
    }
}

static void put_durations(text_t *text, const xca_meter_t *meter) {
    static const char *const names[] = {"static", "pages", "officers", "repository", "programs"};
    const apr_interval_time_t *bounds = xca_meter_bounds();
    int kind, i;

    put_head(text, "xca_http_answer_seconds", "histogram", "Time until the answer was handed to the server, by kind of work.");
    for (kind = 0; kind < XCA_METER_KIND_COUNT; kind++) {
        apr_uint64_t counts[32], sum = xca_meter_histogram(counts, meter, (xca_meter_kind)kind);

        for (i = 0; bounds[i] != 0; i++) {
            put(text, "xca_http_answer_seconds_bucket{kind=\"%s\",le=\"%.6g\"} %" APR_UINT64_T_FMT "\n", names[kind],
                seconds(bounds[i]), counts[i]);
        }
        put(text, "xca_http_answer_seconds_bucket{kind=\"%s\",le=\"+Inf\"} %" APR_UINT64_T_FMT "\n", names[kind],
            counts[i]);
        put(text, "xca_http_answer_seconds_sum{kind=\"%s\"} %.6f\n", names[kind], seconds((apr_time_t)sum));
        put(text, "xca_http_answer_seconds_count{kind=\"%s\"} %" APR_UINT64_T_FMT "\n", names[kind], counts[i]);
    }
}

static void put_ocsp(text_t *text, const xca_meter_t *meter) {
    static const char *const names[XCA_METER_OCSP_COUNT] = {
        "good", "revoked", "unknown", "tryLater", "malformed", "unauthorized", "internalError"};
    int result;

    put_head(text, "xca_ocsp_results_total", "counter",
             "What OCSP said: of each certificate in an answer, or why a request had none.");
    for (result = 0; result < XCA_METER_OCSP_COUNT; result++) {
        put(text, "xca_ocsp_results_total{result=\"%s\"} %" APR_UINT64_T_FMT "\n", names[result],
            xca_meter_ocsp_results(meter, (xca_meter_ocsp)result));
    }
}

typedef double list_figure(const xca_crl_record_t *list);

static double list_number(const xca_crl_record_t *list) {
    return (double)list->number;
}

static double list_this_update(const xca_crl_record_t *list) {
    return seconds(list->this_update);
}

static double list_next_update(const xca_crl_record_t *list) {
    return seconds(list->next_update);
}

static double list_bytes(const xca_crl_record_t *list) {
    return (double)list->bytes;
}

/* Of every list: the full one or that of the rest, those of the partitions, that of the CA above. */
static void put_lists(text_t *text, const xca_repository_state_t *repository, const char *name, const char *help,
                      list_figure *figure) {
    int i;

    put_head(text, name, "gauge", help);
    for (i = 0; i < repository->lists->nelts; i++) {
        const xca_crl_record_t *list = APR_ARRAY_IDX(repository->lists, i, const xca_crl_record_t *);

        if (list->number != 0 && !list->is_last) { /* after which nothing is waited for */
            put(text, "%s{list=\"%s\"} %.0f\n", name, list->name, figure(list));
        }
    }
}

static void put_repository(text_t *text, const health_t *health) {
    const xca_repository_state_t *repository = health->repository;

    put_gauge(text, "xca_directory_up", "1 if the directory answers.", health->directory);
    put_gauge(text, "xca_signer_up", "1 if the signer gave a sign of life lately.", health->signer);
    if (repository == NULL) {
        return;
    }
    put_gauge(text, "xca_signer_alive_seconds", "When the signer gave its last sign of life (Unix time).",
              seconds(repository->signer_alive));
    put_lists(text, repository, "xca_crl_number", "Number of the published revocation list.", list_number);
    put_lists(text, repository, "xca_crl_this_update_seconds", "When it was made (Unix time).", list_this_update);
    put_lists(text, repository, "xca_crl_next_update_seconds", "Until when it is good (Unix time).", list_next_update);
    put_lists(text, repository, "xca_crl_bytes", "Its size.", list_bytes);
}

static xca_error_t *put_certificates(text_t *text, xca_visit_t *visit) {
    xca_count_t sum = {0};
    apr_array_header_t *years;
    apr_time_t counted;
    int i, j, tally;
    xca_error_t *err = xca_statistics_years(&years, &counted, visit->office->store, 1, visit->pool);

    if (err != NULL) {
        return err;
    }
    for (i = 0; i < years->nelts; i++) {
        const xca_period_t *year = APR_ARRAY_IDX(years, i, const xca_period_t *);

        for (j = 0; j < year->counts->nelts; j++) {
            xca_count_add(&sum, &APR_ARRAY_IDX(year->counts, j, xca_count_t));
        }
    }
    put_head(text, "xca_certificates", "gauge", "Certificates by what they are now.");
    for (tally = XCA_TALLY_PENDING; tally <= XCA_TALLY_EXPIRED; tally++) {
        put(text, "xca_certificates{state=\"%s\"} %" APR_INT64_T_FMT "\n", xca_tally_id((xca_tally)tally), sum.of[tally]);
    }
    put_head(text, "xca_certificates_issued_total", "counter", "Certificates that were ever issued.");
    put(text, "xca_certificates_issued_total %" APR_INT64_T_FMT "\n", sum.of[XCA_TALLY_ISSUED]);
    put_gauge(text, "xca_certificates_counted_seconds", "Up to when they were counted (Unix time).", seconds(counted));
    return NULL;
}

static xca_error_t *put_notices(text_t *text, xca_visit_t *visit) {
    apr_array_header_t *notices;
    int more;
    xca_error_t *err =
        xca_notice_undelivered(&notices, &more, visit->office->store, NOTICES_MOST, visit->pool);

    if (err == NULL) {
        put_gauge(text, "xca_notices_undelivered", "Notices that did not arrive; counted up to 1000.", notices->nelts);
    }
    return err;
}

xca_error_t *xca_page_metrics(xca_visit_t *visit) {
    text_t text = {apr_array_make(visit->pool, 400, sizeof(const char *)), visit->pool};
    xca_error_t *err = check_host(visit);
    health_t health;

    if (err != NULL) {
        return err;
    }
    health = look(visit);
    put_gauge(&text, "xca_start_seconds", "When the counters began (Unix time).",
              seconds(xca_meter_began(visit->portal->meter)));
    put_answers(&text, visit->portal->meter);
    put_durations(&text, visit->portal->meter);
    put_ocsp(&text, visit->portal->meter);
    put_repository(&text, &health);
    /* A directory that is away is a metric, not a fault of this page. */
    err = health.directory ? put_certificates(&text, visit) : NULL;
    if (err == NULL && health.directory) {
        err = put_notices(&text, visit);
    }
    xca_log_error("metrics", err);
    give_text(visit, apr_array_pstrcat(visit->pool, text.pieces, '\0'), METRICS_TYPE);
    return NULL;
}
