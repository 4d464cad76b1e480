/* pin.h: PIN and PUK: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER (SP 800-73-4 part 2, 3.2).
 */
#ifndef CARDSIM_PIN_H
#define CARDSIM_PIN_H

#include "card.h"

sw_t card_verify(card_t *card, const command_t *command, bytes_t *answer);
sw_t card_change_reference_data(card_t *card, const command_t *command, bytes_t *answer);
sw_t card_reset_retry_counter(card_t *card, const command_t *command, bytes_t *answer);

#endif
