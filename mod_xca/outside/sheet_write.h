/* Spreadsheets made by us, to be filled in: .xlsx (ECMA-376) and .ods (ODF 1.3) from one plan. Every cell is formatted as text, so
 * that codes keep the zeros at their front. */
#ifndef XCA_OUTSIDE_SHEET_WRITE_H
#define XCA_OUTSIDE_SHEET_WRITE_H

#include "outside/sheet.h"

typedef struct xca_sheet_column {
    const char *heading;
    const char *hint; /* shown beside a cell that is being filled in; NULL: none */
    int width;        /* characters */
} xca_sheet_column_t;

typedef struct xca_sheet_plan {
    const char *name;                  /* of the table */
    const xca_sheet_column_t *columns; /* column_count of them */
    int column_count;
    const char *const *choices;        /* what the first column may hold; choice_count of them */
    int choice_count;
    int empty_rows;                    /* how many rows have choices and hints */
    const char *const *const *rows;    /* row_count rows of column_count texts below the headings; NULL texts: empty */
    int row_count;
    const char *notes_name;            /* of a second table with a line of text a row, or NULL */
    const char *const *notes;          /* note_count of them */
    int note_count;
} xca_sheet_plan_t;

/* XCA_SHEET_XLSX or XCA_SHEET_ODS; the same plan gives the same bytes. Error: "sheet.unwritable". */
xca_error_t *xca_sheet_write(xca_bytes_t *file, xca_sheet_format format, const xca_sheet_plan_t *plan,
                             apr_pool_t *pool) XCA_MUST_USE;

#endif
