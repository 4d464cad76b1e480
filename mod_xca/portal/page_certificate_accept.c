/* 非IC卡類憑證接受: number and code, then the content, then accept or refuse. The code is typed once: while it is at hand it is
 * sealed to the signer for the two answers that may follow, and only these seals lie in the page. */
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/acceptance.h"
#include "outside/crypto.h"
#include "portal/cert_show.h"
#include "portal/code_door.h"
#include "portal/page_certificate.h"
#include "portal/request_view.h"

static const char *const show_field = "show", *const accept_field = "accept",
                        *const refuse_field = "refuse";

static xca_error_t *put_form(xca_visit_t *visit, const char *serial, xca_error_t *wrong) {
    xca_map_text(visit->model, "serial", serial);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "accept"));
    if (wrong != NULL) {
        xca_visit_errors(visit, wrong);
    }
    return NULL;
}

xca_error_t *xca_page_accept(xca_visit_t *visit) {
    return put_form(visit, xca_form_text(visit->form, "serial"), NULL);
}

/* A sealed answer travels as "<id>:<sealed code in base64>". */

static const char *ticket_write(const xca_request_t *request, apr_pool_t *pool) {
    return apr_pstrcat(pool, request->id, ":",
                       xca_base64(pool, request->sealed_code.data, request->sealed_code.length),
                       NULL);
}

static xca_error_t *ticket_read(xca_request_t **request, xca_visit_t *visit, const char *field,
                                xca_request_kind kind) {
    const char *text = xca_form_text(visit->form, field);
    const char *serial = xca_form_text(visit->form, "serial");
    xca_request_t *made = apr_pcalloc(visit->pool, sizeof(*made));
    xca_bytes_t *sealed = NULL;
    xca_error_t *err = xca_serial_parse(&made->serial, serial != NULL ? serial : "", "serial",
                                        visit->pool);

    if (text != NULL && strspn(text, "0123456789abcdef") == 32 && text[32] == ':') {
        sealed = xca_unbase64(visit->pool, text + 33, strlen(text + 33));
    }
    if (err != NULL || sealed == NULL || sealed->length > XCA_USER_CODE_MAX * 8) {
        return xca_error_make(visit->pool, XCA_E_INVALID, "accept.start-again", NULL);
    }
    made->id = apr_pstrmemdup(visit->pool, text, 32);
    made->kind = kind;
    made->state = XCA_REQUEST_WAITING;
    made->sealed_code = *sealed;
    made->created = visit->now;
    *request = made;
    return NULL;
}

static xca_error_t *ticket_make(const char **ticket, xca_visit_t *visit, xca_request_kind kind,
                                const char *serial, const xca_secret_t *code) {
    unsigned char random[16];
    xca_request_t *request;
    xca_error_t *err = xca_random(random, sizeof(random), visit->pool);

    if (err == NULL) {
        err = xca_request_prepare(&request, visit->office, kind, serial, NULL, code,
                                  xca_text_hex(visit->pool, random, sizeof(random)), visit->now,
                                  visit->pool);
    }
    if (err == NULL) {
        *ticket = ticket_write(request, visit->pool);
    }
    return err;
}

/* The hidden fields of the pages that follow. */
static void put_tickets(xca_visit_t *visit, const char *serial, const char *show, const char *accept,
                        const char *refuse) {
    xca_map_text(visit->model, "serial", serial);
    xca_map_text(visit->model, "_show", show);
    xca_map_text(visit->model, "_accept", accept);
    xca_map_text(visit->model, "_refuse", refuse);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "accept"));
}

static xca_error_t *show_certificate(xca_visit_t *visit, const char *serial) {
    xca_value_t *map = xca_map_map(visit->model, "certificate");
    xca_cert_t *cert;
    xca_error_t *err = xca_cert_read(&cert, visit->office->store, serial, visit->pool);

    if (err != NULL) {
        return err;
    }
    xca_cert_show(visit, map, cert);
    xca_map_text(visit->model, "until",
                 xca_date_format(visit->pool, cert->not_before + XCA_ACCEPT_DAYS * XCA_DAY,
                                 XCA_DATE_ISO));
    xca_map_true(visit->model, "_pending", cert->state == XCA_CERT_PENDING);
    visit->template_name = "certificate_accept_content";
    return xca_cert_show_content(visit, map, cert->der);
}

/* The answer to the request to see: content, refusal, or a page that waits. */
static xca_error_t *show_answer(xca_visit_t *visit, const char *id, const char *serial) {
    xca_request_t *request;
    int silent = 0;
    xca_error_t *err =
        xca_request_await(&request, visit->office, id, XCA_ANSWER_WAIT, visit->pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return xca_error_make(visit->pool, XCA_E_INVALID, "accept.start-again", NULL);
    }
    if (err != NULL) {
        return err;
    }
    if (request->kind != XCA_REQUEST_SHOW || request->serial == NULL ||
        strcmp(request->serial, serial) != 0) {
        return xca_error_make(visit->pool, XCA_E_INVALID, "accept.start-again", NULL);
    }
    if (request->state == XCA_REQUEST_DENIED) {
        return put_form(visit, serial,
                        xca_code_door_close(visit, xca_request_denial(request, "serial", visit->pool)));
    }
    if (request->state == XCA_REQUEST_WAITING) {
        visit->template_name = "certificate_accept_waiting";
        err = xca_signer_is_silent(&silent, visit->office, visit->now, visit->pool);
        xca_map_true(visit->model, "signer_silent", silent);
        return err;
    }
    return show_certificate(visit, serial);
}

static xca_error_t *ask_to_see(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "serial");
    const char *nonce = xca_visit_nonce(visit);
    const char *serial, *accept, *refuse;
    xca_secret_t *code;
    xca_error_t *err = typed != NULL && *typed != '\0'
                           ? xca_serial_parse(&serial, typed, "serial", visit->pool)
                           : xca_error_field(visit->pool, "serial", "field.required", NULL);

    err = xca_error_append(err, xca_code_door_take(&code, visit, "code"));
    if (err != NULL) {
        return put_form(visit, typed, err);
    }
    err = xca_request_submit(visit->office, XCA_REQUEST_SHOW, serial, NULL, code, nonce, visit->now,
                             visit->pool);
    if (err == NULL) {
        err = ticket_make(&accept, visit, XCA_REQUEST_ACCEPT, serial, code);
    }
    if (err == NULL) {
        err = ticket_make(&refuse, visit, XCA_REQUEST_REFUSE, serial, code);
    }
    if (err != NULL) {
        return err;
    }
    put_tickets(visit, serial, nonce, accept, refuse);
    return show_answer(visit, nonce, serial);
}

/* The page that waited asks again; what it carries is checked as what it is: foreign. */
static xca_error_t *look_again(xca_visit_t *visit) {
    const char *show = xca_form_text(visit->form, show_field);
    xca_request_t *accept, *refuse;
    xca_error_t *err = ticket_read(&accept, visit, accept_field, XCA_REQUEST_ACCEPT);

    if (err == NULL) {
        err = ticket_read(&refuse, visit, refuse_field, XCA_REQUEST_REFUSE);
    }
    if (err == NULL && (show == NULL || strlen(show) != 32 ||
                        strspn(show, "0123456789abcdef") != 32)) {
        err = xca_error_make(visit->pool, XCA_E_INVALID, "accept.start-again", NULL);
    }
    if (err != NULL) {
        return err;
    }
    put_tickets(visit, accept->serial, show, ticket_write(accept, visit->pool),
                ticket_write(refuse, visit->pool));
    return show_answer(visit, show, accept->serial);
}

static xca_error_t *answer(xca_visit_t *visit, const char *field, xca_request_kind kind) {
    xca_request_t *request;
    xca_error_t *denial = NULL;
    xca_error_t *err = ticket_read(&request, visit, field, kind);

    if (err == NULL) {
        err = xca_request_carry(&denial, visit, request, "serial");
    }
    if (err != NULL || denial == NULL) {
        return err;
    }
    return put_form(visit, request->serial, xca_code_door_close(visit, denial));
}

/* Refusing cannot be taken back: once more. */
static xca_error_t *ask_once_more(xca_visit_t *visit) {
    xca_request_t *accept, *refuse;
    xca_error_t *err = ticket_read(&refuse, visit, refuse_field, XCA_REQUEST_REFUSE);

    if (err == NULL) {
        err = ticket_read(&accept, visit, accept_field, XCA_REQUEST_ACCEPT);
    }
    if (err != NULL) {
        return err;
    }
    put_tickets(visit, refuse->serial, xca_form_text(visit->form, show_field),
                ticket_write(accept, visit->pool), ticket_write(refuse, visit->pool));
    visit->template_name = "certificate_refuse";
    return NULL;
}

xca_error_t *xca_page_accept_sent(xca_visit_t *visit) {
    const char *button = xca_form_text(visit->form, "button");

    if (button == NULL || strcmp(button, "show") == 0) {
        return ask_to_see(visit);
    }
    if (strcmp(button, "again") == 0) {
        return look_again(visit);
    }
    if (strcmp(button, "accept") == 0) {
        return answer(visit, accept_field, XCA_REQUEST_ACCEPT);
    }
    if (strcmp(button, "refuse") == 0) {
        return ask_once_more(visit);
    }
    if (strcmp(button, "refuse-sure") == 0) {
        return answer(visit, refuse_field, XCA_REQUEST_REFUSE);
    }
    return xca_error_make(visit->pool, XCA_E_INVALID, "accept.start-again", NULL);
}
