#include "operations.h"

#include <string.h>
#include "card_show.h"
#include "checks.h"
#include "pin.h"

static void show_all(const helper_t *helper, const card_info_t *info) {
    card_show_facts(helper, info);
    pin_say_left(helper, T_PIN_TRIES_LEFT, info->pin_left);
    pin_say_left(helper, T_PUK_TRIES_LEFT, info->puk_left);
    card_show_certificate(helper, T_CERTIFICATE_SIGNATURE, info->signature);
    card_show_certificate(helper, T_CERTIFICATE_ENCRYPTION, info->encryption);
    card_show_certificate(helper, T_CERTIFICATE_CARD_AUTH, info->card_auth);
}

fault_t *operation_info(const helper_t *helper) {
    const talk_t *talk = helper->talk;
    session_t session;
    card_info_t info;
    card_t card;
    fault_t *fault = card_open(&card, &info, helper), *away;

    if (fault != NULL) {
        return fault;
    }
    show_all(helper, &info);
    if (helper->settings->portal_url[0] == '\0') {
        talk->say(talk->baton, T_NOT_CHECKED, NULL);
    } else {
        away = session_open(&session, helper);
        if (away != NULL) {
            talk->outcome(talk->baton, T_CHECK_CHAIN, away);
            fault_drop(away);
        } else {
            checks_chain_and_status(&session, &info);
            session_close(&session);
        }
    }
    card_close(&card, &info);
    return NULL;
}
