/* oid import and oid export. */
#include <stdio.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "command.h"
#include "operations/audit.h"
#include "operations/oid_import.h"
#include "outside/crypto.h"

#define TABLE_MAX ((apr_size_t)256 * 1024 * 1024)

typedef struct wrong_rows {
    const admin_t *admin;
    const char *path;
} wrong_rows_t;

/* "FILE:LINE: COLUMN: what is wrong" on standard error. */
static void tell_wrong_row(void *baton, int line, const xca_error_t *err) {
    const wrong_rows_t *to = baton;
    const admin_t *admin = to->admin;

    for (; err != NULL; err = err->next) {
        const char *text = err->message;

        if (admin->catalogue != NULL) {
            text = xca_catalogue_error(admin->catalogue, err, admin->language, admin->pool);
        }
        fprintf(stderr, "%s:%d: %s%s%s%s%s\n", to->path, line, err->field != NULL ? err->field : "",
                err->field != NULL ? ": " : "", text, err->detail != NULL ? ": " : "",
                err->detail != NULL ? err->detail : "");
    }
}

static xca_error_t *write_out(void *baton, const char *text, apr_size_t length) {
    apr_pool_t *pool = baton;

    if (fwrite(text, 1, length, stdout) == length) {
        return NULL;
    }
    return xca_error_make(pool, XCA_E_INTERNAL, "file.unwritable", "standard output");
}

/* Before the tree is changed, and once more with what came of it. */
static xca_error_t *report_import(admin_t *admin, const char *path, const char *text, apr_size_t length,
                                  const xca_import_report_t *done) {
    apr_pool_t *pool = admin->pool;

    return admin_report(admin, "oid-import",
                        xca_audit_details(pool, "file", apr_filepath_name_get(path), "sha256",
                                          xca_sha256_hex(pool, text, length), "state", done != NULL ? "done" : "begun",
                                          "added", done != NULL ? apr_itoa(pool, done->added) : NULL, "changed",
                                          done != NULL ? apr_itoa(pool, done->changed) : NULL, "wrong",
                                          done != NULL ? apr_itoa(pool, done->wrong) : NULL, NULL));
}

static xca_error_t *import_file(int *wrong, admin_t *admin, const char *path, int as_ldif,
                                apr_pool_t *pool) {
    wrong_rows_t told = {admin, path};
    xca_import_report_t report;
    apr_size_t length;
    const char *text;
    xca_error_t *err = xca_file_read(&text, &length, path, TABLE_MAX, pool);

    if (err == NULL && as_ldif) {
        err = xca_oid_ldif(&report, admin->office, text, length, tell_wrong_row, &told, write_out,
                           pool, pool);
    } else if (err == NULL) {
        err = report_import(admin, path, text, length, NULL);
        if (err == NULL) {
            err = xca_oid_import(&report, admin->office, text, length, tell_wrong_row, &told, pool);
        }
        if (err == NULL) {
            err = report_import(admin, path, text, length, &report);
        }
    }
    if (err != NULL) {
        return err;
    }
    *wrong += report.wrong;
    fprintf(stderr, "%s: %d added, %d changed, %d unchanged, %d wrong\n", path, report.added,
            report.changed, report.unchanged, report.wrong);
    return NULL;
}

xca_error_t *command_oid_import(admin_t *admin, const arguments_t *arguments) {
    int as_ldif = argument_set(arguments, "ldif");
    const char *path = argument_plain(arguments, 0);
    xca_error_t *err = NULL;
    apr_pool_t *pool;
    int wrong = 0, i;

    if (path == NULL) {
        err = xca_error_make(admin->pool, XCA_E_INVALID, "admin.argument-missing", "FILE");
        err->arg = "FILE";
        return err;
    }
    apr_pool_create(&pool, admin->pool);
    for (i = 0; err == NULL && path != NULL; path = argument_plain(arguments, ++i)) {
        err = import_file(&wrong, admin, path, as_ldif, pool);
        if (err == NULL) {
            apr_pool_clear(pool);
        }
    }
    if (err == NULL && wrong > 0) {
        err = xca_error_make(admin->pool, XCA_E_INVALID, "import.wrong-rows", NULL);
        err->arg = apr_itoa(admin->pool, wrong);
    }
    return err;
}

xca_error_t *command_oid_export(admin_t *admin, const arguments_t *arguments) {
    const char *name = argument(arguments, "format");
    xca_export_format format = name != NULL ? xca_export_format_by_id(name) : XCA_EXPORT_CSV;
    xca_error_t *err;

    if (format == XCA_EXPORT_COUNT) {
        err = xca_error_make(admin->pool, XCA_E_INVALID, "export.format", "%s", name);
        err->arg = name;
        return err;
    }
    return xca_oid_export(admin->office, format, write_out, admin->pool, admin->pool);
}
