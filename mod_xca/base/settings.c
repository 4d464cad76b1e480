#include "base/settings.h"

#include <stdlib.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include "base/text.h"

#define SETTINGS_LIMIT (256 * 1024)

struct xca_settings {
    apr_table_t *values;
};

xca_error_t *xca_file_read(const char **data, apr_size_t *length, const char *path,
                           apr_size_t limit, apr_pool_t *pool) {
    apr_file_t *file;
    char *buffer = apr_palloc(pool, limit + 1);
    apr_size_t got = 0;
    apr_status_t status = apr_file_open(&file, path, APR_READ | APR_BINARY, 0, pool);
    xca_error_t *err = NULL;

    if (status == APR_SUCCESS) {
        status = apr_file_read_full(file, buffer, limit, &got);
        if (status == APR_SUCCESS) {
            char extra;

            if (apr_file_getc(&extra, file) == APR_SUCCESS) {
                err = xca_error_make(pool, XCA_E_TOO_LARGE, "file.too-large", "%s", path);
                err->arg = path;
            }
        }
        apr_file_close(file);
    }
    if (status != APR_SUCCESS && status != APR_EOF) {
        char reason[120];

        err = xca_error_make(pool, XCA_E_INTERNAL, "file.unreadable", "%s: %s", path,
                             apr_strerror(status, reason, sizeof(reason)));
        err->arg = path;
    }
    if (err != NULL) {
        return err;
    }
    buffer[got] = '\0';
    *data = buffer;
    *length = got;
    return NULL;
}

xca_error_t *xca_file_write_new(const char *path, const void *data, apr_size_t length, int for_all,
                                apr_pool_t *pool) {
    apr_fileperms_t others = for_all ? APR_FPROT_GREAD | APR_FPROT_WREAD : 0;
    apr_file_t *file;
    apr_status_t status = apr_file_open(&file, path, APR_WRITE | APR_CREATE | APR_EXCL | APR_BINARY,
                                        APR_FPROT_UREAD | APR_FPROT_UWRITE | others, pool);
    char reason[120];
    xca_error_t *err;

    if (status == APR_SUCCESS) {
        apr_status_t closed;

        status = apr_file_write_full(file, data, length, NULL);
        if (status == APR_SUCCESS) {
            status = apr_file_sync(file);
        }
        closed = apr_file_close(file);
        status = status == APR_SUCCESS ? closed : status;
        if (status != APR_SUCCESS) {
            apr_file_remove(path, pool);
        }
    }
    if (status == APR_SUCCESS) {
        return NULL;
    }
    err = xca_error_make(pool, XCA_E_INTERNAL, "file.unwritable", "%s: %s", path,
                         apr_strerror(status, reason, sizeof(reason)));
    err->arg = apr_pstrdup(pool, path);
    return err;
}

static const char *resolve_path(const char *name, const char *value, const char *folder,
                                apr_pool_t *pool) {
    apr_size_t length = strlen(name);
    int is_path = (length > 5 && strcmp(name + length - 5, "-file") == 0) ||
                  (length > 7 && strcmp(name + length - 7, "-folder") == 0);

    if (!is_path || value[0] == '/' || value[0] == '\0' || strncmp(value, "pkcs11:", 7) == 0) {
        return value;
    }
    if (strncmp(value, "credential:", 11) == 0) {
        const char *credentials = getenv("CREDENTIALS_DIRECTORY");

        /* Of another program than the one that systemd gave it to: unreadable, and said so if it is needed. */
        return credentials != NULL && strchr(value + 11, '/') == NULL
                   ? apr_pstrcat(pool, credentials, "/", value + 11, NULL)
                   : value;
    }
    return apr_pstrcat(pool, folder, "/", value, NULL);
}

static char *strip(char *text) {
    char *end;

    while (*text == ' ' || *text == '\t') {
        text++;
    }
    end = text + strlen(text);
    while (end > text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
        *--end = '\0';
    }
    return text;
}

xca_error_t *xca_settings_read(xca_settings_t **settings, const char *path, apr_pool_t *pool) {
    xca_settings_t *result = apr_palloc(pool, sizeof(*result));
    const char *data;
    apr_size_t length;
    char *line, *state = NULL;
    char *copy, *folder = apr_pstrdup(pool, path);
    char *slash = strrchr(folder, '/');
    int number = 0;
    xca_error_t *err = xca_file_read(&data, &length, path, SETTINGS_LIMIT, pool);

    if (err != NULL) {
        return err;
    }
    if (slash != NULL) {
        *slash = '\0';
    } else {
        folder = apr_pstrdup(pool, ".");
    }
    result->values = apr_table_make(pool, 32);
    copy = apr_pstrmemdup(pool, data, length);
    for (line = copy; line != NULL; line = state) {
        char *equals;

        number++;
        state = strchr(line, '\n');
        if (state != NULL) {
            *state++ = '\0';
        }
        line = strip(line);
        if (*line == '\0' || *line == '#') {
            continue;
        }
        equals = strchr(line, '=');
        if (equals == NULL || !xca_text_valid(line, strlen(line), 0)) {
            err = xca_error_make(pool, XCA_E_INVALID, "settings.line", "%s line %d", path, number);
            err->arg = apr_itoa(pool, number);
            return err;
        }
        *equals = '\0';
        line = strip(line);
        apr_table_set(result->values, line,
                      resolve_path(line, strip(equals + 1), folder, pool));
    }
    *settings = result;
    return NULL;
}

const char *xca_settings_get(const xca_settings_t *settings, const char *name,
                             const char *fallback) {
    const char *value = apr_table_get(settings->values, name);

    return value != NULL ? value : fallback;
}

xca_error_t *xca_settings_number(const xca_settings_t *settings, const char *name, long *value,
                                 long fallback, long lowest, long highest, apr_pool_t *pool) {
    const char *text = apr_table_get(settings->values, name);
    char *end;

    if (text == NULL) {
        *value = fallback;
        return NULL;
    }
    *value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || *value < lowest || *value > highest) {
        xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "settings.number", "%s = %s", name,
                                          text);

        err->arg = apr_pstrdup(pool, name);
        return err;
    }
    return NULL;
}
