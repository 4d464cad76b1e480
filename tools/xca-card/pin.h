/* Asking for the PIN and spending a try: only after the tries left were shown. */
#ifndef XCA_CARD_PIN_H
#define XCA_CARD_PIN_H

#include "card.h"

/* Shows the tries left (fresh from the card, in a transaction of its own), asks before the last one, asks for the PIN. Faults:
 * T_PIN_BLOCKED, T_CANCELLED, T_PIN_FORM. */
fault_t *pin_ask(card_t *card, text_id prompt, secret_t *pin) MUST_USE;

/* VERIFY in the present transaction. Faults: T_PIN_WRONG (arg: tries left), T_PIN_BLOCKED. */
fault_t *pin_verify(card_t *card, const secret_t *pin) MUST_USE;

/* What came of a PIN, as a fault; NULL if it was right. */
fault_t *pin_fault(const piv_try_t *outcome) MUST_USE;

/* Says how many tries are left (or that the card does not tell). */
void pin_say_left(const helper_t *helper, text_id text, int left);

#endif
