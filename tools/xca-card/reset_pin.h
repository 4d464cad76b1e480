/* A new PIN by the PUK that the signer gave: which of two PUKs to try, and when to stop rather than to lose the card. */
#ifndef XCA_CARD_RESET_PIN_H
#define XCA_CARD_RESET_PIN_H

#include "card_info.h"

/* The PUKs that a card may have; `present` for certain unless `uncertain`: then more likely `next`. */
typedef struct puk_pair {
    secret_t present, next;
    int uncertain;
} puk_pair_t;

/* Sets the PIN, in a transaction in which the card has proved its 9E key right before (done here). *has_next tells which PUK the card
 * turned out to have. At most one wrong PUK is tried, and none if the card says that it would be the last. Faults: T_PUK_BLOCKED,
 * T_PUK_LAST, T_PUK_WRONG (arg: tries left); T_CARD_NOT_ITS_KEY. */
fault_t *reset_pin(const piv_t *piv, const card_info_t *info, const puk_pair_t *puks, const secret_t *pin,
                   int *has_next) MUST_USE;

/* Changes the PUK from present to next; the card has proved itself (done here). */
fault_t *reset_puk(const piv_t *piv, const card_info_t *info, const puk_pair_t *puks) MUST_USE;

#endif
