#include "operations.h"

#include <stdio.h>
#include <string.h>
#include "card_show.h"
#include "pin.h"
#include "signing_words.h"

#define CHALLENGE_MAX   4096
#define CHALLENGE_FIRST "XCA-LOGIN-1\n"
#define STATEMENT_MAX   32768
#define STATEMENT_FIRST "XCA-STATEMENT-1\n"
#define MESSAGE_FIRST   "XCA-CARD-1\n"
#define ORDER_FIRST     "XCA-ORDER-1\n"

static int is_statement(view_t text) {
    return text.length > strlen(STATEMENT_FIRST) && memcmp(text.data, STATEMENT_FIRST, strlen(STATEMENT_FIRST)) == 0;
}

/* The PIN right before the signature, in one transaction. */
static fault_t *sign_by_card(card_t *card, const card_info_t *info, const secret_t *pin, const view_t *content,
                             const unsigned char digest[PIV_SHA256], bytes_t *cms) {
    card_signer_t held;
    signer_t signer = card_signer(&held, &card->piv, PIV_SIGNATURE, info->signature);
    fault_t *fault = card_begin(card);

    if (content != NULL && is_statement(*content)) { /* what the signer has to tell its officer is for the card's 9D key */
        signer.encryption = info->encryption;
    }
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

/* Who signs: a key in a file, or a card with its PIN. */
typedef struct sign_one {
    file_key_t *key; /* NULL: the card */
    card_t card;
    card_info_t info;
    secret_t pin;
} sign_one_t;

static fault_t *begin_signing(sign_one_t *one, const helper_t *helper, file_key_t *key) {
    fault_t *fault;

    memset(one, 0, sizeof(*one));
    one->key = key;
    if (key != NULL) {
        return NULL;
    }
    fault = card_open(&one->card, &one->info, helper);
    if (fault != NULL) {
        return fault;
    }
    card_show_facts(helper, &one->info);
    fault = pin_ask(&one->card, T_ASK_PIN_TO_SIGN, &one->pin);
    if (fault != NULL) {
        card_close(&one->card, &one->info);
    }
    return fault;
}

static void end_signing(sign_one_t *one) {
    secret_wipe(&one->pin);
    if (one->key == NULL) {
        card_close(&one->card, &one->info);
    }
}

/* `content` is attached; NULL: over the digest alone. */
static fault_t *sign_one(sign_one_t *one, const view_t *content, const unsigned char digest[PIV_SHA256], bytes_t *cms) {
    signer_t signer;

    if (one->key == NULL) {
        return sign_by_card(&one->card, &one->info, &one->pin, content, digest, cms);
    }
    signer = file_key_signer(one->key);
    return cms_sign(cms, content, digest, &signer, time(NULL));
}

fault_t *operation_sign(const helper_t *helper, file_key_t *key, const view_t *content,
                        const unsigned char digest[PIV_SHA256], bytes_t *cms) {
    unsigned char own[PIV_SHA256];
    sign_one_t one;
    fault_t *fault = content != NULL ? crypto_sha256(own, *content) : NULL;

    if (fault == NULL) {
        fault = begin_signing(&one, helper, key);
    }
    if (fault != NULL) {
        return fault;
    }
    fault = sign_one(&one, content, content != NULL ? own : digest, cms);
    end_signing(&one);
    return fault;
}

/* Readable text of that first line, so that what is shown is what is signed. */
static int begins(view_t text, const char *first, size_t most) {
    size_t length = strlen(first);

    return text.length > length && text.length <= most && memcmp(text.data, first, length) == 0 &&
           signing_is_readable(text);
}

static void show(const helper_t *helper, text_id name, view_t text) {
    bytes_t shown = {NULL, 0, 0};

    bytes_set(&shown, text.data, text.length);
    helper->talk->show(helper->talk->baton, name, bytes_text(&shown));
    bytes_free(&shown);
}

static fault_t *confirm(const helper_t *helper, text_id question, int count) {
    const talk_t *talk = helper->talk;
    char number[16];
    int yes = 0;
    fault_t *fault;

    snprintf(number, sizeof(number), "%d", count);
    fault = talk->confirm(talk->baton, question, number, &yes);
    return fault != NULL || yes ? fault : fault_make(T_CANCELLED, NULL, "not confirmed");
}

/* One after the other: each in a transaction of its own, since the card wants the PIN before every signature anyway
 * (SP 800-73-4 part 1 table 4b, "PIN always"). */
static fault_t *sign_each(const helper_t *helper, sign_one_t *one, const bytes_t *texts, int count, bytes_t *cms) {
    const talk_t *talk = helper->talk;
    unsigned char digest[PIV_SHA256];
    fault_t *fault = NULL;
    int i;

    for (i = 0; fault == NULL && i < count; i++) {
        view_t text = bytes_view(&texts[i]);

        talk->progress(talk->baton, T_STEP_SIGNING, i + 1, count);
        fault = talk->stopped(talk->baton) ? fault_make(T_CANCELLED, NULL, "stopped") : crypto_sha256(digest, text);
        if (fault == NULL) {
            fault = sign_one(one, &text, digest, &cms[i]);
        }
    }
    return fault;
}

fault_t *operation_sign_statements(const helper_t *helper, file_key_t *key, const bytes_t *texts, int count,
                                   bytes_t *cms) {
    sign_one_t one;
    fault_t *fault;
    int i;

    for (i = 0; i < count; i++) {
        view_t text = bytes_view(&texts[i]);

        if (!begins(text, STATEMENT_FIRST, STATEMENT_MAX) && !begins(text, MESSAGE_FIRST, STATEMENT_MAX) &&
            !begins(text, ORDER_FIRST, STATEMENT_MAX)) {
            return fault_make(T_SIGN_FORM, NULL, "text %d, %u bytes", i + 1, (unsigned)text.length);
        }
    }
    for (i = 0; i < count; i++) {
        show(helper, T_SIGN_TEXT, bytes_view(&texts[i]));
    }
    fault = confirm(helper, count == 1 ? T_SIGN_CONFIRM : T_SIGN_CONFIRM_ALL, count);
    if (fault == NULL) {
        fault = begin_signing(&one, helper, key);
    }
    if (fault != NULL) {
        return fault;
    }
    fault = sign_each(helper, &one, texts, count, cms);
    end_signing(&one);
    return fault;
}

/* A challenge looks like nothing else that is signed, so that a login can never become a statement or a message. */
fault_t *operation_login(const helper_t *helper, file_key_t *key, view_t challenge, bytes_t *cms) {
    fault_t *fault;

    if (!begins(challenge, CHALLENGE_FIRST, CHALLENGE_MAX)) {
        return fault_make(T_LOGIN_FORM, NULL, "%u bytes", (unsigned)challenge.length);
    }
    show(helper, T_LOGIN_CHALLENGE, challenge);
    fault = confirm(helper, T_LOGIN_CONFIRM, 1);
    return fault != NULL ? fault : operation_sign(helper, key, &challenge, NULL, cms);
}
