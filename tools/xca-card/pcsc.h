/* PC/SC: readers and the cards in them. The one owner of winscard; every way a card can fail to be there has its own words. */
#ifndef XCA_CARD_PCSC_H
#define XCA_CARD_PCSC_H

#include "apdu.h"

#define PCSC_READERS     16
#define PCSC_READER_NAME 128
#define PCSC_ATR_MAX     33

typedef enum {
    PCSC_EMPTY,
    PCSC_CARD,
    PCSC_MUTE,  /* something is in the reader, and does not answer */
    PCSC_IN_USE /* a card that another program has for itself      */
} pcsc_state;

typedef struct pcsc_reader {
    char name[PCSC_READER_NAME];
    pcsc_state state;
    unsigned char atr[PCSC_ATR_MAX];
    size_t atr_length;
} pcsc_reader_t;

typedef struct pcsc_readers {
    pcsc_reader_t all[PCSC_READERS];
    int count;
} pcsc_readers_t;

typedef struct pcsc pcsc_t;
typedef struct pcsc_card pcsc_card_t;

/* Fault: T_PCSC_SERVICE. */
fault_t *pcsc_open(pcsc_t **pcsc) MUST_USE;
void pcsc_close(pcsc_t *pcsc);

/* The readers as they are now; none is no fault. */
fault_t *pcsc_list(pcsc_t *pcsc, pcsc_readers_t *readers) MUST_USE;

/* Waits up to `seconds` for something to change at the readers of `readers`, or for a reader to come or go. */
fault_t *pcsc_wait(pcsc_t *pcsc, const pcsc_readers_t *readers, double seconds) MUST_USE;

/* Connects, shared with others. Waits up to `patience` seconds for another program to give it free. Faults: T_CARD_MUTE,
 * T_CARD_IN_USE, T_CARD_REMOVED, T_PCSC_FAILED. */
fault_t *pcsc_connect(const char *reader, double patience, pcsc_card_t **card) MUST_USE;

/* The card is ours alone until pcsc_end(). Faults as above; T_CARD_RESET: another program reset the card since. */
fault_t *pcsc_begin(pcsc_card_t *card, double patience) MUST_USE;
void pcsc_end(pcsc_card_t *card);

/* Resets the card, which forgets what was verified, within the connection. */
fault_t *pcsc_reset(pcsc_card_t *card) MUST_USE;

/* `reset`: the card forgets what was verified. */
void pcsc_disconnect(pcsc_card_t *card, int reset);

/* An apdu_exchange_fn; the baton is the pcsc_card_t. */
fault_t *pcsc_exchange(void *card, const unsigned char *send, size_t length, unsigned char *receive,
                       size_t *received);

view_t pcsc_atr(const pcsc_card_t *card);

#endif
