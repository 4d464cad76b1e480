/* What officers sign: the same statement is the same text, and nothing else is a statement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include "operations/decision.h"
#include "wire/statement.h"

#define DIGEST "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HEAD   "XCA-STATEMENT-1\ncase: 0000100000000000000000001\ncontent: sha256:" DIGEST "\n"
#define ACCEPT HEAD "stage: first\ndecision: accept\nletter: 北市教字第1150001號\nreason: \n" \
                    "officer: tpe-edu-1\ntime: 20261124T050500Z\n"

static xca_statement_t accept_statement(void) {
    xca_statement_t s = {.case_number = "0000100000000000000000001",
                         .content = DIGEST,
                         .stage = "first",
                         .decision = "accept",
                         .letter = "北市教字第1150001號",
                         .officer = "tpe-edu-1",
                         .time = "20261124T050500Z"};

    return s;
}

static int reads(const char *text) {
    xca_statement_t s;

    return xca_statement_read(&s, text, strlen(text));
}

static size_t writes(const xca_statement_t *s) {
    char text[XCA_STATEMENT_MAX];

    return xca_statement_write(s, text, sizeof(text));
}

static void test_an_acceptance_is_written_line_by_line(void **state) {
    xca_statement_t s = accept_statement();
    char text[XCA_STATEMENT_MAX];
    size_t length = xca_statement_write(&s, text, sizeof(text));

    assert_int_equal(length, strlen(ACCEPT));
    assert_memory_equal(text, ACCEPT, length);
}

static void test_what_was_written_is_read_back(void **state) {
    xca_statement_t s = accept_statement(), back;
    char text[XCA_STATEMENT_MAX];
    size_t length;

    memcpy(s.decision, "return", 7);
    memcpy(s.stage, "second", 7);
    memset(s.letter, 0, sizeof(s.letter));
    strcpy(s.reason, "用印不清\n請\\重新\r\n用印");
    length = xca_statement_write(&s, text, sizeof(text));
    assert_true(length > 0);
    assert_int_equal(xca_statement_read(&back, text, length), 1);
    assert_memory_equal(&back, &s, sizeof(s));
}

static void test_a_reason_cannot_add_a_line(void **state) {
    xca_statement_t s = accept_statement();
    char text[XCA_STATEMENT_MAX];
    size_t length, lines = 0, i;

    strcpy(s.reason, "x\nofficer: central-1");
    length = xca_statement_write(&s, text, sizeof(text));
    for (i = 0; i < length; i++) {
        lines += text[i] == '\n';
    }
    assert_int_equal(lines, 9);
}

static void test_a_statement_that_does_not_fit_is_not_written(void **state) {
    xca_statement_t s = accept_statement();
    char text[XCA_STATEMENT_MAX];
    size_t size, length = strlen(ACCEPT);

    for (size = 0; size < length; size++) {
        assert_int_equal(xca_statement_write(&s, text, size), 0);
    }
    assert_int_equal(xca_statement_write(&s, text, length), length);
    memset(s.reason, '\n', sizeof(s.reason) - 1);
    assert_int_equal(writes(&s), 0); /* every one takes two bytes */
}

static void test_values_of_another_form_are_not_written(void **state) {
    static const char *const bad_times[] = {"", "20261124T050500", "20261124 050500Z", "2026112aT050500Z"};
    xca_statement_t s;
    size_t i;

    s = accept_statement(), strcpy(s.case_number, "123"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), s.content[3] = 'G', assert_int_equal(writes(&s), 0);
    s = accept_statement(), s.content[3] = 'A', assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.stage, "fourth"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.decision, "maybe"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.officer, ""), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.officer, "a,dc=b"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.letter, "a\tb"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.letter, "a\x7f"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.letter, "\xc0\x80"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.letter, "\xed\xa0\x80"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.letter, "\xe4\xb8"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.letter, "\xf5\x80\x80\x80"), assert_int_equal(writes(&s), 0);
    s = accept_statement(), strcpy(s.letter, "\xf0\xa0\x9c\x8e"), assert_true(writes(&s) > 0);
    for (i = 0; i < sizeof(bad_times) / sizeof(bad_times[0]); i++) {
        s = accept_statement();
        strcpy(s.time, bad_times[i]);
        assert_int_equal(writes(&s), 0);
    }
}

static void test_only_the_canonical_text_is_a_statement(void **state) {
    assert_int_equal(reads(ACCEPT), 1);
    assert_int_equal(reads(""), 0);
    assert_int_equal(reads(ACCEPT "\n"), 0);
    assert_int_equal(reads(" " ACCEPT), 0);
    assert_int_equal(reads(HEAD), 0);
    assert_int_equal(reads("XCA-STATEMENT-2\ncase: 0000100000000000000000001\n"), 0);
    /* another order, a missing line, a line twice, an escape that is none */
    assert_int_equal(reads(HEAD "decision: accept\nstage: first\nletter: \nreason: \nofficer: a\n"
                                "time: 20261124T050500Z\n"), 0);
    assert_int_equal(reads(HEAD "stage: first\ndecision: accept\nletter: \nofficer: a\n"
                                "time: 20261124T050500Z\n"), 0);
    assert_int_equal(reads(HEAD "stage: first\nstage: first\ndecision: accept\nletter: \nreason: \n"
                                "officer: a\ntime: 20261124T050500Z\n"), 0);
    assert_int_equal(reads(HEAD "stage: first\ndecision: accept\nletter: \\x\nreason: \nofficer: a\n"
                                "time: 20261124T050500Z\n"), 0);
    assert_int_equal(reads(HEAD "stage: first\r\ndecision: accept\nletter: \nreason: \nofficer: a\n"
                                "time: 20261124T050500Z\n"), 0);
    assert_int_equal(reads(HEAD "stage: first\ndecision: accept\nletter: a\rb\nreason: \nofficer: a\n"
                                "time: 20261124T050500Z\n"), 0);
    assert_int_equal(reads(HEAD "stage: first\ndecision: accept\nletter: a\\rb\nreason: \nofficer: a\n"
                                "time: 20261124T050500Z\n"), 1);
    assert_int_equal(reads(HEAD "stage: first\ndecision: accept\nletter: \nreason: \nofficer: a\n"
                                "time: 20261124T050500Z"), 0);
}

static void test_a_zero_byte_ends_no_statement(void **state) {
    char text[sizeof(ACCEPT) + 16];
    xca_statement_t s;

    memcpy(text, ACCEPT, sizeof(ACCEPT)); /* with the zero */
    assert_int_equal(xca_statement_read(&s, text, sizeof(ACCEPT)), 0);
    memcpy(strstr(text, "1150001"), "1\0", 2);
    assert_int_equal(xca_statement_read(&s, text, sizeof(ACCEPT) - 1), 0);
}

static void test_values_longer_than_their_field_are_refused(void **state) {
    char text[XCA_STATEMENT_MAX];
    char letter[600];

    memset(letter, 'a', sizeof(letter));
    letter[511] = '\0';
    snprintf(text, sizeof(text), HEAD "stage: first\ndecision: accept\nletter: %s\nreason: \nofficer: a\n"
                                      "time: 20261124T050500Z\n", letter);
    assert_int_equal(reads(text), 1);
    letter[511] = 'a';
    letter[512] = '\0';
    snprintf(text, sizeof(text), HEAD "stage: first\ndecision: accept\nletter: %s\nreason: \nofficer: a\n"
                                      "time: 20261124T050500Z\n", letter);
    assert_int_equal(reads(text), 0);
}

/* In memory that was used before, what stood behind the statement would be signed with it, and count for nothing. */
static void test_a_statement_to_sign_ends_where_it_ends(void **state) {
    xca_officer_t officer = {.uid = "ra-1", .role = XCA_ROLE_RA, .window = "w", .active = 1};
    xca_case_t kase = {.number = "0000100000000000000000001", .state = XCA_STATE_FILED, .window = "w"};
    apr_pool_t *root, *pool;
    const char *text;

    apr_initialize();
    apr_pool_create(&root, NULL);
    apr_pool_create(&pool, root);
    memset(apr_palloc(pool, 65536), 'x', 65536);
    apr_pool_clear(pool);
    assert_null(xca_decision_statement(&text, &kase, &officer, XCA_DECISION_ACCEPT, "1", NULL,
                                       apr_time_from_sec(1795496700), pool));
    assert_int_equal(reads(text), 1);
    apr_pool_destroy(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_acceptance_is_written_line_by_line),
        cmocka_unit_test(test_what_was_written_is_read_back),
        cmocka_unit_test(test_a_reason_cannot_add_a_line),
        cmocka_unit_test(test_a_statement_that_does_not_fit_is_not_written),
        cmocka_unit_test(test_values_of_another_form_are_not_written),
        cmocka_unit_test(test_only_the_canonical_text_is_a_statement),
        cmocka_unit_test(test_a_zero_byte_ends_no_statement),
        cmocka_unit_test(test_a_statement_to_sign_ends_where_it_ends),
        cmocka_unit_test(test_values_longer_than_their_field_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
