/* HTTP on 127.0.0.1 and nowhere else. The one owner of libmicrohttpd. */
#ifndef XCA_CARD_BRIDGE_HTTP_H
#define XCA_CARD_BRIDGE_HTTP_H

#include "bridge.h"

typedef struct bridge_http bridge_http_t;

/* Listens; port 0: any. The bridge's guard is told the port. Fault: T_BRIDGE_PORT (arg: the port). */
fault_t *bridge_http_start(bridge_http_t **http, bridge_t *bridge, int port) MUST_USE;

/* Takes no more requests, waits for those under way. */
void bridge_http_stop(bridge_http_t *http);

#endif
