#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_der.h"

xca_der_at_t xca_der_at(xca_bytes_t bytes) {
    xca_der_at_t at = {bytes.data, bytes.length > 0 ? bytes.data + bytes.length : bytes.data};

    return at;
}

int xca_der_ended(const xca_der_at_t *at) {
    return at->at == at->end;
}

int xca_der_peek(const xca_der_at_t *at) {
    return at->at == at->end ? -1 : *at->at;
}

/* Reads a length in `bytes` bytes, minimal (X.690 clause 10.1). */
static int take_long_length(apr_size_t *length, const unsigned char *at, apr_size_t bytes) {
    apr_size_t i;

    if (bytes == 0 || bytes > 4 || at[0] == 0) {
        return 0;
    }
    *length = 0;
    for (i = 0; i < bytes; i++) {
        *length = *length << 8 | at[i];
    }
    return *length >= 0x80;
}

int xca_der_next(xca_der_at_t *at, xca_der_item_t *item) {
    apr_size_t left = (apr_size_t)(at->end - at->at);
    apr_size_t header = 2, length;

    if (left < 2 || (at->at[0] & 0x1f) == 0x1f) {
        return 0;
    }
    length = at->at[1];
    if (length >= 0x80) {
        apr_size_t bytes = length & 0x7f;

        if (left < 2 + bytes || !take_long_length(&length, at->at + 2, bytes)) {
            return 0;
        }
        header += bytes;
    }
    if (left - header < length) {
        return 0;
    }
    item->tag = at->at[0];
    item->content.data = at->at + header;
    item->content.length = length;
    item->whole.data = at->at;
    item->whole.length = header + length;
    at->at += header + length;
    return 1;
}

int xca_der_take(xca_der_at_t *at, int tag, xca_der_item_t *item) {
    return xca_der_peek(at) == tag && xca_der_next(at, item);
}

static int contents_well_formed(xca_bytes_t bytes, int depth) {
    xca_der_at_t at = xca_der_at(bytes);
    xca_der_item_t item;

    while (xca_der_next(&at, &item)) {
        int constructed = (item.tag & 0x20) != 0;

        if (constructed && (depth == 0 || !contents_well_formed(item.content, depth - 1))) {
            return 0;
        }
    }
    return xca_der_ended(&at);
}

int xca_der_well_formed(xca_bytes_t bytes, int depth) {
    xca_der_at_t at = xca_der_at(bytes);
    xca_der_item_t item;

    return xca_der_next(&at, &item) && xca_der_ended(&at) && contents_well_formed(bytes, depth);
}

char *xca_der_oid_text(apr_pool_t *pool, xca_bytes_t content) {
    char *text = NULL;
    apr_uint64_t arc = 0;
    int begun = 0;
    apr_size_t i;

    /* Each arc takes at most 20 digits and a dot for one byte or more. */
    if (content.length == 0 || content.length > 100) {
        return NULL;
    }
    for (i = 0; i < content.length; i++) {
        unsigned char c = content.data[i];

        if ((!begun && c == 0x80) || arc >> 56 != 0) {
            return NULL;
        }
        begun = 1;
        arc = arc << 7 | (c & 0x7f);
        if (c & 0x80) {
            continue;
        }
        if (text == NULL) {
            apr_uint64_t first = arc < 80 ? arc / 40 : 2;

            text = apr_psprintf(pool, "%d.%" APR_UINT64_T_FMT, (int)first, arc - first * 40);
        } else {
            text = apr_psprintf(pool, "%s.%" APR_UINT64_T_FMT, text, arc);
        }
        arc = 0;
        begun = 0;
    }
    return begun ? NULL : text;
}

/* Compares without a pool: walks both at once. */
int xca_der_oid_is(xca_bytes_t content, const char *dotted) {
    apr_uint64_t arc = 0;
    char text[24];
    int first = 1;
    apr_size_t i, length;

    for (i = 0; i < content.length; i++) {
        unsigned char c = content.data[i];

        if ((arc == 0 && c == 0x80) || arc >> 56 != 0) {
            return 0;
        }
        arc = arc << 7 | (c & 0x7f);
        if (c & 0x80) {
            continue;
        }
        if (first) {
            apr_uint64_t root = arc < 80 ? arc / 40 : 2;

            apr_snprintf(text, sizeof(text), "%d.%" APR_UINT64_T_FMT, (int)root, arc - root * 40);
        } else {
            apr_snprintf(text, sizeof(text), ".%" APR_UINT64_T_FMT, arc);
        }
        length = strlen(text);
        if (strncmp(dotted, text, length) != 0) {
            return 0;
        }
        dotted += length;
        first = 0;
        arc = 0;
    }
    return !first && *dotted == '\0' && (content.data[content.length - 1] & 0x80) == 0;
}
