#include "bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "platform.h"

fault_t *bridge_open(bridge_t *bridge, const bridge_side_t *side) {
    fault_t *fault;

    memset(bridge, 0, sizeof(*bridge));
    bridge->side = side;
    fault = bridge_guard_make(&bridge->guard, side->helper->settings);
    if (fault != NULL) {
        return fault;
    }
    bridge->desk = bridge_desk_open(side);
    pthread_mutex_init(&bridge->lock, NULL);
    return NULL;
}

void bridge_close(bridge_t *bridge) {
    bridge_desk_close(bridge->desk);
    pthread_mutex_destroy(&bridge->lock);
    wipe(bridge, sizeof(*bridge));
}

static language_t language_of(const bridge_request_t *request) {
    return request->accept_language != NULL && strncmp(request->accept_language, "en", 2) == 0 ? LANGUAGE_EN
                                                                                                : LANGUAGE_ZH;
}

static int status_of(const fault_t *fault) {
    switch (fault->text) {
    case T_BRIDGE_HOST:
    case T_BRIDGE_FOREIGN:
    case T_BRIDGE_TOKEN:
    case T_BRIDGE_TICKET:
        return 403;
    case T_BRIDGE_PATH:
    case T_BRIDGE_NO_JOB:
        return 404;
    case T_BRIDGE_METHOD:
        return 405;
    case T_BRIDGE_NO_QUESTION:
        return 409;
    case T_BRIDGE_SIZE:
        return 413;
    case T_BRIDGE_TYPE:
        return 415;
    default:
        return 422;
    }
}

/* Takes the fault over. */
static void refuse(const bridge_request_t *request, bridge_response_t *response, fault_t *fault) {
    response->status = status_of(fault);
    response->json.length = 0;
    bridge_write_fault(&response->json, fault, language_of(request));
    fault_drop(fault);
}

/* On the own side, once for each in a row: a page could ask without end. */
static void tell_refused(bridge_t *bridge, const fault_t *fault) {
    const talk_t *own = bridge->side->helper->talk;
    int is_new;

    if (!fault_is(fault, T_BRIDGE_FOREIGN)) {
        return;
    }
    pthread_mutex_lock(&bridge->lock);
    is_new = strcmp(bridge->refused, fault->arg) != 0;
    if (is_new && strlen(fault->arg) < sizeof(bridge->refused)) {
        memcpy(bridge->refused, fault->arg, strlen(fault->arg) + 1);
    }
    pthread_mutex_unlock(&bridge->lock);
    if (is_new) {
        own->say(own->baton, T_BRIDGE_REFUSED, fault->arg);
    }
}

static int is_json(const char *type) {
    size_t length = strlen("application/json");

    return type != NULL && strncmp(type, "application/json", length) == 0 && strchr("; \t", type[length]) != NULL;
}

static fault_t *check_body(const bridge_request_t *request) {
    if (request->body_too_large || request->body.length > BRIDGE_BODY_MAX) {
        return fault_make(T_BRIDGE_SIZE, NULL, "more than %d bytes", BRIDGE_BODY_MAX);
    }
    return is_json(request->content_type) ? NULL : fault_make(T_BRIDGE_TYPE, NULL, "Content-Type");
}

/* Without a token: a page that has none yet is to know that the helper runs, and to say where its link is to be found. It tells nothing
 * but that, and that to our own pages only. */
static void hello(bridge_t *bridge, const bridge_request_t *request, bridge_response_t *response) {
    bridge_write_hello(&response->json, bridge->side->helper->settings->portal_url, language_of(request),
                       bridge_desk_busy(bridge->desk));
}

/* Who has a key in a file is an officer. */
void bridge_link(bridge_t *bridge, char link[BRIDGE_LINK]) {
    pthread_mutex_lock(&bridge->lock);
    snprintf(link, BRIDGE_LINK, "%s%s#bridge=%d.%s", bridge->guard.origins[0],
             bridge->side->key != NULL ? "/office/login" : "/card/activate", bridge->guard.port, bridge->guard.ticket);
    pthread_mutex_unlock(&bridge->lock);
}

/* The token for the link's ticket. */
static fault_t *redeem(bridge_t *bridge, const bridge_request_t *request, bridge_response_t *response) {
    const talk_t *own = bridge->side->helper->talk;
    char ticket[BRIDGE_TOKEN + 1], link[BRIDGE_LINK];
    int is_new = 0;
    fault_t *fault = check_body(request);

    if (fault == NULL) {
        fault = bridge_read_ticket(ticket, request->body);
    }
    if (fault == NULL) {
        pthread_mutex_lock(&bridge->lock);
        fault = bridge_guard_redeem(&bridge->guard, ticket, platform_clock(), &is_new);
        pthread_mutex_unlock(&bridge->lock);
    }
    if (fault != NULL) {
        return fault;
    }
    bridge_write_token(&response->json, bridge->guard.token);
    if (is_new) {
        bridge_link(bridge, link);
        own->say(own->baton, T_BRIDGE_NEXT_LINK, link);
    }
    return NULL;
}

static fault_t *begin(bridge_t *bridge, const bridge_request_t *request, bridge_response_t *response) {
    char id[BRIDGE_JOB_ID + 1];
    const bridge_operation_t *busy;
    bridge_order_t order;
    fault_t *fault = check_body(request);

    if (fault != NULL) {
        return fault;
    }
    fault = bridge_read_order(&order, request->body);
    if (fault == NULL && strcmp(order.operation->name, "login") == 0) {
        fault = bridge_guard_challenge(bytes_text(&order.texts[0]), request->origin);
    }
    if (fault == NULL) {
        order.language = language_of(request);
        if (bridge_desk_begin(bridge->desk, &order, request->origin, id, &busy)) {
            response->status = 201;
            bridge_write_job(&response->json, id);
        } else if (busy != NULL) {
            response->status = 409;
            bridge_write_busy(&response->json, busy, id, language_of(request));
        } else {
            fault = fault_make(T_INTERNAL, NULL, "no thread");
        }
    }
    bridge_order_free(&order);
    return fault;
}

static fault_t *answer_question(bridge_t *bridge, const bridge_request_t *request, bridge_response_t *response,
                                const char *id) {
    bridge_reply_t reply;
    fault_t *fault = check_body(request);

    if (fault != NULL) {
        return fault;
    }
    fault = bridge_read_reply(&reply, request->body);
    if (fault == NULL) {
        fault = bridge_desk_answer(bridge->desk, id, &reply);
    }
    wipe(&reply, sizeof(reply));
    response->status = 204;
    return fault;
}

static int number_of(const char *text) {
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;

    return digits > 0 && digits < 6 && text[digits] == '\0' ? atoi(text) : 0;
}

static fault_t *job(bridge_t *bridge, const bridge_request_t *request, bridge_response_t *response, const char *rest) {
    char id[BRIDGE_JOB_ID + 1];

    if (strlen(rest) < BRIDGE_JOB_ID) {
        return fault_make(T_BRIDGE_PATH, NULL, "jobs");
    }
    memcpy(id, rest, BRIDGE_JOB_ID);
    id[BRIDGE_JOB_ID] = '\0';
    rest += BRIDGE_JOB_ID;
    if (strcmp(rest, "/answer") == 0) {
        return strcmp(request->method, "POST") == 0 ? answer_question(bridge, request, response, id)
                                                     : fault_make(T_BRIDGE_METHOD, NULL, "answer");
    }
    if (rest[0] != '\0') {
        return fault_make(T_BRIDGE_PATH, NULL, "jobs");
    }
    if (strcmp(request->method, "GET") == 0) {
        return bridge_desk_events(bridge->desk, id, number_of(request->after), BRIDGE_POLL, language_of(request),
                                  &response->json);
    }
    if (strcmp(request->method, "DELETE") == 0) {
        response->status = 204;
        return bridge_desk_stop(bridge->desk, id);
    }
    return fault_make(T_BRIDGE_METHOD, NULL, "jobs");
}

static fault_t *route(bridge_t *bridge, const bridge_request_t *request, bridge_response_t *response) {
    static const char jobs[] = "/v1/jobs";
    fault_t *fault;

    if (strcmp(request->path, "/v1") == 0) {
        if (strcmp(request->method, "GET") != 0) {
            return fault_make(T_BRIDGE_METHOD, NULL, "/v1");
        }
        hello(bridge, request, response);
        return NULL;
    }
    if (strcmp(request->path, "/v1/token") == 0) {
        return strcmp(request->method, "POST") == 0 ? redeem(bridge, request, response)
                                                     : fault_make(T_BRIDGE_METHOD, NULL, "token");
    }
    fault = bridge_guard_token(&bridge->guard, request->token);
    if (fault != NULL) {
        return fault;
    }
    if (strcmp(request->path, jobs) == 0) {
        return strcmp(request->method, "POST") == 0 ? begin(bridge, request, response)
                                                     : fault_make(T_BRIDGE_METHOD, NULL, "jobs");
    }
    if (strncmp(request->path, jobs, strlen(jobs)) == 0 && request->path[strlen(jobs)] == '/') {
        return job(bridge, request, response, request->path + strlen(jobs) + 1);
    }
    return fault_make(T_BRIDGE_PATH, NULL, "unknown");
}

void bridge_answer(bridge_t *bridge, const bridge_request_t *request, bridge_response_t *response) {
    fault_t *fault = bridge_guard_host(&bridge->guard, request->host);

    memset(response, 0, sizeof(*response));
    response->status = 200;
    if (fault == NULL) {
        fault = bridge_guard_origin(&bridge->guard, request->origin);
    }
    if (fault != NULL) { /* no allowing header: the page may not even read this */
        tell_refused(bridge, fault);
        refuse(request, response, fault);
        return;
    }
    response->allow_origin = request->origin;
    if (strcmp(request->method, "OPTIONS") == 0) {
        response->is_preflight = 1;
        response->status = 204;
        return;
    }
    fault = route(bridge, request, response);
    if (fault != NULL) {
        refuse(request, response, fault);
    }
}
