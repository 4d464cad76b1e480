/* For the files operations/signer_card*.c alone: one message on its way through the signer. */
#ifndef XCA_OPERATIONS_SIGNER_CARD_PARTS_H
#define XCA_OPERATIONS_SIGNER_CARD_PARTS_H

#include "domain/card.h"
#include "operations/signer_card.h"
#include "wire/card_message.h"

typedef struct xca_card_task {
    xca_signer_t *signer;
    xca_card_message_t message;
    const xca_officer_t *officer; /* of operators' messages */
    xca_card_t *card;             /* message.card as recorded, or NULL */
    xca_cert_t *certs[XCA_USE_COUNT]; /* of the card */
    xca_secret_t *sealed;         /* message.sealed, opened; NULL if it has none */
    apr_time_t now;
    apr_pool_t *pool;
    /* the outcome */
    const char *answer;    /* why it is denied: a message, behind a space those that are its reasons; NULL: done */
    int tries_left;
    xca_card_reply_t reply;
} xca_card_task_t;

/* An operation: carries the message out, fills the reply or sets `answer`. An error is a fault: the message stays waiting
 * and is tried again. */
typedef xca_error_t *xca_card_operation(xca_card_task_t *task);

xca_card_operation xca_card_queue, xca_card_make, xca_card_keys, xca_card_made, xca_card_discard,
    xca_card_dispatch;                                                    /* signer_card_make.c    */
xca_card_operation xca_card_activate, xca_card_unlock, xca_card_changing, xca_card_confirm;
                                                                          /* signer_card_pin.c     */
xca_card_operation xca_card_contact_show, xca_card_contact_change;        /* signer_card_contact.c */

/* An error that says why (XCA_E_INVALID, XCA_E_DENIED, XCA_E_CONFLICT, XCA_E_NOT_FOUND) becomes the answer; a fault
 * stays one. */
xca_error_t *xca_card_refuse(xca_card_task_t *task, xca_error_t *err) XCA_MUST_USE;

/* Who has sent the message, for the audit log. */
const char *xca_card_actor(const xca_card_task_t *task);

/* Moves the card on, with an entry in the audit log before: `changed` is written in place of task->card and becomes it. */
xca_error_t *xca_card_move(xca_card_task_t *task, const xca_card_t *changed) XCA_MUST_USE;

/* Issues the card's three certificates for the requests of the message (signer_card_issue.c), or finds those that were
 * issued for the same keys before; into task->certs. Refusals: those of crypto_csr.h, "key.*", "card.keys-same", "card.pop". */
xca_error_t *xca_card_issue(xca_card_task_t *task, const xca_case_t *kase) XCA_MUST_USE;

/* The PUKs of a card (card_secrets.c): opened from and sealed into card->secrets. Error: XCA_E_INTERNAL
 * "card.secrets". */
xca_error_t *xca_card_puks_open(xca_card_puks_t *puks, const xca_signer_t *signer, const xca_card_t *card,
                                apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_card_puks_seal(xca_card_t *card, const xca_signer_t *signer, const xca_card_puks_t *puks,
                                apr_pool_t *pool) XCA_MUST_USE;

/* Eight random digits. */
xca_error_t *xca_card_puk_make(const char **puk, apr_pool_t *pool) XCA_MUST_USE;

#endif
