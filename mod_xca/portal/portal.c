#include "portal/engine.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "operations/signer_open.h"
#include "portal/api.h"
#include "portal/navigation.h"
#include "portal/office_door.h"
#include "portal/page_monitor.h"

#define SHEET_CHECKS    30 /* change sheets that one address may have checked in ten minutes */
#define REFUSED_REPORTS 10 /* refused logins of one officer that are reported in an hour */
#define KEY_MIN         32 /* bytes */
#define TEST_POLICY     "2.16.886.101.0.3.0" /* profile: assurance level of test and demo */

/* Texts that pages ask for by a name put together at run time. */
static xca_error_t *check_texts(const xca_portal_t *portal, apr_pool_t *pool) {
    const xca_nav_entry_t *entry;
    xca_error_t *all = NULL;

    for (entry = xca_navigation; entry->id != NULL; entry++) {
        const char *id = apr_pstrcat(pool, "nav.", entry->id, NULL);

        if (xca_catalogue_text(portal->texts, id, XCA_ZH) == NULL) {
            xca_error_t *err =
                xca_error_make(pool, XCA_E_INTERNAL, "catalogue.incomplete", "navigation.c: %s", id);

            err->arg = id;
            all = xca_error_append(all, err);
        }
    }
    return all;
}

/* Every route names a template that there is, and an entry of the navigation that there is. */
static xca_error_t *check_routes(const xca_portal_t *portal, apr_pool_t *pool) {
    const xca_route_t *route;
    xca_error_t *all = NULL;

    for (route = xca_routes; route->path != NULL; route++) {
        if (route->template_name != NULL &&
            !xca_template_exists(portal->templates, route->template_name)) {
            all = xca_error_append(all, xca_error_make(pool, XCA_E_INTERNAL, "template.broken",
                                                       "route.c: %s needs %s.xhtml", route->path,
                                                       route->template_name));
        }
        if (route->section != NULL && xca_nav_find(route->section) == NULL) {
            all = xca_error_append(all, xca_error_make(pool, XCA_E_INTERNAL, "template.broken",
                                                       "route.c: %s: no entry %s in navigation.c",
                                                       route->path, route->section));
        }
    }
    return all;
}

static xca_error_t *read_htdocs(xca_portal_t *portal, const char *folder, apr_pool_t *pool) {
    xca_catalogue_t *texts;
    xca_templates_t *templates = NULL;
    xca_files_t *files = NULL;
    xca_error_t *err =
        xca_catalogue_read(&texts, apr_pstrcat(pool, folder, "/catalogue", NULL), pool);

    if (err != NULL) {
        return err;
    }
    portal->texts = texts;
    err = xca_templates_read(&templates, apr_pstrcat(pool, folder, "/templates", NULL), texts, pool);
    portal->templates = templates;
    err = xca_error_append(err, check_texts(portal, pool));
    if (err != NULL) {
        return err;
    }
    err = check_routes(portal, pool);
    if (err == NULL) {
        err = xca_files_read(&files, apr_pstrcat(pool, folder, "/static", NULL), pool);
        portal->files = files;
    }
    if (err == NULL) {
        err = xca_files_read(&files, apr_pstrcat(pool, folder, "/examples", NULL), pool);
        portal->examples = files;
    }
    return err;
}

static xca_error_t *read_forms(xca_portal_t *portal, const xca_settings_t *settings, const char *htdocs,
                               apr_pool_t *pool) {
    const char *folder = xca_settings_get(settings, "forms-folder", apr_pstrcat(pool, htdocs, "/forms", NULL));
    xca_files_t *files;
    xca_error_t *err = xca_files_read(&files, folder, pool);

    if (err == NULL) {
        portal->forms = files;
    }
    return err;
}

static xca_error_t *missing_setting(const char *name, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "settings.missing", "%s", name);

    err->arg = name;
    return err;
}

/* The officers' part. */
static xca_error_t *read_office(xca_portal_t *portal, const xca_settings_t *settings, apr_pool_t *pool) {
    const char *path = xca_settings_get(settings, "officer-ca-certificate-file", NULL);
    apr_array_header_t *certificates;
    long idle, life;
    xca_error_t *err = path != NULL ? xca_certificates_read(&certificates, path, pool)
                                    : missing_setting("officer-ca-certificate-file", pool);

    if (err == NULL) {
        portal->officer_anchor = APR_ARRAY_IDX(certificates, 0, xca_bytes_t);
        err = xca_settings_number(settings, "office-idle-minutes", &idle, 30, 1, 24 * 60, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "office-session-hours", &life, 10, 1, 24, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "office-logins-a-minute", &portal->office_logins, 30, 1, 1000000, pool);
    }
    if (err == NULL) {
        err = xca_limit_make(&portal->refused_limit, REFUSED_REPORTS, apr_time_from_sec(3600), pool);
    }
    if (err != NULL) {
        return err;
    }
    portal->holidays = xca_settings_get(settings, "holidays", NULL);
    portal->office_idle = apr_time_from_sec(idle * 60);
    portal->office_life = apr_time_from_sec(life * 3600);
    return NULL;
}

static xca_error_t *read_monitor(xca_portal_t *portal, const xca_settings_t *settings, apr_pool_t *pool) {
    const char *name = "monitor-hosts";
    apr_array_header_t *hosts;
    xca_error_t *err = xca_monitor_hosts_read(&hosts, name, xca_settings_get(settings, name, "127.0.0.1 ::1"), pool);

    portal->monitor_hosts = err == NULL ? hosts : NULL;
    return err != NULL ? err : xca_meter_make(&portal->meter, xca_route_count(), pool);
}

static xca_error_t *read_key(xca_portal_t *portal, const xca_settings_t *settings, apr_pool_t *pool) {
    const char *path = xca_settings_get(settings, "portal-key-file", NULL);
    xca_secret_t *key;
    xca_error_t *err;

    if (path == NULL) {
        return missing_setting("portal-key-file", pool);
    }
    err = xca_secret_read(&key, path, pool);
    if (err == NULL && key->length < KEY_MIN) {
        err = xca_error_make(pool, XCA_E_INVALID, "key.unreadable", "%s: fewer than 32 bytes", path);
        err->arg = path;
    }
    if (err == NULL) {
        portal->key = key;
    }
    return err;
}

/* An address from the settings without '/' at its end, NULL if it is not set. */
static const char *address(const xca_settings_t *settings, const char *name, apr_pool_t *pool) {
    const char *url = xca_settings_get(settings, name, NULL);
    apr_size_t length = url != NULL ? strlen(url) : 0;

    while (length > 0 && url[length - 1] == '/') {
        length--;
    }
    return length > 0 ? apr_pstrmemdup(pool, url, length) : NULL;
}

xca_error_t *xca_portal_make(xca_portal_t **portal, const xca_settings_t *settings, apr_pool_t *pool) {
    xca_portal_t *result = apr_pcalloc(pool, sizeof(*result));
    const char *folder = xca_settings_get(settings, "htdocs-folder", NULL);
    xca_profile_t *profile = NULL;
    xca_postal_t *postal;
    long enrol_retry;
    xca_error_t *err =
        folder != NULL ? read_htdocs(result, folder, pool) : missing_setting("htdocs-folder", pool);

    if (err == NULL) {
        err = read_forms(result, settings, folder, pool);
    }
    if (err == NULL) {
        err = read_key(result, settings, pool);
    }
    if (err == NULL) {
        err = xca_ldap_config_of(&result->ldap, settings, "portal", pool);
    }
    if (err == NULL) {
        err = xca_postal_read(&postal, settings, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "card-requests-a-minute", &result->card_requests, 240, 1, 1000000, pool);
    }
    if (err == NULL) {
        err = read_office(result, settings, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "questions-an-hour", &result->questions_an_hour, 10, 1, 1000000, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "api-requests-a-minute", &result->api_requests, 30, 1, 1000000, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "api-client-requests-a-minute", &result->api_client_requests, 600, 1, 1000000, pool);
    }
    if (err == NULL) { /* of all processes together */
        err = xca_limit_make(&result->api_limit, (int)result->api_requests, apr_time_from_sec(60), pool);
    }
    if (err == NULL) {
        err = xca_limit_make(&result->api_client_limit, (int)result->api_client_requests, apr_time_from_sec(60), pool);
    }
    if (err == NULL) {
        err = xca_api_clients_read(result, settings, pool);
    }
    if (err == NULL) {
        err = read_monitor(result, settings, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "enrol-retry-seconds", &enrol_retry, 600, 1, 86400, pool);
    }
    if (err == NULL) {
        err = xca_cmp_signer_make(&result->cmp_signer, settings, pool);
    }
    if (err == NULL) {
        err = xca_profile_of(&profile, settings, pool);
        result->profile = profile;
    }
    if (err != NULL) {
        return err;
    }
    result->enrol_retry = apr_ltoa(pool, enrol_retry);
    result->office.postal = postal;
    result->url = address(settings, "portal-url", pool);
    result->http_url = address(settings, "repository-url", pool);
    result->demo = strcmp(xca_settings_get(settings, "policy-oid", ""), TEST_POLICY) == 0;
    result->service_phone = xca_settings_get(settings, "service-phone", NULL);
    result->service_fax = xca_settings_get(settings, "service-fax", NULL);
    result->service_address = xca_settings_get(settings, "service-address", NULL);
    result->helper_url = xca_settings_get(settings, "card-helper-url", NULL);
    result->service_mail = xca_settings_get(settings, "service-mail", NULL);
    result->xls_program = xca_settings_get(settings, "xls-program-file", NULL);
    result->office_tls_url = address(settings, "office-tls-url", pool);
    result->ocsp_url = xca_settings_get(settings, "ocsp-url", NULL);
    result->ldap_url = address(settings, "public-ldap-url", pool);
    *portal = result;
    return NULL;
}

xca_error_t *xca_portal_child(xca_portal_t *portal, const xca_settings_t *settings,
                              apr_pool_t *child_pool) {
    xca_error_t *err = xca_store_of(&portal->office.store, settings, &portal->ldap, child_pool);

    if (err == NULL) {
        err = xca_limit_make(&portal->card_limit, (int)portal->card_requests, apr_time_from_sec(60), child_pool);
    }
    if (err == NULL) {
        err = xca_limit_make(&portal->office_limit, (int)portal->office_logins, apr_time_from_sec(60), child_pool);
    }
    if (err == NULL) {
        err = xca_limit_make(&portal->question_limit, (int)portal->questions_an_hour, apr_time_from_sec(3600), child_pool);
    }
    if (err == NULL) {
        err = xca_limit_make(&portal->sheet_limit, SHEET_CHECKS, apr_time_from_sec(600), child_pool);
    }
    if (err == NULL) {
        err = xca_cmp_signer_child(portal->cmp_signer, child_pool);
    }
    return err != NULL ? err : xca_repository_make(&portal->repository, child_pool);
}

static const xca_static_file_t *static_file(const xca_portal_t *portal, const char *path) {
    return strncmp(path, "/static/", 8) == 0 ? xca_files_get(portal->files, path + 8) : NULL;
}

/* /static/<name>: kept for a year under the address that pages give (?v=), else looked at again soon. */
static int answer_file(xca_portal_t *portal, const xca_http_request_t *request,
                       xca_http_response_t *response, apr_pool_t *pool) {
    const xca_static_file_t *file = static_file(portal, request->path);
    const char *current = apr_pstrcat(pool, "v=", xca_files_version(portal->files), NULL);

    if (file == NULL ||
        (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)) {
        return 0;
    }
    response->content_type = file->type;
    apr_table_setn(response->headers, "Cache-Control",
                   request->query != NULL && strcmp(request->query, current) == 0
                       ? "public, max-age=31536000, immutable"
                       : "public, max-age=300");
    xca_respond_bytes(request, response, file->content, file->etag, 0, pool);
    return 1;
}

/* "?lang=en": remembered, and back to the page without it. Data is answered in the language at once. */
static int switch_language(xca_visit_t *visit) {
    const char *wanted = xca_form_text(visit->form, "lang");
    const char *rest = "";
    char *query, *pair, *state;

    if (wanted == NULL || (strcmp(wanted, "en") != 0 && strcmp(wanted, "zh") != 0) ||
        strcmp(visit->request->method, "POST") == 0) {
        return 0;
    }
    visit->language = strcmp(wanted, "en") == 0 ? XCA_EN : XCA_ZH;
    if (xca_wants_json(visit->request)) {
        return 0;
    }
    xca_set_cookie(visit->headers, "xca-lang", wanted, 365L * 86400, visit->pool);
    query = apr_pstrdup(visit->pool, visit->request->query);
    for (pair = apr_strtok(query, "&", &state); pair != NULL; pair = apr_strtok(NULL, "&", &state)) {
        if (strncmp(pair, "lang=", 5) != 0) {
            rest = apr_pstrcat(visit->pool, rest, *rest == '\0' ? "?" : "&", pair, NULL);
        }
    }
    visit->redirect = apr_pstrcat(visit->pool, xca_path_encoded(visit->request->path, visit->pool), rest, NULL);
    return 1;
}

static xca_error_t *not_over_plain_http(xca_visit_t *visit, const xca_route_t *route) {
    if (visit->request->secure || (route->how & XCA_ROUTE_PLAIN) != 0) {
        return NULL;
    }
    if (visit->portal->url == NULL || strcmp(route->method, "POST") == 0) {
        return xca_error_make(visit->pool, XCA_E_DENIED, "portal.https-only", NULL);
    }
    visit->status = 308;
    visit->redirect = apr_pstrcat(visit->pool, visit->portal->url,
                                  xca_path_encoded(visit->request->path, visit->pool),
                                  visit->request->query != NULL ? "?" : "",
                                  visit->request->query != NULL ? visit->request->query : "", NULL);
    return NULL;
}

/* "/about/" is "/about". */
static int drop_last_slash(xca_visit_t *visit) {
    apr_size_t length = strlen(visit->request->path);
    const char *shorter, *arg, *allow;

    if (length < 2 || visit->request->path[length - 1] != '/') {
        return 0;
    }
    shorter = apr_pstrmemdup(visit->pool, visit->request->path, length - 1);
    if (xca_route_find("GET", shorter, &arg, &allow, visit->pool) == NULL) {
        return 0;
    }
    visit->status = 301;
    visit->redirect = xca_path_encoded(shorter, visit->pool);
    return 1;
}

static xca_error_t *no_page(xca_visit_t *visit, const char *allow) {
    if (allow == NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "page.not-found", "%s", visit->request->path);
    }
    apr_table_set(visit->headers, "Allow", allow);
    return xca_error_make(visit->pool, XCA_E_METHOD, "page.method", "%s %s", visit->request->method,
                          visit->request->path);
}

/* Everything up to the page: NULL, or what is told instead. A redirect may be set on the way. */
static xca_error_t *go_to_page(xca_visit_t *visit, const xca_route_t *route, const char *allow) {
    const xca_http_request_t *request = visit->request;
    int has_body = route != NULL && strcmp(route->method, "POST") == 0;
    xca_error_t *err = xca_visit_recognise(visit);

    if (err != NULL) {
        return err;
    }
    if (request->body_too_large) {
        return xca_error_make(visit->pool, XCA_E_TOO_LARGE, "form.too-large", "body");
    }
    err = xca_form_read(&visit->form, request->query, request->content_type,
                        has_body ? request->body : NULL, request->body_length, visit->pool);
    if (err != NULL || switch_language(visit)) {
        return err;
    }
    if (route == NULL) {
        return drop_last_slash(visit) ? NULL : no_page(visit, allow);
    }
    err = not_over_plain_http(visit, route);
    if (err != NULL || visit->redirect != NULL) {
        return err;
    }
    err = xca_visit_check_sender(visit, route);
    if (err == NULL && (route->how & XCA_ROUTE_OFFICER) != 0) {
        err = xca_office_door(visit);
    }
    return err != NULL || visit->redirect != NULL ? err : route->page(visit);
}

/* The same for a program. */
static xca_error_t *go_to_data(xca_visit_t *visit, const xca_route_t *route) {
    xca_error_t *err;

    visit->language = xca_accepted_language(visit->request->accept_language);
    if (visit->request->body_too_large) {
        return xca_error_make(visit->pool, XCA_E_TOO_LARGE, "form.too-large", "body");
    }
    err = xca_form_read(&visit->form, visit->request->query, NULL, NULL, 0, visit->pool);
    if (err == NULL && !visit->request->secure && (route->how & XCA_ROUTE_PLAIN) == 0) {
        err = xca_error_make(visit->pool, XCA_E_DENIED, "portal.https-only", NULL);
    }
    return err != NULL ? err : route->page(visit);
}

/* The row of the route table that answered, NULL if there is none. */
static const xca_route_t *answer_route(xca_portal_t *portal, const xca_http_request_t *request,
                                       xca_http_response_t *response, apr_pool_t *pool) {
    xca_visit_t visit = {0};
    const char *allow = NULL;
    const xca_route_t *route;
    xca_error_t *err;

    visit.portal = portal;
    visit.request = request;
    visit.office = &portal->office;
    visit.now = request->now;
    visit.status = 200;
    visit.pool = pool;
    visit.headers = apr_table_make(pool, 8);
    visit.model = xca_map(pool);
    route = xca_route_find(request->method, request->path, &visit.arg, &allow, pool);
    visit.template_name = route != NULL ? route->template_name : NULL;
    if (allow == NULL && static_file(portal, request->path) != NULL) {
        allow = "GET, HEAD";
    }
    if (xca_api_is_asked(request->path, route)) {
        err = xca_api_enter(&visit, route, allow);
        if (err != NULL) {
            xca_api_problem(&visit, err);
        }
    } else if (xca_device_is_asked(request->path)) {
        err = route != NULL ? go_to_data(&visit, route) : xca_device_astray(&visit, allow);
        if (err != NULL) {
            xca_device_problem(&visit, err);
        }
    } else if (route != NULL && (route->how & XCA_ROUTE_DATA) != 0) {
        err = go_to_data(&visit, route);
        if (err != NULL) {
            xca_error_data(&visit, err);
        }
    } else {
        err = go_to_page(&visit, route, allow);
        if (err != NULL) {
            xca_error_page(&visit, err);
        }
    }
    xca_respond(&visit, route, response);
    return route;
}

static xca_meter_kind kind_of(const xca_route_t *route) {
    if (route == NULL) {
        return XCA_METER_PAGES;
    }
    return (route->how & XCA_ROUTE_DATA) != 0      ? XCA_METER_PROGRAMS
           : (route->how & XCA_ROUTE_OFFICER) != 0 ? XCA_METER_OFFICERS
           : (route->how & XCA_ROUTE_PLAIN) != 0   ? XCA_METER_REPOSITORY
                                                   : XCA_METER_PAGES;
}

void xca_portal_answer(xca_portal_t *portal, const xca_http_request_t *request,
                       xca_http_response_t *response, apr_pool_t *pool) {
    apr_time_t began = apr_time_now();
    const xca_route_t *route = NULL;
    xca_meter_kind kind = XCA_METER_STATIC;

    response->status = 200;
    response->head_only = strcmp(request->method, "HEAD") == 0;
    if (response->headers == NULL) {
        response->headers = apr_table_make(pool, 8);
    }
    if (!answer_file(portal, request, response, pool)) {
        route = answer_route(portal, request, response, pool);
        kind = kind_of(route);
    }
    xca_meter_count(portal->meter, route != NULL ? (int)(route - xca_routes) : -1, kind, response->status,
                    apr_time_now() - began);
}

static xca_meter_ocsp refusal_of(xca_ocsp_verdict verdict) {
    switch (verdict) {
    case XCA_OCSP_TRY_LATER:
        return XCA_METER_OCSP_TRY_LATER;
    case XCA_OCSP_MALFORMED:
        return XCA_METER_OCSP_MALFORMED;
    case XCA_OCSP_UNAUTHORIZED:
        return XCA_METER_OCSP_UNAUTHORIZED;
    default:
        return XCA_METER_OCSP_INTERNAL;
    }
}

void xca_portal_count_ocsp(const xca_portal_t *portal, const xca_ocsp_reply_t *reply) {
    static const xca_meter_ocsp said[] = {[XCA_STATUS_UNKNOWN] = XCA_METER_OCSP_UNKNOWN,
                                          [XCA_STATUS_GOOD] = XCA_METER_OCSP_GOOD,
                                          [XCA_STATUS_REVOKED] = XCA_METER_OCSP_REVOKED};
    int kind;

    if (reply->verdict != XCA_OCSP_SUCCESSFUL) {
        xca_meter_count_ocsp(portal->meter, refusal_of(reply->verdict), 1);
        return;
    }
    for (kind = XCA_STATUS_UNKNOWN; kind <= XCA_STATUS_REVOKED; kind++) {
        if (reply->told[kind] > 0) {
            xca_meter_count_ocsp(portal->meter, said[kind], reply->told[kind]);
        }
    }
}

xca_meter_total_t xca_portal_total(const xca_portal_t *portal) {
    return xca_meter_total(portal->meter);
}
