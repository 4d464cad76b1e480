/* Any bytes as an .xls workbook: its marks are bounded, whatever the container says of itself. */
#include <stdint.h>
#include <stdlib.h>
#include <apr_general.h>
#include "outside/xls_marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    apr_pool_t *pool;
    xca_xls_marks_t marks;

    if (root == NULL) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&pool, root);
    if (size > 0 && xca_xls_marks_read(&marks, data + 1, size - 1, data[0] % 4, pool) == NULL &&
        (marks.formulas->nelts > XCA_XLS_MARKS_MAX || marks.merges->nelts > XCA_XLS_MARKS_MAX)) {
        abort();
    }
    apr_pool_destroy(pool);
    return 0;
}
