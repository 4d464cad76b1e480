/* What the page of the application form shows: one row of a table is one field of the page. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/card.h"
#include "outside/crypto.h"
#include "outside/crypto_csr.h"
#include "portal/case_form.h"
#include "portal/places.h"

static const xca_case_form_row_t new_org_rows[] = {
    {"org_name", "text", "organization", "text", 1, "field.org_name.hint", NULL},
    {"ubn", "text", "off", "numeric", 1, "field.ubn.hint", "short"},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};
static const xca_case_form_row_t new_school_rows[] = {
    {"school_code", "text", "off", "text", 0, "field.school_code.hint", "short"},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};
static const xca_case_form_row_t new_org_reach_rows[] = {
    {"org_phone", "tel", "section-org tel", "tel", 1, "field.phone.hint", "medium"},
    {"org_fax", "tel", "section-org fax tel", "tel", 0, NULL, "medium"},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};
static const xca_case_form_row_t email_rows[] = {
    {"email", "email", "section-org email", "email", 1, "field.email.hint", NULL},
    {"remark", "text", "off", "text", 0, NULL, NULL},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};
static const xca_case_form_row_t contact_rows[] = {
    {"contact_name", "text", "name", "text", 1, NULL, "medium"},
    {"contact_title", "text", "organization-title", "text", 0, NULL, "medium"},
    {"contact_email", "email", "email", "email", 1, "field.contact_email.hint", NULL},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};
static const xca_case_form_row_t contact_reach_rows[] = {
    {"contact_phone", "tel", "tel", "tel", 1, "field.phone.hint", "medium"},
    {"contact_fax", "tel", "fax tel", "tel", 0, NULL, "medium"},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL},
};

/* Order of the page, for the summary of what is wrong. */
static const char *const page_order[] = {
    "draft",          "terms",         "oid",           "class",            "org_name",
    "ubn",            "school_code",   "org_county",    "org_district",     "org_street",
    "org_phone",      "org_fax",       "email",         "remark",           "rank",
    "use",            "csr",
    "contact_name",   "contact_title", "contact_email", "contact_county",   "contact_district",
    "contact_street", "contact_phone", "contact_fax",   "window",           "code",
    "code_again"};

static int place_on_page(const xca_error_t *err) {
    const int count = sizeof(page_order) / sizeof(page_order[0]);
    int i;

    for (i = 0; err->field != NULL && i < count; i++) {
        if (strcmp(page_order[i], err->field) == 0) {
            return i;
        }
    }
    return err->field == NULL ? -1 : count;
}

static xca_error_t *in_page_order(xca_error_t *errors) {
    xca_error_t *sorted = NULL;

    while (errors != NULL) {
        xca_error_t *err = errors;
        xca_error_t **link = &sorted;

        errors = errors->next;
        while (*link != NULL && place_on_page(*link) <= place_on_page(err)) {
            link = &(*link)->next;
        }
        err->next = *link;
        *link = err;
    }
    return sorted;
}

static apr_size_t longest(const char *name) {
    const xca_case_field_t *field;

    for (field = xca_case_fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0) {
            return field->max;
        }
    }
    return 0;
}

static const char *value_of(const xca_case_t *kase, const char *name) {
    const xca_case_field_t *field;

    for (field = xca_case_fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0) {
            return xca_case_get(kase, field);
        }
    }
    return NULL;
}

static const char *error_at(xca_visit_t *visit, const char *name) {
    const char *path = apr_pstrcat(visit->pool, "error.", name, NULL);
    const xca_value_t *found = xca_value_find(visit->model, path);

    return found != NULL ? xca_value_text(found, visit->pool) : NULL;
}

static void put_error(xca_visit_t *visit, xca_value_t *map, const char *name) {
    const char *text = error_at(visit, name);

    xca_map_text(map, "error", text);
    xca_map_text(map, "invalid", text != NULL ? "true" : "false");
}

void xca_case_form_put_rows(xca_visit_t *visit, const char *key, const xca_case_form_row_t *row,
                            const xca_case_t *kase) {
    xca_value_t *list = xca_map_list(visit->model, key);

    for (; row->name != NULL; row++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "name", row->name);
        xca_map_text(item, "label", apr_pstrcat(visit->pool, "field.", row->name, NULL));
        xca_map_text(item, "hint", row->hint);
        xca_map_text(item, "type", row->type);
        xca_map_text(item, "autocomplete", row->autocomplete);
        xca_map_text(item, "inputmode", row->input_mode);
        xca_map_text(item, "size", row->size);
        xca_map_number(item, "max", (apr_int64_t)longest(row->name));
        xca_map_true(item, "required", row->required);
        xca_map_text(item, "value", value_of(kase, row->name));
        put_error(visit, item, row->name);
    }
}

static void put_uses(xca_visit_t *visit, const xca_case_t *kase) {
    static const xca_use uses[] = {XCA_USE_SIGNATURE, XCA_USE_ENCRYPTION};
    xca_value_t *list = xca_map_list(visit->model, "_uses");
    int i;

    for (i = 0; i < 2; i++) {
        xca_value_t *item = xca_list_map(list);
        const char *id = xca_use_id(uses[i]);

        xca_map_text(item, "id", id);
        /* The first one carries the id that the summary of errors links to. */
        xca_map_text(item, "element", i == 0 ? "use" : apr_pstrcat(visit->pool, "use-", id, NULL));
        xca_map_text(item, "label", apr_pstrcat(visit->pool, "use.", id, NULL));
        xca_map_text(item, "hint", apr_pstrcat(visit->pool, "use.", id, ".hint", NULL));
        xca_map_true(item, "checked", kase->use == uses[i]);
    }
}

static void put_ranks(xca_visit_t *visit, const xca_case_t *kase) {
    xca_value_t *list = xca_map_list(visit->model, "_ranks");
    int rank;

    for (rank = 0; rank < XCA_RANK_COUNT; rank++) {
        xca_value_t *item = xca_list_map(list);
        const char *id = xca_card_rank_id((xca_card_rank)rank);

        xca_map_text(item, "id", id);
        xca_map_text(item, "element",
                     rank == 0 ? "rank" : apr_pstrcat(visit->pool, "rank-", id, NULL));
        xca_map_text(item, "label", apr_pstrcat(visit->pool, "rank.", id, NULL));
        xca_map_text(item, "hint", apr_pstrcat(visit->pool, "rank.", id, ".hint", NULL));
        xca_map_true(item, "checked", kase->rank != NULL && strcmp(kase->rank, id) == 0);
    }
}

static void put_request(xca_visit_t *visit, const xca_case_form_t *form) {
    xca_value_t *map = xca_map_map(visit->model, "_csr");
    const char *typed = xca_form_text(visit->form, "csr_text");
    xca_csr_t *csr;
    xca_error_t *err;

    put_error(visit, map, "csr");
    if (error_at(visit, "csr") != NULL) {
        xca_map_text(map, "typed", typed);
        return;
    }
    if (form->kase->csr.length == 0) {
        return;
    }
    err = xca_csr_read(&csr, form->kase->csr.data, form->kase->csr.length, visit->pool);
    if (err != NULL) {
        return;
    }
    xca_map_text(map, "kept", xca_base64(visit->pool, csr->der.data, csr->der.length));
    xca_map_text(map, "key", csr->key_text);
    xca_map_text(map, "fingerprint", csr->key_hash);
}

/* What was typed, by the names of the fields; for the page and for JSON. */
static void put_values(xca_visit_t *visit, const xca_case_form_t *form) {
    const xca_case_t *kase = form->kase;
    xca_value_t *map = xca_map_map(visit->model, "form");
    const xca_case_field_t *field;

    for (field = xca_case_fields; field->name != NULL; field++) {
        xca_map_text(map, field->name, xca_case_get(kase, field));
    }
    if (kase->class != XCA_CLASS_NONE) {
        xca_map_text(map, "class", xca_class_get(kase->class)->id);
        xca_map_text(map, "class_label",
                     apr_pstrcat(visit->pool, "class.", xca_class_get(kase->class)->id, NULL));
    }
    if (kase->use < XCA_USE_COUNT) {
        xca_map_text(map, "use", xca_use_id(kase->use));
    }
    xca_map_text(map, "kind", xca_case_kind_id(kase->kind));
    xca_map_true(map, "same_address", form->same_address);
    xca_map_true(map, "agreed", form->agreed);
}

static void put_code(xca_visit_t *visit) {
    xca_value_t *code = xca_map_map(visit->model, "_code");
    xca_value_t *again = xca_map_map(visit->model, "_code_again");

    put_error(visit, code, "code");
    put_error(visit, again, "code_again");
}

void xca_case_form_show(xca_visit_t *visit, xca_case_form_t *form, xca_error_t *wrong) {
    const xca_case_t *kase = form->kase;

    wrong = in_page_order(wrong);
    if (wrong != NULL) {
        xca_visit_errors(visit, wrong);
    }
    put_values(visit, form);
    if (kase->oid == NULL) {
        xca_case_form_put_rows(visit, "_org", new_org_rows, kase);
        if (kase->class == XCA_CLASS_SCHOOL) {
            xca_case_form_put_rows(visit, "_school", new_school_rows, kase);
        }
        xca_case_form_put_rows(visit, "_org_reach", new_org_reach_rows, kase);
        xca_places_address(visit, "_org_address", "org", kase->org_county, kase->org_district,
                           kase->org_street);
    } else {
        xca_map_true(visit->model, "_known", 1);
    }
    xca_case_form_put_rows(visit, "_email", email_rows, kase);
    if (kase->kind == XCA_CASE_CARD) {
        xca_map_true(visit->model, "_card", 1);
        put_ranks(visit, kase);
    } else {
        put_uses(visit, kase);
        put_request(visit, form);
    }
    xca_case_form_put_rows(visit, "_contact", contact_rows, kase);
    xca_places_address(visit, "_contact_address", "contact", kase->contact_county,
                       kase->contact_district, kase->contact_street);
    xca_case_form_put_rows(visit, "_contact_reach", contact_reach_rows, kase);
    xca_places_windows(visit, kase->class, kase->window, kase->org_county);
    put_code(visit);
    xca_map_text(visit->model, "_terms_version", XCA_TERMS_VERSION);
}
