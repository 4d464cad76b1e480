/* Any bytes as a CSV file: every row ends, every error has its place, and what was read is written
 * and read back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "domain/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes a field, reads it back and compares. */
static void round_trip(const char *field, apr_pool_t *pool) {
    const char *line = apr_pstrcat(pool, "x,", xca_csv_quote(pool, field), "\r\n", NULL);
    xca_csv_t *csv = xca_csv_open(pool, line, strlen(line));
    const char **fields;
    int count, number;

    if (strlen(field) >= XCA_CSV_FIELD_MAX / 2) { /* quotes doubled and a guard may be too much */
        return;
    }
    if (xca_csv_next(csv, &fields, &count, &number, pool) != NULL || count != 2 ||
        strcmp(xca_csv_unguard(fields[1]), field) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int initialized;
    apr_pool_t *pool, *row_pool;
    xca_csv_t *csv;
    int last_line = 0;
    size_t rows;

    if (!initialized) {
        apr_initialize();
        initialized = 1;
    }
    apr_pool_create(&pool, NULL);
    apr_pool_create(&row_pool, pool);
    csv = xca_csv_open(pool, (const char *)data, size);
    for (rows = 0;; rows++) {
        const char **fields;
        int count, line, i;
        xca_error_t *err;

        apr_pool_clear(row_pool);
        err = xca_csv_next(csv, &fields, &count, &line, row_pool);
        if (rows > size + 1 || line < last_line) {
            abort();
        }
        last_line = line;
        if (err != NULL) {
            if (err->arg == NULL || strchr(err->arg, ':') == NULL) {
                abort();
            }
            continue;
        }
        if (count == 0) {
            break;
        }
        for (i = 0; i < count; i++) {
            round_trip(fields[i], row_pool);
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
