/* Step 3: the form itself, its drafts, and filing. */
#include <string.h>
#include <apr_strings.h>
#include "operations/application.h"
#include "operations/case_file.h"
#include "outside/crypto.h"
#include "portal/case_form.h"
#include "portal/page_apply.h"

/* What was typed is shown again, with `wrong` (may be NULL) where it belongs. After a fault nobody knows
 * how far filing came: the form keeps its token, so that sending it again cannot make a second case. */
static xca_error_t *show(xca_visit_t *visit, xca_case_form_t *form, xca_error_t *wrong) {
    const char *token = xca_form_text(visit->form, "token");

    if (xca_case_form_is_input(wrong) || token == NULL) {
        token = xca_visit_token(visit, "apply");
    }
    xca_map_text(visit->model, "token", token);
    xca_map_text(visit->model, "_action",
                 apr_pstrcat(visit->pool, xca_apply_way(visit)->base, "/form", NULL));
    xca_apply_steps(visit, xca_apply_way(visit), 3, NULL);
    xca_case_form_show(visit, form, wrong);
    return NULL;
}

static const char *back_to_terms(xca_visit_t *visit, const xca_case_t *kase) {
    const char *base = xca_apply_way(visit)->base;
    const char *who = kase->oid != NULL ? "&oid=" : "&class=";

    return apr_pstrcat(visit->pool, base, "/terms?missing=1", who,
                       kase->oid != NULL ? kase->oid : xca_class_get(kase->class)->id,
                       kase->rank != NULL ? "&rank=" : NULL, kase->rank, NULL);
}

xca_error_t *xca_page_apply_form(xca_visit_t *visit) {
    const xca_apply_way_t *way = xca_apply_way(visit);
    const char *oid = xca_form_text(visit->form, "oid");
    const char *terms = xca_form_text(visit->form, "terms");
    xca_class class = xca_class_by_id(xca_form_text(visit->form, "class"));
    xca_card_rank rank = xca_card_rank_by_id(xca_form_text(visit->form, "rank"));
    xca_case_form_t *form;
    xca_error_t *err;

    oid = oid != NULL && *oid != '\0' ? oid : NULL;
    if (oid == NULL && class == XCA_CLASS_NONE) {
        visit->redirect = way->base;
        return NULL;
    }
    err = xca_case_form_start(&form, visit, way->kind, oid, class);
    if (err != NULL) {
        return err;
    }
    if (way->kind == XCA_CASE_CARD && rank != XCA_RANK_COUNT) {
        form->kase->rank = xca_card_rank_id(rank);
    }
    if (terms == NULL || strcmp(terms, XCA_TERMS_VERSION) != 0) {
        visit->redirect = back_to_terms(visit, form->kase);
        return NULL;
    }
    form->agreed = 1;
    return show(visit, form, NULL);
}

static xca_error_t *load(xca_visit_t *visit, xca_case_form_t *form) {
    xca_error_t *err = xca_case_form_load(visit, form);

    if (err == NULL) {
        xca_map_true(visit->model, "_loaded", 1);
    }
    return show(visit, form, err);
}

static xca_error_t *save(xca_visit_t *visit, xca_case_form_t *form) {
    xca_error_t *err = xca_case_form_take_request(visit, form);

    if (err != NULL) {
        return show(visit, form, err);
    }
    xca_case_form_save(visit, form);
    return NULL;
}

/* Everything that is wrong as one list; a fault of the directory comes alone. */
static xca_error_t *check(xca_visit_t *visit, xca_case_form_t *form) {
    xca_error_t *wrong = xca_application_check(visit->office, form->kase, form->csr_file, NULL,
                                               visit->now, visit->pool);

    if (!xca_case_form_is_input(wrong)) {
        return wrong;
    }
    if (!form->agreed) {
        wrong = xca_error_append(wrong,
                                 xca_error_field(visit->pool, "terms", "terms.required", NULL));
    }
    return xca_error_append(wrong, xca_case_form_check_code(form, 1, visit->pool));
}

/* The form of a case that is filed already (double click, back): the case stays as it was filed first, and the page
 * says so if this is not what was sent now. */
static xca_error_t *go_to_filed(xca_visit_t *visit, const xca_case_form_t *form,
                                const xca_case_t *filed) {
    int same = xca_case_same_content(filed, form->kase) && form->code != NULL;
    xca_error_t *err;

    if (same) {
        err = xca_code_verify(&same, filed->code_hash, form->code, visit->pool);
        if (err != NULL) {
            return err;
        }
    }
    xca_visit_give_pass(visit, filed->number);
    visit->redirect = apr_pstrcat(visit->pool, "/case/print/", filed->number,
                                  same ? "" : "?filed=before", NULL);
    return NULL;
}

static xca_error_t *file(xca_visit_t *visit, xca_case_form_t *form) {
    const char *nonce = xca_visit_nonce(visit);
    const char *number;
    xca_case_t *filed = NULL;
    xca_error_t *wrong = check(visit, form);
    xca_error_t *err;

    if (!xca_case_form_is_input(wrong)) {
        return show(visit, form,
                    xca_error_append(wrong, xca_case_form_take_request(visit, form)));
    }
    err = xca_case_filed(&filed, visit->office, nonce, visit->pool);
    if (err == NULL && filed != NULL) {
        return go_to_filed(visit, form, filed);
    }
    if (err == NULL && wrong != NULL) {
        return show(visit, form, wrong);
    }
    if (err == NULL) {
        err = xca_application_file(&number, visit->office, form->kase, form->code, nonce,
                                   visit->now, visit->pool);
    }
    if (err != NULL) {
        return show(visit, form, err);
    }
    xca_visit_give_pass(visit, number);
    visit->redirect = apr_pstrcat(visit->pool, "/case/print/", number, NULL);
    return NULL;
}

xca_error_t *xca_page_apply_form_sent(xca_visit_t *visit) {
    const xca_apply_way_t *way = xca_apply_way(visit);
    xca_case_form_t *form = xca_case_form_read(visit, way->kind);
    const char *button = xca_form_text(visit->form, "button");

    if (form->kase->oid == NULL && form->kase->class == XCA_CLASS_NONE &&
        (button == NULL || strcmp(button, "load") != 0)) {
        visit->redirect = way->base;
        return NULL;
    }
    if (visit->token_error != NULL) {
        return show(visit, form,
                    xca_error_append(visit->token_error, xca_case_form_take_request(visit, form)));
    }
    if (button != NULL && strcmp(button, "save") == 0) {
        return save(visit, form);
    }
    if (button != NULL && strcmp(button, "load") == 0) {
        return load(visit, form);
    }
    if (button != NULL && strcmp(button, "choose") == 0) {
        return show(visit, form, xca_case_form_take_request(visit, form));
    }
    return file(visit, form);
}
