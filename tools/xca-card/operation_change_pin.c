#include "operations.h"

#include <string.h>
#include "card_show.h"
#include "pin.h"

static fault_t *ask_new(const helper_t *helper, const secret_t *old, secret_t *next) {
    const talk_t *talk = helper->talk;
    fault_t *fault = talk->ask_secret(talk->baton, TALK_NEW_PIN, T_ASK_NEW_PIN, NULL, next);

    if (fault == NULL && !piv_pin_well_formed(next)) {
        fault = fault_make(T_PIN_FORM, NULL, "%u characters", (unsigned)next->length);
    }
    if (fault == NULL && secret_equal(old, next)) {
        fault = fault_make(T_PIN_SAME, NULL, "the old PIN");
    }
    return fault;
}

/* A wrong PIN is told at once, before a new one has been thought of; it is the same one try. */
static fault_t *check_old(card_t *card, const secret_t *old) {
    fault_t *fault = card_begin(card);

    if (fault != NULL) {
        return fault;
    }
    fault = pin_verify(card, old);
    card_end(card);
    return fault;
}

static fault_t *change(card_t *card, const secret_t *old, const secret_t *next) {
    piv_try_t outcome;
    fault_t *fault = card_begin(card);

    if (fault != NULL) {
        return fault;
    }
    fault = piv_change(&card->piv, PIV_PIN, old, next, &outcome);
    if (fault == NULL) {
        card->verified = outcome.right;
        fault = pin_fault(&outcome);
    }
    card_end(card);
    return fault;
}

/* The tries as they are afterwards: a card tells them only while no PIN is verified. */
static void say_after(card_t *card) {
    int verified, left = PIV_UNKNOWN;
    fault_t *fault = card_begin(card);

    if (fault == NULL) {
        fault = piv_pin_status(&card->piv, &verified, &left);
        card_end(card);
    }
    if (fault == NULL) {
        pin_say_left(card->helper, T_PIN_TRIES_LEFT, left);
    }
    fault_drop(fault);
}

fault_t *operation_change_pin(const helper_t *helper) {
    const talk_t *talk = helper->talk;
    secret_t old, next;
    card_info_t info;
    card_t card;
    fault_t *fault = card_open(&card, &info, helper);

    if (fault != NULL) {
        return fault;
    }
    memset(&old, 0, sizeof(old));
    memset(&next, 0, sizeof(next));
    talk->show(talk->baton, T_FACT_NUMBER, card_info_number(&info));
    fault = pin_ask(&card, T_ASK_OLD_PIN, &old);
    if (fault == NULL) {
        fault = check_old(&card, &old);
    }
    if (fault == NULL) {
        fault = ask_new(helper, &old, &next);
    }
    if (fault == NULL) {
        fault = change(&card, &old, &next);
        if (fault == NULL) {
            talk->say(talk->baton, T_PIN_CHANGED, NULL);
            say_after(&card);
        }
    }
    secret_wipe(&old);
    secret_wipe(&next);
    card_close(&card, &info);
    return fault;
}
