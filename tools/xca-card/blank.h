/* A blank becomes a card: everything that is done to it, in an order in which every cut leaves a card that can be gone on with.
 *
 * What a card is at any moment is read from itself:
 *   management key     the blank's or the derived one: both are tried, no card blocks for it; it is set last
 *   9E certificate     written after the other two. Without it the PUK is the blank's for certain
 *   CHUID              with its final GUID only after the PUK was set: then the PUK is the signer's for certain
 *   9E without that    the PUK was being set: the signer's is tried, then the blank's, which gives the tries back
 * So at most one wrong PUK is tried in a run, and never the last one. */
#ifndef XCA_CARD_BLANK_H
#define XCA_CARD_BLANK_H

#include "card.h"
#include "card_info.h"

/* What the signer ordered ("make"). */
typedef struct order {
    char card[17], case_number[26];
    secret_t puk, management_key;
    piv_algorithm algorithm;
    bytes_t pop_key; /* P-256 point */
} order_t;

/* One card being made. */
typedef struct blank {
    const piv_t *piv;
    const talk_t *talk;
    const card_settings_t *settings;
    const order_t *order;
    const chain_t *chain;
    int overwrite;            /* certificates of others may go                   */
    secret_t pin;             /* random, known to nobody                         */
    secret_t puk;             /* what the card has                               */
    int management_algorithm;
    int management_is_ours;
    int keys_are_made;        /* resumed: keys and certificates are there        */
    public_key_t *keys[3];    /* 9C, 9D, 9E                                      */
    bytes_t requests[3];      /* PKCS#10, or the SubjectPublicKeyInfo with a pop */
    bytes_t certificates[3];  /* DER                                             */
    unsigned char pop[PIV_SHA256];
    int has_pop;
} blank_t;

/* Looks at the card, authenticates, sets the PIN. *resumable: it has keys and certificates of this order that fit. In a transaction.
 * Faults: T_BLANK_OTHER_CARD, T_BLANK_FOREIGN, T_BLANK_MANAGEMENT, T_BLANK_PUK; of piv*.h. */
fault_t *blank_prepare(blank_t *blank, int *resumable) MUST_USE;

/* Generates the keys and makes the requests. */
fault_t *blank_generate(blank_t *blank) MUST_USE;

/* Writes the certificates (blank->certificates), CHUID, PUK, management key. In a transaction of its own. Faults: T_CERTIFICATE_NOT_OURS,
 * T_BLANK_PUK_FIXED; of piv*.h. */
fault_t *blank_finish(blank_t *blank) MUST_USE;

/* Reads everything back; `digest` is what was read (see "made"). Fault: T_BLANK_READ_BACK (arg: what). */
fault_t *blank_verify(blank_t *blank, unsigned char digest[PIV_SHA256]) MUST_USE;

void blank_free(blank_t *blank);

#endif
