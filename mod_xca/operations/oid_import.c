#include "operations/oid_import.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#define SAME_NAME_MAX 200 /* organisations of one name that are compared with a row */

typedef struct oid_import {
    const xca_office_t *office;
    xca_table table;
    apr_hash_t *last_numbers; /* parent OID -> long *: the number given there last */
    apr_pool_t *pool;
} oid_import_t;

/* ---- Finding ---- */

static xca_error_t *find_by_oid(xca_org_t **org, xca_store_t *store, const char *oid,
                                apr_pool_t *pool) {
    xca_error_t *err = xca_org_read(org, store, oid, pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        *org = NULL;
        return NULL;
    }
    return err;
}

static xca_error_t *find_by_name(xca_org_t **org, xca_store_t *store, const xca_org_t *row,
                                 apr_pool_t *pool) {
    apr_array_header_t *orgs;
    int i;
    xca_error_t *err = xca_org_by_name(&orgs, store, row->name, SAME_NAME_MAX, pool);

    *org = NULL;
    for (i = 0; err == NULL && i < orgs->nelts; i++) {
        xca_org_t *candidate = APR_ARRAY_IDX(orgs, i, xca_org_t *);

        if (xca_import_same(candidate, row, pool)) {
            *org = candidate;
            return NULL;
        }
    }
    return err;
}

/* What the directory has of a row's organisation, NULL if nothing. */
static xca_error_t *find_existing(xca_org_t **org, xca_store_t *store, const xca_org_t *row,
                                  apr_pool_t *pool) {
    xca_error_t *err = NULL;

    *org = NULL;
    if (row->oid != NULL) {
        return find_by_oid(org, store, row->oid, pool);
    }
    if (row->source_key != NULL) {
        err = xca_org_by_source_key(org, store, row->source_key, pool);
    }
    if (err == NULL && *org == NULL && row->name != NULL) {
        err = find_by_name(org, store, row, pool);
    }
    return err;
}

/* ---- Adding ---- */

static int is_message(const xca_error_t *err, const char *message) {
    return err != NULL && strcmp(err->message, message) == 0;
}

/* The arc above an OID, NULL at the root. */
static const char *parent_of(const char *oid, apr_pool_t *pool) {
    const char *dot = strrchr(oid, '.');

    return dot != NULL && strlen(oid) > strlen(XCA_OID_ROOT)
               ? apr_pstrmemdup(pool, oid, (apr_size_t)(dot - oid))
               : NULL;
}

/* Makes an arc that is not there, and those above it; localities get their names. */
static xca_error_t *add_arc(const xca_office_t *office, const char *oid, apr_pool_t *pool) {
    const char *parent = parent_of(oid, pool);
    xca_org_t arc;
    xca_error_t *err;

    if (parent == NULL) {
        return xca_error_make(pool, XCA_E_NOT_FOUND, "org.not-found", "the tree has no %s", oid);
    }
    memset(&arc, 0, sizeof(arc));
    arc.oid = oid;
    arc.name = xca_import_locality(office->postal, oid);
    err = xca_org_add(office->store, &arc, pool);
    if (is_message(err, "ldap.no-entry")) {
        err = add_arc(office, parent, pool);
        if (err == NULL) {
            err = xca_org_add(office->store, &arc, pool);
        }
    }
    return is_message(err, "ldap.exists") ? NULL : err;
}

static xca_error_t *add_with_oid(const xca_office_t *office, const xca_org_t *org,
                                 apr_pool_t *pool) {
    xca_error_t *err = xca_org_add(office->store, org, pool);

    if (is_message(err, "ldap.no-entry")) {
        err = add_arc(office, parent_of(org->oid, pool), pool);
        if (err == NULL) {
            err = xca_org_add(office->store, org, pool);
        }
    }
    return err;
}

static void remember_number(oid_import_t *import, const char *parent, const char *oid) {
    long *number = apr_hash_get(import->last_numbers, parent, APR_HASH_KEY_STRING);

    if (number == NULL) {
        number = apr_palloc(import->pool, sizeof(*number));
        apr_hash_set(import->last_numbers, apr_pstrdup(import->pool, parent), APR_HASH_KEY_STRING,
                     number);
    }
    *number = (long)apr_atoi64(strrchr(oid, '.') + 1);
}

/* Numbers follow each other in one import, so the one behind the last is tried before the tree is asked. */
static xca_error_t *add_numbered(oid_import_t *import, const xca_import_row_t *row,
                                 apr_pool_t *pool) {
    const long *last = apr_hash_get(import->last_numbers, row->parent, APR_HASH_KEY_STRING);
    xca_org_t org = row->org;
    xca_error_t *err;

    if (last != NULL) {
        org.oid = apr_psprintf(pool, "%s.%ld", row->parent, *last + 1);
        err = xca_org_add(import->office->store, &org, pool);
    } else {
        err = xca_org_add_next(import->office->store, &org, row->parent, pool);
    }
    if (is_message(err, "org.not-found")) {
        err = add_arc(import->office, row->parent, pool);
        if (err == NULL) {
            err = xca_org_add_next(import->office->store, &org, row->parent, pool);
        }
    }
    if (is_message(err, "ldap.exists")) { /* someone else numbers here too */
        err = xca_org_add_next(import->office->store, &org, row->parent, pool);
    }
    if (err == NULL) {
        remember_number(import, row->parent, org.oid);
    }
    return err;
}

/* ---- Rows ---- */

static xca_error_t *take_row(xca_import_report_t *report, oid_import_t *import,
                             const xca_import_row_t *row, apr_pool_t *pool) {
    xca_store_t *store = import->office->store;
    xca_org_t *existing, *merged;
    xca_error_t *err = find_existing(&existing, store, &row->org, pool);

    if (err != NULL) {
        return err;
    }
    if (existing == NULL) {
        err = row->org.oid != NULL ? add_with_oid(import->office, &row->org, pool)
                                   : add_numbered(import, row, pool);
        report->added += err == NULL;
        return err;
    }
    merged = xca_import_merge(pool, existing, &row->org, import->table);
    if (xca_org_differences(pool, existing, merged)->nelts == 0 && (existing->searchable || !xca_org_is_agency(existing))) {
        report->unchanged++;
        return NULL;
    }
    err = xca_org_update(store, existing, merged, pool);
    report->changed += err == NULL;
    return err;
}

/* Whether it is this row that cannot go in, not the directory that takes none. */
static int is_rows_fault(const xca_error_t *err) {
    return err->kind != XCA_E_UNAVAILABLE && err->kind != XCA_E_DENIED;
}

/* Calls `take` with each right row; the wrong ones are told. */
typedef xca_error_t *take_row_fn(void *baton, const xca_import_row_t *row, apr_pool_t *pool);

static xca_error_t *each_row(xca_import_report_t *report, xca_import_t *rows, take_row_fn *take,
                             void *take_baton, xca_on_wrong_row *on_wrong, void *baton,
                             apr_pool_t *pool) {
    apr_pool_t *row_pool;
    xca_error_t *err;

    apr_pool_create(&row_pool, pool);
    for (;;) {
        const xca_import_row_t *row;
        int line = 0;

        apr_pool_clear(row_pool);
        err = xca_import_next(rows, &row, &line, row_pool);
        if (err == NULL && row == NULL) {
            break;
        }
        if (err == NULL) {
            err = take(take_baton, row, row_pool);
        }
        if (err != NULL && !is_rows_fault(err)) {
            return err; /* in row_pool, which goes with the caller's pool */
        }
        if (err != NULL) {
            report->wrong++;
            on_wrong(baton, line, err);
        }
    }
    apr_pool_destroy(row_pool);
    return NULL;
}

typedef struct import_baton {
    xca_import_report_t *report;
    oid_import_t *import;
} import_baton_t;

static xca_error_t *import_row(void *baton, const xca_import_row_t *row, apr_pool_t *pool) {
    import_baton_t *to = baton;

    return take_row(to->report, to->import, row, pool);
}

xca_error_t *xca_oid_import(xca_import_report_t *report, const xca_office_t *office,
                            const char *text, apr_size_t length, xca_on_wrong_row *on_wrong,
                            void *baton, apr_pool_t *pool) {
    oid_import_t import = {office, XCA_TABLE_NONE, apr_hash_make(pool), pool};
    import_baton_t to = {report, &import};
    xca_import_t *rows;
    xca_error_t *err;

    memset(report, 0, sizeof(*report));
    err = xca_import_open(&rows, text, length, office->postal, pool);
    if (err != NULL) {
        return err;
    }
    import.table = report->table = xca_import_table(rows);
    return each_row(report, rows, import_row, &to, on_wrong, baton, pool);
}

/* ---- LDIF without the directory ---- */

typedef struct ldif_baton {
    xca_import_report_t *report;
    const xca_office_t *office;
    apr_hash_t *written; /* OIDs */
    xca_export_sink *sink;
    void *baton;
    apr_pool_t *pool;
} ldif_baton_t;

static xca_error_t *write_entry(ldif_baton_t *to, const xca_org_t *org, apr_pool_t *pool) {
    const char *ldif =
        xca_entry_ldif(pool, xca_org_entry(to->office->store, org, pool));

    apr_hash_set(to->written, apr_pstrdup(to->pool, org->oid), APR_HASH_KEY_STRING, to);
    return to->sink(to->baton, ldif, strlen(ldif));
}

/* The arcs above that no row has written; the first ones are in the tree already. */
static xca_error_t *write_above(ldif_baton_t *to, const char *oid, apr_pool_t *pool) {
    const char *parent = parent_of(oid, pool);
    xca_org_t arc;
    xca_error_t *err;

    if (parent == NULL || parent_of(parent, pool) == NULL ||
        strcmp(parent_of(parent, pool), XCA_OID_ROOT) == 0 ||
        apr_hash_get(to->written, parent, APR_HASH_KEY_STRING) != NULL) {
        return NULL;
    }
    err = write_above(to, parent, pool);
    if (err != NULL) {
        return err;
    }
    memset(&arc, 0, sizeof(arc));
    arc.oid = parent;
    arc.name = xca_import_locality(to->office->postal, parent);
    return write_entry(to, &arc, pool);
}

static xca_error_t *ldif_row(void *baton, const xca_import_row_t *row, apr_pool_t *pool) {
    ldif_baton_t *to = baton;
    xca_error_t *err;

    if (row->org.oid == NULL) {
        return xca_error_field(pool, "oid", "import.no-oid", NULL);
    }
    if (apr_hash_get(to->written, row->org.oid, APR_HASH_KEY_STRING) != NULL ||
        strcmp(parent_of(row->org.oid, pool), XCA_OID_ROOT) == 0) {
        to->report->unchanged++;
        return NULL;
    }
    err = write_above(to, row->org.oid, pool);
    if (err == NULL) {
        err = write_entry(to, &row->org, pool);
    }
    to->report->added += err == NULL;
    return err;
}

xca_error_t *xca_oid_ldif(xca_import_report_t *report, const xca_office_t *office, const char *text,
                          apr_size_t length, xca_on_wrong_row *on_wrong, void *wrong_baton,
                          xca_export_sink *sink, void *sink_baton, apr_pool_t *pool) {
    ldif_baton_t to = {report, office, apr_hash_make(pool), sink, sink_baton, pool};
    xca_import_t *rows;
    xca_error_t *err;

    memset(report, 0, sizeof(*report));
    err = xca_import_open(&rows, text, length, office->postal, pool);
    if (err != NULL) {
        return err;
    }
    report->table = xca_import_table(rows);
    return each_row(report, rows, ldif_row, &to, on_wrong, wrong_baton, pool);
}
