/* applicant SETTINGS TABLE: files applications as the portal does with its form, with the portal's identity, but without httpd and a
 * browser. The table is CSV with a row each: a column "kind", one "code" (user code), and others named as the form's fields. Prints number, window,
 * organisation and user code, a line each. For the demo. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "domain/csv.h"
#include "operations/application.h"

#define TABLE_MAX (64 * 1024)

typedef struct {
    xca_office_t *office;
    apr_time_t now;
    apr_pool_t *pool;
} desk_t;

/* What was typed into one field of the form. */
static void type(xca_case_t *kase, const char **code, const char *name, const char *text) {
    const xca_case_field_t *field;

    if (*text == '\0') {
        return;
    }
    if (strcmp(name, "kind") == 0) {
        kase->kind = xca_case_kind_by_id(text);
    } else if (strcmp(name, "class") == 0) {
        kase->class = xca_class_by_id(text);
    } else if (strcmp(name, "code") == 0) {
        *code = text;
    }
    for (field = xca_case_fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0) {
            xca_case_set(kase, field, text);
        }
    }
}

static xca_error_t *apply(const desk_t *desk, const char *const *names, const char *const *fields, int count) {
    xca_case_t *kase = apr_pcalloc(desk->pool, sizeof(*kase));
    const char *code = "", *number;
    int i;
    xca_error_t *err;

    kase->use = XCA_USE_COUNT;
    for (i = 0; i < count; i++) {
        type(kase, &code, names[i], fields[i]);
    }
    err = xca_application_check(desk->office, kase, NULL, NULL, desk->now, desk->pool);
    if (err == NULL) {
        err = xca_application_file(&number, desk->office, kase, xca_secret_make(desk->pool, code, strlen(code)), NULL, desk->now, desk->pool);
    }
    if (err == NULL) {
        printf("%s\t%s\t%s\t%s\n", number, kase->window, kase->org_name, code);
    }
    return err;
}

static xca_error_t *open_desk(desk_t *desk, const char *path) {
    xca_settings_t *settings;
    long offset = 0;
    xca_error_t *err = xca_settings_read(&settings, path, desk->pool);

    if (err == NULL) {
        err = xca_settings_number(settings, "clock-offset", &offset, 0, -4000000000L, 4000000000L, desk->pool);
    }
    if (err == NULL) {
        err = xca_office_open(&desk->office, settings, "portal", desk->pool);
    }
    desk->now = apr_time_now() + apr_time_from_sec(offset);
    return err;
}

static xca_error_t *apply_all(const desk_t *desk, const char *path) {
    const char *text, **names, **fields;
    int columns, count, line;
    apr_size_t length;
    xca_csv_t *csv = NULL;
    xca_error_t *err = xca_file_read(&text, &length, path, TABLE_MAX, desk->pool);

    if (err == NULL) {
        csv = xca_csv_open(desk->pool, text, length);
        err = xca_csv_next(csv, &names, &columns, &line, desk->pool);
    }
    while (err == NULL) {
        err = xca_csv_next(csv, &fields, &count, &line, desk->pool);
        if (err != NULL || count == 0) {
            return err;
        }
        err = apply(desk, names, fields, count < columns ? count : columns);
    }
    return err;
}

int main(int argc, const char *const argv[]) {
    desk_t desk = {0};
    int wrong;
    xca_error_t *err;

    apr_app_initialize(&argc, &argv, NULL);
    atexit(apr_terminate);
    apr_pool_create(&desk.pool, NULL);
    if (argc != 3) {
        fputs("usage: applicant SETTINGS TABLE\n", stderr);
        return 2;
    }
    err = open_desk(&desk, argv[1]);
    if (err == NULL) {
        err = apply_all(&desk, argv[2]);
    }
    wrong = err != NULL;
    for (; err != NULL; err = err->next) {
        fprintf(stderr, "applicant: %s: %s %s\n", err->field != NULL ? err->field : "-", err->message, err->arg != NULL ? err->arg : "");
    }
    return wrong;
}
