/* What PIV cards answer, and what of it is taken. */
#include "xca_card_script.h"
#include "piv.h"
#include "piv_admin.h"
#include "piv_keys.h"

static piv_t card_of(script_t *script, const char *const *lines) {
    piv_t piv;

    memset(&piv, 0, sizeof(piv));
    piv.line = script_line(script, lines);
    return piv;
}

static secret_t secret(const char *text) {
    secret_t s;

    secret_set(&s, text, strlen(text));
    return s;
}

static void test_a_card_with_piv_is_selected(void **state) {
    static const char *const good[] = {"00a4040009a0000003080000100000", "61074f0500001000019000", "00fd000000", "6d00", NULL};
    static const char *const yubico[] = {"*", "61009000", "00fd000000", "0504039000", NULL};
    script_t script;
    piv_t piv = card_of(&script, good);

    assert_null(piv_select(&piv));
    assert_int_equal(piv.yubico, 0);
    piv = card_of(&script, yubico);
    assert_null(piv_select(&piv));
    assert_int_equal(piv.yubico, 1);
    assert_int_equal(piv.version[0], 5);
}

static void test_another_card_is_told_apart(void **state) {
    static const char *const none[] = {"*", "6a82", NULL};
    static const char *const other[] = {"*", "6f009000", NULL};
    script_t script;
    piv_t piv = card_of(&script, none);

    assert_int_equal(told(piv_select(&piv)), T_CARD_NOT_PIV);
    piv = card_of(&script, other);
    assert_int_equal(told(piv_select(&piv)), T_CARD_NOT_PIV);
}

static void test_an_object_is_read_or_not_there(void **state) {
    static const char *const lines[] = {"00cb3fff055c035fc10200", "5302aabb9000", "*", "6a82", "*", "53009000",
                                        "*", "5302aa9000", "*", "5401aa9000", "*", "6982", NULL};
    script_t script;
    piv_t piv = card_of(&script, lines);
    bytes_t contents = {NULL, 0, 0};
    int found;

    assert_null(piv_get_object(&piv, PIV_OBJECT_CHUID, &contents, &found));
    assert_int_equal(found, 1);
    assert_int_equal(contents.length, 2);
    assert_null(piv_get_object(&piv, PIV_OBJECT_CHUID, &contents, &found));
    assert_int_equal(found, 0);
    assert_null(piv_get_object(&piv, PIV_OBJECT_CHUID, &contents, &found));
    assert_int_equal(found, 0);
    assert_int_equal(told(piv_get_object(&piv, PIV_OBJECT_CHUID, &contents, &found)), T_CARD_NONSENSE);
    assert_int_equal(told(piv_get_object(&piv, PIV_OBJECT_CHUID, &contents, &found)), T_CARD_NONSENSE);
    assert_int_equal(told(piv_get_object(&piv, PIV_OBJECT_CHUID, &contents, &found)), T_CARD_REFUSED);
    bytes_free(&contents);
}

static void test_a_compressed_certificate_is_refused_in_words(void **state) {
    static const char *const lines[] = {"*", "530770023000710100" "9000", "*", "530770023000710101" "9000", NULL};
    script_t script;
    piv_t piv = card_of(&script, lines);
    bytes_t der = {NULL, 0, 0};
    int found;

    assert_null(piv_get_certificate(&piv, PIV_SIGNATURE, &der, &found));
    assert_int_equal(der.length, 2);
    assert_int_equal(told(piv_get_certificate(&piv, PIV_SIGNATURE, &der, &found)), T_CERTIFICATE_COMPRESSED);
    bytes_free(&der);
}

static void test_tries_are_read_without_spending_one(void **state) {
    static const char *const lines[] = {"00200080", "63c3", "00200080", "9000", "00200080", "6983", "00200080", "63c0",
                                        "00200080", "6a88", NULL};
    static const int verified[] = {0, 1, 0, 0}, left[] = {3, PIV_UNKNOWN, 0, 0};
    script_t script;
    piv_t piv = card_of(&script, lines);
    int v, l, i;

    for (i = 0; i < 4; i++) {
        assert_null(piv_pin_status(&piv, &v, &l));
        assert_int_equal(v, verified[i]);
        assert_int_equal(l, left[i]);
    }
    assert_int_equal(told(piv_pin_status(&piv, &v, &l)), T_CARD_REFUSED);
}

static void test_a_pin_is_padded_and_its_outcome_told(void **state) {
    static const char *const lines[] = {"0020008008313233343536ffff", "9000", "*", "63c2", "*", "6983", "*", "6300",
                                        "*", "6a80", NULL};
    script_t script;
    piv_t piv = card_of(&script, lines);
    secret_t pin = secret("123456");
    piv_try_t outcome;

    assert_null(piv_verify(&piv, &pin, &outcome));
    assert_int_equal(outcome.right, 1);
    assert_null(piv_verify(&piv, &pin, &outcome));
    assert_int_equal(outcome.right, 0);
    assert_int_equal(outcome.left, 2);
    assert_null(piv_verify(&piv, &pin, &outcome));
    assert_int_equal(outcome.left, 0);
    assert_null(piv_verify(&piv, &pin, &outcome));
    assert_int_equal(outcome.left, PIV_UNKNOWN);
    assert_int_equal(told(piv_verify(&piv, &pin, &outcome)), T_CARD_REFUSED);
}

static void test_a_secret_that_does_not_fit_is_never_sent(void **state) {
    static const char *const lines[] = {NULL};
    script_t script;
    piv_t piv = card_of(&script, lines);
    secret_t pin = secret("123456789"), good = secret("123456"), empty = secret("");
    piv_try_t outcome;

    assert_int_equal(told(piv_verify(&piv, &pin, &outcome)), T_PIN_FORM);
    assert_int_equal(told(piv_verify(&piv, &empty, &outcome)), T_PIN_FORM);
    assert_int_equal(told(piv_change(&piv, PIV_PIN, &good, &pin, &outcome)), T_PIN_FORM);
    assert_int_equal(told(piv_reset_pin(&piv, &good, &pin, &outcome)), T_PIN_FORM);
}

static void test_pins_are_six_to_eight_digits(void **state) {
    static const char *const good[] = {"123456", "00000000", "1234567"};
    static const char *const bad[] = {"", "12345", "123456789", "12345a", "１２３４５６", "-12345"};
    size_t i;

    for (i = 0; i < 3; i++) {
        secret_t pin = secret(good[i]);

        assert_int_equal(piv_pin_well_formed(&pin), 1);
    }
    for (i = 0; i < 6; i++) {
        secret_t pin = secret(bad[i]);

        assert_int_equal(piv_pin_well_formed(&pin), 0);
    }
}

static void test_an_elliptic_key_is_signed_with_raw(void **state) {
    static const char *const lines[] = {
        "0087119c26" "7c24" "8200" "8120"
        "1111111111111111111111111111111111111111111111111111111111111111" "00",
        "7c06820430020000" "9000", "*", "6982", "*", "7c009000", "*", "7c0282009000", NULL};
    unsigned char digest[PIV_SHA256];
    script_t script;
    piv_t piv = card_of(&script, lines);
    bytes_t signature = {NULL, 0, 0};

    memset(digest, 0x11, sizeof(digest));
    assert_null(piv_sign(&piv, PIV_SIGNATURE, PIV_P256, digest, &signature));
    assert_int_equal(signature.length, 4);
    assert_int_equal(told(piv_sign(&piv, PIV_SIGNATURE, PIV_P256, digest, &signature)), T_PIN_NEEDED);
    assert_int_equal(told(piv_sign(&piv, PIV_SIGNATURE, PIV_P256, digest, &signature)), T_CARD_NONSENSE);
    assert_int_equal(told(piv_sign(&piv, PIV_SIGNATURE, PIV_P256, digest, &signature)), T_CARD_NONSENSE);
    bytes_free(&signature);
}

static void test_a_public_key_of_another_kind_is_nonsense(void **state) {
    static const char *const lines[] = {"0047009c05ac0380011100", "7f49028100" "9000", "*", "7f490486020400" "9000",
                                        "*", "7f49028200" "9000", "*", "6982", NULL};
    script_t script;
    piv_t piv = card_of(&script, lines);
    piv_public_t key;

    assert_int_equal(told(piv_generate(&piv, PIV_SIGNATURE, PIV_P256, &key)), T_CARD_NONSENSE);
    piv_public_free(&key);
    assert_int_equal(told(piv_generate(&piv, PIV_SIGNATURE, PIV_P256, &key)), T_CARD_NONSENSE);
    piv_public_free(&key);
    assert_int_equal(told(piv_generate(&piv, PIV_SIGNATURE, PIV_RSA_2048, &key)), T_CARD_NONSENSE);
    piv_public_free(&key);
    assert_int_equal(told(piv_generate(&piv, PIV_SIGNATURE, PIV_RSA_2048, &key)), T_CARD_REFUSED);
    piv_public_free(&key);
}

static void test_a_card_that_does_not_know_the_management_key_is_not_believed(void **state) {
    /* It accepts anything, and answers our challenge with zeros. */
    static const char *const lines[] = {"0087039b047c02800000", "7c0a800811111111111111119000", "*",
                                        "7c0a820800000000000000009000", NULL};
    script_t script;
    piv_t piv = card_of(&script, lines);
    secret_t key;
    int right = 1;

    secret_set(&key, "0123456789abcdef01234567", 24);
    assert_null(piv_authenticate(&piv, PIV_3DES, &key, &right));
    assert_int_equal(right, 0);
}

static void test_a_management_key_of_another_length_is_not_tried(void **state) {
    static const char *const lines[] = {NULL};
    script_t script;
    piv_t piv = card_of(&script, lines);
    secret_t key;
    int right = 1;

    secret_set(&key, "0123456789abcdef", 16);
    assert_null(piv_authenticate(&piv, PIV_3DES, &key, &right));
    assert_int_equal(right, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_card_with_piv_is_selected),
        cmocka_unit_test(test_another_card_is_told_apart),
        cmocka_unit_test(test_an_object_is_read_or_not_there),
        cmocka_unit_test(test_a_compressed_certificate_is_refused_in_words),
        cmocka_unit_test(test_tries_are_read_without_spending_one),
        cmocka_unit_test(test_a_pin_is_padded_and_its_outcome_told),
        cmocka_unit_test(test_a_secret_that_does_not_fit_is_never_sent),
        cmocka_unit_test(test_pins_are_six_to_eight_digits),
        cmocka_unit_test(test_an_elliptic_key_is_signed_with_raw),
        cmocka_unit_test(test_a_public_key_of_another_kind_is_nonsense),
        cmocka_unit_test(test_a_card_that_does_not_know_the_management_key_is_not_believed),
        cmocka_unit_test(test_a_management_key_of_another_length_is_not_tried),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
