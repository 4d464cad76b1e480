/* The talk of a job (talk.h): inside the bridge, between an operation and the page. */
#ifndef XCA_CARD_BRIDGE_TALK_H
#define XCA_CARD_BRIDGE_TALK_H

#include <pthread.h>
#include "bridge_job.h"

#define BRIDGE_EVENTS 500

typedef struct bridge_job {
    char id[BRIDGE_JOB_ID + 1];
    bridge_order_t order;
    bridge_event_t events[BRIDGE_EVENTS];
    int event_count, seen; /* the page has got the first `seen`       */
    int question;          /* number of the event that is answered, 0 */
    bridge_reply_t reply;
    int is_answered;
    int stopped;           /* the page wants no more, or has gone     */
    int ended;             /* the operation has                       */
    int is_gone;           /* its events are forgotten                */
    int pollers;
    double last_heard;
} bridge_job_t;

struct bridge_desk {
    const bridge_side_t *side;
    pthread_mutex_t lock; /* of all that follows       */
    pthread_cond_t changed;
    pthread_t thread;
    int has_thread, is_beginning, closing;
    bridge_job_t job;
};

talk_t bridge_talk(bridge_desk_t *desk);

/* All with the lock. A new event, or NULL if there is no room. */
bridge_event_t *bridge_job_event(bridge_desk_t *desk, bridge_event_kind kind, text_id text, const char *arg);

/* Waits for the answer to the last event. Fault: T_CANCELLED. */
fault_t *bridge_job_ask(bridge_desk_t *desk, bridge_reply_t *reply) MUST_USE;

/* Non-zero: the job is to end. */
int bridge_job_is_over(bridge_desk_t *desk);

#endif
