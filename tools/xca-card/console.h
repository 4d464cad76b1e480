/* The talk of a command line: standard output for results, standard error for what goes on, the terminal (or pinentry, or a file
 * descriptor that a program holds) for questions. */
#ifndef XCA_CARD_CONSOLE_H
#define XCA_CARD_CONSOLE_H

#include "platform.h"
#include "talk.h"

typedef struct console {
    language_t language;
    const char *pinentry; /* program, or NULL: the terminal                                     */
    int secrets_fd;       /* secrets come from here, a line each in the order asked; -1: they do not */
    int yes;              /* questions are answered with yes                                     */
    int verbose;          /* details of faults                                                   */
    platform_over_fn *over; /* non-zero: questions end without an answer; NULL: they wait        */
    void *over_baton;
    bytes_t shown;        /* of what is to be signed, for pinentry's question                    */
} console_t;

talk_t console_talk(console_t *console);

/* Tells a fault. */
void console_fault(const console_t *console, const fault_t *fault);

void console_free(console_t *console);

#endif
