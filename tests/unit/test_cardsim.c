/* The simulated card, as SP 800-73-4 part 2 describes it, and what its settings change:
 * application, PIN and PUK, management key, objects, memory. */
#include "cardsim_fixture.h"
#include <unistd.h>
#include "../cardsim/keys.h"

/* SELECT --------------------------------------------------------------------------------------- */

static void test_select_tells_the_application_by_full_and_truncated_name(void **state) {
    card_t *card = new_card(NULL);

    assert_memory_equal(say(card, SELECT), "61204F0600001000010079074F05A000000308", 38);
    assert_string_equal(sw(say(card, "00A4040009A00000030800001000")), "9000");
    assert_string_equal(sw(say(card, "00A4040005A000000308")), "9000");
    assert_string_equal(say(card, "00A4040006A00000030801"), "6A82");
    assert_string_equal(say(card, "00A40000023F00"), "6A86");
    discard(card);
}

static void test_a_card_that_truncates_no_further_than_the_standard(void **state) {
    card_t *card = new_card("shortest-aid=9", NULL);

    assert_string_equal(say(card, "00A4040005A000000308"), "6A82");
    assert_string_equal(sw(say(card, "00A4040009A00000030800001000")), "9000");
    discard(card);
}

static void test_nothing_is_done_before_the_application_is_selected(void **state) {
    card_t *card = new_card(NULL);

    card_power(card);
    assert_string_equal(say(card, RIGHT_PIN), "6D00");
    discard(card);
    card = new_card("default-selected=yes", NULL);
    card_power(card);
    assert_string_equal(say(card, RIGHT_PIN), "9000");
    discard(card);
}

static void test_selecting_again_keeps_the_pin_or_drops_it(void **state) {
    card_t *card = new_card(NULL);

    say(card, RIGHT_PIN);
    say(card, SELECT);
    assert_string_equal(say(card, PIN_STATUS), "9000");
    assert_string_equal(say(card, "00A4040006A00000000101"), "6A82");
    assert_string_equal(say(card, PIN_STATUS), "9000");
    discard(card);
    card = new_card("reselect=drop", NULL);
    say(card, RIGHT_PIN);
    say(card, SELECT);
    assert_string_equal(say(card, PIN_STATUS), "63C3");
    discard(card);
}

/* PIN and PUK ---------------------------------------------------------------------------------- */

static void test_the_pin_opens_until_the_power_goes(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, PIN_STATUS), "63C3");
    assert_string_equal(say(card, RIGHT_PIN), "9000");
    assert_string_equal(say(card, PIN_STATUS), "9000");
    assert_string_equal(say(card, "0020FF80"), "9000");
    assert_string_equal(say(card, PIN_STATUS), "63C3");
    say(card, RIGHT_PIN);
    card_power(card);
    say(card, SELECT);
    assert_string_equal(say(card, PIN_STATUS), "63C3");
    discard(card);
}

static void test_three_wrong_pins_block_the_pin(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, WRONG_PIN), "63C2");
    assert_string_equal(say(card, WRONG_PIN), "63C1");
    assert_string_equal(say(card, WRONG_PIN), "63C0");
    assert_string_equal(say(card, RIGHT_PIN), "6983");
    assert_string_equal(say(card, PIN_STATUS), "63C0");
    discard(card);
}

static void test_a_wrong_pin_takes_back_the_right_one(void **state) {
    card_t *card = new_card(NULL);

    say(card, RIGHT_PIN);
    assert_string_equal(say(card, WRONG_PIN), "63C2");
    assert_string_equal(say(card, PIN_STATUS), "63C2");
    say(card, RIGHT_PIN);
    assert_string_equal(say(card, "0020FF80"), "9000");
    assert_string_equal(say(card, PIN_STATUS), "63C3");
    discard(card);
}

static void test_a_card_with_five_tries_and_its_own_word_for_blocked(void **state) {
    card_t *card = new_card("pin-tries=5", "blocked=6983", NULL);

    for (int i = 0; i < 4; i++) {
        say(card, WRONG_PIN);
    }
    assert_string_equal(say(card, PIN_STATUS), "63C1");
    assert_string_equal(say(card, WRONG_PIN), "6983");
    assert_string_equal(say(card, PIN_STATUS), "6983");
    discard(card);
    card = new_card("blocked=63C0", NULL);
    for (int i = 0; i < 3; i++) {
        say(card, WRONG_PIN);
    }
    assert_string_equal(say(card, RIGHT_PIN), "63C0");
    discard(card);
}

static void test_a_pin_that_is_none_costs_a_try_on_some_cards_only(void **state) {
    static const char *const none[] = {"00200080083132333435FFFFFF", "0020008008313233343536FF37",
                                       "0020008008616263646566FFFF", "0020008006313233343536"};
    card_t *card = new_card(NULL);

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_string_equal(say(card, none[i]), "6A80");
    }
    assert_string_equal(say(card, PIN_STATUS), "63C3");
    discard(card);
    card = new_card("pin-malformed=counts", NULL);
    assert_string_equal(say(card, none[0]), "63C2");
    discard(card);
    card = new_card("pin-characters=any", NULL);
    assert_string_equal(say(card, none[2]), "63C2");
    assert_string_equal(say(card, none[0]), "6A80");
    discard(card);
}

static void test_there_is_no_global_pin(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, "00200000"), "6A88");
    assert_string_equal(say(card, "0020000008313233343536FFFF"), "6A88");
    assert_string_equal(say(card, "00200096"), "6A88");
    assert_string_equal(say(card, "00200180"), "6A86");
    discard(card);
}

static void test_the_pin_is_changed_by_who_knows_it(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, "0024008010393939393939FFFF" NEW_PIN), "63C2");
    assert_string_equal(say(card, "0024008010313233343536FFFF3132FFFFFFFFFFFF"), "6A80");
    assert_string_equal(say(card, PIN_STATUS), "63C2");
    assert_string_equal(say(card, "0024008010313233343536FFFF" NEW_PIN), "9000");
    assert_string_equal(say(card, PIN_STATUS), "9000");
    assert_string_equal(say(card, RIGHT_PIN), "63C2");
    assert_string_equal(say(card, "0020008008" NEW_PIN), "9000");
    discard(card);
}

static void test_the_puk_gives_a_blocked_card_a_new_pin(void **state) {
    card_t *card = new_card(NULL);

    for (int i = 0; i < 3; i++) {
        say(card, WRONG_PIN);
    }
    assert_string_equal(say(card, UNBLOCK WRONG_PUK NEW_PIN), "63C2");
    assert_string_equal(say(card, UNBLOCK RIGHT_PUK "3132FFFFFFFFFFFF"), "6A80");
    assert_string_equal(say(card, UNBLOCK RIGHT_PUK NEW_PIN), "9000");
    assert_string_equal(say(card, PIN_STATUS), "63C3");
    assert_string_equal(say(card, "0020008008" NEW_PIN), "9000");
    assert_int_equal(card->memory.puk_tries, 3);
    discard(card);
}

static void test_three_wrong_puks_end_the_card(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, UNBLOCK WRONG_PUK NEW_PIN), "63C2");
    assert_string_equal(say(card, UNBLOCK WRONG_PUK NEW_PIN), "63C1");
    assert_string_equal(say(card, "0024008110" WRONG_PUK RIGHT_PUK), "63C0");
    assert_string_equal(say(card, UNBLOCK RIGHT_PUK NEW_PIN), "6983");
    assert_string_equal(say(card, "0024008110" RIGHT_PUK WRONG_PUK), "6983");
    discard(card);
}

static void test_the_puk_is_changed_unless_the_card_does_not_offer_it(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, "0024008110" RIGHT_PUK WRONG_PUK), "9000");
    assert_string_equal(say(card, UNBLOCK RIGHT_PUK NEW_PIN), "63C2");
    assert_string_equal(say(card, UNBLOCK WRONG_PUK NEW_PIN), "9000");
    discard(card);
    card = new_card("change-puk=no", "reset-restores-puk=no", NULL);
    assert_string_equal(say(card, "0024008110" RIGHT_PUK WRONG_PUK), "6A88");
    say(card, UNBLOCK WRONG_PUK NEW_PIN);
    assert_string_equal(say(card, UNBLOCK RIGHT_PUK NEW_PIN), "9000");
    assert_int_equal(card->memory.puk_tries, 2);
    discard(card);
}

/* The management key --------------------------------------------------------------------------- */

static void test_the_management_key_authenticates_both_sides(void **state) {
    static const char *const kinds[] = {"3des", "aes128", "aes192", "aes256"};
    char setting[64];

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        snprintf(setting, sizeof(setting), "management-algorithm=%s", kinds[i]);
        card_t *card = new_card(setting, NULL);

        assert_string_equal(put(card, CHUID, 59), "6982");
        assert_string_equal(authenticate(card), "9000");
        assert_string_equal(put(card, CHUID, 59), "9000");
        discard(card);
    }
}

static void test_the_host_alone_is_authenticated_by_challenge(void **state) {
    card_t *card = new_card(NULL);
    char challenge[17] = "", response[17] = "", command[64];

    snprintf(challenge, sizeof(challenge), "%.16s", say(card, "0087039B047C02810000") + 8);
    cipher(card, true, challenge, response);
    snprintf(command, sizeof(command), "0087039B0C7C0A8208%s", response);
    assert_string_equal(say(card, command), "9000");
    assert_string_equal(put(card, CHUID, 59), "9000");
    assert_string_equal(say(card, command), "6982");
    discard(card);
    card = new_card("management-authentication=mutual", NULL);
    assert_string_equal(say(card, "0087039B047C02810000"), "6A80");
    assert_string_equal(authenticate(card), "9000");
    discard(card);
    card = new_card("management-authentication=single", NULL);
    assert_string_equal(authenticate(card), "6A80");
    discard(card);
}

static void test_a_wrong_or_late_proof_authenticates_nobody(void **state) {
    card_t *card = new_card(NULL);

    say(card, "0087039B047C028000");
    assert_string_equal(say(card, "0087039B167C1480080000000000000000"
                                  "81080000000000000000"),
                        "6982");
    say(card, "0087039B047C02810000");
    say(card, PIN_STATUS);
    assert_string_equal(say(card, "0087039B0C7C0A82080000000000000000"), "6982");
    assert_string_equal(say(card, "0087039B0E7C0C8200810800000000000000"
                                  "00"),
                        "6A80");
    assert_string_equal(say(card, "0087089B047C028000"), "6A86");
    assert_string_equal(put(card, CHUID, 59), "6982");
    discard(card);
}

/* Objects -------------------------------------------------------------------------------------- */

static void test_an_object_is_read_as_it_was_written(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, "00CB3FFF05" CHUID "00"), "6A82");
    authenticate(card);
    assert_string_equal(put(card, CHUID, 3), "9000");
    assert_string_equal(say(card, "00CB3FFF05" CHUID "00"), "5303C5C5C59000");
    assert_string_equal(put(card, CHUID, 0), "9000");
    assert_string_equal(say(card, "00CB3FFF05" CHUID "00"), "6A82");
    assert_string_equal(put(card, "5C035FC17F", 3), "6A81");
    assert_string_equal(put(card, "5C035FFF00", 3), "6A81");
    assert_string_equal(say(card, "00CB3F0005" CHUID "00"), "6A86");
    assert_string_equal(say(card, "00CB3FFF03"
                                  "5F4100"
                                  "00"),
                        "6A80");
    discard(card);
}

static void test_a_long_object_comes_in_parts(void **state) {
    card_t *card = new_card("response-block=250", NULL);
    const char *answer;

    authenticate(card);
    assert_string_equal(put(card, CERTIFICATE, 600), "9000");
    answer = say(card, "00CB3FFF05" CERTIFICATE "00");
    assert_int_equal(strlen(answer), 2 * 252);
    assert_string_equal(sw(answer), "6100");
    answer = say(card, "00C0000000");
    assert_string_equal(sw(answer), "6168");
    answer = say(card, "00C0000010");
    assert_int_equal(strlen(answer), 2 * 18);
    assert_string_equal(sw(answer), "6158");
    assert_string_equal(sw(say(card, "00C0000000")), "9000");
    assert_string_equal(say(card, "00C0000000"), "6985");
    say(card, "00CB3FFF05" CERTIFICATE "00");
    say(card, PIN_STATUS);
    assert_string_equal(say(card, "00C0000000"), "6985");
    discard(card);
}

static void test_some_objects_are_read_with_the_pin_only(void **state) {
    card_t *card = new_card(NULL);

    authenticate(card);
    put(card, PRINTED, 20);
    assert_string_equal(say(card, "00CB3FFF05" PRINTED "00"), "6982");
    say(card, RIGHT_PIN);
    assert_string_equal(sw(say(card, "00CB3FFF05" PRINTED "00")), "9000");
    discard(card);
}

static void test_a_full_container_says_so(void **state) {
    card_t *card = new_card(NULL);

    authenticate(card);
    assert_string_equal(put(card, CERTIFICATE, 1905), "9000");
    assert_string_equal(put(card, CERTIFICATE, 1906), "6A84");
    discard(card);
    card = new_card("container-size=3000", "memory=3500", NULL);
    authenticate(card);
    assert_string_equal(put(card, CERTIFICATE, 3000), "9000");
    assert_string_equal(put(card, CHUID, 501), "6A84");
    assert_string_equal(put(card, CHUID, 500), "9000");
    assert_string_equal(put(card, CERTIFICATE, 2999), "9000");
    discard(card);
}

static void test_the_discovery_object_names_application_and_pin(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, "00CB3FFF035C017E00"),
                        "7E124F0BA0000003080000100001005F2F0240009000");
    discard(card);
    card = new_card("discovery=no", NULL);
    assert_string_equal(say(card, "00CB3FFF035C017E00"), "6A82");
    authenticate(card);
    assert_string_equal(say(card, "00DB3FFF057E035F2F00"), "9000");
    assert_string_equal(say(card, "00CB3FFF035C017E00"), "7E035F2F009000");
    discard(card);
}

static void test_an_empty_object_is_absent_or_empty(void **state) {
    card_t *card = new_card("empty-object=5300", NULL);

    assert_string_equal(say(card, "00CB3FFF05" CHUID "00"), "53009000");
    discard(card);
}

/* Memory --------------------------------------------------------------------------------------- */

static void test_what_the_card_knows_survives_its_process(void **state) {
    char path[] = "/tmp/cardsim-state-XXXXXX";
    int fd = mkstemp(path);
    card_t *card = new_card(NULL), *again = calloc(1, sizeof(*again));

    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    card->state_path = again->state_path = path;
    assert_true(state_open(card));
    say(card, WRONG_PIN);
    say(card, "0024008110" RIGHT_PUK WRONG_PUK);
    authenticate(card);
    put(card, CERTIFICATE, 600);
    generate(card, "9E", "11");

    settings_default(&again->settings);
    assert_true(state_open(again));
    card_power(again);
    say(again, SELECT);
    assert_string_equal(say(again, PIN_STATUS), "63C2");
    assert_string_equal(say(again, UNBLOCK WRONG_PUK NEW_PIN), "9000");
    assert_string_equal(sw(say(again, "00CB3FFF05" CERTIFICATE "00")), "6100");
    assert_string_equal(sign_p256(again, "9E"), "9000");
    assert_int_equal(EVP_PKEY_eq(card_key(again, 0x9E)->key, card_key(card, 0x9E)->key), 1);
    unlink(path);
    discard(card);
    discard(again);
}

static void test_settings_that_are_none_are_refused(void **state) {
    settings_t settings;

    settings_default(&settings);
    assert_false(settings_set(&settings, "pin-tries", "0"));
    assert_false(settings_set(&settings, "pin-tries", "16"));
    assert_false(settings_set(&settings, "pin", "12345"));
    assert_false(settings_set(&settings, "reselect", "maybe"));
    assert_false(settings_set(&settings, "atr", "3"));
    assert_false(settings_set(&settings, "algorithms", "rsa512"));
    assert_false(settings_set(&settings, "colour", "red"));
    assert_true(settings_set(&settings, "algorithms", "rsa2048, p256"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select_tells_the_application_by_full_and_truncated_name),
        cmocka_unit_test(test_a_card_that_truncates_no_further_than_the_standard),
        cmocka_unit_test(test_nothing_is_done_before_the_application_is_selected),
        cmocka_unit_test(test_selecting_again_keeps_the_pin_or_drops_it),
        cmocka_unit_test(test_the_pin_opens_until_the_power_goes),
        cmocka_unit_test(test_three_wrong_pins_block_the_pin),
        cmocka_unit_test(test_a_wrong_pin_takes_back_the_right_one),
        cmocka_unit_test(test_a_card_with_five_tries_and_its_own_word_for_blocked),
        cmocka_unit_test(test_a_pin_that_is_none_costs_a_try_on_some_cards_only),
        cmocka_unit_test(test_there_is_no_global_pin),
        cmocka_unit_test(test_the_pin_is_changed_by_who_knows_it),
        cmocka_unit_test(test_the_puk_gives_a_blocked_card_a_new_pin),
        cmocka_unit_test(test_three_wrong_puks_end_the_card),
        cmocka_unit_test(test_the_puk_is_changed_unless_the_card_does_not_offer_it),
        cmocka_unit_test(test_the_management_key_authenticates_both_sides),
        cmocka_unit_test(test_the_host_alone_is_authenticated_by_challenge),
        cmocka_unit_test(test_a_wrong_or_late_proof_authenticates_nobody),
        cmocka_unit_test(test_an_object_is_read_as_it_was_written),
        cmocka_unit_test(test_a_long_object_comes_in_parts),
        cmocka_unit_test(test_some_objects_are_read_with_the_pin_only),
        cmocka_unit_test(test_a_full_container_says_so),
        cmocka_unit_test(test_the_discovery_object_names_application_and_pin),
        cmocka_unit_test(test_an_empty_object_is_absent_or_empty),
        cmocka_unit_test(test_what_the_card_knows_survives_its_process),
        cmocka_unit_test(test_settings_that_are_none_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
