/* The card centre: cards from the queue, one after the other. */
#include "operations.h"

#include <stdio.h>
#include <string.h>
#include "blank.h"
#include "centre.h"

#define PATIENCE 60.0

static fault_t *order_from(order_t *order, const xca_card_reply_t *fields) {
    unsigned char key[32];
    int length;

    if (fields->card == NULL || !card_number_well_formed(fields->card) || fields->case_number == NULL ||
        strlen(fields->case_number) >= sizeof(order->case_number) || fields->puk == NULL ||
        fields->management_key == NULL || fields->key_type == NULL) {
        return fault_make(T_PORTAL_NONSENSE, NULL, "order");
    }
    length = hex_read(key, sizeof(key), fields->management_key);
    if (strcmp(fields->key_type, "rsa:2048") == 0) {
        order->algorithm = PIV_RSA_2048;
    } else if (strcmp(fields->key_type, "ec:P-256") == 0) {
        order->algorithm = PIV_P256;
    } else {
        length = -1;
    }
    if ((length != 24 && length != 32) || !secret_set(&order->puk, fields->puk, strlen(fields->puk)) ||
        !secret_set(&order->management_key, key, (size_t)length) ||
        (order->algorithm == PIV_P256 && (fields->pop_key == NULL || !base64_read(&order->pop_key, fields->pop_key)))) {
        wipe(key, sizeof(key));
        return fault_make(T_PORTAL_NONSENSE, NULL, "order");
    }
    wipe(key, sizeof(key));
    memcpy(order->card, fields->card, strlen(fields->card) + 1);
    memcpy(order->case_number, fields->case_number, strlen(fields->case_number) + 1);
    return NULL;
}

static fault_t *take_order(centre_t *centre, const char *case_number, order_t *order) {
    const talk_t *talk = centre->session.helper->talk;
    xca_card_message_t message;
    reply_t reply;
    fault_t *fault;

    memset(&message, 0, sizeof(message));
    message.operation = XCA_CARD_MAKE;
    message.case_number = case_number;
    fault = centre_send(centre, &message, PATIENCE, &reply);
    if (fault == NULL) {
        fault = order_from(order, &reply.fields);
    }
    if (fault == NULL) {
        talk->show(talk->baton, T_FACT_CASE, order->case_number);
        talk->show(talk->baton, T_FACT_NUMBER, order->card);
        if (reply.fields.org_name != NULL) {
            talk->show(talk->baton, T_FACT_HOLDER, reply.fields.org_name);
        }
    }
    reply_free(&reply);
    return fault;
}

static fault_t *take_certificates(blank_t *blank, const xca_card_reply_t *fields) {
    const char *texts[3] = {fields->signature_certificate, fields->encryption_certificate,
                            fields->card_auth_certificate};
    int i;

    for (i = 0; i < 3; i++) {
        if (texts[i] == NULL || !base64_read(&blank->certificates[i], texts[i])) {
            return fault_make(T_PORTAL_NONSENSE, NULL, "certificates");
        }
    }
    return NULL;
}

/* The requests go out, the certificates come back. */
static fault_t *ask_certificates(centre_t *centre, blank_t *blank) {
    xca_card_message_t message;
    bytes_t texts[4] = {{NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}};
    view_t pop = {blank->pop, sizeof(blank->pop)};
    reply_t reply;
    fault_t *fault;
    int i;

    for (i = 0; i < 3; i++) {
        base64_write(&texts[i], bytes_view(&blank->requests[i]));
    }
    base64_write(&texts[3], pop);
    memset(&message, 0, sizeof(message));
    message.operation = XCA_CARD_KEYS;
    message.case_number = blank->order->case_number;
    message.card = blank->order->card;
    message.signature_request = bytes_text(&texts[0]);
    message.encryption_request = bytes_text(&texts[1]);
    message.card_auth_request = bytes_text(&texts[2]);
    message.pop = blank->has_pop ? bytes_text(&texts[3]) : NULL;
    fault = centre_send(centre, &message, PATIENCE, &reply);
    if (fault == NULL) {
        fault = take_certificates(blank, &reply.fields);
    }
    reply_free(&reply);
    for (i = 0; i < 4; i++) {
        bytes_free(&texts[i]);
    }
    return fault;
}

static fault_t *say_made(centre_t *centre, const order_t *order, const unsigned char digest[PIV_SHA256]) {
    char hex[2 * PIV_SHA256 + 1];
    xca_card_message_t message;
    reply_t reply;
    fault_t *fault;

    hex_write(hex, digest, PIV_SHA256);
    memset(&message, 0, sizeof(message));
    message.operation = XCA_CARD_MADE;
    message.case_number = order->case_number;
    message.card = order->card;
    message.digest = hex;
    fault = centre_send(centre, &message, PATIENCE, &reply);
    reply_free(&reply);
    return fault;
}

/* What runs in one transaction on the card. */
static fault_t *prepare(card_t *card, blank_t *blank, int anew, int *resumable) {
    fault_t *fault = card_begin(card);

    if (fault != NULL) {
        return fault;
    }
    fault = blank_prepare(blank, resumable);
    card->verified = 1;
    if (fault == NULL && (!*resumable || anew)) {
        *resumable = 0;
        fault = blank_generate(blank);
    }
    card_end(card);
    return fault;
}

static fault_t *finish(card_t *card, blank_t *blank, unsigned char digest[PIV_SHA256]) {
    fault_t *fault = card_begin(card);

    if (fault != NULL) {
        return fault;
    }
    fault = blank_finish(blank);
    if (fault == NULL) {
        fault = blank_verify(blank, digest);
    }
    card_end(card);
    return fault;
}

/* `anew`: keys are generated even if the card has some that fit. */
static fault_t *make_on(centre_t *centre, card_t *card, const order_t *order, const production_t *wanted,
                        int anew, int *was_resumed) {
    const helper_t *helper = centre->session.helper;
    unsigned char digest[PIV_SHA256];
    blank_t blank;
    fault_t *fault;

    memset(&blank, 0, sizeof(blank));
    blank.piv = &card->piv;
    blank.talk = helper->talk;
    blank.settings = helper->settings;
    blank.order = order;
    blank.chain = centre->session.chain;
    blank.overwrite = wanted->overwrite;
    fault = prepare(card, &blank, anew, was_resumed);
    if (fault == NULL && !*was_resumed) {
        helper->talk->progress(helper->talk->baton, T_MAKE_ASKING, 6, 12);
        fault = ask_certificates(centre, &blank);
        blank.chain = centre->session.chain; /* renewed with each message */
    }
    if (fault == NULL) {
        fault = finish(card, &blank, digest);
    }
    if (fault == NULL) {
        helper->talk->progress(helper->talk->baton, T_MAKE_REPORTING, 12, 12);
        fault = say_made(centre, order, digest);
    }
    blank_free(&blank);
    return fault;
}

/* Keys of an earlier run whose certificates the signer does not know (any more) are made anew. */
static fault_t *make_card(centre_t *centre, card_t *card, const order_t *order, const production_t *wanted) {
    int was_resumed = 0;
    fault_t *fault = make_on(centre, card, order, wanted, 0, &was_resumed);

    if (fault_is(fault, T_DENIED) && was_resumed) {
        fault_drop(fault);
        fault = make_on(centre, card, order, wanted, 1, &was_resumed);
    }
    return fault;
}

/* One case, one card. *reader: where it was. */
static fault_t *produce_one(centre_t *centre, const char *case_number, const production_t *wanted,
                            char reader[PCSC_READER_NAME]) {
    const talk_t *talk = centre->session.helper->talk;
    order_t order;
    card_t card;
    fault_t *fault;

    memset(&order, 0, sizeof(order));
    fault = take_order(centre, case_number, &order);
    if (fault == NULL) {
        talk->say(talk->baton, T_INSERT_BLANK, NULL);
        fault = card_take(&card, centre->session.helper);
        if (fault == NULL) {
            memcpy(reader, card.reader, PCSC_READER_NAME);
            fault = make_card(centre, &card, &order, wanted);
            card_give_back(&card);
        }
        if (fault != NULL && !fault_is(fault, T_CANCELLED)) {
            talk->say(talk->baton, T_MAKE_AGAIN, order.case_number);
        }
    }
    if (fault == NULL) {
        talk->say(talk->baton, T_MADE, order.card);
    }
    bytes_free(&order.pop_key);
    wipe(&order, sizeof(order));
    return fault;
}

static fault_t *next_case(centre_t *centre, const production_t *wanted, char number[26]) {
    number[0] = '\0';
    if (wanted->case_number != NULL) {
        snprintf(number, 26, "%s", wanted->case_number);
        return NULL;
    }
    return centre_next(centre, number);
}

fault_t *operation_produce(const helper_t *helper, const operator_t *operator, const production_t *wanted) {
    const talk_t *talk = helper->talk;
    char reader[PCSC_READER_NAME], number[26], count[16];
    centre_t centre;
    int made = 0, most = wanted->case_number != NULL ? 1 : wanted->count;
    fault_t *fault = centre_open(&centre, helper, operator);

    while (fault == NULL && (most == 0 || made < most)) {
        fault = next_case(&centre, wanted, number);
        if (fault != NULL || number[0] == '\0') {
            break;
        }
        if (made > 0) {
            talk->say(talk->baton, T_REMOVE_CARD, NULL);
            fault = card_wait_removed(helper, reader);
        }
        if (fault == NULL) {
            fault = produce_one(&centre, number, wanted, reader);
            made += fault == NULL;
        }
    }
    snprintf(count, sizeof(count), "%d", made);
    talk->say(talk->baton, made > 0 || fault != NULL ? T_MADE_COUNT : T_QUEUE_EMPTY, count);
    centre_close(&centre);
    return fault;
}
