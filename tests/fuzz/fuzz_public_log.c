/* Leaves and heads of the public log as whoever has the root of the directory may have left them: what is read as one is just what
 * the signer can have written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "wire/public_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *first, const xca_line_field_t *fields, const void *record, const uint8_t *data, size_t size) {
    char *again = malloc(size + 1);

    if (xca_lines_write(again, size + 1, first, fields, record) != size || memcmp(again, data, size) != 0) {
        abort();
    }
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *storage = malloc(size + 1);
    xca_log_leaf_t leaf;
    xca_log_head_t head;

    if (xca_log_leaf_read(&leaf, storage, (const char *)data, size)) {
        check(XCA_LOG_LEAF_FIRST, xca_log_leaf_fields, &leaf, data, size);
    }
    if (xca_log_head_read(&head, storage, (const char *)data, size)) {
        check(XCA_LOG_HEAD_FIRST, xca_log_head_fields, &head, data, size);
    }
    free(storage);
    return 0;
}
