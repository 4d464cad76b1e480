/* Certificates by profile.md, as the openssl command reads them. */
#include "crypto_fixture.h"

#include "outside/crypto_lint.h"

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
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_signature_certificate_says_what_the_profile_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
