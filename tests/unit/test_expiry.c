#include "domain_fixture.h"

#include "domain/calendar.h"
#include "domain/expiry.h"

static apr_time_t at(const char *text) {
    return xca_date_parse_ldap(text);
}

static void test_notices_are_due_90_60_and_30_days_before_the_end(void **state) {
    apr_time_t end = at("20311124050459Z"); /* 24 November 13:04 in Taipei */

    assert_int_equal(xca_expiry_notice(end, at("20310825155959Z")), 0); /* 91 days: the last second of 25 August */
    assert_int_equal(xca_expiry_notice(end, at("20310825160000Z")), 90);
    assert_int_equal(xca_expiry_notice(end, at("20310924155959Z")), 90);
    assert_int_equal(xca_expiry_notice(end, at("20310924160000Z")), 60);
    assert_int_equal(xca_expiry_notice(end, at("20311024160000Z")), 30);
    assert_int_equal(xca_expiry_notice(end, end), 30);
    assert_int_equal(xca_expiry_notice(end, end + 1), 0);
}

static void test_warnings_of_a_lapse_are_due_60_30_and_7_days_before(void **state) {
    apr_time_t issued = at("20261124000000Z"), end = issued + 90 * XCA_DAY;

    assert_int_equal(xca_lapse_notice(end, issued + 29 * XCA_DAY), 0);
    assert_int_equal(xca_lapse_notice(end, issued + 30 * XCA_DAY), 60);
    assert_int_equal(xca_lapse_notice(end, issued + 60 * XCA_DAY), 30);
    assert_int_equal(xca_lapse_notice(end, issued + 82 * XCA_DAY), 30);
    assert_int_equal(xca_lapse_notice(end, issued + 83 * XCA_DAY), 7);
    assert_int_equal(xca_lapse_notice(end, issued + 91 * XCA_DAY), 0);
}

/* Days are counted from the end of `a` in these tests. */
static xca_holding_t holding(const char *id, int from, int to) {
    xca_holding_t one = {id, at("20311124000000Z") + from * XCA_DAY, at("20311124000000Z") + to * XCA_DAY, 1, 0};

    return one;
}

static void test_a_newer_valid_one_takes_the_place_of_the_old(void **state) {
    xca_holding_t all[2];

    all[0] = holding("a", -1826, 0);
    assert_false(xca_expiry_renewed(&all[0], all, 1));
    all[1] = holding("b", -80, 1746);
    assert_true(xca_expiry_renewed(&all[0], all, 2));
    assert_false(xca_expiry_renewed(&all[1], all, 2));
    all[1].valid = 0; /* suspended, or not activated yet */
    assert_false(xca_expiry_renewed(&all[0], all, 2));
    all[1].valid = 1;
    all[1].revoked = 1;
    assert_false(xca_expiry_renewed(&all[0], all, 2));
}

static void test_one_from_long_before_is_another_and_no_renewal(void **state) {
    xca_holding_t all[2];

    all[0] = holding("a", -1826, 0);
    all[1] = holding("b", -900, 926);
    assert_false(xca_expiry_renewed(&all[0], all, 2));
}

static void test_one_new_one_takes_the_place_of_one_of_two(void **state) {
    xca_holding_t all[4];

    all[0] = holding("a", -1826, 0);
    all[1] = holding("b", -1816, 10);
    all[2] = holding("c", -60, 1766);
    assert_true(xca_expiry_renewed(&all[0], all, 3));
    assert_false(xca_expiry_renewed(&all[1], all, 3));
    all[3] = holding("d", -50, 1776);
    assert_true(xca_expiry_renewed(&all[1], all, 4));
    all[0].revoked = 1; /* what was revoked needs no place */
    assert_true(xca_expiry_renewed(&all[1], all, 3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_notices_are_due_90_60_and_30_days_before_the_end),
        TEST(test_warnings_of_a_lapse_are_due_60_30_and_7_days_before),
        TEST(test_a_newer_valid_one_takes_the_place_of_the_old),
        TEST(test_one_from_long_before_is_another_and_no_renewal),
        TEST(test_one_new_one_takes_the_place_of_one_of_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
