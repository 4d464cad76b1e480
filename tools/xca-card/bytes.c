#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wipe(void *data, size_t length) {
    volatile unsigned char *at = data;

    while (length-- > 0) {
        *at++ = 0;
    }
}

/* Not realloc(): it would leave the old bytes behind. */
static void make_room(bytes_t *bytes, size_t more) {
    size_t room = bytes->room > 0 ? bytes->room : 64;
    unsigned char *data;

    if (more > (size_t)1 << 30 || bytes->length > (size_t)1 << 30) {
        abort();
    }
    if (bytes->room - bytes->length >= more) {
        return;
    }
    while (room - bytes->length < more) {
        room *= 2;
    }
    data = malloc(room);
    if (data == NULL) {
        abort();
    }
    if (bytes->length > 0) {
        memcpy(data, bytes->data, bytes->length);
    }
    if (bytes->data != NULL) {
        wipe(bytes->data, bytes->room);
        free(bytes->data);
    }
    bytes->data = data;
    bytes->room = room;
}

void bytes_add(bytes_t *bytes, const void *data, size_t length) {
    make_room(bytes, length);
    if (length > 0) {
        memcpy(bytes->data + bytes->length, data, length);
        bytes->length += length;
    }
}

void bytes_add_byte(bytes_t *bytes, unsigned char byte) {
    bytes_add(bytes, &byte, 1);
}

void bytes_add_text(bytes_t *bytes, const char *text) {
    bytes_add(bytes, text, strlen(text));
}

void bytes_set(bytes_t *bytes, const void *data, size_t length) {
    bytes->length = 0;
    bytes_add(bytes, data, length);
}

char *bytes_text(bytes_t *bytes) {
    make_room(bytes, 1);
    bytes->data[bytes->length] = '\0';
    return (char *)bytes->data;
}

view_t bytes_view(const bytes_t *bytes) {
    view_t view = {bytes->data, bytes->length};

    return view;
}

void bytes_free(bytes_t *bytes) {
    if (bytes->data != NULL) {
        wipe(bytes->data, bytes->room);
        free(bytes->data);
    }
    memset(bytes, 0, sizeof(*bytes));
}

int view_equal(view_t a, view_t b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

int secret_set(secret_t *secret, const void *data, size_t length) {
    secret_wipe(secret);
    if (length >= SECRET_MAX) {
        return 0;
    }
    if (length > 0) {
        memcpy(secret->text, data, length);
    }
    secret->length = length;
    return 1;
}

void secret_wipe(secret_t *secret) {
    wipe(secret, sizeof(*secret));
}

int secret_equal(const secret_t *a, const secret_t *b) {
    unsigned char difference = a->length != b->length;
    size_t i;

    for (i = 0; i < SECRET_MAX; i++) {
        difference |= (unsigned char)(a->text[i] ^ b->text[i]);
    }
    return difference == 0;
}

void hex_write(char *text, const unsigned char *data, size_t length) {
    static const char digits[] = "0123456789abcdef";
    size_t i;

    for (i = 0; i < length; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[2 * length] = '\0';
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_read(unsigned char *data, size_t room, const char *text) {
    size_t length = strlen(text), i;

    if (length % 2 != 0 || length / 2 > room) {
        return -1;
    }
    for (i = 0; i < length / 2; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return -1;
        }
        data[i] = (unsigned char)(high << 4 | low);
    }
    return (int)(length / 2);
}
