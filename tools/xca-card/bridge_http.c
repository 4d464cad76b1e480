#include "bridge_http.h"

#include <stdlib.h>
#include <string.h>
#include <microhttpd.h>

#if !defined(_WIN32)
#include <arpa/inet.h>
#include <netinet/in.h>
#endif

#define CONNECTIONS 32
#define IDLE        60u /* seconds */

struct bridge_http {
    struct MHD_Daemon *daemon;
    bridge_t *bridge;
};

/* A request whose body is coming in. */
typedef struct upload {
    bytes_t body;
    int too_large;
} upload_t;

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void free_json(void *baton) {
    bytes_t *json = baton;

    bytes_free(json);
    free(json);
}

/* The library sends from the bytes themselves; they are wiped afterwards. */
static struct MHD_Response *body_of(bridge_response_t *response) {
    bytes_t *json = calloc(1, sizeof(*json));
    struct MHD_Response *made;

    if (json == NULL) {
        abort();
    }
    *json = response->json;
    memset(&response->json, 0, sizeof(response->json));
    made = MHD_create_response_from_buffer_with_free_callback_cls(json->length, json->data, free_json, json);
    if (made == NULL) {
        free_json(json);
    }
    return made;
}

/* For pages of other origins (Fetch standard, CORS protocol). Browsers before "Local Network Access" (Chromium up to 137) asked in the
 * preflight for Access-Control-Allow-Private-Network; those since then, and Firefox, ask the user, for which no header is needed. */
static void add_cors(struct MHD_Response *made, const bridge_response_t *response) {
    MHD_add_response_header(made, "Vary", "Origin, Accept-Language");
    if (response->allow_origin != NULL) {
        MHD_add_response_header(made, "Access-Control-Allow-Origin", response->allow_origin);
    }
    if (response->is_preflight) {
        MHD_add_response_header(made, "Access-Control-Allow-Methods", "GET, POST, DELETE");
        MHD_add_response_header(made, "Access-Control-Allow-Headers", "Content-Type, X-XCA-Token, Accept-Language");
        MHD_add_response_header(made, "Access-Control-Allow-Private-Network", "true");
        MHD_add_response_header(made, "Access-Control-Max-Age", "600");
    }
}

static enum MHD_Result send_out(struct MHD_Connection *connection, bridge_response_t *response) {
    struct MHD_Response *made = body_of(response);
    enum MHD_Result queued;

    if (made == NULL) {
        return MHD_NO;
    }
    add_cors(made, response);
    MHD_add_response_header(made, "Cache-Control", "no-store");
    MHD_add_response_header(made, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(made, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    MHD_add_response_header(made, "Cross-Origin-Resource-Policy", "same-origin");
    if (response->status != 204) {
        MHD_add_response_header(made, "Content-Type", "application/json");
    }
    queued = MHD_queue_response(connection, (unsigned)response->status, made);
    MHD_destroy_response(made);
    return queued;
}

/* What was copied is wiped where it came in: it may hold a PIN. */
static void take_upload(upload_t *upload, char *data, size_t length) {
    if (upload->too_large || length > BRIDGE_BODY_MAX - upload->body.length) {
        upload->too_large = 1;
    } else {
        bytes_add(&upload->body, data, length);
    }
    wipe(data, length);
}

static enum MHD_Result on_request(void *baton, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *length,
                                  void **state) {
    bridge_http_t *http = baton;
    upload_t *upload = *state;
    bridge_request_t request;
    bridge_response_t response;

    if (upload == NULL) {
        *state = calloc(1, sizeof(upload_t));
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*length > 0) {
        take_upload(upload, (char *)data, *length);
        *length = 0;
        return MHD_YES;
    }
    memset(&request, 0, sizeof(request));
    request.method = method;
    request.path = url;
    request.host = header(connection, "Host");
    request.origin = header(connection, "Origin");
    request.token = header(connection, "X-XCA-Token");
    request.content_type = header(connection, "Content-Type");
    request.accept_language = header(connection, "Accept-Language");
    request.after = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "after");
    request.body = bytes_view(&upload->body);
    request.body_too_large = upload->too_large;
    bridge_answer(http->bridge, &request, &response);
    return send_out(connection, &response);
}

static void on_end(void *baton, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode how) {
    upload_t *upload = *state;

    if (upload != NULL) {
        bytes_free(&upload->body);
        free(upload);
    }
    *state = NULL;
}

static struct MHD_Daemon *listen_at(bridge_http_t *http, int port) {
    struct sockaddr_in address;

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL, on_request,
                            http, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_NOTIFY_COMPLETED,
                            on_end, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
                            MHD_OPTION_CONNECTION_TIMEOUT, IDLE, MHD_OPTION_END);
}

fault_t *bridge_http_start(bridge_http_t **result, bridge_t *bridge, int port) {
    bridge_http_t *http = calloc(1, sizeof(*http));
    const union MHD_DaemonInfo *info;

    if (http == NULL) {
        abort();
    }
    http->bridge = bridge;
    http->daemon = listen_at(http, port);
    info = http->daemon != NULL ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (info == NULL || info->port == 0) {
        bridge_http_stop(http);
        return fault_number(T_BRIDGE_PORT, port, "listening");
    }
    bridge->guard.port = info->port;
    *result = http;
    return NULL;
}

void bridge_http_stop(bridge_http_t *http) {
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    free(http);
}
