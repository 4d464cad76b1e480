#include "wire/statement.h"

#include <string.h>

#define FIRST_LINE "XCA-STATEMENT-1\n"

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

static int only_of(const char *text, size_t length, const char *alphabet) {
    return strlen(text) == length && strspn(text, alphabet) == length;
}

static int well_formed_time(const char *time) {
    size_t i;

    if (strlen(time) != 16) {
        return 0;
    }
    for (i = 0; i < 16; i++) {
        char wanted = i == 8 ? 'T' : i == 15 ? 'Z' : '0';

        if (wanted == '0' ? time[i] < '0' || time[i] > '9' : time[i] != wanted) {
            return 0;
        }
    }
    return 1;
}

/* Bytes of the UTF-8 sequence at `s` (RFC 3629), 0 if there is none. */
static size_t utf8_sequence(const unsigned char *s) {
    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        return (s[1] & 0xc0) == 0x80 ? 2 : 0;
    }
    if ((s[0] & 0xf0) == 0xe0) {
        int overlong = s[0] == 0xe0 && s[1] < 0xa0;
        int surrogate = s[0] == 0xed && s[1] > 0x9f;

        return !overlong && !surrogate && (s[1] & 0xc0) == 0x80 && (s[2] & 0xc0) == 0x80 ? 3 : 0;
    }
    if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        int overlong = s[0] == 0xf0 && s[1] < 0x90;
        int beyond = s[0] == 0xf4 && s[1] > 0x8f;

        return !overlong && !beyond && (s[1] & 0xc0) == 0x80 && (s[2] & 0xc0) == 0x80 &&
                       (s[3] & 0xc0) == 0x80
                   ? 4
                   : 0;
    }
    return 0;
}

static int well_formed_text(const char *text) {
    const unsigned char *s = (const unsigned char *)text;

    while (*s != '\0') {
        size_t length = utf8_sequence(s);

        if (length == 0 || *s == 0x7f || (*s < 0x20 && *s != '\n' && *s != '\r')) {
            return 0;
        }
        s += length;
    }
    return 1;
}

static int one_of(const char *text, const char *a, const char *b) {
    return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

static int well_formed(const xca_statement_t *statement) {
    static const char uid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@";

    return only_of(statement->case_number, 25, "0123456789") &&
           only_of(statement->content, 64, "0123456789abcdef") &&
           one_of(statement->stage, "first", "second") &&
           one_of(statement->decision, "accept", "return") && well_formed_text(statement->letter) &&
           well_formed_text(statement->reason) && statement->officer[0] != '\0' &&
           only_of(statement->officer, strlen(statement->officer), uid) &&
           well_formed_time(statement->time);
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

size_t xca_statement_write(const xca_statement_t *statement, char *buffer, size_t size) {
    sink_t sink = {buffer, size, 0, 0};

    if (!well_formed(statement)) {
        return 0;
    }
    put(&sink, FIRST_LINE, sizeof(FIRST_LINE) - 1);
    put_line(&sink, "case: ", statement->case_number);
    put_line(&sink, "content: sha256:", statement->content);
    put_line(&sink, "stage: ", statement->stage);
    put_line(&sink, "decision: ", statement->decision);
    put_line(&sink, "letter: ", statement->letter);
    put_line(&sink, "reason: ", statement->reason);
    put_line(&sink, "officer: ", statement->officer);
    put_line(&sink, "time: ", statement->time);
    return sink.full ? 0 : sink.used;
}

static int take(source_t *source, const char *text) {
    size_t length = strlen(text);

    if ((size_t)(source->end - source->at) < length || memcmp(source->at, text, length) != 0) {
        return 0;
    }
    source->at += length;
    return 1;
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

/* Reads "name" and its value to the end of the line into `value` of `size` bytes. */
static int take_line(source_t *source, const char *name, char *value, size_t size) {
    size_t used = 0;

    if (!take(source, name)) {
        return 0;
    }
    while (source->at < source->end && *source->at != '\n') {
        int escaped = *source->at == '\\';
        int c = escaped ? take_escape(source) : (unsigned char)*source->at++;

        if (c <= 0 || (c == '\r' && !escaped) || used + 1 >= size) {
            return 0;
        }
        value[used++] = (char)c;
    }
    value[used] = '\0';
    return take(source, "\n");
}

int xca_statement_read(xca_statement_t *statement, const char *text, size_t length) {
    source_t source = {text, text + length};

    memset(statement, 0, sizeof(*statement));
    if (length > XCA_STATEMENT_MAX || !take(&source, FIRST_LINE)) {
        return 0;
    }
    return take_line(&source, "case: ", statement->case_number, sizeof(statement->case_number)) &&
           take_line(&source, "content: sha256:", statement->content, sizeof(statement->content)) &&
           take_line(&source, "stage: ", statement->stage, sizeof(statement->stage)) &&
           take_line(&source, "decision: ", statement->decision, sizeof(statement->decision)) &&
           take_line(&source, "letter: ", statement->letter, sizeof(statement->letter)) &&
           take_line(&source, "reason: ", statement->reason, sizeof(statement->reason)) &&
           take_line(&source, "officer: ", statement->officer, sizeof(statement->officer)) &&
           take_line(&source, "time: ", statement->time, sizeof(statement->time)) &&
           source.at == source.end && well_formed(statement);
}
