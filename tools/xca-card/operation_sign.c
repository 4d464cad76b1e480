#include "operations.h"

#include <string.h>
#include "card_show.h"
#include "pin.h"

#define CHALLENGE_MAX   4096
#define CHALLENGE_FIRST "XCA-LOGIN-1\n"
#define STATEMENT_MAX   32768
#define STATEMENT_FIRST "XCA-STATEMENT-1\n"
#define MESSAGE_FIRST   "XCA-CARD-1\n"

/* The PIN right before the signature, in one transaction. */
static fault_t *sign_by_card(card_t *card, const card_info_t *info, const secret_t *pin, const view_t *content,
                             const unsigned char digest[PIV_SHA256], bytes_t *cms) {
    card_signer_t held;
    signer_t signer = card_signer(&held, &card->piv, PIV_SIGNATURE, info->signature);
    fault_t *fault = card_begin(card);

    if (fault != NULL) {
        return fault;
    }
    fault = pin_verify(card, pin);
    if (fault == NULL) {
        fault = cms_sign(cms, content, digest, &signer, time(NULL));
    }
    card_end(card);
    return fault;
}

static fault_t *sign_with_card(const helper_t *helper, const view_t *content,
                               const unsigned char digest[PIV_SHA256], bytes_t *cms) {
    card_info_t info;
    card_t card;
    secret_t pin;
    fault_t *fault = card_open(&card, &info, helper);

    if (fault != NULL) {
        return fault;
    }
    card_show_facts(helper, &info);
    memset(&pin, 0, sizeof(pin));
    fault = pin_ask(&card, T_ASK_PIN_TO_SIGN, &pin);
    if (fault == NULL) {
        fault = sign_by_card(&card, &info, &pin, content, digest, cms);
    }
    secret_wipe(&pin);
    card_close(&card, &info);
    return fault;
}

fault_t *operation_sign(const helper_t *helper, file_key_t *key, const view_t *content,
                        const unsigned char digest[PIV_SHA256], bytes_t *cms) {
    unsigned char own[PIV_SHA256];
    signer_t signer;
    fault_t *fault;

    if (content != NULL) {
        fault = crypto_sha256(own, *content);
        if (fault != NULL) {
            return fault;
        }
        digest = own;
    }
    if (key == NULL) {
        return sign_with_card(helper, content, digest, cms);
    }
    signer = file_key_signer(key);
    return cms_sign(cms, content, digest, &signer, time(NULL));
}

/* Readable text of that first line, so that what is shown is what is signed. */
static int begins(view_t text, const char *first, size_t most) {
    size_t length = strlen(first), i;

    if (text.length <= length || text.length > most || memcmp(text.data, first, length) != 0) {
        return 0;
    }
    for (i = 0; i < text.length; i++) {
        if ((text.data[i] < 0x20 && text.data[i] != '\n') || text.data[i] == 0x7f) {
            return 0;
        }
    }
    return 1;
}

static fault_t *show_and_sign(const helper_t *helper, file_key_t *key, view_t text, text_id name,
                              text_id question, bytes_t *cms) {
    const talk_t *talk = helper->talk;
    bytes_t shown = {NULL, 0, 0};
    int yes = 0;
    fault_t *fault;

    bytes_set(&shown, text.data, text.length);
    talk->show(talk->baton, name, bytes_text(&shown));
    bytes_free(&shown);
    fault = talk->confirm(talk->baton, question, NULL, &yes);
    if (fault == NULL && !yes) {
        fault = fault_make(T_CANCELLED, NULL, "not confirmed");
    }
    return fault != NULL ? fault : operation_sign(helper, key, &text, NULL, cms);
}

fault_t *operation_sign_statement(const helper_t *helper, file_key_t *key, view_t text, bytes_t *cms) {
    if (!begins(text, STATEMENT_FIRST, STATEMENT_MAX) && !begins(text, MESSAGE_FIRST, STATEMENT_MAX)) {
        return fault_make(T_SIGN_FORM, NULL, "%u bytes", (unsigned)text.length);
    }
    return show_and_sign(helper, key, text, T_SIGN_TEXT, T_SIGN_CONFIRM, cms);
}

/* A challenge looks like nothing else that is signed, so that a login can never become a statement or a message. */
fault_t *operation_login(const helper_t *helper, file_key_t *key, view_t challenge, bytes_t *cms) {
    if (!begins(challenge, CHALLENGE_FIRST, CHALLENGE_MAX)) {
        return fault_make(T_LOGIN_FORM, NULL, "%u bytes", (unsigned)challenge.length);
    }
    return show_and_sign(helper, key, challenge, T_LOGIN_CHALLENGE, T_LOGIN_CONFIRM, cms);
}
