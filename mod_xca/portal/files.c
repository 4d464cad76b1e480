#include "portal/files.h"

#include <stdlib.h>
#include <string.h>
#include <apr_file_info.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/settings.h"
#include "outside/crypto.h"

#define FILE_MAX (1024 * 1024)

struct xca_files {
    apr_hash_t *by_name;
    const char *version;
};

static const char *type_of(const char *name) {
    static const char *const types[][2] = {{".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".svg", "image/svg+xml"},
                                           {".png", "image/png"},
                                           {".ico", "image/x-icon"},
                                           {".txt", "text/plain; charset=utf-8"},
                                           {".json", "application/json"},
                                           {".c", "text/plain; charset=utf-8"},
                                           {".sh", "text/plain; charset=utf-8"},
                                           {".py", "text/plain; charset=utf-8"},
                                           {".md", "text/markdown; charset=utf-8"},
                                           {".pdf", "application/pdf"},
                                           {".odt", "application/vnd.oasis.opendocument.text"},
                                           {".gz", "application/gzip"}};
    const char *dot = strrchr(name, '.');
    apr_size_t i;

    for (i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(dot, types[i][0]) == 0) {
            return types[i][1];
        }
    }
    return NULL;
}

static xca_error_t *read_one(xca_static_file_t **file, const char *folder, const char *name,
                             apr_pool_t *pool) {
    const char *data;
    apr_size_t length;
    apr_pool_t *scratch;
    xca_error_t *err;

    apr_pool_create(&scratch, pool);
    err = xca_file_read(&data, &length, apr_pstrcat(pool, folder, "/", name, NULL), FILE_MAX, scratch);
    if (err != NULL) {
        apr_pool_destroy(scratch);
        err = xca_error_make(pool, XCA_E_INTERNAL, "file.unreadable", "%s/%s", folder, name);
        err->arg = apr_pstrdup(pool, name);
        return err;
    }
    *file = apr_palloc(pool, sizeof(**file));
    (*file)->name = apr_pstrdup(pool, name);
    (*file)->type = type_of(name);
    (*file)->content.data = apr_pmemdup(pool, data, length);
    (*file)->content.length = length;
    (*file)->etag = xca_etag((*file)->content, pool);
    apr_pool_destroy(scratch);
    return NULL;
}

/* One digest over all names and contents, in an order that does not depend on the folder's. */
static const char *version_of(const xca_files_t *files, apr_pool_t *pool) {
    apr_array_header_t *all = apr_array_make(pool, 8, sizeof(const char *));
    apr_hash_index_t *index;
    const char *text;

    for (index = apr_hash_first(pool, files->by_name); index != NULL; index = apr_hash_next(index)) {
        const xca_static_file_t *file = apr_hash_this_val(index);

        APR_ARRAY_PUSH(all, const char *) = apr_pstrcat(pool, file->name, file->etag, NULL);
    }
    qsort(all->elts, (size_t)all->nelts, sizeof(const char *), xca_text_order);
    text = apr_array_pstrcat(pool, all, '\n');
    return apr_pstrndup(pool, xca_sha256_hex(pool, text, strlen(text)), 12);
}

xca_error_t *xca_files_read(xca_files_t **files, const char *folder, apr_pool_t *pool) {
    xca_files_t *result = apr_palloc(pool, sizeof(*result));
    apr_dir_t *dir;
    apr_finfo_t info;
    xca_error_t *err = NULL;

    result->by_name = apr_hash_make(pool);
    if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS) {
        err = xca_error_make(pool, XCA_E_INTERNAL, "file.unreadable", "%s", folder);
        err->arg = apr_pstrdup(pool, folder);
        return err;
    }
    while (err == NULL && apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        xca_static_file_t *file;

        if (info.name[0] == '.' || type_of(info.name) == NULL) {
            continue;
        }
        err = read_one(&file, folder, info.name, pool);
        if (err == NULL) {
            apr_hash_set(result->by_name, file->name, APR_HASH_KEY_STRING, file);
        }
    }
    apr_dir_close(dir);
    result->version = version_of(result, pool);
    *files = result;
    return err;
}

const xca_static_file_t *xca_files_get(const xca_files_t *files, const char *name) {
    return apr_hash_get(files->by_name, name, APR_HASH_KEY_STRING);
}

const char *xca_files_version(const xca_files_t *files) {
    return files->version;
}

const char *xca_etag(xca_bytes_t content, apr_pool_t *pool) {
    return apr_psprintf(pool, "\"%.32s\"", xca_sha256_hex(pool, content.data, content.length));
}
