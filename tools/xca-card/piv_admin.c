#include "piv_admin.h"

#include <string.h>
#include "crypto.h"
#include "tlv.h"

#define BLOCK_MAX 16

size_t piv_management_key_bytes(int algorithm) {
    switch (algorithm) {
    case PIV_AES_128:
        return 16;
    case PIV_3DES:
    case PIV_AES_192:
        return 24;
    case PIV_AES_256:
        return 32;
    default:
        return 0;
    }
}

static size_t block_bytes(int algorithm) {
    return algorithm == PIV_3DES ? 8 : 16;
}

fault_t *piv_management_algorithm(const piv_t *piv, int configured, int *algorithm) {
    apdu_t command = {0, 0xf7, 0x00, PIV_MANAGEMENT, {NULL, 0}, 1};
    bytes_t answer = {NULL, 0, 0};
    view_t value;
    unsigned status;
    fault_t *fault;

    *algorithm = configured;
    if (!piv->yubico) {
        return NULL;
    }
    fault = apdu_send(&piv->line, &command, &answer, &status);
    if (fault == NULL && status == 0x9000 && tlv_find(&value, 0x01, bytes_view(&answer)) == 1 &&
        value.length == 1 && piv_management_key_bytes(value.data[0]) > 0) {
        *algorithm = value.data[0];
    }
    bytes_free(&answer);
    return fault;
}

static fault_t *exchange(const piv_t *piv, int algorithm, const bytes_t *data, bytes_t *answer,
                         unsigned *status) {
    apdu_t command = {0, 0x87, (unsigned char)algorithm, PIV_MANAGEMENT, {NULL, 0}, 1};

    command.data = bytes_view(data);
    return apdu_send(&piv->line, &command, answer, status);
}

/* The card's witness: random bytes under the key. */
static fault_t *ask_witness(const piv_t *piv, int algorithm, unsigned char witness[BLOCK_MAX]) {
    static const unsigned char request[] = {0x7c, 0x02, 0x80, 0x00};
    bytes_t data = {NULL, 0, 0}, answer = {NULL, 0, 0};
    view_t inner, value;
    unsigned status;
    fault_t *fault;

    bytes_add(&data, request, sizeof(request));
    fault = exchange(piv, algorithm, &data, &answer, &status);
    if (fault == NULL && status != 0x9000) {
        fault = piv_refused("GENERAL AUTHENTICATE 9B", status);
    } else if (fault == NULL &&
               (!tlv_only(&inner, 0x7c, bytes_view(&answer)) || tlv_find(&value, 0x80, inner) != 1 ||
                value.length != block_bytes(algorithm))) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "no witness");
    } else if (fault == NULL) {
        memcpy(witness, value.data, value.length);
    }
    bytes_free(&data);
    bytes_free(&answer);
    return fault;
}

static fault_t *answer_witness(const piv_t *piv, int algorithm, const secret_t *key,
                               const unsigned char *witness, int *right) {
    unsigned char challenge[BLOCK_MAX], expected[BLOCK_MAX];
    size_t size = block_bytes(algorithm), mark;
    bytes_t data = {NULL, 0, 0}, answer = {NULL, 0, 0};
    view_t inner, value;
    unsigned status;
    fault_t *fault = crypto_random(challenge, size);

    if (fault == NULL) {
        fault = crypto_block(algorithm, key, 1, challenge, expected, size);
    }
    if (fault != NULL) {
        return fault;
    }
    mark = tlv_open(&data, 0x7c);
    tlv_put(&data, 0x80, witness, size);
    tlv_put(&data, 0x81, challenge, size);
    tlv_put(&data, 0x82, NULL, 0);
    tlv_close(&data, mark);
    fault = exchange(piv, algorithm, &data, &answer, &status);
    *right = fault == NULL && status == 0x9000 && tlv_only(&inner, 0x7c, bytes_view(&answer)) &&
             tlv_find(&value, 0x82, inner) == 1 && value.length == size &&
             memcmp(value.data, expected, size) == 0;
    wipe(expected, sizeof(expected));
    bytes_free(&data);
    bytes_free(&answer);
    return fault;
}

/* Challenge and response, for a card that knows nothing else: only we prove something. */
static fault_t *answer_challenge(const piv_t *piv, int algorithm, const secret_t *key, int *right) {
    static const unsigned char request[] = {0x7c, 0x02, 0x81, 0x00};
    unsigned char response[BLOCK_MAX];
    size_t size = block_bytes(algorithm), mark;
    bytes_t data = {NULL, 0, 0}, answer = {NULL, 0, 0};
    view_t inner, value = {NULL, 0};
    unsigned status;
    fault_t *fault;

    bytes_add(&data, request, sizeof(request));
    fault = exchange(piv, algorithm, &data, &answer, &status);
    if (fault == NULL && status != 0x9000) {
        fault = piv_refused("GENERAL AUTHENTICATE 9B", status);
    } else if (fault == NULL &&
               (!tlv_only(&inner, 0x7c, bytes_view(&answer)) || tlv_find(&value, 0x81, inner) != 1 ||
                value.length != size)) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "no challenge");
    }
    if (fault == NULL) {
        fault = crypto_block(algorithm, key, 1, value.data, response, size);
    }
    if (fault == NULL) {
        data.length = 0;
        mark = tlv_open(&data, 0x7c);
        tlv_put(&data, 0x82, response, size);
        tlv_close(&data, mark);
        fault = exchange(piv, algorithm, &data, &answer, &status);
        *right = fault == NULL && status == 0x9000;
    }
    wipe(response, sizeof(response));
    bytes_free(&data);
    bytes_free(&answer);
    return fault;
}

fault_t *piv_authenticate(const piv_t *piv, int algorithm, const secret_t *key, int *right) {
    unsigned char witness[BLOCK_MAX], plain[BLOCK_MAX];
    fault_t *fault;

    *right = 0;
    if (key->length == 0 || key->length != piv_management_key_bytes(algorithm)) {
        return NULL;
    }
    fault = ask_witness(piv, algorithm, witness);
    if (fault_is(fault, T_CARD_REFUSED)) {
        fault_drop(fault);
        return answer_challenge(piv, algorithm, key, right);
    }
    if (fault == NULL) {
        fault = crypto_block(algorithm, key, 0, witness, plain, block_bytes(algorithm));
    }
    if (fault == NULL) {
        fault = answer_witness(piv, algorithm, key, plain, right);
    }
    wipe(plain, sizeof(plain));
    return fault;
}

fault_t *piv_set_management_key(const piv_t *piv, int algorithm, const secret_t *key) {
    apdu_t command = {0, 0xff, 0xff, 0xff, {NULL, 0}, 0};
    bytes_t data = {NULL, 0, 0};
    unsigned status;
    fault_t *fault;

    bytes_add_byte(&data, (unsigned char)algorithm);
    bytes_add_byte(&data, PIV_MANAGEMENT);
    bytes_add_byte(&data, (unsigned char)key->length);
    bytes_add(&data, key->text, key->length);
    command.data = bytes_view(&data);
    fault = apdu_send(&piv->line, &command, NULL, &status);
    bytes_free(&data);
    return fault == NULL && status != 0x9000 ? piv_refused("SET MANAGEMENT KEY", status) : fault;
}

fault_t *piv_set_tries(const piv_t *piv, int pin_tries, int puk_tries) {
    apdu_t command = {0, 0xfa, (unsigned char)pin_tries, (unsigned char)puk_tries, {NULL, 0}, 0};
    unsigned status;
    fault_t *fault = apdu_send(&piv->line, &command, NULL, &status);

    return fault == NULL && status != 0x9000 ? piv_refused("SET PIN RETRIES", status) : fault;
}
