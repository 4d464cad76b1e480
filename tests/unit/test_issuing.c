/* Certificates by profile.md, as the openssl command and the portal's pages read them. */
#include "crypto_fixture.h"

#include <apr_thread_proc.h>
#include "outside/crypto_csr.h"
#include "outside/crypto_request.h"
#include "outside/crypto_lint.h"

/* Issues, lets openssl verify it and gives its text. */
static const char *issue_and_show(const test_authority_t *authority, const xca_cert_order_t *order) {
    xca_bytes_t der;

    assert_fine(xca_ca_issue(&der, authority->ca, order, test_pool));
    write_file("cert.der", der.data, der.length);
    run_well("openssl x509 -inform DER -in cert.der -out cert.pem");
    run_well("openssl verify -x509_strict -attime 1795496701 -CAfile root.pem -untrusted ca.pem cert.pem");
    return run_well("openssl x509 -in cert.pem -noout -text -nameopt utf8,sep_comma_plus,sname");
}

static void assert_says(const char *text, const char *wanted) {
    if (strstr(text, wanted) == NULL) {
        print_error("not found: %s\nin %s\n", wanted, text);
    }
    assert_non_null(strstr(text, wanted));
}

static const char *refusal(const test_authority_t *authority, const xca_cert_order_t *order) {
    xca_bytes_t der = {NULL, 0};
    xca_error_t *err = xca_ca_issue(&der, authority->ca, order, test_pool);

    assert_null(der.data);
    return message_of(err);
}

static void test_signature_certificate_says_what_the_profile_says(void **state) {
    test_authority_t authority = make_authority("rsa:2048", &test_profile);
    xca_cert_order_t order = make_order("rsa:2048");
    const char *text = issue_and_show(&authority, &order);

    assert_says(text, "Version: 3 (0x2)");
    assert_says(text, "4f:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee");
    assert_says(text, "Signature Algorithm: sha256WithRSAEncryption");
    assert_says(text, "Issuer: C=TW,O=行政院,OU=組織及團體憑證管理中心");
    assert_says(text, "Subject: C=TW,L=臺北市,L=中正區,O=財團法人測試基金會");
    assert_says(text, "Not Before: Nov 24 05:05:00 2026 GMT");
    assert_says(text, "Not After : Nov 24 05:04:59 2031 GMT");
    assert_says(text, "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n");
    assert_says(text, "E-mail Protection, TLS Web Client Authentication\n");
    assert_says(text, "Policy: 2.16.886.101.0.3.0\n");
    assert_says(text, "email:office@foundation.example.tw\n");
    assert_says(text, "URI:http://localhost:8080/repository/xca.crl\n");
    assert_says(text, "CA Issuers - URI:http://localhost:8080/repository/chain.p7b\n");
    assert_null(strstr(text, "OCSP"));
    assert_null(strstr(text, "04190875"));
    assert_null(strstr(text, "Basic Constraints"));
}

static void test_encryption_certificate_says_what_the_profile_says(void **state) {
    test_authority_t authority = make_authority("ec:P-384", &test_profile);
    xca_cert_order_t order = make_order("rsa:2048");
    const char *text;

    order.use = XCA_USE_ENCRYPTION;
    text = issue_and_show(&authority, &order);
    assert_says(text, "Signature Algorithm: ecdsa-with-SHA384");
    assert_says(text, "X509v3 Key Usage: critical\n                Key Encipherment, Data Encipherment\n");
    assert_says(text, "Extended Key Usage: \n                E-mail Protection\n");
}

static void test_an_elliptic_curve_key_encrypts_by_key_agreement(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");
    const char *text;

    order.use = XCA_USE_ENCRYPTION;
    text = issue_and_show(&authority, &order);
    assert_says(text, "Signature Algorithm: ecdsa-with-SHA256");
    assert_says(text, "X509v3 Key Usage: critical\n                Key Agreement\n");
}

static void test_a_card_authentication_certificate_names_the_card_and_no_mailbox(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");
    const char *text;

    order.use = XCA_USE_CARD_AUTH;
    order.card_rank = "primary";
    order.card_number = "Xc00000000000042";
    text = issue_and_show(&authority, &order);
    assert_says(text, "O=財團法人測試基金會,serialNumber=Xc00000000000042\n");
    assert_says(text, "X509v3 Key Usage: critical\n                Digital Signature\n");
    assert_says(text, "Extended Key Usage: \n                2.16.840.1.101.3.6.8\n");
    assert_null(strstr(text, "email:"));
    assert_null(strstr(text, "Subject Alternative Name"));
}

/* The demo's authority signs with RSA-4096. */
static void test_an_authority_with_a_key_of_4096_bits_issues(void **state) {
    test_authority_t authority = make_authority("rsa:4096", &test_profile);
    xca_cert_order_t order = make_order("ec:P-384");

    assert_says(issue_and_show(&authority, &order), "Signature Algorithm: sha256WithRSAEncryption");
    assert_says(run_well("openssl x509 -in ca.pem -noout -text"), "Public-Key: (4096 bit)");
}

static void test_names_are_of_the_string_types_of_the_profile(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");
    const char *text;

    issue_and_show(&authority, &order);
    text = run_well("openssl asn1parse -inform DER -in cert.der | grep -E 'PRINTABLESTRING|UTF8STRING'");
    assert_says(text, "PRINTABLESTRING   :TW\n");
    assert_says(text, "UTF8STRING        :臺北市\n");
    assert_says(text, "UTF8STRING        :中正區\n");
    assert_says(text, "UTF8STRING        :財團法人測試基金會\n");
}

/* The directory attributes, as openssl takes them apart: dump of the extension's octets. */
static const char *directory_attributes(void) {
    return run_well("offset=$(openssl asn1parse -inform DER -in cert.der | "
                    "grep -A1 'X509v3 Subject Directory Attributes' | tail -1 | cut -d: -f1) && "
                    "openssl asn1parse -inform DER -in cert.der -strparse $offset");
}

static void test_directory_attributes_tell_class_and_oid(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");
    const char *text;

    issue_and_show(&authority, &order);
    text = directory_attributes();
    assert_says(text, ":2.16.886.1.100.2.1\n");
    assert_says(text, ":2.16.886.1.100.3.2.12\n");
    assert_says(text, ":2.16.886.1.100.2.102\n");
    assert_says(text, ":2.16.886.104.100008\n");
    assert_null(strstr(text, ":2.16.886.1.100.2.2\n"));
    assert_null(strstr(text, ":2.16.886.1.100.2.101\n"));
}

static void test_cards_tell_their_rank_and_the_number_where_it_is_set(void **state) {
    xca_profile_t profile = test_profile;
    test_authority_t authority;
    xca_cert_order_t order;
    const char *text;

    profile.ubn_in_directory_attributes = 1;
    authority = make_authority("ec:P-256", &profile);
    order = make_order("ec:P-256");
    order.card_rank = "secondary";
    issue_and_show(&authority, &order);
    text = directory_attributes();
    assert_says(text, ":2.16.886.1.100.2.2\n");
    assert_says(text, "PRINTABLESTRING   :secondary\n");
    assert_says(text, ":2.16.886.1.100.2.101\n");
    assert_says(text, "PRINTABLESTRING   :04190875\n");
}

static void test_ocsp_and_ldap_addresses_are_there_where_they_are_set(void **state) {
    xca_profile_t profile = test_profile;
    test_authority_t authority;
    xca_cert_order_t order;
    const char *text;

    profile.ocsp_url = "http://localhost:8080/ocsp";
    profile.crl_ldap_url = "ldap://localhost:3890/ou=x,c=TW?certificateRevocationList;binary";
    profile.non_repudiation = 0;
    authority = make_authority("ec:P-256", &profile);
    order = make_order("ec:P-256");
    text = issue_and_show(&authority, &order);
    assert_says(text, "OCSP - URI:http://localhost:8080/ocsp\n");
    assert_says(text, "URI:ldap://localhost:3890/ou=x,c=TW?certificateRevocationList;binary\n");
    assert_says(text, "X509v3 Key Usage: critical\n                Digital Signature\n");
}

static void test_a_national_body_has_no_county(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");

    order.county = order.district = NULL;
    assert_says(issue_and_show(&authority, &order), "Subject: C=TW,O=財團法人測試基金會");
}

static void test_the_same_order_gives_the_same_bytes(void **state) {
    test_authority_t authority = make_authority("rsa:2048", &test_profile);
    xca_cert_order_t order = make_order("rsa:2048");
    xca_bytes_t first, second;

    assert_fine(xca_ca_issue(&first, authority.ca, &order, test_pool));
    assert_fine(xca_ca_issue(&second, authority.ca, &order, test_pool));
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
}

static void test_serials_that_are_not_128_random_bits_are_refused(void **state) {
    static const char *const bad[] = {"", "01", "8f00112233445566778899aabbccddee",
                                      "4f00112233445566778899aabbccddeeff",
                                      "4f00112233445566778899aabbccddeg",
                                      "00000000000000000000000000000000",
                                      "00000000000000000000000000000001"};
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        order.serial = bad[i];
        assert_string_equal(refusal(&authority, &order), "lint.serial");
    }
    order.serial = NULL;
    assert_string_equal(refusal(&authority, &order), "lint.serial");
    order.serial = "00ff112233445566778899aabbccddee"; /* a leading zero byte is not written */
    assert_says(issue_and_show(&authority, &order), "ff:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee");
}

static void test_orders_that_break_the_profile_are_refused(void **state) {
    static const char long_name[] = "財團法人財團法人財團法人財團法人財團法人財團法人財團法人財團法人財團法人財團法人財團法人財團法人"
                                    "財團法人財團法人財團法人財團法人一"; /* 65 characters */
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t good = make_order("ec:P-256"), order;

    order = good, order.not_after += TEST_DAY;
    assert_string_equal(refusal(&authority, &order), "lint.validity");
    order = good, order.not_after = order.not_before;
    assert_string_equal(refusal(&authority, &order), "lint.validity");
    order = good, order.not_before -= 60 * TEST_DAY, order.not_after -= 60 * TEST_DAY;
    assert_string_equal(refusal(&authority, &order), "lint.validity"); /* before the authority */
    order = good, order.org_name = long_name;
    assert_string_equal(refusal(&authority, &order), "lint.subject");
    order = good, order.org_name = "";
    assert_string_equal(refusal(&authority, &order), "lint.subject");
    order = good, order.org_name = "a\nb";
    assert_string_equal(refusal(&authority, &order), "lint.subject");
    order = good, order.county = "\xff";
    assert_string_equal(refusal(&authority, &order), "lint.der");
    order = good, order.email = "no address";
    assert_string_equal(refusal(&authority, &order), "lint.alt-name");
    order = good, order.email = "學校@example.tw";
    assert_string_equal(refusal(&authority, &order), "lint.alt-name");
    order = good, order.email = NULL;
    assert_string_equal(refusal(&authority, &order), "lint.alt-name");
    order = good, order.class = XCA_CLASS_NONE;
    assert_string_equal(refusal(&authority, &order), "lint.directory-attributes");
    order = good, order.card_rank = "third";
    assert_string_equal(refusal(&authority, &order), "lint.directory-attributes");
    order = good, order.use = XCA_USE_COUNT;
    assert_string_equal(refusal(&authority, &order), "lint.key-usage");
    order = good, order.use = XCA_USE_CARD_AUTH; /* of which card? */
    assert_string_equal(refusal(&authority, &order), "lint.subject");
    order = good, order.use = XCA_USE_CARD_AUTH, order.card_number = "Xc1";
    assert_string_equal(refusal(&authority, &order), "lint.subject");
    order = good, order.oid = "2.16.886..1";
    assert_string_equal(refusal(&authority, &order), "crypto.der");
    order = good, order.spki.length--;
    assert_string_equal(refusal(&authority, &order), "crypto.key");
}

static void test_keys_that_the_profile_does_not_take_are_refused(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");
    static const char *const makes[] = {"rsa -pkeyopt rsa_keygen_bits:1024",
                                        "rsa -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3",
                                        "ec -pkeyopt ec_paramgen_curve:P-521", "ed25519"};
    size_t i;

    for (i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
        const char *data;

        run_well(apr_pstrcat(test_pool, "openssl genpkey -quiet -algorithm ", makes[i],
                             " -out k.pem 2>/dev/null || openssl genpkey -algorithm ", makes[i],
                             " -out k.pem; openssl pkey -in k.pem -pubout -outform DER -out k.der",
                             NULL));
        assert_null(xca_file_read(&data, &order.spki.length, test_path("k.der"), 65536, test_pool));
        order.spki.data = (const unsigned char *)data;
        assert_string_equal(refusal(&authority, &order), "lint.key");
    }
}

static void test_a_certificate_of_2050_has_a_year_of_four_digits(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_cert_order_t order = make_order("ec:P-256");
    xca_bytes_t none = {NULL, 0};

    /* the same authority, valid longer */
    assert_fine(xca_setup_certificate(&authority.certificate, XCA_SETUP_ROOT, "CN=root,C=TW", NULL, NULL,
                                      authority.key, NULL, none, TEST_NOW,
                                      TEST_NOW + 20000 * TEST_DAY, test_pool));
    assert_fine(xca_ca_open(&authority.ca, authority.key, authority.certificate, NULL, 0,
                            &test_profile, test_pool));
    write_file("root.pem", xca_cert_pem(test_pool, authority.certificate),
               strlen(xca_cert_pem(test_pool, authority.certificate)));
    order.not_before += 8000 * TEST_DAY;
    order.not_after += 8000 * TEST_DAY;
    {
        xca_bytes_t der;

        assert_fine(xca_ca_issue(&der, authority.ca, &order, test_pool));
        write_file("cert.der", der.data, der.length);
    }
    assert_says(run_well("openssl asn1parse -inform DER -in cert.der"),
                "UTCTIME           :481019050500Z");
    assert_says(run_well("openssl asn1parse -inform DER -in cert.der"),
                "GENERALIZEDTIME   :20531019050459Z");
}

static void test_an_authority_opens_only_with_its_own_key_and_chain(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    test_authority_t other = make_authority("ec:P-256", &test_profile);
    xca_bytes_t officer;
    xca_ca_t *ca;

    assert_string_equal(message_of(xca_ca_open(&ca, other.key, authority.certificate,
                                               &authority.root, 1, &test_profile, test_pool)),
                        "ca.mismatch");
    assert_string_equal(message_of(xca_ca_open(&ca, authority.key, authority.certificate,
                                               &other.root, 1, &test_profile, test_pool)),
                        "ca.mismatch");
    assert_fine(xca_setup_certificate(&officer, XCA_SETUP_OFFICER, "CN=a,C=TW", NULL, NULL, other.key,
                                      authority.key, authority.certificate, TEST_NOW,
                                      TEST_NOW + TEST_DAY, test_pool));
    assert_string_equal(message_of(xca_ca_open(&ca, other.key, officer, NULL, 0, &test_profile,
                                               test_pool)),
                        "ca.not-a-ca");
}

static void test_the_chain_file_has_the_authority_first_and_the_root_last(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_bytes_t chain = xca_ca_chain_p7b(authority.ca);
    const char *text, *below, *above;

    write_file("chain.p7b", chain.data, chain.length);
    text = run_well("openssl pkcs7 -inform DER -in chain.p7b -print_certs -noout | grep subject");
    below = strstr(text, ", OU = ");
    above = strstr(text, ", CN = ");
    assert_true(below != NULL && above != NULL && below < above);
}

static void test_set_up_certificates_serve_their_purpose(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_key_t *key;
    xca_bytes_t tls;
    const char *pem, *text;

    assert_fine(xca_key_make(&key, "ec:P-256", test_pool));
    assert_fine(xca_setup_certificate(&tls, XCA_SETUP_TLS, "CN=localhost,C=TW",
                                      "localhost,127.0.0.1", NULL, key, authority.key,
                                      authority.certificate, TEST_NOW, TEST_NOW + TEST_DAY,
                                      test_pool));
    pem = xca_cert_pem(test_pool, tls);
    write_file("tls.pem", pem, strlen(pem));
    run_well("openssl verify -x509_strict -purpose sslserver -verify_hostname localhost "
             "-attime 1795496701 -CAfile root.pem -untrusted ca.pem tls.pem");
    text = run_well("openssl x509 -in tls.pem -noout -text");
    assert_says(text, "DNS:localhost, IP Address:127.0.0.1");
    assert_says(run_well("openssl x509 -in ca.pem -noout -text"),
                "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0");
    assert_says(run_well("openssl x509 -in root.pem -noout -text"),
                "X509v3 Basic Constraints: critical\n                CA:TRUE\n");
}

static void test_a_set_up_certificate_names_the_list_of_its_issuer(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    const char *const url = "http://localhost/root.crl";
    xca_bytes_t below, root, none = {NULL, 0};
    xca_cert_view_t *view;
    xca_key_t *key;

    assert_fine(xca_key_make(&key, "ec:P-256", test_pool));
    assert_fine(xca_setup_certificate(&below, XCA_SETUP_OFFICER, "CN=a,C=TW", NULL, url, key,
                                      authority.key, authority.certificate, TEST_NOW,
                                      TEST_NOW + TEST_DAY, test_pool));
    assert_fine(xca_cert_view(&view, below, test_pool));
    assert_int_equal(view->crl_urls->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(view->crl_urls, 0, const char *), url);
    assert_fine(xca_setup_certificate(&root, XCA_SETUP_ROOT, "CN=b,C=TW", NULL, url, key, NULL, none,
                                      TEST_NOW, TEST_NOW + TEST_DAY, test_pool));
    assert_fine(xca_cert_view(&view, root, test_pool));
    assert_int_equal(view->crl_urls->nelts, 0); /* nobody above could list it */
}

static void test_names_of_set_up_certificates_are_read_as_rfc_4514_writes_them(void **state) {
    static const char *const bad[] = {"OU", "OU=", "XX=a", "OU=a,", ",OU=a", "OU=a+O=b", "OU=a\\",
                                      "OU=a\\zz", "OU=\"a\"", "OU=a\\00", "OU=\xff"};
    xca_key_t *key;
    xca_bytes_t der, none = {NULL, 0};
    const char *pem;
    size_t i;

    assert_fine(xca_key_make(&key, "ec:P-256", test_pool));
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_string_equal(message_of(xca_setup_certificate(
                                &der, XCA_SETUP_ROOT, bad[i], NULL, NULL, key, NULL, none, TEST_NOW,
                                TEST_NOW + TEST_DAY, test_pool)),
                            "name.malformed");
    }
    assert_fine(xca_setup_certificate(&der, XCA_SETUP_ROOT,
                                      "CN= a\\, b\\E4\\B8\\AD\\  , o=行政院 ,C=TW", NULL, NULL, key, NULL,
                                      none, TEST_NOW, TEST_NOW + TEST_DAY, test_pool));
    pem = xca_cert_pem(test_pool, der);
    write_file("name.pem", pem, strlen(pem));
    assert_says(run_well("openssl x509 -in name.pem -noout -subject -nameopt utf8,esc_2253,sep_comma_plus,sname"),
                "subject=C=TW,O=行政院,CN=a\\, b中\\ \n");
}

static void test_pages_show_what_is_in_the_certificate(void **state) {
    xca_profile_t profile = test_profile;
    test_authority_t authority;
    xca_cert_order_t order = make_order("rsa:2048");
    xca_cert_view_t *view;
    xca_bytes_t der;

    profile.ocsp_url = "http://localhost:8080/ocsp";
    authority = make_authority("ec:P-256", &profile);
    assert_fine(xca_ca_issue(&der, authority.ca, &order, test_pool));
    assert_fine(xca_cert_view(&view, der, test_pool));
    write_file("cert.der", der.data, der.length);
    assert_string_equal(view->subject, "C=TW, L=臺北市, L=中正區, O=財團法人測試基金會");
    assert_string_equal(view->issuer, "C=TW, O=行政院, OU=組織及團體憑證管理中心");
    assert_string_equal(view->serial, "4F:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE");
    assert_true(view->not_before == order.not_before && view->not_after == order.not_after);
    assert_string_equal(view->key_text, "RSA 2048");
    assert_int_equal(view->key_usage->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(view->key_usage, 0, const char *), "digitalSignature");
    assert_string_equal(APR_ARRAY_IDX(view->key_usage, 1, const char *), "nonRepudiation");
    assert_int_equal(view->ext_key_usage->nelts, 2);
    assert_string_equal(view->email, order.email);
    assert_string_equal(view->policy, profile.policy);
    assert_string_equal(view->org_oid, order.oid);
    assert_string_equal(view->signature_algorithm, "ecdsa-with-SHA256");
    assert_string_equal(APR_ARRAY_IDX(view->crl_urls, 0, const char *), profile.crl_url);
    assert_string_equal(APR_ARRAY_IDX(view->ocsp_urls, 0, const char *), profile.ocsp_url);
    assert_string_equal(APR_ARRAY_IDX(view->issuer_urls, 0, const char *), profile.ca_issuers_url);
    assert_says(run_well("openssl x509 -inform DER -in cert.der -noout -fingerprint -sha256"), view->sha256);
    assert_says(run_well("openssl x509 -inform DER -in cert.der -noout -fingerprint -sha1"), view->sha1);
    assert_says(run_well("openssl x509 -inform DER -in cert.der -noout -ext subjectKeyIdentifier"), view->ski);
    assert_says(run_well("openssl x509 -in ca.pem -noout -ext subjectKeyIdentifier"), view->aki);
}

static void test_pages_show_real_certificates_of_taiwan(void **state) {
    const char *name, *data;
    char *rest = NULL;
    char *names = apr_pstrdup(test_pool, "GRCA-G1_root.der GRCA-G2_root.der GRCA-G3_root.der "
                                         "MOICA-G2_ca.der ePKI_root.der TWCA_global_root.der "
                                         "HiPKI_root_G1.der");

    for (name = apr_strtok(names, " ", &rest); name != NULL; name = apr_strtok(NULL, " ", &rest)) {
        xca_cert_view_t *view;
        xca_bytes_t der;

        assert_null(xca_file_read(&data, &der.length,
                                  apr_pstrcat(test_pool, "tests/data/certs/taiwan/", name, NULL),
                                  65536, test_pool));
        der.data = (const unsigned char *)data;
        assert_fine(xca_cert_view(&view, der, test_pool));
        assert_true(strncmp(view->subject, "C=TW, O=", 8) == 0);
        assert_true(view->not_before < view->not_after);
        if (strcmp(name, "MOICA-G2_ca.der") == 0) {
            assert_string_equal(view->subject, "C=TW, O=行政院, OU=內政部憑證管理中心");
        }
    }
}

/* Half a certificate, two, and none. */
static void test_what_is_not_one_certificate_is_not_shown(void **state) {
    test_authority_t authority = make_authority("ec:P-256", &test_profile);
    xca_bytes_t der = authority.certificate, twice;
    unsigned char *bytes = apr_palloc(test_pool, der.length * 2);
    xca_cert_view_t *view;

    memcpy(bytes, der.data, der.length);
    memcpy(bytes + der.length, der.data, der.length);
    twice.data = bytes;
    twice.length = der.length * 2;
    assert_string_equal(message_of(xca_cert_view(&view, twice, test_pool)), "certificate.unreadable");
    der.length--;
    assert_string_equal(message_of(xca_cert_view(&view, der, test_pool)), "certificate.unreadable");
    der.length = 0;
    assert_string_equal(message_of(xca_cert_view(&view, der, test_pool)), "certificate.unreadable");
}

typedef struct issuing_thread {
    const test_authority_t *authority;
    const xca_cert_order_t *order;
    xca_bytes_t wanted;
    int wrong;
} issuing_thread_t;

static void *APR_THREAD_FUNC issue_often(apr_thread_t *thread, void *baton) {
    issuing_thread_t *work = baton;
    int i;

    for (i = 0; i < 40; i++) {
        apr_pool_t *pool;
        xca_bytes_t der = {NULL, 0};
        xca_cert_view_t *view;

        apr_pool_create(&pool, NULL);
        work->wrong += xca_ca_issue(&der, work->authority->ca, work->order, pool) != NULL ||
                       der.length != work->wanted.length ||
                       memcmp(der.data, work->wanted.data, der.length) != 0 ||
                       xca_cert_view(&view, der, pool) != NULL;
        apr_pool_destroy(pool);
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void test_many_threads_issue_at_once(void **state) {
    test_authority_t authority = make_authority("rsa:2048", &test_profile);
    xca_cert_order_t order = make_order("rsa:2048");
    issuing_thread_t work[8];
    apr_thread_t *threads[8];
    apr_status_t status;
    int i;

    for (i = 0; i < 8; i++) {
        work[i] = (issuing_thread_t){&authority, &order, {NULL, 0}, 0};
        assert_fine(xca_ca_issue(&work[i].wanted, authority.ca, &order, test_pool));
        assert_int_equal(apr_thread_create(&threads[i], NULL, issue_often, &work[i], test_pool), 0);
    }
    for (i = 0; i < 8; i++) {
        apr_thread_join(&status, threads[i]);
        assert_int_equal(work[i].wrong, 0);
    }
}

static void test_the_request_for_the_ca_s_certificate(void **state) {
    static const char *const types[] = {"rsa:2048", "ec:P-384"};
    xca_key_t *key;
    xca_csr_t *csr;
    xca_bytes_t der;
    const char *shown;
    int i;

    for (i = 0; i < 2; i++) {
        assert_fine(xca_key_make(&key, types[i], test_pool));
        assert_fine(xca_request_make(&der, key, "OU=組織及團體憑證管理中心,O=行政院,C=TW", test_pool));
        write_file("ca.csr", der.data, der.length);
        shown = run_well("openssl req -inform DER -in ca.csr -verify -noout -text -nameopt utf8,sep_comma_plus");
        assert_non_null(strstr(shown, "Subject: C=TW,O=行政院,OU=組織及團體憑證管理中心"));
        assert_non_null(strstr(shown, "CA:TRUE, pathlen:0"));
        assert_non_null(strstr(shown, "Certificate Sign, CRL Sign"));
        assert_fine(xca_csr_read(&csr, der.data, der.length, test_pool));
    }
    assert_string_equal(message_of(xca_request_make(&der, key, "nonsense", test_pool)), "name.malformed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_signature_certificate_says_what_the_profile_says),
        TEST(test_encryption_certificate_says_what_the_profile_says),
        TEST(test_an_elliptic_curve_key_encrypts_by_key_agreement),
        TEST(test_a_card_authentication_certificate_names_the_card_and_no_mailbox),
        TEST(test_an_authority_with_a_key_of_4096_bits_issues),
        TEST(test_names_are_of_the_string_types_of_the_profile),
        TEST(test_directory_attributes_tell_class_and_oid),
        TEST(test_cards_tell_their_rank_and_the_number_where_it_is_set),
        TEST(test_ocsp_and_ldap_addresses_are_there_where_they_are_set),
        TEST(test_a_national_body_has_no_county),
        TEST(test_the_same_order_gives_the_same_bytes),
        TEST(test_serials_that_are_not_128_random_bits_are_refused),
        TEST(test_orders_that_break_the_profile_are_refused),
        TEST(test_keys_that_the_profile_does_not_take_are_refused),
        TEST(test_a_certificate_of_2050_has_a_year_of_four_digits),
        TEST(test_an_authority_opens_only_with_its_own_key_and_chain),
        TEST(test_the_chain_file_has_the_authority_first_and_the_root_last),
        TEST(test_set_up_certificates_serve_their_purpose),
        TEST(test_a_set_up_certificate_names_the_list_of_its_issuer),
        TEST(test_names_of_set_up_certificates_are_read_as_rfc_4514_writes_them),
        TEST(test_pages_show_what_is_in_the_certificate),
        TEST(test_pages_show_real_certificates_of_taiwan),
        TEST(test_what_is_not_one_certificate_is_not_shown),
        TEST(test_many_threads_issue_at_once),
        TEST(test_the_request_for_the_ca_s_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
