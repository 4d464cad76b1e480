/* Any bytes as a spreadsheet (.xlsx, .ods, CSV; .xls is another program's): whatever it is, its table keeps the bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "outside/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    static const xca_sheet_options_t options = {2000, "t", NULL};
    apr_pool_t *pool;
    xca_sheet_t *sheet;
    int i, j;

    if (root == NULL) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&pool, root);
    if (xca_sheet_read(&sheet, data, size, &options, pool) == NULL) {
        if (sheet->rows->nelts > 2000 && sheet->format != XCA_SHEET_CSV) {
            abort();
        }
        for (i = 0; i < sheet->rows->nelts; i++) {
            const xca_sheet_row_t *row = &APR_ARRAY_IDX(sheet->rows, i, xca_sheet_row_t);

            if (row->count > XCA_SHEET_COLUMNS_MAX || (row->wrong != NULL && row->count != 0)) {
                abort();
            }
            for (j = 0; j < row->count; j++) {
                size_t length = strlen(row->cells[j].text);

                if (length > XCA_SHEET_CELL_MAX) {
                    abort();
                }
                xca_sheet_merged(sheet, row->number, j);
            }
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
