/* Everything the helper says, in both languages: the table is texts_table.h, where no text can be without one of them. */
#ifndef XCA_CARD_TEXTS_H
#define XCA_CARD_TEXTS_H

#include <stddef.h>

typedef enum {
    T_NONE,
#define TEXT(id, exit_code, zh, en) id,
#include "texts_table.h"
#undef TEXT
    TEXTS
} text_id;

typedef enum { LANGUAGE_ZH, LANGUAGE_EN } language_t;

/* The text with its %s; "" for T_NONE. */
const char *text_of(text_id id, language_t language);

/* The text with `arg` in the place of its %s. Returns the length that was written. */
size_t text_format(char *buffer, size_t size, text_id id, language_t language, const char *arg);

/* "T_CARD_REMOVED": for programs. */
const char *text_name(text_id id);

/* The exit code of a fault with this text. */
int text_exit_code(text_id id);

#endif
