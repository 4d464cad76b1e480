/* Letters with one-time codes: the same letter is the same text, and nothing else is a letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "wire/code_letter.h"

#define CASE   "case: 0000100000000000000000042\n"
#define CODE   "code: abcdefgh23\n"
#define NUMBER "number: Xc00000000000042\n"
#define FULL   "XCA-CODE-1\n" CASE CODE NUMBER "contact: 王小明\nphone: 02-27208889\nname: 財團法人測試基金會\nremark: 週一\\n下午\n"

static int reads(xca_code_letter_t *letter, const char *text) {
    static char storage[XCA_CODE_LETTER_MAX];

    return xca_code_letter_read(letter, storage, text, strlen(text));
}

static void test_what_was_written_is_read_back(void **state) {
    char text[XCA_CODE_LETTER_MAX + 1];
    xca_code_letter_t letter;

    assert_true(reads(&letter, FULL));
    assert_string_equal(letter.code, "abcdefgh23");
    assert_string_equal(letter.remark, "週一\n下午");
    assert_int_equal(xca_code_letter_write(&letter, text, sizeof(text)), strlen(FULL));
    assert_string_equal(text, FULL);
}

static void test_only_case_code_and_number_are_needed(void **state) {
    xca_code_letter_t letter;
    char text[128];

    assert_true(reads(&letter, "XCA-CODE-1\n" CASE CODE NUMBER));
    assert_null(letter.contact);
    assert_int_equal(xca_code_letter_write(&letter, text, 40), 0); /* no room */
    letter.code = NULL;
    assert_int_equal(xca_code_letter_write(&letter, text, sizeof(text)), 0);
    letter.code = "no code"; /* a space */
    assert_int_equal(xca_code_letter_write(&letter, text, sizeof(text)), 0);
}

static void test_nothing_else_is_a_letter(void **state) {
    static const char *const wrong[] = {"",
                                        "abcdefgh23",
                                        "XCA-CODE-1\n",
                                        "XCA-CODE-2\n" CASE CODE NUMBER,
                                        "XCA-CODE-1\n" CODE NUMBER,
                                        "XCA-CODE-1\n" CASE NUMBER,
                                        "XCA-CODE-1\n" CASE CODE,
                                        "XCA-CODE-1\n" CODE CASE NUMBER,
                                        "XCA-CODE-1\n" CASE CODE CODE NUMBER,
                                        "XCA-CODE-1\n" CASE "code: ABC\n" NUMBER,
                                        "XCA-CODE-1\n" CASE CODE NUMBER "more: x\n",
                                        "XCA-CODE-1\n" CASE CODE NUMBER "remark: \033[2J\n"};
    xca_code_letter_t letter;
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(reads(&letter, wrong[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_read_back),
        cmocka_unit_test(test_only_case_code_and_number_are_needed),
        cmocka_unit_test(test_nothing_else_is_a_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
