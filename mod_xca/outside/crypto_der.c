#include "outside/crypto_der.h"

#include <string.h>
#include <apr_strings.h>

#define NESTING 24

struct xca_der {
    apr_pool_t *pool;
    unsigned char *data;
    apr_size_t length, room;
    apr_size_t starts[NESTING]; /* where the content of each open value begins */
    int tags[NESTING];
    int open;
    int fault;
};

xca_der_t *xca_der_make(apr_pool_t *pool) {
    xca_der_t *der = apr_pcalloc(pool, sizeof(*der));

    der->pool = pool;
    der->room = 1024;
    der->data = apr_palloc(pool, der->room);
    return der;
}

static unsigned char *reserve(xca_der_t *der, apr_size_t more) {
    if (der->room - der->length < more) {
        unsigned char *larger;

        /* Doubled while small; a large piece is the last but for a few bytes. */
        der->room = der->length + more + (more > der->length ? 4096 : der->length);
        larger = apr_palloc(der->pool, der->room);
        memcpy(larger, der->data, der->length);
        der->data = larger;
    }
    der->length += more;
    return der->data + der->length - more;
}

/* Writes tag and length (X.690 clause 8.1.3, minimal) to `to`, if it is not NULL. Returns the bytes. */
static apr_size_t put_header(unsigned char *to, int tag, apr_size_t length) {
    apr_size_t bytes = 0, rest = length, i;

    for (; length >= 0x80 && rest > 0; rest >>= 8) {
        bytes++;
    }
    if (to != NULL) {
        to[0] = (unsigned char)tag;
        to[1] = (unsigned char)(bytes > 0 ? 0x80 | bytes : length);
        for (i = 0; i < bytes; i++) {
            to[2 + i] = (unsigned char)(length >> 8 * (bytes - 1 - i));
        }
    }
    return 2 + bytes;
}

void xca_der_open(xca_der_t *der, int tag) {
    if (der->open == NESTING) {
        der->fault = 1;
        return;
    }
    der->tags[der->open] = tag;
    der->starts[der->open++] = der->length;
}

/* The length is known only now: the content moves to make room for the header. */
void xca_der_close(xca_der_t *der) {
    apr_size_t start, length, header;

    if (der->open == 0) {
        der->fault = 1;
        return;
    }
    start = der->starts[--der->open];
    length = der->length - start;
    header = put_header(NULL, der->tags[der->open], length);
    reserve(der, header);
    memmove(der->data + start + header, der->data + start, length);
    put_header(der->data + start, der->tags[der->open], length);
}

void xca_der_put(xca_der_t *der, int tag, const void *content, apr_size_t length) {
    apr_size_t header = put_header(NULL, tag, length);
    unsigned char *to = reserve(der, header + length);

    put_header(to, tag, length);
    if (length > 0) {
        memcpy(to + header, content, length);
    }
}

void xca_der_put_text(xca_der_t *der, int tag, const char *text) {
    xca_der_put(der, tag, text, strlen(text));
}

void xca_der_put_raw(xca_der_t *der, xca_bytes_t encoded) {
    if (encoded.length > 0) {
        memcpy(reserve(der, encoded.length), encoded.data, encoded.length);
    }
}

void xca_der_put_true(xca_der_t *der) {
    xca_der_put(der, XCA_DER_BOOLEAN, "\xff", 1);
}

void xca_der_put_integer(xca_der_t *der, const unsigned char *bytes, apr_size_t length) {
    xca_der_open(der, XCA_DER_INTEGER);
    while (length > 1 && bytes[0] == 0) {
        bytes++;
        length--;
    }
    if (length == 0 || bytes[0] >= 0x80) {
        *reserve(der, 1) = 0;
    }
    xca_der_put_raw(der, (xca_bytes_t){bytes, length});
    xca_der_close(der);
}

void xca_der_put_number(xca_der_t *der, apr_uint64_t number) {
    unsigned char bytes[8];
    int i;

    for (i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(number >> 8 * (7 - i));
    }
    xca_der_put_integer(der, bytes, sizeof(bytes));
}

/* Reads one arc and the dot behind it; -1 if there is none or it needs more than 63 bits. */
static apr_int64_t take_arc(const char **dotted) {
    apr_int64_t arc = 0;
    const char *start = *dotted;

    for (; **dotted >= '0' && **dotted <= '9'; (*dotted)++) {
        if (arc > (APR_INT64_MAX - 9) / 10) {
            return -1;
        }
        arc = arc * 10 + (**dotted - '0');
    }
    if (*dotted == start || (*start == '0' && *dotted - start > 1)) {
        return -1;
    }
    if (**dotted == '.' && (*dotted)[1] != '\0') {
        (*dotted)++;
        return arc;
    }
    return **dotted == '\0' ? arc : -1;
}

static void put_arc(xca_der_t *der, apr_uint64_t arc) {
    int shift = 63;

    while (shift > 0 && arc >> shift == 0) {
        shift -= 7;
    }
    for (; shift >= 0; shift -= 7) {
        *reserve(der, 1) = (unsigned char)((shift > 0 ? 0x80 : 0) | (arc >> shift & 0x7f));
    }
}

void xca_der_put_oid(xca_der_t *der, const char *dotted) {
    apr_int64_t first = take_arc(&dotted);
    apr_int64_t second = take_arc(&dotted);

    if (first < 0 || first > 2 || second < 0 || (first < 2 && second > 39) ||
        second > APR_INT64_MAX - 80) {
        der->fault = 1;
        return;
    }
    xca_der_open(der, XCA_DER_OID);
    put_arc(der, (apr_uint64_t)(first * 40 + second));
    while (*dotted != '\0') {
        apr_int64_t arc = take_arc(&dotted);

        if (arc < 0) {
            der->fault = 1;
            break;
        }
        put_arc(der, (apr_uint64_t)arc);
    }
    xca_der_close(der);
}

void xca_der_put_bits(xca_der_t *der, xca_bytes_t bytes) {
    xca_der_open(der, XCA_DER_BIT_STRING);
    *reserve(der, 1) = 0;
    xca_der_put_raw(der, bytes);
    xca_der_close(der);
}

static char *put_two_digits(char *to, int number) {
    to[0] = (char)('0' + number / 10 % 10);
    to[1] = (char)('0' + number % 10);
    return to + 2;
}

/* YYMMDDHHMMSSZ, with the century before it if that is wanted: lists have it a million times, so that no format is interpreted. */
static void put_time_text(char text[16], const apr_time_exp_t *t, int century) {
    int year = t->tm_year + 1900;

    if (century) {
        text = put_two_digits(text, year / 100);
    }
    text = put_two_digits(text, year % 100);
    text = put_two_digits(text, t->tm_mon + 1);
    text = put_two_digits(text, t->tm_mday);
    text = put_two_digits(text, t->tm_hour);
    text = put_two_digits(text, t->tm_min);
    text = put_two_digits(text, t->tm_sec);
    text[0] = 'Z';
    text[1] = '\0';
}

int xca_der_time_text(char text[16], apr_time_t time) {
    apr_time_exp_t t;
    int utc;

    apr_time_exp_gmt(&t, time);
    utc = t.tm_year >= 50 && t.tm_year < 150;
    put_time_text(text, &t, !utc);
    return utc ? XCA_DER_UTC_TIME : XCA_DER_GENERALIZED_TIME;
}

void xca_der_put_time(xca_der_t *der, apr_time_t time) {
    char text[16];
    int tag = xca_der_time_text(text, time);

    xca_der_put_text(der, tag, text);
}

void xca_der_put_generalized_time(xca_der_t *der, apr_time_t time) {
    char text[16];
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, time);
    put_time_text(text, &t, 1);
    xca_der_put(der, XCA_DER_GENERALIZED_TIME, text, 15);
}

xca_error_t *xca_der_finish(xca_bytes_t *encoded, xca_der_t *der, apr_pool_t *pool) {
    if (der->fault || der->open != 0) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crypto.der", "nesting or OID at byte %ld",
                              (long)der->length);
    }
    encoded->data = der->data;
    encoded->length = der->length;
    return NULL;
}
