#include "wire/lines.h"

#include <string.h>

/* Where the writer stands; `full` once something did not fit. */
typedef struct sink {
    char *to;
    size_t size, used;
    int full;
} sink_t;

/* What is still to be read. */
typedef struct source {
    const char *at, *end;
} source_t;

static int every_byte(const char *value, size_t length, const char *alphabet) {
    size_t i;

    for (i = 0; i < length; i++) {
        if (value[i] == '\0' || strchr(alphabet, value[i]) == NULL) {
            return 0;
        }
    }
    return 1;
}

#define DIGITS  "0123456789"
#define SMALL   "abcdefghijklmnopqrstuvwxyz"
#define CAPITAL "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* YYYYMMDDTHHMMSSZ as digits and marks; what day it is, the reader of the time says. */
static int well_formed_time(const char *time, size_t length) {
    return length == 16 && every_byte(time, 8, DIGITS) && time[8] == 'T' &&
           every_byte(time + 9, 6, DIGITS) && time[15] == 'Z';
}

/* The bits of the last digit that no byte takes are zero: one value, one text. */
static int well_formed_base64(const char *value, size_t length) {
    static const char digits[] = CAPITAL SMALL DIGITS "+/";
    size_t padding = 0, unused;

    if (length == 0 || length % 4 != 0) {
        return length == 0;
    }
    while (padding < 2 && value[length - 1 - padding] == '=') {
        padding++;
    }
    if (!every_byte(value, length - padding, digits)) {
        return 0;
    }
    unused = padding == 0 ? 1 : padding == 1 ? 4 : 16;
    return (size_t)(strchr(digits, value[length - 1 - padding]) - digits) % unused == 0;
}

/* Bytes of the UTF-8 sequence at `s` of `left` bytes (RFC 3629), 0 if there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t left) {
    size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3
                                                      : s[0] < 0xf5 ? 4 : 0;
    size_t i;

    if (length == 0 || length > left) {
        return 0;
    }
    for (i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90)) {
        return 0; /* overlong */
    }
    if ((s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f)) {
        return 0; /* a surrogate, beyond U+10FFFF */
    }
    return length;
}

static int well_formed_text(const char *value, size_t length) {
    const unsigned char *s = (const unsigned char *)value;
    size_t i = 0;

    while (i < length) {
        size_t sequence = utf8_sequence(s + i, length - i);

        if (sequence == 0 || s[i] == 0x7f || (s[i] < 0x20 && s[i] != '\n' && s[i] != '\r')) {
            return 0;
        }
        i += sequence;
    }
    return 1;
}

static int well_formed(const xca_line_field_t *field, const char *value, size_t length) {
    if (length < field->least || length > field->most) {
        return 0;
    }
    switch (field->form) {
    case XCA_LINE_WORD:
        return every_byte(value, length, SMALL DIGITS "-");
    case XCA_LINE_DIGITS:
        return every_byte(value, length, DIGITS);
    case XCA_LINE_HEX:
        return every_byte(value, length, DIGITS "abcdef");
    case XCA_LINE_BASE64:
        return well_formed_base64(value, length);
    case XCA_LINE_CARD:
        return length == 16 && memcmp(value, "Xc", 2) == 0 && every_byte(value + 2, 14, DIGITS);
    case XCA_LINE_OID:
        return every_byte(value, length, DIGITS ".");
    case XCA_LINE_UID:
        return every_byte(value, length, SMALL CAPITAL DIGITS ".-_@");
    case XCA_LINE_TIME:
        return well_formed_time(value, length);
    case XCA_LINE_TEXT:
        return well_formed_text(value, length);
    }
    return 0;
}

static void put(sink_t *sink, const char *text, size_t length) {
    if (sink->full || length > sink->size - sink->used) {
        sink->full = 1;
        return;
    }
    memcpy(sink->to + sink->used, text, length);
    sink->used += length;
}

static void put_line(sink_t *sink, const char *name, const char *value) {
    put(sink, name, strlen(name));
    put(sink, ": ", 2);
    for (; *value != '\0'; value++) {
        if (*value == '\\') {
            put(sink, "\\\\", 2);
        } else if (*value == '\n') {
            put(sink, "\\n", 2);
        } else if (*value == '\r') {
            put(sink, "\\r", 2);
        } else {
            put(sink, value, 1);
        }
    }
    put(sink, "\n", 1);
}

size_t xca_lines_write(char *buffer, size_t size, const char *first, const xca_line_field_t *fields,
                       const void *record) {
    sink_t sink = {buffer, size, 0, 0};

    put(&sink, first, strlen(first));
    put(&sink, "\n", 1);
    for (; fields->name != NULL; fields++) {
        const char *value;

        memcpy(&value, (const char *)record + fields->offset, sizeof(value));
        if (value == NULL) {
            continue;
        }
        if (!well_formed(fields, value, strlen(value))) {
            return 0;
        }
        put_line(&sink, fields->name, value);
    }
    put(&sink, "", 1);
    return sink.full ? 0 : sink.used - 1;
}

static int take(source_t *source, const char *text, size_t length) {
    if ((size_t)(source->end - source->at) < length || memcmp(source->at, text, length) != 0) {
        return 0;
    }
    source->at += length;
    return 1;
}

/* "name: ", or nothing taken. */
static int take_name(source_t *source, const char *name) {
    const char *start = source->at;

    if (take(source, name, strlen(name)) && take(source, ": ", 2)) {
        return 1;
    }
    source->at = start;
    return 0;
}

/* The character that an escape at source->at stands for, -1 if it is none. */
static int take_escape(source_t *source) {
    if (source->end - source->at < 2) {
        return -1;
    }
    source->at += 2;
    switch (source->at[-1]) {
    case '\\':
        return '\\';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    default:
        return -1;
    }
}

/* Reads a value and the end of its line into `to`, which has room for it. */
static int take_value(source_t *source, char *to, size_t *length) {
    size_t used = 0;

    while (source->at < source->end && *source->at != '\n') {
        int escaped = *source->at == '\\';
        int c = escaped ? take_escape(source) : (unsigned char)*source->at++;

        if (c <= 0 || (c == '\r' && !escaped)) {
            return 0;
        }
        to[used++] = (char)c;
    }
    to[used] = '\0';
    *length = used;
    return take(source, "\n", 1);
}

int xca_lines_read(void *record, char *storage, const char *first, const xca_line_field_t *fields,
                   const char *text, size_t length) {
    source_t source = {text, text + length};

    if (!take(&source, first, strlen(first)) || !take(&source, "\n", 1)) {
        return 0;
    }
    for (; fields->name != NULL; fields++) {
        const char *value = NULL;

        if (take_name(&source, fields->name)) {
            size_t taken;

            if (!take_value(&source, storage, &taken) || !well_formed(fields, storage, taken)) {
                return 0;
            }
            value = storage;
            storage += taken + 1;
        }
        memcpy((char *)record + fields->offset, &value, sizeof(value));
    }
    return source.at == source.end;
}
