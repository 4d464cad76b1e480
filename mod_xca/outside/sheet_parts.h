/* How the readers of the formats put a table together, with its bounds. Used by outside/sheet*.c alone. */
#ifndef XCA_OUTSIDE_SHEET_PARTS_H
#define XCA_OUTSIDE_SHEET_PARTS_H

#include "outside/sheet.h"

typedef struct xca_sheet_builder {
    xca_sheet_t *sheet;
    const xca_sheet_options_t *options;
    xca_cell_t cells[XCA_SHEET_COLUMNS_MAX];
    int count;        /* columns of the present row up to the last that is not empty */
    int row;          /* its number */
    apr_size_t bytes; /* of all cells */
    apr_pool_t *pool;
} xca_sheet_builder_t;

xca_sheet_builder_t *xca_sheet_build(xca_sheet_format format, const xca_sheet_options_t *options,
                                     apr_pool_t *pool);

/* Forgets all rows: another table of the file is the one. */
void xca_sheet_restart(xca_sheet_builder_t *builder, const char *name);

void xca_sheet_row_begin(xca_sheet_builder_t *builder, int number);

/* Puts a cell (text copied) into the present row. An empty text is no cell, unless it is a formula. */
xca_error_t *xca_sheet_cell(xca_sheet_builder_t *builder, int column, xca_cell_kind kind, const char *text,
                            apr_size_t length) XCA_MUST_USE;

/* Adds the present row if there is something in it, `times` times with numbers that follow each other. */
xca_error_t *xca_sheet_row_end(xca_sheet_builder_t *builder, int times) XCA_MUST_USE;

/* One cell alone is no merge. Error: "sheet.damaged" for more than anyone has. */
xca_error_t *xca_sheet_merge(xca_sheet_builder_t *builder, const xca_merge_t *merge) XCA_MUST_USE;

xca_error_t *xca_sheet_damaged(apr_pool_t *pool, const char *why) XCA_MUST_USE;

/* The formats. */
xca_error_t *xca_sheet_read_xlsx(xca_sheet_builder_t *builder, const void *data, apr_size_t length) XCA_MUST_USE;
xca_error_t *xca_sheet_read_ods(xca_sheet_builder_t *builder, const void *data, apr_size_t length) XCA_MUST_USE;
xca_error_t *xca_sheet_read_xls(xca_sheet_builder_t *builder, const void *data, apr_size_t length) XCA_MUST_USE;

#endif
