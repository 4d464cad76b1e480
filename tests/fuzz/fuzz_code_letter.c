/* Letters with one-time codes: what is read is written back byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "wire/code_letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char storage[XCA_CODE_LETTER_MAX], text[XCA_CODE_LETTER_MAX + 1];
    xca_code_letter_t letter;

    if (size > XCA_CODE_LETTER_MAX || !xca_code_letter_read(&letter, storage, (const char *)data, size)) {
        return 0;
    }
    if (xca_code_letter_write(&letter, text, sizeof(text)) != size || memcmp(text, data, size) != 0) {
        abort();
    }
    return 0;
}
