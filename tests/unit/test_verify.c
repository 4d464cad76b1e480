/* Chains and signatures of others, made with the openssl command. */
#include "crypto_fixture.h"

#include "outside/crypto_verify.h"

static test_authority_t authority;
static xca_bytes_t chain[2];

static void begin(void) {
    authority = make_authority("ec:P-256", &test_profile);
    chain[0] = authority.certificate;
    chain[1] = authority.root;
}

static xca_bytes_t file_of(const char *name) {
    const char *data;
    xca_bytes_t bytes;

    assert_fine(xca_file_read(&data, &bytes.length, test_path(name), 1 << 20, test_pool));
    bytes.data = (const unsigned char *)data;
    return bytes;
}

static xca_chain_verdict chain_of(xca_bytes_t certificate) {
    xca_chain_verdict verdict;
    const char *why;

    assert_fine(xca_verify_chain(&verdict, &why, certificate, chain, 2, test_pool));
    return verdict;
}

static void test_a_chain_is_followed_up_to_the_root(void **state) {
    xca_cert_order_t order;
    xca_bytes_t der;
    test_authority_t stranger;

    begin();
    order = make_order("rsa:2048");
    assert_fine(xca_ca_issue(&der, authority.ca, &order, test_pool));
    assert_int_equal(chain_of(der), XCA_CHAIN_GOOD);
    ((unsigned char *)der.data)[der.length - 1] ^= 1;
    assert_int_equal(chain_of(der), XCA_CHAIN_SIGNATURE);
    /* the same names, other keys */
    stranger = make_authority("ec:P-256", &test_profile);
    assert_fine(xca_ca_issue(&der, stranger.ca, &order, test_pool));
    assert_int_equal(chain_of(der), XCA_CHAIN_SIGNATURE);
    run_well("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c -subj /CN=other -outform DER");
    assert_int_equal(chain_of(file_of("c")), XCA_CHAIN_OTHER);
}

/* One message over "one thing" by the key and certificate k, c. */
static xca_signed_t *signed_message(const char *options) {
    xca_signed_t *message;

    run_well("test -e c || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c -subj /CN=signer");
    run_well("printf 'one thing' >f");
    run_well(apr_pstrcat(test_pool, "openssl cms -sign -binary -in f -signer c -inkey k -out m ", options, NULL));
    assert_fine(xca_signed_read(&message, file_of("m"), test_pool));
    return message;
}

static xca_signer_info_t signer_of(xca_signed_t *message) {
    xca_signer_info_t info;

    assert_int_equal(xca_signed_count(message), 1);
    assert_fine(xca_signed_signer(&info, message, 0, test_pool));
    return info;
}

static void test_a_signature_tells_who_signed_what(void **state) {
    xca_signed_t *message = signed_message("-outform DER");
    xca_signer_info_t info = signer_of(message);
    xca_bytes_t content = {(const unsigned char *)"one thing", 9}, other = {(const unsigned char *)"two thing", 9}, none = {NULL, 0};
    xca_bytes_t *digest = xca_text_unhex(test_pool, xca_sha256_hex(test_pool, "one thing", 9));

    assert_null(xca_signed_content(message));
    assert_true(info.certificate.length > 0 && info.has_attributes && !info.digest_weak && info.signing_time > 0);
    assert_string_equal(info.digest_name, "SHA256");
    assert_int_equal(info.digest_length, 32);
    assert_true(xca_signed_digest_matches(message, 0, &content, NULL));
    assert_true(xca_signed_digest_matches(message, 0, NULL, digest));
    assert_false(xca_signed_digest_matches(message, 0, &other, NULL));
    assert_false(xca_signed_digest_matches(message, 0, NULL, &none));
    assert_true(xca_signed_by(message, 0, info.certificate, test_pool));
    begin();
    assert_false(xca_signed_by(message, 0, authority.certificate, test_pool));
}

static void test_every_form_of_a_message_is_read(void **state) {
    static const char *const forms[] = {"-outform PEM", "-outform DER -nodetach", "-outform DER -keyid -nocerts", "-outform DER -md sha512",
                                        "-outform DER -md sha1", "-outform DER -noattr"};
    size_t i;

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        xca_signed_t *message = signed_message(forms[i]);
        xca_signer_info_t info = signer_of(message);
        xca_bytes_t c;

        assert_int_equal(info.certificate.length == 0, strstr(forms[i], "-nocerts") != NULL);
        assert_int_equal(info.key_id != NULL, strstr(forms[i], "-keyid") != NULL);
        assert_int_equal(info.digest_weak, strstr(forms[i], "sha1") != NULL);
        assert_int_equal(info.has_attributes, strstr(forms[i], "-noattr") == NULL);
        assert_int_equal(xca_signed_content(message) != NULL, strstr(forms[i], "-nodetach") != NULL);
        assert_fine(xca_certificate_take(&c, file_of("c"), test_pool));
        assert_int_equal(xca_signed_by(message, 0, c, test_pool), info.has_attributes);
    }
}

static void test_what_is_no_signature_is_refused(void **state) {
    static const char *const made[] = {"openssl cms -encrypt -binary -in f -out m -outform DER c", "openssl cms -data_create -in f -out m -outform DER",
                                       "printf 'hello' >m", ": >m", "openssl crl2pkcs7 -nocrl -certfile c -outform DER -out m",
                                       "openssl cms -sign -binary -in f -signer c -inkey k -outform DER -out n && { cat n; printf x; } >m",
                                       "openssl cms -sign -binary -in f -signer c -inkey k -outform DER -out n && head -c 300 n >m"};
    xca_signed_t *message;
    size_t i;

    run_well("openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=signer; echo x >f");
    for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        const char *said;

        run_well(made[i]);
        said = message_of(xca_signed_read(&message, file_of("m"), test_pool));
        assert_true(strcmp(said, "verify.cms") == 0 || strcmp(said, "verify.signers") == 0);
    }
}

static void test_a_certificate_is_taken_in_every_form(void **state) {
    xca_bytes_t der, base64;
    const char *text;

    begin();
    assert_fine(xca_certificate_take(&der, authority.certificate, test_pool));
    assert_int_equal(der.length, authority.certificate.length);
    assert_fine(xca_certificate_take(&der, file_of("ca.pem"), test_pool));
    assert_int_equal(der.length, authority.certificate.length);
    text = xca_base64(test_pool, authority.certificate.data, authority.certificate.length);
    base64.data = (const unsigned char *)text;
    base64.length = strlen(text);
    assert_fine(xca_certificate_take(&der, base64, test_pool));
    assert_memory_equal(der.data, authority.certificate.data, der.length);
    /* two marks in one */
    base64.data = (const unsigned char *)"-----BEGIN CERTIFICATE-----END CERTIFICATE-----";
    base64.length = strlen((const char *)base64.data);
    assert_string_equal(message_of(xca_certificate_take(&der, base64, test_pool)), "verify.certificate");
    base64.data = (const unsigned char *)text;
    base64.length = 40;
    assert_string_equal(message_of(xca_certificate_take(&der, base64, test_pool)), "verify.certificate");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_chain_is_followed_up_to_the_root), TEST(test_a_signature_tells_who_signed_what),
        TEST(test_every_form_of_a_message_is_read),    TEST(test_what_is_no_signature_is_refused),
        TEST(test_a_certificate_is_taken_in_every_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
