/* 憑證停用/復用 and 憑證廢止. */
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/acceptance.h"
#include "portal/cert_show.h"
#include "portal/code_door.h"
#include "portal/engine.h"
#include "portal/page_certificate.h"
#include "portal/request_view.h"

static xca_error_t *put_form(xca_visit_t *visit, const char *number, const char *action,
                             xca_error_t *wrong) {
    int resume = action != NULL && strcmp(action, "resume") == 0;

    xca_map_text(visit->model, "number", number);
    xca_map_true(visit->model, "_resume", resume);
    xca_map_true(visit->model, "_suspend", action != NULL && !resume);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "suspend"));
    if (wrong != NULL) {
        xca_visit_errors(visit, wrong);
    }
    return NULL;
}

xca_error_t *xca_page_suspend(xca_visit_t *visit) {
    const char *action = xca_form_text(visit->form, "action");

    return put_form(visit, xca_form_text(visit->form, "serial"),
                    action != NULL ? action : "suspend", NULL);
}

xca_error_t *xca_page_number_read(const char **serial, const char **card, const char *typed,
                                  apr_pool_t *pool) {
    char *number = xca_text_halfwidth(pool, xca_text_trim(pool, typed));

    *serial = *card = NULL;
    if (*number == '\0') {
        return xca_error_field(pool, "number", "field.required", NULL);
    }
    if (number[0] != 'X' && number[0] != 'x') {
        return xca_serial_parse(serial, number, "number", pool);
    }
    return xca_card_number_parse(card, number, "number", pool);
}

xca_error_t *xca_page_suspend_sent(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "number");
    const char *action = xca_form_text(visit->form, "action");
    xca_secret_t *code;
    xca_request_kind kind;
    xca_request_t *request;
    xca_error_t *denial;
    const char *serial, *card;
    xca_error_t *err = xca_page_number_read(&serial, &card, typed != NULL ? typed : "", visit->pool);

    kind = action != NULL && strcmp(action, "suspend") == 0  ? XCA_REQUEST_SUSPEND
           : action != NULL && strcmp(action, "resume") == 0 ? XCA_REQUEST_RESUME
                                                             : XCA_REQUEST_COUNT;
    if (kind == XCA_REQUEST_COUNT) {
        err = xca_error_append(err, xca_error_field(visit->pool, "action", "field.choose", NULL));
    }
    err = xca_error_append(err, xca_code_door_take(&code, visit, "code"));
    if (err != NULL) {
        return put_form(visit, typed, action, err);
    }
    err = xca_request_prepare(&request, visit->office, kind, serial, card, code,
                              xca_visit_nonce(visit), visit->now, visit->pool);
    if (err == NULL) {
        err = xca_request_carry(&denial, visit, request, "number");
    }
    if (err != NULL || denial == NULL) {
        return err;
    }
    return put_form(visit, typed, action, xca_code_door_close(visit, denial));
}

xca_error_t *xca_page_revoke(xca_visit_t *visit) {
    xca_map_text(visit->model, "number", xca_form_text(visit->form, "number"));
    return NULL;
}

/* The published certificate of a number, or the first of a card; and the number as it is written. */
static xca_error_t *find_published(const xca_cert_t **cert, const char **number, xca_visit_t *visit, const char *typed) {
    apr_array_header_t *certs;
    const char *serial, *card;
    xca_error_t *err = xca_page_number_read(&serial, &card, typed, visit->pool);

    if (err == NULL) {
        err = xca_cert_search(&certs, NULL, visit->office->store, serial != NULL ? XCA_CERT_BY_SERIAL : XCA_CERT_BY_CARD,
                              serial != NULL ? serial : card, 1, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    *number = serial != NULL ? serial : card;
    *cert = certs->nelts > 0 ? APR_ARRAY_IDX(certs, 0, const xca_cert_t *) : NULL;
    return *cert != NULL && (*cert)->published ? NULL : xca_error_make(visit->pool, XCA_E_NOT_FOUND, "paper.not-found", NULL);
}

xca_error_t *xca_page_paper_fill(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "number");
    const char *number;
    const xca_cert_t *cert;
    xca_error_t *err;

    if (typed == NULL || *xca_text_trim(visit->pool, typed) == '\0') {
        return NULL;
    }
    err = find_published(&cert, &number, visit, typed);
    if (err != NULL && err->kind != XCA_E_INVALID && err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    if (err != NULL) {
        visit->status = xca_status_of(err);
        xca_map_text(visit->model, "unfilled", xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool));
        return NULL;
    }
    xca_map_text(visit->model, "number", number);
    xca_cert_show(visit, xca_map_map(visit->model, "certificate"), cert);
    xca_map_true(visit->model, "school", cert->class == XCA_CLASS_SCHOOL);
    return NULL;
}

xca_error_t *xca_page_revoke_paper(xca_visit_t *visit) {
    xca_value_t *list = xca_map_list(visit->model, "reasons");
    int i;

    for (i = 0; xca_revoke_reasons[i] != NULL; i++) {
        xca_map_text(xca_list_map(list), "label",
                     apr_pstrcat(visit->pool, "reason.", xca_revoke_reasons[i], NULL));
    }
    xca_map_text(visit->model, "date_roc", xca_date_format(visit->pool, visit->now, XCA_DATE_ROC));
    return xca_page_paper_fill(visit);
}
