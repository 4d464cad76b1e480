#include "portal/case_view.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "outside/crypto_csr.h"

xca_error_t *xca_case_view_open(xca_case_t **kase, xca_visit_t *visit, const char *door) {
    const char *number = visit->arg;
    xca_error_t *err = xca_case_number_check(number, "case_number", visit->pool);

    *kase = NULL;
    if (err != NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "case.not-found", NULL);
    }
    if (!xca_visit_has_pass(visit, number)) {
        visit->redirect = apr_pstrcat(visit->pool, door, "?number=", number, NULL);
        return NULL;
    }
    xca_visit_give_pass(visit, number); /* half an hour from the last page, not from the first */
    return xca_case_read(kase, visit->office->store, number, visit->pool);
}

const char *xca_case_view_address(apr_pool_t *pool, const char *zip, const char *county,
                                  const char *district, const char *street) {
    if (county == NULL && street == NULL) {
        return NULL;
    }
    return apr_pstrcat(pool, zip != NULL ? zip : "", zip != NULL ? " " : "",
                       county != NULL ? county : "", district != NULL ? district : "",
                       street != NULL ? street : "", NULL);
}

static xca_value_t *section(xca_value_t *sections, const char *title) {
    xca_value_t *map = xca_list_map(sections);

    xca_map_text(map, "title", title);
    return xca_map_list(map, "rows");
}

/* Rows stay on the paper even when they are empty: they can be filled in by hand. */
static void row(xca_value_t *rows, const char *label, const char *value) {
    xca_value_t *item = xca_list_map(rows);

    xca_map_text(item, "label", label);
    xca_map_text(item, "value", value);
    xca_map_true(item, "empty", value == NULL);
}

/* The value is a code that is compared sign by sign. */
static void row_code(xca_value_t *rows, const char *label, const char *value) {
    xca_value_t *item = xca_list_map(rows);

    xca_map_text(item, "label", label);
    xca_map_text(item, "code", value);
    xca_map_true(item, "empty", value == NULL);
}

/* The value is a text of the catalogue. */
static void row_id(xca_value_t *rows, const char *label, const char *value_id) {
    xca_value_t *item = xca_list_map(rows);

    xca_map_text(item, "label", label);
    xca_map_text(item, "value_id", value_id);
}

static void put_certificate(xca_value_t *sections, const xca_case_t *kase, apr_pool_t *pool) {
    xca_value_t *rows = section(sections, "case.section.certificate");
    xca_csr_t *csr;
    xca_error_t *err;

    if (kase->use < XCA_USE_COUNT) {
        row_id(rows, "field.use", apr_pstrcat(pool, "use.", xca_use_id(kase->use), NULL));
    }
    err = xca_csr_read(&csr, kase->csr.data, kase->csr.length, pool);
    if (err == NULL) {
        row(rows, "case.key", csr->key_text);
        row_code(rows, "case.key-fingerprint", csr->key_hash);
    }
}

static void put_card(xca_value_t *sections, const xca_case_t *kase, apr_pool_t *pool) {
    xca_value_t *rows = section(sections, "case.section.card");

    row_id(rows, "field.rank", apr_pstrcat(pool, "rank.", kase->rank, NULL));
    if (kase->card_number != NULL) {
        row_code(rows, "field.card_number", kase->card_number);
    }
}

static void put_organisation(xca_value_t *sections, const xca_case_t *kase, apr_pool_t *pool) {
    xca_value_t *rows = section(sections, "case.section.organisation");
    int is_new = strncmp(kase->number, "0400", 4) == 0;
    const char *oid = kase->assigned_oid != NULL ? kase->assigned_oid : kase->oid;

    row(rows, "field.org_name", kase->org_name);
    row_id(rows, "field.class",
           apr_pstrcat(pool, "class.", xca_class_get(kase->class)->id, NULL));
    if (oid != NULL) {
        row_code(rows, "field.oid", oid);
    } else {
        row_id(rows, "field.oid", "case.oid-later");
    }
    row_code(rows, "field.ubn", kase->ubn);
    if (kase->class == XCA_CLASS_SCHOOL) {
        row_code(rows, "field.school_code", kase->school_code);
    }
    row(rows, "field.email", kase->email);
    if (is_new) {
        row(rows, "field.org_street",
            xca_case_view_address(pool, kase->org_zip, kase->org_county, kase->org_district,
                                  kase->org_street));
        row(rows, "field.org_phone", kase->org_phone);
        row(rows, "field.org_fax", kase->org_fax);
    }
    if (xca_case_is_application(kase->kind)) { /* of the others it stands where they are told */
        row(rows, "field.remark", kase->remark);
    }
}

static void put_contact(xca_value_t *sections, const xca_case_t *kase, apr_pool_t *pool) {
    xca_value_t *rows = section(sections, "case.section.contact");

    row(rows, "field.contact_name", kase->contact_name);
    row(rows, "field.contact_title", kase->contact_title);
    row(rows, "field.contact_email", kase->contact_email);
    row(rows, kase->kind == XCA_CASE_CARD ? "field.delivery_address" : "field.contact_street",
        xca_case_view_address(pool, kase->contact_zip, kase->contact_county, kase->contact_district,
                              kase->contact_street));
    row(rows, "field.contact_phone", kase->contact_phone);
    row(rows, "field.contact_fax", kase->contact_fax);
}

/* A change sheet: whom to tell of the end, and which rows were signed over. */
static void put_sheet(xca_value_t *sections, const xca_case_t *kase) {
    xca_value_t *rows = section(sections, "case.section.sheet");

    row(rows, "field.contact_name", kase->contact_name);
    row(rows, "field.contact_email", kase->contact_email);
    row(rows, "field.remark", kase->remark);
    row(rows, "field.sheet_rows", kase->sheet_rows);
    row_code(rows, "field.sheet", kase->sheet);
}

void xca_case_view_sections(xca_visit_t *visit, xca_value_t *map, const xca_case_t *kase) {
    xca_value_t *sections = xca_map_list(map, "sections");

    if (kase->kind == XCA_CASE_OID_CHANGE) {
        put_sheet(sections, kase);
        return;
    }
    if (kase->kind == XCA_CASE_CARD && kase->rank != NULL) {
        put_card(sections, kase, visit->pool);
    } else if (kase->kind == XCA_CASE_CERTIFICATE) {
        put_certificate(sections, kase, visit->pool);
    }
    put_organisation(sections, kase, visit->pool);
    put_contact(sections, kase, visit->pool);
}

/* The heading of the printed application, as its class and kind have it. */
static void put_paper_title(xca_value_t *map, const xca_case_t *kase, apr_pool_t *pool) {
    int school = kase->class == XCA_CLASS_SCHOOL;

    if (kase->kind != XCA_CASE_CARD || kase->rank == NULL) {
        xca_map_text(map, "paper_title", "paper.title");
        xca_map_true(map, "paper_class", 1);
        return;
    }
    xca_map_text(map, "paper_title",
                 apr_pstrcat(pool, school ? "paper.title.school." : "paper.title.card.", kase->rank,
                             NULL));
}

void xca_case_view_progress(xca_value_t *map, const xca_case_t *kase) {
    if (kase->kind == XCA_CASE_OID_CHANGE && kase->sheet_rows != NULL && kase->state == XCA_STATE_ISSUING) {
        xca_map_number(map, "rows_done", kase->rows_done);
        xca_map_text(map, "rows", kase->sheet_rows);
    }
}

void xca_case_view_show(xca_visit_t *visit, const xca_case_t *kase) {
    xca_value_t *map = xca_map_map(visit->model, "case");
    apr_pool_t *pool = visit->pool;
    apr_time_t dated = kase->corrected != 0 ? kase->corrected : kase->filed;

    xca_map_text(map, "number", kase->number);
    xca_map_text(map, "state", xca_case_state_id(kase->state));
    xca_map_text(map, "state_label", xca_case_state_label(kase));
    xca_case_view_progress(map, kase);
    xca_map_number(map, "revision", kase->revision);
    xca_map_text(map, "filed", xca_date_format(pool, kase->filed, XCA_DATE_ISO_TIME));
    xca_map_text(map, "date", xca_date_format(pool, dated, XCA_DATE_ISO));
    xca_map_text(map, "date_roc", xca_date_format(pool, dated, XCA_DATE_ROC));
    xca_map_text(map, "name", kase->org_name);
    xca_map_text(map, "class", xca_class_get(kase->class)->id);
    xca_map_text(map, "class_label",
                 apr_pstrcat(pool, "class.", xca_class_get(kase->class)->id, NULL));
    xca_map_true(map, "card", kase->kind == XCA_CASE_CARD);
    put_paper_title(map, kase, pool);
    xca_map_true(map, "school", kase->class == XCA_CLASS_SCHOOL);
    xca_map_true(map, "correctable", xca_case_correctable(kase->state));
    xca_map_text(map, "return_reason",
                 kase->state == XCA_STATE_RETURNED ? kase->return_reason : NULL);
    xca_case_view_sections(visit, map, kase);
}

char *xca_case_view_event(const xca_decision_t *decision, apr_pool_t *pool) {
    if (decision->stage == XCA_STAGE_FIRST && decision->kind == XCA_DECISION_ACCEPT && decision->letter == NULL) {
        return apr_pstrdup(pool, "case.event.first-passed-form"); /* of a code reset, which comes without a letter */
    }
    return apr_pstrcat(pool, "case.event.", xca_stage_id(decision->stage),
                       decision->kind == XCA_DECISION_RETURN ? "-returned" : "-passed", NULL);
}
