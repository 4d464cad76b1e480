/* yubico.c: https://developers.yubico.com/PIV/Introduction/Yubico_extensions.html; attestation is
 * not there (6D00). */
#include "yubico.h"
#include "authenticate.h"
#include "keys.h"
#include "state.h"
#include "tlv.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

sw_t card_yubico_version(card_t *card, const command_t *command, bytes_t *answer) {
    bytes_append(answer, card->settings.yubico_version, sizeof(card->settings.yubico_version));
    return SW_OK;
}

sw_t card_yubico_serial(card_t *card, const command_t *command, bytes_t *answer) {
    uint32_t serial = card->memory.serial;
    const unsigned char bytes[4] = {(unsigned char)(serial >> 24), (unsigned char)(serial >> 16),
                                    (unsigned char)(serial >> 8), (unsigned char)serial};

    bytes_append(answer, bytes, sizeof(bytes));
    return SW_OK;
}

static void append_byte(bytes_t *answer, uint32_t tag, unsigned char byte) {
    tlv_append(answer, tag, &byte, 1);
}

static void append_two(bytes_t *answer, uint32_t tag, unsigned first, unsigned second) {
    const unsigned char bytes[2] = {(unsigned char)first, (unsigned char)second};

    tlv_append(answer, tag, bytes, sizeof(bytes));
}

static sw_t key_metadata(card_t *card, const card_key_t *key, bytes_t *answer) {
    bytes_t *public_key;

    public_key = calloc(1, sizeof(*public_key));
    if (public_key == NULL) {
        return SW_INTERNAL;
    }
    append_byte(answer, 0x01, key->algorithm);
    append_two(answer, 0x02, card_key_pin_policy(key),
               key->touch_policy == 0 ? 1 : key->touch_policy);
    append_byte(answer, 0x03, key->imported ? 2 : 1);
    card_key_append_public(public_key, key->key, key->algorithm);
    tlv_append(answer, 0x04, public_key->data, public_key->length);
    free(public_key);
    return SW_OK;
}

sw_t card_yubico_metadata(card_t *card, const command_t *command, bytes_t *answer) {
    const memory_t *memory = &card->memory;
    const unsigned char *version = card->settings.yubico_version;
    const card_key_t *key;

    if (version[0] < 5 || (version[0] == 5 && version[1] < 3)) {
        return SW_WRONG_INS;
    }
    switch (command->p2) {
    case KEY_MANAGEMENT:
        append_byte(answer, 0x01, memory->management_algorithm);
        append_two(answer, 0x02, 0, 1);
        append_byte(answer, 0x05, !memory->management_changed);
        return SW_OK;
    case REFERENCE_PIN:
        append_byte(answer, 0x01, 0xFF);
        append_byte(answer, 0x05, !memory->pin_changed);
        append_two(answer, 0x06, memory->pin_tries_max, memory->pin_tries);
        return SW_OK;
    case REFERENCE_PUK:
        append_byte(answer, 0x01, 0xFF);
        append_byte(answer, 0x05, !memory->puk_changed);
        append_two(answer, 0x06, memory->puk_tries_max, memory->puk_tries);
        return SW_OK;
    default:
        key = card_key(card, command->p2);
        return key == NULL ? SW_NO_REFERENCE : key_metadata(card, key, answer);
    }
}

/* Algorithm, 9B, length, key. */
sw_t card_yubico_set_management_key(card_t *card, const command_t *command, bytes_t *answer) {
    memory_t *memory = &card->memory;
    size_t length;

    if (command->p1 != 0xFF || (command->p2 != 0xFF && command->p2 != 0xFE)) {
        return SW_WRONG_P1P2;
    }
    if (!card->session.management_authenticated) {
        return SW_SECURITY_STATUS;
    }
    if (command->length < 3 || command->data[1] != KEY_MANAGEMENT) {
        return SW_WRONG_DATA;
    }
    length = card_management_key_length(command->data[0]);
    if (length == 0 || command->data[2] != length || command->length != 3 + length) {
        return SW_WRONG_DATA;
    }
    memory->management_algorithm = command->data[0];
    memcpy(memory->management_key, command->data + 3, length);
    memory->management_changed = true;
    return state_save(card) ? SW_OK : SW_INTERNAL;
}

/* Importing ------------------------------------------------------------------------------------ */

static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *builder) {
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return key;
}

/* n, e and d follow from the primes; e is 65537. */
static bool complete_rsa(BN_CTX *scratch, const BIGNUM *p, const BIGNUM *q, BIGNUM *n, BIGNUM *e,
                         BIGNUM *d) {
    BIGNUM *p1 = BN_CTX_get(scratch), *q1 = BN_CTX_get(scratch), *phi = BN_CTX_get(scratch);

    return phi != NULL && BN_set_word(e, 65537) == 1 && BN_mul(n, p, q, scratch) == 1 &&
           BN_sub(p1, p, BN_value_one()) == 1 && BN_sub(q1, q, BN_value_one()) == 1 &&
           BN_mul(phi, p1, q1, scratch) == 1 && BN_mod_inverse(d, e, phi, scratch) != NULL;
}

/* The five numbers of the Chinese remainder theorem, tags 01 to 05. */
static EVP_PKEY *rsa_from(const command_t *command) {
    static const char *const names[] = {
        OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
    BN_CTX *scratch = BN_CTX_new();
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *numbers[5], *n, *e, *d;
    EVP_PKEY *key = NULL;
    tlv_t element;
    bool ok = scratch != NULL && builder != NULL;

    if (ok) {
        BN_CTX_start(scratch);
    }
    for (uint32_t i = 0; i < 5 && ok; i++) {
        numbers[i] = BN_CTX_get(scratch);
        ok = numbers[i] != NULL && tlv_find(command->data, command->length, i + 1, &element) &&
             BN_bin2bn(element.value, (int)element.length, numbers[i]) != NULL &&
             OSSL_PARAM_BLD_push_BN(builder, names[i], numbers[i]) == 1;
    }
    if (ok) {
        n = BN_CTX_get(scratch);
        e = BN_CTX_get(scratch);
        d = BN_CTX_get(scratch);
        ok = d != NULL && complete_rsa(scratch, numbers[0], numbers[1], n, e, d) &&
             OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
             OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
             OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, d) == 1;
    }
    if (ok) {
        key = key_from("RSA", builder);
    }
    if (scratch != NULL) {
        BN_CTX_end(scratch);
    }
    OSSL_PARAM_BLD_free(builder);
    BN_CTX_free(scratch);
    return key;
}

/* The private number, tag 06; the point follows from it. */
static EVP_PKEY *ec_from(const command_t *command, unsigned char algorithm) {
    const char *name = algorithm == ALGORITHM_P256 ? "P-256" : "P-384";
    EC_GROUP *group = EC_GROUP_new_by_curve_name(EC_curve_nist2nid(name));
    EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *number = NULL;
    unsigned char encoded[97];
    size_t length = 0;
    EVP_PKEY *key = NULL;
    tlv_t element;

    if (point != NULL && builder != NULL &&
        tlv_find(command->data, command->length, 0x06, &element) &&
        element.length == card_algorithm_bytes(algorithm)) {
        number = BN_bin2bn(element.value, (int)element.length, NULL);
    }
    if (number != NULL && EC_POINT_mul(group, point, number, NULL, NULL, NULL) == 1) {
        length = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded,
                                    sizeof(encoded), NULL);
    }
    if (length > 1 &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, name, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, encoded, length) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1) {
        key = key_from("EC", builder);
    }
    BN_clear_free(number);
    OSSL_PARAM_BLD_free(builder);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return key;
}

sw_t card_yubico_import(card_t *card, const command_t *command, bytes_t *answer) {
    card_key_t key = {.algorithm = command->p1, .reference = command->p2, .imported = true};
    tlv_t element;

    if (!card_reference_is_key(command->p2) || !card_algorithm_known(card, command->p1)) {
        return SW_WRONG_P1P2;
    }
    if (!card->session.management_authenticated) {
        return SW_SECURITY_STATUS;
    }
    if (tlv_find(command->data, command->length, 0xAA, &element) && element.length == 1) {
        key.pin_policy = element.value[0];
    }
    if (tlv_find(command->data, command->length, 0xAB, &element) && element.length == 1) {
        key.touch_policy = element.value[0];
    }
    key.key =
        card_algorithm_is_rsa(command->p1) ? rsa_from(command) : ec_from(command, command->p1);
    if (key.key == NULL ||
        ((size_t)EVP_PKEY_get_bits(key.key) + 7) / 8 != card_algorithm_bytes(command->p1)) {
        EVP_PKEY_free(key.key);
        return SW_WRONG_DATA;
    }
    if (!card_key_set(card, &key)) {
        return SW_NO_MEMORY;
    }
    return state_save(card) ? SW_OK : SW_INTERNAL;
}

/* Tries of PIN (P1) and PUK (P2); both become those of a blank card. */
sw_t card_yubico_set_tries(card_t *card, const command_t *command, bytes_t *answer) {
    memory_t *memory = &card->memory;

    if (!card->session.management_authenticated || !card->session.pin_verified) {
        return SW_SECURITY_STATUS;
    }
    if (command->p1 == 0 || command->p2 == 0) {
        return SW_WRONG_P1P2;
    }
    memory->pin_tries = memory->pin_tries_max = command->p1;
    memory->puk_tries = memory->puk_tries_max = command->p2;
    memcpy(memory->pin, card->settings.pin, CARD_PIN);
    memcpy(memory->puk, card->settings.puk, CARD_PIN);
    memory->pin_changed = memory->puk_changed = false;
    return state_save(card) ? SW_OK : SW_INTERNAL;
}

/* A blank card again; only when PIN and PUK are both blocked. */
sw_t card_yubico_reset(card_t *card, const command_t *command, bytes_t *answer) {
    if (card->memory.pin_tries > 0 || card->memory.puk_tries > 0) {
        return SW_CONDITIONS;
    }
    state_blank(card);
    card->session.pin_verified = false;
    card->session.pin_just_verified = false;
    card->session.management_authenticated = false;
    return state_save(card) ? SW_OK : SW_INTERNAL;
}
