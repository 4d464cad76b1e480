/* objects.h: GET DATA and PUT DATA (SP 800-73-4 part 2, 3.1.2 and 3.3.1), and the data objects of
 * part 1. */
#ifndef CARDSIM_OBJECTS_H
#define CARDSIM_OBJECTS_H

#include "card.h"

#define OBJECT_DISCOVERY 0x7E
#define OBJECT_BIT_GROUP 0x7F61

sw_t card_get_data(card_t *card, const command_t *command, bytes_t *answer);
sw_t card_put_data(card_t *card, const command_t *command, bytes_t *answer);

/* The object, or NULL. */
card_object_t *card_object(card_t *card, uint32_t tag);

/* Writes or replaces an object; without content it is gone. False if there is no room. */
bool card_object_set(card_t *card, uint32_t tag, const unsigned char *content, size_t length);

#endif
