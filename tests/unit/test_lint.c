/* The lint finds what breaks the profile, field by field, in certificates that another hand made. */
#include "crypto_fixture.h"

#include <apr_file_info.h>
#include "outside/crypto.h"
#include "outside/crypto_lint.h"

typedef struct bench {
    test_authority_t authority;
    xca_cert_order_t order;
    xca_bytes_t der;
} bench_t;

static bench_t set_up(void) {
    bench_t b = {make_authority("ec:P-256", &test_profile), make_order("rsa:2048"), {NULL, 0}};

    assert_fine(xca_ca_issue(&b.der, b.authority.ca, &b.order, test_pool));
    return b;
}

static xca_error_t *lint(const bench_t *b, xca_bytes_t der) {
    return xca_lint_certificate(der, &b->order, &test_profile, b->authority.certificate, test_pool);
}

/* The certificate with one byte string in it replaced by another of the same length. */
static const xca_error_t *lint_changed(const bench_t *b, const char *from, const char *to,
                                       size_t length) {
    unsigned char *bytes = apr_pmemdup(test_pool, b->der.data, b->der.length);
    unsigned char *place = memmem(bytes, b->der.length, from, length);

    assert_non_null(place);
    memcpy(place, to, length);
    return lint(b, (xca_bytes_t){bytes, b->der.length});
}

#define CHANGED(bench, from, to) lint_changed(bench, from, to, sizeof(from) - 1)

static void test_what_we_issue_has_no_findings(void **state) {
    bench_t b = set_up();

    assert_fine(lint(&b, b.der));
}

static void test_each_changed_field_is_found(void **state) {
    bench_t b = set_up();

    assert_true(has_finding(CHANGED(&b, "\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x01"), "lint.version"));
    assert_true(has_finding(CHANGED(&b, "\x4f\x00\x11\x22", "\x4f\x00\x11\x23"), "lint.serial"));
    assert_true(has_finding(CHANGED(&b, "\x2a\x86\x48\xce\x3d\x04\x03\x02", "\x2a\x86\x48\xce\x3d\x04\x03\x03"),
                    "lint.signature-algorithm"));
    assert_true(has_finding(CHANGED(&b, "憑證管理中心", "憑證管理中央"), "lint.issuer"));
    assert_true(has_finding(CHANGED(&b, "261124050500Z", "261124050501Z"), "lint.validity"));
    assert_true(has_finding(CHANGED(&b, "311124050459Z", "311124050500Z"), "lint.validity"));
    assert_true(has_finding(CHANGED(&b, "臺北市", "台北市"), "lint.subject"));
    assert_true(has_finding(CHANGED(&b, "基金會", "基全會"), "lint.subject"));
    assert_true(has_finding(CHANGED(&b, "\x0c\x09臺北市", "\x13\x09臺北市"), "lint.subject"));
    assert_true(has_finding(CHANGED(&b, "\x02\x03\x01\x00\x01", "\x02\x03\x01\x00\x03"), "lint.key"));
    assert_true(has_finding(CHANGED(&b, "\x03\x02\x06\xc0", "\x03\x02\x06\x40"), "lint.key-usage"));
    assert_true(has_finding(CHANGED(&b, "\x2b\x06\x01\x05\x05\x07\x03\x04", "\x2b\x06\x01\x05\x05\x07\x03\x03"),
                    "lint.ext-key-usage"));
    assert_true(has_finding(CHANGED(&b, "office@f", "office@e"), "lint.alt-name"));
    assert_true(has_finding(CHANGED(&b, "\x81\x1c" "office", "\x82\x1c" "office"), "lint.alt-name"));
    assert_true(has_finding(CHANGED(&b, "http://localhost:8080/repository/xca.crl",
                            "http://localhost:8080/repository/xcb.crl"),
                    "lint.crl-points"));
    assert_true(has_finding(CHANGED(&b, "chain.p7b", "chain.p7c"), "lint.authority-access"));
    /* 2.16.886.101.0.3.0; 2.16.886.1.100.3.2.12; 2.16.886.104.100008 */
    assert_true(has_finding(CHANGED(&b, "\x60\x86\x76\x65\x00\x03\x00", "\x60\x86\x76\x65\x00\x03\x03"),
                    "lint.policies"));
    assert_true(has_finding(CHANGED(&b, "\x60\x86\x76\x01\x64\x03\x02\x0c", "\x60\x86\x76\x01\x64\x03\x02\x0b"),
                    "lint.directory-attributes"));
    assert_true(has_finding(CHANGED(&b, "\x60\x86\x76\x68\x86\x8d\x28", "\x60\x86\x76\x68\x86\x8d\x29"),
                    "lint.directory-attributes"));
    /* keyUsage not critical; an extension of another kind; key identifiers */
    assert_true(has_finding(CHANGED(&b, "\x55\x1d\x0f\x01\x01\xff", "\x55\x1d\x0f\x01\x01\x00"),
                    "lint.extensions"));
    assert_true(has_finding(CHANGED(&b, "\x55\x1d\x20\x04", "\x55\x1d\x21\x04"), "lint.extensions"));
    assert_true(has_finding(CHANGED(&b, "\x30\x16\x80\x14", "\x30\x16\x81\x14"), "lint.authority-key"));
    assert_true(has_finding(CHANGED(&b, "\x55\x1d\x0e\x04\x16\x04\x14", "\x55\x1d\x0e\x04\x16\x03\x14"),
                    "lint.subject-key"));
}

static void test_an_order_for_something_else_is_found(void **state) {
    bench_t b = set_up(), other;

    other = b, other.order.use = XCA_USE_ENCRYPTION;
    assert_true(has_finding(lint(&other, b.der), "lint.key-usage"));
    assert_true(has_finding(lint(&other, b.der), "lint.ext-key-usage"));
    other = b, other.order.district = NULL;
    assert_true(has_finding(lint(&other, b.der), "lint.subject"));
    other = b, other.order.card_rank = "primary";
    assert_true(has_finding(lint(&other, b.der), "lint.directory-attributes"));
    other = b, other.order.class = XCA_CLASS_SCHOOL;
    assert_true(has_finding(lint(&other, b.der), "lint.directory-attributes"));
    other = b, other.order.spki = make_order("rsa:2048").spki;
    assert_true(has_finding(lint(&other, b.der), "lint.key"));
}

static void test_a_certificate_of_another_authority_is_found(void **state) {
    bench_t b = set_up();

    b.authority = make_authority("ec:P-256", &test_profile);
    assert_true(has_finding(lint(&b, b.der), "lint.authority-key"));
    b.authority = make_authority("ec:P-384", &test_profile);
    assert_true(has_finding(lint(&b, b.der), "lint.signature-algorithm"));
}

/* 80 certificates of zlint, each with one rule broken: none is what was ordered, whatever was. */
static void test_certificates_that_break_rules_are_found(void **state) {
    bench_t b = set_up();
    apr_dir_t *folder;
    apr_finfo_t entry;
    int count = 0;

    assert_int_equal(apr_dir_open(&folder, "tests/data/certs/lint_bad", test_pool), APR_SUCCESS);
    while (apr_dir_read(&entry, APR_FINFO_NAME, folder) == APR_SUCCESS) {
        const char *data, *begin, *end;
        apr_size_t length;
        xca_bytes_t *der;

        if (strstr(entry.name, ".pem") == NULL) {
            continue;
        }
        assert_null(xca_file_read(
            &data, &length, apr_pstrcat(test_pool, "tests/data/certs/lint_bad/", entry.name, NULL),
            1 << 20, test_pool));
        begin = strstr(data, "-----BEGIN CERTIFICATE-----");
        end = strstr(data, "-----END CERTIFICATE-----");
        assert_true(begin != NULL && end != NULL);
        der = xca_unbase64(test_pool, begin + 27, (apr_size_t)(end - begin - 27));
        assert_non_null(der);
        assert_non_null(lint(&b, *der));
        count++;
    }
    apr_dir_close(folder);
    assert_true(count >= 60);
}

static void test_what_is_no_certificate_is_found(void **state) {
    bench_t b = set_up();

    assert_true(has_finding(lint(&b, (xca_bytes_t){b.der.data, b.der.length - 1}), "lint.der"));
    assert_true(has_finding(lint(&b, (xca_bytes_t){NULL, 0}), "lint.der"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_we_issue_has_no_findings),
        TEST(test_each_changed_field_is_found),
        TEST(test_an_order_for_something_else_is_found),
        TEST(test_a_certificate_of_another_authority_is_found),
        TEST(test_certificates_that_break_rules_are_found),
        TEST(test_what_is_no_certificate_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
