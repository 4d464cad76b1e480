/* The row readers of the tables: one row of strings to a record. Used by import.c alone. */
#ifndef XCA_OPERATIONS_IMPORT_ROWS_H
#define XCA_OPERATIONS_IMPORT_ROWS_H

#include "operations/import.h"

/* One row with the names of its columns. */
typedef struct xca_table_row {
    xca_table table;
    const char *const *names;
    const char *const *values;
    int count;
    const xca_postal_t *postal;
    apr_pool_t *pool;
} xca_table_row_t;

/* The trimmed value of a column; NULL if it is empty or there is no such column. */
const char *xca_table_value(const xca_table_row_t *row, const char *column);

/* Reads a row of its table. *made is not complete after an error. */
xca_error_t *xca_table_read(xca_import_row_t *made, const xca_table_row_t *row) XCA_MUST_USE;

/* Tables in which an organisation may stand several times: the key of the row and its year.
 * Returns 0 for other tables and for rows without a key. */
int xca_table_version(const xca_table_row_t *row, const char **key, long *year);

#endif
