#include "portal/page_xds.h"

#include <string.h>
#include <apr_strings.h>
#include "operations/xds.h"
#include "operations/xds_template.h"
#include "portal/engine.h"
#include "portal/office_door.h"
#include "portal/xds_show.h"

#define SHEET "XDS_OID_APPLY"

static void put_token(xca_visit_t *visit, const char *purpose) {
    xca_map_text(visit->model, "token", xca_visit_token(visit, purpose));
}

/* Errors of the file as a whole stand at its field. */
static void at_file(xca_visit_t *visit, xca_error_t *err) {
    err->field = err->field != NULL ? err->field : "file";
    xca_visit_errors(visit, err);
}

static int is_visitors(const xca_error_t *err) {
    return err->kind == XCA_E_INVALID || err->kind == XCA_E_TOO_LARGE || err->kind == XCA_E_LOCKED ||
           strcmp(err->message, "sheet.busy") == 0;
}

/* The sheet that was sent, with its verdicts; *preview stays NULL if it is wrong as a whole (told). */
static xca_error_t *read_sheet(xca_xds_preview_t **preview, xca_visit_t *visit, const xca_window_t *window) {
    const xca_bytes_t *file = xca_form_file(visit->form, "file");
    xca_xds_preview_t *made;
    xca_error_t *err = file != NULL
                           ? xca_xds_open(&made, file->data, file->length, visit->portal->xls_program, visit->office->postal,
                                          visit->pool)
                           : xca_error_field(visit->pool, "file", "xds.no-file", NULL);

    *preview = NULL;
    if (err == NULL) {
        err = xca_xds_check(made, visit->office, window, visit->pool);
    }
    if (err != NULL && is_visitors(err)) {
        at_file(visit, err);
        return NULL;
    }
    if (err == NULL) {
        xca_xds_show(visit, made);
        *preview = made;
    }
    return err;
}

/* ---- For everyone ---- */

xca_error_t *xca_page_xds(xca_visit_t *visit) {
    put_token(visit, "xds");
    return NULL;
}

xca_error_t *xca_page_xds_checked(xca_visit_t *visit) {
    xca_xds_preview_t *preview;

    put_token(visit, "xds");
    /* A sheet costs up to some thousand questions to the directory. */
    if (!xca_limit_take(visit->portal->sheet_limit, xca_limit_source(visit->request->client, visit->pool), visit->now)) {
        at_file(visit, xca_error_make(visit->pool, XCA_E_LOCKED, "xds.too-often", "%s", visit->request->client));
        return NULL;
    }
    return read_sheet(&preview, visit, NULL);
}

xca_error_t *xca_page_xds_sheet(xca_visit_t *visit) {
    xca_bytes_t *file = apr_palloc(visit->pool, sizeof(*file));
    int ods = strcmp(visit->arg, SHEET ".ods") == 0;
    xca_error_t *err;

    if (!ods && strcmp(visit->arg, SHEET ".xlsx") != 0) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "page.not-found", "%s", visit->arg);
    }
    err = xca_xds_template(file, ods ? XCA_SHEET_ODS : XCA_SHEET_XLSX, visit->portal->texts, visit->language, NULL, visit->pool);
    if (err != NULL) {
        return err;
    }
    visit->data = file;
    visit->data_type = ods ? "application/vnd.oasis.opendocument.spreadsheet"
                           : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    visit->data_name = ods ? SHEET ".ods" : SHEET ".xlsx";
    return NULL;
}

/* ---- For officers of a window ---- */

static xca_error_t *our_window(xca_window_t **window, xca_visit_t *visit) {
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_RA, XCA_ROLE_RA);

    if (err == NULL && visit->officer->window == NULL) {
        err = xca_error_make(visit->pool, XCA_E_DENIED, "office.role", "%s has no window", visit->officer->uid);
    }
    if (err == NULL) {
        err = xca_window_read(window, visit->office->store, visit->officer->window, visit->pool);
    }
    if (err == NULL) {
        xca_map_text(visit->model, "_window", (*window)->name);
    }
    return err;
}

static void put_contact(xca_visit_t *visit) {
    static const char *const names[] = {"contact_name", "contact_email", "remark"};
    int i;

    for (i = 0; i < 3; i++) {
        xca_map_text(visit->model, names[i], xca_form_text(visit->form, names[i]));
    }
}

xca_error_t *xca_page_office_xds(xca_visit_t *visit) {
    xca_window_t *window;

    xca_map_true(visit->model, "_again", xca_form_text(visit->form, "again") != NULL);
    return our_window(&window, visit);
}

xca_error_t *xca_page_office_xds_checked(xca_visit_t *visit) {
    xca_xds_preview_t *preview = NULL;
    xca_window_t *window;
    const char *hash;
    xca_error_t *err = our_window(&window, visit);

    if (err == NULL) {
        err = read_sheet(&preview, visit, window);
    }
    if (err != NULL || preview == NULL || preview->right == 0) {
        return err;
    }
    err = xca_xds_keep(&hash, visit->office, preview, visit->now, visit->pool);
    if (err == NULL) {
        xca_map_text(visit->model, "_kept", hash);
    }
    return err;
}

/* The rows as they were shown; looked at again, because the tree may have changed meanwhile. */
static xca_error_t *kept_rows(xca_xds_preview_t **preview, xca_visit_t *visit, const xca_window_t *window) {
    const char *hash = xca_form_text(visit->form, "sheet");
    apr_array_header_t *rows;
    xca_error_t *err;

    if (hash == NULL || strlen(hash) != 64 || strspn(hash, "0123456789abcdef") != 64) {
        return xca_error_make(visit->pool, XCA_E_INVALID, "form.malformed", "digest of a sheet");
    }
    err = xca_xds_rows_kept(&rows, visit->office, hash, visit->pool);
    if (err != NULL) {
        return err;
    }
    *preview = xca_xds_preview_of(rows, visit->office->postal, visit->pool);
    err = xca_xds_check(*preview, visit->office, window, visit->pool);
    if (err == NULL) {
        xca_xds_show(visit, *preview);
        xca_map_text(visit->model, "_kept", hash);
    }
    return err;
}

xca_error_t *xca_page_office_xds_filed(xca_visit_t *visit) {
    xca_case_t contact = {0}, *kase;
    xca_xds_preview_t *preview = NULL;
    xca_window_t *window;
    xca_error_t *err = our_window(&window, visit);

    if (err == NULL) {
        err = kept_rows(&preview, visit, window);
    }
    if (err != NULL) {
        return err;
    }
    contact.contact_name = xca_form_text(visit->form, "contact_name");
    contact.contact_email = xca_form_text(visit->form, "contact_email");
    contact.remark = xca_form_text(visit->form, "remark");
    put_contact(visit);
    if (preview->wrong > 0) { /* shown again: what is filed is what the officer has seen */
        xca_visit_errors(visit, xca_error_make(visit->pool, XCA_E_CONFLICT, "xds.changed-meanwhile", NULL));
        return NULL;
    }
    err = xca_xds_file(&kase, visit->office, preview, window, &contact, xca_visit_nonce(visit), visit->now, visit->pool);
    if (err != NULL && err->kind == XCA_E_INVALID) {
        xca_visit_errors(visit, err);
        return NULL;
    }
    if (err == NULL) {
        visit->redirect = apr_pstrcat(visit->pool, "/office/cases/", kase->number, NULL);
    }
    return err;
}
