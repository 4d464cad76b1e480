/* Answers: errors become HTTP, models become HTML or JSON, bytes go out with validators. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "portal/engine.h"

int xca_status_of(const xca_error_t *err) {
    switch (err->kind) {
    case XCA_E_INVALID:
        return 422;
    case XCA_E_NOT_FOUND:
        return 404;
    case XCA_E_DENIED:
        return 403;
    case XCA_E_CONFLICT:
        return 409;
    case XCA_E_LOCKED:
        return 429;
    case XCA_E_TOO_LARGE:
        return 413;
    case XCA_E_TYPE:
        return 415;
    case XCA_E_ACCEPT:
        return 406;
    case XCA_E_METHOD:
        return 405;
    case XCA_E_UNAVAILABLE:
        return 503;
    case XCA_E_INTERNAL:
        return 500;
    }
    return 500;
}

const char *xca_title_of(int status) {
    switch (status) {
    case 403:
        return "error.title.denied";
    case 404:
        return "error.title.not-found";
    case 405:
        return "error.title.method";
    case 406:
        return "error.title.accept";
    case 409:
        return "error.title.conflict";
    case 413:
        return "error.title.too-large";
    case 415:
        return "error.title.type";
    case 400:
    case 422:
        return "error.title.invalid";
    case 429:
        return "error.title.locked";
    case 503:
        return "error.title.unavailable";
    default:
        return "error.title.internal";
    }
}

void xca_error_page(xca_visit_t *visit, const xca_error_t *err) {
    visit->model = xca_map(visit->pool);
    visit->redirect = NULL;
    visit->data = NULL;
    visit->stream = NULL;
    xca_visit_errors(visit, err);
    xca_map_text(visit->model, "_title", xca_title_of(visit->status));
    xca_map_number(visit->model, "status", visit->status);
    xca_map_true(visit->model, "_try_again", visit->status == 503);
    xca_map_text(visit->model, "request", visit->status >= 500 ? visit->request->id : NULL);
    visit->template_name = "error";
}

void xca_error_data(xca_visit_t *visit, const xca_error_t *err) {
    xca_log_error(visit->request->path, err);
    visit->model = xca_map(visit->pool);
    visit->redirect = NULL;
    visit->status = xca_status_of(err);
    if (err->kind == XCA_E_UNAVAILABLE) {
        apr_table_set(visit->headers, "Retry-After", "30");
    } else if (err->kind == XCA_E_LOCKED) {
        apr_table_set(visit->headers, "Retry-After", "60");
    }
    xca_map_text(visit->model, "state", "denied");
    xca_map_text(visit->model, "answer", err->message);
    xca_map_text(visit->model, "message",
                 xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool));
}

int xca_wants_json(const xca_http_request_t *request) {
    return request->accept != NULL && strstr(request->accept, "application/json") != NULL &&
           strstr(request->accept, "text/html") == NULL;
}

/* Strict headers for everything that goes out. A referrer goes to our own pages only; not "no-referrer",
 * because then browsers send "Origin: null" with forms. */
static void put_strict_headers(apr_table_t *headers, const char *connect, apr_pool_t *pool) {
    apr_table_setn(headers, "Content-Security-Policy",
                   apr_pstrcat(pool,
                               "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
                               "connect-src 'self'",
                               connect != NULL ? " " : "", connect != NULL ? connect : "",
                               "; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", NULL));
    apr_table_setn(headers, "X-Content-Type-Options", "nosniff");
    apr_table_setn(headers, "Referrer-Policy", "same-origin");
    apr_table_setn(headers, "Cross-Origin-Opener-Policy", "same-origin");
}

static void put_default(apr_table_t *headers, const char *name, const char *value) {
    if (apr_table_get(headers, name) == NULL) {
        apr_table_setn(headers, name, value);
    }
}

/* Whether a list of entity tags ("a", W/"b", or *) names this one (RFC 9110 section 13.1.2). */
static int names_tag(const char *list, const char *etag) {
    const char *found = strstr(list, etag);

    return found != NULL || strcmp(list, "*") == 0;
}

/* The same by strong comparison (section 8.8.3.2): a weak tag, W/"a", names none of ours. */
static int names_strongly(const char *list, const char *etag) {
    const char *found = list;

    if (strcmp(list, "*") == 0) {
        return 1;
    }
    while ((found = strstr(found, etag)) != NULL) {
        if (found - list < 2 || strncmp(found - 2, "W/", 2) != 0) {
            return 1;
        }
        found += strlen(etag);
    }
    return 0;
}

/* Whether the visitor wants no other than the one that he names (sections 13.1.1, 13.1.4 and 13.2.2): who goes on with a list by
 * ranges must not get the rest of a newer one. */
static int wants_another(const xca_http_request_t *request, const char *etag, apr_time_t modified) {
    if (request->if_match != NULL) {
        return !names_strongly(request->if_match, etag);
    }
    if (request->if_unmodified_since != NULL && modified != 0) {
        apr_time_t since = xca_date_parse_http(request->if_unmodified_since);

        return since != 0 && apr_time_sec(modified) > apr_time_sec(since);
    }
    return 0;
}

static int has_it_already(const xca_http_request_t *request, const char *etag, apr_time_t modified) {
    if (request->if_none_match != NULL) {
        return names_tag(request->if_none_match, etag);
    }
    if (request->if_modified_since != NULL && modified != 0) {
        apr_time_t since = xca_date_parse_http(request->if_modified_since);

        return since != 0 && apr_time_sec(modified) <= apr_time_sec(since);
    }
    return 0;
}

void xca_respond_bytes(const xca_http_request_t *request, xca_http_response_t *response,
                       xca_bytes_t bytes, const char *etag, apr_time_t modified, apr_pool_t *pool) {
    put_strict_headers(response->headers, NULL, pool);
    apr_table_setn(response->headers, "ETag", etag);
    apr_table_setn(response->headers, "Accept-Ranges", "bytes");
    if (modified != 0) {
        apr_table_setn(response->headers, "Last-Modified",
                       xca_date_format(pool, modified, XCA_DATE_HTTP));
    }
    response->status = wants_another(request, etag, modified) ? 412 : has_it_already(request, etag, modified) ? 304 : 200;
    if (response->status == 412) {
        apr_table_setn(response->headers, "Cache-Control", "no-store");
        apr_table_unset(response->headers, "Expires");
    }
    response->head_only |= response->status != 200;
    if (response->status == 200) {
        apr_table_setn(response->headers, "Content-Length", apr_psprintf(pool, "%" APR_SIZE_T_FMT, bytes.length));
    }
    response->whole = bytes;
}

/* The name goes into a header: letters, digits, '.', '-', '_' only. */
static const char *disposition(const char *name, apr_pool_t *pool) {
    char *safe = apr_pstrdup(pool, name);
    char *at;

    for (at = safe; *at != '\0'; at++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *at) == NULL) {
            *at = '_';
        }
    }
    return apr_pstrcat(pool, "attachment; filename=\"", safe, "\"", NULL);
}

static void respond_redirect(xca_visit_t *visit, xca_http_response_t *response) {
    response->status = visit->status >= 300 && visit->status < 400 ? visit->status : 303;
    response->content_type = NULL;
    response->head_only = 1;
    apr_table_set(response->headers, "Location", visit->redirect);
}

/* An answer that breaks off must not look like a whole one. */
static void respond_stream(xca_visit_t *visit, xca_http_response_t *response) {
    xca_output_t *out;
    xca_error_t *err;

    if (response->head_only) {
        return;
    }
    out = xca_output_make(visit->pool, response->write, response->baton);
    err = visit->stream(visit, out);
    if (err == NULL) {
        err = xca_output_end(out);
    }
    response->broken = err != NULL;
    xca_log_error("sending an answer", err);
}

static void respond_data(xca_visit_t *visit, xca_http_response_t *response) {
    response->content_type = visit->data_type;
    if (visit->data_name != NULL) {
        apr_table_set(response->headers, "Content-Disposition",
                      disposition(visit->data_name, visit->pool));
    }
    if (visit->stream != NULL) {
        respond_stream(visit, response);
        return;
    }
    if (visit->data_etag != NULL) {
        xca_respond_bytes(visit->request, response, *visit->data, visit->data_etag,
                          visit->data_modified, visit->pool);
        return;
    }
    response->whole = *visit->data;
}

static int is_for_programs(const xca_visit_t *visit, const xca_route_t *route) {
    return visit->problem || (route != NULL && (route->how & (XCA_ROUTE_DATA | XCA_ROUTE_API)) != 0);
}

static void respond_model(xca_visit_t *visit, const xca_route_t *route, xca_http_response_t *response) {
    int is_data = is_for_programs(visit, route);
    xca_error_t *err;

    apr_table_addn(response->headers, "Vary", is_data ? "Accept-Language" : "Accept, Cookie");
    if (is_data || xca_wants_json(visit->request)) {
        response->content_type = visit->problem ? "application/problem+json" : "application/json";
        if (is_data) {
            apr_table_setn(response->headers, "Content-Language", visit->language == XCA_EN ? "en" : "zh-Hant-TW");
        }
        err = response->head_only ? NULL
                                  : xca_value_json(visit->model, response->write, response->baton,
                                                   visit->pool);
    } else {
        xca_frame(visit, route);
        response->content_type = "text/html; charset=utf-8";
        apr_table_setn(response->headers, "Content-Language",
                       visit->language == XCA_EN ? "en" : "zh-Hant-TW");
        err = response->head_only
                  ? NULL
                  : xca_template_write(visit->portal->templates, visit->template_name, visit->model,
                                       visit->language, response->write, response->baton, visit->pool);
    }
    xca_log_error("writing a page", err);
}

void xca_respond(xca_visit_t *visit, const xca_route_t *route, xca_http_response_t *response) {
    response->status = visit->status;
    response->headers = apr_table_overlay(visit->pool, response->headers, visit->headers);
    put_strict_headers(response->headers, visit->connect, visit->pool);
    put_default(response->headers, "Cache-Control",
                visit->personal || visit->status >= 400 || is_for_programs(visit, route) ? "no-store" : "no-cache");
    if (visit->redirect != NULL) {
        respond_redirect(visit, response);
    } else if (visit->data != NULL || visit->stream != NULL) {
        respond_data(visit, response);
    } else {
        respond_model(visit, route, response);
    }
}
