/* Short commands with chaining, answers in pieces, and what a card may not do. */
#include "xca_card_script.h"

static unsigned char data[600];

static apdu_t get_data(size_t length) {
    apdu_t apdu = {0x00, 0xcb, 0x3f, 0xff, {data, 0}, 1};

    apdu.data.length = length;
    return apdu;
}

static void test_a_short_command_has_its_le_behind_it(void **state) {
    static const char *const expected[] = {"00cb3fff02000000", "aabb9000", NULL};
    script_t script;
    apdu_line_t line = script_line(&script, expected);
    apdu_t apdu = get_data(2);
    bytes_t answer = {NULL, 0, 0};
    unsigned status;

    assert_null(apdu_send(&line, &apdu, &answer, &status));
    assert_int_equal(status, 0x9000);
    assert_int_equal(answer.length, 2);
    assert_memory_equal(answer.data, "\xaa\xbb", 2);
    bytes_free(&answer);
}

static void test_a_long_command_is_chained(void **state) {
    char first[2 * 260 + 1], second[2 * 52 + 1];
    const char *lines[] = {first, "9000", second, "9000", NULL};
    script_t script;
    apdu_line_t line = script_line(&script, lines);
    apdu_t apdu = {0x00, 0xdb, 0x3f, 0xff, {data, 300}, 0};
    unsigned char block[260] = {0x10, 0xdb, 0x3f, 0xff, 0xff};
    unsigned char last[50] = {0x00, 0xdb, 0x3f, 0xff, 45};
    unsigned status;

    hex_write(first, block, sizeof(block));
    hex_write(second, last, sizeof(last));
    assert_null(apdu_send(&line, &apdu, NULL, &status));
    assert_int_equal(status, 0x9000);
    assert_int_equal(script.at, 4);
}

static void test_a_chain_that_is_refused_is_not_gone_on_with(void **state) {
    static const char *const lines[] = {"*", "6982", NULL};
    script_t script;
    apdu_line_t line = script_line(&script, lines);
    apdu_t apdu = get_data(300);
    unsigned status;

    assert_null(apdu_send(&line, &apdu, NULL, &status));
    assert_int_equal(status, 0x6982);
    assert_int_equal(script.at, 2);
}

static void test_an_answer_in_pieces_is_fetched(void **state) {
    static const char *const lines[] = {"*", "01026102", "00c0000002", "03049000", NULL};
    script_t script;
    apdu_line_t line = script_line(&script, lines);
    apdu_t apdu = get_data(2);
    bytes_t answer = {NULL, 0, 0};
    unsigned status;

    assert_null(apdu_send(&line, &apdu, &answer, &status));
    assert_int_equal(answer.length, 4);
    assert_memory_equal(answer.data, "\1\2\3\4", 4);
    bytes_free(&answer);
}

static void test_a_card_that_knows_the_length_better_is_asked_again(void **state) {
    static const char *const lines[] = {"00cb3fff02000000", "6c07", "00cb3fff02000007", "010203040506079000", NULL};
    script_t script;
    apdu_line_t line = script_line(&script, lines);
    apdu_t apdu = get_data(2);
    bytes_t answer = {NULL, 0, 0};
    unsigned status;

    assert_null(apdu_send(&line, &apdu, &answer, &status));
    assert_int_equal(status, 0x9000);
    assert_int_equal(answer.length, 7);
    bytes_free(&answer);
}

/* A card that never comes to an end. */
static fault_t *endless(void *baton, const unsigned char *send, size_t length, unsigned char *receive,
                        size_t *received) {
    int *count = baton;

    (*count)++;
    memset(receive, 0, *received < 258 ? *received : 258);
    receive[256] = 0x61;
    receive[257] = 0xff;
    *received = 258;
    return NULL;
}

static void test_an_endless_answer_ends(void **state) {
    int count = 0;
    apdu_line_t line = {endless, &count, 0};
    apdu_t apdu = get_data(2);
    bytes_t answer = {NULL, 0, 0};
    unsigned status;

    assert_int_equal(told(apdu_send(&line, &apdu, &answer, &status)), T_CARD_NONSENSE);
    assert_true(count <= APDU_CONTINUE_MAX + 2);
    assert_true(answer.length <= APDU_ANSWER_MAX);
    bytes_free(&answer);
}

static void test_an_answer_without_status_is_nonsense(void **state) {
    static const char *const lines[] = {"*", "90", NULL};
    script_t script;
    apdu_line_t line = script_line(&script, lines);
    apdu_t apdu = get_data(2);
    unsigned status;

    assert_int_equal(told(apdu_send(&line, &apdu, NULL, &status)), T_CARD_NONSENSE);
}

static void test_extended_lengths_go_to_a_card_that_knows_nothing_else(void **state) {
    static const char *const lines[] = {"00cb3fff00000200000000", "9000", NULL};
    script_t script;
    apdu_line_t line = script_line(&script, lines);
    apdu_t apdu = get_data(2);
    unsigned status;

    line.extended = 1;
    assert_null(apdu_send(&line, &apdu, NULL, &status));
    assert_int_equal(status, 0x9000);
}

static int extended(const char *atr) {
    unsigned char bytes[64];
    int length = hex_read(bytes, sizeof(bytes), atr);
    view_t view = {bytes, (size_t)length};

    assert_true(length >= 0);
    return apdu_atr_extended(view);
}

static void test_an_atr_says_which_lengths_a_card_takes(void **state) {
    assert_int_equal(extended("3b85800180730000" "40" "00"), 1);  /* extended alone  */
    assert_int_equal(extended("3b85800180730000" "c0" "00"), 0);  /* and chaining    */
    assert_int_equal(extended("3b85800180730000" "80" "00"), 0);
    assert_int_equal(extended("3b8501"), 0);
    assert_int_equal(extended("3bf5"), 0);
    assert_int_equal(extended("3b"), 0);
    assert_int_equal(extended(""), 0);
    assert_int_equal(extended("3bfd1300008131fe158073c021c057597562694b657940"), 0); /* a YubiKey */
    assert_int_equal(extended("3b84800180730000"), 0);           /* cut short       */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_short_command_has_its_le_behind_it),
        cmocka_unit_test(test_a_long_command_is_chained),
        cmocka_unit_test(test_a_chain_that_is_refused_is_not_gone_on_with),
        cmocka_unit_test(test_an_answer_in_pieces_is_fetched),
        cmocka_unit_test(test_a_card_that_knows_the_length_better_is_asked_again),
        cmocka_unit_test(test_an_endless_answer_ends),
        cmocka_unit_test(test_an_answer_without_status_is_nonsense),
        cmocka_unit_test(test_extended_lengths_go_to_a_card_that_knows_nothing_else),
        cmocka_unit_test(test_an_atr_says_which_lengths_a_card_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
