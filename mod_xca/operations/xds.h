/* OID changes by the XDS sheet (OID異動): what a spreadsheet asks for, the verdict of each row, and filing the right ones as one
 * case. features.md 1.3; guide, OID異動申請說明. */
#ifndef XCA_OPERATIONS_XDS_H
#define XCA_OPERATIONS_XDS_H

#include "domain/xds.h"
#include "operations/office.h"
#include "outside/sheet.h"

#define XCA_XDS_TABLE "異動表" /* name of the table, where a file has several */

/* A row and what is to be said of it. */
typedef struct xca_xds_line {
    xca_xds_row_t row;
    const xca_org_t *org;     /* that it is about, as the directory has it; NULL: a new one, or not found */
    const xca_error_t *wrong; /* list; field: the column's id, NULL for the whole row. NULL: the row is right */
    const xca_error_t *notes; /* list of the same kind: worth a look, not wrong */
} xca_xds_line_t;

typedef struct xca_xds_preview {
    const char *table;                /* name of the table that was read */
    int places[XCA_XDS_COLUMN_COUNT]; /* where each column stands (A is 0), -1 where the sheet has none */
    apr_array_header_t *unknown;      /* const char *: headings that name no column, with their letter */
    apr_array_header_t *lines;        /* xca_xds_line_t, in the sheet's order */
    int right, wrong;                 /* rows */
} xca_xds_preview_t;

/* Reads a file and gives its rows with the verdicts that need no directory. Errors: those of xca_sheet_read(),
 * "xds.no-headings", "xds.no-kind" (no column 異動形式), "xds.heading-twice" (arg: the heading), "xds.empty". */
xca_error_t *xca_xds_open(xca_xds_preview_t **preview, const void *data, apr_size_t length, const char *xls_program,
                          const xca_postal_t *postal, apr_pool_t *pool) XCA_MUST_USE;

/* The other verdicts: which organisation each row means, whether it is there, active, another window's; rows that say the same
 * or contradict each other; names that are much alike. Changes nothing. `window`: that files it, NULL if nobody does.
 * An error is a fault of the directory. */
xca_error_t *xca_xds_check(xca_xds_preview_t *preview, xca_office_t *office, const xca_window_t *window,
                           apr_pool_t *pool) XCA_MUST_USE;

/* One row against the directory as it is now: finds its organisation, adds what is wrong to line->wrong. For the signer. */
xca_error_t *xca_xds_check_row(xca_xds_line_t *line, xca_office_t *office, const xca_window_t *window,
                               const apr_array_header_t *windows, apr_pool_t *pool) XCA_MUST_USE;

/* Rows that were read before (of a preview, of a case), with the verdicts that need no directory. */
xca_xds_preview_t *xca_xds_preview_of(const apr_array_header_t *rows, const xca_postal_t *postal, apr_pool_t *pool);

/* Keeps the right rows until they are filed: *hash gets them back, with xca_xds_rows_kept(). Error: "xds.none-right". */
xca_error_t *xca_xds_keep(const char **hash, xca_office_t *office, const xca_xds_preview_t *preview, apr_time_t now,
                          apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_xds_rows_kept(apr_array_header_t **rows, xca_office_t *office, const char *hash,
                               apr_pool_t *pool) XCA_MUST_USE;

/* The right rows as one case of kind oid-change; *kase: as filed. contact_name, contact_email and remark are taken from
 * `contact`, who is told of the end. `nonce`: as with xca_application_file(), or NULL. Errors: "xds.none-right", those of
 * xca_case_check(). */
xca_error_t *xca_xds_file(xca_case_t **kase, xca_office_t *office, const xca_xds_preview_t *preview,
                          const xca_window_t *window, const xca_case_t *contact, const char *nonce, apr_time_t now,
                          apr_pool_t *pool) XCA_MUST_USE;

/* The rows of a case: the text that its digest names. "xds.no-sheet" also if it is another text. Array of xca_xds_row_t. */
xca_error_t *xca_xds_rows_of(apr_array_header_t **rows, xca_office_t *office, const xca_case_t *kase,
                             apr_pool_t *pool) XCA_MUST_USE;

#endif
