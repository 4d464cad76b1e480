/* The simulated card: private keys, transport, Yubico's commands, hostility. */
#include "cardsim_fixture.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include "../cardsim/keys.h"
#include "../cardsim/objects.h"

/* Keys ----------------------------------------------------------------------------------------- */

static void test_a_key_is_generated_with_the_management_key_only(void **state) {
    card_t *card = new_card("algorithms=p256", NULL);

    assert_string_equal(generate(card, "9C", "11"), "6982");
    authenticate(card);
    assert_memory_equal(generate(card, "9C", "11"), "7F4943864104", 12);
    assert_string_equal(generate(card, "9C", "14"), "6A80");
    assert_string_equal(generate(card, "9C", "07"), "6A80");
    assert_string_equal(generate(card, "9B", "11"), "6A86");
    assert_string_equal(generate(card, "82", "11"), "6A86");
    discard(card);
}

static void test_each_key_has_its_pin_rule(void **state) {
    card_t *card = new_card("key-usage=any", NULL);

    authenticate(card);
    generate(card, "9A", "11");
    generate(card, "9C", "11");
    generate(card, "9D", "11");
    generate(card, "9E", "11");
    assert_string_equal(sign_p256(card, "9E"), "9000");
    assert_string_equal(sign_p256(card, "9A"), "6982");
    assert_string_equal(sign_p256(card, "9D"), "6982");
    say(card, RIGHT_PIN);
    assert_string_equal(sign_p256(card, "9C"), "9000");
    assert_string_equal(sign_p256(card, "9C"), "6982");
    assert_string_equal(sign_p256(card, "9A"), "9000");
    assert_string_equal(sign_p256(card, "9A"), "9000");
    assert_string_equal(sign_p256(card, "9D"), "9000");
    discard(card);
}

static void test_9c_wants_the_pin_immediately_before(void **state) {
    card_t *card = new_card(NULL);

    authenticate(card);
    generate(card, "9C", "11");
    say(card, RIGHT_PIN);
    say(card, PIN_STATUS);
    assert_string_equal(sign_p256(card, "9C"), "6982");
    say(card, RIGHT_PIN);
    say(card, "0087039B047C028000");
    assert_string_equal(sign_p256(card, "9C"), "6982");
    discard(card);
    card = new_card("pin-always=once", NULL);
    authenticate(card);
    generate(card, "9A", "11");
    generate(card, "9C", "11");
    say(card, RIGHT_PIN);
    assert_string_equal(sign_p256(card, "9A"), "9000");
    say(card, "00CB3FFF05" CHUID "00");
    assert_string_equal(sign_p256(card, "9C"), "9000");
    assert_string_equal(sign_p256(card, "9C"), "6982");
    discard(card);
}

/* In PKCS#1 padding, as the host pads it, chained, with the PIN before the chain. */
static void test_rsa_signs_what_openssl_verifies(void **state) {
    static const unsigned char info[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                         0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    card_t *card = new_card(NULL);
    unsigned char block[256], digest[32], apdu[5 + 256], signature[256];
    bytes_t *data = calloc(1, sizeof(*data)), *inner = calloc(1, sizeof(*inner));
    char text[1100];
    EVP_PKEY_CTX *context;

    authenticate(card);
    assert_string_equal(sw(generate(card, "9C", "07")), "610E");
    say(card, RIGHT_PIN);
    memset(digest, 0x5A, sizeof(digest));
    memset(block, 0xFF, sizeof(block));
    block[0] = 0x00;
    block[1] = 0x01;
    block[sizeof(block) - sizeof(info) - 33] = 0x00;
    memcpy(block + sizeof(block) - sizeof(info) - 32, info, sizeof(info));
    memcpy(block + sizeof(block) - 32, digest, sizeof(digest));
    tlv_append(inner, 0x82, NULL, 0);
    tlv_append(inner, 0x81, block, sizeof(block));
    tlv_append(data, 0x7C, inner->data, inner->length);
    memcpy(apdu, "\x10\x87\x07\x9C\xFF", 5);
    memcpy(apdu + 5, data->data, 255);
    assert_string_equal(say_bytes(card, apdu, 260), "9000");
    apdu[0] = 0x00;
    apdu[4] = (unsigned char)(data->length - 255);
    memcpy(apdu + 5, data->data + 255, data->length - 255);
    apdu[5 + data->length - 255] = 0x00;
    snprintf(text, sizeof(text), "%.512s", say_bytes(card, apdu, 6 + data->length - 255));
    snprintf(text + 512, sizeof(text) - 512, "%.500s", say(card, "00C0000000"));
    assert_memory_equal(text, "7C82010482820100", 16);
    assert_string_equal(sw(text), "9000");
    text[strlen(text) - 4] = '\0';
    assert_int_equal(unhex(signature, text + 16), 256);
    context = EVP_PKEY_CTX_new(card_key(card, 0x9C)->key, NULL);
    assert_int_equal(EVP_PKEY_verify_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_verify(context, signature, 256, digest, 32), 1);
    EVP_PKEY_CTX_free(context);
    free(data);
    free(inner);
    discard(card);
}

static void test_an_elliptic_9d_agrees_and_does_not_sign(void **state) {
    card_t *card = new_card(NULL);
    EVP_PKEY *own = EVP_EC_gen("P-256"), *cards;
    EVP_PKEY_CTX *context;
    unsigned char *point = NULL, secret[32];
    size_t length = sizeof(secret);
    char command[256], expected[65];

    authenticate(card);
    generate(card, "9D", "11");
    say(card, RIGHT_PIN);
    assert_string_equal(sign_p256(card, "9D"), "6A80");
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(own, &point), 65);
    snprintf(command, sizeof(command), "0087119D477C4582008541");
    for (size_t i = 0; i < 65; i++) {
        snprintf(command + strlen(command), 3, "%02X", point[i]);
    }
    strncat(command, "00", 3);
    cards = card_key(card, 0x9D)->key;
    context = EVP_PKEY_CTX_new(own, NULL);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, cards), 1);
    assert_int_equal(EVP_PKEY_derive(context, secret, &length), 1);
    for (size_t i = 0; i < 32; i++) {
        snprintf(expected + 2 * i, 3, "%02X", secret[i]);
    }
    assert_memory_equal(say(card, command), "7C228220", 8);
    assert_memory_equal(say(card, command) + 8, expected, 64);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(own);
    OPENSSL_free(point);
    discard(card);
}

static void test_a_key_of_another_algorithm_or_none_is_not_used(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(sign_p256(card, "9E"), "6A86");
    authenticate(card);
    generate(card, "9E", "14");
    assert_string_equal(sign_p256(card, "9E"), "6A86");
    assert_string_equal(say(card, "0087149E027C0000"), "6A80");
    assert_string_equal(say(card, "0087149E047D028200"), "6A80");
    discard(card);
}

/* Transport ------------------------------------------------------------------------------------ */

static void test_malformed_commands_are_told_so(void **state) {
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, "002000"), "6700");
    assert_string_equal(say(card, "002000800831"), "6700");
    assert_string_equal(say(card, "00200080083132333435363738"
                                  "0000"),
                        "6700");
    assert_string_equal(say(card, "0C200080"), "6882");
    assert_string_equal(say(card, "01200080"), "6881");
    assert_string_equal(say(card, "80200080"), "6E00");
    assert_string_equal(say(card, "00FD000000"), "6D00");
    assert_string_equal(say(card, "10200080023132"), "6884");
    discard(card);
}

static void test_another_command_ends_a_chain(void **state) {
    card_t *card = new_card(NULL);

    authenticate(card);
    assert_string_equal(say(card, "10DB3FFF05" CHUID), "9000");
    assert_string_equal(say(card, PIN_STATUS), "63C3");
    assert_string_equal(say(card, "00DB3FFF03530101"), "6A80");
    discard(card);
}

static void test_extended_length_where_the_card_has_it(void **state) {
    static const char extended[] = "00CB3FFF000005" CERTIFICATE "0000";
    card_t *card = new_card(NULL);

    assert_string_equal(say(card, extended), "6700");
    discard(card);
    card = new_card("transfer=both", NULL);
    authenticate(card);
    put(card, CERTIFICATE, 600);
    assert_int_equal(strlen(say(card, extended)), 2 * (604 + 2));
    assert_string_equal(sw(say(card, "00CB3FFF05" CERTIFICATE "00")), "6100");
    discard(card);
    card = new_card("transfer=extended", NULL);
    assert_string_equal(say(card, "10DB3FFF05" CHUID), "6884");
    card_object_set(card, 0x5FC10A, (const unsigned char *)extended, sizeof(extended));
    assert_string_equal(say(card, "00CB3FFF05" CERTIFICATE "10"), "6700");
    assert_string_equal(sw(say(card, extended)), "9000");
    discard(card);
}

static void test_a_command_without_le_is_answered_or_announced(void **state) {
    card_t *card = new_card("no-le=61xx", NULL);

    assert_string_equal(say(card, "00A4040005A000000308"), "6122");
    assert_memory_equal(say(card, "00C0000022"), "6120", 4);
    discard(card);
    card = new_card("no-le=61xx", "wrong-le=6Cxx", NULL);
    say(card, "00A4040005A000000308");
    assert_string_equal(say(card, "00C0000000"), "6C22");
    assert_string_equal(say(card, "00C0000023"), "6C22");
    assert_string_equal(sw(say(card, "00C0000020")), "6102");
    assert_string_equal(say(card, "00C0000002"), "72649000");
    discard(card);
}

/* Yubico's commands ---------------------------------------------------------------------------- */

static void test_yubicos_commands_are_there_when_wanted(void **state) {
    card_t *card = new_card("yubico=yes", "serial=258", NULL);

    assert_string_equal(say(card, "00FD000000"), "0504039000");
    assert_string_equal(say(card, "00F8000000"), "000001029000");
    assert_string_equal(say(card, "00F9"
                                  "9A0000"),
                        "6D00");
    assert_string_equal(say(card, "00F7008000"), "0101FF050101060203039000");
    assert_string_equal(say(card, "00F7009A00"), "6A88");
    authenticate(card);
    generate(card, "82", "11");
    assert_memory_equal(say(card, "00F7008200"), "01011102020201030101044386", 26);
    discard(card);
}

static void test_the_management_key_is_changed_by_yubicos_command(void **state) {
    card_t *card = new_card("yubico=yes", NULL);
    const char *change = "00FFFFFF13089B10"
                         "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF";

    assert_string_equal(say(card, change), "6982");
    authenticate(card);
    assert_string_equal(say(card, change), "9000");
    card_power(card);
    say(card, SELECT);
    assert_string_equal(say(card, "0087039B047C028000"), "6A86");
    assert_string_equal(authenticate(card), "9000");
    discard(card);
}

static void test_a_yubico_card_is_reset_when_pin_and_puk_are_blocked(void **state) {
    card_t *card = new_card("yubico=yes", NULL);

    authenticate(card);
    put(card, CHUID, 59);
    assert_string_equal(say(card, "00FB0000"), "6985");
    for (int i = 0; i < 3; i++) {
        say(card, WRONG_PIN);
        say(card, UNBLOCK WRONG_PUK NEW_PIN);
    }
    assert_string_equal(say(card, "00FB0000"), "9000");
    assert_string_equal(say(card, "00CB3FFF05" CHUID "00"), "6A82");
    assert_string_equal(say(card, RIGHT_PIN), "9000");
    discard(card);
}

static void test_an_imported_key_signs(void **state) {
    card_t *card = new_card("yubico=yes", NULL);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIGNUM *number = NULL;
    unsigned char apdu[39] = {0x00, 0xFE, 0x11, 0x9E, 34, 0x06, 32};

    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
    BN_bn2binpad(number, apdu + 7, 32);
    assert_string_equal(say_bytes(card, apdu, sizeof(apdu)), "6982");
    authenticate(card);
    assert_string_equal(say_bytes(card, apdu, sizeof(apdu)), "9000");
    assert_string_equal(sign_p256(card, "9E"), "9000");
    assert_int_equal(EVP_PKEY_eq(key, card_key(card, 0x9E)->key), 1);
    BN_clear_free(number);
    EVP_PKEY_free(key);
    discard(card);
}

/* Hostility ------------------------------------------------------------------------------------ */

static void test_an_endless_answer_does_not_end(void **state) {
    card_t *card = new_card("hostile=endless", "hostile-at=2", NULL);

    assert_string_equal(sw(say(card, PIN_STATUS)), "61FF");
    for (int i = 0; i < 100; i++) {
        assert_string_equal(sw(say(card, "00C0000000")), "61FF");
    }
    discard(card);
}

static void test_a_hostile_card_shows_a_key_that_is_not_its_own(void **state) {
    card_t *card = new_card("hostile=key", NULL);
    char shown[200];
    unsigned char *point = NULL;
    char own[131];

    authenticate(card);
    snprintf(shown, sizeof(shown), "%.199s", generate(card, "9E", "11"));
    assert_memory_equal(shown, "7F494386410", 11);
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(card_key(card, 0x9E)->key, &point), 65);
    for (size_t i = 0; i < 65; i++) {
        snprintf(own + 2 * i, 3, "%02X", point[i]);
    }
    assert_memory_not_equal(shown + 10, own, 130);
    assert_string_equal(sign_p256(card, "9E"), "9000");
    OPENSSL_free(point);
    discard(card);
}

static void test_a_hostile_card_shows_another_certificate(void **state) {
    card_t *card = new_card("hostile=certificate", NULL);

    assert_memory_equal(say(card, "00CB3FFF05" CERTIFICATE "00"), "5382", 4);
    assert_string_equal(say(card, "00CB3FFF05" CHUID "00"), "6A82");
    discard(card);
}

static void test_the_same_seed_tells_the_same_lies(void **state) {
    char first[2 * CARD_BYTES + 1];
    bool lied = false;

    for (int round = 0; round < 20; round++) {
        char setting[32];
        card_t *card, *same;

        snprintf(setting, sizeof(setting), "seed=%d", round + 1);
        card = new_card("yubico=yes", setting, NULL);
        same = new_card("yubico=yes", setting, NULL);
        settings_set(&card->settings, "hostile", "any");
        settings_set(&same->settings, "hostile", "any");
        card->settings.hostile_every = same->settings.hostile_every = 2;
        for (int i = 0; i < 10; i++) {
            snprintf(first, sizeof(first), "%s", say(card, "00F8000000"));
            assert_string_equal(say(same, "00F8000000"), first);
            lied = lied || strcmp(first, "000000019000") != 0;
        }
        discard(card);
        discard(same);
    }
    assert_true(lied);
}

/* The card itself must stand whatever it is sent: under ASan this is its fuzz test. */
static void test_no_command_breaks_the_card(void **state) {
    static const unsigned char ins[] = {0x20, 0x24, 0x2C, 0x47, 0x87, 0xA4, 0xC0,
                                        0xCB, 0xDB, 0xF7, 0xFA, 0xFE, 0xFF};
    static const unsigned char tags[] = {0x7C, 0x80, 0x81, 0x82, 0x85,
                                         0x53, 0x5C, 0xAC, 0x7E, 0x06};
    card_t *card = new_card("yubico=yes", "algorithms=p256", "transfer=both", "hostile=any",
                            "hostile-every=50", "seed=4711", NULL);
    unsigned char apdu[300];
    static bytes_t answer;

    srand(1);
    authenticate(card);
    for (int i = 0; i < 20000; i++) {
        size_t length = (size_t)rand() % sizeof(apdu);

        for (size_t at = 0; at < length; at++) {
            apdu[at] = rand() % 2 ? (unsigned char)rand() : tags[(size_t)rand() % sizeof(tags)];
        }
        apdu[0] = rand() % 8 == 0 ? 0x10 : 0x00;
        apdu[1] = ins[(size_t)rand() % sizeof(ins)];
        if (rand() % 2 && length > 5) {
            apdu[4] = (unsigned char)(length - 5);
        }
        card->endless = false;
        card_run(card, apdu, length, &answer);
        assert_true(answer.length >= 1 && answer.length <= CARD_BYTES);
    }
    discard(card);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_is_generated_with_the_management_key_only),
        cmocka_unit_test(test_each_key_has_its_pin_rule),
        cmocka_unit_test(test_9c_wants_the_pin_immediately_before),
        cmocka_unit_test(test_rsa_signs_what_openssl_verifies),
        cmocka_unit_test(test_an_elliptic_9d_agrees_and_does_not_sign),
        cmocka_unit_test(test_a_key_of_another_algorithm_or_none_is_not_used),
        cmocka_unit_test(test_malformed_commands_are_told_so),
        cmocka_unit_test(test_another_command_ends_a_chain),
        cmocka_unit_test(test_extended_length_where_the_card_has_it),
        cmocka_unit_test(test_a_command_without_le_is_answered_or_announced),
        cmocka_unit_test(test_yubicos_commands_are_there_when_wanted),
        cmocka_unit_test(test_the_management_key_is_changed_by_yubicos_command),
        cmocka_unit_test(test_a_yubico_card_is_reset_when_pin_and_puk_are_blocked),
        cmocka_unit_test(test_an_imported_key_signs),
        cmocka_unit_test(test_an_endless_answer_does_not_end),
        cmocka_unit_test(test_a_hostile_card_shows_a_key_that_is_not_its_own),
        cmocka_unit_test(test_a_hostile_card_shows_another_certificate),
        cmocka_unit_test(test_the_same_seed_tells_the_same_lies),
        cmocka_unit_test(test_no_command_breaks_the_card),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
