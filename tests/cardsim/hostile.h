/* hostile.h: a card that lies. Which commands it lies to is chosen by hostile-at (the n-th) or
 * hostile-every (one in n, by the seed), how by hostile. The same seed and the same commands give
 * the same lies, foreign keys and certificates apart. */
#ifndef CARDSIM_HOSTILE_H
#define CARDSIM_HOSTILE_H

#include "card.h"

/* Before a command: is it lied to? True if the answer is there already, because an endless one goes
 * on. */
bool hostile_begin(card_t *card, bytes_t *answer);

/* Before an answer is cut into parts: certificates, keys, templates. */
void hostile_content(card_t *card, const command_t *command, sw_t *sw, bytes_t *content);

/* The answer as it goes to the reader. */
void hostile_answer(card_t *card, bytes_t *answer);

#endif
