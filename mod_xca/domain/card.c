#include "domain/card.h"

#include <string.h>

static const char *const rank_ids[XCA_RANK_COUNT] = {"primary", "secondary"};
static const char *const state_ids[XCA_CARD_STATE_COUNT] = {
    "making", "made", "dispatched", "active", "discarded", "revoked", "lapsed"};

static int place_of(const char *id, const char *const *ids, int count) {
    int i;

    for (i = 0; i < count; i++) {
        if (id != NULL && strcmp(id, ids[i]) == 0) {
            return i;
        }
    }
    return count;
}

const char *xca_card_rank_id(xca_card_rank rank) {
    return rank_ids[rank];
}

xca_card_rank xca_card_rank_by_id(const char *id) {
    return (xca_card_rank)place_of(id, rank_ids, XCA_RANK_COUNT);
}

const char *xca_card_state_id(xca_card_state state) {
    return state_ids[state];
}

xca_card_state xca_card_state_by_id(const char *id) {
    return (xca_card_state)place_of(id, state_ids, XCA_CARD_STATE_COUNT);
}

int xca_card_lives(xca_card_state state) {
    return state <= XCA_CARD_STATE_ACTIVE;
}

static int is_session(const char *kept, const char *session) {
    return kept != NULL && strcmp(kept, session) == 0;
}

xca_puk_verdict xca_card_puks_begin(xca_card_puks_t *puks, const char *session, const char *fresh) {
    if (!is_session(puks->session, session)) {
        if (puks->changing && puks->uncertain >= XCA_PUK_UNCERTAIN_MAX) {
            return XCA_PUK_TO_CENTRE;
        }
        puks->uncertain += puks->changing;
        puks->session = session;
        puks->next_puk = puks->next_puk != NULL ? puks->next_puk : fresh;
    }
    return puks->changing ? XCA_PUK_NEXT : XCA_PUK_CURRENT;
}

xca_puk_verdict xca_card_puks_changing(xca_card_puks_t *puks, const char *session) {
    if (!is_session(puks->session, session)) {
        return XCA_PUK_REFUSED;
    }
    puks->changing = 1;
    puks->uncertain = 0;
    return XCA_PUK_NEXT;
}

xca_puk_verdict xca_card_puks_confirm(xca_card_puks_t *puks, const char *session) {
    if (is_session(puks->confirmed, session)) {
        return XCA_PUK_CURRENT;
    }
    if (!is_session(puks->session, session) || !puks->changing || puks->next_puk == NULL) {
        return XCA_PUK_REFUSED;
    }
    puks->puk = puks->next_puk;
    puks->next_puk = NULL;
    puks->confirmed = session;
    puks->session = NULL;
    puks->changing = 0;
    puks->uncertain = 0;
    return XCA_PUK_CURRENT;
}
