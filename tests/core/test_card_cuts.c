/* No cut makes a dead card: production, activation and unlocking cut at every single command to the card and every message to
 * the portal, with the helper's, the signer's and the card's real code (cuts/worlds.h) and a real slapd. After each cut the same is run
 * again, and the card must work: PIN, PUK, keys, certificates, and what the directory says of it. */
#include "card_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <openssl/evp.h>
#include "base/log.h"
#include "cuts/relay.h"
#include "operations/signer_card_parts.h"
#include "outside/crypto.h"
#include "outside/crypto_pem.h"
#include "outside/crypto_view.h"

#define CASE_CARDS 40 /* made for one case and given up, before the next case */
#define FIRST_PIN  "13572468"

static const char *const plain[] = {NULL};
static const char *const yubico[] = {"yubico=yes", "management-algorithm=aes192", "pin-tries=5", "puk-tries=5", NULL};
static const char *const extended[] = {"transfer=extended", "reselect=drop", "blocked=6983", NULL};

typedef struct card_kind {
    const char *name;
    const char *const *settings;
} card_kind_t;

static const card_kind_t kinds[] = {{"plain", plain}, {"yubico", yubico}, {"extended", extended}};
static const char *const cut_names[] = {"uncut", "before", "after", "killed"};

static bench_t *b;
static apr_pool_t *pool, *cycle; /* the second: of one card's life */
static char where[200];          /* what is cut, for those who read a failure */
static const char *case_number;
static int cards_of_case;

#define expect(condition, ...)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            char text_[900];                                                                       \
            snprintf(text_, sizeof(text_), __VA_ARGS__);                                           \
            fail_msg("%s: %s: %s", where, #condition, text_);                                      \
        }                                                                                          \
    } while (0)

/* What is to be there ------------------------------------------------------------------------------------------- */

static xca_card_t *card_of_case(void) {
    apr_array_header_t *cards;
    xca_card_t *found = NULL;
    int i, living = 0;

    assert_done(xca_card_search(&cards, NULL, b->signer->office->store, XCA_CARD_BY_CASE, case_number, 0, b->pool));
    for (i = 0; i < cards->nelts; i++) {
        xca_card_t *card = APR_ARRAY_IDX(cards, i, xca_card_t *);

        if (card->state != XCA_CARD_STATE_DISCARDED) {
            found = card;
            living++;
        }
    }
    expect(living == 1, "%d cards of the case", living);
    return found;
}

static void expect_certificate(const xca_card_t *card, xca_use use, unsigned long tag, xca_cert_state state) {
    unsigned char content[4096];
    size_t length = sim_object(tag, content, sizeof(content));
    xca_cert_t *cert;

    assert_done(xca_cert_read(&cert, b->signer->office->store, card->serials[use], b->pool));
    expect(length > cert->der.length && memmem(content, length, cert->der.data, cert->der.length) != NULL, "certificate %d", use);
    expect(cert->state == state, "certificate %d is %s", use, xca_cert_state_id(cert->state));
}

/* The card has what the signer knows, and the directory says of it what is so. */
static void expect_whole(xca_card_state state, xca_case_state of_case, xca_cert_state of_certs) {
    xca_card_t *card = card_of_case();
    xca_case_t *kase = recorded_case(b, case_number);
    apr_array_header_t *certs;
    xca_card_puks_t puks;
    char puk[9];
    int i, living = 0;

    expect(card->state == state && !card->unfinished, "card %s is %s", card->number, xca_card_state_id(card->state));
    expect(kase->state == of_case, "case is %s", xca_case_state_id(kase->state));
    expect(kase->card_number != NULL && strcmp(kase->card_number, card->number) == 0, "card %s", card->number);
    assert_done(xca_card_puks_open(&puks, b->signer, card, b->pool));
    sim_puk(puk);
    expect(strcmp(puks.puk, puk) == 0 && puks.next_puk == NULL && !puks.changing, "the signer has %s, the card %s", puks.puk, puk);
    expect(sim_puk_tries() >= 3, "%d tries of the PUK", sim_puk_tries());
    expect_certificate(card, XCA_USE_SIGNATURE, 0x5fc10a, of_certs);
    expect_certificate(card, XCA_USE_ENCRYPTION, 0x5fc10b, of_certs);
    expect_certificate(card, XCA_USE_CARD_AUTH, 0x5fc101, of_certs);
    assert_done(xca_cert_search(&certs, NULL, b->signer->office->store, XCA_CERT_BY_CARD, card->number, 0, b->pool));
    for (i = 0; i < certs->nelts; i++) {
        living += APR_ARRAY_IDX(certs, i, const xca_cert_t *)->state != XCA_CERT_REVOKED;
    }
    expect(living == XCA_USE_COUNT, "%d certificates live", living);
}

static void expect_pin(const char *pin) {
    helper_result_t checked = helper_check(pin);

    expect(checked.exit_code == 0, "PIN %s: %s %s", pin, checked.fault, checked.words);
}

/* Cases --------------------------------------------------------------------------------------------------------- */

/* The hash of the user code, cheap: what is tried here is not the hash, and there are thousands of runs. */
static void make_code_cheap(const char *number) {
    static const unsigned char salt[16] = "cuts";
    xca_changes_t *changes = xca_changes_make(b->pool);
    unsigned char hash[32];

    assert_int_equal(EVP_PBE_scrypt(USER_CODE, strlen(USER_CODE), salt, sizeof(salt), 1 << 4, 8, 1, 0, hash, sizeof(hash)), 1);
    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaCodeHash",
                    apr_pstrcat(b->pool, "scrypt$4$8$1$", xca_base64(b->pool, salt, sizeof(salt)), "$",
                                xca_base64(b->pool, hash, sizeof(hash)), NULL));
    assert_done(xca_ldap_modify(b->portal->store->ldap, xca_case_dn(b->portal->store, number, b->pool), changes, NULL, NULL, NULL,
                                b->pool));
}

/* A case that waits for a card. */
static void need_case(void) {
    static int cases;

    b->pool = pool;
    if (case_number == NULL || cards_of_case == CASE_CARDS) {
        b->mail = apr_psprintf(pool, "office-%d@foundation.example.tw", cases++);
        case_number = bench_file(b, "secondary", ORG_OID);
        make_code_cheap(case_number);
        bench_approve(b, case_number);
        cards_of_case = 0;
    }
    cards_of_case++;
    apr_pool_clear(cycle);
    b->pool = cycle;
    b->now = apr_time_now();
}

/* The card is given up, and the case waits again. */
static void give_up(void) {
    xca_card_message_t m;

    message_begin(b, &m, XCA_CARD_DISCARD);
    m.case_number = case_number;
    m.card = card_of_case()->number;
    m.reason = "cut";
    assert_answered(send_operator(b, &b->operator, &m));
}

static void dispatch(void) {
    xca_card_message_t m;

    message_begin(b, &m, XCA_CARD_DISPATCH);
    m.case_number = case_number;
    m.card = card_of_case()->number;
    m.mail_number = "12345678901234";
    assert_answered(send_operator(b, &b->operator, &m));
}

/* Its place is free for the next: an active card is not given up. */
static void end_card(void) {
    assert_done(xca_signer_card_revoke(b->signer, card_of_case(), XCA_REASON_SUPERSEDED, "cut",
                                       &(xca_cause_t){.actor = "officers"}, b->now, b->pool));
    case_number = NULL;
}

/* Cutting ------------------------------------------------------------------------------------------------------- */

typedef enum { OF_CARD, OF_PORTAL } side_t;

static void set_cut(side_t side, long at, cut_kind kind) {
    if (side == OF_CARD) {
        sim_cut(at, kind);
    } else {
        relay_cut(at, kind);
    }
}

static int was_cut(side_t side) {
    return side == OF_CARD ? sim_was_cut() : relay_was_cut();
}

/* The card is in again, the portal back, and a new helper is run. */
static void mend(void) {
    sim_insert();
    relay_back();
}

static void name_cut(const char *what, const card_kind_t *card, side_t side, long at, cut_kind kind) {
    snprintf(where, sizeof(where), "%s, %s card, %s %ld, %s", what, card->name, side == OF_CARD ? "command" : "call", at,
             cut_names[kind]);
}

/* One cut, in every place until there are no more: `life` runs it, and tells whether the place existed. */
typedef int life_fn(const card_kind_t *card, side_t side, long at, cut_kind kind);

static void cut_everywhere(const char *what, life_fn *life, const card_kind_t *card, side_t side, cut_kind kind) {
    long at = 1;

    for (;; at++) {
        name_cut(what, card, side, at, kind);
        if (!life(card, side, at, kind)) {
            break;
        }
    }
    expect(at > (side == OF_CARD ? 15 : 5), "only %ld places", at);
    print_message("%s, %s card, %s: %ld cuts\n", what, card->name, cut_names[kind], at - 1);
}

static int produce_cut(const card_kind_t *card, side_t side, long at, cut_kind kind) {
    helper_result_t run;
    int cut;

    need_case();
    sim_blank(card->settings);
    set_cut(side, at, kind);
    run = helper_produce(case_number);
    cut = was_cut(side);
    expect(cut || run.exit_code == 0, "%s %s", run.fault, run.words);
    mend();
    if (run.exit_code != 0) {
        helper_result_t again = helper_produce(case_number);

        /* Cut behind the very last word: the case says that its card is made. */
        if (again.exit_code == 7 && recorded_case(b, case_number)->state == XCA_STATE_MADE) {
            expect(side == OF_PORTAL && kind == CUT_AFTER && strstr(again.words, "card.made-already") != NULL, "%s %s", again.fault,
                   again.words);
        } else {
            expect(again.exit_code == 0, "first %s, again %s %s", run.fault, again.fault, again.words);
        }
    }
    expect_whole(XCA_CARD_STATE_MADE, XCA_STATE_MADE, XCA_CERT_PENDING);
    if (at % 8 == 0 || side == OF_PORTAL) { /* and it is one that its holder can use */
        dispatch();
        run = helper_activate(USER_CODE);
        expect(run.exit_code == 0, "%s %s", run.fault, run.words);
        expect_whole(XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_VALID);
        expect_pin(run.pin);
        end_card();
    } else {
        give_up();
    }
    return cut;
}

/* Another blank in place of the one that was cut. */
static int produce_on_another(const card_kind_t *card, side_t side, long at, cut_kind kind) {
    helper_result_t run;
    int cut;

    need_case();
    sim_blank(card->settings);
    set_cut(side, at, kind);
    run = helper_produce(case_number);
    cut = was_cut(side);
    mend();
    /* Unless the directory has the first as made: then it is that one which is sent. */
    if (run.exit_code != 0 && recorded_case(b, case_number)->state != XCA_STATE_MADE) {
        sim_blank(card->settings);
        run = helper_produce(case_number);
        expect(run.exit_code == 0, "%s %s", run.fault, run.words);
    }
    expect_whole(XCA_CARD_STATE_MADE, XCA_STATE_MADE, XCA_CERT_PENDING);
    give_up();
    return cut;
}

static void make_dispatched(const card_kind_t *card) {
    helper_result_t run;

    need_case();
    sim_blank(card->settings);
    run = helper_produce(case_number);
    expect(run.exit_code == 0, "%s %s", run.fault, run.words);
    dispatch();
}

static int activate_cut(const card_kind_t *card, side_t side, long at, cut_kind kind) {
    helper_result_t run, again;
    int cut;

    make_dispatched(card);
    set_cut(side, at, kind);
    run = helper_activate(USER_CODE);
    cut = was_cut(side);
    expect(cut || run.exit_code == 0, "%s %s", run.fault, run.words);
    mend();
    if (run.exit_code != 0) {
        again = helper_activate(USER_CODE);
        if (again.exit_code == 7 && card_of_case()->state == XCA_CARD_STATE_ACTIVE) {
            expect(side == OF_PORTAL && kind == CUT_AFTER, "%s %s", again.fault, again.words);
        } else {
            expect(again.exit_code == 0, "first %s, again %s %s", run.fault, again.fault, again.words);
            run = again;
        }
    }
    expect_whole(XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_VALID);
    expect_pin(run.pin);
    end_card();
    return cut;
}

static const char *next_pin(void) {
    static unsigned count;

    return apr_psprintf(b->pool, "%08u", 10000000 + count++ * 7919 % 80000000);
}

/* On one card again and again: what one cut leaves is what the next finds. */
static int unlock_cut(const card_kind_t *card, side_t side, long at, cut_kind kind) {
    helper_result_t run;
    const char *pin;
    int cut;

    apr_pool_clear(cycle);
    b->now = apr_time_now();
    pin = next_pin();
    set_cut(side, at, kind);
    run = helper_unlock(USER_CODE, pin);
    cut = was_cut(side);
    expect(cut || run.exit_code == 0, "%s %s", run.fault, run.words);
    mend();
    if (run.exit_code != 0) {
        pin = next_pin();
        run = helper_unlock(USER_CODE, pin);
        expect(run.exit_code == 0, "again %s %s", run.fault, run.words);
    }
    expect_whole(XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_VALID);
    expect_pin(pin);
    return cut;
}

static void make_active(const card_kind_t *card) {
    helper_result_t run;

    make_dispatched(card);
    run = helper_activate(USER_CODE);
    expect(run.exit_code == 0, "%s %s", run.fault, run.words);
}

/* Several cuts, one behind the other ------------------------------------------------------------------------------ */

static unsigned long chance(unsigned long below) {
    static unsigned long long x = 20261125;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    return (unsigned long)((x * 0x2545F4914F6CDD1DULL >> 33) % below);
}

typedef helper_result_t run_fn(void);

/* Runs it with cuts at random, up to `most` times or until it comes through; says how many times it was cut. */
static int cut_at_random(const char *what, const card_kind_t *card, run_fn *run, int most, long commands, helper_result_t *last) {
    int cuts = 0;

    snprintf(where, sizeof(where), "%s, %s card,", what, card->name);
    do {
        side_t side = chance(3) == 0 ? OF_PORTAL : OF_CARD;
        long at = 1 + (long)chance(side == OF_PORTAL ? 7 : (unsigned long)commands);
        cut_kind kind = (cut_kind)(CUT_BEFORE + chance(side == OF_PORTAL ? 2 : 3));
        size_t used = strlen(where);

        snprintf(where + used, sizeof(where) - used, " %s %ld %s", side == OF_CARD ? "command" : "call", at, cut_names[kind]);
        set_cut(side, at, kind);
        *last = run();
        mend();
        cuts += last->exit_code != 0;
    } while (last->exit_code != 0 && cuts < most);
    return cuts;
}

static helper_result_t run_produce(void) {
    return helper_produce(case_number);
}

static const char *pin_of_run;

static helper_result_t run_unlock(void) {
    pin_of_run = next_pin();
    return helper_unlock(USER_CODE, pin_of_run);
}

/* Tests --------------------------------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int start(void **state) {
    apr_array_header_t *chain;
    const char *ca_file, *operator_file, *key;
    apr_size_t length;

    setenv("TMPDIR", "/dev/shm", 0); /* thousands of durable writes; the disk is not what is tried */
    apr_pool_create(&pool, NULL);
    apr_pool_create(&cycle, pool);
    b = bench_make(pool);
    relay_begin(b);
    ca_file = apr_pstrcat(pool, b->slapd->home, "/root.pem", NULL);
    operator_file = apr_pstrcat(pool, b->slapd->home, "/operator.pem", NULL);
    assert_done(xca_p7b_read(&chain, xca_ca_chain_p7b(b->signer->ca), pool));
    write_file(ca_file, xca_pem(pool, "CERTIFICATE", APR_ARRAY_IDX(chain, chain->nelts - 1, xca_bytes_t)));
    assert_done(xca_key_write(b->operator.key, operator_file, pool));
    assert_done(xca_file_read(&key, &length, operator_file, 1 << 16, pool));
    write_file(operator_file, apr_pstrcat(pool, key, xca_pem(pool, "CERTIFICATE", b->operator.certificate), NULL));
    helper_setup(ca_file, operator_file);
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static void test_production_cut_at_every_command(void **state) {
    cut_everywhere("production", produce_cut, &kinds[0], OF_CARD, CUT_BEFORE);
    cut_everywhere("production", produce_cut, &kinds[1], OF_CARD, CUT_AFTER);
    cut_everywhere("production", produce_cut, &kinds[2], OF_CARD, CUT_KILLED);
}

static void test_production_goes_on_with_another_blank(void **state) {
    cut_everywhere("another blank", produce_on_another, &kinds[1], OF_CARD, CUT_AFTER);
    cut_everywhere("another blank", produce_on_another, &kinds[0], OF_PORTAL, CUT_AFTER);
}

static void test_production_cut_at_every_message(void **state) {
    cut_everywhere("production", produce_cut, &kinds[0], OF_PORTAL, CUT_BEFORE);
    cut_everywhere("production", produce_cut, &kinds[1], OF_PORTAL, CUT_AFTER);
}

static void test_activation_cut_at_every_command(void **state) {
    cut_everywhere("activation", activate_cut, &kinds[0], OF_CARD, CUT_BEFORE);
    cut_everywhere("activation", activate_cut, &kinds[1], OF_CARD, CUT_AFTER);
    cut_everywhere("activation", activate_cut, &kinds[2], OF_CARD, CUT_KILLED);
}

static void test_activation_cut_at_every_message(void **state) {
    cut_everywhere("activation", activate_cut, &kinds[0], OF_PORTAL, CUT_BEFORE);
    cut_everywhere("activation", activate_cut, &kinds[1], OF_PORTAL, CUT_AFTER);
}

static void test_unlocking_cut_at_every_command_and_message(void **state) {
    size_t card;
    int kind;

    for (card = 0; card < sizeof(kinds) / sizeof(kinds[0]); card++) {
        make_active(&kinds[card]);
        for (kind = CUT_BEFORE; kind <= CUT_KILLED; kind++) {
            cut_everywhere("unlocking", unlock_cut, &kinds[card], OF_CARD, (cut_kind)kind);
        }
        cut_everywhere("unlocking", unlock_cut, &kinds[card], OF_PORTAL, CUT_BEFORE);
        cut_everywhere("unlocking", unlock_cut, &kinds[card], OF_PORTAL, CUT_AFTER);
        end_card();
    }
}

/* The signer stopped at every write of every message, before it or behind it: the helper waits, and all ends well at once. */
static void test_a_signer_stopped_at_every_write_of_a_cards_life(void **state) {
    int kind;

    for (kind = BEFORE; kind <= AFTER; kind++) {
        helper_result_t run;

        snprintf(where, sizeof(where), "signer stopped %s each write", kind == BEFORE ? "before" : "behind");
        need_case();
        sim_blank(plain);
        faults_made = 0;
        faults = (fault_kind)kind;
        run = helper_produce(case_number);
        expect(run.exit_code == 0, "%s %s", run.fault, run.words);
        faults = NONE;
        expect_whole(XCA_CARD_STATE_MADE, XCA_STATE_MADE, XCA_CERT_PENDING);
        dispatch();
        faults = (fault_kind)kind;
        run = helper_activate(USER_CODE);
        expect(run.exit_code == 0, "%s %s", run.fault, run.words);
        run = helper_unlock(USER_CODE, FIRST_PIN);
        expect(run.exit_code == 0, "%s %s", run.fault, run.words);
        faults = NONE;
        expect(faults_made > 20, "%d", faults_made);
        expect_whole(XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_VALID);
        expect_pin(FIRST_PIN);
        end_card();
    }
}

static void test_production_cut_several_times(void **state) {
    int life;

    for (life = 0; life < 25; life++) {
        const card_kind_t *card = &kinds[life % 3];
        helper_result_t run;

        need_case();
        sim_blank(card->settings);
        if (cut_at_random("production", card, run_produce, 4, 70, &run) == 4) {
            run = run_produce();
        }
        expect(run.exit_code == 0 || recorded_case(b, case_number)->state == XCA_STATE_MADE, "%s %s", run.fault, run.words);
        expect_whole(XCA_CARD_STATE_MADE, XCA_STATE_MADE, XCA_CERT_PENDING);
        give_up();
    }
}

/* A card that does not tell its tries cannot be cut without end while nobody knows which PUK it has: the signer stops before the last
 * try, and never before the third run that was cut. Short of that it always works again. */
static void test_unlocking_cut_several_times(void **state) {
    int life, stopped = 0;

    for (life = 0; life < 120; life++) {
        const card_kind_t *card = &kinds[life / 40];
        helper_result_t run;
        int cuts;

        if (life % 40 == 0) {
            make_active(card);
        }
        apr_pool_clear(cycle);
        b->now = apr_time_now();
        cuts = cut_at_random("unlocking", card, run_unlock, 5, 42, &run);
        if (run.exit_code != 0) {
            run = run_unlock();
        }
        if (run.exit_code == 7) {
            expect(strstr(run.words, "card.to-centre") != NULL && cuts >= 3 && sim_puk_tries() > 0, "%s, %d cuts, %d tries", run.words,
                   cuts, sim_puk_tries());
            stopped++;
            end_card();
            make_active(card);
            continue;
        }
        expect(run.exit_code == 0, "%s %s", run.fault, run.words);
        expect_whole(XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_VALID);
        expect_pin(pin_of_run);
        if (life % 40 == 39) {
            end_card();
        }
    }
    print_message("%d of %d cards stopped before their last try\n", stopped, life);
    expect(stopped < life / 4, "%d", stopped);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_production_cut_at_every_command),
        cmocka_unit_test(test_production_goes_on_with_another_blank),
        cmocka_unit_test(test_production_cut_at_every_message),
        cmocka_unit_test(test_activation_cut_at_every_command),
        cmocka_unit_test(test_activation_cut_at_every_message),
        cmocka_unit_test(test_unlocking_cut_at_every_command_and_message),
        cmocka_unit_test(test_production_cut_several_times),
        cmocka_unit_test(test_unlocking_cut_several_times),
        cmocka_unit_test(test_a_signer_stopped_at_every_write_of_a_cards_life),
    };

    apr_initialize();
    xca_log_set_sink(NULL, NULL, XCA_LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
