/* A simulated card to talk to, without a reader, and a host that knows what to say to it. */
#ifndef XCA_TESTS_UNIT_CARDSIM_FIXTURE_H
#define XCA_TESTS_UNIT_CARDSIM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "../cardsim/apdu.h"
#include "../cardsim/settings.h"
#include "../cardsim/state.h"
#include "../cardsim/tlv.h"

#define SELECT      "00A404000BA00000030800001000010000"
#define RIGHT_PIN   "0020008008313233343536FFFF"
#define WRONG_PIN   "0020008008393939393939FFFF"
#define PIN_STATUS  "00200080"
#define UNBLOCK     "002C008010"
#define RIGHT_PUK   "3132333435363738"
#define WRONG_PUK   "3939393939393939"
#define NEW_PIN     "363534333231FFFF"
#define CHUID       "5C035FC102"
#define PRINTED     "5C035FC109"
#define CERTIFICATE "5C035FC10A"

static inline size_t unhex(unsigned char *to, const char *hex) {
    char pair[3] = "";
    size_t length = 0;

    for (; *hex != '\0'; hex += 2) {
        memcpy(pair, hex, 2);
        to[length++] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return length;
}

/* Says a command to the card; the answer, in hexadecimal. */
static inline const char *say_bytes(card_t *card, const unsigned char *apdu, size_t length) {
    static char text[2 * CARD_BYTES + 1];
    static bytes_t answer;

    card_run(card, apdu, length, &answer);
    for (size_t i = 0; i < answer.length; i++) {
        snprintf(text + 2 * i, 3, "%02X", answer.data[i]);
    }
    text[2 * answer.length] = '\0';
    return text;
}

static inline const char *say(card_t *card, const char *hex) {
    static unsigned char apdu[CARD_BYTES];

    return say_bytes(card, apdu, unhex(apdu, hex));
}

static inline const char *sw(const char *answer) {
    return answer + strlen(answer) - 4;
}

/* A selected blank card with these settings ("name=value", NULL at the end). */
static inline card_t *new_card(const char *first, ...) {
    card_t *card = calloc(1, sizeof(*card));
    char name[64];
    va_list more;

    settings_default(&card->settings);
    va_start(more, first);
    for (const char *one = first; one != NULL; one = va_arg(more, const char *)) {
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(one, "="), one);
        assert_true(settings_set(&card->settings, name, strchr(one, '=') + 1));
    }
    va_end(more);
    settings_finish(&card->settings);
    state_blank(card);
    card_power(card);
    assert_string_equal(sw(say(card, SELECT)), "9000");
    return card;
}

static inline void discard(card_t *card) {
    state_free(card);
    free(card);
}

static inline void cipher(const card_t *card, bool encrypt, const char *in, char *out) {
    const EVP_CIPHER *kinds[] = {EVP_des_ede3_ecb(), EVP_aes_128_ecb(), EVP_aes_192_ecb(),
                                 EVP_aes_256_ecb()};
    const unsigned char algorithms[] = {0x03, 0x08, 0x0A, 0x0C};
    const char *found = memchr(algorithms, card->memory.management_algorithm, sizeof(algorithms));
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    unsigned char block[16], result[32];
    size_t length = unhex(block, in);
    int written = 0;

    assert_non_null(found);
    assert_int_equal(EVP_CipherInit_ex2(context, kinds[found - (const char *)algorithms],
                                        card->memory.management_key, NULL, encrypt, NULL),
                     1);
    EVP_CIPHER_CTX_set_padding(context, 0);
    assert_int_equal(EVP_CipherUpdate(context, result, &written, block, (int)length), 1);
    assert_int_equal(written, length);
    EVP_CIPHER_CTX_free(context);
    for (size_t i = 0; i < length; i++) {
        snprintf(out + 2 * i, 3, "%02X", result[i]);
    }
}

/* Mutual authentication with the management key; the last status word. */
static inline const char *authenticate(card_t *card) {
    unsigned algorithm = card->memory.management_algorithm, block = algorithm == 0x03 ? 8 : 16;
    char command[128], witness[33] = "", decrypted[33] = "", proof[33] = "";
    const char *challenge = "00112233445566778899AABBCCDDEEFF" + (block == 8 ? 16 : 0);
    const char *answer;

    snprintf(command, sizeof(command), "0087%02X9B047C028000", algorithm);
    answer = say(card, command);
    if (strlen(answer) == 4) {
        return answer;
    }
    assert_int_equal(strlen(answer), 8 + 2 * block + 4);
    snprintf(witness, sizeof(witness), "%.*s", (int)(2 * block), answer + 8);
    cipher(card, false, witness, decrypted);
    snprintf(command, sizeof(command), "0087%02X9B%02X7C%02X80%02X%s81%02X%s", algorithm,
             6 + 2 * block, 4 + 2 * block, block, decrypted, block, challenge);
    answer = say(card, command);
    if (strlen(answer) > 4) {
        cipher(card, true, challenge, proof);
        assert_memory_equal(answer + 8, proof, 2 * block);
    }
    return sw(answer);
}

/* PUT DATA of so many bytes, by command chaining. */
static inline const char *put(card_t *card, const char *tag_list, size_t length) {
    bytes_t *data = calloc(1, sizeof(*data));
    unsigned char content[CARD_BYTES], list[8], apdu[5 + 255];
    const char *answer = NULL;

    memset(content, 0xC5, length);
    bytes_append(data, list, unhex(list, tag_list));
    tlv_append(data, 0x53, content, length);
    for (size_t at = 0; at < data->length;) {
        size_t part = data->length - at > 255 ? 255 : data->length - at;

        memcpy(apdu, "\x10\xDB\x3F\xFF", 4);
        apdu[0] = at + part < data->length ? 0x10 : 0x00;
        apdu[4] = (unsigned char)part;
        memcpy(apdu + 5, data->data + at, part);
        at += part;
        answer = say_bytes(card, apdu, 5 + part);
        if (at < data->length && strcmp(answer, "9000") != 0) {
            break;
        }
    }
    free(data);
    return answer;
}

static inline const char *generate(card_t *card, const char *reference, const char *algorithm) {
    char command[32];

    snprintf(command, sizeof(command), "004700%s05AC038001%s00", reference, algorithm);
    return say(card, command);
}

static inline const char *sign_p256(card_t *card, const char *reference) {
    char command[128];

    snprintf(command, sizeof(command), "008711%s267C2482008120%064d00", reference, 7);
    return sw(say(card, command));
}

#endif
