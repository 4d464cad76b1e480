/* What went wrong, to be told in words: the text of texts.h, what it names, and a detail for those who look closer. Every
 * function that can fail returns a fault or NULL; whoever does not pass it on drops it. A fault never holds a secret. */
#ifndef XCA_CARD_FAULT_H
#define XCA_CARD_FAULT_H

#include "texts.h"

#define MUST_USE __attribute__((warn_unused_result))

typedef struct fault {
    text_id text;
    char arg[4096]; /* may be what the portal has said */
    char detail[300];
} fault_t;

/* `arg` (or NULL) stands for the %s of the text. `detail` is a printf format. Never returns NULL. */
fault_t *fault_make(text_id text, const char *arg, const char *detail, ...) MUST_USE
    __attribute__((format(printf, 3, 4)));

/* The same with a number as the %s of the text. */
fault_t *fault_number(text_id text, long number, const char *detail) MUST_USE;

void fault_drop(fault_t *fault);

int fault_is(const fault_t *fault, text_id text);

#endif
