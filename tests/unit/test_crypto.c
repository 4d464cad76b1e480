/* Digests, base64, user codes, keys and their files. */
#include "crypto_fixture.h"

#include <sys/stat.h>
#include "outside/crypto.h"

static xca_secret_t *secret(const char *text) {
    return xca_secret_make(test_pool, text, strlen(text));
}

static void test_digests_are_those_of_the_standards(void **state) {
    unsigned char mac[32];

    assert_string_equal(xca_sha256_hex(test_pool, "abc", 3), /* FIPS 180-4 */
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(xca_sha256_hex(test_pool, "", 0),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    xca_hmac(mac, secret("Jefe"), "what do ya want for nothing?", 28); /* RFC 4231 case 2 */
    assert_string_equal(xca_text_hex(test_pool, mac, 32),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    xca_hmac(mac, secret(""), "", 0);
    assert_string_equal(xca_text_hex(test_pool, mac, 32),
                        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_random_bytes_differ(void **state) {
    unsigned char a[16], b[16];

    assert_fine(xca_random(a, sizeof(a), test_pool));
    assert_fine(xca_random(b, sizeof(b), test_pool));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void assert_unbase64(const char *text, const char *wanted) {
    xca_bytes_t *bytes = xca_unbase64(test_pool, text, strlen(text));

    assert_non_null(bytes);
    assert_int_equal(bytes->length, strlen(wanted));
    assert_memory_equal(bytes->data, wanted, bytes->length);
}

static void test_base64_of_the_standards_examples(void **state) {
    static const char *const pairs[][2] = {{"", ""},         {"f", "Zg=="},     {"fo", "Zm8="},
                                           {"foo", "Zm9v"},  {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    size_t i;

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) { /* RFC 4648 section 10 */
        assert_string_equal(xca_base64(test_pool, pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
        assert_unbase64(pairs[i][1], pairs[i][0]);
    }
    assert_string_equal(xca_base64(test_pool, "\xfb\xff", 2), "+/8=");
    assert_unbase64(" Zm 9v\r\n\tYmFy \n", "foobar");
}

static void test_what_is_not_base64_is_refused(void **state) {
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zg==Zg==", "Zh==",
                                      "Zm9=", "Zm9v!", "Zm9-", "Zm_v", "Zm9v=", "中文"};
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(xca_unbase64(test_pool, bad[i], strlen(bad[i])));
    }
    assert_null(xca_unbase64(test_pool, "Zm9v\0", 5));
}

static void test_a_user_code_is_known_again_and_no_other(void **state) {
    const char *hash, *again;
    int matches;

    assert_fine(xca_code_hash(&hash, secret("Abc-12345"), test_pool));
    assert_fine(xca_code_hash(&again, secret("Abc-12345"), test_pool));
    assert_true(strncmp(hash, "scrypt$15$8$1$", 14) == 0);
    assert_string_not_equal(hash, again);
    assert_fine(xca_code_verify(&matches, hash, secret("Abc-12345"), test_pool));
    assert_int_equal(matches, 1);
    assert_fine(xca_code_verify(&matches, hash, secret("abc-12345"), test_pool));
    assert_int_equal(matches, 0);
    assert_fine(xca_code_verify(&matches, hash, secret("Abc-12345 "), test_pool));
    assert_int_equal(matches, 0);
    assert_fine(xca_code_verify(&matches, hash, secret(""), test_pool));
    assert_int_equal(matches, 0);
}

/* RFC 7914 section 12: N 16, r 1, p 1 has 64 bytes; the first 32 of it are scrypt's for 32. N 1024, r 8, p 16:
 * "password", "NaCl". */
static void test_code_hashes_are_the_scrypt_of_the_standard(void **state) {
    static const unsigned char wanted[32] = {
        0xfd, 0xba, 0xbe, 0x1c, 0x9d, 0x34, 0x72, 0x00, 0x78, 0x56, 0xe7, 0x19, 0x0d, 0x01, 0xe9, 0xfe,
        0x7c, 0x6a, 0xd7, 0xcb, 0xc8, 0x23, 0x78, 0x30, 0xe7, 0x73, 0x76, 0x63, 0x4b, 0x37, 0x31, 0x62};
    const char *hash = apr_pstrcat(test_pool, "scrypt$10$8$16$", xca_base64(test_pool, "NaCl", 4), "$",
                                   xca_base64(test_pool, wanted, 32), NULL);
    int matches;

    assert_fine(xca_code_verify(&matches, hash, secret("password"), test_pool));
    assert_int_equal(matches, 1);
}

static void test_what_is_no_code_hash_is_refused(void **state) {
#define HASH32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    static const char *const bad[] = {"", "scrypt", "scrypt$", "scrypt$15$8$1$", "scrypt$15$8$1$TmFDbA==",
                                      "scrypt$15$8$1$TmFDbA==$", "scrypt$21$8$1$TmFDbA==$" HASH32,
                                      "scrypt$0$8$1$TmFDbA==$" HASH32, "scrypt$15$17$1$TmFDbA==$" HASH32,
                                      "scrypt$15$8$17$TmFDbA==$" HASH32, "scrypt$15$8$1$$" HASH32,
                                      "scrypt$18$8$1$TmFDbA==$" HASH32, "scrypt$17$16$1$TmFDbA==$" HASH32,
                                      "scrypt$-5$8$1$TmFDbA==$" HASH32, "scrypt$9999$8$1$TmFDbA==$" HASH32,
                                      "scrypt$15$8$1$TmFDbA==$AAAA", "bcrypt$15$8$1$TmFDbA==$" HASH32};
    int matches = 1;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_string_equal(message_of(xca_code_verify(&matches, bad[i], secret("x"), test_pool)),
                            "crypto.code-hash");
        assert_int_equal(matches, 0);
    }
}

static void check_key_file(const char *type, const char *shown) {
    const char *path = test_path("key.pem");
    xca_key_t *key, *back;
    xca_bytes_t spki, spki_back;
    struct stat file;

    assert_fine(xca_key_make(&key, type, test_pool));
    assert_int_equal(xca_key_certificate(key).length, 0);
    assert_fine(xca_key_write(key, path, test_pool));
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_string_equal(message_of(xca_key_write(key, path, test_pool)), "key.unwritable");
    assert_fine(xca_key_read(&back, path, NULL, test_pool));
    assert_fine(xca_key_spki(&spki, key, test_pool));
    assert_fine(xca_key_spki(&spki_back, back, test_pool));
    assert_int_equal(spki.length, spki_back.length);
    assert_memory_equal(spki.data, spki_back.data, spki.length);
    assert_non_null(strstr(run_well("openssl pkey -in key.pem -noout -text"), shown));
    assert_int_equal(unlink(path), 0);
}

static void test_keys_of_every_kind_are_made_written_and_read(void **state) {
    check_key_file("rsa:2048", "2048 bit");
    check_key_file("rsa:3072", "3072 bit");
    check_key_file("ec:P-256", "NIST CURVE: P-256");
    check_key_file("ec:P-384", "NIST CURVE: P-384");
}

static void test_keys_of_other_kinds_are_not_made(void **state) {
    static const char *const bad[] = {"", "rsa", "rsa:1024", "rsa:99999", "ec:P-521", "ed25519", "ec:"};
    xca_key_t *key;
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_string_equal(message_of(xca_key_make(&key, bad[i], test_pool)), "key.type");
    }
}

static void test_an_officers_key_travels_as_pkcs12(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    const char *path = test_path("officer.p12");
    xca_key_t *key, *back;
    xca_bytes_t certificate;

    assert_fine(xca_key_make(&key, "rsa:2048", test_pool));
    assert_fine(xca_setup_certificate(&certificate, XCA_SETUP_OFFICER, "CN=central-1,C=TW", NULL, NULL, key,
                                      authority.key, authority.certificate, TEST_NOW,
                                      TEST_NOW + TEST_DAY, test_pool));
    assert_fine(xca_key_write_pkcs12(key, certificate, authority.certificate, secret("通關密語 1"), path,
                                     test_pool));
    assert_fine(xca_key_read(&back, path, secret("通關密語 1"), test_pool));
    assert_int_equal(xca_key_certificate(back).length, certificate.length);
    assert_memory_equal(xca_key_certificate(back).data, certificate.data, certificate.length);
    assert_string_equal(message_of(xca_key_read(&back, path, secret("wrong"), test_pool)),
                        "key.password");
    assert_string_equal(message_of(xca_key_read(&back, path, NULL, test_pool)), "key.password");
    assert_string_equal(message_of(xca_key_write_pkcs12(key, certificate, authority.certificate,
                                                        secret("x"), path, test_pool)),
                        "key.unwritable");
    run_well("openssl pkcs12 -in officer.p12 -passin 'pass:通關密語 1' -nodes -info");
}

static void test_encrypted_and_foreign_key_files(void **state) {
    xca_key_t *key;

    run_well("openssl genrsa -aes256 -passout pass:secret -out traditional.pem 2048 && "
             "openssl ecparam -name prime256v1 -genkey -out ec.pem && "
             "openssl pkcs8 -topk8 -in ec.pem -passout pass:secret -out pkcs8.pem && "
             "openssl req -x509 -key ec.pem -subj /CN=a -out cert.pem && cat ec.pem cert.pem > both.pem");
    assert_fine(xca_key_read(&key, test_path("traditional.pem"), secret("secret"), test_pool));
    assert_string_equal(message_of(xca_key_read(&key, test_path("traditional.pem"), secret("other"),
                                                test_pool)), "key.password");
    assert_string_equal(message_of(xca_key_read(&key, test_path("traditional.pem"), NULL, test_pool)),
                        "key.password");
    assert_fine(xca_key_read(&key, test_path("pkcs8.pem"), secret("secret"), test_pool));
    assert_string_equal(message_of(xca_key_read(&key, test_path("pkcs8.pem"), secret("other"),
                                                test_pool)), "key.password");
    assert_fine(xca_key_read(&key, test_path("both.pem"), NULL, test_pool));
    assert_true(xca_key_certificate(key).length > 0);
    assert_string_equal(message_of(xca_key_read(&key, test_path("cert.pem"), NULL, test_pool)),
                        "key.unreadable");
    assert_string_equal(message_of(xca_key_read(&key, test_path("none.pem"), NULL, test_pool)),
                        "key.unreadable");
    write_file("junk.p12", "\x30\x03\x02\x01\x03", 5);
    assert_string_equal(message_of(xca_key_read(&key, test_path("junk.p12"), NULL, test_pool)),
                        "key.unreadable");
    write_file("empty.pem", "", 0);
    assert_string_equal(message_of(xca_key_read(&key, test_path("empty.pem"), NULL, test_pool)),
                        "key.unreadable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_digests_are_those_of_the_standards),
        TEST(test_random_bytes_differ),
        TEST(test_base64_of_the_standards_examples),
        TEST(test_what_is_not_base64_is_refused),
        TEST(test_a_user_code_is_known_again_and_no_other),
        TEST(test_code_hashes_are_the_scrypt_of_the_standard),
        TEST(test_what_is_no_code_hash_is_refused),
        TEST(test_keys_of_every_kind_are_made_written_and_read),
        TEST(test_keys_of_other_kinds_are_not_made),
        TEST(test_an_officers_key_travels_as_pkcs12),
        TEST(test_encrypted_and_foreign_key_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
