/* BER-TLV (ISO/IEC 7816-4 clause 5.2.2, ITU-T X.690) of a card or a certificate: a cursor that never leaves its bytes, and a
 * writer. Lengths are definite; a card may write them longer than need be. Nobody else counts in such bytes. */
#ifndef XCA_CARD_TLV_H
#define XCA_CARD_TLV_H

#include "bytes.h"

typedef struct tlv {
    unsigned long tag; /* as it stands: 0x7f49 */
    view_t value;
    view_t whole;      /* with tag and length */
} tlv_t;

/* Takes the next element off the front of `rest`. Returns 1; 0 at the end; -1 if it is malformed (rest is then empty). */
int tlv_next(tlv_t *tlv, view_t *rest);

/* The first element with this tag on the level of `from`. Returns 1; 0 if there is none; -1 if malformed before it. */
int tlv_find(view_t *value, unsigned long tag, view_t from);

/* The one element that fills `from`, which must have this tag. Returns 1 or 0. */
int tlv_only(view_t *value, unsigned long tag, view_t from);

void tlv_put(bytes_t *to, unsigned long tag, const void *data, size_t length);

/* Opens a constructed element; what is put until tlv_close() with the returned mark is its value. */
size_t tlv_open(bytes_t *to, unsigned long tag);
void tlv_close(bytes_t *to, size_t mark);

#endif
