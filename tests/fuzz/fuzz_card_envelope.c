/* Envelopes of card messages: what is split is joined to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "wire/card_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    unsigned char signature[1024];
    size_t text, length = sizeof(signature);
    char *again;

    if (!xca_card_envelope_split((const char *)data, size, &text, signature, &length)) {
        return 0;
    }
    again = malloc(size);
    memcpy(again, data, text);
    if (xca_card_envelope_join(again, size, text, signature, length) != size || memcmp(again, data, size) != 0) {
        abort();
    }
    free(again);
    return 0;
}
