/* directory prepare, window import/list, officer add/list. */
#include <stdio.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "command.h"
#include "domain/calendar.h"
#include "domain/csv.h"
#include "outside/crypto.h"
#include "outside/crypto_ca.h"
#include "outside/crypto_view.h"
#include "operations/audit.h"
#include "operations/signer_open.h"

#define WINDOWS_MAX (1024 * 1024)

xca_error_t *command_directory_prepare(admin_t *admin, const arguments_t *arguments) {
    return xca_store_prepare(admin->office->store, admin->pool);
}

static const char *column(const char *const *names, const char *const *fields, int count,
                          const char *name) {
    int i;

    for (i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return *fields[i] != '\0' ? fields[i] : NULL;
        }
    }
    return NULL;
}

static xca_error_t *import_window(admin_t *admin, const char *const *names,
                                  const char *const *fields, int count, int line,
                                  apr_pool_t *scratch) {
    xca_window_t window;
    const char *words;
    char *state;

    window.id = column(names, fields, count, "id");
    window.name = column(names, fields, count, "name");
    window.county = column(names, fields, count, "county");
    window.classes = column(names, fields, count, "classes");
    window.address = column(names, fields, count, "address");
    window.phone = column(names, fields, count, "phone");
    window.changed = admin->now;
    if (window.id == NULL || window.name == NULL || window.county == NULL ||
        window.classes == NULL) {
        xca_error_t *err = xca_error_make(admin->pool, XCA_E_INVALID, "csv.row", "line %d", line);

        err->arg = apr_itoa(admin->pool, line);
        return err;
    }
    for (words = apr_strtok(apr_pstrdup(scratch, window.classes), "|", &state); words != NULL;
         words = apr_strtok(NULL, "|", &state)) {
        if (xca_class_by_id(words) == XCA_CLASS_NONE) {
            xca_error_t *err =
                xca_error_make(admin->pool, XCA_E_INVALID, "csv.row", "line %d: %s", line, words);

            err->arg = apr_itoa(admin->pool, line);
            return err;
        }
    }
    return xca_window_put(admin->office->store, &window, scratch);
}

xca_error_t *command_window_import(admin_t *admin, const arguments_t *arguments) {
    const char *path = argument_plain(arguments, 0);
    const char *data;
    const char **names, **fields;
    apr_size_t length;
    apr_pool_t *scratch;
    xca_csv_t *csv;
    int columns, count, line, put = 0;
    xca_error_t *err;

    if (path == NULL) {
        return xca_error_field(admin->pool, NULL, "admin.argument-missing", "FILE");
    }
    err = xca_file_read(&data, &length, path, WINDOWS_MAX, admin->pool);
    if (err != NULL) {
        return err;
    }
    err = admin_report(admin, "window-import",
                       xca_audit_details(admin->pool, "file", apr_filepath_name_get(path), "sha256",
                                         xca_sha256_hex(admin->pool, data, length), NULL));
    if (err != NULL) {
        return err;
    }
    csv = xca_csv_open(admin->pool, data, length);
    err = xca_csv_next(csv, &names, &columns, &line, admin->pool);
    apr_pool_create(&scratch, admin->pool);
    while (err == NULL) {
        apr_pool_clear(scratch);
        err = xca_csv_next(csv, &fields, &count, &line, scratch);
        if (err != NULL || count == 0) {
            break;
        }
        err = import_window(admin, names, fields, count < columns ? count : columns, line, scratch);
        put++;
    }
    if (err != NULL) {
        xca_error_t *kept = xca_error_make(admin->pool, err->kind, err->message, "%s", path);

        kept->arg = apr_pstrdup(admin->pool, err->arg);
        return kept;
    }
    printf("%d windows\n", put);
    return NULL;
}

xca_error_t *command_window_list(admin_t *admin, const arguments_t *arguments) {
    apr_array_header_t *windows;
    int i;
    xca_error_t *err = xca_window_list(&windows, admin->office->store, NULL, admin->pool);

    for (i = 0; err == NULL && i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);

        printf("%s\t%s\t%s\t%s\n", window->id, window->county, window->name, window->classes);
    }
    return err;
}

/* The officer's certificate, by the officers' CA that `ca init` made. */
static xca_error_t *certify(xca_bytes_t *certificate, xca_bytes_t *issuer, const char *uid,
                            const char *ca_folder, const xca_key_t *key, apr_time_t now,
                            apr_pool_t *pool) {
    apr_array_header_t *found;
    xca_key_t *ca_key;
    apr_time_t from = apr_time_from_sec(apr_time_sec(now)) - apr_time_from_sec(3600);
    xca_error_t *err =
        xca_key_read(&ca_key, apr_pstrcat(pool, ca_folder, "/officer-ca.key", NULL), NULL, pool);

    if (err == NULL) {
        err = xca_certificates_read(&found, apr_pstrcat(pool, ca_folder, "/officer-ca.pem", NULL),
                                    pool);
    }
    if (err != NULL) {
        return err;
    }
    *issuer = APR_ARRAY_IDX(found, 0, xca_bytes_t);
    return xca_setup_certificate(certificate, XCA_SETUP_OFFICER,
                                 apr_pstrcat(pool, "CN=", uid, ",C=TW", NULL), NULL, NULL, key, ca_key,
                                 *issuer, from, xca_date_add_years(from, 5), pool);
}

static xca_error_t *check_uid(const char *uid, apr_pool_t *pool) {
    const char *c;

    for (c = uid; *c != '\0'; c++) {
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *c) == NULL || c - uid > 60) {
            return xca_error_field(pool, NULL, "officer.uid", uid);
        }
    }
    return NULL;
}

static xca_error_t *check_officer(const xca_officer_t *officer, xca_store_t *store,
                                  apr_pool_t *pool) {
    xca_window_t *window;
    xca_error_t *err = check_uid(officer->uid, pool);

    if (err != NULL) {
        return err;
    }
    if (officer->role == XCA_ROLE_NONE) {
        return xca_error_field(pool, NULL, "officer.role", NULL);
    }
    if ((officer->role == XCA_ROLE_RA) != (officer->window != NULL)) {
        return xca_error_field(pool, NULL, "officer.window", NULL);
    }
    return officer->window != NULL ? xca_window_read(&window, store, officer->window, pool) : NULL;
}

/* Key and certificate in a new PKCS#12 file. */
static xca_error_t *make_key(xca_bytes_t *certificate, const char *uid, const char *ca_folder, const char *password_file,
                             const char *out, apr_time_t now, apr_pool_t *pool) {
    xca_secret_t *password;
    xca_bytes_t issuer;
    xca_key_t *key;
    xca_error_t *err = xca_secret_read(&password, password_file, pool);

    if (err == NULL) {
        err = xca_key_make(&key, "ec:P-256", pool);
    }
    if (err == NULL) {
        err = certify(certificate, &issuer, uid, ca_folder, key, now, pool);
    }
    return err != NULL ? err : xca_key_write_pkcs12(key, *certificate, issuer, password, out, pool);
}

/* For officers who are added in the portal, by orders that two central officers sign: no entry in the directory is made here. */
xca_error_t *command_officer_make(admin_t *admin, const arguments_t *arguments) {
    apr_pool_t *pool = admin->pool;
    const char *uid, *ca_folder, *password_file, *out;
    xca_bytes_t certificate;
    xca_error_t *err = argument_needed(&uid, arguments, "uid", pool);

    err = err == NULL ? argument_needed(&ca_folder, arguments, "ca-folder", pool) : err;
    err = err == NULL ? argument_needed(&password_file, arguments, "password-file", pool) : err;
    err = err == NULL ? argument_needed(&out, arguments, "out", pool) : err;
    err = err == NULL ? check_uid(uid, pool) : err;
    if (err == NULL) {
        err = make_key(&certificate, uid, ca_folder, password_file, out, admin->now, pool);
    }
    if (err == NULL) {
        printf("%s", xca_cert_pem(pool, certificate));
    }
    return err;
}

xca_error_t *command_officer_add(admin_t *admin, const arguments_t *arguments) {
    apr_pool_t *pool = admin->pool;
    xca_officer_t officer = {0};
    const char *role, *ca_folder, *password_file, *out;
    xca_error_t *err = argument_needed(&officer.uid, arguments, "uid", pool);

    err = err == NULL ? argument_needed(&role, arguments, "role", pool) : err;
    err = err == NULL ? argument_needed(&officer.title, arguments, "title", pool) : err;
    err = err == NULL ? argument_needed(&officer.person, arguments, "person", pool) : err;
    err = err == NULL ? argument_needed(&ca_folder, arguments, "ca-folder", pool) : err;
    err = err == NULL ? argument_needed(&password_file, arguments, "password-file", pool) : err;
    err = err == NULL ? argument_needed(&out, arguments, "out", pool) : err;
    if (err != NULL) {
        return err;
    }
    officer.role = xca_role_by_id(role);
    officer.window = argument(arguments, "window");
    officer.active = 1;
    officer.changed = admin->now;
    err = check_officer(&officer, admin->office->store, pool);
    if (err == NULL) {
        err = make_key(&officer.certificate, officer.uid, ca_folder, password_file, out, admin->now, pool);
    }
    if (err == NULL) {
        err = admin_report(admin, "officer-put",
                           xca_audit_details(pool, "officer", officer.uid, "role", xca_role_id(officer.role), "at",
                                             officer.window, NULL));
    }
    if (err == NULL) {
        err = xca_officer_put(admin->office->store, &officer, pool);
    }
    if (err == NULL) {
        printf("%s: %s\n", officer.uid, out);
    }
    return err;
}

xca_error_t *command_officer_list(admin_t *admin, const arguments_t *arguments) {
    apr_array_header_t *officers;
    int i;
    xca_error_t *err = xca_officer_list(&officers, admin->office->store, admin->pool);

    for (i = 0; err == NULL && i < officers->nelts; i++) {
        const xca_officer_t *officer = APR_ARRAY_IDX(officers, i, const xca_officer_t *);

        printf("%s\t%s\t%s\t%s\t%s\n", officer->uid, xca_role_id(officer->role),
               officer->window != NULL ? officer->window : "-",
               officer->active ? "active" : "inactive", officer->title);
    }
    return err;
}
