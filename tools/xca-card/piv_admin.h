/* What the card centre does with a PIV card: the management key (NIST SP 800-73-4 part 2, section 3.2.4 and appendix A.1), and Yubico's
 * commands where a card has them. */
#ifndef XCA_CARD_PIV_ADMIN_H
#define XCA_CARD_PIV_ADMIN_H

#include "piv.h"

/* SP 800-78-4 table 6-2. */
#define PIV_3DES    0x03
#define PIV_AES_128 0x08
#define PIV_AES_192 0x0a
#define PIV_AES_256 0x0c

/* The algorithm of the management key: what the card says (Yubico's GET METADATA), otherwise `configured`. */
fault_t *piv_management_algorithm(const piv_t *piv, int configured, int *algorithm) MUST_USE;

/* Proves to the card that the key is known and lets the card prove it as well. *right is 0 if either fails; no card blocks for it.
 * The key has the length of the algorithm: 16, 24 or 32 bytes. Faults: of the line; T_CARD_REFUSED: the algorithm is not the card's. */
fault_t *piv_authenticate(const piv_t *piv, int algorithm, const secret_t *key, int *right) MUST_USE;

/* Yubico's SET MANAGEMENT KEY; needs piv_authenticate(). */
fault_t *piv_set_management_key(const piv_t *piv, int algorithm, const secret_t *key) MUST_USE;

/* Yubico's SET PIN RETRIES: needs piv_authenticate() and a verified PIN; PIN and PUK are the maker's again. */
fault_t *piv_set_tries(const piv_t *piv, int pin_tries, int puk_tries) MUST_USE;

size_t piv_management_key_bytes(int algorithm);

#endif
