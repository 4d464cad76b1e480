/* ca key, ca token, ca request: the authority's keys in files or in a token, and the request that its certificate is made for. */
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "ca_files.h"
#include "command.h"
#include "operations/generation.h"
#include "operations/key_open.h"
#include "outside/crypto_csr.h"
#include "outside/crypto_request.h"
#include "outside/crypto_view.h"

static xca_error_t *need_settings(const admin_t *admin) {
    xca_error_t *err;

    if (admin->settings != NULL) {
        return NULL;
    }
    err = xca_error_make(admin->pool, XCA_E_INVALID, "admin.argument-missing", "--settings");
    err->arg = "--settings";
    return err;
}

xca_error_t *ca_make_key(xca_key_t **key, admin_t *admin, const char *place, const char *type) {
    xca_error_t *err;

    if (xca_key_is_uri(place)) {
        err = need_settings(admin);
        return err != NULL ? err
                           : xca_pkcs11_key_make(key, place, type, xca_token_access_of(admin->settings, admin->pool),
                                                 admin->pool);
    }
    err = xca_key_make(key, type, admin->pool);
    return err == NULL ? xca_key_write(*key, place, admin->pool) : err;
}

xca_error_t *ca_print_key(admin_t *admin, const char *place, const xca_key_t *key) {
    xca_bytes_t spki;
    xca_error_t *err = xca_key_spki(&spki, key, admin->pool);

    if (err == NULL) {
        printf("%s: %s, SHA-256 of its public key %s\n", place, xca_key_text(admin->pool, key),
               xca_sha256_hex(admin->pool, spki.data, spki.length));
    }
    return err;
}

xca_error_t *command_ca_key(admin_t *admin, const arguments_t *arguments) {
    const char *place, *type = argument(arguments, "key-type");
    xca_key_t *key;
    xca_error_t *err = argument_needed(&place, arguments, "key", admin->pool);

    if (err == NULL) {
        err = ca_make_key(&key, admin, place, type != NULL ? type : "rsa:4096");
    }
    return err == NULL ? ca_print_key(admin, place, key) : err;
}

/* One try with the PIN although the token says that a wrong one came before: somebody waits for the answer here. */
xca_error_t *command_ca_token(admin_t *admin, const arguments_t *arguments) {
    xca_error_t *err = need_settings(admin);
    int i, tokens = 0;

    /* each key of the CA, and the audit log's */
    for (i = 0; err == NULL && i <= XCA_GENERATIONS_MAX; i++) {
        const char *name = i < XCA_GENERATIONS_MAX ? xca_generation_setting(i, "ca-key-file", admin->pool) : "audit-key-file";
        const char *place = xca_settings_get(admin->settings, name, "");
        xca_token_access_t *access = xca_token_access_of(admin->settings, admin->pool);
        xca_key_t *key;

        if (!xca_key_is_uri(place)) {
            continue;
        }
        tokens++;
        access->low_count = argument_set(arguments, "last-try") ? 2 : 1;
        err = xca_pkcs11_key_open(&key, place, access, admin->pool);
        if (err == NULL) {
            err = ca_print_key(admin, place, key);
        }
    }
    return err == NULL && tokens == 0 ? xca_error_make(admin->pool, XCA_E_INVALID, "admin.ca.no-token", NULL) : err;
}

xca_error_t *ca_request(admin_t *admin, const char *place, const xca_key_t *key, const char *subject, const char *out, int replace) {
    xca_bytes_t der;
    xca_error_t *err = xca_request_make(&der, key, subject, admin->pool);

    if (err == NULL) {
        err = ca_write_text(out, xca_csr_pem(admin->pool, der), replace, admin->pool);
    }
    if (err == NULL) {
        printf("%s: request of %s\n", out, subject);
        err = ca_print_key(admin, place, key);
    }
    return err;
}

xca_error_t *command_ca_request(admin_t *admin, const arguments_t *arguments) {
    apr_pool_t *pool = admin->pool;
    const char *out, *type = argument(arguments, "key-type");
    const char *place = argument(arguments, "key"), *subject = argument(arguments, "subject");
    xca_key_t *key;
    xca_error_t *err = argument_needed(&out, arguments, "out", pool);

    if (err == NULL && (place == NULL || subject == NULL)) {
        err = need_settings(admin);
    }
    if (err != NULL) {
        return err;
    }
    place = place != NULL ? place : xca_settings_get(admin->settings, "ca-key-file", "");
    subject = subject != NULL ? subject : xca_settings_get(admin->settings, "ca-dn", "");
    err = type != NULL ? ca_make_key(&key, admin, place, type)
                       : ca_open_key(&key, admin, place, argument(arguments, "password-file"));
    return err == NULL ? ca_request(admin, place, key, subject, out, 0) : err;
}
