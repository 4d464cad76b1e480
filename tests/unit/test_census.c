#include "domain_fixture.h"

#include <stdlib.h>
#include "domain/calendar.h"
#include "domain/census.h"

#define COUNTIES 4

static const char *const counties[COUNTIES] = {NULL, "臺北市", "高雄市", "花蓮縣"};

static apr_time_t at(const char *text) {
    return xca_date_parse_ldap(text);
}

static xca_cert_t cert_of(unsigned number, const char *not_before) {
    xca_cert_t cert = {0};

    cert.serial = apr_psprintf(test_pool, "41%030x", number);
    cert.state = XCA_CERT_PENDING;
    cert.class = XCA_CLASS_FOUNDATION;
    cert.county = "臺北市";
    cert.not_before = at(not_before);
    cert.not_after = xca_date_add_years(cert.not_before, 5) - apr_time_from_sec(1);
    return cert;
}

/* The texts of a period in one line. */
static const char *joined(const apr_array_header_t *texts) {
    return apr_array_pstrcat(test_pool, texts, '|');
}

static const char *month(const xca_census_t *census, const char *name) {
    return joined(xca_census_month(census, xca_month_parse(name), test_pool));
}

static const char *year(const xca_census_t *census, int number) {
    return joined(xca_census_year(census, number, test_pool));
}

static void test_a_life_is_counted_where_it_happens(void **state) {
    xca_census_t *census = xca_census_make(test_pool);
    xca_cert_t cert = cert_of(1, "20261130160000Z"); /* midnight of 1 December in Taipei */

    xca_census_take(census, &cert, cert.not_before);
    assert_string_equal(month(census, "2026-12"), "foundation 1 1 0 0 0 0 0 0 臺北市");
    assert_string_equal(month(census, "2026-11"), "");
    cert.state = XCA_CERT_VALID;
    xca_census_take(census, &cert, cert.not_before);
    assert_string_equal(month(census, "2026-12"), "foundation 1 0 1 0 0 0 0 0 臺北市");
    cert.state = XCA_CERT_SUSPENDED;
    xca_census_take(census, &cert, cert.not_before);
    assert_string_equal(month(census, "2026-12"), "foundation 1 0 0 1 0 0 0 0 臺北市");
    cert.state = XCA_CERT_REVOKED;
    cert.revoked = at("20270301000000Z");
    xca_census_take(census, &cert, cert.revoked);
    assert_string_equal(month(census, "2026-12"), "foundation 1 0 0 0 1 0 0 0 臺北市");
    assert_string_equal(month(census, "2027-03"), "foundation 0 0 0 0 0 0 1 0 臺北市");
    assert_string_equal(year(census, 2027), "foundation 0 0 0 0 0 0 1 0 臺北市");
    assert_int_equal(xca_census_size(census), 1);
}

static void test_the_same_again_changes_nothing(void **state) {
    xca_census_t *census = xca_census_make(test_pool);
    xca_cert_t cert = cert_of(1, "20261201000000Z");
    int i;

    for (i = 0; i < 3; i++) {
        xca_census_take(census, &cert, cert.not_before);
    }
    assert_string_equal(month(census, "2026-12"), "foundation 1 1 0 0 0 0 0 0 臺北市");
    assert_true(xca_census_month_changed(census, xca_month_parse("2026-12")));
    assert_false(xca_census_month_changed(census, xca_month_parse("2026-12")));
    xca_census_take(census, &cert, cert.not_before);
    assert_false(xca_census_month_changed(census, xca_month_parse("2026-12")));
}

static void test_time_alone_brings_expiry_and_only_to_what_was_in_force(void **state) {
    xca_census_t *census = xca_census_make(test_pool);
    xca_cert_t valid = cert_of(1, "20261201000000Z"), pending = cert_of(2, "20261201000000Z");
    xca_cert_t revoked = cert_of(3, "20261201000000Z");
    apr_time_t end;

    valid.state = XCA_CERT_VALID;
    revoked.state = XCA_CERT_REVOKED;
    revoked.revoked = at("20270101000000Z");
    xca_census_take(census, &valid, valid.not_before);
    xca_census_take(census, &pending, valid.not_before);
    xca_census_take(census, &revoked, valid.not_before);
    end = valid.not_after;
    xca_census_pass(census, end);
    assert_string_equal(month(census, "2026-12"), "foundation 3 1 1 0 1 0 0 0 臺北市");
    xca_census_pass(census, end + 1);
    assert_string_equal(month(census, "2026-12"), "foundation 3 1 0 0 1 1 0 0 臺北市");
    assert_string_equal(month(census, "2031-12"), "foundation 0 0 0 0 0 0 0 1 臺北市");
    /* a certificate revoked after its end is revoked */
    valid.state = XCA_CERT_REVOKED;
    valid.revoked = end + XCA_DAY;
    xca_census_take(census, &valid, end + XCA_DAY);
    assert_string_equal(month(census, "2026-12"), "foundation 3 1 0 0 2 0 0 0 臺北市");
    assert_string_equal(month(census, "2031-12"), "foundation 0 0 0 0 0 0 1 0 臺北市");
}

static void test_what_is_dropped_counts_no_more_and_may_come_again(void **state) {
    xca_census_t *census = xca_census_make(test_pool);
    unsigned i;

    for (i = 0; i < 5000; i++) {
        xca_cert_t cert = cert_of(i, "20261201000000Z");

        xca_census_take(census, &cert, cert.not_before);
        if (i % 2 == 1) {
            xca_census_drop(census, cert.serial);
            xca_census_drop(census, cert.serial);
        }
    }
    assert_int_equal(xca_census_size(census), 2500);
    assert_string_equal(month(census, "2026-12"), "foundation 2500 2500 0 0 0 0 0 0 臺北市");
    for (i = 0; i < 5000; i++) {
        xca_cert_t cert = cert_of(i, "20261201000000Z");

        xca_census_take(census, &cert, cert.not_before);
    }
    assert_string_equal(month(census, "2026-12"), "foundation 5000 5000 0 0 0 0 0 0 臺北市");
}

/* Lives of three thousand certificates in random steps, told in between and again: the census is what a fresh count of the
 * last states gives. */
static void test_any_way_to_the_same_states_gives_the_same_counts(void **state) {
    enum { CERTS = 3000, STEPS = 20000 };
    static xca_cert_t certs[CERTS];
    xca_census_t *told = xca_census_make(test_pool), *fresh = xca_census_make(test_pool);
    apr_array_header_t *months;
    apr_time_t now = at("20260101000000Z");
    unsigned seed = 20261125, i;
    int number;

    for (i = 0; i < CERTS; i++) {
        certs[i] = cert_of(i, "20260101000000Z");
        certs[i].not_before += (apr_time_t)(rand_r(&seed) % 700) * XCA_DAY;
        certs[i].not_after = certs[i].not_before + (apr_time_t)(300 + rand_r(&seed) % 900) * XCA_DAY;
        certs[i].class = (xca_class)(1 + rand_r(&seed) % (XCA_CLASS_COUNT - 1));
        certs[i].county = counties[rand_r(&seed) % COUNTIES];
    }
    for (i = 0; i < STEPS; i++) {
        xca_cert_t *cert = &certs[rand_r(&seed) % CERTS];

        now += apr_time_from_sec(rand_r(&seed) % 14400);
        if (cert->state != XCA_CERT_REVOKED) {
            cert->state = (xca_cert_state)(1 + rand_r(&seed) % 3);
            cert->revoked = cert->state == XCA_CERT_REVOKED ? now : 0;
        }
        xca_census_take(told, cert, now);
        if (i % 1000 == 0) {
            xca_census_pass(told, now);
        }
    }
    for (i = 0; i < CERTS; i++) {
        xca_census_take(told, &certs[i], now);
        xca_census_take(fresh, &certs[i], now);
    }
    xca_census_pass(told, now);
    assert_int_equal(xca_census_size(told), CERTS);
    months = xca_census_months(told, test_pool);
    for (number = 0; number < months->nelts; number++) {
        int one = APR_ARRAY_IDX(months, number, int);

        assert_string_equal(joined(xca_census_month(told, one, test_pool)), joined(xca_census_month(fresh, one, test_pool)));
    }
    assert_true(months->nelts > 40);
}

static void test_a_clock_set_back_undoes_an_expiry(void **state) {
    xca_census_t *census = xca_census_make(test_pool);
    xca_cert_t cert = cert_of(1, "20261201000000Z");

    cert.state = XCA_CERT_VALID;
    xca_census_take(census, &cert, cert.not_after + 1);
    assert_string_equal(month(census, "2026-12"), "foundation 1 0 0 0 0 1 0 0 臺北市");
    xca_census_take(census, &cert, cert.not_before);
    assert_string_equal(month(census, "2026-12"), "foundation 1 0 1 0 0 0 0 0 臺北市");
    assert_string_equal(month(census, "2031-12"), "");
}

static void test_counts_are_read_as_they_were_written_and_nothing_else(void **state) {
    static const char *const wrong[] = {
        "", "school", "school 1", "school 1 2 3 4 5 6 7 8", "school 1 2 3 4 5 6 7 8 ", "bank 1 2 3 4 5 6 7 8 -",
        "school 1 2 3 4 5 6 7 -8 -", "school 1 2 3 4 5 6 7 9999999999999999 -", "school  1 2 3 4 5 6 7 8 -"};
    xca_count_t count, again;
    size_t i;

    assert_true(xca_count_parse(&count, "school 8 1 2 1 3 1 0 7 新竹 縣", test_pool));
    assert_int_equal(count.class, XCA_CLASS_SCHOOL);
    assert_string_equal(count.county, "新竹 縣");
    assert_int_equal(count.of[XCA_TALLY_REVOKED], 3);
    assert_int_equal(count.of[XCA_TALLY_EXPIRIES], 7);
    assert_true(xca_count_parse(&again, xca_count_format(test_pool, &count), test_pool));
    assert_string_equal(xca_count_format(test_pool, &again), "school 8 1 2 1 3 1 0 7 新竹 縣");
    assert_true(xca_count_parse(&count, "none 0 0 0 0 0 0 0 0 -", test_pool));
    assert_null(count.county);
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(xca_count_parse(&count, wrong[i], test_pool));
    }
}

static void test_months_are_those_of_taiwan(void **state) {
    assert_int_equal(xca_month_of(at("20261231155959Z")), xca_month_parse("2026-12"));
    assert_int_equal(xca_month_of(at("20261231160000Z")), xca_month_parse("2027-01"));
    assert_string_equal(xca_month_format(test_pool, xca_month_parse("2028-02")), "2028-02");
    assert_int_equal(xca_month_days(xca_month_parse("2028-02")), 29);
    assert_int_equal(xca_month_days(xca_month_parse("2026-12")), 31);
    assert_int_equal(xca_month_parse("2026-13"), -1);
    assert_int_equal(xca_month_parse("2026-00"), -1);
    assert_int_equal(xca_month_parse("202611"), -1);
    assert_int_equal(xca_month_parse("2026-1x"), -1);
    assert_int_equal(xca_month_parse(NULL), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_life_is_counted_where_it_happens),
        TEST(test_the_same_again_changes_nothing),
        TEST(test_time_alone_brings_expiry_and_only_to_what_was_in_force),
        TEST(test_what_is_dropped_counts_no_more_and_may_come_again),
        TEST(test_any_way_to_the_same_states_gives_the_same_counts),
        TEST(test_a_clock_set_back_undoes_an_expiry),
        TEST(test_counts_are_read_as_they_were_written_and_nothing_else),
        TEST(test_months_are_those_of_taiwan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
