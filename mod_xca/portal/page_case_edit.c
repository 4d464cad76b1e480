/* 更改申請資料: correcting a case until its first review begins. Two browsers at one case: whoever is second sees what is there now. */
#include <string.h>
#include <stdlib.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "operations/application.h"
#include "portal/case_form.h"
#include "portal/case_view.h"
#include "portal/code_door.h"
#include "portal/engine.h"
#include "portal/page_case.h"

static xca_error_t *show(xca_visit_t *visit, xca_case_form_t *form, const char *number,
                         long revision, xca_error_t *wrong) {
    const char *token = xca_form_text(visit->form, "token");

    if (xca_case_form_is_input(wrong) || token == NULL) {
        token = xca_visit_token(visit, "correct");
    }
    xca_map_text(visit->model, "token", token);
    xca_map_text(visit->model, "_action", apr_pstrcat(visit->pool, "/case/edit/", number, NULL));
    xca_map_text(visit->model, "number", number);
    xca_map_number(visit->model, "revision", revision);
    xca_map_true(visit->model, "_correcting", 1);
    xca_case_form_show(visit, form, wrong);
    return NULL;
}

xca_error_t *xca_page_case_edit(xca_visit_t *visit) {
    xca_case_form_t *form = apr_pcalloc(visit->pool, sizeof(*form));
    xca_case_t *kase;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/edit");

    if (err != NULL || kase == NULL) {
        return err;
    }
    if (!xca_case_correctable(kase->state)) {
        return xca_error_make(visit->pool, XCA_E_CONFLICT, "case.review-begun", NULL);
    }
    form->kase = kase;
    form->agreed = 1;
    xca_map_text(visit->model, "return_reason",
                 kase->state == XCA_STATE_RETURNED ? kase->return_reason : NULL);
    return show(visit, form, kase->number, kase->revision, NULL);
}

/* The pass ran out while the form was being filled in: the code opens the case again, and nothing typed is lost. NULL in
 * *present if the page now asks for the code. */
static xca_error_t *open_again(xca_case_t **present, xca_visit_t *visit, xca_case_form_t *form,
                               long revision) {
    xca_secret_t *code;
    xca_error_t *err;

    *present = NULL;
    err = xca_case_number_check(visit->arg, "case_number", visit->pool);
    if (err != NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "case.not-found", NULL);
    }
    if (xca_visit_has_pass(visit, visit->arg)) {
        return xca_case_read(present, visit->office->store, visit->arg, visit->pool);
    }
    err = xca_form_text(visit->form, "pass_code") == NULL
              ? xca_error_field(visit->pool, "pass_code", "case.pass-over", NULL)
              : xca_code_door_take(&code, visit, "pass_code");
    if (err == NULL) {
        err = xca_code_door_close(visit, xca_application_open(present, visit->office, visit->arg,
                                                              code, visit->now, visit->pool));
    }
    if (err == NULL) {
        xca_visit_give_pass(visit, visit->arg);
        return NULL;
    }
    *present = NULL;
    err->field = "pass_code";
    xca_map_true(visit->model, "_pass_over", 1);
    return show(visit, form, visit->arg, revision, err);
}

static const char *rank_text(xca_visit_t *visit, const char *rank) {
    return rank == NULL ? NULL
                        : xca_catalogue_text(visit->portal->texts,
                                             apr_pstrcat(visit->pool, "rank.", rank, NULL),
                                             visit->language);
}

/* What stands in the directory now, where it differs from what was sent. */
static xca_error_t *conflict(xca_visit_t *visit, const xca_case_t *sent, const char *why) {
    const xca_case_field_t *field;
    xca_value_t *list;
    xca_case_t *present;
    xca_error_t *err =
        xca_case_read(&present, visit->office->store, visit->arg, visit->pool);

    if (err != NULL) {
        return err;
    }
    xca_case_view_show(visit, present);
    list = xca_map_list(visit->model, "differences");
    for (field = xca_case_fields; field->name != NULL; field++) {
        const char *now = xca_case_get(present, field);
        const char *yours = xca_case_get(sent, field);
        xca_value_t *item;

        if (strcmp(field->name, "rank") == 0) {
            now = rank_text(visit, now);
            yours = rank_text(visit, yours);
        }
        if (strcmp(now != NULL ? now : "", yours != NULL ? yours : "") == 0) {
            continue;
        }
        item = xca_list_map(list);
        xca_map_text(item, "label", apr_pstrcat(visit->pool, "field.", field->name, NULL));
        xca_map_text(item, "now", now);
        xca_map_text(item, "yours", yours);
    }
    xca_map_true(visit->model, "csr_differs",
                 present->csr.length != sent->csr.length ||
                     (sent->csr.length > 0 &&
                      memcmp(present->csr.data, sent->csr.data, sent->csr.length) != 0));
    xca_map_true(visit->model, "use_differs", present->use != sent->use);
    xca_map_text(visit->model, "why", why);
    visit->status = 409;
    visit->template_name = "case_conflict";
    return NULL;
}

static xca_error_t *correct(xca_visit_t *visit, xca_case_form_t *form, xca_case_t *present,
                            long revision) {
    apr_pool_t *pool = visit->pool;
    xca_error_t *err;
    xca_error_t *wrong = xca_application_check(visit->office, form->kase, form->csr_file,
                                               present->number, visit->now, pool);

    if (!xca_case_form_is_input(wrong)) {
        return show(visit, form, present->number, revision,
                    xca_error_append(wrong, xca_case_form_take_request(visit, form)));
    }
    if (present->revision == revision + 1 && xca_case_same_content(present, form->kase)) {
        /* the same form sent twice */
        visit->redirect = apr_pstrcat(pool, "/case/print/", present->number, "?filed=corrected", NULL);
        return NULL;
    }
    if (present->revision != revision || !xca_case_correctable(present->state)) {
        const char *why =
            xca_case_correctable(present->state) ? "case.changed" : "case.review-begun";

        return conflict(visit, form->kase, why);
    }
    wrong = xca_error_append(wrong, xca_case_form_check_code(form, 0, pool));
    if (wrong != NULL) {
        return show(visit, form, present->number, revision, wrong);
    }
    err = xca_application_correct(visit->office, present, form->kase, form->code, visit->now, pool);
    if (err != NULL && err->kind == XCA_E_CONFLICT) {
        return conflict(visit, form->kase, err->message);
    }
    if (err != NULL) {
        return show(visit, form, present->number, revision, err);
    }
    visit->redirect = apr_pstrcat(pool, "/case/print/", present->number, "?filed=corrected", NULL);
    return NULL;
}

/* What a case asks for, and for whom, does not change: a new organisation stays one, a known one stays known. */
static void keep_organisation(xca_case_t *sent, const xca_case_t *present) {
    sent->kind = present->kind;
    sent->oid = present->oid;
    if (present->oid != NULL) {
        sent->class = present->class;
        sent->org_name = present->org_name;
    }
}

xca_error_t *xca_page_case_edit_sent(xca_visit_t *visit) {
    const char *kind = xca_form_text(visit->form, "kind"); /* until the case itself can be read */
    xca_case_form_t *form = xca_case_form_read(
        visit, kind != NULL && strcmp(kind, "card") == 0 ? XCA_CASE_CARD : XCA_CASE_CERTIFICATE);
    const char *button = xca_form_text(visit->form, "button");
    const char *text = xca_form_text(visit->form, "revision");
    long revision = text != NULL ? strtol(text, NULL, 10) : 0;
    xca_case_t *present;
    xca_error_t *err = open_again(&present, visit, form, revision);

    if (err != NULL || present == NULL) {
        return err;
    }
    form->agreed = 1;
    if (visit->token_error != NULL) {
        keep_organisation(form->kase, present);
        return show(visit, form, present->number, revision,
                    xca_error_append(visit->token_error, xca_case_form_take_request(visit, form)));
    }
    if (button != NULL && strcmp(button, "save") == 0) {
        err = xca_case_form_take_request(visit, form);
        if (err == NULL) {
            xca_case_form_save(visit, form);
            return NULL;
        }
        return show(visit, form, present->number, revision, err);
    }
    form->kase->kind = present->kind;
    if (button != NULL && strcmp(button, "load") == 0) {
        err = xca_case_form_load(visit, form);
        keep_organisation(form->kase, present);
        xca_map_true(visit->model, "_loaded", err == NULL);
        return show(visit, form, present->number, revision, err);
    }
    keep_organisation(form->kase, present);
    if (button != NULL && strcmp(button, "choose") == 0) {
        return show(visit, form, present->number, revision,
                    xca_case_form_take_request(visit, form));
    }
    return correct(visit, form, present, revision);
}
