/* ou=sheets: change sheets under the digest of what they say; and what has become of their rows, under the case. */
#ifndef XCA_DIRECTORY_XDS_STORE_H
#define XCA_DIRECTORY_XDS_STORE_H

#include "directory/store.h"

/* Adds the text of a sheet under its SHA-256; the same one again is no error. */
xca_error_t *xca_sheet_keep(xca_store_t *store, const char *hash, xca_bytes_t text, apr_time_t now,
                            apr_pool_t *pool) XCA_MUST_USE;

/* The text, as the directory has it: who relies on it compares the digest. "xds.no-sheet". */
xca_error_t *xca_sheet_fetch(xca_bytes_t *text, xca_store_t *store, const char *hash, apr_pool_t *pool) XCA_MUST_USE;

/* Removes those that were kept at `before` or earlier and that no case names: shown to an officer, and never filed. For the signer. */
xca_error_t *xca_sheet_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) XCA_MUST_USE;

typedef enum {
    XCA_ROW_BEGUN,   /* checked, and to be carried out: nothing can refuse it any more */
    XCA_ROW_DONE,
    XCA_ROW_REFUSED, /* not carried out: answer tells why */
    XCA_ROW_STATE_COUNT
} xca_row_state;

/* What has become of a row. */
typedef struct xca_row_result {
    int row;             /* number in the sheet */
    xca_row_state state;
    const char *oid;     /* of the organisation; of a new one the number that it gets */
    const char *ends;    /* why its certificates end: "abolished", "moved", "renamed"; NULL: they do not */
    const char *answer;  /* message id: "xds.done-add" ..., or why it was refused */
    const char *column;  /* that is wrong, or NULL */
    const char *arg;     /* fills {arg} of the message, or NULL */
} xca_row_result_t;

/* Adds the result of a row. XCA_E_CONFLICT "ldap.exists" if another signer was faster. */
xca_error_t *xca_row_add(xca_store_t *store, const char *case_number, const xca_row_result_t *result,
                         apr_pool_t *pool) XCA_MUST_USE;

/* Moves a row that has begun on: `changed` has another OID (compare-and-swap on the old one) or the end. "case.changed". */
xca_error_t *xca_row_update(xca_store_t *store, const char *case_number, const xca_row_result_t *old,
                            const xca_row_result_t *changed, apr_pool_t *pool) XCA_MUST_USE;

/* "xds.no-row" if there is none yet. */
xca_error_t *xca_row_read(xca_row_result_t **result, xca_store_t *store, const char *case_number, int row,
                          apr_pool_t *pool) XCA_MUST_USE;

/* All of a case, array of xca_row_result_t *, in the order of the sheet. */
xca_error_t *xca_row_list(apr_array_header_t **results, xca_store_t *store, const char *case_number,
                          apr_pool_t *pool) XCA_MUST_USE;

/* Notes in the case how many rows have come to their end. */
xca_error_t *xca_case_rows_done(xca_store_t *store, const char *case_number, long rows, apr_pool_t *pool) XCA_MUST_USE;

#endif
