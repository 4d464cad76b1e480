/* The lint of lists finds what breaks RFC 5280 section 5 or the profile, rule by rule, in lists that another hand changed. */
#include "crypto_fixture.h"

#include "outside/crypto_der.h"
#include "outside/crypto_lint.h"

typedef struct {
    test_authority_t authority;
    xca_crl_entry_t entries[3];
    int at, count;
    xca_list_order_t order;
    xca_bytes_t tbs;
} bench_t;

static int next(void *baton, xca_crl_entry_t *entry) {
    bench_t *b = baton;

    if (b->at == b->count) {
        return 0;
    }
    *entry = b->entries[b->at++];
    return 1;
}

static xca_crl_entry_t entry(unsigned char last, int reason) {
    xca_crl_entry_t e = {{0x4f, 0x01, last}, 16, (unsigned char)reason, TEST_NOW - TEST_DAY};

    return e;
}

/* The part of a CertificateList that is signed. */
static xca_bytes_t tbs_of(xca_bytes_t der) {
    xca_der_at_t at = xca_der_at(der);
    xca_der_item_t list, tbs;

    assert_true(xca_der_take(&at, XCA_DER_SEQUENCE, &list));
    at = xca_der_at(list.content);
    assert_true(xca_der_take(&at, XCA_DER_SEQUENCE, &tbs));
    return tbs.whole;
}

static void make(bench_t *b) {
    xca_list_t list;

    b->at = 0;
    b->order.next = next;
    b->order.baton = b;
    b->order.count = 3;
    assert_fine(xca_ca_list(&list, b->authority.ca, &b->order, test_pool));
    assert_int_equal(list.count, b->count);
    b->tbs = tbs_of(list.der);
}

/* A partition's complete list, or its delta. */
static bench_t *set_up(int is_delta) {
    bench_t *b = apr_pcalloc(test_pool, sizeof(*b));

    b->authority = make_authority("ec:P-256", &test_profile);
    b->entries[0] = entry(1, XCA_REASON_SUPERSEDED);
    b->entries[1] = entry(2, XCA_REASON_UNSPECIFIED);
    b->entries[2] = entry(3, is_delta ? XCA_REASON_REMOVED : XCA_REASON_HOLD);
    b->count = 3;
    b->order.number = 0x1234;
    b->order.this_update = TEST_NOW;
    b->order.next_update = TEST_NOW + TEST_DAY;
    b->order.is_delta = is_delta;
    b->order.base = is_delta ? 0x1233 : 0;
    b->order.point = "http://h/crl/4-1.crl";
    b->order.freshest = is_delta ? NULL : "http://h/crl/4-1-delta.crl";
    b->order.bytes_max = 100000;
    b->order.life_max = TEST_DAY;
    make(b);
    return b;
}

static xca_error_t *lint(const bench_t *b, xca_bytes_t tbs) {
    return xca_lint_list(tbs, &b->order, (apr_size_t)b->count, b->authority.certificate, test_pool);
}

/* The list with one byte string in it replaced by another of the same length. */
static const xca_error_t *changed(const bench_t *b, const char *from, const char *to, size_t length) {
    unsigned char *bytes = apr_pmemdup(test_pool, b->tbs.data, b->tbs.length), *place = memmem(bytes, b->tbs.length, from, length);

    assert_non_null(place);
    memcpy(place, to, length);
    return lint(b, (xca_bytes_t){bytes, b->tbs.length});
}

#define CHANGED(b, from, to) changed(b, from, to, sizeof(from) - 1)

static void test_what_we_make_has_no_findings(void **state) {
    bench_t *complete = set_up(0), *delta = set_up(1);

    assert_fine(lint(complete, complete->tbs));
    assert_fine(lint(delta, delta->tbs));
    complete->count = 0;
    make(complete);
    assert_fine(lint(complete, complete->tbs));
    complete->order.other_point = "http://h/all.crl";
    assert_non_null(lint(complete, complete->tbs)); /* which is not there */
    make(complete);
    assert_fine(lint(complete, complete->tbs));
    complete->order.other_point = "http://h/alt.crl";
    assert_non_null(lint(complete, complete->tbs));
    complete->order.other_point = NULL;
    assert_non_null(lint(complete, complete->tbs)); /* one name more than asked for */
    complete->order.point = complete->order.freshest = NULL;
    make(complete);
    assert_fine(lint(complete, complete->tbs));
}

static void test_each_changed_field_is_found(void **state) {
    bench_t *b = set_up(0);

    assert_true(has_finding(CHANGED(b, "\x02\x01\x01\x30", "\x02\x01\x00\x30"), "lint.list-version"));
    assert_true(has_finding(CHANGED(b, "\x2a\x86\x48\xce\x3d\x04\x03\x02", "\x2a\x86\x48\xce\x3d\x04\x03\x03"), "lint.list-signature"));
    assert_true(has_finding(CHANGED(b, "\x06\x03\x55\x04\x0a\x0c", "\x06\x03\x55\x04\x0b\x0c"), "lint.list-issuer"));
    assert_true(has_finding(CHANGED(b, "261124050500Z", "261124050501Z"), "lint.list-times"));
    assert_true(has_finding(CHANGED(b, "261125050500Z", "261125050500X"), "lint.list-times"));
    assert_true(has_finding(CHANGED(b, "\x02\x02\x12\x34", "\x02\x02\x12\x35"), "lint.list-number"));
    assert_true(has_finding(CHANGED(b, "http://h/crl/4-1.crl", "http://h/crl/4-2.crl"), "lint.list-point"));
    assert_true(has_finding(CHANGED(b, "http://h/crl/4-1-delta.crl", "http://h/crl/4-2-delta.crl"), "lint.list-freshest"));
    /* critical where it must be */
    assert_true(has_finding(CHANGED(b, "\x55\x1d\x1c\x01\x01\xff", "\x55\x1d\x1c\x01\x01\x00"), "lint.list-point"));
    /* another extension in the place of freshestCRL: issuerAltName */
    assert_true(has_finding(CHANGED(b, "\x06\x03\x55\x1d\x2e", "\x06\x03\x55\x1d\x12"), "lint.list-extensions"));
    assert_true(has_finding(lint(b, (xca_bytes_t){b->tbs.data, b->tbs.length - 1}), "lint.list-der"));
    assert_true(has_finding(lint(b, (xca_bytes_t){b->tbs.data, 3}), "lint.list-der"));
}

static void test_each_changed_entry_is_found(void **state) {
    bench_t *b = set_up(0);

    assert_true(has_finding(CHANGED(b, "\x02\x10\x4f\x01\x02", "\x02\x10\x4f\x01\x01"), "lint.list-entries")); /* twice */
    assert_true(has_finding(CHANGED(b, "\x02\x10\x4f\x01\x02", "\x02\x10\x4f\x01\x04"), "lint.list-entries")); /* not in order */
    assert_true(has_finding(CHANGED(b, "\x02\x10\x4f\x01\x01", "\x02\x10\x8f\x01\x01"), "lint.list-entries")); /* negative */
    assert_true(has_finding(CHANGED(b, "261123050500Z", "261125050500Z"), "lint.list-entries")); /* revoked tomorrow */
    assert_true(has_finding(CHANGED(b, "261123050500Z", "261323050500Z"), "lint.list-entries")); /* no such month */
    assert_true(has_finding(CHANGED(b, "\x0a\x01\x06", "\x0a\x01\x00"), "lint.list-entries")); /* unspecified is left out */
    assert_true(has_finding(CHANGED(b, "\x0a\x01\x06", "\x0a\x01\x07"), "lint.list-entries")); /* no such reason */
    assert_true(has_finding(CHANGED(b, "\x0a\x01\x06", "\x0a\x01\x08"), "lint.list-entries")); /* removeFromCRL on a complete list */
    assert_true(has_finding(CHANGED(b, "\x55\x1d\x15\x04\x03", "\x55\x1d\x18\x04\x03"), "lint.list-entries")); /* another extension */
    b->count = 2;
    assert_true(has_finding(lint(b, b->tbs), "lint.list-entries"));
}

static void test_deltas_are_judged_as_deltas(void **state) {
    bench_t *b = set_up(1);

    assert_true(has_finding(CHANGED(b, "\x55\x1d\x1b\x01\x01\xff", "\x55\x1d\x1b\x01\x01\x00"), "lint.list-delta"));
    assert_true(has_finding(CHANGED(b, "\x02\x02\x12\x33", "\x02\x02\x12\x32"), "lint.list-delta"));
    b->order.is_delta = 0;
    assert_true(has_finding(lint(b, b->tbs), "lint.list-extensions")); /* a delta is not published as a complete list */
    assert_true(has_finding(lint(b, b->tbs), "lint.list-entries"));
    b->order.is_delta = 1;
    b->order.freshest = "http://h/delta.crl"; /* section 5.2.6: not in deltas */
    assert_true(has_finding(lint(b, b->tbs), "lint.list-extensions"));
}

static void test_a_list_that_is_too_large_or_too_long_alive_is_not_signed(void **state) {
    bench_t *b = set_up(0);
    xca_list_t list;

    b->at = 0;
    b->order.bytes_max = 1100;
    assert_string_equal(message_of(xca_ca_list(&list, b->authority.ca, &b->order, test_pool)), "lint.list-size");
    b->at = 0;
    b->order.bytes_max = 0;
    b->order.next_update = TEST_NOW + TEST_DAY + apr_time_from_sec(1);
    assert_string_equal(message_of(xca_ca_list(&list, b->authority.ca, &b->order, test_pool)), "lint.list-times");
    b->at = 0;
    b->order.next_update = TEST_NOW;
    assert_string_equal(message_of(xca_ca_list(&list, b->authority.ca, &b->order, test_pool)), "lint.list-times");
    b->at = 0;
    b->order.next_update = TEST_NOW + TEST_DAY;
    b->order.count = 2;
    assert_string_equal(message_of(xca_ca_list(&list, b->authority.ca, &b->order, test_pool)), "crl.entry");
}

/* Lists of other hands: whatever they are, the lint ends. Nearly all are found; another day or number of an entry can be right. */
static void test_garbage_is_found_and_does_no_harm(void **state) {
    bench_t *b = set_up(0);
    unsigned int seed = 1;
    int i, tried = 0, found = 0;

    for (i = 0; i < 20000; i++) {
        unsigned char *bytes = apr_pmemdup(test_pool, b->tbs.data, b->tbs.length);
        apr_size_t at = (apr_size_t)rand_r(&seed) % b->tbs.length;
        unsigned char before = bytes[at];

        bytes[at] = (unsigned char)rand_r(&seed);
        if (bytes[at] != before) {
            tried++;
            found += lint(b, (xca_bytes_t){bytes, b->tbs.length - (i % 3 == 0 ? at / 2 : 0)}) != NULL;
        }
        if (i % 500 == 0) {
            b = set_up(i % 1000 == 0);
        }
    }
    assert_true(found > tried * 8 / 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_we_make_has_no_findings),
        TEST(test_each_changed_field_is_found),
        TEST(test_each_changed_entry_is_found),
        TEST(test_deltas_are_judged_as_deltas),
        TEST(test_a_list_that_is_too_large_or_too_long_alive_is_not_signed),
        TEST(test_garbage_is_found_and_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
