#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

fault_t *fault_make(text_id text, const char *arg, const char *detail, ...) {
    fault_t *fault = calloc(1, sizeof(*fault));
    va_list arguments;

    if (fault == NULL) {
        abort();
    }
    fault->text = text;
    snprintf(fault->arg, sizeof(fault->arg), "%s", arg != NULL ? arg : "");
    va_start(arguments, detail);
    vsnprintf(fault->detail, sizeof(fault->detail), detail, arguments);
    va_end(arguments);
    return fault;
}

fault_t *fault_number(text_id text, long number, const char *detail) {
    char arg[24];

    snprintf(arg, sizeof(arg), "%ld", number);
    return fault_make(text, arg, "%s", detail);
}

void fault_drop(fault_t *fault) {
    free(fault);
}

int fault_is(const fault_t *fault, text_id text) {
    return fault != NULL && fault->text == text;
}
