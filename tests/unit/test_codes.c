#include "domain_fixture.h"

#include "domain/codes.h"
#include "domain/csv.h"

static const char *ubn(const char *number) {
    return message_of(xca_ubn_check(number, "ubn", test_pool));
}

static void
test_unified_numbers_of_the_guides_forms_are_accepted_where_they_are_real(void **state) {
    static const char *const real[] = {"03735202", "03731705", "64967512", "21101644",
                                       "04190875", "99209229", "33193302", "18292155",
                                       "08489593", "19310645", "74876786", "19882995"};
    size_t i;

    for (i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
        assert_string_equal(ubn(real[i]), "");
    }
}

static void test_unified_numbers_that_are_examples_on_paper_are_refused(void **state) {
    assert_string_equal(ubn("12345678"), "ubn.check");
    assert_string_equal(ubn("11223344"), "ubn.check");
    assert_string_equal(ubn("01234587"), "ubn.check");
    assert_string_equal(ubn("00000000"), "ubn.check");
}

static void test_unified_number_of_the_rule_of_2023_is_accepted(void **state) {
    assert_string_equal(ubn("10458570"), ""); /* the old rule refuses it: its sum is 25 */
}

static void test_unified_number_with_seventh_digit_7_may_count_one_more(void **state) {
    assert_string_equal(ubn("10000073"), ""); /* 1 + 10 + 3 = 14, and one more is 15 */
    assert_string_equal(ubn("10000074"), "");
    assert_string_equal(ubn("10000072"), "ubn.check");
    assert_string_equal(ubn("10000075"), "ubn.check");
    assert_string_equal(ubn("10000003"),
                        "ubn.check"); /* 4: one more does not count without the 7 */
}

static void test_unified_number_of_wrong_length_or_alphabet_is_told_so(void **state) {
    assert_string_equal(ubn(""), "ubn.digits");
    assert_string_equal(ubn("0373520"), "ubn.digits");
    assert_string_equal(ubn("037352020"), "ubn.digits");
    assert_string_equal(ubn("0373520a"), "ubn.digits");
    assert_string_equal(ubn("03 35202"), "ubn.digits");
    assert_string_equal(ubn("０３７３５２０２"), "ubn.digits");
    assert_string_equal(ubn(long_text(100000, '1')), "ubn.digits");
}

static void test_one_wrong_digit_in_a_unified_number_is_mostly_found(void **state) {
    const char *right = "03735202";
    int found = 0, tried = 0, place, digit;

    for (place = 0; place < 8; place++) {
        for (digit = '0'; digit <= '9'; digit++) {
            char *typed = apr_pstrdup(test_pool, right);

            if (right[place] == digit) {
                continue;
            }
            typed[place] = (char)digit;
            tried++;
            found += strcmp(ubn(typed), "ubn.check") == 0;
        }
    }
    assert_int_equal(tried, 72);
    assert_true(found >= 60); /* modulo 5 lets some through: the registry's rule, not ours */
}

static void test_unified_numbers_of_the_love_code_list_pass_as_its_columns_say(void **state) {
    apr_size_t length;
    const char *text = read_text("tools/demo/data/npo_ubn.csv", &length);
    xca_csv_t *csv = xca_csv_open(test_pool, text, length);
    const char **fields;
    int count, line, rows = 0;

    assert_null(xca_csv_next(csv, &fields, &count, &line, test_pool));
    assert_string_equal(fields[7], "check_mod5");
    for (;;) {
        assert_null(xca_csv_next(csv, &fields, &count, &line, test_pool));
        if (count == 0) {
            break;
        }
        assert_string_equal(ubn(fields[1]), fields[7][0] == 'Y' ? "" : "ubn.check");
        rows++;
    }
    assert_int_equal(rows, 798);
}

static const char *school_code(const char *code) {
    return message_of(xca_school_code_check(code, "school_code", test_pool));
}

static void test_school_agency_codes_of_the_guide_and_of_universities_are_accepted(void **state) {
    assert_string_equal(school_code("379051000U"), "");
    assert_string_equal(school_code("379070100Y"), "");
    assert_string_equal(school_code("309250000Q"), "");
    assert_string_equal(school_code("A09500000Q"), "");
    assert_string_equal(school_code("A095C0000Q"), "");
}

static void test_school_agency_code_in_another_form_is_refused(void **state) {
    static const char *const wrong[] = {
        "",           "379051000",  "379051000U1", "379051000u", "37905100UU",
        "U379051000", "3790 1000U", "A095CC000Q",  "0001",       "３７９０５１０００U"};
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_string_equal(school_code(wrong[i]), "school-code.form");
    }
}

static const char *oid(const char *typed) {
    return message_of(xca_oid_check(typed, "2.16.886", "oid", test_pool));
}

static void test_oids_below_the_root_are_accepted(void **state) {
    assert_string_equal(oid("2.16.886.104.100008"), "");
    assert_string_equal(oid("2.16.886.111.100000"), "");
    assert_string_equal(oid("2.16.886.0"), "");
    assert_string_equal(oid("2.16.886.2147483647"), "");
    assert_string_equal(oid("2.16.886.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17"),
                        ""); /* 20 arcs */
    assert_string_equal(oid("2.16.886.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18"), "oid.form");
}

static void test_oid_outside_the_root_or_malformed_is_refused(void **state) {
    static const char *const wrong[] = {"",
                                        "2.16.886",
                                        "2.16.886.",
                                        "2.16.8860.1",
                                        "2.16.840.1",
                                        "2.16.886.0104",
                                        "2.16.886..1",
                                        "2.16.886.104.",
                                        "2.16.886.104,1",
                                        "2.16.886.-1",
                                        "2.16.886.2147483648",
                                        "2.16.886.99999999999999999999",
                                        "2.16.886.國立臺灣大學",
                                        " 2.16.886.1"};
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_string_equal(oid(wrong[i]), "oid.form");
    }
}

static const char *case_number(const char *typed) {
    return message_of(xca_case_number_check(typed, "number", test_pool));
}

static void test_case_numbers_are_as_on_the_printed_forms(void **state) {
    assert_string_equal(case_number("0000100000000000000044716"), "");
    assert_string_equal(case_number("0400100000000000000015448"), "");
    assert_string_equal(xca_case_number_make(test_pool, 1, 44716), "0000100000000000000044716");
    assert_string_equal(xca_case_number_make(test_pool, 0, 15448), "0400100000000000000015448");
    assert_string_equal(xca_case_number_make(test_pool, 1, APR_INT64_MAX),
                        "0000109223372036854775807");
}

static void test_case_number_with_a_digit_missing_or_another_beginning_is_refused(void **state) {
    assert_string_equal(case_number(""), "case-number.form");
    assert_string_equal(case_number("000010000000000000004471"), "case-number.form");
    assert_string_equal(case_number("00001000000000000000447160"), "case-number.form");
    assert_string_equal(case_number("0000000000000000000044716"), "case-number.form");
    assert_string_equal(case_number("0500100000000000000044716"), "case-number.form");
    assert_string_equal(case_number("000010000000000000004471X"), "case-number.form");
}

static const char *card_number(const char *typed) {
    return message_of(xca_card_number_check(typed, "card", test_pool));
}

static void test_card_number_is_xc_and_14_digits(void **state) {
    assert_string_equal(card_number("Xc00000000001168"), "");
    assert_string_equal(card_number(""), "card-number.form");
    assert_string_equal(card_number("X"), "card-number.form");
    assert_string_equal(card_number("Xc0000000000116"), "card-number.form");
    assert_string_equal(card_number("Xc000000000001168"), "card-number.form");
    assert_string_equal(card_number("xc00000000001168"), "card-number.form");
    assert_string_equal(card_number("XC00000000001168"), "card-number.form");
}

static const char *card_number_parsed(const char *typed) {
    const char *number = NULL;
    xca_error_t *err = xca_card_number_parse(&number, typed, "card", test_pool);

    return err != NULL ? err->message : number;
}

static void test_card_number_is_read_in_upper_and_lower_case(void **state) {
    assert_string_equal(card_number_parsed("Xc00000000001168"), "Xc00000000001168");
    assert_string_equal(card_number_parsed("xc00000000001168"), "Xc00000000001168");
    assert_string_equal(card_number_parsed("XC00000000001168"), "Xc00000000001168");
    assert_string_equal(card_number_parsed("xC00000000001168"), "Xc00000000001168");
    assert_string_equal(card_number_parsed(""), "card-number.form");
    assert_string_equal(card_number_parsed("x"), "card-number.form");
    assert_string_equal(card_number_parsed("xc"), "card-number.form");
    assert_string_equal(card_number_parsed("xd00000000001168"), "card-number.form");
    assert_string_equal(card_number_parsed("xc0000000000116"), "card-number.form");
}

static const char *serial(const char *typed) {
    const char *parsed = NULL;
    xca_error_t *err = xca_serial_parse(&parsed, typed, "serial", test_pool);

    return err != NULL ? err->message : parsed;
}

static void test_serial_number_is_read_however_it_was_copied(void **state) {
    assert_string_equal(serial("0A1B2c"), "0a1b2c");
    assert_string_equal(serial("0x0A1B2C"), "0a1b2c");
    assert_string_equal(serial("0A:1B:2C"), "0a1b2c");
    assert_string_equal(serial("  0A 1B 2C "), "0a1b2c");
    assert_string_equal(serial("7fffffffffffffffffffffffffffffffffffffff"),
                        "7fffffffffffffffffffffffffffffffffffffff");
}

static void test_serial_number_that_is_none_is_refused(void **state) {
    assert_string_equal(serial(""), "serial.form");
    assert_string_equal(serial("0x"), "serial.form");
    assert_string_equal(serial("123"), "serial.form");
    assert_string_equal(serial("zz"), "serial.form");
    assert_string_equal(serial("7fffffffffffffffffffffffffffffffffffffff00"), "serial.form");
    assert_string_equal(serial(long_text(100000, 'a')), "serial.form");
}

static const char *user_code(const char *typed) {
    const xca_secret_t *code = xca_secret_make(test_pool, typed, strlen(typed));

    return message_of(xca_user_code_check(code, "code", test_pool));
}

static void test_user_code_takes_letters_digits_and_symbols(void **state) {
    assert_string_equal(user_code("123456"), "");
    assert_string_equal(user_code("aB3$~!"), "");
    assert_string_equal(user_code(long_text(64, 'x')), "");
}

static void test_user_code_too_short_too_long_or_of_another_alphabet_is_told_which(void **state) {
    assert_string_equal(user_code(""), "user-code.short");
    assert_string_equal(user_code("12345"), "user-code.short");
    assert_string_equal(user_code(long_text(65, 'x')), "user-code.long");
    assert_string_equal(user_code("12 456"), "user-code.alphabet");
    assert_string_equal(user_code("密碼密碼密碼"), "user-code.alphabet");
    assert_string_equal(user_code("１２３４５６"), "user-code.alphabet");
    assert_string_equal(user_code("12345\t"), "user-code.alphabet");
}

static const char *email(const char *typed) {
    return message_of(xca_email_check(typed, "email", test_pool));
}

static void test_email_addresses_of_offices_are_accepted(void **state) {
    assert_string_equal(email("office@example.org.tw"), "");
    assert_string_equal(email("a.b+c_d-e@sub.example.tw"), "");
    assert_string_equal(email("o'neil@example.com"), "");
    assert_string_equal(email("x@1.tw"), "");
    assert_string_equal(email(apr_pstrcat(test_pool, long_text(64, 'a'), "@example.tw", NULL)), "");
}

static void test_email_address_that_cannot_be_one_is_refused(void **state) {
    static const char *const wrong[] = {"",
                                        "office",
                                        "@example.tw",
                                        "office@",
                                        "test@test",
                                        "a@b@example.tw",
                                        ".a@example.tw",
                                        "a.@example.tw",
                                        "a..b@example.tw",
                                        "a b@example.tw",
                                        "a@example..tw",
                                        "a@.example.tw",
                                        "a@example.tw.",
                                        "a@-example.tw",
                                        "a@example-.tw",
                                        "a@example.123",
                                        "a@exa_mple.tw",
                                        "\"a b\"@example.tw",
                                        "a@[127.0.0.1]",
                                        "信箱@example.tw",
                                        "a@例子.tw",
                                        "a@example.tw\nBcc: b@example.tw",
                                        "a@example.tw,b@example.tw"};
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_string_equal(email(wrong[i]), "email.form");
    }
    assert_string_equal(email(apr_pstrcat(test_pool, long_text(65, 'a'), "@example.tw", NULL)),
                        "email.form");
    assert_string_equal(email(apr_pstrcat(test_pool, "a@", long_text(64, 'b'), ".tw", NULL)),
                        "email.form");
    assert_string_equal(email(apr_pstrcat(test_pool, "a@", long_text(60, 'b'), ".",
                                          long_text(60, 'b'), ".", long_text(60, 'b'), ".",
                                          long_text(60, 'b'), ".", long_text(20, 'c'), NULL)),
                        "email.form");
}

static const char *phone(const char *typed) {
    return message_of(xca_phone_check(typed, "phone", test_pool));
}

static void test_telephone_numbers_as_people_write_them_are_accepted(void **state) {
    assert_string_equal(phone("02-12345678"), "");
    assert_string_equal(phone("(02)23618577"), "");
    assert_string_equal(phone("02-27377592 轉 123"), "");
    assert_string_equal(phone("02-27377592分機123"), "");
    assert_string_equal(phone("+886 2 2737 7592 ext. 12"), "");
    assert_string_equal(phone("(02)22917191#842"), "");
    assert_string_equal(phone("12345678"), "");
}

static void test_telephone_number_with_other_characters_or_too_few_digits_is_refused(void **state) {
    assert_string_equal(phone(""), "phone.form");
    assert_string_equal(phone("12345"), "phone.form");
    assert_string_equal(phone("------"), "phone.form");
    assert_string_equal(phone("02-1234567x"), "phone.form");
    assert_string_equal(phone("請洽總機"), "phone.form");
    assert_string_equal(phone("02-27377592 ex 1"), "phone.form");
    assert_string_equal(phone("0227377592,0227377593"), "phone.form");
    assert_string_equal(phone(long_text(31, '1')), "phone.form");
}

static void test_text_line_is_measured_in_characters_not_bytes(void **state) {
    xca_error_t *err;

    assert_null(xca_line_check("中華溝通分析協會", 1, 8, "org_name", test_pool));
    err = xca_line_check("中華溝通分析協會", 1, 7, "org_name", test_pool);
    assert_string_equal(message_of(err), "field.too-long");
    assert_string_equal(err->arg, "7");
    assert_string_equal(err->field, "org_name");
}

static void test_text_line_that_is_missing_is_told_only_where_it_is_needed(void **state) {
    assert_null(xca_line_check(NULL, 0, 10, "remark", test_pool));
    assert_null(xca_line_check("", 0, 10, "remark", test_pool));
    assert_string_equal(message_of(xca_line_check("", 1, 10, "org_name", test_pool)),
                        "field.required");
    assert_string_equal(message_of(xca_line_check(NULL, 1, 10, "org_name", test_pool)),
                        "field.required");
}

static void test_text_line_with_line_breaks_or_hidden_characters_is_refused(void **state) {
    static const char *const wrong[] = {"a\nb", "a\x01", "\xff", "\xe4\xb8",
                                        "a\xe2\x80\xae"
                                        "b"};
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_string_equal(message_of(xca_line_check(wrong[i], 1, 10, "org_name", test_pool)),
                            "field.characters");
    }
}

/* A form hands on U+FFFD for what was no text. */
static void test_what_was_no_text_is_told_at_its_field(void **state) {
    xca_error_t *err = xca_typed_check("ab\xef\xbf\xbd" "cd", 0, 60, "remark", test_pool);

    assert_non_null(err);
    assert_string_equal(err->message, "field.characters");
    assert_string_equal(err->field, "remark");
    assert_null(xca_typed_check("臺北", 0, 60, "remark", test_pool));
    assert_null(xca_typed_check(NULL, 0, 60, "remark", test_pool));
    assert_string_equal(xca_typed_check(NULL, 1, 60, "remark", test_pool)->message, "field.required");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_unified_numbers_of_the_guides_forms_are_accepted_where_they_are_real),
        TEST(test_unified_numbers_that_are_examples_on_paper_are_refused),
        TEST(test_unified_number_of_the_rule_of_2023_is_accepted),
        TEST(test_unified_number_with_seventh_digit_7_may_count_one_more),
        TEST(test_unified_number_of_wrong_length_or_alphabet_is_told_so),
        TEST(test_one_wrong_digit_in_a_unified_number_is_mostly_found),
        TEST(test_unified_numbers_of_the_love_code_list_pass_as_its_columns_say),
        TEST(test_school_agency_codes_of_the_guide_and_of_universities_are_accepted),
        TEST(test_school_agency_code_in_another_form_is_refused),
        TEST(test_oids_below_the_root_are_accepted),
        TEST(test_oid_outside_the_root_or_malformed_is_refused),
        TEST(test_case_numbers_are_as_on_the_printed_forms),
        TEST(test_case_number_with_a_digit_missing_or_another_beginning_is_refused),
        TEST(test_card_number_is_xc_and_14_digits),
        TEST(test_card_number_is_read_in_upper_and_lower_case),
        TEST(test_serial_number_is_read_however_it_was_copied),
        TEST(test_serial_number_that_is_none_is_refused),
        TEST(test_user_code_takes_letters_digits_and_symbols),
        TEST(test_user_code_too_short_too_long_or_of_another_alphabet_is_told_which),
        TEST(test_email_addresses_of_offices_are_accepted),
        TEST(test_email_address_that_cannot_be_one_is_refused),
        TEST(test_telephone_numbers_as_people_write_them_are_accepted),
        TEST(test_telephone_number_with_other_characters_or_too_few_digits_is_refused),
        TEST(test_text_line_is_measured_in_characters_not_bytes),
        TEST(test_text_line_that_is_missing_is_told_only_where_it_is_needed),
        TEST(test_text_line_with_line_breaks_or_hidden_characters_is_refused),
        TEST(test_what_was_no_text_is_told_at_its_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
