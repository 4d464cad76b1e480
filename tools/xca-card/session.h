/* The talk with the signer through the portal (mod_xca/wire/README.md): whom to believe, messages out, replies in. */
#ifndef XCA_CARD_SESSION_H
#define XCA_CARD_SESSION_H

#include <time.h>
#include "card.h"
#include "crypto_sign.h"
#include "service.h"
#include "wire/card_message.h"

typedef struct session {
    const helper_t *helper;
    service_t service;
    chain_t *chain;                       /* its issuer has vouched for the sealing key */
    char nonce[33], issued[17];           /* of the next message, then of the last one  */
    unsigned char seal_key[XCA_SEAL_KEY]; /* the signer's                               */
} session_t;

/* What the signer said. The members of `fields` point into `storage`. */
typedef struct reply {
    xca_card_reply_t fields;
    bytes_t storage;
} reply_t;

/* Makes the envelope of a message: the signed text, or a SignedData. */
typedef fault_t *envelope_fn(void *baton, view_t text, bytes_t *envelope);

typedef struct sender {
    envelope_fn *seal_up;
    void *baton;
} sender_t;

/* Asks the portal and checks what it says up to the configured anchor. Faults: of service.h; T_PORTAL_NOT_TRUSTED, T_CA_FILE. */
fault_t *session_open(session_t *session, const helper_t *helper) MUST_USE;
void session_close(session_t *session);

/* Sends one message with a nonce of its own and waits for its answer. `message`: nonce, issued, helper_key and sealed are filled in
 * here. `content`: what is sealed to the signer (code, contact) or NULL. Faults: T_DENIED (arg: the reason in words);
 * T_PORTAL_NOT_TRUSTED: no sealed reply; of service.h. */
fault_t *session_send(session_t *session, const xca_card_message_t *message, const view_t *content,
                      const sender_t *sender, double patience, reply_t *reply) MUST_USE;
void reply_free(reply_t *reply);

/* A text with a signature line by `signer` (a card's key). */
fault_t *session_envelope_signed(const signer_t *signer, view_t text, bytes_t *envelope) MUST_USE;

/* Opens the proof of the sealing key: signed by a CA of the chain, current at `now`. For tests. */
fault_t *session_read_proof(unsigned char seal_key[XCA_SEAL_KEY], chain_t *chain, view_t proof, time_t now) MUST_USE;

/* The time of YYYYMMDDTHHMMSSZ, -1 if it is none. */
time_t session_time(const char *text);

#endif
