#include "operations/office.h"

#include <string.h>
#include <apr_strings.h>

#define POSTAL_MAX   (4 * 1024 * 1024)
#define PASSWORD_MAX 4096

xca_error_t *xca_secret_read(xca_secret_t **secret, const char *path, apr_pool_t *pool) {
    const char *data;
    apr_size_t length;
    xca_error_t *err = xca_file_read(&data, &length, path, PASSWORD_MAX, pool);

    if (err != NULL) {
        return err;
    }
    while (length > 0 && (data[length - 1] == '\n' || data[length - 1] == '\r')) {
        length--;
    }
    *secret = xca_secret_make(pool, data, length);
    xca_wipe((void *)(size_t)data, length);
    return NULL;
}

static xca_error_t *setting(const char **value, const xca_settings_t *settings, const char *name,
                            apr_pool_t *pool) {
    xca_error_t *err;

    *value = xca_settings_get(settings, name, NULL);
    if (*value != NULL && **value != '\0') {
        return NULL;
    }
    err = xca_error_make(pool, XCA_E_INVALID, "settings.missing", "%s", name);
    err->arg = apr_pstrdup(pool, name);
    return err;
}

xca_error_t *xca_ldap_config_of(xca_ldap_config_t *config, const xca_settings_t *settings,
                                const char *identity, apr_pool_t *pool) {
    xca_secret_t *password;
    const char *path;
    xca_error_t *err;

    memset(config, 0, sizeof(*config));
    config->ca_file = xca_settings_get(settings, "ldap-ca-file", NULL);
    err = setting(&config->uri, settings, "ldap-uri", pool);
    if (err == NULL) {
        err = setting(&config->bind_dn, settings, apr_pstrcat(pool, identity, "-dn", NULL), pool);
    }
    if (err == NULL) {
        err = setting(&path, settings, apr_pstrcat(pool, identity, "-password-file", NULL), pool);
    }
    if (err == NULL) {
        err = xca_secret_read(&password, path, pool);
    }
    if (err == NULL) {
        config->password = password;
    }
    return err;
}

xca_error_t *xca_postal_read(xca_postal_t **postal, const xca_settings_t *settings,
                             apr_pool_t *pool) {
    const char *folder, *data;
    apr_size_t length;
    xca_error_t *err = setting(&folder, settings, "htdocs-folder", pool);

    if (err == NULL) {
        err = xca_file_read(&data, &length, apr_pstrcat(pool, folder, "/data/postal3.csv", NULL),
                            POSTAL_MAX, pool);
    }
    return err != NULL ? err : xca_postal_make(postal, data, length, pool);
}

xca_error_t *xca_store_of(xca_store_t **store, const xca_settings_t *settings,
                          const xca_ldap_config_t *config, apr_pool_t *pool) {
    const char *suffix, *ca_dn;
    xca_ldap_t *ldap;
    xca_error_t *err = setting(&suffix, settings, "suffix", pool);

    if (err == NULL) {
        err = setting(&ca_dn, settings, "ca-dn", pool);
    }
    if (err == NULL) {
        err = xca_ldap_make(&ldap, config, pool);
    }
    if (err == NULL) {
        *store = xca_store_make(ldap, suffix, ca_dn, pool);
    }
    return err;
}

xca_error_t *xca_office_open(xca_office_t **office, const xca_settings_t *settings,
                             const char *identity, apr_pool_t *pool) {
    xca_office_t *result = apr_pcalloc(pool, sizeof(*result));
    xca_ldap_config_t config;
    xca_postal_t *postal;
    xca_error_t *err = xca_ldap_config_of(&config, settings, identity, pool);

    if (err == NULL) {
        err = xca_store_of(&result->store, settings, &config, pool);
    }
    if (err == NULL) {
        err = xca_postal_read(&postal, settings, pool);
    }
    if (err != NULL) {
        return err;
    }
    result->postal = postal;
    *office = result;
    return NULL;
}
