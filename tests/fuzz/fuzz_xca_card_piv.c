/* A card that answers anything to every command. The input is its answers one behind the other, each with its length in front; when they
 * are at their end the card is gone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "blank.h"
#include "blank_parts.h"
#include "card_info.h"
#include "crypto_sign.h"
#include "key_check.h"
#include "piv.h"
#include "piv_admin.h"
#include "piv_keys.h"
#include "reset_pin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct stream {
    view_t rest;
} stream_t;

static fault_t *exchange(void *baton, const unsigned char *send, size_t length, unsigned char *receive,
                         size_t *received) {
    stream_t *stream = baton;
    size_t count;

    if (stream->rest.length < 2) {
        return fault_make(T_CARD_REMOVED, NULL, "end");
    }
    count = (size_t)stream->rest.data[0] << 8 | stream->rest.data[1];
    stream->rest.data += 2;
    stream->rest.length -= 2;
    if (count > stream->rest.length) {
        count = stream->rest.length;
    }
    if (count > *received) {
        count = *received;
    }
    memcpy(receive, stream->rest.data, count);
    stream->rest.data += count;
    stream->rest.length -= count;
    *received = count;
    return NULL;
}

static void say(void *baton, text_id text, const char *arg) {
}

static void progress(void *baton, text_id text, int at, int of) {
}

/* The keys that a card shows may be any: what is done with them must hold. */
static void use_public(const piv_t *piv, const piv_public_t *given) {
    public_key_t *key;
    fault_t *fault = public_key_of_card(&key, given);

    if (fault == NULL) {
        fault = key_check_signs(piv, PIV_SIGNATURE, key);
        fault_drop(fault);
        fault = key_check_decrypts(piv, PIV_ENCRYPTION, key);
        public_key_free(key);
    }
    fault_drop(fault);
}

static void try_keys(const piv_t *piv, piv_algorithm algorithm) {
    unsigned char digest[PIV_SHA256] = {0};
    bytes_t result = {NULL, 0, 0};
    view_t block = {digest, sizeof(digest)};
    piv_public_t key;
    fault_t *fault;

    fault_drop(piv_sign(piv, PIV_SIGNATURE, algorithm, digest, &result));
    fault_drop(piv_decipher(piv, PIV_ENCRYPTION, block, &result));
    fault_drop(piv_agree(piv, PIV_ENCRYPTION, algorithm, block, &result));
    bytes_free(&result);
    fault = piv_generate(piv, PIV_SIGNATURE, algorithm, &key);
    if (fault == NULL) {
        use_public(piv, &key);
    }
    fault_drop(fault);
    piv_public_free(&key);
}

static void try_info(const piv_t *piv) {
    puk_pair_t puks;
    secret_t pin;
    card_info_t info;
    int has_next;
    fault_t *fault = card_info_glance(&info, piv);

    memset(&puks, 0, sizeof(puks));
    secret_set(&puks.present, "11111111", 8);
    secret_set(&puks.next, "22222222", 8);
    secret_set(&pin, "123456", 6);
    puks.uncertain = 1;
    if (fault == NULL && info.card_auth != NULL) {
        fault_drop(reset_pin(piv, &info, &puks, &pin, &has_next));
    }
    card_info_free(&info);
    fault_drop(fault);
}

static void try_blank(const piv_t *piv) {
    talk_t talk = {.say = say, .progress = progress};
    card_settings_t settings;
    order_t order;
    blank_t blank;
    int final;

    settings_defaults(&settings);
    memset(&order, 0, sizeof(order));
    memset(&blank, 0, sizeof(blank));
    memcpy(order.card, "Xc00000000000042", 17);
    order.algorithm = PIV_P256;
    secret_set(&order.puk, "11111111", 8);
    secret_set(&order.management_key, "0123456789abcdef01234567", 24);
    blank.piv = piv;
    blank.talk = &talk;
    blank.settings = &settings;
    blank.order = &order;
    blank.overwrite = 1;
    fault_drop(blank_get_chuid(&blank, &final));
    fault_drop(blank_authenticate(&blank));
    fault_drop(blank_generate(&blank));
    blank_free(&blank);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    stream_t stream = {{data, size}};
    piv_t piv;
    int verified, left;

    memset(&piv, 0, sizeof(piv));
    piv.line.exchange = exchange;
    piv.line.baton = &stream;
    piv.line.extended = size > 0 && (data[size - 1] & 1) != 0;
    fault_drop(piv_select(&piv));
    fault_drop(piv_pin_status(&piv, &verified, &left));
    try_info(&piv);
    try_keys(&piv, PIV_P256);
    try_keys(&piv, PIV_RSA_2048);
    try_blank(&piv);
    apdu_atr_extended(stream.rest);
    return 0;
}
