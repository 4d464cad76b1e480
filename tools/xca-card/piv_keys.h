/* What the keys of a PIV card do (NIST SP 800-73-4 part 2, sections 3.2.4 and 3.3.2; SP 800-78-4 for the algorithms). Padding is made
 * outside, as the card signs and deciphers raw. */
#ifndef XCA_CARD_PIV_KEYS_H
#define XCA_CARD_PIV_KEYS_H

#include "piv.h"

typedef enum {
    PIV_RSA_2048 = 0x07,
    PIV_P256 = 0x11,
    PIV_P384 = 0x14
} piv_algorithm;

#define PIV_SHA256 32

/* The public key of a new pair as the card gives it: modulus and exponent, or an uncompressed point. */
typedef struct piv_public {
    piv_algorithm algorithm;
    bytes_t modulus, exponent, point;
} piv_public_t;

void piv_public_free(piv_public_t *key);

/* GENERATE ASYMMETRIC KEY PAIR; needs piv_authenticate(). May take a minute for RSA. What the slot held is gone. */
fault_t *piv_generate(const piv_t *piv, int slot, piv_algorithm algorithm, piv_public_t *key) MUST_USE;

/* Signs a SHA-256 digest: RSA PKCS#1 v1.5 (RFC 8017 section 9.2), or ECDSA in DER. For PIV_SIGNATURE the PIN must have been verified
 * by the command before. Faults: T_PIN_NEEDED; T_CARD_REFUSED; T_CARD_NONSENSE. */
fault_t *piv_sign(const piv_t *piv, int slot, piv_algorithm algorithm,
                  const unsigned char digest[PIV_SHA256], bytes_t *signature) MUST_USE;

/* RSA: the block that `cipher` (as long as the modulus) deciphers to, padding and all. */
fault_t *piv_decipher_block(const piv_t *piv, int slot, view_t cipher, bytes_t *block) MUST_USE;

/* The same with its PKCS#1 padding removed. */
fault_t *piv_decipher(const piv_t *piv, int slot, view_t cipher, bytes_t *plain) MUST_USE;

/* ECDH: the x coordinate shared with `point` (uncompressed). */
fault_t *piv_agree(const piv_t *piv, int slot, piv_algorithm algorithm, view_t point,
                   bytes_t *shared) MUST_USE;

#endif
