/* The card centre's talk with the signer: messages signed by the operator's key. */
#ifndef XCA_CARD_CENTRE_H
#define XCA_CARD_CENTRE_H

#include "operations.h"

typedef struct centre {
    session_t session;
    const operator_t *operator;
} centre_t;

fault_t *centre_open(centre_t *centre, const helper_t *helper, const operator_t *operator) MUST_USE;
void centre_close(centre_t *centre);

/* The message gets the operator's name and is sent as SignedData. */
fault_t *centre_send(centre_t *centre, const xca_card_message_t *message, double patience,
                     reply_t *reply) MUST_USE;

/* The first case of the queue; empty if there is none. */
fault_t *centre_next(centre_t *centre, char number[26]) MUST_USE;

#endif
