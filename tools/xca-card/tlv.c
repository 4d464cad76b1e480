#include "tlv.h"

#include <string.h>

#define TAG_BYTES    3
#define LENGTH_BYTES 3 /* behind the first */

static int take_byte(unsigned char *byte, view_t *rest) {
    if (rest->length == 0) {
        return 0;
    }
    *byte = *rest->data;
    rest->data++;
    rest->length--;
    return 1;
}

static int take_tag(unsigned long *tag, view_t *rest) {
    unsigned char byte;
    int count;

    if (!take_byte(&byte, rest)) {
        return 0;
    }
    *tag = byte;
    if ((byte & 0x1f) != 0x1f) {
        return 1;
    }
    for (count = 1; count < TAG_BYTES; count++) {
        if (!take_byte(&byte, rest)) {
            return 0;
        }
        *tag = *tag << 8 | byte;
        if ((byte & 0x80) == 0) {
            return 1;
        }
    }
    return 0;
}

static int take_length(size_t *length, view_t *rest) {
    unsigned char byte;
    int count;

    if (!take_byte(&byte, rest)) {
        return 0;
    }
    if (byte < 0x80) {
        *length = byte;
        return 1;
    }
    count = byte & 0x7f;
    if (count == 0 || count > LENGTH_BYTES) { /* indefinite, or longer than anything here */
        return 0;
    }
    for (*length = 0; count > 0; count--) {
        if (!take_byte(&byte, rest)) {
            return 0;
        }
        *length = *length << 8 | byte;
    }
    return 1;
}

int tlv_next(tlv_t *tlv, view_t *rest) {
    view_t start = *rest;
    size_t length;

    if (rest->length == 0) {
        return 0;
    }
    if (!take_tag(&tlv->tag, rest) || !take_length(&length, rest) || length > rest->length) {
        rest->length = 0;
        return -1;
    }
    tlv->value.data = rest->data;
    tlv->value.length = length;
    rest->data += length;
    rest->length -= length;
    tlv->whole.data = start.data;
    tlv->whole.length = start.length - rest->length;
    return 1;
}

int tlv_find(view_t *value, unsigned long tag, view_t from) {
    tlv_t tlv;
    int found;

    while ((found = tlv_next(&tlv, &from)) == 1) {
        if (tlv.tag == tag) {
            *value = tlv.value;
            return 1;
        }
    }
    return found;
}

int tlv_only(view_t *value, unsigned long tag, view_t from) {
    tlv_t tlv;

    if (tlv_next(&tlv, &from) != 1 || tlv.tag != tag || from.length != 0) {
        return 0;
    }
    *value = tlv.value;
    return 1;
}

static void put_tag(bytes_t *to, unsigned long tag) {
    if (tag > 0xffff) {
        bytes_add_byte(to, (unsigned char)(tag >> 16));
    }
    if (tag > 0xff) {
        bytes_add_byte(to, (unsigned char)(tag >> 8));
    }
    bytes_add_byte(to, (unsigned char)tag);
}

static void put_length(bytes_t *to, size_t length) {
    if (length > 0xffff) {
        bytes_add_byte(to, 0x83);
        bytes_add_byte(to, (unsigned char)(length >> 16));
        bytes_add_byte(to, (unsigned char)(length >> 8));
    } else if (length > 0xff) {
        bytes_add_byte(to, 0x82);
        bytes_add_byte(to, (unsigned char)(length >> 8));
    } else if (length > 0x7f) {
        bytes_add_byte(to, 0x81);
    }
    bytes_add_byte(to, (unsigned char)length);
}

void tlv_put(bytes_t *to, unsigned long tag, const void *data, size_t length) {
    put_tag(to, tag);
    put_length(to, length);
    bytes_add(to, data, length);
}

size_t tlv_open(bytes_t *to, unsigned long tag) {
    put_tag(to, tag);
    return to->length;
}

void tlv_close(bytes_t *to, size_t mark) {
    bytes_t value = {NULL, 0, 0};

    bytes_add(&value, to->data + mark, to->length - mark);
    to->length = mark;
    put_length(to, value.length);
    bytes_add(to, value.data, value.length);
    bytes_free(&value);
}
