/* 用戶代碼重設 and 變更用戶代碼: the form for those who have lost their user code, and a new code for those who have one. */
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/acceptance.h"
#include "operations/code_reset.h"
#include "operations/sealing.h"
#include "portal/cert_show.h"
#include "portal/code_door.h"
#include "portal/engine.h"
#include "portal/page_certificate.h"
#include "portal/request_view.h"

/* How long the original may take, and where the form goes. */
static void put_way(xca_visit_t *visit) {
    xca_map_number(visit->model, "days", XCA_RESET_DAYS);
    xca_map_text(visit->model, "_fax", visit->portal->service_fax);
    xca_map_text(visit->model, "_address", visit->portal->service_address);
}

xca_error_t *xca_page_code_reset(xca_visit_t *visit) {
    put_way(visit);
    return NULL;
}

xca_error_t *xca_page_code_reset_paper(xca_visit_t *visit) {
    put_way(visit);
    return xca_page_paper_fill(visit);
}

static xca_error_t *put_form(xca_visit_t *visit, const char *number, xca_error_t *wrong) {
    xca_map_text(visit->model, "number", number);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "code"));
    if (wrong != NULL) {
        xca_visit_errors(visit, wrong);
    }
    return NULL;
}

xca_error_t *xca_page_code_change(xca_visit_t *visit) {
    return put_form(visit, xca_form_text(visit->form, "number"), NULL);
}

/* The new code, typed twice. */
static xca_error_t *read_new_code(xca_secret_t **code, xca_visit_t *visit) {
    xca_secret_t *again = xca_form_secret(visit->form, "new_code_again", visit->pool);
    xca_error_t *err;

    *code = xca_form_secret(visit->form, "new_code", visit->pool);
    if (*code == NULL) {
        return xca_error_field(visit->pool, "new_code", "field.required", NULL);
    }
    err = xca_user_code_check(*code, "new_code", visit->pool);
    if (err == NULL && (again == NULL || !xca_secret_equal(*code, again))) {
        err = xca_error_field(visit->pool, "new_code_again", "user-code.mismatch", NULL);
    }
    return err;
}

/* As XCA_REQUEST_CODE carries them. */
static xca_secret_t *both_codes(const xca_secret_t *present, const xca_secret_t *fresh, apr_pool_t *pool) {
    xca_secret_t *both = xca_secret_alloc(pool, present->length + 1 + fresh->length);

    memcpy(both->bytes, present->bytes, present->length);
    both->bytes[present->length] = '\n';
    memcpy(both->bytes + present->length + 1, fresh->bytes, fresh->length);
    return both;
}

xca_error_t *xca_page_code_change_sent(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "number");
    xca_secret_t *present, *fresh;
    xca_request_t *request;
    xca_error_t *denial;
    const char *serial, *card;
    xca_error_t *err = xca_page_number_read(&serial, &card, typed != NULL ? typed : "", visit->pool);

    err = xca_error_append(err, read_new_code(&fresh, visit));
    err = xca_error_append(err, xca_code_door_take(&present, visit, "code"));
    if (err != NULL) {
        return put_form(visit, typed, err);
    }
    err = xca_request_prepare(&request, visit->office, XCA_REQUEST_CODE, serial, card,
                              both_codes(present, fresh, visit->pool), xca_visit_nonce(visit), visit->now,
                              visit->pool);
    if (err == NULL) {
        err = xca_request_carry(&denial, visit, request, "number");
    }
    if (err != NULL || denial == NULL) {
        return err;
    }
    return put_form(visit, typed, xca_code_door_close(visit, denial));
}
