/* yubico.h: the commands that Yubico added to PIV. */
#ifndef CARDSIM_YUBICO_H
#define CARDSIM_YUBICO_H

#include "card.h"

sw_t card_yubico_version(card_t *card, const command_t *command, bytes_t *answer);
sw_t card_yubico_serial(card_t *card, const command_t *command, bytes_t *answer);
sw_t card_yubico_metadata(card_t *card, const command_t *command, bytes_t *answer);
sw_t card_yubico_set_management_key(card_t *card, const command_t *command, bytes_t *answer);
sw_t card_yubico_import(card_t *card, const command_t *command, bytes_t *answer);
sw_t card_yubico_set_tries(card_t *card, const command_t *command, bytes_t *answer);
sw_t card_yubico_reset(card_t *card, const command_t *command, bytes_t *answer);

#endif
