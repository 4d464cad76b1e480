/* The one operation that goes on at a time, in a thread of its own: what it says becomes events that a page fetches, what it asks waits
 * for the page's answer (or is asked on the helper's own side). A page that goes away ends its job after a while. */
#ifndef XCA_CARD_BRIDGE_JOB_H
#define XCA_CARD_BRIDGE_JOB_H

#include "bridge_json.h"

#define BRIDGE_JOB_ID 32 /* hexadecimal digits */

/* What the helper has on its own side. */
typedef struct bridge_side {
    const helper_t *helper; /* settings, reader, how long to wait; its talk is that of the own side */
    file_key_t *key;        /* signs instead of a card; NULL: there is none                         */
    int ask_here;           /* PINs and confirmations are asked here, never in the page             */
    double patience;        /* seconds without a page until its job is ended                        */
} bridge_side_t;

typedef struct bridge_desk bridge_desk_t;

/* `side` must live as long. */
bridge_desk_t *bridge_desk_open(const bridge_side_t *side);

/* Ends the job and waits for its end. */
void bridge_desk_close(bridge_desk_t *desk);

/* Ends waiting of every kind, so that threads that wait come back. */
void bridge_desk_stop_all(bridge_desk_t *desk);

/* Begins; the desk takes the order over and empties it. Returns 1 and the job's id, or 0 if another goes on: its id, and what it is. */
int bridge_desk_begin(bridge_desk_t *desk, bridge_order_t *order, const char *origin, char id[BRIDGE_JOB_ID + 1],
                      const bridge_operation_t **busy);

/* Non-zero: what is asked for the present job is asked in vain. `desk` is a bridge_desk_t; for console_t's `over`. */
int bridge_desk_is_over(void *desk);

/* What goes on, or NULL. */
const bridge_operation_t *bridge_desk_busy(bridge_desk_t *desk);

/* The events after number `after`, which the page has got: secrets up to there are wiped. Waits up to `seconds` for one. Fault: T_BRIDGE_NO_JOB. */
fault_t *bridge_desk_events(bridge_desk_t *desk, const char *id, int after, double seconds, language_t language,
                            bytes_t *json) MUST_USE;

/* Faults: T_BRIDGE_NO_JOB, T_BRIDGE_NO_QUESTION. */
fault_t *bridge_desk_answer(bridge_desk_t *desk, const char *id, const bridge_reply_t *reply) MUST_USE;

/* The user of the page wants no more. Fault: T_BRIDGE_NO_JOB. */
fault_t *bridge_desk_stop(bridge_desk_t *desk, const char *id) MUST_USE;

#endif
