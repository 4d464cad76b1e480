#include "base/error.h"

#include <stdarg.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>

xca_error_t *xca_error_make(apr_pool_t *pool, xca_error_kind kind, const char *message,
                            const char *detail_format, ...) {
    xca_error_t *err = apr_pcalloc(pool, sizeof(*err));

    err->kind = kind;
    err->message = message;
    if (detail_format != NULL) {
        va_list args;

        va_start(args, detail_format);
        err->detail = apr_pvsprintf(pool, detail_format, args);
        va_end(args);
    }
    return err;
}

xca_error_t *xca_error_field(apr_pool_t *pool, const char *field, const char *message,
                             const char *arg) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, message, NULL);

    err->field = field;
    err->arg = arg;
    return err;
}

xca_error_t *xca_error_append(xca_error_t *list, xca_error_t *err) {
    xca_error_t *last = list;

    if (list == NULL) {
        return err;
    }
    while (last->next != NULL) {
        last = last->next;
    }
    last->next = err;
    return list;
}

static int is_told(const apr_array_header_t *ids, const char *id) {
    int i;

    for (i = 0; i < ids->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(ids, i, const char *), id) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *xca_error_ids(const xca_error_t *err, apr_pool_t *pool) {
    apr_array_header_t *ids = apr_array_make(pool, 4, sizeof(const char *));

    for (; err != NULL && ids->nelts < XCA_ERROR_IDS; err = err->next) {
        if (!is_told(ids, err->message)) {
            APR_ARRAY_PUSH(ids, const char *) = err->message;
        }
    }
    return apr_array_pstrcat(pool, ids, ' ');
}
