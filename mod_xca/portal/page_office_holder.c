#include "portal/page_office_holder.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "directory/card_store.h"
#include "directory/case_find.h"
#include "domain/codes.h"
#include "domain/names.h"
#include "operations/case_file.h"
#include "operations/code_reset.h"
#include "operations/revocation.h"
#include "portal/case_form.h"
#include "portal/cert_show.h"
#include "portal/office_door.h"
#include "portal/office_lists.h"
#include "portal/org_show.h"

#define WAITING_MAX 100
#define FOUND_MAX   50

/* What the two differ in. */
typedef struct {
    xca_case_kind kind;
    xca_role files; /* whose officers file; others only look */
    const char *path;
    const xca_case_form_row_t *rows, *contact;
    xca_error_t *(*target)(xca_cert_t **cert, xca_office_t *office, const char *number, const xca_officer_t *officer,
                           apr_time_t now, apr_pool_t *pool);
    xca_error_t *(*file)(xca_case_t **filed, xca_office_t *office, const xca_holder_form_t *form,
                         const xca_officer_t *officer, const char *nonce, apr_time_t now, apr_pool_t *pool);
} way_t;

static const xca_case_form_row_t revocation_rows[] = {
    {"remark", "text", "off", "text", 0, "office.revocation.remark.hint", NULL},
    {"letter_date", "date", "off", NULL, 0, "office.holder.date.hint", "short"},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};
static const xca_case_form_row_t revocation_contact[] = {
    {"contact_name", "text", "off", "text", 0, NULL, "medium"},
    {"contact_title", "text", "off", "text", 0, NULL, "medium"},
    {"contact_email", "email", "off", "email", 0, "office.revocation.mail.hint", NULL},
    {"contact_phone", "tel", "off", "tel", 0, NULL, "medium"},
    {"contact_fax", "tel", "off", "tel", 0, NULL, "medium"},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};
static const xca_case_form_row_t reset_rows[] = {
    {"remark", "text", "off", "text", 0, "office.code-reset.remark.hint", NULL},
    {"letter_date", "date", "off", NULL, 0, "office.holder.date.hint", "short"},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};
static const xca_case_form_row_t reset_contact[] = {
    {"contact_name", "text", "off", "text", 1, NULL, "medium"},
    {"contact_title", "text", "off", "text", 0, NULL, "medium"},
    {"contact_phone", "tel", "off", "tel", 1, "office.code-reset.phone.hint", "medium"},
    {"contact_email", "email", "off", "email", 0, NULL, NULL},
    {"contact_fax", "tel", "off", "tel", 0, NULL, "medium"},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};
static const way_t revocations = {XCA_CASE_REVOCATION, XCA_ROLE_RA,        "/office/revocations", revocation_rows,
                                  revocation_contact,  xca_revocation_target, xca_revocation_file};
static const way_t resets = {XCA_CASE_CODE_RESET, XCA_ROLE_CENTRAL,      "/office/code-resets", reset_rows,
                             reset_contact,       xca_code_reset_target, xca_code_reset_file};

/* Which of the two, if the officer may look (or file). */
static xca_error_t *way_of(const way_t **way, xca_visit_t *visit, int to_file) {
    xca_role role = visit->officer->role;

    *way = strncmp(visit->request->path, resets.path, strlen(resets.path)) == 0 ? &resets : &revocations;
    if (role == (*way)->files || (!to_file && (role == XCA_ROLE_CENTRAL || role == XCA_ROLE_AUDITOR))) {
        return NULL;
    }
    return xca_error_make(visit->pool, XCA_E_DENIED, "office.role", "%s", visit->officer->uid);
}

/* ---- What waits, and finding ---- */

static xca_error_t *put_waiting(xca_visit_t *visit, const way_t *way) {
    static const xca_case_state states[] = {XCA_STATE_FILED, XCA_STATE_REVIEWED, XCA_STATE_APPROVED, XCA_STATE_ISSUING,
                                            XCA_STATE_ISSUED};
    xca_value_t *list = xca_map_list(visit->model, "cases");
    xca_case_query_t query = {0};
    apr_array_header_t *cases;
    int i, more;
    xca_error_t *err;

    query.kind = way->kind;
    query.states = states;
    query.state_count = sizeof(states) / sizeof(states[0]);
    if (visit->officer->role == XCA_ROLE_RA) {
        query.window = visit->officer->window != NULL ? visit->officer->window : "-";
    }
    err = xca_case_find(&cases, &more, visit->office->store, &query, WAITING_MAX, visit->pool);
    for (i = 0; err == NULL && i < cases->nelts; i++) {
        xca_office_put_row(visit, list, APR_ARRAY_IDX(cases, i, const xca_case_t *));
    }
    xca_map_true(visit->model, "more_cases", err == NULL && more);
    return err;
}

/* One field for all that can be looked for: what was typed tells which it is. */
static xca_error_t *key_of(xca_cert_key *key, const char **value, const char *typed, apr_pool_t *pool) {
    char *number = xca_text_halfwidth(pool, typed);

    if (strncmp(number, "2.16.886", 8) == 0) {
        *key = XCA_CERT_BY_OID;
        *value = number;
        return xca_oid_check(number, "2.16.886", "q", pool);
    }
    if (strncasecmp(number, "Xc", 2) == 0) {
        *key = XCA_CERT_BY_CARD;
        return xca_card_number_parse(value, number, "q", pool);
    }
    *key = XCA_CERT_BY_SERIAL;
    if (xca_serial_parse(value, number, "q", pool) == NULL) {
        return NULL;
    }
    *key = XCA_CERT_BY_NAME;
    *value = typed;
    return *xca_name_fold(pool, typed) != '\0' ? xca_typed_check(typed, 0, XCA_KEYWORD_MAX, "q", pool)
                                               : xca_error_field(pool, "q", "search.no-letters", NULL);
}

static int is_listed(const apr_array_header_t *certs, int before, const char *card) {
    int i;

    for (i = 0; card != NULL && i < before; i++) {
        const char *other = APR_ARRAY_IDX(certs, i, const xca_cert_t *)->card_number;

        if (other != NULL && strcmp(other, card) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A card once, however many certificates it has. */
static xca_error_t *put_found(xca_visit_t *visit, const way_t *way, xca_cert_key key, const char *value) {
    xca_value_t *list = xca_map_list(visit->model, "found");
    apr_array_header_t *certs;
    int i, more;
    xca_error_t *err = xca_cert_search(&certs, &more, visit->office->store, key, value, FOUND_MAX, visit->pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);
        xca_value_t *item;

        if (is_listed(certs, i, cert->card_number)) {
            continue;
        }
        item = xca_list_map(list);
        xca_cert_show(visit, item, cert);
        if (visit->officer->role == way->files && cert->state != XCA_CERT_REVOKED && cert->not_after > visit->now) {
            xca_map_text(item, "_href", apr_pstrcat(visit->pool, way->path, "/new?number=",
                                                    cert->card_number != NULL ? cert->card_number : cert->serial, NULL));
        }
    }
    xca_map_true(visit->model, "_searched", 1);
    xca_map_true(visit->model, "more", err == NULL && more);
    return err;
}

xca_error_t *xca_page_office_holders(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "q"), *value;
    const way_t *way;
    xca_cert_key key;
    xca_error_t *wrong, *err = way_of(&way, visit, 0);

    if (err == NULL) {
        err = put_waiting(visit, way);
    }
    typed = typed != NULL ? xca_text_trim(visit->pool, typed) : "";
    xca_map_true(visit->model, "_may_file", visit->officer->role == way->files);
    xca_map_text(visit->model, "_path", way->path);
    if (err != NULL || *typed == '\0') {
        return err;
    }
    xca_map_text(visit->model, "q", typed);
    wrong = key_of(&key, &value, typed, visit->pool);
    if (wrong != NULL) {
        xca_visit_errors(visit, wrong);
        return NULL;
    }
    return put_found(visit, way, key, value);
}

/* ---- The form ---- */

static int is_told(const xca_error_t *err) {
    return err->kind != XCA_E_UNAVAILABLE && err->kind != XCA_E_INTERNAL && err->kind != XCA_E_DENIED;
}

/* What the number names: the certificate, all those of its card, and whose it is. */
static xca_error_t *put_target(xca_visit_t *visit, const xca_cert_t *cert) {
    xca_value_t *target = xca_map_map(visit->model, "target"), *list;
    apr_array_header_t *certs;
    xca_card_t *card;
    xca_org_t *org;
    int i;
    xca_error_t *err = NULL;

    xca_cert_show(visit, target, cert);
    if (cert->oid != NULL) {
        err = xca_org_read(&org, visit->office->store, cert->oid, visit->pool);
    }
    if (cert->oid != NULL && err == NULL) {
        xca_org_show_short(visit, xca_map_map(target, "organisation"), org);
    }
    if (cert->card_number == NULL || (err != NULL && err->kind != XCA_E_NOT_FOUND)) {
        return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    err = xca_card_read(&card, visit->office->store, cert->card_number, visit->pool);
    if (err == NULL) {
        xca_map_text(target, "card_rank", apr_pstrcat(visit->pool, "rank.", xca_card_rank_id(card->rank), NULL));
        xca_map_text(target, "card_state", apr_pstrcat(visit->pool, "card.state.", xca_card_state_id(card->state), NULL));
    }
    if (err == NULL || err->kind == XCA_E_NOT_FOUND) {
        err = xca_cert_search(&certs, NULL, visit->office->store, XCA_CERT_BY_CARD, cert->card_number, 0, visit->pool);
    }
    list = xca_map_list(target, "certificates");
    for (i = 0; err == NULL && i < certs->nelts; i++) {
        xca_cert_show(visit, xca_list_map(list), APR_ARRAY_IDX(certs, i, const xca_cert_t *));
    }
    return err;
}

static void put_reasons(xca_visit_t *visit, const char *chosen) {
    xca_value_t *list = xca_map_list(visit->model, "_reasons");
    int i;

    for (i = 0; xca_revoke_reasons[i] != NULL; i++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "id", i == 0 ? "revoke_reason" : apr_psprintf(visit->pool, "revoke_reason-%d", i));
        xca_map_text(item, "value", xca_revoke_reasons[i]);
        xca_map_text(item, "label", apr_pstrcat(visit->pool, "reason.", xca_revoke_reasons[i], NULL));
        xca_map_true(item, "chosen", chosen != NULL && strcmp(chosen, xca_revoke_reasons[i]) == 0);
    }
}

/* The form with what was typed; `wrong` is told. */
static xca_error_t *show_form(xca_visit_t *visit, const way_t *way, const char *number, const xca_cert_t *cert,
                              const xca_case_t *typed, xca_error_t *wrong) {
    xca_visit_errors(visit, wrong);
    xca_map_text(visit->model, "_path", way->path);
    xca_map_text(visit->model, "number", number);
    xca_map_text(visit->model, "letter", xca_form_text(visit->form, "letter"));
    put_reasons(visit, typed->revoke_reason);
    xca_case_form_put_rows(visit, "_fields", way->rows, typed);
    xca_case_form_put_rows(visit, "_contact", way->contact, typed);
    return cert != NULL ? put_target(visit, cert) : NULL;
}

xca_error_t *xca_page_office_holder(xca_visit_t *visit) {
    const char *number = xca_form_text(visit->form, "number");
    xca_case_t nothing = {0};
    xca_cert_t *cert = NULL;
    const way_t *way;
    xca_error_t *wrong, *err = way_of(&way, visit, 1);

    if (err != NULL) {
        return err;
    }
    if (number == NULL || *number == '\0') {
        visit->redirect = way->path;
        return NULL;
    }
    wrong = way->target(&cert, visit->office, number, visit->officer, visit->now, visit->pool);
    if (wrong != NULL && !is_told(wrong)) {
        return wrong;
    }
    xca_map_true(visit->model, "_open", wrong == NULL);
    return show_form(visit, way, number, cert, &nothing, wrong);
}

static void read_form(xca_holder_form_t *form, const xca_case_t *typed, const char *number, const char *letter) {
    form->number = number;
    form->letter = letter;
    form->reason = typed->revoke_reason;
    form->remark = typed->remark;
    form->letter_date = typed->letter_date;
    form->contact_name = typed->contact_name;
    form->contact_title = typed->contact_title;
    form->contact_email = typed->contact_email;
    form->contact_phone = typed->contact_phone;
    form->contact_fax = typed->contact_fax;
}

/* The same form came before (a page that was loaded again): its case is gone on with, as far as that can be. */
static xca_error_t *go_on(xca_visit_t *visit, const xca_case_t *kase, const char *letter) {
    if (xca_office_may_decide(visit->officer, kase) && kase->state == XCA_STATE_FILED) {
        return xca_office_sign_filed(visit, kase, letter);
    }
    visit->redirect = apr_pstrcat(visit->pool, "/office/cases/", kase->number, NULL);
    return NULL;
}

static xca_error_t *file(xca_visit_t *visit, const way_t *way, const char *number, const char *letter) {
    const xca_case_t *typed = xca_case_form_read(visit, way->kind)->kase;
    xca_holder_form_t form = {0};
    xca_cert_t *cert = NULL;
    xca_case_t *kase;
    xca_error_t *wrong = way->target(&cert, visit->office, number, visit->officer, visit->now, visit->pool);
    int is_open = wrong == NULL;

    read_form(&form, typed, number, letter);
    if (wrong == NULL) {
        wrong = way->file(&kase, visit->office, &form, visit->officer, xca_visit_nonce(visit), visit->now, visit->pool);
    }
    if (wrong != NULL && !is_told(wrong)) {
        return wrong;
    }
    if (wrong != NULL) {
        xca_map_true(visit->model, "_open", is_open);
        return show_form(visit, way, number, cert, typed, wrong);
    }
    return xca_office_sign_filed(visit, kase, letter);
}

xca_error_t *xca_page_office_holder_sent(xca_visit_t *visit) {
    const char *number = xca_form_text(visit->form, "number"), *letter = xca_form_text(visit->form, "letter");
    xca_case_t *kase;
    const way_t *way;
    xca_error_t *err = way_of(&way, visit, 1);

    if (err == NULL) {
        err = xca_case_filed(&kase, visit->office, xca_visit_nonce(visit), visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    letter = letter != NULL ? xca_text_trim(visit->pool, letter) : "";
    if (kase != NULL) {
        return kase->kind == way->kind ? go_on(visit, kase, letter)
                                       : xca_error_make(visit->pool, XCA_E_INVALID, "form.malformed", "form of another case");
    }
    return file(visit, way, number != NULL ? number : "", letter);
}
