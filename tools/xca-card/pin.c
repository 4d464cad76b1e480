#include "pin.h"

#include <stdio.h>

void pin_say_left(const helper_t *helper, text_id text, int left) {
    char number[16];

    if (left == PIV_UNKNOWN) {
        helper->talk->say(helper->talk->baton, T_TRIES_UNKNOWN, NULL);
        return;
    }
    snprintf(number, sizeof(number), "%d", left);
    helper->talk->say(helper->talk->baton, text, number);
}

fault_t *pin_fault(const piv_try_t *outcome) {
    if (outcome->right) {
        return NULL;
    }
    if (outcome->left == 0) {
        return fault_make(T_PIN_BLOCKED, NULL, "no tries left");
    }
    if (outcome->left == PIV_UNKNOWN) {
        return fault_make(T_PIN_WRONG, "?", "the card does not count aloud");
    }
    return fault_number(T_PIN_WRONG, outcome->left, "wrong PIN");
}

static fault_t *tries_left(card_t *card, int *left) {
    int verified;
    fault_t *fault = card_begin(card);

    if (fault != NULL) {
        return fault;
    }
    fault = piv_pin_status(&card->piv, &verified, left);
    card_end(card);
    return fault;
}

fault_t *pin_ask(card_t *card, text_id prompt, secret_t *pin) {
    const talk_t *talk = card->helper->talk;
    int left = PIV_UNKNOWN, yes = 1;
    fault_t *fault = tries_left(card, &left);

    if (fault != NULL) {
        return fault;
    }
    if (left == 0) {
        return fault_make(T_PIN_BLOCKED, NULL, "no tries left");
    }
    pin_say_left(card->helper, T_PIN_TRIES_LEFT, left);
    if (left == 1) {
        fault = talk->confirm(talk->baton, T_LAST_TRY_CONFIRM, NULL, &yes);
    }
    if (fault == NULL && !yes) {
        fault = fault_make(T_CANCELLED, NULL, "the last try was kept");
    }
    if (fault == NULL) {
        fault = talk->ask_secret(talk->baton, TALK_PIN, prompt, NULL, pin);
    }
    /* What cannot be a PIN costs no try. */
    if (fault == NULL && !piv_pin_well_formed(pin)) {
        fault = fault_make(T_PIN_FORM, NULL, "%u characters", (unsigned)pin->length);
    }
    if (fault != NULL) {
        secret_wipe(pin);
    }
    return fault;
}

fault_t *pin_verify(card_t *card, const secret_t *pin) {
    piv_try_t outcome;
    fault_t *fault = piv_verify(&card->piv, pin, &outcome);

    if (fault == NULL && outcome.right) {
        card->verified = 1;
    }
    return fault != NULL ? fault : pin_fault(&outcome);
}
