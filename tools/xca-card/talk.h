/* How an operation speaks with its user: it knows no terminal and no browser, only these functions. A command line or a bridge
 * fills them in. */
#ifndef XCA_CARD_TALK_H
#define XCA_CARD_TALK_H

#include "bytes.h"
#include "fault.h"

typedef enum {
    TALK_PIN,      /* the present PIN                */
    TALK_NEW_PIN,  /* one that is set, asked twice   */
    TALK_CODE,     /* the user code                  */
    TALK_PASSWORD  /* of a key file                  */
} talk_secret;

typedef struct talk {
    void *baton;
    /* Something to read while it goes on. `arg` stands for the text's %s. */
    void (*say)(void *baton, text_id text, const char *arg);
    /* A fact of a result: its name and its value. */
    void (*show)(void *baton, text_id name, const char *value);
    /* How one of several checks went: NULL is well. The fault stays the caller's. */
    void (*outcome)(void *baton, text_id name, const fault_t *fault);
    /* A secret that is shown once (the new PIN). */
    void (*show_secret)(void *baton, text_id name, const secret_t *secret);
    /* Long work: step `at` of `of` begins. */
    void (*progress)(void *baton, text_id text, int at, int of);
    /* Yes or no. A fault (T_CANCELLED) ends the operation. */
    fault_t *(*confirm)(void *baton, text_id question, const char *arg, int *yes);
    /* Asks for a secret; `prompt` and `arg` say for what. The one who asked wipes it. */
    fault_t *(*ask_secret)(void *baton, talk_secret kind, text_id prompt, const char *arg,
                           secret_t *secret);
    /* One of several. */
    fault_t *(*choose)(void *baton, text_id question, const char *const *names, int count,
                       int *chosen);
    /* Non-zero: the user wants to stop waiting. */
    int (*stopped)(void *baton);
} talk_t;

#endif
