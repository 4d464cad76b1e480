/* authenticate.c: the management key's challenges, and signing, decrypting and agreeing with the
 * private keys. */
#include "authenticate.h"
#include "keys.h"
#include "tlv.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#define TEMPLATE       0x7C
#define WITNESS        0x80
#define CHALLENGE      0x81
#define RESPONSE       0x82
#define EXPONENTIATION 0x85

/* What the dynamic authentication template holds; a pointer without length is an empty element: a
 * wish. */
typedef struct dynamic {
    tlv_t witness, challenge, response, exponentiation;
    bool has_witness, has_challenge, has_response, has_exponentiation;
} dynamic_t;

static bool read_template(const command_t *command, dynamic_t *dynamic) {
    const unsigned char *at = command->data;
    size_t left = command->length;
    tlv_t outer, inner;

    memset(dynamic, 0, sizeof(*dynamic));
    if (!tlv_read(&at, &left, &outer) || outer.tag != TEMPLATE || left != 0) {
        return false;
    }
    at = outer.value;
    left = outer.length;
    while (tlv_read(&at, &left, &inner)) {
        switch (inner.tag) {
        case WITNESS:
            dynamic->witness = inner;
            dynamic->has_witness = true;
            break;
        case CHALLENGE:
            dynamic->challenge = inner;
            dynamic->has_challenge = true;
            break;
        case RESPONSE:
            dynamic->response = inner;
            dynamic->has_response = true;
            break;
        case EXPONENTIATION:
            dynamic->exponentiation = inner;
            dynamic->has_exponentiation = true;
            break;
        default:
            return false;
        }
    }
    return left == 0;
}

static void append_dynamic(bytes_t *answer, uint32_t tag, const void *value, size_t length) {
    bytes_t *inner = calloc(1, sizeof(*inner));

    if (inner == NULL) {
        abort();
    }
    tlv_append(inner, tag, value, length);
    tlv_append(answer, TEMPLATE, inner->data, inner->length);
    free(inner);
}

/* The management key --------------------------------------------------------------------------- */

typedef struct management {
    unsigned char algorithm;
    size_t key_length, block;
    const EVP_CIPHER *(*cipher)(void);
} management_t;

static const management_t managements[] = {
    {ALGORITHM_3DES, 24, 8, EVP_des_ede3_ecb},
    {ALGORITHM_AES128, 16, 16, EVP_aes_128_ecb},
    {ALGORITHM_AES192, 24, 16, EVP_aes_192_ecb},
    {ALGORITHM_AES256, 32, 16, EVP_aes_256_ecb},
};

static const management_t *management_of(unsigned char algorithm) {
    for (size_t i = 0; i < sizeof(managements) / sizeof(managements[0]); i++) {
        if (managements[i].algorithm == algorithm) {
            return &managements[i];
        }
    }
    return NULL;
}

size_t card_management_key_length(unsigned char algorithm) {
    const management_t *management = management_of(algorithm);

    return management == NULL ? 0 : management->key_length;
}

static bool encrypt(const card_t *card, const management_t *management, const unsigned char *block,
                    unsigned char *encrypted) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    bool ok;

    ok = context != NULL &&
         EVP_EncryptInit_ex2(context, management->cipher(), card->memory.management_key, NULL,
                             NULL) == 1 &&
         EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
         EVP_EncryptUpdate(context, encrypted, &length, block, (int)management->block) == 1;
    EVP_CIPHER_CTX_free(context);
    return ok && length == (int)management->block;
}

/* The card proves itself to the host and the other way round: first step. */
static sw_t give_witness(card_t *card, const management_t *management, bytes_t *answer) {
    unsigned char encrypted[16];

    if (RAND_bytes(card->session.asked_block, (int)management->block) != 1 ||
        !encrypt(card, management, card->session.asked_block, encrypted)) {
        return SW_INTERNAL;
    }
    card->session.asked = WITNESS_ASKED;
    append_dynamic(answer, WITNESS, encrypted, management->block);
    return SW_OK;
}

static sw_t give_challenge(card_t *card, const management_t *management, bytes_t *answer) {
    if (RAND_bytes(card->session.asked_block, (int)management->block) != 1) {
        return SW_INTERNAL;
    }
    card->session.asked = CHALLENGE_ASKED;
    append_dynamic(answer, CHALLENGE, card->session.asked_block, management->block);
    return SW_OK;
}

/* Second step: the witness decrypted, and a challenge of the host's own. */
static sw_t take_witness(card_t *card, const management_t *management, const dynamic_t *dynamic,
                         bytes_t *answer) {
    unsigned char encrypted[16];

    if (dynamic->witness.length != management->block ||
        dynamic->challenge.length != management->block) {
        return SW_WRONG_DATA;
    }
    if (CRYPTO_memcmp(dynamic->witness.value, card->session.asked_block, management->block) != 0) {
        return SW_SECURITY_STATUS;
    }
    if (!encrypt(card, management, dynamic->challenge.value, encrypted)) {
        return SW_INTERNAL;
    }
    card->session.management_authenticated = true;
    append_dynamic(answer, RESPONSE, encrypted, management->block);
    return SW_OK;
}

static sw_t take_response(card_t *card, const management_t *management, const dynamic_t *dynamic) {
    unsigned char encrypted[16];

    if (dynamic->response.length != management->block) {
        return SW_WRONG_DATA;
    }
    if (!encrypt(card, management, card->session.asked_block, encrypted)) {
        return SW_INTERNAL;
    }
    if (CRYPTO_memcmp(dynamic->response.value, encrypted, management->block) != 0) {
        return SW_SECURITY_STATUS;
    }
    card->session.management_authenticated = true;
    return SW_OK;
}

static sw_t authenticate_management(card_t *card, const command_t *command,
                                    const dynamic_t *dynamic, bytes_t *answer) {
    const authentication_t allowed = card->settings.management_authentication;
    const management_t *management =
        management_of(command->p1 == 0x00 ? ALGORITHM_3DES : command->p1);
    int asked = card->session.asked;

    card->session.asked = NOTHING_ASKED;
    if (management == NULL || management->algorithm != card->memory.management_algorithm) {
        return SW_WRONG_P1P2;
    }
    if (dynamic->has_exponentiation) {
        return SW_WRONG_DATA;
    }
    if (dynamic->has_witness) {
        if (allowed == AUTHENTICATION_SINGLE) {
            return SW_WRONG_DATA;
        }
        if (dynamic->witness.length == 0) {
            card->session.management_authenticated = false;
            return give_witness(card, management, answer);
        }
        if (!dynamic->has_challenge) {
            return SW_WRONG_DATA;
        }
        return asked == WITNESS_ASKED ? take_witness(card, management, dynamic, answer)
                                      : SW_SECURITY_STATUS;
    }
    if (allowed == AUTHENTICATION_MUTUAL) {
        return SW_WRONG_DATA;
    }
    if (dynamic->has_challenge && dynamic->challenge.length == 0) {
        card->session.management_authenticated = false;
        return give_challenge(card, management, answer);
    }
    if (dynamic->has_response && dynamic->response.length > 0 && !dynamic->has_challenge) {
        return asked == CHALLENGE_ASKED ? take_response(card, management, dynamic)
                                        : SW_SECURITY_STATUS;
    }
    return SW_WRONG_DATA;
}

/* The private keys ----------------------------------------------------------------------------- */

static bool may_be_used(const card_t *card, const card_key_t *key) {
    switch (card_key_pin_policy(key)) {
    case PIN_NEVER:
        return true;
    case PIN_ONCE:
        return card->session.pin_verified;
    default:
        return card->session.pin_verified && card->session.pin_just_verified;
    }
}

/* An elliptic key management key agrees and does not sign; the others sign and do not agree. */
static bool is_its_use(const card_t *card, const card_key_t *key, bool agree) {
    bool agrees = key->reference == KEY_ENCRYPTION ||
                  (key->reference >= KEY_RETIRED_FIRST && key->reference <= KEY_RETIRED_LAST);

    return !card->settings.key_usage_strict || agree == agrees;
}

static sw_t use_key(const card_t *card, const card_key_t *key, const dynamic_t *dynamic,
                    bytes_t *result) {
    const tlv_t *input = &dynamic->challenge;
    bool ok;

    if (dynamic->has_witness || dynamic->has_challenge == dynamic->has_exponentiation ||
        dynamic->response.length > 0) {
        return SW_WRONG_DATA;
    }
    if (card_algorithm_is_rsa(key->algorithm)) {
        ok = dynamic->has_challenge && card_key_rsa(key->key, input->value, input->length, result);
        return ok ? SW_OK : SW_WRONG_DATA;
    }
    if (!is_its_use(card, key, dynamic->has_exponentiation)) {
        return SW_WRONG_DATA;
    }
    if (dynamic->has_exponentiation) {
        input = &dynamic->exponentiation;
        ok = card_key_ecdh(key->key, input->value, input->length, result);
    } else {
        ok = card_key_ecdsa(key->key, input->value, input->length, result);
    }
    return ok ? SW_OK : SW_WRONG_DATA;
}

sw_t card_general_authenticate(card_t *card, const command_t *command, bytes_t *answer) {
    dynamic_t dynamic;
    card_key_t *key;
    bytes_t *result;
    sw_t sw;

    if (command->p2 != KEY_MANAGEMENT && !card_reference_is_key(command->p2)) {
        return SW_WRONG_P1P2;
    }
    if (!read_template(command, &dynamic)) {
        return SW_WRONG_DATA;
    }
    if (command->p2 == KEY_MANAGEMENT) {
        return authenticate_management(card, command, &dynamic, answer);
    }
    key = card_key(card, command->p2);
    if (key == NULL || key->algorithm != command->p1) {
        return SW_WRONG_P1P2;
    }
    if (!may_be_used(card, key)) {
        return SW_SECURITY_STATUS;
    }
    result = calloc(1, sizeof(*result));
    if (result == NULL) {
        return SW_INTERNAL;
    }
    sw = use_key(card, key, &dynamic, result);
    if (sw == SW_OK) {
        append_dynamic(answer, RESPONSE, result->data, result->length);
    }
    if (card_key_pin_policy(key) == PIN_ALWAYS) {
        card->session.pin_just_verified = false;
    }
    OPENSSL_cleanse(result, sizeof(*result));
    free(result);
    return sw;
}
