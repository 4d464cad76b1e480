/* link.h: the card in its reader: the connection to vpcd, and the hand that pulls and inserts it.
 */
#ifndef CARDSIM_LINK_H
#define CARDSIM_LINK_H

#include "card.h"

typedef struct link_options {
    const char *reader;  /* path of a unix socket, or HOST:PORT (IPv4) */
    const char *control; /* path of the control socket; NULL: none */
    bool inserted;       /* at the start */
    unsigned out_ms;     /* how long the card is out, at least, before it is in again */
} link_options_t;

/* Runs until SIGTERM, SIGINT or "quit". Returns the exit status. */
int link_run(card_t *card, const link_options_t *options);

#endif
