/* What libfreexl does not tell of an .xls workbook (MS-CFB, MS-XLS): which cells are formulas or errors, which are merged,
 * whether it is encrypted or has macros. Foreign bytes; fuzz target: xls_marks. */
#ifndef XCA_OUTSIDE_XLS_MARKS_H
#define XCA_OUTSIDE_XLS_MARKS_H

#include <apr_tables.h>
#include "base/text.h"

#define XCA_XLS_MARKS_MAX 100000 /* formulas, and merged cells */

typedef struct xca_xls_place {
    int row, column; /* from 0 */
    int is_error;    /* #REF! and the like, not computed */
} xca_xls_place_t;

typedef struct xca_xls_merge {
    int first_row, last_row, first_column, last_column; /* from 0 */
} xca_xls_merge_t;

typedef struct xca_xls_marks {
    int is_encrypted, has_macros;
    apr_array_header_t *formulas; /* xca_xls_place_t */
    apr_array_header_t *merges;   /* xca_xls_merge_t */
} xca_xls_marks_t;

/* Reads the marks of the `sheet`-th table (from 0). Error: "sheet.damaged". */
xca_error_t *xca_xls_marks_read(xca_xls_marks_t *marks, const void *data, apr_size_t length, int sheet,
                                apr_pool_t *pool) XCA_MUST_USE;

#endif
