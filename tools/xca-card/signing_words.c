#include "signing_words.h"

#include <string.h>

typedef struct named {
    const char *name;
    text_id text;
} named_t;

static const named_t names[] = {
    {"case", T_LINE_CASE},         {"content", T_LINE_CONTENT},     {"stage", T_LINE_STAGE},
    {"decision", T_LINE_DECISION}, {"letter", T_LINE_LETTER},       {"reason", T_LINE_REASON},
    {"officer", T_LINE_OFFICER},   {"time", T_LINE_TIME},           {"portal", T_LINE_PORTAL},
    {"nonce", T_LINE_NONCE},       {"operation", T_LINE_OPERATION}, {"card", T_LINE_CARD},
    {"issued", T_LINE_TIME},
    {"order", T_LINE_ORDER},
    {"kind", T_LINE_KIND},
    {"subject", T_LINE_SUBJECT},
    {"title", T_LINE_TITLE},
    {"role", T_LINE_ROLE},
    {"person", T_LINE_PERSON},
    {"active", T_LINE_ACTIVE},
    {"certificate", T_LINE_CERTIFICATE},
    {"window", T_LINE_WINDOW},
    {"county", T_LINE_COUNTY},
    {"classes", T_LINE_CLASSES},
    {"address", T_LINE_ADDRESS},
    {"phone", T_LINE_PHONE},
    {"code", T_LINE_CODE},
    {"number", T_LINE_NUMBER},
    {"name", T_LINE_NAME},
    {"contact", T_LINE_CONTACT},
    {"remark", T_LINE_REMARK},
};

/* Values of these two alone: elsewhere the same word means what it says. */
static const named_t stages[] = {{"first", T_STAGE_FIRST}, {"second", T_STAGE_SECOND}, {"third", T_STAGE_THIRD}};
static const named_t decisions[] = {{"accept", T_DECISION_ACCEPT}, {"return", T_DECISION_RETURN}};

static const named_t *find(const named_t *list, size_t count, view_t word) {
    size_t i;

    for (i = 0; i < count; i++) {
        if (strlen(list[i].name) == word.length && memcmp(list[i].name, word.data, word.length) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

static const named_t *known_value(const named_t *name, view_t value) {
    if (name != NULL && name->text == T_LINE_STAGE) {
        return find(stages, sizeof(stages) / sizeof(stages[0]), value);
    }
    if (name != NULL && name->text == T_LINE_DECISION) {
        return find(decisions, sizeof(decisions) / sizeof(decisions[0]), value);
    }
    return NULL;
}

/* A line end of a value stays visible as one of its own line, set in: what stands behind it can be taken for no line of the text. */
static void add_value(bytes_t *words, view_t value) {
    size_t i;

    for (i = 0; i < value.length; i++) {
        unsigned char next = value.data[i] == '\\' && i + 1 < value.length ? value.data[i + 1] : 0;

        if (next == 'n') {
            bytes_add_text(words, "\n    ");
        } else if (next == '\\') {
            bytes_add_byte(words, '\\');
        } else if (next != 'r') {
            bytes_add_byte(words, value.data[i]);
            continue;
        }
        i++;
    }
}

/* 20261124T050500Z as 2026-11-24 05:05:00 UTC. */
static int add_time(bytes_t *words, view_t value) {
    static const char pattern[] = "dddddddd" "T" "dddddd" "Z";
    const unsigned char *t = value.data;
    size_t i;

    if (value.length != sizeof(pattern) - 1) {
        return 0;
    }
    for (i = 0; i < value.length; i++) {
        if (pattern[i] == 'd' ? t[i] < '0' || t[i] > '9' : t[i] != (unsigned char)pattern[i]) {
            return 0;
        }
    }
    for (i = 0; i < 8; i++) {
        bytes_add(words, t + i, 1);
        bytes_add_text(words, i == 3 || i == 5 ? "-" : "");
    }
    for (i = 9; i < 15; i++) {
        bytes_add_text(words, i == 9 ? " " : i == 11 || i == 13 ? ":" : "");
        bytes_add(words, t + i, 1);
    }
    bytes_add_text(words, " UTC");
    return 1;
}

static void add_line(bytes_t *words, view_t name, view_t value, language_t language) {
    const named_t *known = find(names, sizeof(names) / sizeof(names[0]), name);
    const named_t *meaning = known_value(known, value);

    bytes_add_text(words, "  ");
    if (known != NULL) {
        bytes_add_text(words, text_of(known->text, language));
    } else {
        bytes_add(words, name.data, name.length);
    }
    bytes_add_text(words, language == LANGUAGE_ZH ? "：" : ": ");
    if (meaning != NULL) {
        bytes_add_text(words, text_of(meaning->text, language));
    } else if (known == NULL || known->text != T_LINE_TIME || !add_time(words, value)) {
        add_value(words, value);
    }
    bytes_add_byte(words, '\n');
}

/* A line that is no "name: value" stands as it is. */
static void add_words_of(bytes_t *words, view_t line, language_t language) {
    const unsigned char *colon = memchr(line.data, ':', line.length);
    view_t name = line, value;

    if (colon == NULL || colon + 1 == line.data + line.length || colon[1] != ' ') {
        bytes_add_text(words, "  ");
        bytes_add(words, line.data, line.length);
        bytes_add_byte(words, '\n');
        return;
    }
    name.length = (size_t)(colon - line.data);
    value.data = colon + 2;
    value.length = line.length - name.length - 2;
    if (value.length > 0) {
        add_line(words, name, value, language);
    }
}

void signing_words(bytes_t *words, view_t text, language_t language) {
    size_t at = 0;
    int is_first = 1;

    while (at < text.length) {
        const unsigned char *start = text.data + at, *end = memchr(start, '\n', text.length - at);
        view_t line = {start, end != NULL ? (size_t)(end - start) : text.length - at};

        if (!is_first && line.length > 0) { /* the first names the format */
            add_words_of(words, line, language);
        }
        is_first = 0;
        at += line.length + 1;
    }
}

/* The code point at `s`, its bytes in *length (0: none). */
static unsigned long code_point(const unsigned char *s, size_t left, size_t *length) {
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t bytes = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0, i;
    unsigned long point = bytes == 1 ? s[0] : s[0] & (0x7fu >> bytes);

    *length = 0;
    if (bytes == 0 || bytes > left) {
        return 0;
    }
    for (i = 1; i < bytes; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (s[i] & 0x3f);
    }
    if (point < least[bytes] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    *length = bytes;
    return point;
}

static int misleads(unsigned long point) {
    return (point < 0x20 && point != '\n') || (point >= 0x7f && point < 0xa0) || point == 0x61c || point == 0x200e ||
           point == 0x200f || (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

int signing_is_readable(view_t text) {
    size_t at = 0, length;

    while (at < text.length) {
        unsigned long point = code_point(text.data + at, text.length - at, &length);

        if (length == 0 || misleads(point)) {
            return 0;
        }
        at += length;
    }
    return 1;
}
