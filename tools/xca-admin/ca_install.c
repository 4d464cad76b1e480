/* ca install: the certificate that the authority above made for the request, checked and put where the signer reads it. */
#include <stdio.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include "ca_files.h"
#include "command.h"
#include "domain/calendar.h"
#include "operations/generation.h"
#include "operations/signer_open.h"
#include "outside/crypto_ceremony.h"
#include "outside/crypto_lint_rules.h"
#include "outside/crypto_view.h"

typedef struct install {
    admin_t *admin;
    const xca_profile_t *profile;
    xca_generation_t at; /* whose certificate it is to be, and where the settings put that */
    const char *dn;      /* of the settings */
    xca_bytes_t certificate;
    apr_array_header_t *chain; /* of xca_bytes_t, root last */
} install_t;

static xca_error_t *need(const char *value, const admin_t *admin, const char *name) {
    xca_error_t *err;

    if (value != NULL) {
        return NULL;
    }
    err = xca_error_make(admin->pool, XCA_E_INVALID, "settings.missing", "%s", name);
    err->arg = name;
    return err;
}

static xca_error_t *read_settings(install_t *install, int generation) {
    admin_t *admin = install->admin;
    xca_profile_t *profile;
    xca_error_t *err = need(admin->settings != NULL ? "" : NULL, admin, "ca-dn");

    if (err != NULL) {
        return err;
    }
    install->dn = xca_settings_get(admin->settings, "ca-dn", NULL);
    xca_generation_of(&install->at, admin->settings, generation, admin->pool);
    err = need(install->dn, admin, "ca-dn");
    if (err == NULL) {
        err = need(install->at.key_place, admin, xca_generation_setting(generation, "ca-key-file", admin->pool));
    }
    if (err == NULL) {
        err = need(install->at.certificate_path, admin, xca_generation_setting(generation, "ca-certificate-file", admin->pool));
    }
    if (err == NULL) {
        err = need(install->at.chain_path, admin, xca_generation_setting(generation, "ca-chain-file", admin->pool));
    }
    if (err == NULL) {
        err = xca_profile_of(&profile, admin->settings, admin->pool);
        install->profile = profile;
    }
    return err;
}

/* The CA's certificate first; those above it behind it, or in a file of their own. */
static xca_error_t *read_files(install_t *install, const char *path, const char *chain_path) {
    apr_array_header_t *found;
    int i;
    xca_error_t *err = xca_certificates_read(&found, path, install->admin->pool);

    if (err != NULL) {
        return err;
    }
    install->certificate = APR_ARRAY_IDX(found, 0, xca_bytes_t);
    install->chain = apr_array_make(install->admin->pool, 2, sizeof(xca_bytes_t));
    if (chain_path != NULL) {
        return xca_certificates_read(&install->chain, chain_path, install->admin->pool);
    }
    for (i = 1; i < found->nelts; i++) {
        APR_ARRAY_PUSH(install->chain, xca_bytes_t) = APR_ARRAY_IDX(found, i, xca_bytes_t);
    }
    return NULL;
}

static xca_error_t *check_rules(const install_t *install) {
    apr_array_header_t *findings;
    xca_error_t *list = NULL;
    int i;

    xca_lint_check(&findings, install->certificate, XCA_LINT_CA, install->admin->pool);
    for (i = 0; i < findings->nelts; i++) {
        const xca_lint_finding_t *finding = &APR_ARRAY_IDX(findings, i, xca_lint_finding_t);
        const char *id = apr_pstrcat(install->admin->pool, "lint.rule.", finding->rule->id, NULL);

        if (finding->rule->severity == XCA_LINT_ERROR) {
            list = xca_error_append(list, xca_error_make(install->admin->pool, XCA_E_INVALID, id, "%s: %s", finding->rule->clause,
                                                         finding->detail));
        } else {
            printf("%s: %s\n", finding->rule->id, admin_text(install->admin, id));
        }
    }
    return list;
}

/* Certificates of another key would lose the one that signs their lists. */
static xca_error_t *check_installed(const install_t *install) {
    apr_pool_t *pool = install->admin->pool;
    apr_array_header_t *there;
    apr_finfo_t info;
    xca_error_t *err;

    if (apr_stat(&info, install->at.certificate_path, APR_FINFO_TYPE, pool) != APR_SUCCESS) {
        return NULL;
    }
    err = xca_certificates_read(&there, install->at.certificate_path, pool);
    if (err == NULL && !xca_cert_same_key(APR_ARRAY_IDX(there, 0, xca_bytes_t), install->certificate, pool)) {
        err = xca_error_make(pool, XCA_E_CONFLICT, "ca.install.other-key", "%s", install->at.certificate_path);
        err->arg = install->at.certificate_path;
    }
    return err;
}

static xca_error_t *refuse_rollover(const install_t *install, const char *message, const xca_generation_t *former) {
    xca_error_t *err = xca_error_make(install->admin->pool, XCA_E_CONFLICT, message, "%s", former->certificate_path);

    err->arg = apr_itoa(install->admin->pool, former->number);
    return err;
}

/* A new key beside those before it: it is another one, under the same root, whose list the signer publishes. */
static xca_error_t *check_former(const install_t *install) {
    apr_pool_t *pool = install->admin->pool;
    xca_bytes_t root = APR_ARRAY_IDX(install->chain, install->chain->nelts - 1, xca_bytes_t);
    apr_array_header_t *former, *chain;
    int i;
    xca_error_t *err = install->at.number > 0 ? xca_generations_read(&former, install->admin->settings, pool) : NULL;

    for (i = 0; err == NULL && i < install->at.number; i++) {
        const xca_generation_t *one = &APR_ARRAY_IDX(former, i, xca_generation_t);

        if (i >= former->nelts) {
            err = xca_error_make(pool, XCA_E_CONFLICT, "ca.generation.gap", NULL);
            err->arg = apr_itoa(pool, i);
            return err;
        }
        if (xca_cert_same_key(one->certificate, install->certificate, pool)) {
            return refuse_rollover(install, "ca.rollover.same-key", one);
        }
        err = one->chain_path != NULL ? xca_certificates_read(&chain, one->chain_path, pool) : NULL;
        if (err == NULL && one->chain_path != NULL && !xca_cert_same_key(APR_ARRAY_IDX(chain, chain->nelts - 1, xca_bytes_t), root, pool)) {
            return refuse_rollover(install, "ca.generation.root", one);
        }
    }
    return err;
}

/* The same steps as the signer's at its start. */
static xca_error_t *check_key(const install_t *install) {
    xca_key_t *key;
    xca_ca_t *ca;
    xca_error_t *err = ca_open_key(&key, install->admin, install->at.key_place, install->at.password_file);

    return err != NULL ? err
                       : xca_ca_open(&ca, key, install->certificate, (const xca_bytes_t *)install->chain->elts,
                                     install->chain->nelts, install->profile, install->admin->pool);
}

static xca_error_t *check(const install_t *install) {
    admin_t *admin = install->admin;
    xca_error_t *err = xca_ca_candidate_check(install->certificate, (const xca_bytes_t *)install->chain->elts,
                                              install->chain->nelts, install->dn, admin->now,
                                              xca_date_add_years(admin->now, install->profile->years), admin->pool);

    if (err == NULL) {
        err = check_rules(install);
    }
    if (err == NULL) {
        err = check_key(install);
    }
    if (err == NULL) {
        err = check_installed(install);
    }
    return err == NULL ? check_former(install) : err;
}

static xca_error_t *check_fingerprint(const install_t *install, const char *wanted) {
    apr_pool_t *pool = install->admin->pool;
    xca_bytes_t root = APR_ARRAY_IDX(install->chain, install->chain->nelts - 1, xca_bytes_t);
    const char *found = xca_sha256_hex(pool, root.data, root.length);
    char *bare = apr_pcalloc(pool, strlen(wanted) + 1), *to = bare;
    xca_error_t *err;

    for (; *wanted != '\0'; wanted++) {
        if (*wanted != ':' && *wanted != ' ') {
            *to++ = *wanted;
        }
    }
    if (strcasecmp(bare, found) == 0) {
        return NULL;
    }
    err = xca_error_make(pool, XCA_E_INVALID, "ca.install.root", "%s", found);
    err->arg = found;
    return err;
}

/* The chain first: a signer that starts between the two says that they do not fit, and the command again mends it. */
static xca_error_t *put(const install_t *install) {
    apr_pool_t *pool = install->admin->pool;
    const char *chain = "";
    int i;
    xca_error_t *err;

    for (i = 0; i < install->chain->nelts; i++) {
        chain = apr_pstrcat(pool, chain, xca_cert_pem(pool, APR_ARRAY_IDX(install->chain, i, xca_bytes_t)), NULL);
    }
    err = ca_write_text(install->at.chain_path, chain, 1, pool);
    return err != NULL ? err : ca_write_text(install->at.certificate_path, xca_cert_pem(pool, install->certificate), 1, pool);
}

xca_error_t *ca_install(admin_t *admin, const arguments_t *arguments, int generation, const char *path) {
    install_t install = {.admin = admin};
    const char *root = argument(arguments, "root-sha256");
    xca_cert_view_t *view;
    xca_error_t *err = read_settings(&install, generation);

    if (err == NULL && path == NULL) {
        err = xca_error_field(admin->pool, NULL, "admin.argument-missing", "CERTIFICATE");
    }
    if (err == NULL) {
        err = read_files(&install, path, argument(arguments, "chain"));
    }
    if (err == NULL) {
        err = check(&install);
    }
    if (err == NULL && root != NULL) {
        err = check_fingerprint(&install, root);
    }
    if (err == NULL) {
        err = xca_cert_view(&view, install.certificate, admin->pool);
    }
    if (err == NULL && !argument_set(arguments, "check")) {
        err = put(&install);
    }
    if (err == NULL) {
        xca_bytes_t above = APR_ARRAY_IDX(install.chain, install.chain->nelts - 1, xca_bytes_t);

        printf("%s\n%s - %s\n%s: SHA-256 %s\n", view->subject, xca_date_format(admin->pool, view->not_before, XCA_DATE_RFC3339),
               xca_date_format(admin->pool, view->not_after, XCA_DATE_RFC3339), admin_text(admin, "admin.ca.root"),
               xca_sha256_hex(admin->pool, above.data, above.length));
        printf("%s\n", admin_text(admin, argument_set(arguments, "check") ? "admin.ca.fits" : "admin.ca.installed"));
    }
    return err;
}

xca_error_t *command_ca_install(admin_t *admin, const arguments_t *arguments) {
    return ca_install(admin, arguments, 0, argument_plain(arguments, 0));
}
