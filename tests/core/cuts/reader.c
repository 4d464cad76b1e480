/* PC/SC with one reader, as libpcsclite has it, over the card in sim.c. A helper that was killed gets nothing done any more. */
#include "worlds.h"

#include <string.h>
#include <winscard.h>

#define READER "Reader 00 00"

const SCARD_IO_REQUEST g_rgSCardT0Pci = {SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST)};
const SCARD_IO_REQUEST g_rgSCardT1Pci = {SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST)};

static LONG state(void) {
    if (sim_is_killed()) {
        return (LONG)SCARD_E_NO_SERVICE;
    }
    return sim_is_out() ? (LONG)SCARD_W_REMOVED_CARD : SCARD_S_SUCCESS;
}

LONG SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT context) {
    *context = 1;
    return sim_is_killed() ? (LONG)SCARD_E_NO_SERVICE : SCARD_S_SUCCESS;
}

LONG SCardReleaseContext(SCARDCONTEXT context) {
    return SCARD_S_SUCCESS;
}

LONG SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD length) {
    memcpy(names, READER "\0", sizeof(READER) + 1);
    *length = sizeof(READER) + 1;
    return SCARD_S_SUCCESS;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD count) {
    DWORD i;

    for (i = 0; i < count; i++) {
        states[i].dwEventState = sim_is_out() ? SCARD_STATE_EMPTY : SCARD_STATE_PRESENT;
        states[i].cbAtr = (DWORD)sim_atr(states[i].rgbAtr);
    }
    return sim_is_killed() ? (LONG)SCARD_E_NO_SERVICE : SCARD_S_SUCCESS;
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols, LPSCARDHANDLE handle, LPDWORD protocol) {
    *handle = 1;
    *protocol = SCARD_PROTOCOL_T1;
    return state();
}

LONG SCardReconnect(SCARDHANDLE handle, DWORD share, DWORD protocols, DWORD how, LPDWORD protocol) {
    if (state() == SCARD_S_SUCCESS && how == SCARD_RESET_CARD) {
        sim_reset();
    }
    return state();
}

LONG SCardDisconnect(SCARDHANDLE handle, DWORD how) {
    if (state() == SCARD_S_SUCCESS && how == SCARD_RESET_CARD) {
        sim_reset();
    }
    return SCARD_S_SUCCESS;
}

LONG SCardStatus(SCARDHANDLE handle, LPSTR name, LPDWORD name_length, LPDWORD card_state, LPDWORD protocol, LPBYTE atr,
                 LPDWORD atr_length) {
    *card_state = SCARD_PRESENT;
    *protocol = SCARD_PROTOCOL_T1;
    if (atr != NULL) {
        *atr_length = (DWORD)sim_atr(atr);
    }
    return state();
}

LONG SCardBeginTransaction(SCARDHANDLE handle) {
    return state();
}

LONG SCardEndTransaction(SCARDHANDLE handle, DWORD how) {
    return state();
}

LONG SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *by, LPCBYTE send, DWORD length, SCARD_IO_REQUEST *from,
                   LPBYTE receive, LPDWORD received) {
    *received = (DWORD)sim_send(send, length, receive, *received);
    return *received > 0 ? SCARD_S_SUCCESS : state();
}
