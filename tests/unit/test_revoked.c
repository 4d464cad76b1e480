/* What lists are made of: the sorted set in memory, partitions, names and addresses of lists. */
#include "crypto_fixture.h"

#include "domain/crl.h"
#include "operations/revoked.h"

static const xca_crl_scope_t full = {XCA_CRL_FULL, 0, 0, 0}, rest = {XCA_CRL_REST, 0, 0, 0};

static xca_cert_t a_cert(int number, xca_cert_state state, int parts) {
    xca_cert_t cert = {0};

    /* scattered over all serial numbers, in an order that is not theirs */
    cert.serial = apr_psprintf(test_pool, "%04x%028x", 0x4000 + number * 2654435761u % 0x4000, number);
    cert.state = state;
    cert.crl_partitions = parts;
    cert.published = 1;
    cert.reason = state == XCA_CERT_SUSPENDED ? XCA_REASON_HOLD : XCA_REASON_SUPERSEDED;
    cert.revoked = state == XCA_CERT_REVOKED ? TEST_NOW : 0;
    cert.suspended = state == XCA_CERT_SUSPENDED ? TEST_NOW : 0;
    cert.not_after = TEST_NOW + TEST_DAY;
    return cert;
}

static int take(xca_revoked_t *set, const xca_cert_t *cert) {
    xca_revoked_item_t item, before;

    assert_true(xca_revoked_item(&item, cert, test_pool));
    return xca_revoked_take(set, &item, &before);
}

/* How many entries a pass gives; they must be in order. */
static int count(xca_revoked_t *set, const xca_crl_scope_t *scope, apr_time_t expired_before, int is_delta, apr_time_t since) {
    xca_revoked_pass_t pass;
    xca_crl_entry_t entry, last = {{0}, 0, 0, 0};
    apr_size_t most = xca_revoked_pass(&pass, set, scope, expired_before, is_delta, since);
    int found = 0;

    while (xca_revoked_next(&pass, &entry)) {
        assert_true(found == 0 || memcmp(last.serial, entry.serial, sizeof(entry.serial)) < 0);
        last = entry;
        found++;
    }
    assert_true((apr_size_t)found <= most);
    return found;
}

static void fill(xca_revoked_t *set, int certs, int parts) {
    int i;

    xca_revoked_reading(set);
    for (i = 0; i < certs; i++) {
        xca_cert_t cert = a_cert(i, XCA_CERT_REVOKED, parts);

        assert_int_equal(take(set, &cert), 1);
    }
    xca_revoked_read(set);
}

static void test_partitions_are_equal_shares_that_together_have_everything_once(void **state) {
    xca_revoked_t *set = xca_revoked_make(test_pool);
    xca_crl_scope_t scope = {XCA_CRL_PARTITION, 7, 0, 0};
    int sum = 0;

    fill(set, 20000, 7);
    for (; scope.part < scope.parts; scope.part++) {
        int found = count(set, &scope, 0, 0, 0);

        assert_in_range(found, 20000 / 7 * 95 / 100, 20000 / 7 * 105 / 100);
        sum += found;
    }
    assert_int_equal(sum, 20000);
    assert_int_equal(count(set, &full, 0, 0, 0), 20000);
    assert_int_equal(count(set, &rest, 0, 0, 0), 0);
    scope.parts = 8; /* nobody was issued with that number */
    scope.part = 0;
    assert_int_equal(count(set, &scope, 0, 0, 0), 0);
}

static void test_every_serial_is_in_the_range_of_its_partition(void **state) {
    static const int numbers[] = {1, 2, 3, 7, 32, 100, 1000, 1024};
    unsigned char serial[16] = {0};
    int i, leading;

    for (i = 0; i < (int)(sizeof(numbers) / sizeof(numbers[0])); i++) {
        for (leading = 0x4000; leading < 0x8000; leading++) {
            int part;

            serial[0] = (unsigned char)(leading >> 8);
            serial[1] = (unsigned char)leading;
            part = xca_crl_part(serial, 16, numbers[i]);
            assert_in_range(part, 0, numbers[i] - 1);
            assert_true(xca_crl_part_begins(part, numbers[i]) <= leading);
            assert_true(xca_crl_part_begins(part + 1, numbers[i]) > leading);
        }
    }
    serial[0] = 0x3f;
    assert_int_equal(xca_crl_part(serial, 16, 4), -1);
    serial[0] = 0x80;
    assert_int_equal(xca_crl_part(serial, 16, 4), -1);
    serial[0] = 0x40;
    assert_int_equal(xca_crl_part(serial, 15, 4), -1);
    assert_int_equal(xca_crl_part(serial, 16, 0), -1);
    assert_int_equal(xca_crl_part(serial, 16, 1025), -1);
}

static void test_changes_are_taken_dropped_and_found(void **state) {
    xca_revoked_t *set = xca_revoked_make(test_pool);
    xca_cert_t cert = a_cert(3, XCA_CERT_SUSPENDED, 4);
    xca_revoked_item_t before;
    int i;

    fill(set, 1000, 4);
    cert.serial = apr_psprintf(test_pool, "4000%028x", 77777);
    assert_int_equal(take(set, &cert), 1);
    assert_int_equal(take(set, &cert), 0);
    assert_int_equal(count(set, &full, 0, 0, 0), 1001);
    cert.state = XCA_CERT_VALID;
    cert.resumed = TEST_NOW + 5 * apr_time_from_sec(1);
    assert_int_equal(take(set, &cert), 2);
    assert_int_equal(count(set, &full, 0, 0, 0), 1000);
    assert_int_equal(count(set, &full, 0, 1, TEST_NOW + apr_time_from_sec(1)), 1);
    assert_int_equal(xca_revoked_find(set, cert.serial, test_pool)->reason & 0x7f, XCA_REASON_REMOVED);
    assert_true(xca_revoked_drop(set, cert.serial, &before, test_pool));
    assert_false(xca_revoked_drop(set, cert.serial, &before, test_pool));
    assert_null(xca_revoked_find(set, cert.serial, test_pool));
    for (i = 1000; i < 12000; i++) { /* more than are looked through one by one */
        cert = a_cert(i, XCA_CERT_REVOKED, 4);
        assert_int_equal(take(set, &cert), 1);
        assert_int_equal(take(set, &cert), 0);
    }
    assert_int_equal(count(set, &full, 0, 0, 0), 12000);
}

static void test_what_is_not_there_at_the_next_reading_is_gone(void **state) {
    xca_revoked_t *set = xca_revoked_make(test_pool);
    int i;

    fill(set, 500, 4);
    xca_revoked_reading(set);
    for (i = 250; i < 700; i++) {
        xca_cert_t cert = a_cert(i, XCA_CERT_REVOKED, 4);

        assert_int_equal(take(set, &cert), i < 500 ? 0 : 1);
        assert_true(count(set, &full, 0, 0, 0) >= 500); /* lists are made meanwhile */
    }
    xca_revoked_read(set);
    assert_int_equal(count(set, &full, 0, 0, 0), 450);
}

static void test_lists_leave_out_what_is_expired_hidden_or_of_another_time(void **state) {
    xca_revoked_t *set = xca_revoked_make(test_pool);
    xca_cert_t hidden = a_cert(1, XCA_CERT_SUSPENDED, 4), expired = a_cert(2, XCA_CERT_REVOKED, 0);
    xca_cert_t late = a_cert(3, XCA_CERT_REVOKED, 0), pending = a_cert(4, XCA_CERT_PENDING, 4);
    xca_revoked_item_t item;
    xca_revoked_pass_t pass;
    xca_crl_entry_t entry;

    hidden.published = 0;
    expired.not_after = TEST_NOW - TEST_DAY;
    late.revoked = TEST_NOW + TEST_DAY;
    assert_false(xca_revoked_item(&item, &pending, test_pool));
    take(set, &hidden);
    take(set, &expired);
    take(set, &late);
    assert_int_equal(count(set, &full, TEST_NOW - 2 * TEST_DAY, 0, 0), 2);
    assert_int_equal(count(set, &full, TEST_NOW, 0, 0), 1);
    assert_int_equal(count(set, &rest, TEST_NOW, 0, 0), 1);
    assert_int_equal(count(set, &full, TEST_NOW, 1, TEST_NOW + apr_time_from_sec(1)), 1);
    /* Nothing is said to have happened later than the list. */
    xca_revoked_pass(&pass, set, &full, TEST_NOW, 0, 0);
    pass.latest = TEST_NOW;
    assert_true(xca_revoked_next(&pass, &entry));
    assert_true(entry.when == TEST_NOW);
}

static void test_names_of_scopes_are_read_exactly_as_they_are_written(void **state) {
    static const char *const wrong[] = {"",      "Full",  "full ", "4-4",   "0-0",   "04-1", "4-01", "4",     "4-",
                                        "-1",    "4--1",  "+4-1",  "4-1 ",  "4-1-1", "1025-0", "4-99999999999999999999",
                                        "99999999999999999999-1", "root", "4-1-delta", "g0-full", "g8-full", "g01-full",
                                        "g1", "g1-", "gg1-full", "g1-g1-full", "g-full", "G1-full"};
    xca_crl_scope_t scope = {XCA_CRL_PARTITION, 32, 7, 0}, read;
    const char *url = "http://a.example/repository/xca.crl";
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(xca_crl_scope_parse(&read, wrong[i]));
    }
    assert_true(xca_crl_scope_parse(&read, xca_crl_scope_name(&scope, test_pool)));
    assert_true(read.kind == XCA_CRL_PARTITION && read.parts == 32 && read.part == 7);
    assert_true(xca_crl_scope_parse(&read, "1024-1023") && xca_crl_scope_parse(&read, "1-0"));
    assert_true(xca_crl_scope_parse(&read, "rest") && read.kind == XCA_CRL_REST);
    assert_string_equal(xca_crl_url(url, &scope, 0, test_pool), "http://a.example/repository/crl/32-7.crl");
    assert_string_equal(xca_crl_url(url, &scope, 1, test_pool), "http://a.example/repository/crl/32-7-delta.crl");
    assert_string_equal(xca_crl_url(url, &full, 0, test_pool), "http://a.example/repository/crl/full.crl");
    assert_string_equal(xca_crl_url(url, &rest, 0, test_pool), url);
    /* of the CA's second key */
    assert_true(xca_crl_scope_parse(&read, "g7-full") && read.kind == XCA_CRL_FULL && read.generation == 7);
    scope.generation = 1;
    assert_string_equal(xca_crl_scope_name(&scope, test_pool), "g1-32-7");
    assert_true(xca_crl_scope_parse(&read, "g1-32-7") && read.part == 7 && read.parts == 32 && read.generation == 1);
    assert_string_equal(xca_crl_url(url, &scope, 1, test_pool), "http://a.example/repository/crl/g1-32-7-delta.crl");
    read = (xca_crl_scope_t){XCA_CRL_REST, 0, 0, 1};
    assert_string_equal(xca_crl_url(url, &read, 0, test_pool), "http://a.example/repository/crl/g1.crl");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_partitions_are_equal_shares_that_together_have_everything_once),
        TEST(test_every_serial_is_in_the_range_of_its_partition),
        TEST(test_changes_are_taken_dropped_and_found),
        TEST(test_what_is_not_there_at_the_next_reading_is_gone),
        TEST(test_lists_leave_out_what_is_expired_hidden_or_of_another_time),
        TEST(test_names_of_scopes_are_read_exactly_as_they_are_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
