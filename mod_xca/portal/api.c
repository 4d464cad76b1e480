#include "portal/api.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/log.h"
#include "outside/crypto.h"
#include "portal/office_door.h"

#define CLIENTS_MAX (256 * 1024) /* bytes of the file of clients */
#define RETRY_LIMIT "60"
#define RETRY_DOWN  "30"

/* Kinds of bodies that are one file, and the field that it fills. */
static const struct {
    const char *type, *field;
} files[] = {{"application/pkix-cert", "certificate"},        {"application/x-x509-ca-cert", "certificate"},
             {"application/x-pem-file", "certificate"},       {"application/cms", "signature"},
             {"application/pkcs7-signature", "signature"},    {"application/x-pkcs7-signature", "signature"},
             {"application/pkcs7-mime", "signature"}};
#define ACCEPTED "application/json, application/x-www-form-urlencoded, multipart/form-data, application/pkix-cert, " \
                 "application/x-pem-file, application/cms, application/pkcs7-signature, application/pkcs7-mime"

static int is_below(const char *place, const char *path) {
    apr_size_t length = strlen(place);

    return strncmp(path, place, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

int xca_api_is_asked(const char *path, const xca_route_t *route) {
    return (route != NULL && (route->how & XCA_ROUTE_API) != 0) || is_below("/api", path) ||
           strcmp(path, "/certificates/search.cgi") == 0 || strcmp(path, "/crls/search.cgi") == 0;
}

int xca_device_is_asked(const char *path) {
    return is_below("/.well-known/est", path) || is_below("/.well-known/cmp", path);
}

/* Whether a list of media ranges takes JSON (RFC 9110 section 12.5.1). A range that is not wanted at all (q=0) is left to the
 * client. */
static int takes_json(const char *accept) {
    return accept == NULL || *accept == '\0' || strstr(accept, "*/*") != NULL || strstr(accept, "application/*") != NULL ||
           strstr(accept, "json") != NULL;
}

static void read_language(xca_visit_t *visit) {
    const char *query = visit->request->query != NULL ? visit->request->query : "";

    visit->language = xca_accepted_language(visit->request->accept_language);
    if (strncmp(query, "lang=en", 7) == 0 || strstr(query, "&lang=en") != NULL) {
        visit->language = XCA_EN;
    } else if (strncmp(query, "lang=zh", 7) == 0 || strstr(query, "&lang=zh") != NULL) {
        visit->language = XCA_ZH;
    }
}

static int is_of_type(const char *content_type, const char *type) {
    apr_size_t length = strcspn(content_type, "; \t");

    return length == strlen(type) && strncasecmp(content_type, type, length) == 0;
}

static xca_error_t *read_body(xca_visit_t *visit) {
    const xca_http_request_t *request = visit->request;
    const char *type = request->content_type != NULL ? request->content_type : "";
    apr_size_t i;
    xca_error_t *err;

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (is_of_type(type, files[i].type)) {
            err = xca_form_read(&visit->form, request->query, NULL, NULL, 0, visit->pool);
            return err != NULL ? err : xca_form_put_file(visit->form, files[i].field, request->body, request->body_length);
        }
    }
    err = xca_form_read_api(&visit->form, request->query, type, request->body, request->body_length, visit->pool);
    if (err != NULL && strcmp(err->message, "form.type") == 0) {
        apr_table_set(visit->headers, "Accept-Post", ACCEPTED);
        err = xca_error_make(visit->pool, XCA_E_TYPE, "api.type", "%.80s", type);
        err->arg = ACCEPTED;
    }
    return err;
}

/* What the pages take in other ways: which of two values was meant nobody knows, and files are not among the answers here. */
static xca_error_t *check_fields(const xca_visit_t *visit) {
    const char *twice = xca_form_double(visit->form);
    const char *other = xca_form_text(visit->form, "format") != NULL     ? "format"
                        : xca_form_text(visit->form, "download") != NULL ? "download"
                                                                         : NULL;

    if (twice != NULL) {
        return xca_error_field(visit->pool, twice, "api.double", NULL);
    }
    return other != NULL ? xca_error_field(visit->pool, other, "api.json-only", NULL) : NULL;
}

static xca_error_t *no_such_thing(xca_visit_t *visit, const char *allow) {
    xca_error_t *err;

    if (allow == NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "api.not-found", NULL);
    }
    apr_table_set(visit->headers, "Allow", allow);
    err = xca_error_make(visit->pool, XCA_E_METHOD, "api.method", NULL);
    err->arg = allow;
    return err;
}

xca_error_t *xca_device_astray(xca_visit_t *visit, const char *allow) {
    xca_error_t *err = no_such_thing(visit, allow);

    visit->language = xca_accepted_language(visit->request->accept_language);
    if (allow == NULL) {
        err->message = "api.no-service";
    }
    return err;
}

void xca_device_problem(xca_visit_t *visit, const xca_error_t *err) {
    xca_log_error(visit->request->path, err);
    visit->status = xca_status_of(err) == 422 ? 400 : xca_status_of(err);
    visit->redirect = NULL;
    xca_visit_give_text(visit,
                        apr_pstrcat(visit->pool, xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool), "\n", NULL),
                        "text/plain; charset=utf-8");
}

xca_error_t *xca_api_enter(xca_visit_t *visit, const xca_route_t *route, const char *allow) {
    const xca_http_request_t *request = visit->request;
    xca_error_t *err;

    read_language(visit);
    if (route == NULL) {
        return no_such_thing(visit, allow);
    }
    if (!request->secure && (route->how & XCA_ROUTE_PLAIN) == 0) {
        return xca_error_make(visit->pool, XCA_E_DENIED, "portal.https-only", NULL);
    }
    if (strncmp(request->path, "/api/", 5) == 0 && !takes_json(request->accept)) {
        return xca_error_make(visit->pool, XCA_E_ACCEPT, "api.accept", "%.80s", request->accept);
    }
    if (request->body_too_large) {
        return xca_error_make(visit->pool, XCA_E_TOO_LARGE, "api.too-large", "body");
    }
    if (strcmp(route->method, "POST") == 0) {
        err = read_body(visit);
    } else {
        err = xca_form_read(&visit->form, request->query, NULL, NULL, 0, visit->pool);
    }
    if (err == NULL && strncmp(request->path, "/api/", 5) == 0) {
        err = check_fields(visit);
    }
    if (err == NULL) {
        err = route->page(visit);
    }
    if (err == NULL && visit->told != NULL) {
        /* a page of the portal that shows its form again: here is no form */
        xca_api_problem(visit, visit->told);
    }
    return err;
}

/* A malformed address is 400; 422 is for what a body says. */
static int status_of(const xca_visit_t *visit, const xca_error_t *err) {
    int status = xca_status_of(err);

    return status == 422 && strcmp(visit->request->method, "POST") != 0 ? 400 : status;
}

const char *xca_api_wait(const xca_visit_t *visit, const xca_error_t *err) {
    if (err->kind == XCA_E_UNAVAILABLE) {
        return RETRY_DOWN;
    }
    if (strncmp(err->message, "code.", 5) == 0 && err->arg != NULL) { /* its minutes */
        return apr_itoa(visit->pool, 60 * atoi(err->arg));
    }
    return RETRY_LIMIT;
}

/* Here are no pages. */
static const char *title_of(int status) {
    return status == 404 ? "api.title.not-found" : status == 405 ? "api.title.method" : xca_title_of(status);
}

static void put_errors(xca_visit_t *visit, const xca_error_t *err) {
    xca_value_t *list = xca_map_list(visit->model, "errors");

    for (; err != NULL; err = err->next) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "code", err->message);
        xca_map_text(item, "field", err->field);
        xca_map_text(item, "detail", xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool));
    }
}

void xca_api_problem(xca_visit_t *visit, const xca_error_t *err) {
    if (visit->told == NULL) {
        xca_log_error(visit->request->path, err);
    }
    visit->model = xca_map(visit->pool);
    visit->redirect = NULL;
    visit->data = NULL;
    visit->problem = 1;
    visit->status = status_of(visit, err);
    if (err->kind == XCA_E_UNAVAILABLE || err->kind == XCA_E_LOCKED) {
        apr_table_set(visit->headers, "Retry-After", xca_api_wait(visit, err));
    }
    apr_table_unset(visit->headers, "Cache-Control");
    xca_map_text(visit->model, "type", "about:blank");
    xca_map_text(visit->model, "title", xca_catalogue_text(visit->portal->texts, title_of(visit->status), visit->language));
    xca_map_number(visit->model, "status", visit->status);
    xca_map_text(visit->model, "detail", xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool));
    xca_map_text(visit->model, "code", err->message);
    if (err->field != NULL || err->next != NULL) {
        put_errors(visit, err);
    }
}

/* What httpd has refused. */

static xca_error_t *collect(void *baton, const char *data, apr_size_t length) {
    apr_array_header_t *pieces = baton;

    APR_ARRAY_PUSH(pieces, const char *) = apr_pstrmemdup(pieces->pool, data, length);
    return NULL;
}

static const char *refusal_of(int status) {
    return status == 414 ? "api.line-too-long" : status < 500 ? "api.not-http" : "error.title.internal";
}

const char *xca_portal_refusal(const char **type, const xca_portal_t *portal, const char *path, int status, const char *accept_language,
                               apr_pool_t *pool) {
    xca_language language = xca_accepted_language(accept_language);
    const char *detail = xca_catalogue_text(portal->texts, refusal_of(status), language);
    apr_array_header_t *pieces = apr_array_make(pool, 16, sizeof(const char *));
    xca_value_t *model = xca_map(pool);

    if (xca_device_is_asked(path)) {
        *type = "text/plain; charset=utf-8";
        return apr_pstrcat(pool, detail, "\n", NULL);
    }
    if (!xca_api_is_asked(path, NULL)) {
        return NULL;
    }
    *type = "application/problem+json";
    xca_map_text(model, "type", "about:blank");
    xca_map_text(model, "title", xca_catalogue_text(portal->texts, xca_title_of(status < 500 ? 400 : status), language));
    xca_map_number(model, "status", status);
    xca_map_text(model, "detail", detail);
    xca_map_text(model, "code", refusal_of(status));
    return xca_value_json(model, collect, pieces, pool) == NULL ? apr_array_pstrcat(pool, pieces, 0) : NULL;
}

/* Clients. */

static xca_error_t *take_client(xca_portal_t *portal, const char *line, int number, apr_pool_t *pool) {
    apr_size_t digits = strcspn(line, " \t");
    xca_bytes_t *digest = xca_text_unhex(pool, apr_pstrmemdup(pool, line, digits));
    const char *name = line + digits + strspn(line + digits, " \t");
    xca_error_t *err;

    if (digest == NULL || digest->length != 32 || *name == '\0' || !xca_text_valid(name, strlen(name), 0)) {
        err = xca_error_make(pool, XCA_E_INVALID, "api.clients", NULL);
        err->arg = apr_itoa(pool, number);
        return err;
    }
    apr_hash_set(portal->api_clients, xca_text_hex(pool, digest->data, digest->length), APR_HASH_KEY_STRING, name);
    return NULL;
}

xca_error_t *xca_api_clients_read(xca_portal_t *portal, const xca_settings_t *settings, apr_pool_t *pool) {
    const char *path = xca_settings_get(settings, "api-clients-file", NULL);
    const char *data;
    apr_size_t length;
    int number = 0;
    xca_error_t *err;

    portal->api_clients = apr_hash_make(pool);
    if (path == NULL) {
        return NULL;
    }
    err = xca_file_read(&data, &length, path, CLIENTS_MAX, pool);
    while (err == NULL && *data != '\0') {
        apr_size_t end = strcspn(data, "\n");
        const char *line = xca_text_trim(pool, apr_pstrmemdup(pool, data, end));

        number++;
        if (*line != '\0' && *line != '#') {
            err = take_client(portal, line, number, pool);
        }
        data += end + (data[end] == '\n');
    }
    return err;
}

xca_error_t *xca_api_limit(xca_visit_t *visit) {
    xca_portal_t *portal = visit->portal;
    xca_bytes_t certificate = xca_office_client_certificate(visit);
    const char *name = NULL;
    long most;
    int may;
    xca_error_t *err;

    if (certificate.length > 0) {
        name = apr_hash_get(portal->api_clients, xca_sha256_hex(visit->pool, certificate.data, certificate.length),
                            APR_HASH_KEY_STRING);
    }
    if (name != NULL) {
        most = portal->api_client_requests;
        may = xca_limit_take(portal->api_client_limit, name, visit->now);
    } else {
        most = portal->api_requests;
        may = xca_limit_take(portal->api_limit, xca_limit_source(visit->request->client, visit->pool), visit->now);
    }
    if (may) {
        return NULL;
    }
    err = xca_error_make(visit->pool, XCA_E_LOCKED, "api.limit", "%s", name != NULL ? name : "-");
    err->arg = apr_ltoa(visit->pool, most);
    return err;
}
