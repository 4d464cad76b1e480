/* Commands to a card and its answers (ISO/IEC 7816-4 clause 5; NIST SP 800-73-4 part 2, section 2.4): short APDUs with chaining
 * and GET RESPONSE, extended ones only to a card that says it takes them. The bytes go through a function, so that a
 * reader, a test or a fuzzer can stand behind it. The card is not trusted: what it may answer has bounds. */
#ifndef XCA_CARD_APDU_H
#define XCA_CARD_APDU_H

#include "bytes.h"
#include "fault.h"

#define APDU_ANSWER_MAX   65536 /* bytes of a whole answer                                  */
#define APDU_CONTINUE_MAX 300   /* GET RESPONSEs a command                                   */
#define APDU_RAW_MAX      65544 /* bytes of one exchange: extended answer and status        */

/* Sends one command and receives one answer with its status. *received is the room on entry. */
typedef fault_t *apdu_exchange_fn(void *baton, const unsigned char *send, size_t length,
                                  unsigned char *receive, size_t *received);

typedef struct apdu_line {
    apdu_exchange_fn *exchange;
    void *baton;
    int extended; /* the card takes extended lengths, and no chaining */
} apdu_line_t;

typedef struct apdu {
    unsigned char cla, ins, p1, p2;
    view_t data;  /* none if its length is 0 */
    int answers;  /* an answer is expected   */
} apdu_t;

/* Sends `apdu` and collects the whole answer, without status, in `answer` (emptied first; NULL: none wanted). `status`
 * gets SW1 SW2. A status that is no success is no fault here: it depends on the command what it means.
 * Faults: what `exchange` gives; T_CARD_NONSENSE for an answer beyond its bounds. */
fault_t *apdu_send(const apdu_line_t *line, const apdu_t *apdu, bytes_t *answer,
                   unsigned *status) MUST_USE;

/* 1 if the historical bytes of an ATR say that extended lengths are taken, and chaining is not (ISO/IEC 7816-4 clause
 * 12.1.1.9): a reader may be in the way of extended lengths, but never of chaining. */
int apdu_atr_extended(view_t atr);

#endif
