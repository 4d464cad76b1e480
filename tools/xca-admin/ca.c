/* ca init: a root, the issuing CA, the officers' CA and a TLS certificate for a demo or a drill. In
 * production the root is someone else's. */
#include <stdio.h>
#include <apr_strings.h>
#include "ca_files.h"
#include "command.h"
#include "domain/calendar.h"
#include "outside/crypto.h"
#include "outside/crypto_ca.h"
#include "outside/crypto_view.h"

#define CA_YEARS 15

typedef struct {
    const char *name; /* file name without ending */
    xca_setup_kind kind;
    const char *subject;
    const char *dns, *crl_url;
    int years;
    xca_key_t *key;
    xca_bytes_t certificate;
} made_t;

static xca_error_t *make(made_t *made, const made_t *issuer, const char *folder,
                         const char *key_type, apr_time_t now, apr_pool_t *pool) {
    const char *base = apr_pstrcat(pool, folder, "/", made->name, NULL);
    apr_time_t from = apr_time_from_sec(apr_time_sec(now)) - apr_time_from_sec(3600);
    xca_error_t *err = xca_key_make(&made->key, key_type, pool);

    if (err == NULL) {
        err = xca_setup_certificate(&made->certificate, made->kind, made->subject, made->dns, made->crl_url,
                                    made->key, issuer != NULL ? issuer->key : made->key,
                                    issuer != NULL ? issuer->certificate : made->certificate, from,
                                    xca_date_add_years(from, made->years), pool);
    }
    if (err == NULL) {
        err = xca_key_write(made->key, apr_pstrcat(pool, base, ".key", NULL), pool);
    }
    if (err == NULL) {
        err = ca_write_text(apr_pstrcat(pool, base, ".pem", NULL), xca_cert_pem(pool, made->certificate), 0, pool);
    }
    if (err == NULL) {
        printf("%s.pem: %s\n", base, made->subject);
    }
    return err;
}

/* The root's list: empty, and good for as long as the CAs below it are, because nobody works at this root again. */
static xca_error_t *make_root_list(const made_t *root, int years, const char *folder,
                                   apr_time_t now, apr_pool_t *pool) {
    const char *path = apr_pstrcat(pool, folder, "/root.crl", NULL);
    apr_time_t from = apr_time_from_sec(apr_time_sec(now)) - apr_time_from_sec(3600);
    xca_bytes_t list;
    xca_ca_t *ca;
    xca_error_t *err = xca_ca_open(&ca, root->key, root->certificate, NULL, 0, NULL, pool);

    if (err == NULL) {
        err = xca_ca_crl(&list, ca, NULL, 0, 1, from, xca_date_add_years(from, years), pool);
    }
    if (err == NULL) {
        err = ca_write_bytes(path, list, 0, pool);
    }
    if (err == NULL) {
        printf("%s: %s\n", path, root->subject);
    }
    return err;
}

xca_error_t *command_ca_init(admin_t *admin, const arguments_t *arguments) {
    apr_pool_t *pool = admin->pool;
    const char *folder;
    const char *key_type = argument(arguments, "key-type");
    const char *dns = argument(arguments, "dns");
    const char *organisation = argument(arguments, "organisation");
    const char *unit = argument(arguments, "unit");
    const char *root_list = argument(arguments, "root-list-url");
    made_t root = {"root", XCA_SETUP_ROOT, NULL, NULL, NULL, 20, NULL, {NULL, 0}};
    made_t ca = {"ca", XCA_SETUP_CA, NULL, NULL, root_list, CA_YEARS, NULL, {NULL, 0}};
    made_t officers = {"officer-ca", XCA_SETUP_CA, NULL, NULL, root_list, CA_YEARS, NULL, {NULL, 0}};
    made_t tls = {"tls", XCA_SETUP_TLS, NULL, NULL, root_list, 2, NULL, {NULL, 0}};
    xca_error_t *err = argument_needed(&folder, arguments, "folder", pool);

    if (err != NULL) {
        return err;
    }
    key_type = key_type != NULL ? key_type : "rsa:4096";
    organisation = organisation != NULL ? organisation : "行政院";
    unit = unit != NULL ? unit : "組織及團體憑證管理中心";
    root.subject = apr_pstrcat(pool, "CN=Demonstration Root,O=", organisation, ",C=TW", NULL);
    ca.subject = apr_pstrcat(pool, "OU=", unit, ",O=", organisation, ",C=TW", NULL);
    officers.subject =
        apr_pstrcat(pool, "CN=Officers,OU=", unit, ",O=", organisation, ",C=TW", NULL);
    tls.dns = dns != NULL ? dns : "localhost";
    tls.subject = apr_pstrcat(pool, "CN=", tls.dns, NULL);
    err = make(&root, NULL, folder, key_type, admin->now, pool);
    if (err == NULL) {
        err = make(&ca, &root, folder, key_type, admin->now, pool);
    }
    if (err == NULL) {
        err = make(&officers, &root, folder, "rsa:3072", admin->now, pool);
    }
    if (err == NULL) {
        err = make(&tls, &root, folder, "ec:P-256", admin->now, pool);
    }
    if (err == NULL) {
        err = make_root_list(&root, CA_YEARS, folder, admin->now, pool);
    }
    return err;
}
