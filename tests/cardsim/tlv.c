/* tlv.c: reading and writing BER-TLV. */
#include "tlv.h"

#include <string.h>

static bool read_tag(const unsigned char **at, size_t *left, uint32_t *tag) {
    if (*left == 0) {
        return false;
    }
    *tag = *(*at)++;
    --*left;
    if ((*tag & 0x1F) != 0x1F) {
        return true;
    }
    do {
        if (*left == 0 || *tag > 0xFFFF) {
            return false;
        }
        *tag = *tag << 8 | *(*at)++;
        --*left;
    } while (*tag & 0x80);
    return true;
}

static bool read_length(const unsigned char **at, size_t *left, size_t *length) {
    size_t count;

    if (*left == 0) {
        return false;
    }
    *length = *(*at)++;
    --*left;
    if (*length < 0x80) {
        return true;
    }
    count = *length & 0x7F;
    if (count == 0 || count > 3 || count > *left) {
        return false;
    }
    for (*length = 0; count > 0; count--) {
        *length = *length << 8 | *(*at)++;
        --*left;
    }
    return true;
}

bool tlv_read(const unsigned char **at, size_t *left, tlv_t *element) {
    if (*left == 0) {
        return false;
    }
    if (!read_tag(at, left, &element->tag) || !read_length(at, left, &element->length) ||
        element->length > *left) {
        *left = 1;
        return false;
    }
    element->value = *at;
    *at += element->length;
    *left -= element->length;
    return true;
}

bool tlv_find(const unsigned char *value, size_t length, uint32_t tag, tlv_t *element) {
    while (tlv_read(&value, &length, element)) {
        if (element->tag == tag) {
            return true;
        }
    }
    return false;
}

void bytes_append(bytes_t *to, const void *data, size_t length) {
    if (length > CARD_BYTES - to->length) {
        length = CARD_BYTES - to->length;
    }
    if (length > 0) {
        memcpy(to->data + to->length, data, length);
        to->length += length;
    }
}

static void append_number(bytes_t *to, uint32_t number) {
    unsigned char byte;
    int shift = 24;

    while (shift > 0 && number >> shift == 0) {
        shift -= 8;
    }
    for (; shift >= 0; shift -= 8) {
        byte = (unsigned char)(number >> shift);
        bytes_append(to, &byte, 1);
    }
}

void tlv_append(bytes_t *to, uint32_t tag, const void *value, size_t length) {
    unsigned char first;

    append_number(to, tag);
    if (length >= 0x80) {
        first = length > 0xFF ? 0x82 : 0x81;
        bytes_append(to, &first, 1);
    }
    append_number(to, (uint32_t)length);
    bytes_append(to, value, length);
}
