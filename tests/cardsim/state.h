/* state.h: the card's persistent memory, in one text file that is replaced as a whole. */
#ifndef CARDSIM_STATE_H
#define CARDSIM_STATE_H

#include "card.h"

/* Makes a blank card of the settings in memory, nothing is written. */
void state_blank(card_t *card);

/* Reads card->state_path; if it does not exist, a blank card is made and written. False with a
 * message on stderr. */
bool state_open(card_t *card);

/* Writes a new file beside it, to the disk, and renames it: killed at any moment, the old or the
 * new memory is there. Without a state_path it does nothing. */
bool state_save(card_t *card);

/* Frees objects and keys. */
void state_free(card_t *card);

#endif
