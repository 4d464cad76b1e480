/* A card that follows a script: the commands it must get, and what it answers, both in hexadecimal. "*" takes any command. A command
 * that is not the one expected fails the test. */
#ifndef XCA_CARD_SCRIPT_H
#define XCA_CARD_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "apdu.h"

typedef struct script {
    const char *const *lines; /* command, answer, ..., NULL */
    int at;
} script_t;

static fault_t *play(void *baton, const unsigned char *send, size_t length, unsigned char *receive,
                     size_t *received) {
    script_t *script = baton;
    char *got = malloc(2 * length + 1);
    const char *expected = script->lines[script->at];
    int count;

    assert_non_null(got);
    hex_write(got, send, length);
    assert_non_null(expected);
    if (strcmp(expected, "*") != 0) {
        assert_string_equal(got, expected);
    }
    free(got);
    count = hex_read(receive, *received, script->lines[script->at + 1]);
    assert_true(count >= 0);
    *received = (size_t)count;
    script->at += 2;
    return NULL;
}

static inline apdu_line_t script_line(script_t *script, const char *const *lines) {
    apdu_line_t line = {play, script, 0};

    script->lines = lines;
    script->at = 0;
    return line;
}

/* The fault's text, T_NONE if there is none; the fault is dropped. */
static inline text_id told(fault_t *fault) {
    text_id text = fault != NULL ? fault->text : T_NONE;

    fault_drop(fault);
    return text;
}

#endif
