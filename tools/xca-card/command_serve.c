/* xca-card serve: the bridge for the portal's pages. */
#include <stdlib.h>
#include <string.h>
#include "bridge_http.h"
#include "command.h"
#include "platform.h"

#define PORT          17886
#define WAIT_SECONDS  600.0 /* for a card; the page can stop it */
#define PAGE_PATIENCE 30.0

static fault_t *take_port(const command_line_t *line, int *port) {
    const char *value = command_option(line, "port");

    *port = PORT;
    if (value == NULL) {
        return NULL;
    }
    if (value[0] == '\0' || strlen(value) > 5 || strspn(value, "0123456789") != strlen(value) ||
        atoi(value) > 65535) {
        return fault_make(T_USAGE, NULL, "--port");
    }
    *port = atoi(value);
    return NULL;
}

static void tell_ready(const command_line_t *line, bridge_t *bridge) {
    const talk_t *own = &line->talk;
    char link[BRIDGE_LINK];
    int i;

    for (i = 0; i < bridge->guard.origin_count; i++) {
        own->say(own->baton, T_BRIDGE_READY, bridge->guard.origins[i]);
    }
    bridge_link(bridge, link);
    own->say(own->baton, T_BRIDGE_LINK, link);
}

static fault_t *serve(const command_line_t *line, bridge_t *bridge, int port) {
    bridge_http_t *http = NULL;
    fault_t *fault;

    platform_end_prepare();
    fault = bridge_http_start(&http, bridge, port);
    if (fault == NULL) {
        tell_ready(line, bridge);
        platform_end_wait();
        bridge_desk_stop_all(bridge->desk);
        bridge_http_stop(http);
        line->talk.say(line->talk.baton, T_BRIDGE_STOPPED, NULL);
    }
    return fault;
}

fault_t *command_serve(command_line_t *line) {
    bridge_side_t side;
    bridge_t bridge;
    int port;
    fault_t *fault = take_port(line, &port);

    memset(&side, 0, sizeof(side));
    if (!command_has(line, "wait")) {
        line->helper.wait_seconds = WAIT_SECONDS;
    }
    side.helper = &line->helper;
    side.ask_here = command_has(line, "ask-here");
    side.patience = PAGE_PATIENCE;
    /* Before there are pages: the key file's password is nothing for them. */
    if (fault == NULL) {
        fault = command_key(line, 0, &side.key);
    }
    if (fault == NULL) {
        fault = bridge_open(&bridge, &side);
        if (fault == NULL) {
            bridge_json_begin();
            line->console.over = bridge_desk_is_over;
            line->console.over_baton = bridge.desk;
            fault = serve(line, &bridge, port);
            bridge_close(&bridge);
        }
    }
    file_key_free(side.key);
    return fault;
}
