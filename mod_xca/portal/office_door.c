#include "portal/office_door.h"

#include <string.h>
#include <apr_strings.h>
#include "operations/login.h"
#include "outside/crypto.h"
#include "outside/crypto_pem.h"
#include "portal/engine.h"
#include "portal/office_lists.h"

/* __Host-: browsers take it over TLS from this very host alone (RFC 6265bis section 4.1.3.2). */
#define COOKIE "__Host-xca-office"

static void set_cookie(xca_visit_t *visit, const char *value, const char *more) {
    apr_table_add(visit->headers, "Set-Cookie",
                  apr_pstrcat(visit->pool, COOKIE "=", value, "; Path=/; Secure; HttpOnly; SameSite=Strict", more, NULL));
}

void xca_office_give_cookie(xca_visit_t *visit, const char *secret) {
    set_cookie(visit, secret, "");
}

void xca_office_drop_cookie(xca_visit_t *visit) {
    set_cookie(visit, "", "; Max-Age=0");
}

const char *xca_office_target(const char *wanted) {
    const char *at;

    if (wanted == NULL || strncmp(wanted, "/office", 7) != 0 || strncmp(wanted, "/office/login", 13) == 0 ||
        (wanted[7] != '\0' && wanted[7] != '/' && wanted[7] != '?')) {
        return "/office";
    }
    for (at = wanted; *at != '\0'; at++) {
        if (*at <= 0x20 || *at >= 0x7f || *at == '\\') {
            return "/office";
        }
    }
    return wanted;
}

const char *xca_office_encoded(const char *text, apr_pool_t *pool) {
    static const char hex[] = "0123456789ABCDEF";
    char *result = apr_palloc(pool, strlen(text) * 3 + 1);
    char *to = result;

    for (; *text != '\0'; text++) {
        if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') ||
            strchr("/-._~", *text) != NULL) {
            *to++ = *text;
            continue;
        }
        *to++ = '%';
        *to++ = hex[(unsigned char)*text >> 4];
        *to++ = hex[*text & 15];
    }
    *to = '\0';
    return result;
}

/* A form that comes too late leads to the login, and from there to the desk: it cannot be sent again by itself. */
static xca_error_t *send_to_login(xca_visit_t *visit, int was_in) {
    const char *to = "/office";

    if (xca_wants_json(visit->request)) {
        return xca_error_make(visit->pool, XCA_E_DENIED, "login.first", NULL);
    }
    if (was_in) {
        xca_office_drop_cookie(visit);
    }
    if (strcmp(visit->request->method, "POST") != 0) {
        to = apr_pstrcat(visit->pool, xca_path_encoded(visit->request->path, visit->pool),
                         visit->request->query != NULL ? "?" : "",
                         visit->request->query != NULL ? visit->request->query : "", NULL);
    }
    visit->redirect = apr_pstrcat(visit->pool, "/office/login?to=", xca_office_encoded(xca_office_target(to), visit->pool),
                                  was_in ? "&over=1" : "", NULL);
    return NULL;
}

static xca_error_t *put_officer(xca_visit_t *visit) {
    const xca_officer_t *officer = visit->officer;
    xca_value_t *map = xca_map_map(visit->model, "officer");
    xca_window_t *window;
    xca_error_t *err;

    xca_map_text(map, "uid", officer->uid);
    xca_map_text(map, "title", officer->title);
    xca_map_text(map, "role", xca_role_id(officer->role));
    xca_map_text(map, "_role", apr_pstrcat(visit->pool, "role.", xca_role_id(officer->role), NULL));
    xca_map_true(map, "_files_sheets", officer->role == XCA_ROLE_RA && officer->window != NULL);
    xca_map_true(map, "_revocations", officer->role != XCA_ROLE_CARD_CENTRE);
    xca_map_true(map, "_code_resets", officer->role == XCA_ROLE_CENTRAL || officer->role == XCA_ROLE_AUDITOR);
    xca_map_true(map, "_mail", officer->role == XCA_ROLE_CENTRAL || officer->role == XCA_ROLE_AUDITOR);
    xca_map_true(map, "_audit", officer->role == XCA_ROLE_CENTRAL || officer->role == XCA_ROLE_AUDITOR);
    xca_map_true(map, "_orders", officer->role == XCA_ROLE_CENTRAL || officer->role == XCA_ROLE_AUDITOR);
    xca_map_true(map, "_content", officer->role == XCA_ROLE_CENTRAL || officer->role == XCA_ROLE_AUDITOR);
    if (officer->window == NULL) {
        return NULL;
    }
    xca_map_text(map, "window", officer->window);
    err = xca_window_read(&window, visit->office->store, officer->window, visit->pool);
    if (err == NULL) {
        xca_map_text(map, "window_name", window->name);
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

xca_error_t *xca_office_door(xca_visit_t *visit) {
    const char *secret = xca_cookie(visit->request->cookie, COOKIE, visit->pool);
    xca_officer_t *officer;
    xca_session_t *session;
    xca_error_t *err =
        xca_session_enter(&officer, &session, visit->office, secret, visit->portal->office_idle,
                          visit->portal->office_life, visit->now, visit->pool);

    if (err != NULL) {
        return err;
    }
    if (officer == NULL) {
        visit->personal = 1;
        return send_to_login(visit, secret != NULL && *secret != '\0');
    }
    visit->officer = officer;
    visit->session = session->id;
    /* One token for all forms of the page: what the officer does is told apart by its address. */
    xca_map_text(visit->model, "token", xca_visit_token(visit, "office"));
    return put_officer(visit);
}

const char *xca_office_actor(const xca_visit_t *visit) {
    return apr_pstrcat(visit->pool, "officer ", visit->officer->uid, NULL);
}

xca_bytes_t xca_office_client_certificate(const xca_visit_t *visit) {
    const char *pem = visit->request->client_certificate;
    const xca_bytes_t *der = pem != NULL ? xca_pem_find(visit->pool, pem, "CERTIFICATE") : NULL;
    xca_bytes_t none = {NULL, 0};

    return der != NULL ? *der : none;
}

xca_error_t *xca_office_need_role(xca_visit_t *visit, xca_role one, xca_role other) {
    if (visit->officer->role == one || visit->officer->role == other) {
        return NULL;
    }
    return xca_error_make(visit->pool, XCA_E_DENIED, "office.role", "%s", visit->officer->uid);
}

int xca_office_may_see(const xca_officer_t *officer, const char *window) {
    return officer->role != XCA_ROLE_RA ||
           (window != NULL && officer->window != NULL && strcmp(window, officer->window) == 0);
}
