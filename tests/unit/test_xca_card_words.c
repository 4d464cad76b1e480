/* Texts, settings, the portal's JSON, numbers and codes of the helper. */
#include "xca_card_script.h"
#include "bytes.h"
#include "crypto.h"
#include "crypto_certificate.h"
#include "piv_admin.h"
#include "service.h"
#include "session.h"
#include "settings.h"
#include "signing_words.h"

static void test_every_text_is_in_both_languages_and_names_the_same(void **state) {
    int id;

    for (id = T_NONE + 1; id < TEXTS; id++) {
        const char *zh = text_of(id, LANGUAGE_ZH), *en = text_of(id, LANGUAGE_EN);

        assert_true(zh[0] != '\0' && en[0] != '\0');
        assert_int_equal(strstr(zh, "%s") != NULL, strstr(en, "%s") != NULL);
        assert_null(strchr(strstr(en, "%s") != NULL ? strstr(en, "%s") + 2 : "", '%'));
    }
    assert_string_equal(text_name(T_CARD_REMOVED), "T_CARD_REMOVED");
    assert_int_equal(text_exit_code(T_PIN_WRONG), 4);
}

static void test_a_text_that_does_not_fit_is_cut(void **state) {
    char line[16];

    assert_true(text_format(line, sizeof(line), T_PIN_WRONG, LANGUAGE_EN, "2") < sizeof(line));
    assert_string_equal(line, "The PIN is wron");
    text_format(line, sizeof(line), T_MADE_COUNT, LANGUAGE_EN, "%s%s%n%s%s%s%s");
    assert_int_equal(strlen(line), 15);
}

static text_id parse(card_settings_t *settings, const char *text) {
    settings_defaults(settings);
    return told(settings_parse(settings, text, strlen(text), "/etc/xca"));
}

static void test_settings_are_read(void **state) {
    card_settings_t s;

    assert_int_equal(parse(&s, "# a comment\n\n portal-url = https://localhost:8443/ \nca-file=root.pem\r\n"
                               "tls-ca-file = /ca/tls.pem\nblank-management-key = 00112233445566778899aabbccddeeff\n"
                               "blank-management-algorithm = aes128\npin-tries = 3"),
                     T_NONE);
    assert_string_equal(s.portal_url, "https://localhost:8443");
    assert_string_equal(s.ca_file, "/etc/xca/root.pem");
    assert_string_equal(s.tls_ca_file, "/ca/tls.pem");
    assert_int_equal(s.blank_management_key.length, 16);
    assert_int_equal(s.blank_management_algorithm, PIV_AES_128);
    assert_int_equal(s.pin_tries, 3);
    assert_string_equal(s.blank_puk.text, "12345678");
}

static void test_settings_that_cannot_be_are_told(void **state) {
    card_settings_t s;

    assert_int_equal(parse(&s, "portal-url = http://localhost\n"), T_SETTINGS_VALUE);
    assert_int_equal(parse(&s, "nonsense = 1\n"), T_SETTINGS_NAME);
    assert_int_equal(parse(&s, "ca-file root.pem\n"), T_SETTINGS_LINE);
    assert_int_equal(parse(&s, "blank-management-key = 00\n"), T_SETTINGS_VALUE);
    assert_int_equal(parse(&s, "blank-management-key = zz112233445566778899aabbccddeeff\n"), T_SETTINGS_VALUE);
    assert_int_equal(parse(&s, "blank-management-algorithm = des\n"), T_SETTINGS_VALUE);
    assert_int_equal(parse(&s, "pin-tries = many\n"), T_SETTINGS_VALUE);
}

static text_id answer(service_answer_t *a, const char *json) {
    view_t view = {(const unsigned char *)json, strlen(json)};

    memset(a, 0, sizeof(*a));
    return told(service_read_answer(a, view));
}

static void test_answers_of_the_portal_are_read(void **state) {
    service_answer_t a;

    assert_int_equal(answer(&a, "{\"state\":\"done\",\"reply\":\"AAEC\"}"), T_NONE);
    assert_int_equal(a.state, SERVICE_DONE);
    assert_int_equal(a.reply.length, 3);
    service_answer_free(&a);
    assert_int_equal(answer(&a, "{\"state\":\"denied\",\"answer\":\"code.wrong\",\"message\":\"no\\u001b[2J\",\"tries_left\":2}"),
                     T_NONE);
    assert_int_equal(a.state, SERVICE_DENIED);
    assert_int_equal(a.tries_left, 2);
    assert_string_equal(a.message, "no [2J");
    assert_int_equal(answer(&a, "{\"state\":\"denied\",\"tries_left\":\"1\"}"), T_NONE);
    assert_int_equal(a.tries_left, 1);
    assert_int_equal(answer(&a, "{\"state\":\"waiting\"}"), T_NONE);
    assert_int_equal(a.state, SERVICE_WAITING);
    assert_int_equal(a.tries_left, -1);
}

static void test_what_is_no_answer_is_told(void **state) {
    static const char *const bad[] = {"", "<html>", "[]", "{}", "{\"state\":\"maybe\"}", "{\"state\":1}",
                                      "{\"state\":\"done\",\"state\":\"denied\"}", "{\"state\":\"done\",\"reply\":\"AAE\"}",
                                      "{\"state\":\"done\",\"reply\":\"A A=\"}", "{\"state\":\"done\"} x"};
    service_answer_t a;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(answer(&a, bad[i]), T_PORTAL_NONSENSE);
        service_answer_free(&a);
    }
}

static void test_a_session_has_a_nonce_of_its_form(void **state) {
    static const char good[] = "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"issued\":\"20261124T050500Z\","
                               "\"seal_key_proof\":\"x\",\"chain\":\"AAEC\"}";
    static const char bad[] = "{\"nonce\":\"00112233445566778899aabbccddee/../\",\"issued\":\"20261124T050500Z\","
                              "\"seal_key_proof\":\"x\",\"chain\":\"AAEC\"}";
    view_t one = {(const unsigned char *)good, strlen(good)}, other = {(const unsigned char *)bad, strlen(bad)};
    service_session_t s;

    memset(&s, 0, sizeof(s));
    assert_null(service_read_session(&s, one));
    assert_string_equal(s.nonce, "00112233445566778899aabbccddeeff");
    service_session_free(&s);
    assert_int_equal(told(service_read_session(&s, other)), T_PORTAL_NONSENSE);
    service_session_free(&s);
}

static void test_base64_is_read_back(void **state) {
    static const char *const bad[] = {"A", "AA", "AAA", "A===", "AA=A", "AA\n=", "AAAA====", "====", "AA=="
                                                                                                  "AAAA"};
    unsigned char data[64];
    size_t length, i;

    assert_null(crypto_random(data, sizeof(data)));
    for (length = 0; length <= sizeof(data); length++) {
        bytes_t text = {NULL, 0, 0}, back = {NULL, 0, 0};
        view_t view = {data, length};

        base64_write(&text, view);
        assert_int_equal(base64_read(&back, bytes_text(&text)), 1);
        assert_int_equal(back.length, length);
        assert_memory_equal(length > 0 ? back.data : data, data, length);
        bytes_free(&text);
        bytes_free(&back);
    }
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bytes_t back = {NULL, 0, 0};

        assert_int_equal(base64_read(&back, bad[i]), 0);
        bytes_free(&back);
    }
}

static void test_random_pins_are_digits_and_differ(void **state) {
    secret_t one, other;
    int seen[10] = {0}, i, j, digits = 0;

    memset(&one, 0, sizeof(one));
    memset(&other, 0, sizeof(other));
    assert_null(crypto_random_digits(&one, 8));
    assert_null(crypto_random_digits(&other, 8));
    assert_int_equal(one.length, 8);
    assert_int_equal(piv_pin_well_formed(&one), 1);
    assert_int_equal(secret_equal(&one, &other), 0);
    for (i = 0; i < 200; i++) {
        assert_null(crypto_random_digits(&one, 8));
        for (j = 0; j < 8; j++) {
            seen[one.text[j] - '0']++;
        }
    }
    for (i = 0; i < 10; i++) {
        digits += seen[i] > 80; /* 160 expected */
    }
    assert_int_equal(digits, 10);
}

static void test_card_numbers_and_times_have_one_form(void **state) {
    assert_int_equal(card_number_well_formed("Xc00000000000042"), 1);
    assert_int_equal(card_number_well_formed("xc00000000000042"), 0);
    assert_int_equal(card_number_well_formed("Xc0000000000004a"), 0);
    assert_int_equal(card_number_well_formed("Xc000000000000422"), 0);
    assert_int_equal(session_time("19700102T000000Z"), 86400);
    assert_int_equal(session_time("20261124T050500Z"), 1795496700);
    assert_int_equal(session_time("20261124T050500"), -1);
    assert_int_equal(session_time("2026112aT050500Z"), -1);
    assert_int_equal(session_time(""), -1);
}

static view_t as_view(const char *text) {
    view_t view = {(const unsigned char *)text, strlen(text)};

    return view;
}

static void in_words(const char *text, language_t language, const char *expected) {
    bytes_t words = {NULL, 0, 0};

    signing_words(&words, as_view(text), language);
    assert_string_equal(bytes_text(&words), expected);
    bytes_free(&words);
}

static void test_what_is_signed_is_told_in_words(void **state) {
    static const char statement[] = "XCA-STATEMENT-1\ncase: 0000100000000000000000001\nstage: first\ndecision: return\nletter: \n"
                                    "reason: a\\nb: c\\\\d\nofficer: first\ntime: 20261124T050500Z\nnew-line: first\n";

    in_words(statement, LANGUAGE_EN,
             "  Case: 0000100000000000000000001\n  Stage: first review\n  Decision: return\n  Reason: a\n    b: c\\d\n"
             "  Officer: first\n  Time: 2026-11-24 05:05:00 UTC\n  new-line: first\n");
    in_words(statement, LANGUAGE_ZH,
             "  案件流水號：0000100000000000000000001\n  審核階段：初審\n  決定：退件\n  理由：a\n    b: c\\d\n"
             "  審核人員：first\n  時間：2026-11-24 05:05:00 UTC\n  new-line：first\n");
    in_words("XCA-STATEMENT-1\nno colon\ntime: tomorrow\nstage: fourth\ndecision:accept\n: x\nlast: \\", LANGUAGE_EN,
             "  no colon\n  Time: tomorrow\n  Stage: fourth\n  decision:accept\n  : x\n  last: \\\n");
    in_words("", LANGUAGE_EN, "");
    in_words("XCA-STATEMENT-1", LANGUAGE_EN, "");
}

static void test_only_what_is_as_it_looks_is_readable(void **state) {
    static const char *const bad[] = {"\x1b[2J", "a\rb", "\x7f", "\xc2\x9b" "2J", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\xa8",
                                      "\xd8\x9c", "\xff", "\xc0\x8a", "\xe4\xb8", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\xae"};
    view_t nul = {(const unsigned char *)"a\0b", 3};
    size_t i;

    assert_true(signing_is_readable(as_view("財團法人測試基金會 a~\n\xf0\xa0\x80\x80\xef\xb8\x80")));
    assert_false(signing_is_readable(nul));
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(signing_is_readable(as_view(bad[i])));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_text_is_in_both_languages_and_names_the_same),
        cmocka_unit_test(test_a_text_that_does_not_fit_is_cut),
        cmocka_unit_test(test_settings_are_read),
        cmocka_unit_test(test_settings_that_cannot_be_are_told),
        cmocka_unit_test(test_answers_of_the_portal_are_read),
        cmocka_unit_test(test_what_is_no_answer_is_told),
        cmocka_unit_test(test_a_session_has_a_nonce_of_its_form),
        cmocka_unit_test(test_base64_is_read_back),
        cmocka_unit_test(test_random_pins_are_digits_and_differ),
        cmocka_unit_test(test_card_numbers_and_times_have_one_form),
        cmocka_unit_test(test_what_is_signed_is_told_in_words),
        cmocka_unit_test(test_only_what_is_as_it_looks_is_readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
