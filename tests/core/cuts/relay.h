/* The portal's part between helper and signer, over the directory of a card centre for tests. */
#ifndef XCA_TESTS_CUTS_RELAY_H
#define XCA_TESTS_CUTS_RELAY_H

#include "../card_bench.h"
#include "worlds.h"

/* Publishes the CA, and lets relay_session() and relay_message() work on it. */
void relay_begin(bench_t *b);

#endif
