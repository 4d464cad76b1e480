#include "operations/key_open.h"

#include "operations/office.h"

xca_token_access_t *xca_token_access_of(const xca_settings_t *settings, apr_pool_t *pool) {
    xca_token_access_t *access = apr_pcalloc(pool, sizeof(*access));

    access->module = xca_settings_get(settings, "pkcs11-module-file", NULL);
    access->pin_file = xca_settings_get(settings, "pkcs11-pin-file", NULL);
    return access;
}

xca_error_t *xca_key_open(xca_key_t **key, const xca_settings_t *settings, const char *place, const char *password_file,
                          apr_pool_t *pool) {
    xca_secret_t *password = NULL;
    xca_error_t *err;

    if (xca_key_is_uri(place)) {
        return xca_pkcs11_key_open(key, place, xca_token_access_of(settings, pool), pool);
    }
    err = password_file != NULL ? xca_secret_read(&password, password_file, pool) : NULL;
    return err != NULL ? err : xca_key_read(key, place, password, pool);
}
