/* Search keys of RFC 4387, beside what the openssl command computes. */
#include "crypto_fixture.h"

#include "outside/crypto_search_keys.h"
#include "portal/page_store.h"

/* The first 40 digits of what a command line prints last. */
static const char *hash_of(const char *command) {
    const char *output = run_well(apr_pstrcat(test_pool, command, " | openssl dgst -sha1 -r", NULL));

    return apr_pstrmemdup(test_pool, output, 40);
}

static xca_search_keys_t keys_of(xca_bytes_t der) {
    xca_search_keys_t keys;

    assert_fine(xca_search_keys(&keys, der, test_pool));
    return keys;
}

static void test_keys_are_what_openssl_computes(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");
    xca_search_keys_t keys, above;
    xca_bytes_t der;

    assert_fine(xca_ca_issue(&der, authority.ca, &order, test_pool));
    write_file("cert.der", der.data, der.length);
    keys = keys_of(der);
    above = keys_of(authority.certificate);
    assert_string_equal(keys.cert, hash_of("cat cert.der"));
    /* issuer and subject of a certificate of ours stand behind version, serial number and algorithm: asn1parse tells where */
    assert_string_equal(keys.issuer, above.subject);
    assert_string_equal(above.issuer, keys_of(authority.root).subject);
    assert_string_equal(above.subject,
                        hash_of("openssl x509 -in ca.pem -outform DER -out ca.der && set -- $(openssl asn1parse -inform DER -in ca.der | "
                                "awk '$2 == \"d=2\" || /d=2/ { print }' | grep SEQUENCE | sed -n 4p | tr ':' ' ') && "
                                "openssl asn1parse -inform DER -in ca.der -strparse $1 -noout -out subject.der && cat subject.der"));
    assert_string_equal(keys.name, order.org_name);
    assert_string_equal(above.name, "組織及團體憑證管理中心");
    assert_string_equal(keys_of(authority.root).name, "測試總憑證管理中心"); /* commonName */
}

static void test_key_identifier_is_hashed_and_kept(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_search_keys_t keys = keys_of(authority.certificate);
    const char *said = run_well("openssl x509 -in ca.pem -noout -ext subjectKeyIdentifier | tail -1 | tr -d ' :\\n' | tr A-F a-f");
    xca_bytes_t *id = xca_text_unhex(test_pool, keys.key_id_itself);

    assert_string_equal(keys.key_id_itself, said);
    write_file("id.bin", id->data, id->length);
    assert_string_equal(keys.key_id, hash_of("cat id.bin"));
}

static void test_issuer_and_serial_are_hashed_together(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("rsa:2048");
    xca_bytes_t one, other;

    assert_fine(xca_ca_issue(&one, authority.ca, &order, test_pool));
    order.serial = "4f00112233445566778899aabbccddef";
    assert_fine(xca_ca_issue(&other, authority.ca, &order, test_pool));
    assert_string_equal(keys_of(one).issuer, keys_of(other).issuer);
    assert_string_equal(keys_of(one).subject, keys_of(other).subject);
    assert_string_not_equal(keys_of(one).issuer_serial, keys_of(other).issuer_serial);
    /* an encrypted message names its recipient so: openssl writes the very bytes */
    write_file("one.der", one.data, one.length);
    assert_string_equal(keys_of(one).issuer_serial,
                        hash_of("openssl x509 -inform DER -in one.der -out one.pem && "
                                "openssl cms -encrypt -aes256 -outform DER -in one.der -out m.der one.pem && "
                                "set -- $(openssl asn1parse -inform DER -in m.der | grep -n 'd=5 .*SEQUENCE' | head -1 | cut -d: -f2) && "
                                "openssl asn1parse -inform DER -in m.der -strparse $1 -noout -out ias.der && cat ias.der"));
}

static void test_what_is_no_certificate_has_no_keys(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_search_keys_t keys;
    xca_bytes_t cut = authority.certificate;

    for (cut.length = 0; cut.length < authority.certificate.length; cut.length++) {
        assert_string_equal(message_of(xca_search_keys(&keys, cut, test_pool)), "certificate.unreadable");
    }
}

static void test_a_search_key_is_27_characters_of_base64(void **state) {
    /* 20 zero bytes; all ones; the last two bits of 162 say nothing and are zero */
    assert_string_equal(xca_search_key_hex(test_pool, "AAAAAAAAAAAAAAAAAAAAAAAAAAA"), "0000000000000000000000000000000000000000");
    assert_string_equal(xca_search_key_hex(test_pool, "//////////////////////////8"), "ffffffffffffffffffffffffffffffffffffffff");
    assert_null(xca_search_key_hex(test_pool, "///////////////////////////"));
    assert_null(xca_search_key_hex(test_pool, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    assert_null(xca_search_key_hex(test_pool, "AAAAAAAAAAAAAAAAAAAAAAAAAA"));
    assert_null(xca_search_key_hex(test_pool, "AAAAAAAAAAAAA AAAAAAAAAAAAA"));
    assert_null(xca_search_key_hex(test_pool, "AAAAAAAAAAAAA-AAAAAAAAAAAAA"));
    assert_null(xca_search_key_hex(test_pool, ""));
}

static const char *asked(xca_store_query_t *query, const char *text) {
    return message_of(xca_store_query_read(query, text, test_pool));
}

static void test_a_question_is_one_attribute_and_its_value(void **state) {
    xca_store_query_t query;

    assert_string_equal(asked(&query, "certHash=AAAAAAAAAAAAA%2bAAAAAAAAAAAAA"), "");
    assert_string_equal(query.attribute, "certHash");
    assert_int_equal(strlen(query.value), 40);
    assert_string_equal(asked(&query, "certHash=AAAAAAAAAAAAA+AAAAAAAAAAAAA"), ""); /* in base64, '+' is itself */
    assert_string_equal(asked(&query, "certHash=AAAAAAAAAAAAA%20AAAAAAAAAAAAA"), "store.hash");
    assert_string_equal(asked(&query, "uri=info%40example.org.tw"), "");
    assert_string_equal(query.value, "info@example.org.tw");
    assert_string_equal(asked(&query, "name=a+b%20c"), "");
    assert_string_equal(query.value, "a b c");
    assert_string_equal(asked(&query, "name=%E4%B8%AD"), "");
    assert_string_equal(asked(&query, "name=%E4%B8"), "store.value");
    assert_string_equal(asked(&query, "name=a%00b"), "store.value");
    assert_string_equal(asked(&query, "name=a%0Ab"), "store.value");
    assert_string_equal(asked(&query, "name=%4"), "store.value");
    assert_string_equal(asked(&query, "name="), "store.value");
    assert_string_equal(asked(&query, apr_psprintf(test_pool, "name=%01025d", 0)), "store.value");
    assert_string_equal(asked(&query, "certhash=AAAAAAAAAAAAAAAAAAAAAAAAAAA"), "store.attribute");
    assert_string_equal(asked(&query, "a=b"), "store.attribute");
    assert_string_equal(asked(&query, "uri=a&uri=b"), "store.query");
    assert_string_equal(asked(&query, "name=a"), "");
    assert_false(query.delta);
    assert_string_equal(asked(&query, "name=a&delta=1"), "");
    assert_true(query.delta);
    assert_string_equal(query.value, "a");
    assert_string_equal(asked(&query, "name=&delta=1"), "store.value");
    assert_string_equal(asked(&query, "name=a&delta=0"), "store.query");
    assert_string_equal(asked(&query, "name=a&delta=1&delta=1"), "store.query");
    assert_string_equal(asked(&query, "&delta=1"), "store.attribute");
    assert_string_equal(asked(&query, "uri"), "store.query");
    assert_string_equal(asked(&query, ""), "store.query");
    assert_string_equal(asked(&query, NULL), "store.query");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_keys_are_what_openssl_computes),
        TEST(test_key_identifier_is_hashed_and_kept),
        TEST(test_issuer_and_serial_are_hashed_together),
        TEST(test_what_is_no_certificate_has_no_keys),
        TEST(test_a_search_key_is_27_characters_of_base64),
        TEST(test_a_question_is_one_attribute_and_its_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
