/* Telling the user what a card is: the same facts in every operation. */
#ifndef XCA_CARD_CARD_SHOW_H
#define XCA_CARD_CARD_SHOW_H

#include "card.h"
#include "card_info.h"
#include "session.h"

/* Number, kind, holder, OID, dates. */
void card_show_facts(const helper_t *helper, const card_info_t *info);

/* One certificate's subject, serial, dates, e-mail. */
void card_show_certificate(const helper_t *helper, text_id name, const certificate_t *certificate);

/* Takes a card that is ours by what it says and proves: reads it, in a transaction, with the proof of its 9E key. The caller frees both. */
fault_t *card_open(card_t *card, card_info_t *info, const helper_t *helper) MUST_USE;
void card_close(card_t *card, card_info_t *info);

/* A sender (session.h) of messages signed by a key of the card, each in a transaction of its own; with `pin` where the key
 * needs it. */
typedef struct card_sender {
    card_t *card;
    const certificate_t *certificate;
    int slot;
    const secret_t *pin; /* or NULL */
} card_sender_t;

sender_t card_sender(card_sender_t *held);

#endif
