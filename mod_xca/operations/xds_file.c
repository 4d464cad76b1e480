#include "operations/xds.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/xds_store.h"
#include "operations/case_file.h"
#include "outside/crypto.h"

static apr_array_header_t *right_rows(const xca_xds_preview_t *preview, apr_pool_t *pool) {
    apr_array_header_t *rows = apr_array_make(pool, preview->right + 1, sizeof(xca_xds_row_t));
    int i;

    for (i = 0; i < preview->lines->nelts; i++) {
        const xca_xds_line_t *line = &APR_ARRAY_IDX(preview->lines, i, xca_xds_line_t);

        if (line->wrong == NULL) {
            APR_ARRAY_PUSH(rows, xca_xds_row_t) = line->row;
        }
    }
    return rows;
}

xca_error_t *xca_xds_file(xca_case_t **kase, xca_office_t *office, const xca_xds_preview_t *preview,
                          const xca_window_t *window, const xca_case_t *contact, const char *nonce, apr_time_t now,
                          apr_pool_t *pool) {
    xca_case_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_array_header_t *rows = right_rows(preview, pool);
    const char *text = xca_xds_write(pool, rows);
    const xca_bytes_t bytes = {(const unsigned char *)text, strlen(text)};
    xca_error_t *err;

    if (rows->nelts == 0) {
        return xca_error_make(pool, XCA_E_INVALID, "xds.none-right", NULL);
    }
    made->kind = XCA_CASE_OID_CHANGE;
    made->use = XCA_USE_COUNT;
    made->window = window->id;
    made->org_name = window->name; /* who files it: what lists show */
    made->sheet = xca_sha256_hex(pool, text, bytes.length);
    made->sheet_rows = apr_itoa(pool, rows->nelts);
    made->contact_name = contact->contact_name;
    made->contact_email = contact->contact_email;
    made->remark = contact->remark;
    err = xca_case_check(made, office->postal, pool);
    if (err == NULL) { /* before the case that names it */
        err = xca_sheet_keep(office->store, made->sheet, bytes, now, pool);
    }
    if (err == NULL) {
        err = xca_case_file(kase, office, made, nonce, now, pool);
    }
    /* One that lay there for long may have been removed just before the case named it (xca_sheet_expire). */
    return err != NULL ? err : xca_sheet_keep(office->store, made->sheet, bytes, now, pool);
}

xca_error_t *xca_xds_keep(const char **hash, xca_office_t *office, const xca_xds_preview_t *preview, apr_time_t now,
                          apr_pool_t *pool) {
    apr_array_header_t *rows = right_rows(preview, pool);
    const char *text = xca_xds_write(pool, rows);
    const xca_bytes_t bytes = {(const unsigned char *)text, strlen(text)};

    if (rows->nelts == 0) {
        return xca_error_make(pool, XCA_E_INVALID, "xds.none-right", NULL);
    }
    *hash = xca_sha256_hex(pool, text, bytes.length);
    return xca_sheet_keep(office->store, *hash, bytes, now, pool);
}

xca_error_t *xca_xds_rows_kept(apr_array_header_t **rows, xca_office_t *office, const char *hash, apr_pool_t *pool) {
    xca_bytes_t text;
    xca_error_t *err = xca_sheet_fetch(&text, office->store, hash, pool);

    if (err != NULL) {
        return err;
    }
    if (strcmp(xca_sha256_hex(pool, text.data, text.length), hash) != 0) {
        return xca_error_make(pool, XCA_E_NOT_FOUND, "xds.no-sheet", "%s: another text", hash);
    }
    return xca_xds_read(rows, (const char *)text.data, text.length, pool);
}

xca_error_t *xca_xds_rows_of(apr_array_header_t **rows, xca_office_t *office, const xca_case_t *kase, apr_pool_t *pool) {
    if (kase->kind != XCA_CASE_OID_CHANGE || kase->sheet == NULL) {
        return xca_error_make(pool, XCA_E_NOT_FOUND, "xds.no-sheet", "case %s", kase->number);
    }
    return xca_xds_rows_kept(rows, office, kase->sheet, pool);
}
