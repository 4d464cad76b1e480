#include "portal/request_view.h"

#include <string.h>
#include <apr_strings.h>
#include "operations/acceptance.h"
#include "portal/page_certificate.h"

xca_error_t *xca_request_denial(const xca_request_t *request, const char *number_field,
                                apr_pool_t *pool) {
    const char *answer = request->answer != NULL ? request->answer : "request.unknown";
    xca_error_t *err = xca_error_make(pool, XCA_E_CONFLICT, answer, NULL);

    err->field = number_field;
    if (strcmp(answer, "code.wrong") == 0) {
        err->kind = XCA_E_DENIED;
        err->arg = apr_itoa(pool, request->tries_left);
        err->field = "code";
    } else if (strcmp(answer, "code.locked-for-good") == 0) {
        err->kind = XCA_E_LOCKED;
        err->field = "code";
    } else if (strcmp(answer, "code.change-first") == 0) {
        err->field = "code";
    } else if (strcmp(answer, "code.same") == 0) {
        err->kind = XCA_E_INVALID;
        err->field = "new_code";
    } else if (strcmp(answer, "certificate.not-found") == 0) {
        err->kind = XCA_E_INVALID;
    }
    return err;
}

xca_error_t *xca_request_carry(xca_error_t **denial, xca_visit_t *visit,
                               const xca_request_t *request, const char *number_field) {
    xca_request_t *answered;
    xca_error_t *err = xca_request_hand_in(visit->office, request, visit->pool);

    *denial = NULL;
    if (err == NULL) {
        err = xca_request_await(&answered, visit->office, request->id, XCA_ANSWER_WAIT, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    if (answered->state == XCA_REQUEST_DENIED) {
        *denial = xca_request_denial(answered, number_field, visit->pool);
        return NULL;
    }
    visit->redirect = apr_pstrcat(visit->pool, "/requests/", request->id, NULL);
    return NULL;
}

static int is_request_id(const char *id) {
    return strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32;
}

static xca_error_t *no_such_request(xca_visit_t *visit) {
    return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "request.not-found", NULL);
}

/* The id is 128 random bits and what is shown tells no more than the kind, the number and the outcome. */
xca_error_t *xca_page_request(xca_visit_t *visit) {
    xca_request_t *request;
    xca_value_t *map;
    const char *kind, *state;
    int silent = 0;
    xca_error_t *err;

    if (!is_request_id(visit->arg)) {
        return no_such_request(visit);
    }
    err = xca_request_read(&request, visit->office->store, visit->arg, visit->pool);
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? no_such_request(visit) : err;
    }
    if (request->kind > XCA_REQUEST_CODE) {
        return no_such_request(visit); /* those are matters of a case's page, or of card helper, devices, server and signer */
    }
    kind = xca_request_kind_id(request->kind);
    state = xca_request_state_id(request->state);
    map = xca_map_map(visit->model, "request");
    xca_map_text(map, "kind", kind);
    xca_map_text(map, "state", state);
    xca_map_text(map, "serial", request->serial);
    xca_map_text(map, "card_number", request->card_number);
    xca_map_text(map, "title", apr_pstrcat(visit->pool, "request.", kind, ".", state, NULL));
    xca_map_text(map, "text", apr_pstrcat(visit->pool, "request.", kind, ".", state, ".text", NULL));
    xca_map_true(map, "waiting", request->state == XCA_REQUEST_WAITING);
    xca_map_true(map, "denied", request->state == XCA_REQUEST_DENIED);
    xca_map_true(map, "done", request->state == XCA_REQUEST_DONE);
    if (request->state == XCA_REQUEST_DENIED) {
        xca_map_text(map, "answer", request->answer);
        xca_map_number(map, "arg", request->tries_left);
    }
    xca_map_text(visit->model, "_path",
                 apr_pstrcat(visit->pool, "/requests/", request->id, NULL));
    if (request->serial != NULL && request->kind != XCA_REQUEST_REFUSE) {
        xca_map_text(visit->model, "_certificate",
                     apr_pstrcat(visit->pool, "/certificates/", request->serial, NULL));
    }
    if (request->kind == XCA_REQUEST_SUSPEND && request->state == XCA_REQUEST_DONE) {
        xca_map_text(visit->model, "_resume",
                     apr_pstrcat(visit->pool, "/certificates/suspend?action=resume&",
                                 request->serial != NULL ? "serial=" : "card_number=",
                                 request->serial != NULL ? request->serial : request->card_number, NULL));
    }
    if (request->state == XCA_REQUEST_WAITING) {
        err = xca_signer_is_silent(&silent, visit->office, visit->now, visit->pool);
    }
    xca_map_true(visit->model, "signer_silent", silent);
    return err;
}
