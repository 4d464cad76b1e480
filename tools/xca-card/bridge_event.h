/* What a job has said so far, to be told to a page in its language. */
#ifndef XCA_CARD_BRIDGE_EVENT_H
#define XCA_CARD_BRIDGE_EVENT_H

#include "talk.h"

#define BRIDGE_OPTIONS 16

typedef enum {
    EVENT_SAY,
    EVENT_SHOW,
    EVENT_OUTCOME,
    EVENT_SECRET,   /* shown once: wiped when the page has it */
    EVENT_PROGRESS,
    EVENT_ASK,      /* waits for an answer of its number      */
    EVENT_HERE,     /* something is asked or shown on the helper's own side */
    EVENT_RESULT,   /* SignedData of one of the texts          */
    EVENT_FAULT,    /* the last one of a job that failed       */
    EVENT_DONE      /* the last one of a job that did not      */
} bridge_event_kind;

typedef enum { ASK_SECRET, ASK_CONFIRM, ASK_CHOOSE } bridge_ask_kind;

typedef struct bridge_event {
    bridge_event_kind kind;
    text_id text;
    bytes_t arg;            /* what stands for the text's %s; value of EVENT_SHOW; DER of EVENT_RESULT */
    int has_arg;
    secret_t secret;        /* EVENT_SECRET                                       */
    int at, of;             /* EVENT_PROGRESS, EVENT_RESULT: which of how many    */
    text_id wrong;          /* EVENT_OUTCOME: T_NONE if it is well                */
    bytes_t wrong_arg;
    bridge_ask_kind ask;    /* EVENT_ASK                                          */
    talk_secret secret_kind;
    bytes_t options[BRIDGE_OPTIONS];
    int option_count;
} bridge_event_t;

void bridge_event_free(bridge_event_t *event);

#endif
