/* 用戶代碼重設: the second officer opens the one-time code that the signer has set (mod_xca/wire/code_letter.h). */
#include "operations.h"

#include <stdio.h>
#include <string.h>
#include "card_show.h"
#include "crypto_open.h"
#include "pin.h"
#include "signing_words.h"
#include "wire/code_letter.h"

#define CASE_DIGITS 25

static fault_t *decipher_on_card(void *baton, view_t block, bytes_t *plain) {
    const card_t *card = baton;

    return piv_decipher_block(&card->piv, PIV_ENCRYPTION, block, plain);
}

/* A point of the card's curve: its length tells which. */
static fault_t *agree_on_card(void *baton, view_t point, bytes_t *shared) {
    const card_t *card = baton;

    return piv_agree(&card->piv, PIV_ENCRYPTION, point.length > 65 ? PIV_P384 : PIV_P256, point, shared);
}

/* The PIN right before the key, in one transaction. */
static fault_t *open_in_transaction(card_t *card, const envelope_t *envelope, const secret_t *pin, bytes_t *content) {
    opener_t opener = {decipher_on_card, agree_on_card, card};
    fault_t *fault = card_begin(card);

    if (fault != NULL) {
        return fault;
    }
    fault = pin_verify(card, pin);
    if (fault == NULL) {
        fault = envelope_open(envelope, &opener, content);
    }
    card_end(card);
    return fault;
}

static fault_t *not_for(const char *whom) {
    return fault_make(T_ENVELOPE_NOT_YOURS, NULL, "not for the %s", whom);
}

/* The encryption key of the card: the one that its owner has named when signing (crypto_sign.h). */
static fault_t *open_by_card(const helper_t *helper, const envelope_t *envelope, bytes_t *content) {
    card_info_t info;
    card_t card;
    secret_t pin;
    fault_t *fault = card_open(&card, &info, helper);

    if (fault != NULL) {
        return fault;
    }
    memset(&pin, 0, sizeof(pin));
    card_show_facts(helper, &info);
    if (info.encryption == NULL || !envelope_is_for(envelope, info.encryption)) {
        fault = not_for("card's encryption key");
    }
    if (fault == NULL) {
        fault = pin_ask(&card, T_ASK_PIN_TO_OPEN, &pin);
    }
    if (fault == NULL) {
        fault = open_in_transaction(&card, envelope, &pin, content);
    }
    secret_wipe(&pin);
    card_close(&card, &info);
    return fault;
}

static fault_t *open_by_file(file_key_t *key, const envelope_t *envelope, bytes_t *content) {
    opener_t opener = file_key_opener(key);

    return envelope_is_for(envelope, file_key_certificate(key)) ? envelope_open(envelope, &opener, content)
                                                                : not_for("key in the file");
}

/* What was opened is a letter about this case, or nothing of it is shown: whatever else was ever encrypted for the key stays closed. */
static fault_t *check_letter(view_t content, const char *case_number) {
    char storage[XCA_CODE_LETTER_MAX];
    xca_code_letter_t letter;
    fault_t *fault = NULL;

    if (!signing_is_readable(content) ||
        !xca_code_letter_read(&letter, storage, (const char *)content.data, content.length)) {
        fault = fault_make(T_ENVELOPE_FORM, NULL, "no letter");
    } else if (strcmp(letter.case_number, case_number) != 0) {
        fault = fault_make(T_CODE_OTHER_CASE, letter.case_number, "asked for %s", case_number);
    }
    wipe(storage, sizeof(storage));
    return fault;
}

/* Shown on the own side alone, until it was read. */
static fault_t *show_letter(const helper_t *helper, bytes_t *content) {
    const talk_t *talk = helper->talk;
    int yes;

    talk->show(talk->baton, T_CODE_LETTER, bytes_text(content));
    return talk->confirm(talk->baton, T_CODE_READ, NULL, &yes);
}

static fault_t *confirm(const helper_t *helper, const char *case_number) {
    const talk_t *talk = helper->talk;
    int yes = 0;
    fault_t *fault = talk->confirm(talk->baton, T_OPEN_CONFIRM, case_number, &yes);

    return fault != NULL || yes ? fault : fault_make(T_CANCELLED, NULL, "not confirmed");
}

fault_t *operation_open_code(const helper_t *helper, file_key_t *key, const char *case_number, view_t envelope_der) {
    bytes_t content = {NULL, 0, 0};
    envelope_t envelope;
    fault_t *fault = NULL;

    if (strlen(case_number) != CASE_DIGITS || strspn(case_number, "0123456789") != CASE_DIGITS) {
        return fault_make(T_ENVELOPE_FORM, NULL, "case number");
    }
    fault = envelope_read(&envelope, envelope_der);
    if (fault == NULL) {
        fault = confirm(helper, case_number);
    }
    if (fault == NULL) {
        fault = key != NULL ? open_by_file(key, &envelope, &content) : open_by_card(helper, &envelope, &content);
    }
    if (fault == NULL) {
        fault = check_letter(bytes_view(&content), case_number);
    }
    if (fault == NULL) {
        fault = show_letter(helper, &content);
    }
    bytes_free(&content);
    return fault;
}
