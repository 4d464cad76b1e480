#include "ca_files.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include "operations/generation.h"
#include "operations/key_open.h"

xca_error_t *ca_write_bytes(const char *path, xca_bytes_t bytes, int replace, apr_pool_t *pool) {
    const char *written = replace ? apr_pstrcat(pool, path, ".new", NULL) : path;
    xca_error_t *err;

    if (replace) {
        apr_file_remove(written, pool); /* of a try that was cut */
    }
    err = xca_file_write_new(written, bytes.data, bytes.length, 1, pool);
    if (err == NULL && replace && apr_file_rename(written, path, pool) != APR_SUCCESS) {
        err = xca_error_make(pool, XCA_E_INTERNAL, "file.unwritable", "%s", path);
        err->arg = path;
    }
    return err;
}

xca_error_t *ca_write_text(const char *path, const char *text, int replace, apr_pool_t *pool) {
    return ca_write_bytes(path, (xca_bytes_t){(const unsigned char *)text, strlen(text)}, replace, pool);
}

xca_error_t *ca_open_key(xca_key_t **key, admin_t *admin, const char *place, const char *password_file) {
    xca_generation_t own;
    int i;

    for (i = 0; password_file == NULL && admin->settings != NULL && i < XCA_GENERATIONS_MAX; i++) {
        xca_generation_of(&own, admin->settings, i, admin->pool);
        password_file = own.key_place != NULL && strcmp(place, own.key_place) == 0 ? own.password_file : NULL;
    }
    if (xca_key_is_uri(place) && admin->settings == NULL) {
        return xca_error_make(admin->pool, XCA_E_INVALID, "hsm.module-missing", "no settings");
    }
    return xca_key_open(key, admin->settings, place, password_file, admin->pool);
}
