/* ou=sheets: class xcaSheetEntry, xcaSheet (RDN), xcaSheetText, xcaFiled.
 * Under a case: class xcaRowEntry, xcaRow (RDN), xcaState, xcaOid, xcaEndsWhy, xcaAnswer, xcaColumn, xcaRemark. */
#include "directory/xds_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/case_store.h"
#include "directory/mappings.h"
#include "directory/record.h"

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
