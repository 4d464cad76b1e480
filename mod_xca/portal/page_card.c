#include "portal/page_card.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "operations/acceptance.h"
#include "operations/card_relay.h"
#include "outside/crypto.h"
#include "portal/code_door.h"
#include "portal/engine.h"
#include "portal/request_view.h"
#include "wire/card_message.h"

/* A nonce is 16 bytes: when it was given (seconds, 4 bytes), 6 random ones, 6 of a MAC over both, so that the portal knows its
 * own again and need not keep them. */
#define NONCE_BYTES  16
#define NONCE_SIGNED 10
#define NONCE_LIFE   apr_time_from_sec(15 * 60)

static xca_error_t *take_turn(xca_visit_t *visit) {
    if (!xca_limit_take(visit->portal->card_limit, xca_code_door_source(visit), visit->now)) {
        return xca_error_make(visit->pool, XCA_E_LOCKED, "card.too-many", NULL);
    }
    return NULL;
}

static void sign_nonce(unsigned char mac[32], const xca_visit_t *visit, const unsigned char *bytes) {
    unsigned char text[12 + NONCE_SIGNED];

    memcpy(text, "xca-nonce-1\n", 12);
    memcpy(text + 12, bytes, NONCE_SIGNED);
    xca_hmac(mac, visit->portal->key, text, sizeof(text));
}

static xca_error_t *give_nonce(const char **nonce, const xca_visit_t *visit) {
    apr_uint64_t seconds = (apr_uint64_t)apr_time_sec(visit->now);
    unsigned char bytes[NONCE_BYTES], mac[32];
    int i;
    xca_error_t *err = xca_random(bytes, sizeof(bytes), visit->pool);

    if (err != NULL) {
        return err;
    }
    for (i = 0; i < 4; i++) {
        bytes[i] = (unsigned char)(seconds >> (24 - 8 * i));
    }
    sign_nonce(mac, visit, bytes);
    memcpy(bytes + NONCE_SIGNED, mac, NONCE_BYTES - NONCE_SIGNED);
    *nonce = xca_text_hex(visit->pool, bytes, sizeof(bytes));
    return NULL;
}

/* Given by a portal with our key, not long ago. */
static int is_own_nonce(const xca_visit_t *visit, const char *nonce) {
    const xca_bytes_t *bytes = xca_text_unhex(visit->pool, nonce);
    unsigned char mac[32];
    apr_time_t given;
    xca_secret_t wanted = {mac, NONCE_BYTES - NONCE_SIGNED}, found;

    if (bytes == NULL || bytes->length != NONCE_BYTES) {
        return 0;
    }
    sign_nonce(mac, visit, bytes->data);
    found.bytes = (unsigned char *)(size_t)(bytes->data + NONCE_SIGNED);
    found.length = NONCE_BYTES - NONCE_SIGNED;
    given = apr_time_from_sec((apr_time_t)bytes->data[0] << 24 | bytes->data[1] << 16 | bytes->data[2] << 8 |
                              bytes->data[3]);
    return xca_secret_equal(&wanted, &found) && given <= visit->now + NONCE_LIFE &&
           given >= visit->now - NONCE_LIFE;
}

xca_error_t *xca_page_card_session(xca_visit_t *visit) {
    const char *proof, *nonce;
    xca_bytes_t chain;
    xca_error_t *err = take_turn(visit);

    if (err == NULL) {
        err = xca_card_relay_session(&proof, &chain, visit->office, visit->pool);
    }
    if (err == NULL) {
        err = give_nonce(&nonce, visit);
    }
    if (err != NULL) {
        return err;
    }
    xca_map_text(visit->model, "nonce", nonce);
    xca_map_text(visit->model, "issued", xca_date_format(visit->pool, visit->now, XCA_DATE_WIRE));
    xca_map_text(visit->model, "seal_key_proof", proof);
    xca_map_text(visit->model, "chain", xca_base64(visit->pool, chain.data, chain.length));
    return NULL;
}

static int is_code_answer(const char *answer) {
    return strcmp(answer, "code.wrong") == 0 || strcmp(answer, "code.locked-for-good") == 0;
}

/* What the signer has said so far. Behind a space an answer has the reasons for it. */
static void show(xca_visit_t *visit, const xca_request_t *request) {
    const char *said = request->answer != NULL ? request->answer : "card.waiting";
    const char *reasons = strchr(said, ' ');
    const char *answer = apr_pstrmemdup(visit->pool, said, strcspn(said, " "));
    xca_error_t *words = xca_error_make(visit->pool, XCA_E_CONFLICT, answer, NULL);

    words->arg = reasons != NULL ? xca_catalogue_texts(visit->portal->texts, reasons + 1, visit->language, visit->pool)
                                 : apr_itoa(visit->pool, request->tries_left);
    visit->status = request->state == XCA_REQUEST_WAITING ? 202 : 200;
    xca_map_text(visit->model, "state", xca_request_state_id(request->state));
    xca_map_text(visit->model, "answer", answer);
    xca_map_text(visit->model, "message",
                 xca_catalogue_error(visit->portal->texts, words, visit->language, visit->pool));
    if (is_code_answer(answer)) {
        xca_map_number(visit->model, "tries_left", request->tries_left);
    }
    if (request->reply.length > 0) {
        xca_map_text(visit->model, "reply", xca_base64(visit->pool, request->reply.data, request->reply.length));
    }
}

static int is_message_type(const char *type) {
    static const char *const types[] = {"text/plain", "application/octet-stream", "application/pkcs7-mime",
                                        "application/cms"};
    size_t i;

    for (i = 0; type != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        size_t length = strlen(types[i]);

        if (strncasecmp(type, types[i], length) == 0 && strchr("; \t", type[length]) != NULL) {
            return 1; /* strchr finds the end of the text too */
        }
    }
    return 0;
}

/* A message on its way through here. */
typedef struct {
    xca_bytes_t bytes;
    const char *nonce;
    int brings_code;
    int is_new; /* recorded by this request */
} letter_t;

static xca_error_t *read_message(letter_t *letter, xca_visit_t *visit) {
    if (!is_message_type(visit->request->content_type)) {
        return xca_error_make(visit->pool, XCA_E_TYPE, "card.type", "%.80s",
                              visit->request->content_type != NULL ? visit->request->content_type : "none");
    }
    if (visit->request->body_length > XCA_CARD_ENVELOPE_MAX) {
        return xca_error_make(visit->pool, XCA_E_TOO_LARGE, "form.too-large", "card message");
    }
    letter->bytes.data = (const unsigned char *)visit->request->body;
    letter->bytes.length = visit->request->body_length;
    return xca_card_relay_read(&letter->nonce, &letter->brings_code, letter->bytes, visit->pool);
}

/* A message that is on record is answered again, however old its nonce is. Only those that bring a code wait for the door: who
 * is in the middle of a change must be able to end it. */
static xca_error_t *hand_in(xca_visit_t *visit, letter_t *letter) {
    xca_request_t *request;
    xca_error_t *err = xca_card_relay_find(&request, visit->office, letter->nonce, visit->pool);

    if (err == NULL || err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    if (!is_own_nonce(visit, letter->nonce)) {
        return xca_error_make(visit->pool, XCA_E_INVALID, "card.nonce", NULL);
    }
    err = letter->brings_code ? xca_code_door_open(visit) : NULL;
    letter->is_new = 1;
    return err == NULL
               ? xca_card_relay_hand_in(visit->office, letter->nonce, letter->bytes, visit->now, visit->pool)
               : err;
}

/* Wrong codes count for the address as well; what the card is told stays. */
static xca_error_t *count_wrong_code(xca_visit_t *visit, const xca_request_t *request) {
    xca_error_t *told;

    if (request->state != XCA_REQUEST_DENIED || !is_code_answer(request->answer)) {
        return NULL;
    }
    told = xca_code_door_close(visit, xca_error_make(visit->pool, XCA_E_DENIED, request->answer, NULL));
    return told->kind == XCA_E_UNAVAILABLE ? told : NULL;
}

xca_error_t *xca_page_card_message(xca_visit_t *visit) {
    letter_t letter = {{NULL, 0}, NULL, 0, 0};
    xca_request_t *request;
    int silent = 0;
    xca_error_t *err = take_turn(visit);

    if (err == NULL) {
        err = read_message(&letter, visit);
    }
    if (err == NULL) {
        err = hand_in(visit, &letter);
    }
    if (err == NULL) {
        err = xca_signer_is_silent(&silent, visit->office, visit->now, visit->pool);
    }
    if (err == NULL) {
        err = xca_request_await(&request, visit->office, letter.nonce, silent ? 0 : XCA_ANSWER_WAIT, visit->pool);
    }
    if (err == NULL && letter.is_new) {
        err = count_wrong_code(visit, request);
    }
    if (err == NULL) {
        show(visit, request);
    }
    return err;
}

static int is_nonce(const char *text) {
    return strlen(text) == 2 * NONCE_BYTES && strspn(text, "0123456789abcdef") == 2 * NONCE_BYTES;
}

xca_error_t *xca_page_card_message_show(xca_visit_t *visit) {
    xca_request_t *request;
    xca_error_t *err;

    if (!is_nonce(visit->arg)) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "request.not-found", NULL);
    }
    err = xca_card_relay_find(&request, visit->office, visit->arg, visit->pool);
    if (err == NULL) {
        show(visit, request);
    }
    return err;
}
