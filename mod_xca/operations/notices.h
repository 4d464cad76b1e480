/* Notices: what people are told by mail. Both languages in one message; queued in ou=outbox by the signer, at most
 * once an event. */
#ifndef XCA_OPERATIONS_NOTICES_H
#define XCA_OPERATIONS_NOTICES_H

#include "operations/signer.h"

typedef struct xca_notice_facts {
    const char *event;   /* "filed", "returned", "issued", ... : texts notice.<event>.subject and .body */
    const char *id;      /* of the event: the same event twice is one message */
    const char *to;
    const char *case_number, *name, *serial, *reason; /* places in the texts; NULL: empty */
    const char *card, *mail_number; /* likewise: {card}, {mail-number} */
    const char *text, *quote; /* {text}, {quote}: several lines */
    apr_time_t until;    /* {until}, 0: empty */
    const char *rows_zh, *rows_en; /* {rows}: lines in the language of the text; NULL: empty */
    int days;            /* {days} */
} xca_notice_facts_t;

/* Queues the notice; without an address nothing is queued. */
xca_error_t *xca_notify(xca_signer_t *signer, const xca_notice_facts_t *facts, apr_time_t now,
                        apr_pool_t *pool) XCA_MUST_USE;

#endif
