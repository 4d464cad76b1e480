/* The helper's operations with a user who answers at once, and the way to the portal that relay.c has in place of HTTPS. */
#include "worlds.h"

#include <stdlib.h>
#include <string.h>
#include "card_show.h"
#include "key_check.h"
#include "operations.h"

static card_settings_t settings;
static file_key_t *operator_key;
static const char *given_code, *given_pin;
static helper_result_t result;

/* The user ------------------------------------------------------------------------------------------------------ */

static void say(void *baton, text_id text, const char *arg) {
}

static void show(void *baton, text_id name, const char *value) {
}

static void outcome(void *baton, text_id name, const fault_t *fault) {
}

static void show_secret(void *baton, text_id name, const secret_t *secret) {
    memcpy(result.pin, secret->text, secret->length < 9 ? secret->length + 1 : 0);
}

static void progress(void *baton, text_id text, int at, int of) {
}

static fault_t *confirm(void *baton, text_id question, const char *arg, int *yes) {
    *yes = 1;
    return NULL;
}

static fault_t *ask_secret(void *baton, talk_secret kind, text_id prompt, const char *arg, secret_t *secret) {
    const char *text = kind == TALK_CODE ? given_code : given_pin;

    if (!secret_set(secret, text, strlen(text))) {
        abort();
    }
    return NULL;
}

static fault_t *choose(void *baton, text_id question, const char *const *names, int count, int *chosen) {
    *chosen = 0;
    return NULL;
}

static int stopped(void *baton) {
    return 0;
}

static const talk_t talk = {NULL, say, show, outcome, show_secret, progress, confirm, ask_secret, choose, stopped};
static const helper_t helper = {&settings, &talk, NULL, 0.0, LANGUAGE_EN};

/* The way to the portal. Gone for good is told as slow: the helper does not wait a minute for that. ---------------- */

fault_t *service_get_session(const service_t *service, service_session_t *session) {
    relay_session_t given;

    if (!relay_session(&given)) {
        return fault_make(T_PORTAL_SLOW, NULL, "cut");
    }
    memcpy(session->nonce, given.nonce, sizeof(session->nonce));
    memcpy(session->issued, given.issued, sizeof(session->issued));
    bytes_set(&session->proof, given.proof, strlen(given.proof));
    bytes_set(&session->chain, given.chain, given.chain_length);
    return NULL;
}

void service_session_free(service_session_t *session) {
    bytes_free(&session->proof);
    bytes_free(&session->chain);
}

fault_t *service_send(const service_t *service, const char *nonce, view_t envelope, double patience,
                      service_answer_t *answer) {
    relay_answer_t given;

    if (!relay_message(nonce, envelope.data, envelope.length, &given)) {
        return fault_make(T_PORTAL_SLOW, NULL, "cut");
    }
    answer->state = given.done ? SERVICE_DONE : SERVICE_DENIED;
    answer->tries_left = given.tries_left;
    memset(answer->answer, 0, sizeof(answer->answer));
    memcpy(answer->answer, given.answer, strnlen(given.answer, sizeof(answer->answer) - 1));
    bytes_set(&answer->reply, given.reply, given.reply_length);
    return NULL;
}

void service_answer_free(service_answer_t *answer) {
    bytes_free(&answer->reply);
}

/* Runs ---------------------------------------------------------------------------------------------------------- */

static void must(fault_t *fault) {
    if (fault != NULL) {
        abort();
    }
}

void helper_setup(const char *ca_file, const char *operator_file) {
    int needs_password = 0;

    settings_defaults(&settings);
    must(settings_put(&settings, "portal-url", "https://localhost", "/"));
    must(settings_put(&settings, "ca-file", ca_file, "/"));
    file_key_free(operator_key);
    must(file_key_read(&operator_key, operator_file, NULL, &needs_password));
}

static void begin(const char *code, const char *pin) {
    memset(&result, 0, sizeof(result));
    given_code = code;
    given_pin = pin;
}

static helper_result_t end(fault_t *fault) {
    if (fault != NULL) {
        strncpy(result.fault, text_name(fault->text), sizeof(result.fault) - 1);
        text_format(result.words, sizeof(result.words), fault->text, LANGUAGE_EN, fault->arg);
        result.exit_code = text_exit_code(fault->text);
    }
    fault_drop(fault);
    return result;
}

helper_result_t helper_produce(const char *case_number) {
    operator_t operator = {"card-1", operator_key};
    production_t wanted = {case_number, 1, 0};

    begin(NULL, NULL);
    return end(operation_produce(&helper, &operator, &wanted));
}

helper_result_t helper_activate(const char *code) {
    begin(code, NULL);
    return end(operation_activate(&helper));
}

helper_result_t helper_unlock(const char *code, const char *pin) {
    begin(code, pin);
    return end(operation_unlock(&helper));
}

static fault_t *verify(const piv_t *piv, const char *pin) {
    secret_t secret;
    piv_try_t outcome_of_try;
    fault_t *fault;

    if (!secret_set(&secret, pin, strlen(pin))) {
        abort();
    }
    fault = piv_verify(piv, &secret, &outcome_of_try);
    return fault == NULL && !outcome_of_try.right ? fault_make(T_PIN_WRONG, pin, "%s", pin) : fault;
}

static fault_t *check(card_t *card, const card_info_t *info, const char *pin) {
    fault_t *fault = card_begin(card);

    if (fault == NULL) {
        fault = key_check_signs(&card->piv, PIV_CARD_AUTH, info->card_auth->key);
    }
    if (fault == NULL) {
        fault = verify(&card->piv, pin);
    }
    if (fault == NULL) {
        fault = key_check_signs(&card->piv, PIV_SIGNATURE, info->signature->key);
    }
    if (fault == NULL) {
        fault = verify(&card->piv, pin);
    }
    if (fault == NULL) {
        fault = key_check_decrypts(&card->piv, PIV_ENCRYPTION, info->encryption->key);
    }
    card_end(card);
    return fault;
}

helper_result_t helper_check(const char *pin) {
    card_t card;
    card_info_t info;
    fault_t *fault;

    begin(NULL, pin);
    fault = card_open(&card, &info, &helper);
    if (fault == NULL) {
        fault = check(&card, &info, pin);
    }
    card_close(&card, &info);
    return end(fault);
}
