/* The PUKs of a card: whatever is cut, wherever, the next run works and no card loses its last try. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "domain/card.h"

/* A card with three PUK tries, as a PIV card counts them (SP 800-73-4 part 2, section 3.2.3). */
typedef struct {
    char puk[XCA_PUK_LENGTH + 1];
    int tries;
} model_t;

#define TRIES 3

static int card_takes(model_t *card, const char *puk) {
    if (card->tries == 0) {
        return 0;
    }
    if (strcmp(card->puk, puk) != 0) {
        card->tries--;
        return 0;
    }
    card->tries = TRIES;
    return 1;
}

/* The signer's record: changed in a copy, kept when it is written. */
typedef struct {
    char puk[9], next[9], session[33], confirmed[33];
    int changing, uncertain;
} record_t;

static xca_card_puks_t load(const record_t *record) {
    xca_card_puks_t puks = {record->puk, NULL, NULL, NULL, record->changing, record->uncertain};

    puks.next_puk = record->next[0] != '\0' ? record->next : NULL;
    puks.session = record->session[0] != '\0' ? record->session : NULL;
    puks.confirmed = record->confirmed[0] != '\0' ? record->confirmed : NULL;
    return puks;
}

static void keep(record_t *record, const xca_card_puks_t *puks) {
    record_t made = {{0}, {0}, {0}, {0}, puks->changing, puks->uncertain};

    snprintf(made.puk, sizeof(made.puk), "%s", puks->puk);
    snprintf(made.next, sizeof(made.next), "%s", puks->next_puk != NULL ? puks->next_puk : "");
    snprintf(made.session, sizeof(made.session), "%s", puks->session != NULL ? puks->session : "");
    snprintf(made.confirmed, sizeof(made.confirmed), "%s", puks->confirmed != NULL ? puks->confirmed : "");
    *record = made;
}

/* A source of cuts that can be had again. */
static uint32_t seed;
static uint32_t random_number(void) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static int percent; /* of steps where something is cut */
static int cut(void) {
    return (int)(random_number() % 100) < percent;
}

static unsigned run_number;

typedef enum { DONE, CUT, TO_CENTRE } outcome_t;

/* Whether the message reached the signer and the answer the helper. A message that is not answered may have been carried out
 * all the same. */
#define SAID(call)                                                                                                     \
    do {                                                                                                               \
        if (cut()) {                                                                                                   \
            return CUT;                                                                                                \
        }                                                                                                              \
        puks = load(record);                                                                                           \
        verdict = call;                                                                                                \
        keep(record, &puks);                                                                                           \
        if (cut()) { /* the signer was stopped and does the same message again */                                      \
            puks = load(record);                                                                                       \
            verdict = call;                                                                                            \
            keep(record, &puks);                                                                                       \
        }                                                                                                              \
        if (cut()) {                                                                                                   \
            return CUT;                                                                                                \
        }                                                                                                              \
    } while (0)

/* One run of the helper, word for word as mod_xca/wire/README.md has it. */
static outcome_t run(model_t *card, record_t *record) {
    char session[33], fresh[9], puk[9], next[9];
    xca_card_puks_t puks;
    xca_puk_verdict verdict;
    int has_next;

    snprintf(session, sizeof(session), "%032x", ++run_number);
    snprintf(fresh, sizeof(fresh), "%08u", random_number() % 100000000);
    SAID(xca_card_puks_begin(&puks, session, fresh));
    if (verdict == XCA_PUK_TO_CENTRE) {
        return TO_CENTRE;
    }
    snprintf(puk, sizeof(puk), "%s", record->puk);
    snprintf(next, sizeof(next), "%s", record->next);
    has_next = 0;
    if (verdict == XCA_PUK_NEXT) {
        has_next = card_takes(card, next);
        if (cut()) {
            return CUT;
        }
    }
    if (!has_next && !card_takes(card, puk)) {
        fail_msg("the card took no PUK that the signer gave (%d tries)", card->tries);
    }
    if (cut()) {
        return CUT;
    }
    SAID(xca_card_puks_changing(&puks, session));
    assert_int_not_equal(verdict, XCA_PUK_REFUSED);
    if (!has_next) {
        if (!card_takes(card, puk)) {
            fail_msg("the PUK that was just taken is refused");
        }
        memcpy(card->puk, next, sizeof(next));
    }
    if (cut()) {
        return CUT;
    }
    SAID(xca_card_puks_confirm(&puks, session));
    assert_int_not_equal(verdict, XCA_PUK_REFUSED);
    return DONE;
}

static void test_no_sequence_of_cuts_blocks_a_card(void **state) {
    int life, sent = 0, done = 0, cuts = 0;

    for (life = 0; life < 200000; life++) {
        model_t card = {"11111111", TRIES};
        record_t record = {"11111111", "", "", "", 0, 0};
        int i;

        seed = (uint32_t)life * 2654435761u + 1;
        percent = life % 60;
        for (i = 0; i < 30; i++) {
            outcome_t outcome = run(&card, &record);

            assert_true(card.tries >= 1);
            done += outcome == DONE;
            cuts += outcome == CUT;
            if (outcome == TO_CENTRE) {
                sent++;
                break;
            }
        }
        /* Then nothing is cut any more: it works, unless the card centre has to see it. */
        percent = 0;
        if (record.changing == 0 || record.uncertain < XCA_PUK_UNCERTAIN_MAX) {
            assert_int_equal(run(&card, &record), DONE);
            assert_string_equal(card.puk, record.puk);
            assert_int_equal(card.tries, TRIES);
        }
    }
    print_message("%d runs done, %d cut, %d of %d cards to the centre\n", done, cuts, sent, life);
    assert_true(done > 100000 && cuts > 100000);
}

static void test_a_card_that_waits_for_its_change_gives_its_tries_back(void **state) {
    record_t record = {"11111111", "22222222", "", "", 1, 1};
    xca_card_puks_t puks = load(&record);

    assert_int_equal(xca_card_puks_begin(&puks, "b", "33333333"), XCA_PUK_NEXT);
    assert_int_equal(puks.uncertain, 2);
    assert_string_equal(puks.next_puk, "22222222");
    assert_int_equal(xca_card_puks_begin(&puks, "c", "33333333"), XCA_PUK_TO_CENTRE);
    assert_string_equal(puks.session, "b");
    assert_int_equal(xca_card_puks_changing(&puks, "b"), XCA_PUK_NEXT);
    assert_int_equal(puks.uncertain, 0);
    assert_int_equal(xca_card_puks_begin(&puks, "c", "33333333"), XCA_PUK_NEXT);
}

static void test_a_message_of_a_run_that_is_over_is_refused(void **state) {
    record_t record = {"11111111", "", "", "", 0, 0};
    xca_card_puks_t puks = load(&record);

    assert_int_equal(xca_card_puks_begin(&puks, "a", "22222222"), XCA_PUK_CURRENT);
    assert_int_equal(xca_card_puks_begin(&puks, "b", "33333333"), XCA_PUK_CURRENT);
    assert_int_equal(xca_card_puks_changing(&puks, "a"), XCA_PUK_REFUSED);
    assert_int_equal(xca_card_puks_confirm(&puks, "a"), XCA_PUK_REFUSED);
    assert_int_equal(puks.changing, 0);
    assert_int_equal(xca_card_puks_confirm(&puks, "b"), XCA_PUK_REFUSED); /* nothing was changed yet */
    assert_int_equal(xca_card_puks_changing(&puks, "b"), XCA_PUK_NEXT);
    assert_int_equal(xca_card_puks_confirm(&puks, "b"), XCA_PUK_CURRENT);
    assert_string_equal(puks.puk, "22222222");
    assert_int_equal(xca_card_puks_confirm(&puks, "b"), XCA_PUK_CURRENT); /* said again */
    assert_string_equal(puks.puk, "22222222");
    assert_int_equal(xca_card_puks_changing(&puks, "b"), XCA_PUK_REFUSED);
}

static void test_words_of_ranks_and_states(void **state) {
    int i;

    for (i = 0; i < XCA_RANK_COUNT; i++) {
        assert_int_equal(xca_card_rank_by_id(xca_card_rank_id((xca_card_rank)i)), i);
    }
    for (i = 0; i < XCA_CARD_STATE_COUNT; i++) {
        assert_int_equal(xca_card_state_by_id(xca_card_state_id((xca_card_state)i)), i);
    }
    assert_int_equal(xca_card_rank_by_id("tertiary"), XCA_RANK_COUNT);
    assert_int_equal(xca_card_state_by_id(NULL), XCA_CARD_STATE_COUNT);
    assert_true(xca_card_lives(XCA_CARD_STATE_ACTIVE));
    assert_false(xca_card_lives(XCA_CARD_STATE_DISCARDED));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_sequence_of_cuts_blocks_a_card),
        cmocka_unit_test(test_a_card_that_waits_for_its_change_gives_its_tries_back),
        cmocka_unit_test(test_a_message_of_a_run_that_is_over_is_refused),
        cmocka_unit_test(test_words_of_ranks_and_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
