/* keys.c: keys are OpenSSL's; the card decides which may be made and used. */
#include "keys.h"
#include "state.h"
#include "tlv.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

typedef struct algorithm {
    unsigned char id;
    size_t bytes;
    const char *curve; /* NULL: RSA */
} algorithm_t;

static const algorithm_t algorithms[] = {
    {ALGORITHM_RSA1024, 128, NULL}, {ALGORITHM_RSA2048, 256, NULL}, {ALGORITHM_RSA3072, 384, NULL},
    {ALGORITHM_P256, 32, "P-256"},  {ALGORITHM_P384, 48, "P-384"},
};

static const algorithm_t *algorithm_of(unsigned char id) {
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (algorithms[i].id == id) {
            return &algorithms[i];
        }
    }
    return NULL;
}

bool card_algorithm_known(const card_t *card, unsigned char algorithm) {
    return algorithm_of(algorithm) != NULL &&
           memchr(card->settings.algorithms, algorithm, card->settings.algorithm_count) != NULL;
}

bool card_algorithm_is_rsa(unsigned char algorithm) {
    const algorithm_t *found = algorithm_of(algorithm);

    return found != NULL && found->curve == NULL;
}

size_t card_algorithm_bytes(unsigned char algorithm) {
    const algorithm_t *found = algorithm_of(algorithm);

    return found == NULL ? 0 : found->bytes;
}

bool card_reference_is_key(unsigned char reference) {
    return reference == KEY_AUTHENTICATION || reference == KEY_SIGNATURE ||
           reference == KEY_ENCRYPTION || reference == KEY_CARD ||
           (reference >= KEY_RETIRED_FIRST && reference <= KEY_RETIRED_LAST);
}

pin_policy_t card_key_pin_policy(const card_key_t *key) {
    if (key->pin_policy >= PIN_NEVER && key->pin_policy <= PIN_ALWAYS) {
        return (pin_policy_t)key->pin_policy;
    }
    switch (key->reference) {
    case KEY_CARD:
        return PIN_NEVER;
    case KEY_SIGNATURE:
        return PIN_ALWAYS;
    default:
        return PIN_ONCE;
    }
}

card_key_t *card_key(card_t *card, unsigned char reference) {
    for (size_t i = 0; i < card->memory.key_count; i++) {
        if (card->memory.keys[i].reference == reference) {
            return &card->memory.keys[i];
        }
    }
    return NULL;
}

bool card_key_set(card_t *card, const card_key_t *key) {
    card_key_t *place = card_key(card, key->reference);

    if (place != NULL) {
        EVP_PKEY_free(place->key);
    } else if (card->memory.key_count < CARD_KEYS) {
        place = &card->memory.keys[card->memory.key_count++];
    } else {
        EVP_PKEY_free(key->key);
        return false;
    }
    *place = *key;
    return true;
}

EVP_PKEY *card_key_make(unsigned char id) {
    const algorithm_t *algorithm = algorithm_of(id);

    if (algorithm == NULL) {
        return NULL;
    }
    return algorithm->curve == NULL ? EVP_RSA_gen((unsigned)algorithm->bytes * 8)
                                    : EVP_EC_gen(algorithm->curve);
}

static void append_rsa_public(bytes_t *to, EVP_PKEY *key, size_t bytes) {
    BIGNUM *modulus = NULL, *exponent = NULL;
    unsigned char number[512];

    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
        BN_num_bytes(exponent) <= 8 && BN_bn2binpad(modulus, number, (int)bytes) > 0) {
        tlv_append(to, 0x81, number, bytes);
        tlv_append(to, 0x82, number, (size_t)BN_bn2bin(exponent, number));
    }
    BN_free(modulus);
    BN_free(exponent);
}

void card_key_append_public(bytes_t *to, EVP_PKEY *key, unsigned char algorithm) {
    unsigned char *point = NULL;
    size_t length;

    if (card_algorithm_is_rsa(algorithm)) {
        append_rsa_public(to, key, card_algorithm_bytes(algorithm));
        return;
    }
    length = EVP_PKEY_get1_encoded_public_key(key, &point);
    tlv_append(to, 0x86, point, length);
    OPENSSL_free(point);
}

/* What the template AC asks for. Yubico adds a PIN policy and a touch policy. */
static sw_t read_wish(const card_t *card, const command_t *command, card_key_t *key) {
    const unsigned char *at = command->data;
    size_t left = command->length;
    tlv_t template, element;

    if (!tlv_read(&at, &left, &template) || template.tag != 0xAC || left != 0) {
        return SW_WRONG_DATA;
    }
    at = template.value;
    left = template.length;
    while (tlv_read(&at, &left, &element)) {
        if (element.tag == 0x80 && element.length == 1) {
            key->algorithm = element.value[0];
        } else if (element.tag == 0xAA && element.length == 1 && card->settings.yubico) {
            key->pin_policy = element.value[0];
        } else if (element.tag == 0xAB && element.length == 1 && card->settings.yubico) {
            key->touch_policy = element.value[0];
        } else if (element.tag != 0x81) {
            return SW_WRONG_DATA;
        }
    }
    return left == 0 && card_algorithm_known(card, key->algorithm) ? SW_OK : SW_WRONG_DATA;
}

/* The standard generates the four keys of PIV; retired ones and the attestation key are Yubico's.
 */
static bool may_be_generated(const card_t *card, unsigned char reference) {
    bool retired = reference >= KEY_RETIRED_FIRST && reference <= KEY_RETIRED_LAST;

    if (retired || reference == KEY_ATTESTATION) {
        return card->settings.yubico;
    }
    return card_reference_is_key(reference);
}

sw_t card_generate(card_t *card, const command_t *command, bytes_t *answer) {
    card_key_t key = {.reference = command->p2};
    bytes_t *public_key;
    sw_t sw;

    if (command->p1 != 0x00 || !may_be_generated(card, command->p2)) {
        return SW_WRONG_P1P2;
    }
    if (!card->session.management_authenticated) {
        return SW_SECURITY_STATUS;
    }
    sw = read_wish(card, command, &key);
    if (sw != SW_OK) {
        return sw;
    }
    key.key = card_key_make(key.algorithm);
    public_key = calloc(1, sizeof(*public_key));
    if (key.key == NULL || public_key == NULL) {
        EVP_PKEY_free(key.key);
        free(public_key);
        return SW_INTERNAL;
    }
    card_key_append_public(public_key, key.key, key.algorithm);
    tlv_append(answer, 0x7F49, public_key->data, public_key->length);
    free(public_key);
    if (!card_key_set(card, &key)) {
        return SW_NO_MEMORY;
    }
    return state_save(card) ? SW_OK : SW_INTERNAL;
}

bool card_key_rsa(EVP_PKEY *key, const unsigned char *input, size_t length, bytes_t *output) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool ok;

    output->length = sizeof(output->data);
    ok = context != NULL && EVP_PKEY_decrypt_init(context) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
         length == (size_t)EVP_PKEY_get_size(key) &&
         EVP_PKEY_decrypt(context, output->data, &output->length, input, length) == 1;
    EVP_PKEY_CTX_free(context);
    return ok;
}

bool card_key_ecdsa(EVP_PKEY *key, const unsigned char *digest, size_t length, bytes_t *output) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool ok;

    output->length = sizeof(output->data);
    ok = context != NULL && length > 0 && length <= ((size_t)EVP_PKEY_get_bits(key) + 7) / 8 &&
         EVP_PKEY_sign_init(context) == 1 &&
         EVP_PKEY_sign(context, output->data, &output->length, digest, length) == 1;
    EVP_PKEY_CTX_free(context);
    return ok;
}

bool card_key_ecdh(EVP_PKEY *key, const unsigned char *point, size_t length, bytes_t *output) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    EVP_PKEY *peer = EVP_PKEY_new();
    bool ok;

    output->length = sizeof(output->data);
    ok = context != NULL && peer != NULL && EVP_PKEY_copy_parameters(peer, key) == 1 &&
         EVP_PKEY_set1_encoded_public_key(peer, point, length) == 1 &&
         EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1 &&
         EVP_PKEY_derive(context, output->data, &output->length) == 1;
    EVP_PKEY_free(peer);
    EVP_PKEY_CTX_free(context);
    return ok;
}
