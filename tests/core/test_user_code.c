/* The user code of a case against those who guess, one by one and many at once. */
#include "slapd_fixture.h"

#include <pthread.h>
#include <string.h>
#include "domain/codes.h"
#include "operations/application.h"
#include "outside/crypto.h"

#define CODE     "Right-code-1"
#define GUESSERS 12
#define START    apr_time_from_sec(1800000000)

static slapd_t *slapd;
static xca_office_t office;
static apr_pool_t *pool;
static const char *number;

static xca_secret_t *code_of(const char *text, apr_pool_t *own) {
    return xca_secret_make(own, text, strlen(text));
}

static int start(void **state) {
    xca_case_t kase = {0};

    apr_pool_create(&pool, NULL);
    slapd = slapd_with_tree(pool);
    office.store = slapd_store(slapd, "portal", pool);
    kase.kind = XCA_CASE_CERTIFICATE;
    kase.use = XCA_USE_SIGNATURE;
    kase.org_name = "財團法人書面審查基金會";
    assert_done(xca_application_file(&number, &office, &kase, code_of(CODE, pool), "aa01", START, pool));
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static const char *open_with(const char *code, apr_time_t now, apr_pool_t *own) {
    xca_case_t *kase;
    xca_error_t *err = xca_application_open(&kase, &office, number, code_of(code, own), now, own);

    return err == NULL ? "open" : apr_pstrdup(own, err->message);
}

static void test_three_wrong_codes_lock_for_a_quarter_of_an_hour(void **state) {
    assert_string_equal(open_with(CODE, START, pool), "open");
    assert_string_equal(open_with("wrong-1", START, pool), "code.wrong");
    assert_string_equal(open_with(CODE, START, pool), "open");
    assert_string_equal(open_with("wrong-1", START, pool), "code.wrong");
    assert_string_equal(open_with("wrong-2", START, pool), "code.wrong");
    assert_string_equal(open_with("wrong-3", START, pool), "code.locked");
    assert_string_equal(open_with(CODE, START, pool), "code.locked");
    assert_string_equal(open_with(CODE, START + XCA_CODE_LOCK_TIME - 1, pool), "code.locked");
    assert_string_equal(open_with(CODE, START + XCA_CODE_LOCK_TIME + 1, pool), "open");
    assert_string_equal(open_with("wrong-1", START + XCA_CODE_LOCK_TIME + 1, pool), "code.wrong");
}

typedef struct {
    const char *code, *answer;
    apr_time_t now;
    apr_pool_t *pool;
} guess_t;

static void *guess(void *data) {
    guess_t *one = data;

    one->answer = open_with(one->code, one->now, one->pool);
    return NULL;
}

/* All at once, the right code among them or not. Returns how many were told that theirs was wrong. */
static int guess_all(guess_t *guesses, const char *last, apr_time_t now) {
    pthread_t threads[GUESSERS];
    int i, told = 0;

    for (i = 0; i < GUESSERS; i++) {
        apr_pool_create(&guesses[i].pool, pool);
        guesses[i].code = i < GUESSERS - 1 ? "wrong" : last;
        guesses[i].now = now;
    }
    for (i = 0; i < GUESSERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, guess, &guesses[i]), 0);
    }
    for (i = 0; i < GUESSERS; i++) {
        pthread_join(threads[i], NULL);
        told += strcmp(guesses[i].answer, "code.wrong") == 0;
    }
    return told;
}

static void test_many_at_once_get_no_more_guesses_than_one_by_one(void **state) {
    guess_t guesses[GUESSERS];
    apr_time_t later = START + XCA_CODE_LOCK_TIME * 2;

    assert_in_range(guess_all(guesses, "wrong", START), 0, XCA_CODE_TRIES - 1);
    assert_string_equal(open_with(CODE, START, pool), "code.locked");
    /* all of them come when the lock has just run out */
    assert_in_range(guess_all(guesses, "wrong", later), 0, XCA_CODE_TRIES - 1);
    assert_string_equal(open_with(CODE, later, pool), "code.locked");
}

static void test_a_lock_is_lifted_once(void **state) {
    apr_time_t until = START + XCA_CODE_LOCK_TIME;
    int tries;

    assert_done(xca_case_code_lock(office.store, number, until, pool));
    assert_done(xca_case_code_right(office.store, number, until, pool));
    assert_done(xca_case_code_wrong(&tries, office.store, number, pool));
    assert_error(xca_case_code_right(office.store, number, until, pool), "case.changed");
    assert_done(xca_case_code_wrong(&tries, office.store, number, pool));
    assert_int_equal(tries, 2);
    assert_done(xca_case_code_lock(office.store, number, until, pool));
    assert_error(xca_case_code_right(office.store, number, 0, pool), "case.changed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_three_wrong_codes_lock_for_a_quarter_of_an_hour, start, stop),
        cmocka_unit_test_setup_teardown(test_many_at_once_get_no_more_guesses_than_one_by_one, start, stop),
        cmocka_unit_test_setup_teardown(test_a_lock_is_lifted_once, start, stop),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
