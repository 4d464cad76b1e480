/* Spreadsheets that people hand in: .xlsx, .ods, .xls and CSV as one table of rows of cells. Foreign bytes: what is
 * unpacked, entries, rows, columns, cells and nesting are bounded; encrypted files, macros, document types (entities) are
 * refused. Fuzz targets: sheet, xls_marks. */
#ifndef XCA_OUTSIDE_SHEET_H
#define XCA_OUTSIDE_SHEET_H

#include <apr_tables.h>
#include "base/text.h"

#define XCA_SHEET_FILE_MAX    (8 * 1024 * 1024)  /* bytes of the file                          */
#define XCA_SHEET_ROWS_MAX    100000             /* rows that are not empty                    */
#define XCA_SHEET_COLUMNS_MAX 60                 /* columns with something in them             */
#define XCA_SHEET_CELL_MAX    8192               /* bytes of a cell                            */
#define XCA_SHEET_TEXT_MAX    (32 * 1024 * 1024) /* bytes of all cells                         */

typedef enum { XCA_SHEET_XLSX, XCA_SHEET_ODS, XCA_SHEET_XLS, XCA_SHEET_CSV } xca_sheet_format;

typedef enum {
    XCA_CELL_TEXT,
    XCA_CELL_NUMBER,  /* a number for the program that wrote it: zeros at its front are gone */
    XCA_CELL_DATE,    /* shown as a date or time                                              */
    XCA_CELL_FORMULA, /* computed; the text is what it was last, or "" where that is not kept */
    XCA_CELL_ERROR    /* #REF! and the like                                                   */
} xca_cell_kind;

typedef struct xca_cell {
    const char *text; /* UTF-8, never NULL; an empty cell is a text of no length */
    xca_cell_kind kind;
} xca_cell_t;

typedef struct xca_sheet_row {
    int number; /* as the program shows it: 1 is the first; of CSV the line */
    int count;
    const xca_cell_t *cells;  /* column A is 0 */
    const struct xca_error *wrong; /* of CSV: why the row could not be read; then count is 0 */
} xca_sheet_row_t;

/* Cells that are one, rows from 1, columns from 0, both ends included. */
typedef struct xca_merge {
    int first_row, last_row, first_column, last_column;
} xca_merge_t;

typedef struct xca_sheet {
    xca_sheet_format format;
    const char *name;           /* of the table in the file; "" of CSV */
    apr_array_header_t *rows;   /* xca_sheet_row_t; empty rows are left out */
    apr_array_header_t *merges; /* xca_merge_t */
} xca_sheet_t;

typedef struct xca_sheet_options {
    int rows_max;            /* 0: XCA_SHEET_ROWS_MAX                                             */
    const char *preferred;   /* name of the table to read where a file has several; else the first */
    const char *xls_program; /* path of xca-xls; NULL: .xls is refused ("sheet.no-xls")            */
} xca_sheet_options_t;

/* Reads one table of a file, known by its content. Errors (XCA_E_INVALID): "sheet.unknown", "sheet.damaged",
 * "sheet.encrypted", "sheet.macros", "sheet.entities", "sheet.no-table", "sheet.no-xls", "csv.utf8"; with arg the cell:
 * "sheet.cell-long", "sheet.too-many-columns"; XCA_E_TOO_LARGE: "sheet.too-large", "sheet.too-many-rows" (arg: the bound),
 * "sheet.unpacks"; XCA_E_UNAVAILABLE: "sheet.busy" (xca-xls could not be started or took too long). */
xca_error_t *xca_sheet_read(xca_sheet_t **sheet, const void *data, apr_size_t length,
                            const xca_sheet_options_t *options, apr_pool_t *pool) XCA_MUST_USE;

/* "A", "Z", "AA" of column 0, 25, 26. */
char *xca_column_name(apr_pool_t *pool, int column);

/* Non-zero if the cell is part of one that spans several; also the first of them. */
int xca_sheet_merged(const xca_sheet_t *sheet, int row, int column);

#endif
