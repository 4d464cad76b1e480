/* Which notices before the end a contact wants: by number and user code, carried out by the signer. */
#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "operations/acceptance.h"
#include "portal/code_door.h"
#include "portal/page_certificate.h"
#include "portal/page_expiring.h"
#include "portal/request_view.h"

#define CASE_DIGITS 25

static xca_error_t *put_form(xca_visit_t *visit, const char *number, const char *action, xca_error_t *wrong) {
    int on = action != NULL && strcmp(action, "on") == 0;

    xca_map_text(visit->model, "number", number);
    xca_map_true(visit->model, "_on", on);
    xca_map_true(visit->model, "_off", !on);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "notices"));
    if (wrong != NULL) {
        xca_visit_errors(visit, wrong);
    }
    return NULL;
}

xca_error_t *xca_page_expiring_notices(xca_visit_t *visit) {
    return put_form(visit, xca_form_text(visit->form, "number"), "off", NULL);
}

/* What a case has led to; nothing yet is told like a case that is not there. */
static xca_error_t *of_case(const char **serial, const char **card, xca_visit_t *visit, const char *number) {
    xca_case_t *kase;
    xca_error_t *err = xca_case_read(&kase, visit->office->store, number, visit->pool);

    if (err != NULL && err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    if (err == NULL) {
        *serial = kase->card_number == NULL ? kase->serial : NULL;
        *card = kase->card_number;
    }
    return *serial == NULL && *card == NULL ? xca_error_field(visit->pool, "number", "certificate.not-found", NULL) : NULL;
}

/* One field takes a serial number, a card number (it begins with 'Xc') or a case number (25 digits, spaces and dashes between). */
static xca_error_t *read_number(const char **serial, const char **card, xca_visit_t *visit, const char *typed) {
    const char *digits = xca_text_ungrouped(visit->pool, xca_text_trim(visit->pool, typed));

    *serial = *card = NULL;
    if (strlen(digits) == CASE_DIGITS && strspn(digits, "0123456789") == CASE_DIGITS) {
        return of_case(serial, card, visit, digits);
    }
    return xca_page_number_read(serial, card, typed, visit->pool);
}

xca_error_t *xca_page_expiring_notices_sent(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "number"), *action = xca_form_text(visit->form, "action");
    int on = action != NULL && strcmp(action, "on") == 0, off = action != NULL && strcmp(action, "off") == 0;
    const char *serial, *card;
    xca_secret_t *code;
    xca_request_t *request;
    xca_error_t *denial;
    xca_error_t *err = read_number(&serial, &card, visit, typed != NULL ? typed : "");

    if (err != NULL && err->field == NULL) {
        return err; /* the directory is away */
    }
    if (!on && !off) {
        err = xca_error_append(err, xca_error_field(visit->pool, "action", "field.choose", NULL));
    }
    err = xca_error_append(err, xca_code_door_take(&code, visit, "code"));
    if (err != NULL) {
        return put_form(visit, typed, action, err);
    }
    err = xca_request_prepare(&request, visit->office, on ? XCA_REQUEST_NOTICES_ON : XCA_REQUEST_NOTICES_OFF, serial, card,
                              code, xca_visit_nonce(visit), visit->now, visit->pool);
    if (err == NULL) {
        err = xca_request_carry(&denial, visit, request, "number");
    }
    if (err != NULL || denial == NULL) {
        return err;
    }
    return put_form(visit, typed, action, xca_code_door_close(visit, denial));
}
