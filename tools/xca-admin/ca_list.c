/* ca root-list: a new revocation list of the root. Whoever keeps the root's key does this before the old list ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include "ca_files.h"
#include "command.h"
#include "domain/calendar.h"
#include "operations/signer_open.h"
#include "outside/crypto_ceremony.h"
#include "outside/crypto_view.h"

#define LIST_MAX (4 * 1024 * 1024)
#define DAYS_MAX 3660

/* RFC 5280 section 5.3.1; of certificates of authorities. */
static const struct reason {
    const char *name;
    unsigned char code;
} reasons[] = {{"unspecified", 0}, {"keyCompromise", 1}, {"cACompromise", 2}, {"affiliationChanged", 3}, {"superseded", 4},
               {"cessationOfOperation", 5}};

static xca_error_t *refuse(const char *message, const char *arg, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, message, "%s", arg);

    err->arg = arg;
    return err;
}

/* What the list says until now: nothing of it is ever left out, and the number goes on. */
static xca_error_t *read_before(apr_array_header_t **entries, xca_crl_view_t *view, const char *path, xca_bytes_t root,
                                apr_pool_t *pool) {
    xca_bytes_t der;
    const char *data;
    apr_finfo_t info;
    xca_error_t *err;

    memset(view, 0, sizeof(*view));
    *entries = apr_array_make(pool, 4, sizeof(xca_crl_entry_t));
    if (path == NULL || APR_STATUS_IS_ENOENT(apr_stat(&info, path, APR_FINFO_TYPE, pool))) {
        return NULL;
    }
    err = xca_file_read(&data, &der.length, path, LIST_MAX, pool);
    if (err != NULL) {
        return err;
    }
    der.data = (const unsigned char *)data;
    err = xca_crl_view(view, der, root, pool);
    return err != NULL ? err : xca_crl_entries(entries, der, pool);
}

/* SERIAL or SERIAL:REASON; the serial number in hexadecimal. */
static xca_error_t *add_revoked(apr_array_header_t *entries, const char *text, apr_time_t now, apr_pool_t *pool) {
    const char *colon = strchr(text, ':');
    const char *serial = colon != NULL ? apr_pstrmemdup(pool, text, (apr_size_t)(colon - text)) : text;
    const char *name = colon != NULL ? colon + 1 : "unspecified";
    const xca_bytes_t *bytes = xca_text_unhex(pool, strlen(serial) % 2 != 0 ? apr_pstrcat(pool, "0", serial, NULL) : serial);
    xca_crl_entry_t entry = {.when = apr_time_from_sec(apr_time_sec(now))};
    size_t i;
    int j;

    for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]) && strcmp(reasons[i].name, name) != 0; i++) {
    }
    if (bytes == NULL || bytes->length < 1 || bytes->length > XCA_SERIAL_MAX || i == sizeof(reasons) / sizeof(reasons[0])) {
        return refuse("ca.root-list.revoke", text, pool);
    }
    memcpy(entry.serial, bytes->data, bytes->length);
    entry.serial_length = (unsigned char)bytes->length;
    entry.reason = reasons[i].code;
    for (j = 0; j < entries->nelts; j++) {
        const xca_crl_entry_t *there = &APR_ARRAY_IDX(entries, j, xca_crl_entry_t);

        if (there->serial_length == entry.serial_length && memcmp(there->serial, entry.serial, entry.serial_length) == 0) {
            return NULL; /* revoked since then */
        }
    }
    APR_ARRAY_PUSH(entries, xca_crl_entry_t) = entry;
    return NULL;
}

static xca_error_t *add_all(apr_array_header_t *entries, const arguments_t *arguments, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = NULL;
    int i;

    for (i = 0; err == NULL && i + 1 < arguments->argc; i++) {
        if (strcmp(arguments->argv[i], "--revoke") == 0) {
            err = add_revoked(entries, arguments->argv[i + 1], now, pool);
        }
    }
    return err;
}

static xca_error_t *open_root(xca_ca_t **ca, xca_bytes_t *root, admin_t *admin, const arguments_t *arguments) {
    apr_array_header_t *certificates;
    const char *place, *path;
    xca_key_t *key;
    xca_error_t *err = argument_needed(&place, arguments, "key", admin->pool);

    if (err == NULL) {
        err = argument_needed(&path, arguments, "certificate", admin->pool);
    }
    if (err == NULL) {
        err = xca_certificates_read(&certificates, path, admin->pool);
    }
    if (err == NULL) {
        err = ca_open_key(&key, admin, place, argument(arguments, "password-file"));
    }
    if (err != NULL) {
        return err;
    }
    *root = APR_ARRAY_IDX(certificates, 0, xca_bytes_t);
    return xca_ca_open(ca, key, *root, NULL, 0, NULL, admin->pool);
}

xca_error_t *command_ca_root_list(admin_t *admin, const arguments_t *arguments) {
    apr_pool_t *pool = admin->pool;
    const char *out, *days_text = argument(arguments, "days"), *previous = argument(arguments, "previous");
    long days = days_text != NULL ? strtol(days_text, NULL, 10) : 365;
    apr_time_t from = apr_time_from_sec(apr_time_sec(admin->now));
    apr_array_header_t *entries;
    xca_bytes_t root, list;
    xca_crl_view_t before, made;
    xca_ca_t *ca;
    xca_error_t *err = argument_needed(&out, arguments, "out", pool);

    if (err == NULL && (days < 1 || days > DAYS_MAX)) {
        err = refuse("ca.root-list.days", days_text, pool);
    }
    if (err == NULL) {
        err = open_root(&ca, &root, admin, arguments);
    }
    if (err == NULL) {
        err = read_before(&entries, &before, previous != NULL ? previous : out, root, pool);
    }
    if (err == NULL) {
        err = add_all(entries, arguments, admin->now, pool);
    }
    if (err == NULL) {
        err = xca_ca_crl(&list, ca, (xca_crl_entry_t *)entries->elts, (apr_size_t)entries->nelts, before.number + 1, from,
                         from + days * XCA_DAY, pool);
    }
    if (err == NULL) {
        err = xca_crl_view(&made, list, root, pool);
    }
    if (err == NULL) {
        err = ca_write_bytes(out, list, 1, pool);
    }
    if (err == NULL) {
        printf("%s: %" APR_UINT64_T_FMT ", %d, %s - %s\n", out, made.number, entries->nelts,
               xca_date_format(pool, made.this_update, XCA_DATE_RFC3339), xca_date_format(pool, made.next_update, XCA_DATE_RFC3339));
    }
    return err;
}
