#include "operations.h"

#include <stdio.h>
#include <string.h>

/* What a card that nobody uses right now says of itself; empty if it says nothing. */
static void describe(const helper_t *helper, const pcsc_reader_t *reader, text_id *kind,
                     char number[CERTIFICATE_TEXT]) {
    card_info_t info;
    card_t card;
    fault_t *fault;

    memset(&card, 0, sizeof(card));
    memset(&info, 0, sizeof(info));
    number[0] = '\0';
    *kind = T_CARD_OTHER;
    card.helper = helper;
    fault = pcsc_connect(reader->name, 0.5, &card.connection);
    if (fault == NULL) {
        card.piv.line.exchange = pcsc_exchange;
        card.piv.line.baton = card.connection;
        card.piv.line.extended = apdu_atr_extended(pcsc_atr(card.connection));
        fault = pcsc_begin(card.connection, 0.5);
    }
    if (fault == NULL) {
        fault = piv_select(&card.piv);
    }
    if (fault == NULL) {
        *kind = T_CARD_PIV;
        fault = card_info_glance(&info, &card.piv);
    }
    if (fault == NULL && info.card_auth != NULL && card_number_well_formed(info.card_auth->card_number)) {
        *kind = T_CARD_XCA;
        memcpy(number, info.card_auth->card_number, sizeof(info.card_auth->card_number));
    }
    if (fault_is(fault, T_CARD_IN_USE)) {
        *kind = T_STATE_IN_USE;
    }
    fault_drop(fault);
    card_info_free(&info);
    pcsc_disconnect(card.connection, 0);
}

fault_t *operation_list(const helper_t *helper) {
    static const text_id states[] = {T_STATE_EMPTY, T_NONE, T_STATE_MUTE, T_STATE_IN_USE};
    const talk_t *talk = helper->talk;
    pcsc_readers_t readers;
    pcsc_t *pcsc;
    fault_t *fault = pcsc_open(&pcsc);
    int i;

    if (fault == NULL) {
        fault = pcsc_list(pcsc, &readers);
    }
    if (fault == NULL && readers.count == 0) {
        fault = fault_make(T_NO_READER, NULL, "0 readers");
    }
    for (i = 0; fault == NULL && i < readers.count; i++) {
        char number[CERTIFICATE_TEXT] = "";
        text_id kind = states[readers.all[i].state];

        if (readers.all[i].state == PCSC_CARD) {
            describe(helper, &readers.all[i], &kind, number);
        }
        talk->show(talk->baton, T_READER, readers.all[i].name);
        talk->say(talk->baton, kind, number);
    }
    pcsc_close(pcsc);
    return fault;
}
