/* Records as text: the same record is the same text, and nothing else is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "wire/lines.h"

typedef struct {
    const char *word, *digits, *hex, *base64, *card, *oid, *uid, *time, *text;
} record_t;

#define ROW(name, least, most, form) {#name, offsetof(record_t, name), least, most, form}

static const xca_line_field_t table[] = {
    ROW(word, 1, 8, XCA_LINE_WORD),       ROW(digits, 3, 3, XCA_LINE_DIGITS),
    ROW(hex, 1, 8, XCA_LINE_HEX),         ROW(base64, 0, 12, XCA_LINE_BASE64),
    ROW(card, 16, 16, XCA_LINE_CARD),     ROW(oid, 1, 20, XCA_LINE_OID),
    ROW(uid, 1, 10, XCA_LINE_UID),        ROW(time, 16, 16, XCA_LINE_TIME),
    ROW(text, 0, 20, XCA_LINE_TEXT),      {NULL, 0, 0, 0, XCA_LINE_WORD},
};

#define FIRST "TEST-1"
#define WHOLE "TEST-1\nword: make-1\ndigits: 007\nhex: 0aff\nbase64: AAEC\ncard: Xc00000000000042\noid: 2.16.886\n" \
              "uid: a.B-c_1@d\ntime: 20261124T050500Z\ntext: 臺北 a\\\\b\\nc\\rd\n"

static record_t whole(void) {
    record_t r = {"make-1", "007", "0aff", "AAEC", "Xc00000000000042", "2.16.886", "a.B-c_1@d",
                  "20261124T050500Z", "臺北 a\\b\nc\rd"};

    return r;
}

static size_t writes(const record_t *r) {
    char text[512];

    return xca_lines_write(text, sizeof(text), FIRST, table, r);
}

static int reads(const char *text) {
    record_t r;
    char storage[512];

    return xca_lines_read(&r, storage, FIRST, table, text, strlen(text));
}

static void test_a_record_is_a_line_a_field(void **state) {
    record_t r = whole();
    char text[512];
    size_t length = xca_lines_write(text, sizeof(text), FIRST, table, &r);

    assert_int_equal(length, strlen(WHOLE));
    assert_string_equal(text, WHOLE);
}

static void test_what_was_written_is_read_back_in_the_room_of_its_length(void **state) {
    record_t r;
    char storage[sizeof(WHOLE) - 1];

    assert_int_equal(xca_lines_read(&r, storage, FIRST, table, WHOLE, sizeof(storage)), 1);
    assert_string_equal(r.word, "make-1");
    assert_string_equal(r.card, "Xc00000000000042");
    assert_string_equal(r.text, "臺北 a\\b\nc\rd");
}

static void test_an_empty_value_is_not_a_missing_one(void **state) {
    record_t r = {.text = ""};
    char text[64], storage[64];
    size_t length = xca_lines_write(text, sizeof(text), FIRST, table, &r);

    assert_string_equal(text, "TEST-1\ntext: \n");
    assert_int_equal(xca_lines_read(&r, storage, FIRST, table, text, length), 1);
    assert_string_equal(r.text, "");
    assert_null(r.word);
    assert_int_equal(xca_lines_read(&r, storage, FIRST, table, "TEST-1\n", 7), 1);
    assert_null(r.text);
}

static void test_what_does_not_fit_is_not_written(void **state) {
    record_t r = whole();
    char text[512];
    size_t size;

    for (size = 0; size <= strlen(WHOLE); size++) {
        assert_int_equal(xca_lines_write(text, size, FIRST, table, &r), 0);
    }
    assert_int_equal(xca_lines_write(text, size, FIRST, table, &r), strlen(WHOLE));
}

#define REFUSED(member, value)              \
    do {                                    \
        record_t r = whole();               \
        r.member = value;                   \
        assert_int_equal(writes(&r), 0);    \
    } while (0)
#define TAKEN(member, value)                \
    do {                                    \
        record_t r = whole();               \
        r.member = value;                   \
        assert_int_not_equal(writes(&r), 0);\
    } while (0)

static void test_values_of_another_form_are_not_written(void **state) {
    REFUSED(word, "");
    REFUSED(word, "Make");
    REFUSED(word, "a b");
    REFUSED(word, "ninechars");
    REFUSED(digits, "07");
    REFUSED(digits, "0 7");
    REFUSED(hex, "0A");
    REFUSED(base64, "AAE");
    REFUSED(base64, "AAECA===");
    REFUSED(base64, "AB==");
    REFUSED(base64, "AAB=");
    REFUSED(base64, "AA=A");
    REFUSED(base64, "AA-_");
    REFUSED(base64, "====");
    TAKEN(base64, "AA==");
    TAKEN(base64, "AAA=");
    TAKEN(base64, "");
    REFUSED(card, "XC00000000000042");
    REFUSED(card, "Xc0000000000004a");
    REFUSED(card, "Xc0000000000042");
    REFUSED(oid, "2.16a");
    REFUSED(uid, "a,b");
    REFUSED(time, "20261124T050500");
    REFUSED(time, "20261124 050500Z");
    REFUSED(time, "2026112aT050500Z");
    REFUSED(text, "a\tb");
    REFUSED(text, "\x7f");
    REFUSED(text, "\xc0\x80");
    REFUSED(text, "\xed\xa0\x80");
    REFUSED(text, "\xe4\xb8");
    REFUSED(text, "\xf0\x80\x80\x80");
    REFUSED(text, "\xf4\x90\x80\x80");
    REFUSED(text, "\xf5\x80\x80\x80");
    TAKEN(text, "\xf0\xa0\x9c\x8e");
}

static void test_only_the_canonical_text_is_read(void **state) {
    assert_int_equal(reads(WHOLE), 1);
    assert_int_equal(reads(""), 0);
    assert_int_equal(reads("TEST-1"), 0);
    assert_int_equal(reads("TEST-2\n"), 0);
    assert_int_equal(reads(" TEST-1\n"), 0);
    assert_int_equal(reads(WHOLE "\n"), 0);
    assert_int_equal(reads("TEST-1\nword: a"), 0);
    assert_int_equal(reads("TEST-1\nword:a\n"), 0);
    assert_int_equal(reads("TEST-1\nword: a\r\n"), 0);
    assert_int_equal(reads("TEST-1\nword: a\nword: a\n"), 0);
    assert_int_equal(reads("TEST-1\ndigits: 007\nword: a\n"), 0);
    assert_int_equal(reads("TEST-1\nother: a\n"), 0);
    assert_int_equal(reads("TEST-1\nword: \n"), 0);
    assert_int_equal(reads("TEST-1\ntext: \\x\n"), 0);
    assert_int_equal(reads("TEST-1\ntext: \\"), 0);
    assert_int_equal(reads("TEST-1\ntext: \\\n"), 0);
    assert_int_equal(reads("TEST-1\ntext: a\rb\n"), 0);
}

static void test_a_zero_byte_is_no_text(void **state) {
    static const char text[] = "TEST-1\ntext: a\0b\n";
    record_t r;
    char storage[sizeof(text)];

    assert_int_equal(xca_lines_read(&r, storage, FIRST, table, text, sizeof(text) - 1), 0);
}

static void test_every_cut_of_a_text_is_another_text_or_none(void **state) {
    char storage[sizeof(WHOLE)];
    record_t r;
    size_t length, read = 0;

    for (length = 0; length < strlen(WHOLE); length++) {
        if (xca_lines_read(&r, storage, FIRST, table, WHOLE, length)) {
            assert_int_equal(WHOLE[length - 1], '\n');
            read++;
        }
    }
    assert_int_equal(read, 9); /* the first line, and behind each field but the last */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_is_a_line_a_field),
        cmocka_unit_test(test_what_was_written_is_read_back_in_the_room_of_its_length),
        cmocka_unit_test(test_an_empty_value_is_not_a_missing_one),
        cmocka_unit_test(test_what_does_not_fit_is_not_written),
        cmocka_unit_test(test_values_of_another_form_are_not_written),
        cmocka_unit_test(test_only_the_canonical_text_is_read),
        cmocka_unit_test(test_a_zero_byte_is_no_text),
        cmocka_unit_test(test_every_cut_of_a_text_is_another_text_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
