#include "portal/form_json.h"

#include <string.h>
#include <apr_strings.h>

typedef struct {
    const char *start, *at, *end;
    apr_pool_t *pool;
} reader_t;

typedef struct {
    char *text; /* NUL behind it */
    apr_size_t length;
} string_t;

static xca_error_t *malformed(const reader_t *reader) {
    xca_error_t *err = xca_error_make(reader->pool, XCA_E_INVALID, "json.malformed", NULL);

    err->arg = apr_psprintf(reader->pool, "%" APR_SIZE_T_FMT, (apr_size_t)(reader->at - reader->start) + 1);
    return err;
}

static void skip_space(reader_t *reader) {
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != '\0') {
        reader->at++;
    }
}

/* Takes `c` with the white space before and behind it. */
static int take(reader_t *reader, char c) {
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != c) {
        return 0;
    }
    reader->at++;
    skip_space(reader);
    return 1;
}

/* Four digits; -1 if they are none. */
static long take_four(reader_t *reader) {
    long unit = 0;
    int i;

    if (reader->end - reader->at < 4) {
        return -1;
    }
    for (i = 0; i < 4; i++) {
        int digit = xca_text_hex_digit(reader->at[i]);

        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    reader->at += 4;
    return unit;
}

/* Behind "\u": one code point of one or two units (RFC 8259 section 7); -1 for half a pair and for NUL. */
static long take_code_point(reader_t *reader) {
    long high = take_four(reader), low;

    if (high <= 0 || (high >= 0xdc00 && high < 0xe000)) {
        return -1;
    }
    if (high < 0xd800 || high >= 0xe000) {
        return high;
    }
    if (reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u') {
        return -1;
    }
    reader->at += 2;
    low = take_four(reader);
    return low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00)) : -1;
}

/* Behind the backslash. Returns the bytes written, 0 if it is no escape. */
static int take_escape(reader_t *reader, char *to) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    const char *found;
    long code_point;

    if (reader->at == reader->end || *reader->at == '\0') {
        return 0;
    }
    if (*reader->at == 'u') {
        reader->at++;
        code_point = take_code_point(reader);
        return code_point > 0 ? xca_text_put(to, code_point) : 0;
    }
    found = strchr(from, *reader->at);
    if (found == NULL) {
        return 0;
    }
    reader->at++;
    *to = into[found - from];
    return 1;
}

/* A string; what is in it is no longer than what it is written with. */
static int take_string(reader_t *reader, string_t *string) {
    char *to;

    if (reader->at == reader->end || *reader->at != '"') {
        return 0;
    }
    reader->at++;
    to = string->text = apr_palloc(reader->pool, (apr_size_t)(reader->end - reader->at) + 1);
    while (reader->at < reader->end && *reader->at != '"') {
        int written = 1;

        if ((unsigned char)*reader->at < 0x20) {
            return 0;
        }
        if (*reader->at == '\\') {
            reader->at++;
            written = take_escape(reader, to);
            if (written == 0) {
                return 0;
            }
        } else {
            *to = *reader->at++;
        }
        to += written;
    }
    if (reader->at == reader->end) {
        return 0;
    }
    reader->at++;
    *to = '\0';
    string->length = (apr_size_t)(to - string->text);
    return 1;
}

static xca_error_t *wrong_member(const reader_t *reader, const char *name, const char *message) {
    int usable = strlen(name) <= 64 && xca_text_valid(name, strlen(name), 0);

    return xca_error_field(reader->pool, usable ? name : NULL, message, NULL);
}

static xca_error_t *take_member(reader_t *reader, xca_form_t *form) {
    string_t name, value;

    if (!take_string(reader, &name) || !take(reader, ':')) {
        return malformed(reader);
    }
    if (xca_form_text(form, name.text) != NULL) {
        return wrong_member(reader, name.text, "json.double");
    }
    if (reader->at < reader->end && *reader->at != '"') {
        return wrong_member(reader, name.text, "json.not-text");
    }
    if (!take_string(reader, &value)) {
        return malformed(reader);
    }
    return xca_form_put(form, name.text, name.length, value.text, value.length);
}

xca_error_t *xca_form_json(xca_form_t *form, const char *body, apr_size_t length) {
    reader_t reader = {body, body, body + length, xca_form_pool(form)};
    xca_error_t *err = NULL;

    if (!take(&reader, '{')) {
        return malformed(&reader);
    }
    if (!take(&reader, '}')) {
        do {
            err = take_member(&reader, form);
        } while (err == NULL && take(&reader, ','));
        if (err == NULL && !take(&reader, '}')) {
            err = malformed(&reader);
        }
    }
    return err == NULL && reader.at != reader.end ? malformed(&reader) : err;
}
