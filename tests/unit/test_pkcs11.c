/* Keys in a token: SoftHSM2 with a token folder of its own for each test. */
#include "crypto_fixture.h"

#include "outside/crypto.h"
#include "outside/crypto_card.h"
#include "outside/crypto_pkcs11.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define URI    "pkcs11:token=XCA%20test;object=ca"

static xca_token_access_t with_pin;

static xca_token_access_t access_with(const char *pin) {
    xca_token_access_t access = {MODULE, write_file(apr_pstrcat(test_pool, "pin-", pin, NULL), pin, strlen(pin)), 0};

    return access;
}

static int open_token(void **state) {
    if (open_pool(state) != 0) {
        return 1;
    }
    write_file("softhsm2.conf",
               apr_pstrcat(test_pool, "directories.tokendir = ", test_folder, "/tokens\nlog.level = ERROR\n", NULL),
               strlen(test_folder) + 50);
    setenv("SOFTHSM2_CONF", test_path("softhsm2.conf"), 1);
    run_well("mkdir tokens && softhsm2-util --init-token --free --label 'XCA test' --so-pin 12345678 --pin 246810");
    with_pin = access_with("246810\n");
    return 0;
}

#define TOKEN_TEST(function) cmocka_unit_test_setup_teardown(function, open_token, close_pool)

static const char *open_fails(const char *uri, const xca_token_access_t *access) {
    xca_key_t *key;

    return message_of(xca_pkcs11_key_open(&key, uri, access, test_pool));
}

static void check_signs(const xca_key_t *key) {
    xca_bytes_t signature, spki;

    assert_fine(xca_key_sign(&signature, key, "text", 4, test_pool));
    assert_fine(xca_key_spki(&spki, key, test_pool));
    write_file("spki.der", spki.data, spki.length);
    write_file("signature", signature.data, signature.length);
    write_file("text", "text", 4);
    run_well("openssl dgst -sha256 -verify spki.der -keyform DER -signature signature text");
}

/* An authority below a file's root whose key is in the token. */
static void check_authority(const char *type) {
    test_authority_t a = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("rsa:2048");
    xca_key_t *key;
    xca_bytes_t der, list;
    const char *pem;

    assert_fine(xca_pkcs11_key_make(&key, URI, type, &with_pin, test_pool));
    assert_fine(xca_setup_certificate(&a.certificate, XCA_SETUP_CA, "OU=HSM,O=行政院,C=TW", NULL, NULL, key, a.root_key,
                                      a.root, TEST_NOW - TEST_DAY, TEST_NOW + 7000 * TEST_DAY, test_pool));
    assert_fine(xca_ca_open(&a.ca, key, a.certificate, &a.root, 1, &test_profile, test_pool));
    assert_fine(xca_ca_issue(&der, a.ca, &order, test_pool));
    assert_fine(xca_ca_crl(&list, a.ca, NULL, 0, 1, TEST_NOW, TEST_NOW + TEST_DAY, test_pool));
    pem = xca_cert_pem(test_pool, a.certificate);
    write_file("ca.pem", pem, strlen(pem));
    pem = xca_cert_pem(test_pool, der);
    write_file("leaf.pem", pem, strlen(pem));
    write_file("list.der", list.data, list.length);
    run_well("openssl verify -x509_strict -CAfile root.pem -untrusted ca.pem -attime 1795496800 leaf.pem");
    run_well("openssl crl -inform DER -in list.der -CAfile ca.pem -noout");
    check_signs(key);
    assert_string_equal(message_of(xca_pkcs11_key_make(&key, URI, type, &with_pin, test_pool)), "hsm.key-exists");
}

static void test_an_authority_signs_with_rsa_4096_in_a_token(void **state) {
    check_authority("rsa:4096");
}

static void test_an_authority_signs_with_p384_in_a_token(void **state) {
    check_authority("ec:P-384");
}

static void test_a_key_cannot_be_read_out(void **state) {
    xca_key_t *key;
    const char *listed;

    assert_fine(xca_pkcs11_key_make(&key, URI, "ec:P-256", &with_pin, test_pool));
    listed = run_well("pkcs11-tool --module " MODULE " --token-label 'XCA test' --login --pin 246810 -O --type privkey");
    assert_non_null(strstr(listed, "never extractable"));
    assert_non_null(strstr(listed, "sensitive"));
    assert_string_equal(message_of(xca_key_write(key, test_path("out.pem"), test_pool)), "crypto.key");
}

static void test_what_a_uri_must_say(void **state) {
    xca_token_access_t none = {NULL, NULL, 0}, wrong = {"/usr/lib/none.so", NULL, 0};
    xca_key_t *key;

    assert_string_equal(open_fails("pkcs11:token=XCA%20test", &with_pin), "hsm.uri");
    assert_string_equal(open_fails("pkcs11:token=XCA%2;object=ca", &with_pin), "hsm.uri");
    assert_string_equal(open_fails(URI ";unknown=1", &with_pin), "hsm.uri");
    assert_string_equal(open_fails(URI "?module-path=/lib/other.so", &with_pin), "hsm.uri");
    assert_string_equal(open_fails(URI "?pin-source=/etc/pin", &with_pin), "hsm.uri");
    assert_string_equal(open_fails(URI, &none), "hsm.module-missing");
    assert_string_equal(open_fails(URI, &wrong), "hsm.module");
    assert_string_equal(message_of(xca_pkcs11_key_make(&key, "pkcs11:token=XCA%20test;id=%01", "ec:P-256", &with_pin, test_pool)),
                        "hsm.uri");
    assert_string_equal(message_of(xca_pkcs11_key_make(&key, URI, "rsa:1024", &with_pin, test_pool)), "key.type");
}

static void test_a_pin_in_a_uri_is_refused_and_not_repeated(void **state) {
    xca_key_t *key;
    xca_error_t *err = xca_pkcs11_key_open(&key, URI "?pin-value=246810", &with_pin, test_pool);

    assert_string_equal(message_of(err), "hsm.uri-pin");
    assert_null(err->arg);
    assert_null(strstr(err->detail, "246810"));
}

static void test_what_is_not_there_is_told_apart(void **state) {
    xca_token_access_t no_pin = {MODULE, NULL, 0}, no_file = {MODULE, "/nowhere/pin", 0};
    xca_key_t *key;

    assert_string_equal(open_fails("pkcs11:token=other;object=ca", &with_pin), "hsm.away");
    assert_string_equal(open_fails(URI, &with_pin), "hsm.no-key");
    assert_fine(xca_pkcs11_key_make(&key, URI, "ec:P-256", &with_pin, test_pool));
    assert_fine(xca_pkcs11_key_make(&key, "pkcs11:token=XCA%20test;object=audit;id=%01", "ec:P-256", &with_pin, test_pool));
    assert_string_equal(open_fails("pkcs11:token=XCA%20test;object=ca;id=%01", &with_pin), "hsm.no-key");
    assert_fine(xca_pkcs11_key_open(&key, "pkcs11:object=audit", &with_pin, test_pool));
    check_signs(key);
    run_well("pkcs11-tool --module " MODULE " --token-label 'XCA test' --login --pin 246810 --keypairgen --key-type EC:prime256v1 "
             "--label ca --id 77");
    assert_string_equal(open_fails(URI, &with_pin), "hsm.ambiguous");
    assert_fine(xca_pkcs11_key_open(&key, URI ";id=%77", &with_pin, test_pool));
    check_signs(key);
    run_well("softhsm2-util --init-token --free --label 'XCA test' --so-pin 12345678 --pin 246810");
    assert_string_equal(open_fails("pkcs11:token=other;object=ca", &with_pin), "hsm.away"); /* the library looks anew */
    assert_string_equal(open_fails(URI ";id=%77", &with_pin), "hsm.ambiguous");
    assert_string_equal(open_fails("pkcs11:token=none", &no_pin), "hsm.uri");
    run_well("rm -r tokens/* && softhsm2-util --init-token --free --label 'XCA test' --so-pin 12345678 --pin 246810");
    assert_string_equal(open_fails("pkcs11:token=other;object=ca", &with_pin), "hsm.away");
    assert_string_equal(open_fails(URI, &no_pin), "hsm.pin-missing");
    assert_string_equal(open_fails(URI, &no_file), "hsm.pin-file");
}

/* SoftHSM never locks, but it says that a wrong PIN was given: only once, whoever tries again with the same. */
static void test_a_wrong_pin_is_given_once(void **state) {
    xca_token_access_t wrong = access_with("13579"), other = access_with("97531"), asked = with_pin;
    xca_key_t *key;
    int i;

    assert_fine(xca_pkcs11_key_make(&key, URI, "ec:P-256", &with_pin, test_pool));
    /* every session of this process is gone, and so is its login */
    assert_string_equal(open_fails("pkcs11:token=other;object=ca", &with_pin), "hsm.away");
    for (i = 0; i < 20; i++) {
        assert_string_equal(open_fails(URI, &wrong), "hsm.pin");
    }
    assert_string_equal(open_fails(URI, &other), "hsm.pin"); /* another one may be tried: once */
    /* Another process finds the token's flag and does not try at all, until somebody asks for it. */
    run_well("pkcs11-tool --module " MODULE " --token-label 'XCA test' -L | grep 'user PIN count low'");
    asked.low_count = 1;
    assert_fine(xca_pkcs11_key_open(&key, URI, &asked, test_pool));
    run_well("! pkcs11-tool --module " MODULE " --token-label 'XCA test' -L | grep 'user PIN count low'");
}

static void test_a_token_with_a_wrong_pin_behind_it_gets_none(void **state) {
    xca_key_t *key;
    xca_token_access_t asked = with_pin;

    assert_fine(xca_pkcs11_key_make(&key, URI, "ec:P-256", &with_pin, test_pool));
    run_well("! pkcs11-tool --module " MODULE " --token-label 'XCA test' --login --pin 111111 -O");
    assert_string_equal(open_fails("pkcs11:token=other;object=ca", &with_pin), "hsm.away");
    assert_string_equal(open_fails(URI, &with_pin), "hsm.pin-count-low");
    asked.low_count = 1;
    assert_fine(xca_pkcs11_key_open(&key, URI, &asked, test_pool));
    assert_string_equal(open_fails("pkcs11:token=other;object=ca", &with_pin), "hsm.away");
    assert_fine(xca_pkcs11_key_open(&key, URI, &with_pin, test_pool));
}

static void test_a_key_comes_back_with_its_token(void **state) {
    xca_bytes_t signature;
    xca_key_t *key, *audit;
    xca_error_t *err;
    int i;

    assert_fine(xca_pkcs11_key_make(&key, URI, "rsa:2048", &with_pin, test_pool));
    assert_fine(xca_pkcs11_key_make(&audit, "pkcs11:token=XCA%20test;object=audit", "ec:P-256", &with_pin, test_pool));
    check_signs(key);
    check_signs(audit);
    run_well("mv tokens away && mkdir tokens");
    for (i = 0; i < 3; i++) {
        err = xca_key_sign(&signature, key, "text", 4, test_pool);
        assert_string_equal(message_of(err), "hsm.away");
        assert_true(xca_key_is_away(err));
    }
    assert_string_equal(message_of(xca_key_sign(&signature, audit, "text", 4, test_pool)), "hsm.away");
    run_well("rmdir tokens && mv away tokens");
    sleep(3);
    check_signs(key);
    check_signs(audit);
    check_signs(key);
}

/* A key of the same name in a token of the same name, put in its place: no signature of it gets out. */
static void test_another_key_in_the_same_place_is_found_out(void **state) {
    xca_bytes_t signature;
    xca_key_t *key;

    assert_fine(xca_pkcs11_key_make(&key, URI, "ec:P-256", &with_pin, test_pool));
    run_well("rm -r tokens && mkdir tokens && softhsm2-util --init-token --free --label 'XCA test' --so-pin 12345678 --pin 246810 && "
             "pkcs11-tool --module " MODULE " --token-label 'XCA test' --login --pin 246810 --keypairgen --key-type "
             "EC:prime256v1 --label ca --id 77");
    assert_string_equal(message_of(xca_key_sign(&signature, key, "text", 4, test_pool)), "hsm.signature");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TOKEN_TEST(test_an_authority_signs_with_rsa_4096_in_a_token),
        TOKEN_TEST(test_an_authority_signs_with_p384_in_a_token),
        TOKEN_TEST(test_a_key_cannot_be_read_out),
        TOKEN_TEST(test_what_a_uri_must_say),
        TOKEN_TEST(test_a_pin_in_a_uri_is_refused_and_not_repeated),
        TOKEN_TEST(test_what_is_not_there_is_told_apart),
        TOKEN_TEST(test_a_token_with_a_wrong_pin_behind_it_gets_none),
        TOKEN_TEST(test_a_wrong_pin_is_given_once),
        TOKEN_TEST(test_a_key_comes_back_with_its_token),
        TOKEN_TEST(test_another_key_in_the_same_place_is_found_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
