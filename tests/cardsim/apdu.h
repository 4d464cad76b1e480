/* apdu.h: one command in, one answer out (SP 800-73-4 part 2, ISO/IEC 7816-4). */
#ifndef CARDSIM_APDU_H
#define CARDSIM_APDU_H

#include "card.h"

/* Power on, or a reset: everything volatile is forgotten. */
void card_power(card_t *card);

/* Runs a command APDU. The answer is data and status word. */
void card_run(card_t *card, const unsigned char *apdu, size_t length, bytes_t *answer);

/* How long the card thinks about this command, in milliseconds. */
unsigned card_delay(const card_t *card, const unsigned char *apdu, size_t length);

#endif
