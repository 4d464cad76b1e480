/* xds check|file|show|template: OID changes by sheet. */
#include <stdio.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include "command.h"
#include "directory/xds_store.h"
#include "operations/xds.h"
#include "operations/xds_template.h"

static const char *label(const admin_t *admin, const char *prefix, const char *id) {
    return admin_text(admin, apr_pstrcat(admin->pool, prefix, id, NULL));
}

static const char *text_of(const admin_t *admin, const xca_error_t *err) {
    return admin->catalogue != NULL ? xca_catalogue_error(admin->catalogue, err, admin->language, admin->pool)
                                    : err->message;
}

static xca_error_t *read_sheet(xca_xds_preview_t **preview, admin_t *admin, const arguments_t *arguments,
                               const xca_window_t *window) {
    const char *path = argument_plain(arguments, 0), *data;
    apr_size_t length;
    xca_error_t *err;

    if (path == NULL) {
        return xca_error_field(admin->pool, NULL, "admin.argument-missing", "FILE");
    }
    err = xca_file_read(&data, &length, path, XCA_SHEET_FILE_MAX, admin->pool);
    if (err == NULL) {
        err = xca_xds_open(preview, data, length, xca_settings_get(admin->settings, "xls-program-file", NULL),
                           admin->office->postal, admin->pool);
    }
    return err == NULL ? xca_xds_check(*preview, admin->office, window, admin->pool) : err;
}

/* "! B5 統一編號: reason", a line each. */
static void show_errors(admin_t *admin, const xca_xds_preview_t *preview, const xca_xds_line_t *line, const char *mark,
                        const xca_error_t *err) {
    for (; err != NULL; err = err->next) {
        xca_xds_column column = xca_xds_column_by_id(err->field);
        int place = column != XCA_XDS_COLUMN_COUNT ? preview->places[column] : -1;

        printf("  %s ", mark);
        if (column != XCA_XDS_COLUMN_COUNT) {
            printf("%s%d %s: ", place >= 0 ? xca_column_name(admin->pool, place) : "", line->row.number,
                   label(admin, "xds.column.", err->field));
        }
        printf("%s\n", text_of(admin, err));
    }
}

static void show_preview(admin_t *admin, const xca_xds_preview_t *preview) {
    int i;

    for (i = 0; i < preview->unknown->nelts; i++) {
        printf("? %s\n", APR_ARRAY_IDX(preview->unknown, i, const char *));
    }
    for (i = 0; i < preview->lines->nelts; i++) {
        const xca_xds_line_t *line = &APR_ARRAY_IDX(preview->lines, i, xca_xds_line_t);
        const char *name = xca_xds_known_name(&line->row);

        printf("%d\t%s\t%s\t%s\t%s\n", line->row.number, line->wrong == NULL ? admin_text(admin, "xds.right") : "!",
               line->row.kind != XCA_XDS_KIND_COUNT ? label(admin, "xds.kind.", xca_xds_kind_id(line->row.kind)) : "-",
               name != NULL ? name : "-", line->row.oid != NULL ? line->row.oid : "-");
        show_errors(admin, preview, line, "!", line->wrong);
        show_errors(admin, preview, line, "*", line->notes);
    }
    printf("%d + %d\n", preview->right, preview->wrong);
}

xca_error_t *command_xds_check(admin_t *admin, const arguments_t *arguments) {
    const char *id = argument(arguments, "window");
    xca_window_t *window = NULL;
    xca_xds_preview_t *preview;
    xca_error_t *err = id != NULL ? xca_window_read(&window, admin->office->store, id, admin->pool) : NULL;

    if (err == NULL) {
        err = read_sheet(&preview, admin, arguments, window);
    }
    if (err != NULL) {
        return err;
    }
    show_preview(admin, preview);
    if (preview->wrong > 0) {
        err = xca_error_make(admin->pool, XCA_E_INVALID, "xds.some-wrong", NULL);
        err->arg = apr_itoa(admin->pool, preview->wrong);
    }
    return err;
}

xca_error_t *command_xds_file(admin_t *admin, const arguments_t *arguments) {
    xca_case_t contact = {0}, *kase;
    xca_xds_preview_t *preview;
    xca_window_t *window = NULL;
    signing_t signing;
    const char *letter;
    xca_error_t *err = admin_open_officer(&signing, admin, arguments);

    if (err == NULL) {
        err = argument_needed(&letter, arguments, "letter", admin->pool);
    }
    if (err == NULL) {
        err = argument_needed(&contact.contact_name, arguments, "contact", admin->pool);
    }
    if (err == NULL) {
        err = argument_needed(&contact.contact_email, arguments, "contact-mail", admin->pool);
    }
    if (err == NULL && (signing.officer->role != XCA_ROLE_RA || signing.officer->window == NULL)) {
        err = xca_error_make(admin->pool, XCA_E_DENIED, "decision.role", "%s", signing.officer->uid);
    }
    if (err == NULL) {
        err = xca_window_read(&window, admin->office->store, signing.officer->window, admin->pool);
    }
    if (err == NULL) {
        err = read_sheet(&preview, admin, arguments, window);
    }
    if (err != NULL) {
        return err;
    }
    contact.remark = argument(arguments, "remark");
    show_preview(admin, preview);
    err = xca_xds_file(&kase, admin->office, preview, window, &contact, NULL, admin->now, admin->pool);
    if (err != NULL) {
        return err;
    }
    printf("%s\n", kase->number);
    return admin_decide(admin, &signing, kase, XCA_DECISION_ACCEPT, letter, NULL);
}

static const xca_row_result_t *result_of(const apr_array_header_t *results, int row) {
    int i;

    for (i = 0; i < results->nelts; i++) {
        const xca_row_result_t *result = APR_ARRAY_IDX(results, i, const xca_row_result_t *);

        if (result->row == row) {
            return result;
        }
    }
    return NULL;
}

xca_error_t *command_xds_show(admin_t *admin, const arguments_t *arguments) {
    const char *number = argument_plain(arguments, 0);
    apr_array_header_t *rows, *results;
    xca_case_t *kase;
    int i;
    xca_error_t *err;

    if (number == NULL) {
        return xca_error_field(admin->pool, NULL, "admin.argument-missing", "CASE");
    }
    err = xca_case_read(&kase, admin->office->store, number, admin->pool);
    if (err == NULL) {
        err = xca_xds_rows_of(&rows, admin->office, kase, admin->pool);
    }
    if (err == NULL) {
        err = xca_row_list(&results, admin->office->store, number, admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    printf("%s %s\n", kase->number, admin_text(admin, xca_case_state_label(kase)));
    if (kase->sheet_rows != NULL && kase->state == XCA_STATE_ISSUING) {
        printf("%ld/%s\n", kase->rows_done, kase->sheet_rows);
    }
    for (i = 0; i < rows->nelts; i++) {
        const xca_xds_row_t *row = &APR_ARRAY_IDX(rows, i, xca_xds_row_t);
        const xca_row_result_t *result = result_of(results, row->number);
        int column;

        printf("%d\t%s\t%s", row->number, label(admin, "xds.kind.", xca_xds_kind_id(row->kind)),
               row->oid != NULL ? row->oid : "-");
        for (column = XCA_XDS_SCHOOL_CODE; column < XCA_XDS_COLUMN_COUNT; column++) {
            if (row->values[column] != NULL) {
                printf("\t%s: %s", label(admin, "xds.column.", xca_xds_column_id((xca_xds_column)column)), row->values[column]);
            }
        }
        printf("\n");
        if (result != NULL && result->answer != NULL) {
            const xca_error_t said = {XCA_E_INVALID, result->answer, result->arg, NULL, NULL, NULL};

            printf("  %s %s\n", result->state == XCA_ROW_DONE ? "=" : "!", text_of(admin, &said));
        }
    }
    return NULL;
}

static xca_error_t *unwritable(const admin_t *admin, const char *path) {
    xca_error_t *err = xca_error_make(admin->pool, XCA_E_INTERNAL, "file.unwritable", "%s", path);

    err->arg = path;
    return err;
}

xca_error_t *command_xds_template(admin_t *admin, const arguments_t *arguments) {
    const char *path = argument_plain(arguments, 0), *language = argument(arguments, "language");
    apr_size_t length = path != NULL ? strlen(path) : 0;
    xca_bytes_t bytes;
    apr_file_t *file;
    apr_status_t status;
    xca_error_t *err;

    if (length < 4 || (strcmp(path + length - 4, ".ods") != 0 && (length < 5 || strcmp(path + length - 5, ".xlsx") != 0))) {
        return xca_error_field(admin->pool, NULL, "admin.argument-missing", "FILE.xlsx|FILE.ods");
    }
    if (admin->catalogue == NULL) {
        return xca_error_field(admin->pool, NULL, "settings.missing", "htdocs-folder");
    }
    err = xca_xds_template(&bytes, strcmp(path + length - 4, ".ods") == 0 ? XCA_SHEET_ODS : XCA_SHEET_XLSX, admin->catalogue,
                           language != NULL && strcmp(language, "en") == 0 ? XCA_EN : XCA_ZH, NULL, admin->pool);
    if (err != NULL) {
        return err;
    }
    if (apr_file_open(&file, path, APR_WRITE | APR_CREATE | APR_EXCL | APR_BINARY, APR_OS_DEFAULT, admin->pool) != APR_SUCCESS) {
        return unwritable(admin, path);
    }
    status = apr_file_write_full(file, bytes.data, bytes.length, NULL);
    return apr_file_close(file) == APR_SUCCESS && status == APR_SUCCESS ? NULL : unwritable(admin, path);
}
