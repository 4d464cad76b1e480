#include "texts.h"

#include <string.h>

typedef struct row {
    const char *name;
    int exit_code;
    const char *zh, *en;
} row_t;

static const row_t rows[TEXTS] = {
    {"T_NONE", 0, "", ""},
#define TEXT(id, exit_code, zh, en) {#id, exit_code, zh, en},
#include "texts_table.h"
#undef TEXT
};

static const row_t *row_of(text_id id) {
    return id > T_NONE && id < TEXTS ? &rows[id] : &rows[T_NONE];
}

const char *text_of(text_id id, language_t language) {
    return language == LANGUAGE_ZH ? row_of(id)->zh : row_of(id)->en;
}

const char *text_name(text_id id) {
    return row_of(id)->name;
}

int text_exit_code(text_id id) {
    return row_of(id)->exit_code;
}

static size_t put(char *buffer, size_t size, size_t used, const char *text, size_t length) {
    size_t room = size > used ? size - used - 1 : 0;

    if (length > room) {
        length = room;
    }
    memcpy(buffer + used, text, length);
    return used + length;
}

size_t text_format(char *buffer, size_t size, text_id id, language_t language, const char *arg) {
    const char *text = text_of(id, language), *mark = strstr(text, "%s");
    size_t used = 0;

    if (size == 0) {
        return 0;
    }
    if (mark == NULL) {
        used = put(buffer, size, 0, text, strlen(text));
    } else {
        used = put(buffer, size, 0, text, (size_t)(mark - text));
        used = put(buffer, size, used, arg != NULL ? arg : "", arg != NULL ? strlen(arg) : 0);
        used = put(buffer, size, used, mark + 2, strlen(mark + 2));
    }
    buffer[used] = '\0';
    return used;
}
