/* pin.c: a try is spent, and written down, before it is compared, so that pulling the card gives
 * none back. */
#include "pin.h"
#include "state.h"

#include <string.h>
#include <openssl/crypto.h>

/* SP 800-73-4 part 2, 2.4.3: six to eight decimal digits in ASCII, padded with FF. Some cards take
 * other characters. */
static bool is_pin(const card_t *card, const unsigned char *pin) {
    size_t length = 0;

    while (length < CARD_PIN && pin[length] != 0xFF) {
        if (card->settings.pin_digits && (pin[length] < '0' || pin[length] > '9')) {
            return false;
        }
        length++;
    }
    if (length < 6) {
        return false;
    }
    for (; length < CARD_PIN; length++) {
        if (pin[length] != 0xFF) {
            return false;
        }
    }
    return true;
}

static sw_t blocked(const card_t *card) {
    return card->settings.blocked == BLOCKED_63C0 ? SW_TRIES : SW_BLOCKED;
}

static sw_t tries_left(const card_t *card, unsigned tries) {
    if (tries == 0 && card->settings.blocked == BLOCKED_6983) {
        return SW_BLOCKED;
    }
    return SW_TRIES | (tries > 15 ? 15 : tries);
}

static sw_t spend(card_t *card, unsigned *tries) {
    --*tries;
    return state_save(card) ? SW_OK : SW_INTERNAL;
}

/* Compares the secret of a reference, counting. */
static sw_t compare(card_t *card, unsigned char reference, const unsigned char *given) {
    memory_t *memory = &card->memory;
    bool pin = reference == REFERENCE_PIN;
    unsigned *tries = pin ? &memory->pin_tries : &memory->puk_tries;

    if (*tries == 0) {
        return blocked(card);
    }
    if (spend(card, tries) != SW_OK) {
        return SW_INTERNAL;
    }
    if (CRYPTO_memcmp(given, pin ? memory->pin : memory->puk, CARD_PIN) != 0) {
        return tries_left(card, *tries);
    }
    *tries = pin ? memory->pin_tries_max : memory->puk_tries_max;
    return state_save(card) ? SW_OK : SW_INTERNAL;
}

static void forget_pin(card_t *card) {
    card->session.pin_verified = false;
    card->session.pin_just_verified = false;
}

/* A PIN that is none: the standard leaves to the card whether that costs a try. */
static sw_t malformed_pin(card_t *card) {
    if (!card->settings.pin_format_counts) {
        return SW_WRONG_DATA;
    }
    forget_pin(card);
    if (spend(card, &card->memory.pin_tries) != SW_OK) {
        return SW_INTERNAL;
    }
    return tries_left(card, card->memory.pin_tries);
}

static sw_t ask_for_status(const card_t *card) {
    if (card->session.pin_verified) {
        return SW_OK;
    }
    return tries_left(card, card->memory.pin_tries);
}

sw_t card_verify(card_t *card, const command_t *command, bytes_t *answer) {
    sw_t sw;

    if (command->p1 != 0x00 && command->p1 != 0xFF) {
        return SW_WRONG_P1P2;
    }
    if (command->p2 != REFERENCE_PIN) {
        return SW_NO_REFERENCE;
    }
    if (command->p1 == 0xFF) {
        if (command->length != 0) {
            return SW_WRONG_DATA;
        }
        forget_pin(card);
        return SW_OK;
    }
    if (command->length == 0) {
        return ask_for_status(card);
    }
    if (card->memory.pin_tries == 0) {
        forget_pin(card);
        return blocked(card);
    }
    if (command->length != CARD_PIN || !is_pin(card, command->data)) {
        return malformed_pin(card);
    }
    sw = compare(card, REFERENCE_PIN, command->data);
    card->session.pin_verified = sw == SW_OK;
    card->session.pin_just_verified = sw == SW_OK;
    return sw;
}

static sw_t change_pin(card_t *card, const unsigned char *old, const unsigned char *new) {
    sw_t sw;

    if (card->memory.pin_tries == 0) {
        forget_pin(card);
        return blocked(card);
    }
    if (!is_pin(card, new)) {
        return SW_WRONG_DATA;
    }
    if (!is_pin(card, old)) {
        return malformed_pin(card);
    }
    sw = compare(card, REFERENCE_PIN, old);
    if (sw != SW_OK) {
        forget_pin(card);
        return sw;
    }
    memcpy(card->memory.pin, new, CARD_PIN);
    card->memory.pin_changed = true;
    card->session.pin_verified = true;
    return state_save(card) ? SW_OK : SW_INTERNAL;
}

sw_t card_change_reference_data(card_t *card, const command_t *command, bytes_t *answer) {
    sw_t sw;

    if (command->p1 != 0x00) {
        return SW_WRONG_P1P2;
    }
    if (command->p2 != REFERENCE_PIN &&
        (command->p2 != REFERENCE_PUK || !card->settings.change_puk)) {
        return SW_NO_REFERENCE;
    }
    if (command->length != 2 * CARD_PIN) {
        return SW_WRONG_DATA;
    }
    if (command->p2 == REFERENCE_PIN) {
        return change_pin(card, command->data, command->data + CARD_PIN);
    }
    sw = compare(card, REFERENCE_PUK, command->data);
    if (sw != SW_OK) {
        return sw;
    }
    memcpy(card->memory.puk, command->data + CARD_PIN, CARD_PIN);
    card->memory.puk_changed = true;
    return state_save(card) ? SW_OK : SW_INTERNAL;
}

sw_t card_reset_retry_counter(card_t *card, const command_t *command, bytes_t *answer) {
    unsigned puk_tries = card->memory.puk_tries;
    sw_t sw;

    if (command->p1 != 0x00) {
        return SW_WRONG_P1P2;
    }
    if (command->p2 != REFERENCE_PIN) {
        return SW_NO_REFERENCE;
    }
    if (command->length != 2 * CARD_PIN) {
        return SW_WRONG_DATA;
    }
    if (card->memory.puk_tries == 0) {
        return blocked(card);
    }
    if (!is_pin(card, command->data + CARD_PIN)) {
        return SW_WRONG_DATA;
    }
    sw = compare(card, REFERENCE_PUK, command->data);
    if (sw != SW_OK) {
        forget_pin(card);
        return sw;
    }
    memcpy(card->memory.pin, command->data + CARD_PIN, CARD_PIN);
    card->memory.pin_changed = true;
    card->memory.pin_tries = card->memory.pin_tries_max;
    if (!card->settings.reset_restores_puk) {
        card->memory.puk_tries = puk_tries;
    }
    return state_save(card) ? SW_OK : SW_INTERNAL;
}
