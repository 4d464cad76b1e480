/* Records as text, by the tables of the card protocol: what is read is written back byte for byte, in its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "wire/card_message.h"
#include "wire/order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const char *first, const xca_line_field_t *fields, void *record, const char *text, size_t size) {
    char *storage = malloc(size > 0 ? size : 1), *again = malloc(size + 1);

    if (xca_lines_read(record, storage, first, fields, text, size) &&
        (xca_lines_write(again, size + 1, first, fields, record) != size || memcmp(again, text, size) != 0)) {
        abort();
    }
    free(again);
    free(storage);
}

/* An order that is read is written back, too. */
static void round_trip_order(const char *text, size_t size) {
    char *storage = malloc(size > 0 ? size : 1), *again = malloc(size + 1);
    xca_order_text_t order;

    if (xca_order_read(&order, storage, text, size) &&
        (xca_order_write(&order, again, size + 1) != size || memcmp(again, text, size) != 0)) {
        abort();
    }
    free(again);
    free(storage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    xca_card_message_t message;
    xca_card_reply_t reply;
    xca_card_contact_t contact;
    xca_seal_key_proof_t proof;

    round_trip(XCA_CARD_FIRST, xca_card_message_fields, &message, text, size);
    round_trip(XCA_REPLY_FIRST, xca_card_reply_fields, &reply, text, size);
    round_trip(XCA_CONTACT_FIRST, xca_card_contact_fields, &contact, text, size);
    round_trip(XCA_SEAL_KEY_FIRST, xca_seal_key_proof_fields, &proof, text, size);
    round_trip_order(text, size);
    return 0;
}
