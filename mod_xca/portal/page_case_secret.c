/* 裝置註冊密鑰: a secret for the device of a case, with which it asks for its first certificate itself (CMP, RFC 4210). */
#include <string.h>
#include <apr_strings.h>
#include "operations/acceptance.h"
#include "operations/application.h"
#include "portal/case_view.h"
#include "portal/code_door.h"
#include "portal/engine.h"
#include "portal/page_case.h"
#include "portal/request_view.h"

#define CMP_PATH "/.well-known/cmp"

static int is_good(const xca_case_t *kase, apr_time_t now) {
    return kase->device_secret != NULL && now < kase->device_secret_until;
}

static int is_possible(const xca_case_t *kase) {
    return kase->kind == XCA_CASE_CERTIFICATE && !xca_case_ended(kase->state);
}

static void put_form(xca_visit_t *visit, const xca_case_t *kase) {
    xca_case_view_show(visit, kase);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "device-secret"));
    xca_map_true(visit->model, "possible", is_possible(kase));
    if (is_possible(kase) && is_good(kase, visit->now)) {
        xca_map_when(visit->model, "until", kase->device_secret_until);
    }
}

xca_error_t *xca_page_case_secret(xca_visit_t *visit) {
    xca_case_t *kase;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/status");

    if (err == NULL && kase != NULL) {
        put_form(visit, kase);
    }
    return err;
}

/* The code as the portal counts it, before the signer is asked. */
static xca_error_t *open_with_code(xca_secret_t **code, xca_visit_t *visit, const char *number) {
    xca_case_t *opened;
    xca_error_t *err = xca_code_door_take(code, visit, "code");

    if (err == NULL) {
        err = xca_code_door_close(visit, xca_application_open(&opened, visit->office, number, *code, visit->now, visit->pool));
    }
    if (err == NULL && !is_possible(opened)) {
        err = xca_error_make(visit->pool, XCA_E_CONFLICT,
                             opened->kind != XCA_CASE_CERTIFICATE ? "device-secret.kind" : "device-secret.over", NULL);
    }
    return err;
}

/* *answered NULL: this form was sent before. What it has made was shown then, and is not shown twice. */
static xca_error_t *ask(xca_request_t **answered, xca_visit_t *visit, const char *number, const xca_secret_t *code) {
    const char *action = xca_form_text(visit->form, "action"), *id = xca_visit_nonce(visit);
    int off = action != NULL && strcmp(action, "withdraw") == 0;
    xca_error_t *err = xca_request_read(answered, visit->office->store, id, visit->pool);

    *answered = NULL;
    if (err == NULL || err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    err = xca_request_submit(visit->office, off ? XCA_REQUEST_SECRET_OFF : XCA_REQUEST_SECRET, number, NULL, code, id, visit->now,
                             visit->pool);
    return err != NULL ? err : xca_request_await(answered, visit->office, id, XCA_ANSWER_WAIT, visit->pool);
}

static xca_error_t *show(xca_visit_t *visit, const char *number) {
    xca_case_t *kase;
    xca_error_t *err = xca_case_read(&kase, visit->office->store, number, visit->pool);

    if (err != NULL) {
        return err;
    }
    put_form(visit, kase);
    if (is_good(kase, visit->now)) {
        xca_map_text(visit->model, "secret", xca_secret_text(kase->device_secret));
        xca_map_text(visit->model, "address", apr_pstrcat(visit->pool, visit->portal->url != NULL ? visit->portal->url : "", CMP_PATH, NULL));
    }
    return NULL;
}

static xca_error_t *tell(xca_visit_t *visit, const xca_case_t *kase, xca_error_t *err) {
    if (err->kind == XCA_E_INTERNAL || err->kind == XCA_E_UNAVAILABLE) {
        return err;
    }
    err->field = err->field != NULL ? err->field : "code";
    put_form(visit, kase);
    xca_visit_errors(visit, err);
    return NULL;
}

xca_error_t *xca_page_case_secret_sent(xca_visit_t *visit) {
    xca_request_t *answered = NULL;
    xca_secret_t *code;
    xca_case_t *kase;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/status");

    if (err != NULL || kase == NULL) {
        return err;
    }
    err = open_with_code(&code, visit, kase->number);
    if (err == NULL) {
        err = ask(&answered, visit, kase->number, code);
    }
    if (err == NULL && answered != NULL && answered->state == XCA_REQUEST_DENIED) {
        err = xca_request_denial(answered, "code", visit->pool);
    }
    if (err != NULL) {
        return tell(visit, kase, err);
    }
    if (answered != NULL && answered->state == XCA_REQUEST_WAITING) {
        put_form(visit, kase);
        xca_map_true(visit->model, "waiting", 1);
        return NULL;
    }
    if (answered != NULL && answered->kind == XCA_REQUEST_SECRET) {
        return show(visit, kase->number);
    }
    visit->redirect = apr_pstrcat(visit->pool, "/case/device-secret/", kase->number, NULL);
    return NULL;
}
