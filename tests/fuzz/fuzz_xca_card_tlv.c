/* BER-TLV: a walk through all levels stays within its bytes; what is read, written again, is read the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tlv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(view_t from, int depth) {
    tlv_t tlv;

    while (tlv_next(&tlv, &from) == 1) {
        bytes_t again = {NULL, 0, 0};
        view_t value;

        tlv_put(&again, tlv.tag, tlv.value.data, tlv.value.length);
        if (!tlv_only(&value, tlv.tag, bytes_view(&again)) || !view_equal(value, tlv.value) ||
            tlv.whole.length < tlv.value.length + 2) {
            abort();
        }
        bytes_free(&again);
        if (depth < 6) {
            walk(tlv.value, depth + 1);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    view_t from = {data, size}, value;

    walk(from, 0);
    tlv_find(&value, 0x53, from);
    tlv_only(&value, 0x7f49, from);
    return 0;
}
