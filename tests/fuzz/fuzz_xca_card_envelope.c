/* Envelopes that a page hands to the card helper: no byte outside is read, and what was read is of the lengths that opening relies on. */
#include <stdint.h>
#include <stdlib.h>
#include "crypto_open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static fault_t *nothing(void *baton, view_t in, bytes_t *out) {
    static const unsigned char zeros[512];

    bytes_set(out, zeros, in.length < sizeof(zeros) ? in.length : sizeof(zeros));
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    view_t der = {data, size};
    opener_t opener = {nothing, nothing, NULL};
    bytes_t content = {NULL, 0, 0};
    envelope_t envelope;
    fault_t *fault = envelope_read(&envelope, der);

    if (fault == NULL) {
        fault = envelope_open(&envelope, &opener, &content);
        if (fault == NULL) {
            abort(); /* nobody has the key of zeros */
        }
    }
    fault_drop(fault);
    bytes_free(&content);
    return 0;
}
