/* Who is visiting: cookies, form tokens, passes, and errors in the visitor's language. */
#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "base/log.h"
#include "outside/crypto.h"
#include "portal/engine.h"
#include "portal/token.h"

#define VISITOR_COOKIE  "xca-visitor"
#define LANGUAGE_COOKIE "xca-lang"
#define VISITOR_DIGITS  32

const char *xca_cookie(const char *header, const char *name, apr_pool_t *pool) {
    apr_size_t length = strlen(name);

    while (header != NULL && *header != '\0') {
        header += strspn(header, " \t;");
        if (strncmp(header, name, length) == 0 && header[length] == '=') {
            header += length + 1;
            return apr_pstrmemdup(pool, header, strcspn(header, "; \t"));
        }
        header = strchr(header, ';');
    }
    return NULL;
}

void xca_set_cookie(apr_table_t *headers, const char *name, const char *value, long max_age,
                    apr_pool_t *pool) {
    const char *age = max_age > 0 ? apr_psprintf(pool, "; Max-Age=%ld", max_age) : "";

    apr_table_add(headers, "Set-Cookie",
                  apr_pstrcat(pool, name, "=", value, "; Path=/", age,
                              "; Secure; HttpOnly; SameSite=Lax", NULL));
}

xca_language xca_accepted_language(const char *header) {
    const char *at = header;

    while (at != NULL && *at != '\0') {
        at += strspn(at, " \t,");
        if (strncasecmp(at, "en", 2) == 0 || strncasecmp(at, "zh", 2) == 0) {
            return strncasecmp(at, "en", 2) == 0 ? XCA_EN : XCA_ZH;
        }
        at = strchr(at, ',');
    }
    return XCA_ZH;
}

static int is_visitor_id(const char *text) {
    return text != NULL && strlen(text) == VISITOR_DIGITS &&
           strspn(text, "0123456789abcdef") == VISITOR_DIGITS;
}

xca_error_t *xca_visit_recognise(xca_visit_t *visit) {
    const char *language = xca_cookie(visit->request->cookie, LANGUAGE_COOKIE, visit->pool);
    unsigned char random[VISITOR_DIGITS / 2];
    xca_error_t *err;

    visit->language = language != NULL && strcmp(language, "en") == 0 ? XCA_EN : XCA_ZH;
    visit->visitor = xca_cookie(visit->request->cookie, VISITOR_COOKIE, visit->pool);
    if (is_visitor_id(visit->visitor)) {
        return NULL;
    }
    err = xca_random(random, sizeof(random), visit->pool);
    visit->visitor = err == NULL ? xca_text_hex(visit->pool, random, sizeof(random)) : "";
    visit->visitor_is_new = 1;
    return err;
}

/* What is made for this visitor alone: it is not to be kept by any cache, and the visitor must come back with
 * the same cookie. */
static void make_personal(xca_visit_t *visit) {
    if (visit->visitor_is_new && !visit->personal) {
        xca_set_cookie(visit->headers, VISITOR_COOKIE, visit->visitor, 0, visit->pool);
    }
    visit->personal = 1;
}

const char *xca_visit_token(xca_visit_t *visit, const char *purpose) {
    unsigned char nonce[16];
    xca_error_t *err = xca_random(nonce, sizeof(nonce), visit->pool);
    const char *token;

    if (err != NULL) {
        return NULL; /* a form without a token is refused when it comes back */
    }
    make_personal(visit);
    token = xca_form_token(visit->pool, visit->portal->key, purpose, visit->visitor, visit->now, nonce);
    xca_map_text(visit->model, "token", token);
    return token;
}

const char *xca_visit_nonce(xca_visit_t *visit) {
    return visit->nonce;
}

static char *pass_cookie(xca_visit_t *visit, const char *case_number) {
    return apr_pstrcat(visit->pool, "xca-case-", case_number, NULL);
}

void xca_visit_give_pass(xca_visit_t *visit, const char *case_number) {
    make_personal(visit);
    xca_set_cookie(visit->headers, pass_cookie(visit, case_number),
                   xca_case_pass(visit->pool, visit->portal->key, case_number, visit->visitor,
                                 visit->now),
                   (long)apr_time_sec(XCA_PASS_LIFE), visit->pool);
}

int xca_visit_has_pass(xca_visit_t *visit, const char *case_number) {
    const char *pass =
        xca_cookie(visit->request->cookie, pass_cookie(visit, case_number), visit->pool);

    make_personal(visit);
    return xca_case_pass_valid(visit->portal->key, pass, case_number, visit->visitor, visit->now,
                               visit->pool);
}

/* Browsers tell from which site a form was sent; where they do, it must be ours. */
static int is_foreign(const xca_http_request_t *request) {
    const char *rest;

    if (request->origin == NULL) {
        return 0;
    }
    rest = request->secure ? "https://" : "http://";
    return strncasecmp(request->origin, rest, strlen(rest)) != 0 || request->host == NULL ||
           strcasecmp(request->origin + strlen(rest), request->host) != 0;
}

xca_error_t *xca_visit_check_sender(xca_visit_t *visit, const xca_route_t *route) {
    xca_error_t *err;

    if (strcmp(route->method, "POST") != 0) {
        return NULL;
    }
    make_personal(visit);
    if (is_foreign(visit->request)) {
        return xca_error_make(visit->pool, XCA_E_DENIED, "token.foreign", "origin %.200s, host %.200s",
                              visit->request->origin,
                              visit->request->host != NULL ? visit->request->host : "-");
    }
    if (route->purpose == NULL) {
        return NULL;
    }
    err = xca_form_token_check(&visit->nonce, visit->portal->key,
                               xca_form_text(visit->form, "token"), route->purpose, visit->visitor,
                               visit->now, visit->pool);
    if (err != NULL && (route->how & XCA_ROUTE_FORM_AGAIN) != 0 && strcmp(err->message, "token.old") == 0) {
        err->kind = XCA_E_INVALID; /* to be put right by sending it once more */
        visit->token_error = err;
        return NULL;
    }
    return err;
}

void xca_visit_errors(xca_visit_t *visit, const xca_error_t *err) {
    xca_value_t *list, *by_field, *invalid;

    if (err == NULL) {
        return;
    }
    xca_log_error(visit->request->path, err);
    visit->told = err;
    visit->status = xca_status_of(err);
    xca_map_true(visit->model, "_not_now", err->kind == XCA_E_UNAVAILABLE || err->kind == XCA_E_LOCKED);
    if (err->kind == XCA_E_UNAVAILABLE) {
        apr_table_set(visit->headers, "Retry-After", "30");
        visit->directory_down |= xca_ldap_is_away(err);
    }
    list = xca_map_list(visit->model, "errors");
    by_field = xca_map_map(visit->model, "error");
    invalid = xca_map_map(visit->model, "_invalid"); /* for aria-invalid */
    for (; err != NULL; err = err->next) {
        xca_value_t *item = xca_list_map(list);
        const char *text = xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool);

        xca_map_text(item, "field", err->field);
        if (err->field != NULL) {
            /* The summary names the field: "this has to be filled in" alone tells nothing. */
            xca_map_text(item, "_label",
                         xca_catalogue_text(visit->portal->texts,
                                            apr_pstrcat(visit->pool, "field.", err->field, NULL),
                                            visit->language));
        }
        xca_map_text(item, "text", text);
        xca_map_text(item, "_message", err->message);
        if (err->field != NULL && xca_value_find(by_field, err->field) == NULL) {
            xca_map_text(by_field, err->field, text);
            xca_map_text(invalid, err->field, "true");
        }
    }
}

void xca_visit_give(xca_visit_t *visit, xca_bytes_t bytes, const char *type) {
    visit->data = apr_pmemdup(visit->pool, &bytes, sizeof(bytes));
    visit->data_type = type;
}

void xca_visit_give_text(xca_visit_t *visit, const char *text, const char *type) {
    xca_bytes_t bytes = {(const unsigned char *)text, strlen(text)};

    xca_visit_give(visit, bytes, type);
}

xca_error_t *xca_visit_give_file(xca_visit_t *visit, const xca_files_t *files) {
    const xca_static_file_t *file = xca_files_get(files, visit->arg);

    if (file == NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "page.not-found", "%s", visit->arg);
    }
    visit->data = &file->content;
    visit->data_type = file->type;
    visit->data_name = file->name;
    visit->data_etag = file->etag;
    return NULL;
}
