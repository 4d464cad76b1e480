#include "bridge_event.h"

#include <string.h>

void bridge_event_free(bridge_event_t *event) {
    int i;

    bytes_free(&event->arg);
    bytes_free(&event->wrong_arg);
    for (i = 0; i < event->option_count; i++) {
        bytes_free(&event->options[i]);
    }
    wipe(event, sizeof(*event));
}
