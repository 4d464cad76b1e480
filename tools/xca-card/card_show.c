#include "card_show.h"

#include <stdio.h>
#include <string.h>
#include "pin.h"

static void show_date(const helper_t *helper, text_id name, time_t when) {
    struct tm *utc = gmtime(&when);
    char text[32] = "";

    if (utc != NULL) {
        strftime(text, sizeof(text), "%Y-%m-%d", utc);
    }
    helper->talk->show(helper->talk->baton, name, text);
}

static void show_text(const helper_t *helper, text_id name, const char *value) {
    if (value[0] != '\0') {
        helper->talk->show(helper->talk->baton, name, value);
    }
}

void card_show_facts(const helper_t *helper, const card_info_t *info) {
    const talk_t *talk = helper->talk;
    const certificate_t *own = info->signature;

    talk->show(talk->baton, T_FACT_NUMBER, card_info_number(info));
    if (strcmp(own->rank, "primary") == 0) {
        talk->say(talk->baton, T_RANK_PRIMARY, NULL);
    } else if (strcmp(own->rank, "secondary") == 0) {
        talk->say(talk->baton, T_RANK_SECONDARY, NULL);
    }
    show_text(helper, T_FACT_HOLDER, own->holder);
    show_text(helper, T_FACT_OID, own->oid);
    show_date(helper, T_FACT_ISSUED, own->not_before);
    show_date(helper, T_FACT_UNTIL, own->not_after);
}

void card_show_certificate(const helper_t *helper, text_id name, const certificate_t *certificate) {
    helper->talk->say(helper->talk->baton, name, NULL);
    show_text(helper, T_FACT_SUBJECT, certificate->subject);
    show_text(helper, T_FACT_ISSUER, certificate->issuer);
    show_text(helper, T_FACT_SERIAL, certificate->serial);
    show_text(helper, T_FACT_EMAIL, certificate->email);
    show_date(helper, T_FACT_ISSUED, certificate->not_before);
    show_date(helper, T_FACT_UNTIL, certificate->not_after);
}

fault_t *card_open(card_t *card, card_info_t *info, const helper_t *helper) {
    fault_t *fault;

    memset(info, 0, sizeof(*info));
    fault = card_take(card, helper);
    if (fault != NULL) {
        return fault;
    }
    fault = card_begin(card);
    if (fault == NULL) {
        fault = card_info_read(info, &card->piv);
        if (fault == NULL) {
            fault = card_info_prove(info, &card->piv);
        }
        card_end(card);
    }
    if (fault != NULL) {
        card_close(card, info);
    }
    return fault;
}

void card_close(card_t *card, card_info_t *info) {
    card_info_free(info);
    card_give_back(card);
}

static fault_t *seal_up_by_card(void *baton, view_t text, bytes_t *envelope) {
    card_sender_t *held = baton;
    card_signer_t key;
    signer_t signer = card_signer(&key, &held->card->piv, held->slot, held->certificate);
    fault_t *fault = card_begin(held->card);

    if (fault != NULL) {
        return fault;
    }
    if (held->pin != NULL) {
        fault = pin_verify(held->card, held->pin);
    }
    if (fault == NULL) {
        fault = session_envelope_signed(&signer, text, envelope);
    }
    card_end(held->card);
    return fault;
}

sender_t card_sender(card_sender_t *held) {
    sender_t sender = {seal_up_by_card, held};

    return sender;
}
