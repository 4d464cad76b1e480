#include "apdu.h"

#include <stdlib.h>

#define SHORT_DATA 255
#define CHAINED    0x10 /* bit of CLA: more blocks follow */

static fault_t *exchange(const apdu_line_t *line, view_t command, bytes_t *answer,
                         unsigned *status) {
    unsigned char *receive = malloc(APDU_RAW_MAX);
    size_t received = APDU_RAW_MAX;
    fault_t *fault;

    if (receive == NULL) {
        abort();
    }
    fault = line->exchange(line->baton, command.data, command.length, receive, &received);
    if (fault == NULL && (received < 2 || received > APDU_RAW_MAX)) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "an answer of %u bytes", (unsigned)received);
    }
    if (fault == NULL && answer != NULL && answer->length + received - 2 > APDU_ANSWER_MAX) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "an answer of more than %d bytes", APDU_ANSWER_MAX);
    }
    if (fault == NULL) {
        *status = (unsigned)receive[received - 2] << 8 | receive[received - 1];
        if (answer != NULL) {
            bytes_add(answer, receive, received - 2);
        }
    }
    wipe(receive, received <= APDU_RAW_MAX ? received : APDU_RAW_MAX);
    free(receive);
    return fault;
}

/* One block, short: CLA INS P1 P2 [Lc data] [Le]. `le` is -1 for none, 0 for 256. */
static fault_t *send_short(const apdu_line_t *line, const apdu_t *apdu, view_t data, int chained,
                           int le, bytes_t *answer, unsigned *status) {
    bytes_t command = {NULL, 0, 0};
    fault_t *fault;

    bytes_add_byte(&command, (unsigned char)(apdu->cla | (chained ? CHAINED : 0)));
    bytes_add_byte(&command, apdu->ins);
    bytes_add_byte(&command, apdu->p1);
    bytes_add_byte(&command, apdu->p2);
    if (data.length > 0) {
        bytes_add_byte(&command, (unsigned char)data.length);
        bytes_add(&command, data.data, data.length);
    }
    if (le >= 0) {
        bytes_add_byte(&command, (unsigned char)le);
    }
    fault = exchange(line, bytes_view(&command), answer, status);
    bytes_free(&command);
    return fault;
}

static fault_t *send_extended(const apdu_line_t *line, const apdu_t *apdu, bytes_t *answer,
                              unsigned *status) {
    static const unsigned char whole[2] = {0, 0};
    bytes_t command = {NULL, 0, 0};
    fault_t *fault;

    bytes_add_byte(&command, apdu->cla);
    bytes_add_byte(&command, apdu->ins);
    bytes_add_byte(&command, apdu->p1);
    bytes_add_byte(&command, apdu->p2);
    bytes_add_byte(&command, 0);
    if (apdu->data.length > 0) { /* else these are the Le alone */
        bytes_add_byte(&command, (unsigned char)(apdu->data.length >> 8));
        bytes_add_byte(&command, (unsigned char)apdu->data.length);
        bytes_add(&command, apdu->data.data, apdu->data.length);
    }
    if (apdu->answers) {
        bytes_add(&command, whole, sizeof(whole));
    }
    fault = exchange(line, bytes_view(&command), answer, status);
    bytes_free(&command);
    return fault;
}

static fault_t *send_chained(const apdu_line_t *line, const apdu_t *apdu, bytes_t *answer,
                             unsigned *status) {
    view_t rest = apdu->data;

    while (rest.length > SHORT_DATA) {
        view_t block = {rest.data, SHORT_DATA};
        fault_t *fault = send_short(line, apdu, block, 1, -1, NULL, status);

        if (fault != NULL || *status != 0x9000) {
            return fault;
        }
        rest.data += SHORT_DATA;
        rest.length -= SHORT_DATA;
    }
    return send_short(line, apdu, rest, 0, apdu->answers ? 0 : -1, answer, status);
}

/* 61xx: more is there; 6Cxx: ask again with this length. */
static fault_t *collect(const apdu_line_t *line, const apdu_t *apdu, bytes_t *answer,
                        unsigned *status) {
    static const view_t nothing = {NULL, 0};
    apdu_t more = {0, 0xc0, 0, 0, {NULL, 0}, 1};
    fault_t *fault = NULL;
    int count;

    if (*status >> 8 == 0x6c && apdu->data.length <= SHORT_DATA) {
        fault = send_short(line, apdu, apdu->data, 0, (int)(*status & 0xff), answer, status);
    }
    for (count = 0; fault == NULL && *status >> 8 == 0x61; count++) {
        if (count == APDU_CONTINUE_MAX) {
            return fault_make(T_CARD_NONSENSE, NULL, "an answer without end");
        }
        fault = send_short(line, &more, nothing, 0, (int)(*status & 0xff), answer, status);
    }
    return fault;
}

fault_t *apdu_send(const apdu_line_t *line, const apdu_t *apdu, bytes_t *answer, unsigned *status) {
    bytes_t unwanted = {NULL, 0, 0};
    bytes_t *to = answer != NULL ? answer : &unwanted;
    int extended = line->extended && (apdu->answers || apdu->data.length > SHORT_DATA);
    fault_t *fault;

    to->length = 0;
    *status = 0;
    if (apdu->data.length > 0xffff) {
        return fault_make(T_CARD_NONSENSE, NULL, "a command of %u bytes",
                          (unsigned)apdu->data.length);
    }
    fault = extended ? send_extended(line, apdu, to, status) : send_chained(line, apdu, to, status);
    if (fault == NULL) {
        fault = collect(line, apdu, to, status);
    }
    bytes_free(&unwanted);
    return fault;
}

/* TS T0, the interface bytes that T0 and each TD announce, then the historical bytes: a category indicator and, of category
 * 00 or 80, compact TLV. */
static view_t historical_bytes(view_t atr) {
    static const unsigned char bits[4] = {0x10, 0x20, 0x40, 0x80};
    view_t none = {NULL, 0};
    size_t at = 2, count;
    unsigned char announced;

    if (atr.length < 2) {
        return none;
    }
    count = atr.data[1] & 0x0f;
    announced = atr.data[1];
    while ((announced & 0xf0) != 0) {
        size_t td = 0, i;

        for (i = 0; i < 4; i++) {
            if (announced & bits[i]) {
                td = at++;
            }
        }
        if ((announced & 0x80) == 0) {
            break;
        }
        if (td >= atr.length) {
            return none;
        }
        announced = atr.data[td];
    }
    if (at + count > atr.length) {
        return none;
    }
    none.data = atr.data + at;
    none.length = count;
    return none;
}

int apdu_atr_extended(view_t atr) {
    view_t bytes = historical_bytes(atr);
    size_t at = 1, end = bytes.length;

    if (bytes.length == 0 || (bytes.data[0] != 0x00 && bytes.data[0] != 0x80)) {
        return 0;
    }
    if (bytes.data[0] == 0x00) {
        end = end > 3 ? end - 3 : 0; /* the status indicator stands behind */
    }
    while (at < end) {
        size_t length = bytes.data[at] & 0x0f;

        if (at + 1 + length > end) {
            return 0;
        }
        if (bytes.data[at] == 0x73) {
            return (bytes.data[at + 3] & 0xc0) == 0x40;
        }
        at += 1 + length;
    }
    return 0;
}
