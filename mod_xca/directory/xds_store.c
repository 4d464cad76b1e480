/* ou=sheets: class xcaSheetEntry, xcaSheet (RDN), xcaSheetText, xcaFiled.
 * Under a case: class xcaRowEntry, xcaRow (RDN), xcaState, xcaOid, xcaEndsWhy, xcaAnswer, xcaColumn, xcaRemark. */
#include "directory/xds_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "directory/case_store.h"
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/calendar.h"

static const char *const state_ids[XCA_ROW_STATE_COUNT] = {"begun", "done", "refused"};

static char *sheet_dn(const xca_store_t *store, const char *hash, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaSheet=", xca_dn_escape(pool, hash), ",", xca_branch_dn(store, "sheets", pool), NULL);
}

static char *row_dn(const xca_store_t *store, const char *case_number, int row, apr_pool_t *pool) {
    return apr_psprintf(pool, "xcaRow=%d,%s", row, xca_case_dn(store, case_number, pool));
}

xca_error_t *xca_sheet_keep(xca_store_t *store, const char *hash, xca_bytes_t text, apr_time_t now, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, sheet_dn(store, hash, pool));
    xca_error_t *err;

    xca_entry_add(pool, entry, "objectClass", "xcaSheetEntry");
    xca_entry_add(pool, entry, "xcaSheet", hash);
    xca_entry_add_bytes(pool, entry, "xcaSheetText", text);
    xca_entry_add_time(pool, entry, "xcaFiled", now);
    err = xca_ldap_add(store->ldap, entry, pool);
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? NULL : err;
}

xca_error_t *xca_sheet_fetch(xca_bytes_t *text, xca_store_t *store, const char *hash, apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, sheet_dn(store, hash, pool), NULL, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "xds.no-sheet");
    }
    *text = xca_entry_bytes(entry, "xcaSheetText");
    return NULL;
}

/* ---- Sheets that no case names ---- */

#define SHEET_CASES "(objectClass=xcaCase)(xcaKind=oid-change)"

static void *hash_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    return apr_pstrdup(pool, xca_entry_text(entry, "xcaSheet"));
}

/* The digests in the entries right below a branch that match, array of const char *. */
static xca_error_t *hashes(apr_array_header_t **found, xca_store_t *store, const char *branch, const char *filter, int limit,
                           apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaSheet", NULL};
    xca_collect_t into = {apr_array_make(pool, 16, sizeof(void *)), hash_of_entry};

    *found = into.list;
    return xca_ldap_search(store->ldap, xca_branch_dn(store, branch, pool), XCA_SCOPE_ONE, filter, wanted, limit, NULL, xca_collect,
                           &into, pool);
}

static xca_error_t *is_named(int *named, xca_store_t *store, const char *hash, apr_pool_t *pool) {
    apr_array_header_t *found;
    xca_error_t *err = hashes(&found, store, "cases",
                              apr_pstrcat(pool, "(&" SHEET_CASES "(xcaSheet=", xca_filter_escape(pool, hash), "))", NULL), 1, pool);

    *named = found->nelts > 0;
    return err;
}

/* A case can name it in this very moment. Who files looks again behind its case whether the sheet is there, and here it is looked
 * for such a case behind the deletion: one of the two puts the sheet back. */
static xca_error_t *drop_sheet(xca_store_t *store, const char *hash, apr_pool_t *pool) {
    const char *dn = sheet_dn(store, hash, pool);
    xca_entry_t *entry;
    int named;
    xca_error_t *err = is_named(&named, store, hash, pool);

    if (err != NULL || named) {
        return err;
    }
    err = xca_ldap_read(&entry, store->ldap, dn, NULL, pool);
    if (err == NULL) {
        err = xca_ldap_delete(store->ldap, dn, pool);
    }
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    err = is_named(&named, store, hash, pool);
    if (err == NULL && named) {
        err = xca_ldap_add(store->ldap, entry, pool);
        err = err != NULL && err->kind == XCA_E_CONFLICT ? NULL : err;
    }
    return err;
}

xca_error_t *xca_sheet_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) {
    const char *old = apr_pstrcat(pool, "(&(objectClass=xcaSheetEntry)(xcaFiled<=", xca_date_format(pool, before, XCA_DATE_LDAP), "))",
                                  NULL);
    apr_hash_t *filed = apr_hash_make(pool);
    apr_array_header_t *sheets, *cases;
    apr_pool_t *own;
    int i;
    xca_error_t *err = hashes(&sheets, store, "sheets", old, 0, pool);

    if (err == NULL) {
        err = hashes(&cases, store, "cases", "(&" SHEET_CASES ")", 0, pool);
    }
    if (err != NULL) {
        return err;
    }
    for (i = 0; i < cases->nelts; i++) {
        apr_hash_set(filed, APR_ARRAY_IDX(cases, i, const char *), APR_HASH_KEY_STRING, filed);
    }
    apr_pool_create(&own, pool);
    for (i = 0; err == NULL && i < sheets->nelts; i++) {
        const char *hash = APR_ARRAY_IDX(sheets, i, const char *);

        if (apr_hash_get(filed, hash, APR_HASH_KEY_STRING) == NULL) {
            apr_pool_clear(own);
            err = drop_sheet(store, hash, own);
        }
    }
    return err;
}

/* ---- Rows ---- */

xca_error_t *xca_row_add(xca_store_t *store, const char *case_number, const xca_row_result_t *result,
                         apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, row_dn(store, case_number, result->row, pool));

    xca_entry_add(pool, entry, "objectClass", "xcaRowEntry");
    xca_entry_add_number(pool, entry, "xcaRow", result->row);
    xca_entry_add(pool, entry, "xcaState", state_ids[result->state]);
    xca_entry_add(pool, entry, "xcaOid", result->oid);
    xca_entry_add(pool, entry, "xcaEndsWhy", result->ends);
    xca_entry_add(pool, entry, "xcaAnswer", result->answer);
    xca_entry_add(pool, entry, "xcaColumn", result->column);
    xca_entry_add(pool, entry, "xcaRemark", result->arg);
    return xca_ldap_add(store->ldap, entry, pool);
}

xca_error_t *xca_row_update(xca_store_t *store, const char *case_number, const xca_row_result_t *old,
                            const xca_row_result_t *changed, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    const char *before = old->oid != NULL
                             ? apr_pstrcat(pool, "(xcaOid=", xca_filter_escape(pool, old->oid), ")", NULL)
                             : "(!(xcaOid=*))";
    xca_error_t *err;

    if (old->state != changed->state) {
        xca_changes_swap(changes, "xcaState", state_ids[old->state], state_ids[changed->state]);
    }
    xca_changes_text(changes, "xcaOid", changed->oid);
    xca_changes_text(changes, "xcaAnswer", changed->answer);
    xca_changes_text(changes, "xcaRemark", changed->arg);
    err = xca_ldap_modify(store->ldap, row_dn(store, case_number, old->row, pool), changes,
                          apr_pstrcat(pool, "(&(xcaState=", state_ids[old->state], ")", before, ")", NULL), NULL, NULL,
                          pool);
    return xca_store_error(err, XCA_E_CONFLICT, "case.changed");
}

void *xca_row_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_row_result_t *result = apr_pcalloc(pool, sizeof(*result));
    const char *state = xca_entry_text(entry, "xcaState");
    int i;

    for (i = 0; i < XCA_ROW_STATE_COUNT && (state == NULL || strcmp(state, state_ids[i]) != 0); i++) {
    }
    result->row = (int)xca_entry_number(entry, "xcaRow", 0);
    result->state = (xca_row_state)i;
    result->oid = apr_pstrdup(pool, xca_entry_text(entry, "xcaOid"));
    result->ends = apr_pstrdup(pool, xca_entry_text(entry, "xcaEndsWhy"));
    result->answer = apr_pstrdup(pool, xca_entry_text(entry, "xcaAnswer"));
    result->column = apr_pstrdup(pool, xca_entry_text(entry, "xcaColumn"));
    result->arg = apr_pstrdup(pool, xca_entry_text(entry, "xcaRemark"));
    return result->row > 0 && result->state != XCA_ROW_STATE_COUNT ? result : NULL;
}

xca_error_t *xca_row_read(xca_row_result_t **result, xca_store_t *store, const char *case_number, int row,
                          apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, row_dn(store, case_number, row, pool), NULL, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "xds.no-row");
    }
    *result = xca_row_of_entry(entry, pool);
    return *result != NULL ? NULL : xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no row", entry->dn);
}

static int by_row(const void *a, const void *b) {
    int left = (*(xca_row_result_t *const *)a)->row, right = (*(xca_row_result_t *const *)b)->row;

    return left < right ? -1 : left > right;
}

xca_error_t *xca_row_list(apr_array_header_t **results, xca_store_t *store, const char *case_number,
                          apr_pool_t *pool) {
    xca_collect_t into = {apr_array_make(pool, 16, sizeof(void *)), xca_row_of_entry};
    xca_error_t *err = xca_ldap_search(store->ldap, xca_case_dn(store, case_number, pool), XCA_SCOPE_ONE,
                                       "(objectClass=xcaRowEntry)", NULL, 0, NULL, xca_collect, &into, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "case.not-found");
    }
    qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_row);
    *results = into.list;
    return NULL;
}

xca_error_t *xca_case_rows_done(xca_store_t *store, const char *case_number, long rows, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_text(changes, "xcaRowsDone", apr_ltoa(pool, rows));
    return xca_ldap_modify(store->ldap, xca_case_dn(store, case_number, pool), changes, NULL, NULL, NULL, pool);
}
