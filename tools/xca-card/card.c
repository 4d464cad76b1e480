#include "card.h"

#include <string.h>
#include "platform.h"

#define PATIENCE     5.0 /* seconds for another program to give the card free */
#define WAIT_STEP    1.0
#define MUTE_SECONDS 3.0 /* a card that is just being put in is mute for a moment */
#define RETRY_MS     500

static int wanted(const helper_t *helper, const char *name) {
    const char *reader = helper->reader != NULL ? helper->reader : helper->settings->reader;

    return reader == NULL || reader[0] == '\0' || strstr(name, reader) != NULL;
}

/* The readers that may be meant and have a card; how many there are at all. */
static int count_cards(const helper_t *helper, const pcsc_readers_t *readers,
                       const char *names[PCSC_READERS], int *meant, int *mute) {
    int i, count = 0;

    *meant = 0;
    *mute = -1;
    for (i = 0; i < readers->count; i++) {
        const pcsc_reader_t *reader = &readers->all[i];

        if (!wanted(helper, reader->name)) {
            continue;
        }
        (*meant)++;
        if (reader->state == PCSC_MUTE) {
            *mute = i;
        } else if (reader->state != PCSC_EMPTY) {
            names[count++] = reader->name;
        }
    }
    return count;
}

static fault_t *choose_reader(const helper_t *helper, const char *const *names, int count,
                              char reader[PCSC_READER_NAME]) {
    fault_t *fault = NULL;
    int chosen = 0;

    if (count > 1) {
        fault = helper->talk->choose(helper->talk->baton, T_CHOOSE_READER, names, count, &chosen);
    }
    if (fault == NULL && (chosen < 0 || chosen >= count)) {
        fault = fault_make(T_CANCELLED, NULL, "no reader chosen");
    }
    if (fault == NULL) {
        memcpy(reader, names[chosen], strlen(names[chosen]) + 1);
    }
    return fault;
}

/* What is said while there is no card; once each. */
static void say_waiting(const helper_t *helper, int meant, text_id *said) {
    text_id text = meant == 0 ? T_WAITING_FOR_READER : T_WAITING_FOR_CARD;

    if (*said != text) {
        helper->talk->say(helper->talk->baton, text, NULL);
        *said = text;
    }
}

/* Windows ends the service with the last reader and starts it with the next one; elsewhere it may be started again as well. Takes the fault
 * of a service that ended over and opens anew; otherwise returns it. */
static fault_t *open_again(const helper_t *helper, pcsc_t **pcsc, double until, fault_t *fault) {
    while (fault_is(fault, T_PCSC_SERVICE) && platform_clock() < until) {
        if (helper->talk->stopped(helper->talk->baton)) {
            break;
        }
        fault_drop(fault);
        pcsc_close(*pcsc);
        *pcsc = NULL;
        platform_sleep_ms(RETRY_MS);
        fault = pcsc_open(pcsc);
    }
    return fault;
}

static fault_t *find_card(const helper_t *helper, pcsc_t **pcsc, char reader[PCSC_READER_NAME]) {
    double until = platform_clock() + helper->wait_seconds, mute_since = 0;
    text_id said = T_NONE;

    for (;;) {
        const char *names[PCSC_READERS];
        pcsc_readers_t readers;
        int meant = 0, mute = -1, count;
        fault_t *fault = pcsc_list(*pcsc, &readers);

        if (fault != NULL) {
            say_waiting(helper, 0, &said);
            fault = open_again(helper, pcsc, until, fault);
            if (fault != NULL) {
                return fault;
            }
            continue;
        }
        count = count_cards(helper, &readers, names, &meant, &mute);
        if (count > 0) {
            return choose_reader(helper, names, count, reader);
        }
        if (mute < 0) {
            mute_since = 0;
        } else if (mute_since <= 0) {
            mute_since = platform_clock();
        } else if (platform_clock() - mute_since >= MUTE_SECONDS) {
            return fault_make(T_CARD_MUTE, readers.all[mute].name, "mute");
        }
        if (platform_clock() >= until && mute < 0) {
            return fault_make(meant == 0 ? T_NO_READER : T_NO_CARD, NULL, "%d readers", readers.count);
        }
        if (helper->talk->stopped(helper->talk->baton)) {
            return fault_make(T_CANCELLED, NULL, "while waiting");
        }
        say_waiting(helper, meant, &said);
        fault = pcsc_wait(*pcsc, &readers, WAIT_STEP);
        if (fault != NULL && !fault_is(fault, T_PCSC_SERVICE)) {
            return fault;
        }
        fault_drop(fault); /* the list tells it again */
    }
}

fault_t *card_take(card_t *card, const helper_t *helper) {
    fault_t *fault;

    memset(card, 0, sizeof(*card));
    card->helper = helper;
    fault = pcsc_open(&card->pcsc);
    if (fault == NULL) {
        fault = find_card(helper, &card->pcsc, card->reader);
    }
    if (fault == NULL) {
        fault = pcsc_connect(card->reader, PATIENCE, &card->connection);
    }
    if (fault != NULL) {
        card_give_back(card);
        return fault;
    }
    card->piv.line.exchange = pcsc_exchange;
    card->piv.line.baton = card->connection;
    card->piv.line.extended = apdu_atr_extended(pcsc_atr(card->connection));
    return NULL;
}

/* A PIN that another program verified would hide the tries left, and is not ours to use. */
static fault_t *forget_others_pin(card_t *card) {
    int verified, left, forgotten = 0;
    fault_t *fault = piv_pin_status(&card->piv, &verified, &left);

    if (fault != NULL || !verified) {
        return fault;
    }
    fault = piv_forget_pin(&card->piv, &forgotten);
    if (fault == NULL && !forgotten) {
        fault = pcsc_reset(card->connection);
        if (fault == NULL) {
            fault = piv_select(&card->piv);
        }
    }
    return fault;
}

fault_t *card_begin(card_t *card) {
    fault_t *fault = pcsc_begin(card->connection, PATIENCE);

    if (fault == NULL) {
        fault = piv_select(&card->piv);
    }
    if (fault == NULL) {
        fault = forget_others_pin(card);
    }
    if (fault != NULL) {
        card_end(card);
    }
    return fault;
}

void card_end(card_t *card) {
    pcsc_end(card->connection);
}

void card_give_back(card_t *card) {
    pcsc_disconnect(card->connection, card->verified);
    pcsc_close(card->pcsc);
    memset(card, 0, sizeof(*card));
}

static int has_card(const pcsc_readers_t *readers, const char *name) {
    int i;

    for (i = 0; i < readers->count; i++) {
        if (strcmp(readers->all[i].name, name) == 0) {
            return readers->all[i].state != PCSC_EMPTY;
        }
    }
    return 0;
}

fault_t *card_wait_removed(const helper_t *helper, const char *reader) {
    pcsc_t *pcsc;
    fault_t *fault = pcsc_open(&pcsc);

    while (fault == NULL) {
        pcsc_readers_t readers;

        fault = pcsc_list(pcsc, &readers);
        if (fault != NULL || !has_card(&readers, reader)) {
            break;
        }
        if (helper->talk->stopped(helper->talk->baton)) {
            fault = fault_make(T_CANCELLED, NULL, "while waiting");
            break;
        }
        fault = pcsc_wait(pcsc, &readers, WAIT_STEP);
    }
    pcsc_close(pcsc);
    return fault;
}
