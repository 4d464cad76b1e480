/* tlv.h: BER-TLV as PIV uses it: tags of one to three bytes, definite lengths. */
#ifndef CARDSIM_TLV_H
#define CARDSIM_TLV_H

#include "card.h"

typedef struct tlv {
    uint32_t tag;
    const unsigned char *value;
    size_t length;
} tlv_t;

/* Reads one element and moves the cursor behind it. False at the end and for what is malformed:
 * *left is then 0 only at the end. */
bool tlv_read(const unsigned char **at, size_t *left, tlv_t *element);

/* The element with this tag among those of a template's value. */
bool tlv_find(const unsigned char *value, size_t length, uint32_t tag, tlv_t *element);

/* Appends; what does not fit is cut off at CARD_BYTES. */
void bytes_append(bytes_t *to, const void *data, size_t length);
void tlv_append(bytes_t *to, uint32_t tag, const void *value, size_t length);

#endif
