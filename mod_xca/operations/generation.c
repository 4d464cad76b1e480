#include "operations/generation.h"

#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include "operations/signer_open.h"

const char *xca_generation_setting(int number, const char *first, apr_pool_t *pool) {
    return number == 0 ? first : apr_psprintf(pool, "ca-%d-%s", number, strncmp(first, "ca-", 3) == 0 ? first + 3 : first);
}

/* NULL also if nothing stands behind its name. */
static const char *get(const xca_settings_t *settings, int number, const char *first, apr_pool_t *pool) {
    const char *value = xca_settings_get(settings, xca_generation_setting(number, first, pool), NULL);

    return value != NULL && *value != '\0' ? value : NULL;
}

void xca_generation_of(xca_generation_t *generation, const xca_settings_t *settings, int number, apr_pool_t *pool) {
    generation->number = number;
    generation->key_place = get(settings, number, "ca-key-file", pool);
    generation->password_file = get(settings, number, "ca-password-file", pool);
    generation->certificate_path = get(settings, number, "ca-certificate-file", pool);
    generation->chain_path = get(settings, number, "ca-chain-file", pool);
    generation->crl_ldap_url = get(settings, number, "crl-ldap-url", pool);
    generation->certificate = (xca_bytes_t){NULL, 0};
    generation->chain = NULL;
}

static xca_error_t *missing(const char *name, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "settings.missing", "%s", name);

    err->arg = name;
    return err;
}

/* Without a certificate file of its own a later one is still being prepared. */
static int is_installed(const xca_generation_t *generation, apr_pool_t *pool) {
    apr_finfo_t info;

    return generation->certificate_path != NULL &&
           (generation->number == 0 || apr_stat(&info, generation->certificate_path, APR_FINFO_TYPE, pool) == APR_SUCCESS);
}

static xca_error_t *read_certificate(xca_generation_t *generation, apr_pool_t *pool) {
    apr_array_header_t *found;
    xca_error_t *err = xca_certificates_read(&found, generation->certificate_path, pool);

    if (err == NULL) {
        generation->certificate = APR_ARRAY_IDX(found, 0, xca_bytes_t);
    }
    return err;
}

xca_error_t *xca_generations_read(apr_array_header_t **generations, const xca_settings_t *settings, apr_pool_t *pool) {
    xca_error_t *err = NULL;
    int number;

    *generations = apr_array_make(pool, 2, sizeof(xca_generation_t));
    for (number = 0; err == NULL && number < XCA_GENERATIONS_MAX; number++) {
        xca_generation_t one;

        xca_generation_of(&one, settings, number, pool);
        if (!is_installed(&one, pool)) {
            err = number == 0 ? missing("ca-certificate-file", pool) : NULL;
            continue;
        }
        if ((*generations)->nelts < number) {
            err = xca_error_make(pool, XCA_E_INVALID, "ca.generation.gap", "%s", one.certificate_path);
            err->arg = apr_itoa(pool, (*generations)->nelts);
            return err;
        }
        err = read_certificate(&one, pool);
        APR_ARRAY_PUSH(*generations, xca_generation_t) = one;
    }
    return err;
}

xca_error_t *xca_generation_read_chain(xca_generation_t *generation, apr_pool_t *pool) {
    return generation->chain_path == NULL ? missing(xca_generation_setting(generation->number, "ca-chain-file", pool), pool)
                                          : xca_certificates_read(&generation->chain, generation->chain_path, pool);
}

xca_error_t *xca_generations_certificates(apr_array_header_t **certificates, const xca_settings_t *settings, apr_pool_t *pool) {
    apr_array_header_t *generations;
    xca_error_t *err = xca_generations_read(&generations, settings, pool);
    int i;

    *certificates = apr_array_make(pool, 2, sizeof(xca_bytes_t));
    for (i = 0; err == NULL && i < generations->nelts; i++) {
        APR_ARRAY_PUSH(*certificates, xca_bytes_t) = APR_ARRAY_IDX(generations, i, xca_generation_t).certificate;
    }
    return err;
}
