/* Whether the keys of a card do what their certificates say; used after production and by "test". In a transaction with the PIN
 * verified right before. */
#ifndef XCA_CARD_KEY_CHECK_H
#define XCA_CARD_KEY_CHECK_H

#include "card_info.h"

/* A signature over random bytes verifies. Faults: T_CARD_NOT_ITS_KEY; of piv_sign(). */
fault_t *key_check_signs(const piv_t *piv, int slot, const public_key_t *key) MUST_USE;

/* Random bytes encrypted to the key (RSA), or agreed with it (ECDH), come back. Faults: T_CARD_NOT_ITS_KEY; of piv_keys.h. */
fault_t *key_check_decrypts(const piv_t *piv, int slot, const public_key_t *key) MUST_USE;

#endif
