#include "portal/case_form.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/application.h"
#include "outside/crypto.h"
#include "outside/crypto_csr.h"

static void copy_address(xca_case_t *kase) {
    kase->contact_county = kase->org_county;
    kase->contact_district = kase->org_district;
    kase->contact_zip = kase->org_zip;
    kase->contact_street = kase->org_street;
}

/* The request pasted as text counts only where no file was chosen. */
static const xca_bytes_t *sent_request(xca_visit_t *visit) {
    const xca_bytes_t *file = xca_form_file(visit->form, "csr");
    const char *text = xca_form_text(visit->form, "csr_text");
    xca_bytes_t *bytes;

    if (file != NULL) {
        return file;
    }
    if (text == NULL || *xca_text_trim(visit->pool, text) == '\0') {
        return NULL;
    }
    bytes = apr_palloc(visit->pool, sizeof(*bytes));
    bytes->data = (const unsigned char *)text;
    bytes->length = strlen(text);
    return bytes;
}

xca_case_form_t *xca_case_form_read(xca_visit_t *visit, xca_case_kind kind) {
    xca_case_form_t *form = apr_pcalloc(visit->pool, sizeof(*form));
    xca_case_t *kase = apr_pcalloc(visit->pool, sizeof(*kase));
    const xca_case_field_t *field;
    const char *kept = xca_form_text(visit->form, "csr_kept");
    const char *terms = xca_form_text(visit->form, "terms");
    const xca_bytes_t *der = NULL;

    form->kase = kase;
    kase->kind = kind;
    kase->class = xca_class_by_id(xca_form_text(visit->form, "class"));
    kase->use = xca_use_by_id(xca_form_text(visit->form, "use"));
    for (field = xca_case_fields; field->name != NULL; field++) {
        const char *text = xca_form_text(visit->form, field->name);

        xca_case_set(kase, field, text != NULL && *text != '\0' ? text : NULL);
    }
    form->same_address = xca_form_text(visit->form, "same_address") != NULL && kase->oid == NULL;
    if (form->same_address) {
        copy_address(kase);
    }
    if (kept != NULL && *kept != '\0') {
        der = xca_unbase64(visit->pool, kept, strlen(kept));
    }
    if (der != NULL) {
        kase->csr = *der;
    }
    form->csr_file = sent_request(visit);
    form->code = xca_form_secret(visit->form, "code", visit->pool);
    form->code_again = xca_form_secret(visit->form, "code_again", visit->pool);
    form->agreed = terms != NULL && strcmp(terms, XCA_TERMS_VERSION) == 0;
    return form;
}

xca_error_t *xca_case_form_may_apply(xca_case_kind kind, const xca_org_t *org, apr_time_t now,
                                     apr_pool_t *pool) {
    apr_time_t barred_until;

    if (org->state == XCA_ORG_ABOLISHED) {
        return xca_error_field(pool, "oid", "org.abolished", org->name);
    }
    if (org->state == XCA_ORG_UNIT) {
        return xca_error_field(pool, "oid", "org.unit", org->name);
    }
    if (org->class == XCA_CLASS_NONE) {
        return xca_error_field(pool, "oid", "org.not-found", org->oid);
    }
    if (kind != XCA_CASE_CARD && !xca_class_get(org->class)->card_less) {
        return xca_error_field(pool, "oid", "case.class-not-card-less", NULL);
    }
    xca_org_barred(&barred_until, org, now);
    if (barred_until != 0) {
        return xca_error_field(pool, "oid", "org.barred",
                               xca_date_format(pool, barred_until, XCA_DATE_ISO));
    }
    return NULL;
}

xca_error_t *xca_case_form_start(xca_case_form_t **form, xca_visit_t *visit, xca_case_kind kind,
                                 const char *oid, xca_class class) {
    xca_case_form_t *made = apr_pcalloc(visit->pool, sizeof(*made));
    xca_org_t *org;
    xca_error_t *err;

    made->kase = apr_pcalloc(visit->pool, sizeof(*made->kase));
    made->kase->kind = kind;
    made->kase->use = XCA_USE_COUNT;
    *form = made;
    if (oid == NULL) {
        made->kase->class = class;
        if (class == XCA_CLASS_NONE ||
            (kind != XCA_CASE_CARD && !xca_class_get(class)->card_less)) {
            return xca_error_field(visit->pool, "class", "case.class-not-card-less", NULL);
        }
        return NULL;
    }
    err = xca_oid_check(oid, XCA_OID_ROOT, "oid", visit->pool);
    if (err == NULL) {
        err = xca_org_read(&org, visit->office->store, oid, visit->pool);
    }
    if (err == NULL) {
        err = xca_case_form_may_apply(kind, org, visit->now, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    made->kase->oid = org->oid;
    made->kase->class = org->class;
    made->kase->org_name = org->name;
    made->kase->ubn = org->ubn;
    made->kase->org_county = org->county;
    made->kase->org_district = org->district;
    return NULL;
}

xca_error_t *xca_case_form_take_request(xca_visit_t *visit, xca_case_form_t *form) {
    xca_case_t *kase = form->kase;
    xca_csr_t *csr;
    xca_bytes_t given = form->csr_file != NULL ? *form->csr_file : kase->csr;
    xca_error_t *err;

    if (given.length == 0 || kase->kind == XCA_CASE_CARD) {
        return NULL;
    }
    err = xca_csr_read(&csr, given.data, given.length, visit->pool);
    if (err != NULL) {
        kase->csr.length = 0;
        return err;
    }
    kase->csr = csr->der;
    kase->key_hash = csr->key_hash;
    return NULL;
}

xca_error_t *xca_case_form_check_code(const xca_case_form_t *form, int required, apr_pool_t *pool) {
    xca_error_t *err;

    if (form->code == NULL && form->code_again == NULL && !required) {
        return NULL;
    }
    if (form->code == NULL) {
        return xca_error_field(pool, "code", "field.required", NULL);
    }
    err = xca_user_code_check(form->code, "code", pool);
    if (err != NULL) {
        return err;
    }
    if (form->code_again == NULL || !xca_secret_equal(form->code, form->code_again)) {
        return xca_error_field(pool, "code_again", "user-code.mismatch", NULL);
    }
    return NULL;
}

int xca_case_form_is_input(const xca_error_t *err) {
    for (; err != NULL; err = err->next) {
        if (err->kind != XCA_E_INVALID && err->kind != XCA_E_TOO_LARGE) {
            return 0;
        }
    }
    return 1;
}

void xca_case_form_save(xca_visit_t *visit, const xca_case_form_t *form) {
    xca_visit_give_text(visit, xca_draft_write(visit->pool, form->kase), "application/xml; charset=utf-8");
    visit->data_name =
        apr_pstrcat(visit->pool, "xca-draft-",
                    xca_date_format(visit->pool, visit->now, XCA_DATE_ISO), ".xml", NULL);
}

/* The tree tells class and name of a known organisation, not the draft: a draft of an organisation that
 * is gone or may not apply says so. */
static xca_error_t *organisation_of_draft(xca_visit_t *visit, xca_case_t *kase) {
    xca_case_form_t *fresh;
    const xca_case_t *known;
    xca_error_t *err = xca_case_form_start(&fresh, visit, kase->kind, kase->oid, kase->class);

    if (err != NULL) {
        if (err->kind == XCA_E_NOT_FOUND) {
            return xca_error_field(visit->pool, "draft", "org.not-found", kase->oid);
        }
        err->field = "draft";
        return err;
    }
    known = fresh->kase;
    if (known->oid != NULL) {
        kase->class = known->class;
        kase->org_name = known->org_name;
        kase->ubn = known->ubn;
        kase->org_county = known->org_county;
        kase->org_district = known->org_district;
    }
    return NULL;
}

xca_error_t *xca_case_form_load(xca_visit_t *visit, xca_case_form_t *form) {
    const xca_bytes_t *file = xca_form_file(visit->form, "draft");
    xca_case_t *kase;
    xca_error_t *err;

    if (file == NULL || file->length == 0) {
        return xca_error_field(visit->pool, "draft", "draft.missing", NULL);
    }
    err = xca_draft_read(&kase, file->data, file->length, visit->pool);
    if (err != NULL) {
        return err;
    }
    if (kase->kind != form->kase->kind) {
        return xca_error_field(visit->pool, "draft", "draft.other-kind", NULL);
    }
    err = organisation_of_draft(visit, kase);
    if (err != NULL) {
        return err;
    }
    form->kase = kase;
    form->csr_file = NULL;
    form->same_address = 0;
    return xca_case_form_take_request(visit, form);
}

static int same_text(const char *a, const char *b) {
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

int xca_case_same_content(const xca_case_t *a, const xca_case_t *b) {
    const xca_case_field_t *field;

    for (field = xca_case_fields; field->name != NULL; field++) {
        if (!same_text(xca_case_get(a, field), xca_case_get(b, field))) {
            return 0;
        }
    }
    return a->use == b->use && a->class == b->class && a->csr.length == b->csr.length &&
           (a->csr.length == 0 || memcmp(a->csr.data, b->csr.data, a->csr.length) == 0);
}
