/* The bridge's JSON: what pages send, and what they are told. */
#ifndef XCA_CARD_BRIDGE_JSON_H
#define XCA_CARD_BRIDGE_JSON_H

#include "bridge_event.h"
#include "bridge_guard.h"
#include "bridge_operations.h"

/* Once, before there are threads: what a request said is wiped when it has been read. */
void bridge_json_begin(void);

/* POST /v1/jobs. Faults: T_BRIDGE_JSON, T_BRIDGE_OPERATION, T_CONTACT_FORM. The caller frees the order. */
fault_t *bridge_read_order(bridge_order_t *order, view_t json) MUST_USE;

/* POST /v1/jobs/ID/answer: to which question, and what. Fault: T_BRIDGE_JSON. The caller wipes the reply. */
typedef struct bridge_reply {
    int question;
    bridge_ask_kind kind;
    secret_t secret;
    int yes, chosen;
} bridge_reply_t;

fault_t *bridge_read_reply(bridge_reply_t *reply, view_t json) MUST_USE;

/* POST /v1/token: {"ticket": ...}. Fault: T_BRIDGE_JSON. */
fault_t *bridge_read_ticket(char ticket[BRIDGE_TOKEN + 1], view_t json) MUST_USE;

/* {"token": ...} */
void bridge_write_token(bytes_t *json, const char *token);

/* {"fault": {...}}; with `job` also the busy job. */
void bridge_write_fault(bytes_t *json, const fault_t *fault, language_t language);

/* {"fault": {...}, "busy": {"operation", "job"}} */
void bridge_write_busy(bytes_t *json, const bridge_operation_t *operation, const char *job, language_t language);

/* {"job": ID} */
void bridge_write_job(bytes_t *json, const char *job);

/* The answer of GET /v1: what this is. */
void bridge_write_hello(bytes_t *json, const char *portal, language_t language, const bridge_operation_t *busy);

/* {"state": "running" | "ended", "events": [...]}: the events from number `first` on, which count from 1. */
void bridge_write_events(bytes_t *json, bridge_event_t *events, int first, int count, int ended,
                         language_t language);

#endif
