/* xca-forms: makes the forms that the portal offers, .odt and .pdf, each from one XML file. Part of the build. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "base/settings.h"
#include "form.h"

#define SOURCE_MAX (256 * 1024)

/* "conf/forms/letter.xml": "letter" */
static const char *name_of(const char *path, apr_pool_t *pool) {
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');

    return apr_pstrmemdup(pool, name, dot != NULL ? (apr_size_t)(dot - name) : strlen(name));
}

static xca_error_t *write_file(const char *path, const xca_bytes_t *bytes, apr_pool_t *pool) {
    FILE *file = fopen(path, "wb");
    size_t written = file != NULL ? fwrite(bytes->data, 1, bytes->length, file) : 0;

    if (file == NULL || fclose(file) != 0 || written != bytes->length) {
        return xca_error_make(pool, XCA_E_INTERNAL, "file.unwritable", "%s", path);
    }
    return NULL;
}

static xca_error_t *make_one(const char *source, const char *folder, apr_pool_t *pool) {
    const char *base = apr_pstrcat(pool, folder, "/", name_of(source, pool), NULL);
    const char *data;
    apr_size_t length;
    form_t *form;
    xca_bytes_t odt;
    xca_error_t *err = xca_file_read(&data, &length, source, SOURCE_MAX, pool);

    if (err == NULL) {
        err = form_read(&form, data, length, pool);
    }
    if (err == NULL) {
        err = form_odt(&odt, form, pool);
    }
    if (err == NULL) {
        err = write_file(apr_pstrcat(pool, base, ".odt", NULL), &odt, pool);
    }
    return err != NULL ? err : form_pdf(apr_pstrcat(pool, base, ".pdf", NULL), form, pool);
}

int main(int argc, const char *const argv[]) {
    apr_pool_t *pool;
    int i;

    if (argc < 3 || argv[1][0] == '-') {
        fputs("usage: xca-forms FOLDER FORM.xml...\n", argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    setlocale(LC_CTYPE, "");
    apr_app_initialize(&argc, &argv, NULL);
    apr_pool_create(&pool, NULL);
    for (i = 2; i < argc; i++) {
        xca_error_t *err = make_one(argv[i], argv[1], pool);

        if (err != NULL) {
            fprintf(stderr, "xca-forms: %s: %s%s%s\n", argv[i], err->message, err->detail != NULL ? ": " : "",
                    err->detail != NULL ? err->detail : "");
            apr_terminate();
            return 1;
        }
    }
    apr_terminate();
    return 0;
}
