#include "portal/page_api.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "operations/application.h"
#include "operations/verify.h"
#include "outside/crypto.h"
#include "portal/api.h"
#include "portal/case_view.h"
#include "portal/cert_show.h"
#include "portal/code_door.h"
#include "portal/org_show.h"
#include "portal/page_case.h"
#include "portal/page_certificate.h"
#include "portal/page_statistics.h"
#include "portal/pages.h"

/* Look-ups. */

xca_error_t *xca_api_certificate_status(xca_visit_t *visit) {
    xca_value_t *whole;
    xca_cert_t *cert;
    xca_error_t *err = xca_page_certificate_read(&cert, visit);

    if (err != NULL) {
        return err;
    }
    whole = xca_map(visit->pool);
    xca_cert_show(visit, whole, cert);
    xca_map_text(visit->model, "serial", cert->serial);
    xca_map_text(visit->model, "state", xca_value_text(xca_value_find(whole, "state"), visit->pool));
    xca_map_when(visit->model, "not_after", cert->not_after);
    xca_map_when(visit->model, "suspended", cert->state == XCA_CERT_SUSPENDED ? cert->suspended : 0);
    xca_map_when(visit->model, "revoked", cert->state == XCA_CERT_REVOKED ? cert->revoked : 0);
    if (xca_value_find(whole, "reason") != NULL) {
        xca_map_text(visit->model, "reason", cert->reason_note);
    }
    xca_map_when(visit->model, "checked", visit->now);
    return NULL;
}

xca_error_t *xca_api_organisations(xca_visit_t *visit) {
    if (xca_form_text(visit->form, "name") == NULL && xca_form_text(visit->form, "ubn") == NULL) {
        return xca_error_field(visit->pool, "name", "organisations.nothing", NULL);
    }
    return xca_page_organisations(visit);
}

/* Not "org.not-found", which tells a visitor of a page to choose from a list. */
static xca_error_t *no_organisation(const xca_visit_t *visit) {
    return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "api.no-organisation", NULL);
}

xca_error_t *xca_api_organisation(xca_visit_t *visit) {
    xca_org_t *org;
    xca_error_t *err = xca_oid_check(visit->arg, XCA_OID_ROOT, NULL, visit->pool);

    if (err == NULL) {
        err = xca_org_read(&org, visit->office->store, visit->arg, visit->pool);
    }
    if (err != NULL && err->kind != XCA_E_UNAVAILABLE && err->kind != XCA_E_INTERNAL) {
        return no_organisation(visit);
    }
    if (err != NULL) {
        return err;
    }
    if (org->class == XCA_CLASS_NONE && !xca_org_is_agency(org)) {
        return no_organisation(visit); /* an arc that is none */
    }
    xca_org_show_full(visit, xca_map_map(visit->model, "organisation"), org);
    return NULL;
}

xca_error_t *xca_api_description(xca_visit_t *visit) {
    const xca_static_file_t *file = xca_files_get(visit->portal->examples, "openapi.json");

    if (file == NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "api.not-found", NULL);
    }
    visit->data = &file->content;
    visit->data_type = file->type;
    visit->data_etag = file->etag;
    apr_table_set(visit->headers, "Cache-Control", "public, max-age=300");
    return NULL;
}

/* The page takes a choice that there is not for none; a program must not take the numbers of all for those of one. */
xca_error_t *xca_api_statistics(xca_visit_t *visit) {
    static const char *const choices[] = {"year", "class", "county"};
    xca_error_t *wrong = NULL, *err = xca_page_statistics(visit);
    apr_size_t i;

    for (i = 0; err == NULL && visit->data == NULL && i < sizeof(choices) / sizeof(choices[0]); i++) {
        const char *asked = xca_form_text(visit->form, choices[i]);

        if (asked != NULL && *asked != '\0' && xca_value_find(visit->model, choices[i]) == NULL) {
            wrong = xca_error_append(wrong, xca_error_field(visit->pool, choices[i], "api.no-numbers", NULL));
        }
    }
    return err != NULL ? err : wrong;
}

/* The state of a case. */

static void put_case(xca_visit_t *visit, const xca_case_t *kase) {
    xca_value_t *map = xca_map_map(visit->model, "case");

    xca_map_text(map, "number", kase->number);
    xca_map_text(map, "kind", xca_case_kind_id(kase->kind));
    xca_map_text(map, "state", xca_case_state_id(kase->state));
    xca_map_text(map, "text", xca_catalogue_text(visit->portal->texts, xca_case_state_label(kase), visit->language));
    xca_map_text(map, "name", kase->org_name);
    xca_map_when(map, "filed", kase->filed);
    if (kase->state == XCA_STATE_RETURNED) {
        xca_map_text(map, "return_reason", kase->return_reason);
    }
}

/* The same door as the page has: wrong codes are counted at the case and at the address. */
xca_error_t *xca_api_case_status(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "case_number");
    const char *number = typed != NULL ? xca_text_halfwidth(visit->pool, xca_text_trim(visit->pool, typed)) : "";
    xca_secret_t *code;
    xca_case_t *kase;
    xca_error_t *err = xca_api_limit(visit);

    if (err != NULL) {
        return err;
    }
    err = xca_error_append(xca_case_number_check(number, "case_number", visit->pool),
                           xca_code_door_take(&code, visit, "user_code"));
    if (err == NULL) {
        err = xca_code_door_close(visit, xca_application_open(&kase, visit->office, number, code, visit->now, visit->pool));
    }
    if (err != NULL) {
        return err;
    }
    put_case(visit, kase);
    return xca_case_status_show(visit, kase);
}

/* Verification. */

static const xca_bytes_t *bytes_of(const char *text, apr_pool_t *pool) {
    xca_bytes_t *bytes = apr_palloc(pool, sizeof(*bytes));

    bytes->data = (const unsigned char *)text;
    bytes->length = strlen(text);
    return bytes;
}

/* A file, or a text: PEM or base64. NULL: there is neither. */
static const xca_bytes_t *sent(const xca_visit_t *visit, const char *field) {
    const xca_bytes_t *file = xca_form_file(visit->form, field);
    const char *text = xca_form_text(visit->form, field);

    if (file != NULL) {
        return file;
    }
    return text != NULL && *text != '\0' ? bytes_of(text, visit->pool) : NULL;
}

/* The content: a file as it is, a text as base64. */
static xca_error_t *read_content(const xca_bytes_t **content, const xca_visit_t *visit) {
    const char *text = xca_form_text(visit->form, "content");

    *content = xca_form_file(visit->form, "content");
    if (*content != NULL || text == NULL) {
        return NULL;
    }
    *content = xca_unbase64(visit->pool, text, strlen(text));
    return *content != NULL ? NULL : xca_error_field(visit->pool, "content", "verify.content-base64", NULL);
}

/* Hexadecimal or base64. Digests in hexadecimal are also good base64, of another length: what is hexadecimal is taken for it. */
static xca_error_t *read_digest(const xca_bytes_t **digest, const xca_visit_t *visit) {
    const char *text = xca_form_text(visit->form, "digest");

    *digest = NULL;
    if (text == NULL || *text == '\0') {
        return NULL;
    }
    *digest = xca_text_unhex(visit->pool, text);
    if (*digest == NULL) {
        *digest = xca_unbase64(visit->pool, text, strlen(text));
    }
    return *digest != NULL && (*digest)->length >= 20 && (*digest)->length <= 64
               ? NULL
               : xca_error_field(visit->pool, "digest", "verify.digest", NULL);
}

static void put_findings(xca_visit_t *visit, xca_value_t *map, const xca_verified_t *verified) {
    xca_value_t *list = xca_map_list(map, "findings");
    int i;

    for (i = 0; i < verified->findings->nelts; i++) {
        const xca_finding_t *finding = &APR_ARRAY_IDX(verified->findings, i, const xca_finding_t);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "check", finding->check);
        xca_map_text(item, "result", xca_finding_result_id(finding->result));
        xca_map_text(item, "code", finding->message);
        xca_map_text(item, "message",
                     xca_catalogue_format(visit->portal->texts, finding->message, visit->language, visit->pool, "arg",
                                          finding->arg != NULL ? finding->arg : "", NULL));
    }
}

static xca_error_t *put_verified(xca_visit_t *visit, xca_value_t *map, const xca_verified_t *verified) {
    xca_value_t *certificate, *organisation;

    xca_map_true(map, "valid", verified->valid);
    xca_map_when(map, "signing_time", verified->signing_time);
    xca_map_text(map, "digest_algorithm", verified->digest_name);
    put_findings(visit, map, verified);
    if (verified->der.length == 0) {
        return NULL;
    }
    if (verified->view->org_oid != NULL) {
        organisation = xca_map_map(map, "organisation");
        if (verified->org != NULL) {
            xca_org_show_short(visit, organisation, verified->org);
        } else {
            xca_map_text(organisation, "oid", verified->view->org_oid);
        }
    }
    xca_map_text(map, "class", verified->class != XCA_CLASS_NONE ? xca_class_get(verified->class)->id : NULL);
    xca_map_text(map, "rank", verified->view->rank);
    certificate = xca_map_map(map, "certificate");
    if (verified->record != NULL) {
        xca_cert_show(visit, certificate, verified->record);
    }
    return xca_cert_show_content(visit, certificate, verified->der);
}

static void begin_answer(xca_visit_t *visit, const char *kind, int valid) {
    xca_map_text(visit->model, "kind", kind);
    xca_map_true(visit->model, "valid", valid);
    xca_map_when(visit->model, "checked", visit->now);
}

static xca_error_t *verify_certificate(xca_visit_t *visit, const xca_bytes_t *certificate) {
    xca_verified_t *verified;
    xca_error_t *err = xca_verify_certificate(&verified, visit->office, visit->portal->profile, *certificate, visit->now, visit->pool);

    if (err != NULL) {
        if (err->kind == XCA_E_INVALID) {
            err->field = "certificate";
        }
        return err;
    }
    begin_answer(visit, "certificate", verified->valid);
    return put_verified(visit, xca_list_map(xca_map_list(visit->model, "results")), verified);
}

static xca_error_t *verify_signature(xca_visit_t *visit, const xca_bytes_t *signature) {
    const xca_bytes_t *content = NULL, *digest = NULL;
    apr_array_header_t *signers;
    xca_value_t *list;
    int valid = 1, i;
    xca_error_t *err = xca_error_append(read_content(&content, visit), read_digest(&digest, visit));

    if (err == NULL) {
        err = xca_verify_signature(&signers, visit->office, visit->portal->profile, *signature, content, digest, visit->now,
                                   visit->pool);
    }
    if (err != NULL) {
        if (err->kind == XCA_E_INVALID && err->field == NULL) {
            err->field = "signature";
        }
        return err;
    }
    for (i = 0; i < signers->nelts; i++) {
        valid &= APR_ARRAY_IDX(signers, i, const xca_verified_t *)->valid;
    }
    begin_answer(visit, "signature", valid);
    list = xca_map_list(visit->model, "results");
    for (i = 0; err == NULL && i < signers->nelts; i++) {
        err = put_verified(visit, xca_list_map(list), APR_ARRAY_IDX(signers, i, const xca_verified_t *));
    }
    return err;
}

xca_error_t *xca_api_verify(xca_visit_t *visit) {
    const xca_bytes_t *certificate = sent(visit, "certificate"), *signature = sent(visit, "signature");
    xca_error_t *err = xca_api_limit(visit);

    if (err != NULL) {
        return err;
    }
    if ((certificate == NULL) == (signature == NULL)) {
        return xca_error_field(visit->pool, "certificate", "verify.one", NULL);
    }
    return certificate != NULL ? verify_certificate(visit, certificate) : verify_signature(visit, signature);
}
