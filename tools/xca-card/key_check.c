#include "key_check.h"

fault_t *key_check_signs(const piv_t *piv, int slot, const public_key_t *key) {
    unsigned char digest[PIV_SHA256];
    bytes_t signature = {NULL, 0, 0};
    fault_t *fault = crypto_random(digest, sizeof(digest));

    if (fault == NULL) {
        fault = piv_sign(piv, slot, public_key_algorithm(key), digest, &signature);
    }
    if (fault == NULL && !public_key_verifies_digest(key, digest, bytes_view(&signature))) {
        fault = fault_make(T_CARD_NOT_ITS_KEY, NULL, "key %02X", (unsigned)slot);
    }
    bytes_free(&signature);
    return fault;
}

static fault_t *decipher(const piv_t *piv, int slot, const public_key_t *key, bytes_t *expected,
                         bytes_t *got) {
    unsigned char secret[PIV_SHA256];
    bytes_t cipher = {NULL, 0, 0};
    fault_t *fault = crypto_random(secret, sizeof(secret));

    bytes_set(expected, secret, sizeof(secret));
    if (fault == NULL) {
        fault = public_key_encrypt(key, bytes_view(expected), &cipher);
    }
    if (fault == NULL) {
        fault = piv_decipher(piv, slot, bytes_view(&cipher), got);
    }
    bytes_free(&cipher);
    return fault;
}

static fault_t *agree(const piv_t *piv, int slot, const public_key_t *key, bytes_t *expected,
                      bytes_t *got) {
    bytes_t point = {NULL, 0, 0};
    fault_t *fault = public_key_agree(key, &point, expected);

    if (fault == NULL) {
        fault = piv_agree(piv, slot, public_key_algorithm(key), bytes_view(&point), got);
    }
    bytes_free(&point);
    return fault;
}

fault_t *key_check_decrypts(const piv_t *piv, int slot, const public_key_t *key) {
    bytes_t expected = {NULL, 0, 0}, got = {NULL, 0, 0};
    fault_t *fault = public_key_algorithm(key) == PIV_RSA_2048
                         ? decipher(piv, slot, key, &expected, &got)
                         : agree(piv, slot, key, &expected, &got);

    if (fault == NULL && !view_equal(bytes_view(&expected), bytes_view(&got))) {
        fault = fault_make(T_CARD_NOT_ITS_KEY, NULL, "key %02X", (unsigned)slot);
    }
    bytes_free(&expected);
    bytes_free(&got);
    return fault;
}
