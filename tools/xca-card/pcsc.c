#include "pcsc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "platform.h"

#define NEW_READERS    "\\\\?PnP?\\Notification"
#define POLL_MS        100
#define NOTICE_SECONDS 1.5
#define NAMES_MAX      (PCSC_READERS * PCSC_READER_NAME)
#define POLL_WAIT_MS   500 /* where the system does not tell of new readers */

struct pcsc {
    SCARDCONTEXT context;
};

struct pcsc_card {
    SCARDCONTEXT context; /* its own: a call that hangs must not hold up the others */
    SCARDHANDLE handle;
    DWORD protocol;
    unsigned char atr[PCSC_ATR_MAX];
    size_t atr_length;
    int in_transaction;
};

static const char *reason(LONG code) {
    static _Thread_local char text[24];

    snprintf(text, sizeof(text), "PC/SC %08lX", (unsigned long)code & 0xffffffffUL);
    return text;
}

static fault_t *fault_of(LONG code, const char *reader) {
    switch ((unsigned long)code & 0xffffffffUL) {
    case (unsigned long)SCARD_E_NO_SERVICE & 0xffffffffUL:
    case (unsigned long)SCARD_E_SERVICE_STOPPED & 0xffffffffUL:
    case (unsigned long)SCARD_F_COMM_ERROR & 0xffffffffUL:
    case (unsigned long)SCARD_E_INVALID_HANDLE & 0xffffffffUL: /* of a service that was started again since */
        return fault_make(T_PCSC_SERVICE, NULL, "%s", reason(code));
    case (unsigned long)SCARD_W_REMOVED_CARD & 0xffffffffUL:
    case (unsigned long)SCARD_E_NO_SMARTCARD & 0xffffffffUL:
        return fault_make(T_CARD_REMOVED, NULL, "%s", reason(code));
    case (unsigned long)SCARD_E_READER_UNAVAILABLE & 0xffffffffUL:
    case (unsigned long)SCARD_E_UNKNOWN_READER & 0xffffffffUL:
        return fault_make(T_READER_GONE, reader, "%s", reason(code));
    case (unsigned long)SCARD_W_UNRESPONSIVE_CARD & 0xffffffffUL:
    case (unsigned long)SCARD_W_UNPOWERED_CARD & 0xffffffffUL:
    case (unsigned long)SCARD_W_UNSUPPORTED_CARD & 0xffffffffUL:
    case (unsigned long)SCARD_E_PROTO_MISMATCH & 0xffffffffUL:
        return fault_make(T_CARD_MUTE, reader, "%s", reason(code));
    case (unsigned long)SCARD_E_SHARING_VIOLATION & 0xffffffffUL:
        return fault_make(T_CARD_IN_USE, reader, "%s", reason(code));
    case (unsigned long)SCARD_W_RESET_CARD & 0xffffffffUL:
        return fault_make(T_CARD_RESET, NULL, "%s", reason(code));
    default:
        return fault_make(T_PCSC_FAILED, reader, "%s", reason(code));
    }
}

fault_t *pcsc_open(pcsc_t **result) {
    pcsc_t *pcsc = calloc(1, sizeof(*pcsc));
    LONG code;

    *result = NULL;
    if (pcsc == NULL) {
        abort();
    }
    platform_pcsc_never_blocks();
    code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &pcsc->context);
    if (code != SCARD_S_SUCCESS) {
        free(pcsc);
        return fault_make(T_PCSC_SERVICE, NULL, "%s", reason(code));
    }
    *result = pcsc;
    return NULL;
}

void pcsc_close(pcsc_t *pcsc) {
    if (pcsc != NULL) {
        SCardReleaseContext(pcsc->context);
        free(pcsc);
    }
}

static pcsc_state state_of(DWORD event) {
    if ((event & SCARD_STATE_PRESENT) == 0) {
        return PCSC_EMPTY;
    }
    if ((event & SCARD_STATE_MUTE) != 0) {
        return PCSC_MUTE;
    }
    return (event & SCARD_STATE_EXCLUSIVE) != 0 ? PCSC_IN_USE : PCSC_CARD;
}

/* Names follow each other, each with its NUL, one more NUL at the end. */
static int split_names(pcsc_readers_t *readers, const char *names, size_t length) {
    size_t at = 0;

    readers->count = 0;
    while (at < length && names[at] != '\0' && readers->count < PCSC_READERS) {
        const char *end = memchr(names + at, '\0', length - at);

        if (end == NULL) {
            break;
        }
        if ((size_t)(end - names) - at < PCSC_READER_NAME) {
            memset(&readers->all[readers->count], 0, sizeof(readers->all[0]));
            memcpy(readers->all[readers->count++].name, names + at, (size_t)(end - names) - at);
        }
        at = (size_t)(end - names) + 1;
    }
    return readers->count;
}

fault_t *pcsc_list(pcsc_t *pcsc, pcsc_readers_t *readers) {
    SCARD_READERSTATE states[PCSC_READERS];
    char names[NAMES_MAX];
    DWORD length = sizeof(names);
    LONG code;
    int i;

    readers->count = 0;
    code = SCardListReaders(pcsc->context, NULL, names, &length);
    if (code == (LONG)SCARD_E_NO_READERS_AVAILABLE) {
        return NULL;
    }
    if (code != SCARD_S_SUCCESS) {
        return fault_of(code, NULL);
    }
    if (split_names(readers, names, length) == 0) {
        return NULL;
    }
    memset(states, 0, sizeof(states));
    for (i = 0; i < readers->count; i++) {
        states[i].szReader = readers->all[i].name;
        states[i].dwCurrentState = SCARD_STATE_UNAWARE;
    }
    code = SCardGetStatusChange(pcsc->context, 0, states, (DWORD)readers->count);
    if (code != SCARD_S_SUCCESS && code != (LONG)SCARD_E_TIMEOUT) {
        readers->count = 0;
        return code == (LONG)SCARD_E_UNKNOWN_READER ? NULL : fault_of(code, NULL);
    }
    for (i = 0; i < readers->count; i++) {
        pcsc_reader_t *reader = &readers->all[i];

        reader->state = state_of(states[i].dwEventState);
        reader->atr_length = states[i].cbAtr <= PCSC_ATR_MAX ? states[i].cbAtr : 0;
        memcpy(reader->atr, states[i].rgbAtr, reader->atr_length);
    }
    return NULL;
}

fault_t *pcsc_wait(pcsc_t *pcsc, const pcsc_readers_t *readers, double seconds) {
    SCARD_READERSTATE states[PCSC_READERS + 1];
    DWORD timeout = (DWORD)(seconds * 1000);
    LONG code;
    int i;

    memset(states, 0, sizeof(states));
    for (i = 0; i < readers->count; i++) {
        states[i].szReader = readers->all[i].name;
        states[i].dwCurrentState = SCARD_STATE_UNAWARE;
    }
    if (readers->count > 0) {
        SCardGetStatusChange(pcsc->context, 0, states, (DWORD)readers->count);
        for (i = 0; i < readers->count; i++) {
            states[i].dwCurrentState = states[i].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
        }
    }
    states[readers->count].szReader = NEW_READERS;
    states[readers->count].dwCurrentState = (DWORD)readers->count << 16;
    code = SCardGetStatusChange(pcsc->context, timeout, states, (DWORD)readers->count + 1);
    if (code == (LONG)SCARD_E_UNKNOWN_READER || code == (LONG)SCARD_E_INVALID_VALUE) {
        platform_sleep_ms(timeout < POLL_WAIT_MS ? (unsigned)timeout : POLL_WAIT_MS);
        return NULL;
    }
    if (code == SCARD_S_SUCCESS || code == (LONG)SCARD_E_TIMEOUT) {
        return NULL;
    }
    return fault_of(code, NULL);
}

/* A connection being made, perhaps longer than anyone waits for it: pcscd answers SCardConnect() only when another program's
 * transaction has ended. */
typedef struct connecting {
    char reader[PCSC_READER_NAME];
    double until;
    pcsc_card_t *card;
    LONG code;
} connecting_t;

static void connect_card(void *baton) {
    connecting_t *connecting = baton;
    pcsc_card_t *card = connecting->card;

    connecting->code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &card->context);
    while (connecting->code == SCARD_S_SUCCESS) {
        LONG code = SCardConnect(card->context, connecting->reader, SCARD_SHARE_SHARED,
                                 SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card->handle, &card->protocol);

        if (code == SCARD_S_SUCCESS) {
            return;
        }
        if (code != (LONG)SCARD_E_SHARING_VIOLATION || platform_clock() >= connecting->until) {
            SCardReleaseContext(card->context);
            connecting->code = code;
            return;
        }
        platform_sleep_ms(POLL_MS);
    }
}

/* Nobody waits for it any more. */
static void forget_connection(void *baton) {
    connecting_t *connecting = baton;

    if (connecting->code == SCARD_S_SUCCESS) {
        pcsc_disconnect(connecting->card, 0);
    } else {
        free(connecting->card);
    }
    free(connecting);
}

fault_t *pcsc_connect(const char *reader, double patience, pcsc_card_t **result) {
    connecting_t *connecting = calloc(1, sizeof(*connecting));
    pcsc_card_t *card = calloc(1, sizeof(*card));
    DWORD atr_length = PCSC_ATR_MAX, state = 0, protocol = 0;
    LONG code;

    *result = NULL;
    if (connecting == NULL || card == NULL) {
        abort();
    }
    snprintf(connecting->reader, sizeof(connecting->reader), "%s", reader);
    connecting->until = platform_clock() + patience;
    connecting->card = card;
    if (!platform_run_within(patience, connect_card, forget_connection, connecting)) {
        return fault_make(T_CARD_IN_USE, reader, "no answer in %.1f s", patience);
    }
    code = connecting->code;
    free(connecting);
    if (code != SCARD_S_SUCCESS) {
        free(card);
        return fault_of(code, reader);
    }
    if (SCardStatus(card->handle, NULL, NULL, &state, &protocol, card->atr, &atr_length) ==
        SCARD_S_SUCCESS) {
        card->atr_length = atr_length <= PCSC_ATR_MAX ? atr_length : 0;
    }
    *result = card;
    return NULL;
}

static LONG reconnect(pcsc_card_t *card, DWORD how) {
    return SCardReconnect(card->handle, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                          how, &card->protocol);
}

/* SCardBeginTransaction() of pcsc-lite waits without end for another program's transaction; SCardStatus() tells of it. */
static LONG begin(SCARDHANDLE handle) {
    DWORD state = 0, protocol = 0, atr_length = 0;
    LONG code = SCardStatus(handle, NULL, NULL, &state, &protocol, NULL, &atr_length);

    return code == (LONG)SCARD_E_SHARING_VIOLATION ? code : SCardBeginTransaction(handle);
}

fault_t *pcsc_begin(pcsc_card_t *card, double patience) {
    double until = platform_clock() + patience;
    int was_reset = 0;
    LONG code;

    for (;;) {
        code = begin(card->handle);
        if (code == (LONG)SCARD_W_RESET_CARD && !was_reset) {
            /* Nothing of ours was under way: go on with the card as it is after the reset. */
            was_reset = 1;
            code = reconnect(card, SCARD_LEAVE_CARD);
            if (code == SCARD_S_SUCCESS) {
                continue;
            }
        }
        if (code != (LONG)SCARD_E_SHARING_VIOLATION || platform_clock() >= until) {
            break;
        }
        platform_sleep_ms(POLL_MS);
    }
    if (code != SCARD_S_SUCCESS) {
        return fault_of(code, NULL);
    }
    card->in_transaction = 1;
    return NULL;
}

void pcsc_end(pcsc_card_t *card) {
    if (card->in_transaction) {
        SCardEndTransaction(card->handle, SCARD_LEAVE_CARD);
        card->in_transaction = 0;
    }
}

fault_t *pcsc_reset(pcsc_card_t *card) {
    LONG code = reconnect(card, SCARD_RESET_CARD);

    return code == SCARD_S_SUCCESS ? NULL : fault_of(code, NULL);
}

void pcsc_disconnect(pcsc_card_t *card, int reset) {
    if (card != NULL) {
        pcsc_end(card);
        SCardDisconnect(card->handle, reset ? SCARD_RESET_CARD : SCARD_LEAVE_CARD);
        SCardReleaseContext(card->context);
        free(card);
    }
}

/* What readers say when the card was pulled in the middle: no transaction, or an answer of nothing. The service sees a moment
 * later whether the card is gone. */
static fault_t *no_answer(const pcsc_card_t *card, LONG code) {
    double until = platform_clock() + NOTICE_SECONDS;
    int is_there = 1;

    while (is_there && platform_clock() < until) {
        DWORD state = 0, protocol = 0, atr_length = 0;
        LONG now = SCardStatus(card->handle, NULL, NULL, &state, &protocol, NULL, &atr_length);

        is_there = now == SCARD_S_SUCCESS && (state & SCARD_ABSENT) == 0;
        if (is_there) {
            platform_sleep_ms(POLL_MS);
        }
    }
    return fault_make(is_there ? T_CARD_NO_ANSWER : T_CARD_REMOVED, NULL, "%s", reason(code));
}

fault_t *pcsc_exchange(void *baton, const unsigned char *send, size_t length, unsigned char *receive,
                       size_t *received) {
    pcsc_card_t *card = baton;
    int t0 = card->protocol == SCARD_PROTOCOL_T0;
    /* T=0 has no command with data and Le (ISO/IEC 7816-3 clause 12.2): the answer is fetched. */
    size_t sent = t0 && length > 6 && length == 6 + (size_t)send[4] ? length - 1 : length;
    DWORD room = (DWORD)*received;
    LONG code = SCardTransmit(card->handle, t0 ? SCARD_PCI_T0 : SCARD_PCI_T1, send, (DWORD)sent, NULL,
                              receive, &room);

    *received = 0;
    if (code == (LONG)SCARD_E_NOT_TRANSACTED || (code == SCARD_S_SUCCESS && room == 0)) {
        return no_answer(card, code);
    }
    if (code != SCARD_S_SUCCESS) {
        return fault_of(code, NULL);
    }
    *received = room;
    return NULL;
}

view_t pcsc_atr(const pcsc_card_t *card) {
    view_t atr = {card->atr, card->atr_length};

    return atr;
}
