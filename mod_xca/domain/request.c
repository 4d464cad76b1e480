#include "domain/request.h"

#include <string.h>

static const char *const kind_ids[XCA_REQUEST_COUNT] = {"show", "accept", "refuse", "suspend",
                                                        "resume", "notices-off", "notices-on", "code",
                                                        "device-secret", "device-secret-off", "card", "responder", "cmp-signer",
                                                        "confirm"};
static const char *const state_ids[] = {"waiting", "done", "denied"};

const char *xca_request_kind_id(xca_request_kind kind) {
    return kind < XCA_REQUEST_COUNT ? kind_ids[kind] : "unknown"; /* of an entry that says another */
}

int xca_request_has_message(xca_request_kind kind) {
    return kind >= XCA_REQUEST_CARD;
}

int xca_request_is_of_case(xca_request_kind kind) {
    return kind == XCA_REQUEST_SECRET || kind == XCA_REQUEST_SECRET_OFF;
}

xca_request_kind xca_request_kind_by_id(const char *id) {
    int i;

    for (i = 0; i < XCA_REQUEST_COUNT; i++) {
        if (id != NULL && strcmp(id, kind_ids[i]) == 0) {
            return (xca_request_kind)i;
        }
    }
    return XCA_REQUEST_COUNT;
}

const char *xca_request_state_id(xca_request_state state) {
    return state_ids[state];
}
