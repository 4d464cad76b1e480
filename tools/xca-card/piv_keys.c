#include "piv_keys.h"

#include <string.h>
#include "tlv.h"

#define RSA_BYTES 256

void piv_public_free(piv_public_t *key) {
    bytes_free(&key->modulus);
    bytes_free(&key->exponent);
    bytes_free(&key->point);
}

static size_t coordinate_bytes(piv_algorithm algorithm) {
    return algorithm == PIV_P384 ? 48 : 32;
}

static fault_t *read_public(view_t answer, piv_public_t *key) {
    view_t inner, part;

    if (!tlv_only(&inner, 0x7f49, answer)) {
        return fault_make(T_CARD_NONSENSE, NULL, "no public key");
    }
    if (key->algorithm == PIV_RSA_2048) {
        if (tlv_find(&part, 0x81, inner) != 1 || part.length == 0 || part.length > RSA_BYTES + 1) {
            return fault_make(T_CARD_NONSENSE, NULL, "no modulus");
        }
        bytes_set(&key->modulus, part.data, part.length);
        if (tlv_find(&part, 0x82, inner) != 1 || part.length == 0 || part.length > 8) {
            return fault_make(T_CARD_NONSENSE, NULL, "no exponent");
        }
        bytes_set(&key->exponent, part.data, part.length);
        return NULL;
    }
    if (tlv_find(&part, 0x86, inner) != 1 ||
        part.length != 2 * coordinate_bytes(key->algorithm) + 1) {
        return fault_make(T_CARD_NONSENSE, NULL, "no point");
    }
    bytes_set(&key->point, part.data, part.length);
    return NULL;
}

fault_t *piv_generate(const piv_t *piv, int slot, piv_algorithm algorithm, piv_public_t *key) {
    apdu_t command = {0, 0x47, 0x00, (unsigned char)slot, {NULL, 0}, 1};
    bytes_t data = {NULL, 0, 0}, answer = {NULL, 0, 0};
    unsigned char reference = (unsigned char)algorithm;
    unsigned status;
    size_t mark = tlv_open(&data, 0xac);
    fault_t *fault;

    memset(key, 0, sizeof(*key));
    key->algorithm = algorithm;
    tlv_put(&data, 0x80, &reference, 1);
    tlv_close(&data, mark);
    command.data = bytes_view(&data);
    fault = apdu_send(&piv->line, &command, &answer, &status);
    if (fault == NULL && status != 0x9000) {
        fault = piv_refused("GENERATE ASYMMETRIC KEY PAIR", status);
    }
    if (fault == NULL) {
        fault = read_public(bytes_view(&answer), key);
    }
    bytes_free(&data);
    bytes_free(&answer);
    return fault;
}

/* GENERAL AUTHENTICATE with a value of `tag` in the template; the answer's value 82. */
static fault_t *authenticate(const piv_t *piv, int slot, piv_algorithm algorithm, unsigned long tag,
                             view_t value, bytes_t *result) {
    apdu_t command = {0, 0x87, (unsigned char)algorithm, (unsigned char)slot, {NULL, 0}, 1};
    bytes_t data = {NULL, 0, 0}, answer = {NULL, 0, 0};
    view_t inner, response = {NULL, 0};
    unsigned status;
    size_t mark = tlv_open(&data, 0x7c);
    fault_t *fault;

    tlv_put(&data, 0x82, NULL, 0);
    tlv_put(&data, tag, value.data, value.length);
    tlv_close(&data, mark);
    command.data = bytes_view(&data);
    fault = apdu_send(&piv->line, &command, &answer, &status);
    if (fault == NULL && status == 0x6982) {
        fault = fault_make(T_PIN_NEEDED, NULL, "key %02X", (unsigned)slot);
    } else if (fault == NULL && status != 0x9000) {
        fault = piv_refused("GENERAL AUTHENTICATE", status);
    } else if (fault == NULL && (!tlv_only(&inner, 0x7c, bytes_view(&answer)) ||
                                 tlv_find(&response, 0x82, inner) != 1 || response.length == 0)) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "GENERAL AUTHENTICATE");
    }
    result->length = 0;
    if (fault == NULL) {
        bytes_set(result, response.data, response.length);
    }
    bytes_free(&data);
    bytes_free(&answer);
    return fault;
}

/* 00 01 FF.. 00 DigestInfo. */
static void pad_for_rsa(unsigned char block[RSA_BYTES], const unsigned char digest[PIV_SHA256]) {
    static const unsigned char info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                         0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

    memset(block, 0xff, RSA_BYTES);
    block[0] = 0x00;
    block[1] = 0x01;
    block[RSA_BYTES - PIV_SHA256 - sizeof(info) - 1] = 0x00;
    memcpy(block + RSA_BYTES - PIV_SHA256 - sizeof(info), info, sizeof(info));
    memcpy(block + RSA_BYTES - PIV_SHA256, digest, PIV_SHA256);
}

fault_t *piv_sign(const piv_t *piv, int slot, piv_algorithm algorithm,
                  const unsigned char digest[PIV_SHA256], bytes_t *signature) {
    unsigned char block[RSA_BYTES];
    view_t value = {digest, PIV_SHA256};
    fault_t *fault;

    if (algorithm == PIV_RSA_2048) {
        pad_for_rsa(block, digest);
        value.data = block;
        value.length = RSA_BYTES;
    }
    fault = authenticate(piv, slot, algorithm, 0x81, value, signature);
    if (fault == NULL && signature->length > 2 * RSA_BYTES) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "a signature of %u bytes",
                           (unsigned)signature->length);
    }
    return fault;
}

/* 00 02, at least eight bytes that are not zero, 00, the content (RFC 8017 section 7.2.2). Only the owner sees what comes of it. */
static int unpad(bytes_t *plain, view_t block) {
    size_t at;

    if (block.length != RSA_BYTES || block.data[0] != 0x00 || block.data[1] != 0x02) {
        return 0;
    }
    for (at = 2; at < block.length && block.data[at] != 0x00; at++) {
    }
    if (at < 10 || at == block.length) {
        return 0;
    }
    bytes_set(plain, block.data + at + 1, block.length - at - 1);
    return 1;
}

fault_t *piv_decipher_block(const piv_t *piv, int slot, view_t cipher, bytes_t *block) {
    return authenticate(piv, slot, PIV_RSA_2048, 0x81, cipher, block);
}

fault_t *piv_decipher(const piv_t *piv, int slot, view_t cipher, bytes_t *plain) {
    bytes_t block = {NULL, 0, 0};
    fault_t *fault = piv_decipher_block(piv, slot, cipher, &block);

    plain->length = 0;
    if (fault == NULL && !unpad(plain, bytes_view(&block))) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "no PKCS#1 block");
    }
    bytes_free(&block);
    return fault;
}

fault_t *piv_agree(const piv_t *piv, int slot, piv_algorithm algorithm, view_t point,
                   bytes_t *shared) {
    fault_t *fault = authenticate(piv, slot, algorithm, 0x85, point, shared);

    if (fault == NULL && shared->length != coordinate_bytes(algorithm)) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "a shared secret of %u bytes",
                           (unsigned)shared->length);
    }
    return fault;
}
