/* authenticate.h: GENERAL AUTHENTICATE (SP 800-73-4 part 2, 3.2.4). */
#ifndef CARDSIM_AUTHENTICATE_H
#define CARDSIM_AUTHENTICATE_H

#include "card.h"

sw_t card_general_authenticate(card_t *card, const command_t *command, bytes_t *answer);

/* The length of a management key of this algorithm; 0 if it is none. */
size_t card_management_key_length(unsigned char algorithm);

#endif
