#include "base/text.h"

#include <string.h>
#include <apr_lib.h>

long xca_text_next(const char **at, const char *end) {
    const unsigned char *s = (const unsigned char *)*at;
    apr_size_t left = (apr_size_t)(end - *at);
    long point;
    int more, i;
    static const long smallest[4] = {0, 0x80, 0x800, 0x10000};

    (*at)++;
    if (s[0] < 0x80) {
        return s[0];
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        more = 1;
        point = s[0] & 0x1f;
    } else if ((s[0] & 0xf0) == 0xe0) {
        more = 2;
        point = s[0] & 0x0f;
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        more = 3;
        point = s[0] & 0x07;
    } else {
        return -1;
    }
    if (left < (apr_size_t)more + 1) {
        return -1;
    }
    for (i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return -1;
        }
        point = point << 6 | (s[i] & 0x3f);
    }
    if (point < smallest[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return -1;
    }
    *at += more;
    return point;
}

int xca_text_valid(const char *text, apr_size_t length, int multiline) {
    const char *end = text + length;

    while (text < end) {
        long c = xca_text_next(&text, end);

        if (c < 0 || (c >= 0x7f && c <= 0x9f)) {
            return 0;
        }
        if (c < 0x20 && !(multiline && (c == '\t' || c == '\r' || c == '\n'))) {
            return 0;
        }
        if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfffe ||
            c == 0xffff) {
            return 0;
        }
    }
    return 1;
}

apr_size_t xca_text_length(const char *text) {
    apr_size_t count = 0;

    for (; *text != '\0'; text++) {
        if (((unsigned char)*text & 0xc0) != 0x80) {
            count++;
        }
    }
    return count;
}

int xca_text_put(char *to, long c) {
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

char *xca_text_trim(apr_pool_t *pool, const char *text) {
    const char *end = text + strlen(text);
    char *result = apr_palloc(pool, (apr_size_t)(end - text) + 1);
    char *to = result;
    int pending = 0;

    while (text < end) {
        const char *start = text;
        long c = xca_text_next(&text, end);

        if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0x3000 || c == 0xa0) {
            pending = to != result;
            continue;
        }
        if (pending) {
            *to++ = ' ';
            pending = 0;
        }
        memcpy(to, start, (apr_size_t)(text - start));
        to += text - start;
    }
    *to = '\0';
    return result;
}

char *xca_text_halfwidth(apr_pool_t *pool, const char *text) {
    const char *end = text + strlen(text);
    char *result = apr_palloc(pool, (apr_size_t)(end - text) + 1);
    char *to = result;

    while (text < end) {
        const char *start = text;
        long c = xca_text_next(&text, end);

        if (c >= 0xff01 && c <= 0xff5e) {
            *to++ = (char)(c - 0xfee0);
        } else if (c == 0x3000) {
            *to++ = ' ';
        } else {
            memcpy(to, start, (apr_size_t)(text - start));
            to += text - start;
        }
    }
    *to = '\0';
    return result;
}

char *xca_text_ungrouped(apr_pool_t *pool, const char *text) {
    char *result = xca_text_halfwidth(pool, text), *from, *to;

    for (from = to = result; *from != '\0'; from++) {
        if (*from != ' ' && *from != '-') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return result;
}

int xca_text_order(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *xca_text_json(apr_pool_t *pool, const char *text) {
    static const char digits[] = "0123456789abcdef";
    char *quoted = apr_palloc(pool, 6 * strlen(text) + 3);
    char *to = quoted;

    *to++ = '"';
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20) {
            memcpy(to, "\\u00", 4);
            to[4] = digits[c >> 4];
            to[5] = digits[c & 15];
            to += 6;
            continue;
        }
        if (c == '"' || c == '\\') {
            *to++ = '\\';
        }
        *to++ = (char)c;
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}

char *xca_text_hex(apr_pool_t *pool, const unsigned char *bytes, apr_size_t length) {
    static const char digits[] = "0123456789abcdef";
    char *hex = apr_palloc(pool, length * 2 + 1);
    apr_size_t i;

    for (i = 0; i < length; i++) {
        hex[i * 2] = digits[bytes[i] >> 4];
        hex[i * 2 + 1] = digits[bytes[i] & 15];
    }
    hex[length * 2] = '\0';
    return hex;
}

int xca_text_hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

xca_bytes_t *xca_text_unhex(apr_pool_t *pool, const char *hex) {
    unsigned char *data = apr_palloc(pool, strlen(hex) / 2 + 1);
    xca_bytes_t *bytes = apr_palloc(pool, sizeof(*bytes));
    apr_size_t digits = 0;

    for (; *hex != '\0'; hex++) {
        int value;

        if (*hex == ':' || *hex == ' ') {
            continue;
        }
        value = xca_text_hex_digit(*hex);
        if (value < 0) {
            return NULL;
        }
        if (digits % 2 == 0) {
            data[digits / 2] = (unsigned char)(value << 4);
        } else {
            data[digits / 2] |= (unsigned char)value;
        }
        digits++;
    }
    if (digits == 0 || digits % 2 != 0) {
        return NULL;
    }
    bytes->data = data;
    bytes->length = digits / 2;
    return bytes;
}

apr_uint32_t xca_text_hash(const void *bytes, apr_size_t length) {
    const unsigned char *at = bytes, *end = at + length;
    apr_uint32_t hash = 2166136261u;

    for (; at < end; at++) {
        hash = (hash ^ *at) * 16777619u;
    }
    return hash ^ hash >> 16;
}
