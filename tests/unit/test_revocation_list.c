/* Revocation lists, as openssl reads and believes them. */
#include "crypto_fixture.h"

static xca_crl_entry_t entry(const char *serial, xca_crl_reason reason, apr_time_t when) {
    xca_bytes_t *bytes = xca_text_unhex(test_pool, serial);
    xca_crl_entry_t e;

    memset(&e, 0, sizeof(e));
    memcpy(e.serial, bytes->data, bytes->length);
    e.serial_length = (unsigned char)bytes->length;
    e.reason = (unsigned char)reason;
    e.when = when;
    return e;
}

static xca_error_t *make_list(xca_bytes_t *der, const test_authority_t *authority,
                              xca_crl_entry_t *entries, apr_size_t count) {
    return xca_ca_crl(der, authority->ca, entries, count, 4711, TEST_NOW,
                      TEST_NOW + apr_time_from_sec(86400), test_pool);
}

/* Makes a list, checks its signature and gives its text. */
static const char *list_and_show(const test_authority_t *authority, xca_crl_entry_t *entries,
                                 apr_size_t count) {
    xca_bytes_t der;

    assert_fine(make_list(&der, authority, entries, count));
    write_file("list.crl", der.data, der.length);
    run_well("openssl crl -inform DER -in list.crl -out list.pem");
    assert_non_null(strstr(run_well("openssl crl -in list.pem -CAfile ca.pem -noout"), "verify OK"));
    return run_well("openssl crl -in list.pem -noout -text -nameopt utf8,sep_comma_plus,sname");
}

static void assert_says(const char *text, const char *wanted) {
    if (strstr(text, wanted) == NULL) {
        print_error("not found: %s\nin %s\n", wanted, text);
    }
    assert_non_null(strstr(text, wanted));
}

static void test_a_list_says_what_the_profile_says(void **state) {
    test_authority_t authority = make_authority("rsa:2048", &test_profile);
    xca_crl_entry_t entries[] = {
        entry("4f00112233445566778899aabbccddee", XCA_REASON_CESSATION, TEST_NOW - TEST_DAY),
        entry("10000000000000000000000000000001", XCA_REASON_HOLD, TEST_NOW - 2 * TEST_DAY),
        entry("20000000000000000000000000000001", XCA_REASON_UNSPECIFIED, TEST_NOW - TEST_DAY),
        entry("30000000000000000000000000000001", XCA_REASON_KEY_COMPROMISE, TEST_NOW),
        entry("30000000000000000000000000000002", XCA_REASON_AFFILIATION_CHANGED, TEST_NOW),
        entry("30000000000000000000000000000003", XCA_REASON_SUPERSEDED, TEST_NOW)};
    const char *text = list_and_show(&authority, entries, 6);
    const char *unspecified, *next;

    assert_says(text, "Version 2 (0x1)");
    assert_says(text, "Signature Algorithm: sha256WithRSAEncryption");
    assert_says(text, "Issuer: C=TW,O=行政院,OU=組織及團體憑證管理中心");
    assert_says(text, "Last Update: Nov 24 05:05:00 2026 GMT");
    assert_says(text, "Next Update: Nov 25 05:05:00 2026 GMT");
    assert_says(text, "X509v3 CRL Number: \n                4711\n");
    assert_says(text, "X509v3 Authority Key Identifier");
    assert_says(text, "Serial Number: 4F00112233445566778899AABBCCDDEE\n"
                      "        Revocation Date: Nov 23 05:05:00 2026 GMT\n"
                      "        CRL entry extensions:\n"
                      "            X509v3 CRL Reason Code: \n"
                      "                Cessation Of Operation\n");
    assert_says(text, "Certificate Hold\n");
    assert_says(text, "Key Compromise\n");
    assert_says(text, "Affiliation Changed\n");
    assert_says(text, "Superseded\n");
    unspecified = strstr(text, "Serial Number: 20000000000000000000000000000001\n");
    next = strstr(text, "Serial Number: 30000000000000000000000000000001\n");
    assert_true(unspecified != NULL && next > unspecified);
    assert_null(memmem(unspecified, (size_t)(next - unspecified), "Reason", 6));
    assert_null(strstr(text, "Issuing Distribution Point"));
}

static void test_an_empty_list_has_no_entries_part(void **state) {
    test_authority_t authority = make_authority("ec:P-384", &test_profile);
    const char *text = list_and_show(&authority, NULL, 0);

    assert_says(text, "No Revoked Certificates.");
    assert_says(text, "Signature Algorithm: ecdsa-with-SHA384");
}

/* Positive whatever the first bit, short ones, and the longest. */
static void test_serials_of_every_length_are_listed_as_positive_numbers(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_crl_entry_t entries[] = {entry("ff", XCA_REASON_HOLD, TEST_NOW), entry("01", XCA_REASON_HOLD, TEST_NOW),
                                 entry("00", XCA_REASON_HOLD, TEST_NOW),
                                 entry("0080", XCA_REASON_HOLD, TEST_NOW),
                                 entry("ffffffffffffffffffffffffffffffffffffffff", XCA_REASON_HOLD,
                                       TEST_NOW)};
    const char *text = list_and_show(&authority, entries, 5);

    assert_says(text, "Serial Number: FF\n");
    assert_says(text, "Serial Number: 01\n");
    assert_says(text, "Serial Number: 00\n");
    assert_says(text, "Serial Number: 80\n");
    assert_says(text, "Serial Number: FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n");
    assert_null(strstr(text, "Serial Number: -"));
}

static void test_entries_that_cannot_be_are_refused(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_crl_entry_t entries[] = {entry("01", XCA_REASON_HOLD, TEST_NOW), entry("02", XCA_REASON_HOLD, TEST_NOW)};
    xca_bytes_t der;

    entries[0].reason = 7;
    assert_string_equal(message_of(make_list(&der, &authority, entries, 2)), "crl.entry");
    entries[0] = entry("02", XCA_REASON_HOLD, TEST_NOW);
    assert_string_equal(message_of(make_list(&der, &authority, entries, 2)), "crl.entry");
    entries[0].serial_length = 0;
    assert_string_equal(message_of(make_list(&der, &authority, entries, 2)), "crl.entry");
    entries[0].serial_length = XCA_SERIAL_MAX + 1;
    assert_string_equal(message_of(make_list(&der, &authority, entries, 2)), "crl.entry");
}

static void test_a_list_after_2050_has_years_of_four_digits(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_crl_entry_t one = entry("01", XCA_REASON_HOLD, TEST_NOW + 9000 * TEST_DAY);
    xca_bytes_t der;

    assert_fine(xca_ca_crl(&der, authority.ca, &one, 1, 1, TEST_NOW + 9000 * TEST_DAY,
                           TEST_NOW + 9001 * TEST_DAY, test_pool));
    write_file("list.crl", der.data, der.length);
    assert_says(run_well("openssl asn1parse -inform DER -in list.crl | grep -c GENERALIZEDTIME"), "3\n");
}

static void test_relying_parties_refuse_what_is_listed_and_nothing_else(void **state) {
    test_authority_t authority = make_authority("rsa:2048", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");
    xca_crl_entry_t other = entry("4f00112233445566778899aabbccddef", XCA_REASON_HOLD, TEST_NOW);
    xca_crl_entry_t same = entry(order.serial, XCA_REASON_SUPERSEDED, TEST_NOW);
    const char *pem, *output;
    const char *check = "openssl verify -crl_check -attime 1795496701 -CAfile root.pem -untrusted ca.pem "
                        "-CRLfile list.pem cert.pem";
    xca_bytes_t der;

    assert_fine(xca_ca_issue(&der, authority.ca, &order, test_pool));
    pem = xca_cert_pem(test_pool, der);
    write_file("cert.pem", pem, strlen(pem));
    list_and_show(&authority, &other, 1);
    run_well(check);
    list_and_show(&authority, &same, 1);
    assert_int_not_equal(run(&output, check), 0);
    assert_says(output, "certificate revoked");
}

/* The signer's real load; also shows that nothing but the result stays in memory. */
static void test_a_list_of_a_hundred_thousand_is_sorted_and_complete(void **state) {
    enum { COUNT = 100000 };
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_crl_entry_t *entries = apr_palloc(test_pool, sizeof(*entries) * COUNT);
    unsigned int number = 12345;
    const char *text;
    int i;

    for (i = 0; i < COUNT; i++) {
        int j;

        entries[i] = entry("40000000000000000000000000000000", XCA_REASON_SUPERSEDED, TEST_NOW);
        for (j = 1; j < 13; j++) {
            number = number * 1664525 + 1013904223;
            entries[i].serial[j] = (unsigned char)(number >> 24);
        }
        entries[i].serial[13] = (unsigned char)(i >> 16);
        entries[i].serial[14] = (unsigned char)(i >> 8);
        entries[i].serial[15] = (unsigned char)i;
    }
    text = list_and_show(&authority, entries, COUNT);
    assert_non_null(text);
    assert_says(run_well("openssl crl -in list.pem -noout -text | grep -c 'Serial Number'"), "100000\n");
    run_well("openssl crl -in list.pem -noout -text | grep 'Serial Number' > serials && sort -c serials");
}

static void test_a_list_of_another_is_read_only_if_its_issuer_signed_it(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    test_authority_t other = make_authority("ec:P-256", &test_profile);
    xca_bytes_t list, cut;
    xca_crl_view_t view;

    assert_fine(make_list(&list, &authority, NULL, 0));
    assert_fine(xca_crl_view(&view, list, authority.certificate, test_pool));
    assert_int_equal(view.number, 4711);
    assert_true(view.this_update == TEST_NOW);
    assert_true(view.next_update == TEST_NOW + apr_time_from_sec(86400));
    /* the same name, another key; another name */
    assert_string_equal(message_of(xca_crl_view(&view, list, other.certificate, test_pool)),
                        "crl.not-of-issuer");
    assert_string_equal(message_of(xca_crl_view(&view, list, authority.root, test_pool)),
                        "crl.not-of-issuer");
    cut = list;
    cut.length--;
    assert_string_equal(message_of(xca_crl_view(&view, cut, authority.certificate, test_pool)),
                        "crl.unreadable");
    assert_string_equal(
        message_of(xca_crl_view(&view, authority.certificate, authority.certificate, test_pool)),
        "crl.unreadable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_list_says_what_the_profile_says),
        TEST(test_an_empty_list_has_no_entries_part),
        TEST(test_serials_of_every_length_are_listed_as_positive_numbers),
        TEST(test_entries_that_cannot_be_are_refused),
        TEST(test_a_list_after_2050_has_years_of_four_digits),
        TEST(test_relying_parties_refuse_what_is_listed_and_nothing_else),
        TEST(test_a_list_of_a_hundred_thousand_is_sorted_and_complete),
        TEST(test_a_list_of_another_is_read_only_if_its_issuer_signed_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
