/* Activation and unlocking (mod_xca/wire/README.md): the same way; who chooses the PIN differs. */
#include "operations.h"

#include <string.h>
#include "card_show.h"
#include "pin.h"
#include "reset_pin.h"

#define PIN_DIGITS       8
#define PATIENCE         60.0  /* seconds for the signer's answer                            */
#define CONFIRM_PATIENCE 120.0 /* the card is done then: it is worth waiting for the portal  */
#define STEPS            5

/* One run. */
typedef struct run {
    const helper_t *helper;
    const char *operation;
    card_t card;
    card_info_t info;
    session_t session;
    card_sender_t held;
    char first_nonce[33]; /* names the run in later messages */
    puk_pair_t puks;
    secret_t code, pin;
    int pin_is_set;
} run_t;

static int activates(const run_t *run) {
    return strcmp(run->operation, XCA_CARD_ACTIVATE) == 0;
}

static void progress(const run_t *run, text_id text, int at) {
    run->helper->talk->progress(run->helper->talk->baton, text, at, STEPS);
}

static fault_t *take_card(run_t *run) {
    fault_t *fault = card_open(&run->card, &run->info, run->helper);

    if (fault == NULL) {
        fault = session_open(&run->session, run->helper);
    }
    if (fault == NULL) {
        fault = card_info_check(&run->info, run->session.chain, time(NULL));
    }
    if (fault == NULL && run->info.puk_left == 0) {
        fault = fault_make(T_PUK_BLOCKED, NULL, "no tries left");
    }
    return fault;
}

static fault_t *ask_user(run_t *run) {
    const talk_t *talk = run->helper->talk;
    int yes = 0;
    fault_t *fault;

    card_show_facts(run->helper, &run->info);
    pin_say_left(run->helper, T_PIN_TRIES_LEFT, run->info.pin_left);
    pin_say_left(run->helper, T_PUK_TRIES_LEFT, run->info.puk_left);
    fault = talk->confirm(talk->baton, activates(run) ? T_ACTIVATE_CONFIRM : T_UNLOCK_CONFIRM, NULL, &yes);
    if (fault == NULL && !yes) {
        fault = fault_make(T_CANCELLED, NULL, "not confirmed");
    }
    if (fault == NULL) {
        fault = talk->ask_secret(talk->baton, TALK_CODE, T_ASK_CODE, NULL, &run->code);
    }
    if (fault == NULL && activates(run)) {
        return crypto_random_digits(&run->pin, PIN_DIGITS);
    }
    if (fault == NULL) {
        fault = talk->ask_secret(talk->baton, TALK_NEW_PIN, T_ASK_NEW_PIN, NULL, &run->pin);
    }
    if (fault == NULL && !piv_pin_well_formed(&run->pin)) {
        fault = fault_make(T_PIN_FORM, NULL, "%u characters", (unsigned)run->pin.length);
    }
    return fault;
}

static fault_t *take_puks(run_t *run, const reply_t *reply) {
    const xca_card_reply_t *fields = &reply->fields;

    if (fields->card == NULL || fields->puk == NULL || fields->next_puk == NULL ||
        fields->puk_order == NULL ||
        (strcmp(fields->puk_order, "current") != 0 && strcmp(fields->puk_order, "next") != 0)) {
        return fault_make(T_PORTAL_NONSENSE, NULL, "no PUKs");
    }
    secret_set(&run->puks.present, fields->puk, strlen(fields->puk));
    secret_set(&run->puks.next, fields->next_puk, strlen(fields->next_puk));
    run->puks.uncertain = strcmp(fields->puk_order, "next") == 0;
    return NULL;
}

static fault_t *ask_signer(run_t *run) {
    xca_card_message_t message;
    view_t code = {(const unsigned char *)run->code.text, run->code.length};
    sender_t sender = card_sender(&run->held);
    reply_t reply;
    fault_t *fault;

    progress(run, T_STEP_ASKING, 1);
    memset(&message, 0, sizeof(message));
    message.operation = run->operation;
    message.card = card_info_number(&run->info);
    fault = session_send(&run->session, &message, &code, &sender, PATIENCE, &reply);
    secret_wipe(&run->code);
    if (fault == NULL) {
        memcpy(run->first_nonce, run->session.nonce, sizeof(run->first_nonce));
        fault = take_puks(run, &reply);
    }
    reply_free(&reply);
    return fault;
}

static fault_t *tell_signer(run_t *run, const char *operation, double patience) {
    xca_card_message_t message;
    sender_t sender = card_sender(&run->held);
    reply_t reply;
    fault_t *fault;

    memset(&message, 0, sizeof(message));
    message.operation = operation;
    message.card = card_info_number(&run->info);
    message.session = run->first_nonce;
    fault = session_send(&run->session, &message, NULL, &sender, patience, &reply);
    reply_free(&reply);
    return fault;
}

static fault_t *set_pin(run_t *run, int *has_next) {
    const talk_t *talk = run->helper->talk;
    fault_t *fault;

    progress(run, T_STEP_SETTING_PIN, 2);
    fault = card_begin(&run->card);
    if (fault != NULL) {
        return fault;
    }
    fault = reset_pin(&run->card.piv, &run->info, &run->puks, &run->pin, has_next);
    card_end(&run->card);
    if (fault != NULL) {
        return fault;
    }
    run->pin_is_set = 1;
    if (activates(run)) { /* at once: whatever comes now, it is the card's PIN */
        talk->show_secret(talk->baton, T_YOUR_PIN, &run->pin);
    }
    return NULL;
}

static fault_t *set_puk(run_t *run, int has_next) {
    fault_t *fault;

    progress(run, T_STEP_TELLING, 3);
    fault = tell_signer(run, XCA_CARD_CHANGING, CONFIRM_PATIENCE);
    if (fault != NULL || has_next) {
        return fault;
    }
    progress(run, T_STEP_SETTING_PUK, 4);
    fault = card_begin(&run->card);
    if (fault != NULL) {
        return fault;
    }
    fault = reset_puk(&run->card.piv, &run->info, &run->puks);
    card_end(&run->card);
    return fault;
}

static fault_t *work(run_t *run) {
    int has_next = 0;
    fault_t *fault = ask_signer(run);

    if (fault == NULL) {
        fault = set_pin(run, &has_next);
    }
    if (fault == NULL) {
        fault = set_puk(run, has_next);
    }
    if (fault == NULL) {
        progress(run, T_STEP_CONFIRMING, 5);
        fault = tell_signer(run, XCA_CARD_CONFIRM, CONFIRM_PATIENCE);
    }
    return fault;
}

static fault_t *activate_or_unlock(const helper_t *helper, const char *operation) {
    const talk_t *talk = helper->talk;
    run_t run;
    fault_t *fault;

    memset(&run, 0, sizeof(run));
    run.helper = helper;
    run.operation = operation;
    fault = take_card(&run);
    run.held.card = &run.card;
    run.held.certificate = run.info.card_auth;
    run.held.slot = PIV_CARD_AUTH;
    if (fault == NULL) {
        fault = ask_user(&run);
    }
    if (fault == NULL) {
        fault = work(&run);
    }
    if (fault != NULL && run.pin_is_set) {
        talk->say(talk->baton, activates(&run) ? T_AGAIN_ACTIVATE : T_AGAIN_UNLOCK, NULL);
    }
    if (fault == NULL) {
        talk->say(talk->baton, activates(&run) ? T_ACTIVATED : T_UNLOCKED, NULL);
    }
    session_close(&run.session);
    card_close(&run.card, &run.info);
    wipe(&run, sizeof(run));
    return fault;
}

fault_t *operation_activate(const helper_t *helper) {
    return activate_or_unlock(helper, XCA_CARD_ACTIVATE);
}

fault_t *operation_unlock(const helper_t *helper) {
    return activate_or_unlock(helper, XCA_CARD_UNLOCK);
}
