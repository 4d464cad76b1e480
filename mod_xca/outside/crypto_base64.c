#include "outside/crypto.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *xca_base64(apr_pool_t *pool, const void *data, apr_size_t length) {
    const unsigned char *from = data;
    char *text = apr_palloc(pool, (length + 2) / 3 * 4 + 1);
    char *to = text;
    apr_size_t i;

    for (i = 0; i < length; i += 3) {
        apr_size_t left = length - i;
        unsigned long group = (unsigned long)from[i] << 16;

        group |= left > 1 ? (unsigned long)from[i + 1] << 8 : 0;
        group |= left > 2 ? from[i + 2] : 0;
        *to++ = alphabet[group >> 18 & 63];
        *to++ = alphabet[group >> 12 & 63];
        *to++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *to++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *to = '\0';
    return text;
}

static int digit_value(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static int is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

xca_bytes_t *xca_unbase64(apr_pool_t *pool, const char *text, apr_size_t length) {
    unsigned char *data = apr_palloc(pool, length / 4 * 3 + 3);
    xca_bytes_t *bytes = apr_palloc(pool, sizeof(*bytes));
    unsigned long group = 0;
    apr_size_t digits = 0, padding = 0, used = 0, i;

    for (i = 0; i < length; i++) {
        int value = digit_value(text[i]);

        if (is_space(text[i])) {
            continue;
        }
        if (text[i] == '=') {
            padding++;
            continue;
        }
        if (value < 0 || padding > 0) {
            return NULL;
        }
        group = group << 6 | (unsigned long)value;
        if (++digits % 4 == 0) {
            data[used++] = (unsigned char)(group >> 16);
            data[used++] = (unsigned char)(group >> 8);
            data[used++] = (unsigned char)group;
            group = 0;
        }
    }
    if ((digits + padding) % 4 != 0 || padding > 2) {
        return NULL;
    }
    /* The bits that the padding cuts off must be zero: one text for one value. */
    if (padding == 2) {
        if ((group & 0x0f) != 0) {
            return NULL;
        }
        data[used++] = (unsigned char)(group >> 4);
    } else if (padding == 1) {
        if ((group & 0x03) != 0) {
            return NULL;
        }
        data[used++] = (unsigned char)(group >> 10);
        data[used++] = (unsigned char)(group >> 2);
    }
    bytes->data = data;
    bytes->length = used;
    return bytes;
}
