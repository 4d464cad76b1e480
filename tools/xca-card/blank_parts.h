/* For blank*.c alone. */
#ifndef XCA_CARD_BLANK_PARTS_H
#define XCA_CARD_BLANK_PARTS_H

#include "blank.h"

#define BLANK_STEPS 12

extern const int blank_slots[3]; /* 9C, 9D, 9E */

void blank_progress(const blank_t *blank, text_id text, int at);

/* The management key, whichever the card has. Fault: T_BLANK_MANAGEMENT. */
fault_t *blank_authenticate(blank_t *blank) MUST_USE;

/* The PIN right before a key is used. */
fault_t *blank_verify_pin(const blank_t *blank) MUST_USE;

/* A CHUID (SP 800-73-4 part 1, section 3.1.2) with a random GUID, or with none while the card is being made. */
fault_t *blank_put_chuid(const blank_t *blank, int final, time_t until) MUST_USE;

/* *final is 1 if the card has a CHUID with a GUID. */
fault_t *blank_get_chuid(const blank_t *blank, int *final) MUST_USE;

/* The card capability container, if there is none. */
fault_t *blank_put_ccc(const blank_t *blank) MUST_USE;

#endif
