/* Statements: what is read is written back byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "wire/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    xca_statement_t statement;
    char text[XCA_STATEMENT_MAX];

    if (!xca_statement_read(&statement, (const char *)data, size)) {
        return 0;
    }
    if (xca_statement_write(&statement, text, sizeof(text)) != size ||
        memcmp(text, data, size) != 0) {
        abort();
    }
    return 0;
}
