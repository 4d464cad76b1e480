#include "centre.h"

#include <string.h>

#define PATIENCE 60.0

fault_t *centre_open(centre_t *centre, const helper_t *helper, const operator_t *operator) {
    memset(centre, 0, sizeof(*centre));
    centre->operator = operator;
    return session_open(&centre->session, helper);
}

void centre_close(centre_t *centre) {
    session_close(&centre->session);
}

static fault_t *seal_up_by_operator(void *baton, view_t text, bytes_t *envelope) {
    const centre_t *centre = baton;
    unsigned char digest[PIV_SHA256];
    signer_t signer = file_key_signer(centre->operator->key);
    fault_t *fault = crypto_sha256(digest, text);

    if (fault == NULL) {
        fault = cms_sign(envelope, &text, digest, &signer, time(NULL));
    }
    if (fault == NULL && envelope->length > XCA_CARD_ENVELOPE_MAX) {
        fault = fault_make(T_MESSAGE_FORM, NULL, "%u bytes", (unsigned)envelope->length);
    }
    return fault;
}

fault_t *centre_send(centre_t *centre, const xca_card_message_t *message, double patience, reply_t *reply) {
    sender_t sender = {seal_up_by_operator, centre};
    xca_card_message_t named = *message;

    named.officer = centre->operator->uid;
    return session_send(&centre->session, &named, NULL, &sender, patience, reply);
}

static fault_t *ask_queue(centre_t *centre, reply_t *reply) {
    xca_card_message_t message;

    memset(&message, 0, sizeof(message));
    message.operation = XCA_CARD_QUEUE;
    return centre_send(centre, &message, PATIENCE, reply);
}

fault_t *centre_next(centre_t *centre, char number[26]) {
    reply_t reply;
    fault_t *fault = ask_queue(centre, &reply);
    size_t length = fault == NULL && reply.fields.queue != NULL ? strcspn(reply.fields.queue, " \n") : 0;

    number[0] = '\0';
    if (length == 25) {
        memcpy(number, reply.fields.queue, length);
        number[length] = '\0';
    } else if (length > 0) {
        fault = fault_make(T_PORTAL_NONSENSE, NULL, "queue");
    }
    reply_free(&reply);
    return fault;
}

fault_t *operation_queue(const helper_t *helper, const operator_t *operator) {
    const talk_t *talk = helper->talk;
    centre_t centre;
    reply_t reply;
    fault_t *fault = centre_open(&centre, helper, operator);

    memset(&reply, 0, sizeof(reply));
    if (fault == NULL) {
        fault = ask_queue(&centre, &reply);
    }
    if (fault == NULL && reply.fields.queue != NULL && reply.fields.queue[0] != '\0') {
        talk->show(talk->baton, T_QUEUE, reply.fields.queue);
    } else if (fault == NULL) {
        talk->say(talk->baton, T_QUEUE_EMPTY, NULL);
    }
    reply_free(&reply);
    centre_close(&centre);
    return fault;
}

/* A message about one card that needs no card in a reader. */
static fault_t *tell(const helper_t *helper, const operator_t *operator, const xca_card_message_t *message,
                     text_id done) {
    centre_t centre;
    reply_t reply;
    fault_t *fault = centre_open(&centre, helper, operator);

    memset(&reply, 0, sizeof(reply));
    if (fault == NULL) {
        fault = centre_send(&centre, message, PATIENCE, &reply);
    }
    if (fault == NULL) {
        helper->talk->say(helper->talk->baton, done, message->card);
    }
    reply_free(&reply);
    centre_close(&centre);
    return fault;
}

fault_t *operation_dispatch(const helper_t *helper, const operator_t *operator, const char *case_number,
                            const char *card, const char *mail_number) {
    xca_card_message_t message;

    memset(&message, 0, sizeof(message));
    message.operation = XCA_CARD_DISPATCH;
    message.case_number = case_number;
    message.card = card;
    message.mail_number = mail_number;
    return tell(helper, operator, &message, T_DISPATCHED);
}

fault_t *operation_discard(const helper_t *helper, const operator_t *operator, const char *case_number,
                           const char *card, const char *reason) {
    xca_card_message_t message;

    memset(&message, 0, sizeof(message));
    message.operation = XCA_CARD_DISCARD;
    message.case_number = case_number;
    message.card = card;
    message.reason = reason;
    return tell(helper, operator, &message, T_DISCARDED);
}
