/* The bridge: what a page asks over HTTP on 127.0.0.1, and what it gets. Knows no sockets (bridge_http.h). */
#ifndef XCA_CARD_BRIDGE_H
#define XCA_CARD_BRIDGE_H

#include <pthread.h>
#include "bridge_guard.h"
#include "bridge_job.h"

#define BRIDGE_BODY_MAX 262144
#define BRIDGE_POLL     20.0 /* seconds that a page waits for something new */

typedef struct bridge {
    bridge_guard_t guard;
    bridge_desk_t *desk;
    const bridge_side_t *side;
    pthread_mutex_t lock;        /* of the guard's tickets and what follows */
    char refused[BRIDGE_ORIGIN]; /* the foreign origin that was told last */
} bridge_t;

/* `side` must live as long. Fault: T_BRIDGE_ORIGINS. */
fault_t *bridge_open(bridge_t *bridge, const bridge_side_t *side) MUST_USE;
void bridge_close(bridge_t *bridge);

#define BRIDGE_LINK (BRIDGE_ORIGIN + 96)

/* The link that takes the bridge to a page; what stands behind # is never sent to a server. */
void bridge_link(bridge_t *bridge, char link[BRIDGE_LINK]);

/* One request. Headers that did not come are NULL. */
typedef struct bridge_request {
    const char *method, *path;
    const char *host, *origin, *token, *content_type, *accept_language;
    const char *after; /* of the query */
    view_t body;
    int body_too_large;
} bridge_request_t;

typedef struct bridge_response {
    int status;
    const char *allow_origin; /* to be echoed; NULL: none                      */
    int is_preflight;         /* the answer to OPTIONS: methods, headers, age  */
    bytes_t json;             /* empty: no body                                */
} bridge_response_t;

/* Host, origin and token are checked before anything else. Never fails: faults become 4xx with their words. The caller frees the JSON. */
void bridge_answer(bridge_t *bridge, const bridge_request_t *request, bridge_response_t *response);

#endif
