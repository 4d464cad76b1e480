/* Officers' signatures over statements. */
#include "crypto_fixture.h"

#include "outside/crypto_cms.h"

#define STATEMENT "XCA-STATEMENT-1\ncase: 0000100000000000000000001\n"

typedef struct office {
    test_authority_t authority;
    xca_key_t *key, *other_key;
    xca_bytes_t certificate, other_certificate;
} office_t;

static xca_bytes_t officer_certificate(const test_authority_t *authority, const xca_key_t *key,
                                       const char *subject) {
    xca_bytes_t certificate;

    assert_fine(xca_setup_certificate(&certificate, XCA_SETUP_OFFICER, subject, NULL, NULL, key,
                                      authority->key, authority->certificate, TEST_NOW - TEST_DAY,
                                      TEST_NOW + 365 * TEST_DAY, test_pool));
    return certificate;
}

static office_t open_office(const char *key_type) {
    office_t office = {make_authority("ec:P-256", &test_profile), NULL, NULL, {NULL, 0}, {NULL, 0}};

    assert_fine(xca_key_make(&office.key, key_type, test_pool));
    assert_fine(xca_key_make(&office.other_key, key_type, test_pool));
    office.certificate = officer_certificate(&office.authority, office.key, "CN=central-1,C=TW");
    office.other_certificate =
        officer_certificate(&office.authority, office.other_key, "CN=central-2,C=TW");
    return office;
}

static const char *verify(const office_t *office, xca_bytes_t cms, apr_time_t when) {
    const char *content = "";
    apr_size_t length = 0;
    xca_error_t *err =
        xca_cms_verify(&content, &length, cms, office->certificate, office->authority.certificate,
                       when, 1024, test_pool);

    if (err == NULL) {
        assert_int_equal(length, strlen(STATEMENT));
        assert_memory_equal(content, STATEMENT, length);
    } else {
        assert_int_equal(err->kind, XCA_E_DENIED);
    }
    return message_of(err);
}

static xca_bytes_t sign(const office_t *office) {
    xca_bytes_t cms;

    assert_fine(xca_cms_sign(&cms, STATEMENT, strlen(STATEMENT), office->key, office->certificate,
                             test_pool));
    return cms;
}

static void check_signing_with(const char *key_type) {
    office_t office = open_office(key_type);
    xca_bytes_t cms = sign(&office);
    const char *content;
    apr_size_t length;

    assert_string_equal(verify(&office, cms, TEST_NOW), "");
    assert_fine(xca_cms_content(&content, &length, cms, 1024, test_pool));
    assert_int_equal(length, strlen(STATEMENT));
    assert_memory_equal(content, STATEMENT, length);
}

static void test_a_statement_signed_by_the_officer_is_accepted(void **state) {
    check_signing_with("rsa:2048");
    check_signing_with("ec:P-256");
    check_signing_with("ec:P-384");
}

static void test_a_statement_signed_by_another_officer_is_not_this_officers(void **state) {
    office_t office = open_office("ec:P-256");
    xca_bytes_t cms;

    assert_fine(xca_cms_sign(&cms, STATEMENT, strlen(STATEMENT), office.other_key,
                             office.other_certificate, test_pool));
    assert_string_equal(verify(&office, cms, TEST_NOW), "cms.signer");
}

/* Flips every byte of a SignedData in turn: nothing may verify but what is not covered, and the content
 * never changes. */
static void test_a_changed_statement_is_refused(void **state) {
    office_t office = open_office("ec:P-256");
    xca_bytes_t cms = sign(&office);
    unsigned char *changed = apr_pmemdup(test_pool, cms.data, cms.length);
    xca_bytes_t other = {changed, cms.length};
    char *place = memmem(changed, cms.length, STATEMENT, strlen(STATEMENT));
    size_t i;

    assert_non_null(place);
    place[20] ^= 1;
    assert_string_equal(verify(&office, other, TEST_NOW), "cms.signature");
    place[20] ^= 1;
    for (i = 0; i < cms.length; i++) {
        changed[i] ^= 0x04;
        verify(&office, other, TEST_NOW); /* checks the content if it is accepted */
        changed[i] ^= 0x04;
    }
    other.length--;
    assert_string_equal(verify(&office, other, TEST_NOW), "cms.malformed");
}

static void test_a_certificate_is_used_only_while_it_is_valid(void **state) {
    office_t office = open_office("ec:P-256");
    xca_bytes_t cms = sign(&office);

    assert_string_equal(verify(&office, cms, TEST_NOW - 2 * TEST_DAY), "cms.certificate");
    assert_string_equal(verify(&office, cms, TEST_NOW + 366 * TEST_DAY), "cms.certificate");
}

/* The same names and keys, certified by someone else who calls himself the officers' authority. */
static void test_an_officer_of_another_authority_is_refused(void **state) {
    office_t office = open_office("ec:P-256");
    xca_bytes_t cms;

    office.authority = make_authority("ec:P-256", &test_profile);
    cms = sign(&office);
    assert_string_equal(verify(&office, cms, TEST_NOW), "cms.certificate");
}

static void test_a_certificate_that_may_not_sign_is_refused(void **state) {
    office_t office = open_office("ec:P-256");
    xca_bytes_t cms;

    office.key = office.authority.key;
    office.certificate = office.authority.certificate;
    office.authority.certificate = office.authority.root;
    cms = sign(&office);
    assert_string_equal(verify(&office, cms, TEST_NOW), "cms.certificate");
}

static void test_content_longer_than_the_limit_is_refused(void **state) {
    office_t office = open_office("ec:P-256");
    xca_bytes_t cms = sign(&office);
    const char *content;
    apr_size_t length;

    assert_string_equal(message_of(xca_cms_content(&content, &length, cms, 8, test_pool)),
                        "cms.malformed");
}

/* What the openssl command can make that an officer's program does not. */
static const char *verify_command(const office_t *office, const char *command) {
    const char *data;
    apr_size_t length;
    const char *line = apr_pstrcat(test_pool, "openssl cms -sign -in statement.txt -binary -outform DER "
                                              "-out out.der -nodetach -signer officer.pem -inkey key.pem ",
                                   command, NULL);

    write_file("statement.txt", STATEMENT, strlen(STATEMENT));
    write_file("officer.pem", xca_cert_pem(test_pool, office->certificate),
               strlen(xca_cert_pem(test_pool, office->certificate)));
    write_file("other.pem", xca_cert_pem(test_pool, office->other_certificate),
               strlen(xca_cert_pem(test_pool, office->other_certificate)));
    unlink(test_path("key.pem"));
    unlink(test_path("other-key.pem"));
    assert_fine(xca_key_write(office->key, test_path("key.pem"), test_pool));
    assert_fine(xca_key_write(office->other_key, test_path("other-key.pem"), test_pool));
    run_well(line);
    assert_null(xca_file_read(&data, &length, test_path("out.der"), 1 << 20, test_pool));
    return verify(office, (xca_bytes_t){(const unsigned char *)data, length}, TEST_NOW);
}

static void test_only_one_form_of_signature_is_accepted(void **state) {
    office_t office = open_office("rsa:2048");

    assert_string_equal(verify_command(&office, "-md sha256"), "");
    assert_string_equal(verify_command(&office, "-md sha512 -nocerts"), "");
    assert_string_equal(verify_command(&office, "-md sha1"), "cms.signature");
    assert_string_equal(verify_command(&office, "-md sha256 -noattr"), "cms.signature");
    assert_string_equal(verify_command(&office, "-md sha256 -econtent_type 1.2.3.4"),
                        "cms.malformed");
    assert_string_equal(verify_command(&office, "-md sha256 -signer other.pem -inkey other-key.pem"),
                        "cms.signer");
}

static void test_a_detached_signature_is_refused(void **state) {
    office_t office = open_office("ec:P-256");

    verify_command(&office, "-md sha256");
    run_well("openssl cms -sign -in statement.txt -binary -outform DER -out out.der -signer officer.pem "
             "-inkey key.pem");
    {
        const char *data;
        apr_size_t length;

        assert_null(xca_file_read(&data, &length, test_path("out.der"), 1 << 20, test_pool));
        assert_string_equal(
            verify(&office, (xca_bytes_t){(const unsigned char *)data, length}, TEST_NOW),
            "cms.malformed");
    }
}

static void assert_opens_for_its_key_alone(const char *key_type) {
    office_t office = open_office(key_type);
    xca_secret_t *opened;
    xca_bytes_t envelope, longer;
    apr_size_t i;

    assert_fine(xca_cms_envelop(&envelope, "one-time", 8, office.certificate, test_pool));
    assert_fine(xca_cms_envelope_open(&opened, envelope, office.key, office.certificate, test_pool));
    assert_int_equal(opened->length, 8);
    assert_memory_equal(opened->bytes, "one-time", 8);
    assert_string_equal(message_of(xca_cms_envelope_open(&opened, envelope, office.other_key, office.other_certificate, test_pool)),
                        "cms.not-for-key");
    assert_string_equal(message_of(xca_cms_envelope_open(&opened, envelope, office.other_key, office.certificate, test_pool)),
                        "cms.not-for-key");
    longer.data = (const unsigned char *)apr_pstrcat(test_pool, "", NULL);
    longer.length = 0;
    assert_string_equal(message_of(xca_cms_envelope_open(&opened, longer, office.key, office.certificate, test_pool)), "cms.malformed");
    for (i = 1; i < envelope.length; i += envelope.length / 40 + 1) { /* what was changed on the way is told, not given out */
        unsigned char *changed = apr_pmemdup(test_pool, envelope.data, envelope.length);
        xca_bytes_t bytes = {changed, envelope.length};
        xca_error_t *err;

        changed[i] ^= 0x20;
        err = xca_cms_envelope_open(&opened, bytes, office.key, office.certificate, test_pool);
        if (err == NULL) { /* it was in a part that means nothing */
            assert_memory_equal(opened->bytes, "one-time", 8);
        }
    }
    ((unsigned char *)(size_t)envelope.data)[envelope.length - 1] ^= 1; /* the tag of GCM */
    assert_non_null(xca_cms_envelope_open(&opened, envelope, office.key, office.certificate, test_pool));
}

static void test_an_envelope_opens_for_its_key_alone(void **state) {
    assert_opens_for_its_key_alone("ec:P-256");
    assert_opens_for_its_key_alone("rsa:2048");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_statement_signed_by_the_officer_is_accepted),
        TEST(test_a_statement_signed_by_another_officer_is_not_this_officers),
        TEST(test_a_changed_statement_is_refused),
        TEST(test_a_certificate_is_used_only_while_it_is_valid),
        TEST(test_an_officer_of_another_authority_is_refused),
        TEST(test_a_certificate_that_may_not_sign_is_refused),
        TEST(test_content_longer_than_the_limit_is_refused),
        TEST(test_only_one_form_of_signature_is_accepted),
        TEST(test_a_detached_signature_is_refused),
        TEST(test_an_envelope_opens_for_its_key_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
