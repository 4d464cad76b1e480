/* The card an operation works with: waiting for it, connecting, working in a transaction, giving it back. */
#ifndef XCA_CARD_CARD_H
#define XCA_CARD_CARD_H

#include "pcsc.h"
#include "piv.h"
#include "settings.h"
#include "talk.h"

/* What an operation gets: settings, its user, and how long to wait for a card. */
typedef struct helper {
    const card_settings_t *settings;
    const talk_t *talk;
    const char *reader;  /* wanted; part of its name is enough; NULL: the settings', then any */
    double wait_seconds; /* for a reader and a card                                          */
    language_t language; /* of what the portal answers in words                              */
} helper_t;

typedef struct card {
    const helper_t *helper;
    pcsc_t *pcsc;
    pcsc_card_t *connection;
    char reader[PCSC_READER_NAME];
    int verified; /* a PIN was: the card is reset when it is given back */
    piv_t piv;
} card_t;

/* Waits for a reader with a card (saying so), lets the user choose if there are several, connects. Faults: T_NO_READER, T_NO_CARD,
 * T_CARD_MUTE, T_CARD_IN_USE, T_PCSC_SERVICE, T_CANCELLED. */
fault_t *card_take(card_t *card, const helper_t *helper) MUST_USE;

/* Begins a transaction and selects PIV. What another program verified before is forgotten. Faults: of pcsc_begin(), T_CARD_NOT_PIV. */
fault_t *card_begin(card_t *card) MUST_USE;
void card_end(card_t *card);

void card_give_back(card_t *card);

/* Waits until the card has been taken out of the reader. */
fault_t *card_wait_removed(const helper_t *helper, const char *reader) MUST_USE;

#endif
