/* The card, and the slot it is in. */
#include "worlds.h"

#include <stdlib.h>
#include <string.h>
#include "../../cardsim/apdu.h"
#include "../../cardsim/objects.h"
#include "../../cardsim/settings.h"
#include "../../cardsim/state.h"

static card_t card;
static int is_out = 1, is_killed, was_cut;
static long countdown; /* to the command that is cut; 0: none */
static cut_kind kind;

void sim_blank(const char *const *settings) {
    state_free(&card);
    memset(&card, 0, sizeof(card));
    settings_default(&card.settings);
    for (; *settings != NULL; settings++) {
        char name[64];
        size_t length = strcspn(*settings, "=");

        if (length >= sizeof(name)) {
            abort();
        }
        memcpy(name, *settings, length);
        name[length] = '\0';
        if (!settings_set(&card.settings, name, *settings + length + 1)) {
            abort();
        }
    }
    settings_finish(&card.settings);
    state_blank(&card);
    is_out = 1;
    sim_insert();
}

void sim_cut(long number, cut_kind how) {
    countdown = how == CUT_NONE ? 0 : number;
    kind = how;
    was_cut = 0;
}

int sim_was_cut(void) {
    return was_cut;
}

void sim_insert(void) {
    if (is_out) {
        card_power(&card);
    }
    is_out = is_killed = 0;
    countdown = 0;
}

long sim_commands(void) {
    return (long)card.commands;
}

void sim_reset(void) {
    card_power(&card);
}

size_t sim_atr(unsigned char atr[33]) {
    memcpy(atr, card.settings.atr, card.settings.atr_length);
    return card.settings.atr_length;
}

int sim_is_out(void) {
    return is_out;
}

int sim_is_killed(void) {
    return is_killed;
}

size_t sim_send(const unsigned char *command, size_t length, unsigned char *answer, size_t room) {
    static bytes_t given;
    int cut = countdown > 0 && --countdown == 0;

    if (is_out || is_killed) {
        return 0;
    }
    given.length = 0;
    if (!cut || kind != CUT_BEFORE) {
        card_run(&card, command, length, &given);
    }
    if (cut) {
        was_cut = 1;
        is_killed = kind == CUT_KILLED;
        is_out = !is_killed;
        return 0;
    }
    if (given.length > room) {
        abort();
    }
    memcpy(answer, given.data, given.length);
    return given.length;
}

void sim_puk(char puk[9]) {
    memcpy(puk, card.memory.puk, CARD_PIN);
    puk[CARD_PIN] = '\0';
}

int sim_puk_tries(void) {
    return (int)card.memory.puk_tries;
}

int sim_pin_tries(void) {
    return (int)card.memory.pin_tries;
}

size_t sim_object(unsigned long tag, unsigned char *content, size_t room) {
    size_t i;

    for (i = 0; i < card.memory.object_count; i++) {
        const card_object_t *object = &card.memory.objects[i];

        if (object->tag == tag && object->length <= room) {
            memcpy(content, object->content, object->length);
            return object->length;
        }
    }
    return 0;
}
