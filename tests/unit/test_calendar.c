#include "domain_fixture.h"

#include <time.h>
#include "domain/calendar.h"

/* 2026-11-24 05:05:00 UTC, 13:05 in Taipei */
#define A_TUESDAY apr_time_from_sec(1795496700)

static const char *shown(apr_time_t when, xca_date_form form) {
    return xca_date_format(test_pool, when, form);
}

static void test_printed_form_has_the_roc_date(void **state) {
    assert_string_equal(shown(A_TUESDAY, XCA_DATE_ROC), "民國 115 年 11 月 24 日");
    /* the guide's own example */
    assert_string_equal(shown(apr_time_from_sec(1276704000), XCA_DATE_ROC),
                        "民國 99 年 6 月 17 日");
}

static void test_dates_change_at_midnight_in_taipei(void **state) {
    apr_time_t midnight = xca_date_parse_ldap("20261231160000Z");

    assert_string_equal(shown(midnight - 1, XCA_DATE_ISO), "2026-12-31");
    assert_string_equal(shown(midnight, XCA_DATE_ISO), "2027-01-01");
    assert_string_equal(shown(midnight, XCA_DATE_ISO_TIME), "2027-01-01 00:00");
    assert_string_equal(shown(midnight, XCA_DATE_ROC), "民國 116 年 1 月 1 日");
}

static void test_roc_year_one_and_the_years_before(void **state) {
    assert_string_equal(shown(xca_date_parse_ldap("19120101000000Z"), XCA_DATE_ROC),
                        "民國 1 年 1 月 1 日");
    assert_string_equal(shown(xca_date_parse_ldap("19111010000000Z"), XCA_DATE_ROC),
                        "民國前 1 年 10 月 10 日");
}

static void test_machine_forms_are_in_utc(void **state) {
    assert_string_equal(shown(A_TUESDAY, XCA_DATE_LDAP), "20261124050500Z");
    assert_string_equal(shown(A_TUESDAY, XCA_DATE_WIRE), "20261124T050500Z");
    assert_int_equal(xca_date_parse_wire("20261124T050500Z"), A_TUESDAY);
    assert_int_equal(xca_date_parse_wire("20261124050500Z"), 0);
    assert_int_equal(xca_date_parse_wire("20261124T050500ZZ"), 0);
    assert_int_equal(xca_date_parse_wire("20261324T050500Z"), 0);
    assert_string_equal(shown(A_TUESDAY, XCA_DATE_HTTP), "Tue, 24 Nov 2026 05:05:00 GMT");
    assert_string_equal(shown(A_TUESDAY, XCA_DATE_RFC3339), "2026-11-24T05:05:00Z");
}

static void test_dates_agree_with_the_c_library_over_four_centuries(void **state) {
    apr_int64_t seconds;

    for (seconds = -6000000000LL; seconds < 8000000000LL; seconds += 86400 * 3 + 12345) {
        time_t when = (time_t)seconds;
        struct tm parts;
        char ldap[20], http[40];

        gmtime_r(&when, &parts);
        strftime(ldap, sizeof(ldap), "%Y%m%d%H%M%SZ", &parts);
        strftime(http, sizeof(http), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        apr_pool_clear(test_pool);
        assert_string_equal(shown(apr_time_from_sec(seconds), XCA_DATE_LDAP), ldap);
        assert_string_equal(shown(apr_time_from_sec(seconds), XCA_DATE_HTTP), http);
        assert_int_equal(xca_date_parse_ldap(ldap), apr_time_from_sec(seconds));
    }
}

static void test_directory_time_keeps_its_fraction(void **state) {
    assert_int_equal(xca_date_parse_ldap("20261124050500.25Z"), A_TUESDAY + 250000);
    assert_int_equal(xca_date_parse_ldap("20261124050500,000001Z"), A_TUESDAY + 1);
    assert_int_equal(xca_date_parse_ldap("20261124050500.1234567Z"), A_TUESDAY + 123456);
}

static void test_text_that_is_no_directory_time_is_refused(void **state) {
    static const char *const wrong[] = {"",
                                        "2026",
                                        "20261124050500",
                                        "202611240505Z",
                                        "20261124050500z",
                                        "20261124050500+0800",
                                        "20261124050500.Z",
                                        "20261124050500Z ",
                                        "20261324050500Z",
                                        "20260024050500Z",
                                        "20261100050500Z",
                                        "20260229050500Z",
                                        "20261131050500Z",
                                        "20261124240000Z",
                                        "20261124236000Z",
                                        "20261124235960Z",
                                        "2026112405050xZ",
                                        "２０２６１１２４０５０５００Z"};
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(xca_date_parse_ldap(wrong[i]), 0);
    }
    assert_int_equal(xca_date_parse_ldap(long_text(100000, '1')), 0);
    assert_true(xca_date_parse_ldap("20240229000000Z") != 0);
}

static const char *years_later(const char *from, int years) {
    return shown(xca_date_add_years(xca_date_parse_ldap(from), years), XCA_DATE_LDAP);
}

static void test_five_years_later_is_the_same_day_and_time(void **state) {
    assert_string_equal(years_later("20261124050500Z", 5), "20311124050500Z");
    assert_string_equal(years_later("20260101000000Z", 5), "20310101000000Z");
    assert_string_equal(years_later("20261231235959Z", 5), "20311231235959Z");
}

static void test_29_february_becomes_28_where_there_is_none(void **state) {
    assert_string_equal(years_later("20240229120000Z", 5), "20290228120000Z");
    assert_string_equal(years_later("20240229120000Z", 4), "20280229120000Z");
    assert_string_equal(years_later("20240229120000Z", -1), "20230228120000Z");
}

static void test_a_typed_day_begins_in_taipei(void **state) {
    static const char *const wrong[] = {"", "2026-11-2", "2026-11-245", "2026/11/24", "2026-13-01", "2026-02-29", "2026-00-10",
                                        "2026-11-00", "abcd-ef-gh", "0000-01-01"};
    int i;

    assert_string_equal(shown(xca_date_parse_iso("2026-11-24"), XCA_DATE_LDAP), "20261123160000Z");
    assert_string_equal(shown(xca_date_parse_iso("2028-02-29"), XCA_DATE_ISO_TIME), "2028-02-29 00:00");
    for (i = 0; i < (int)(sizeof(wrong) / sizeof(wrong[0])); i++) {
        assert_int_equal(xca_date_parse_iso(wrong[i]), 0);
    }
}

static const char *months_later(const char *from, int months) {
    return shown(xca_date_add_months(xca_date_parse_iso(from), months), XCA_DATE_ISO_TIME);
}

static void test_three_months_later_is_the_same_day_of_the_month(void **state) {
    assert_string_equal(months_later("2026-11-24", 3), "2027-02-24 00:00");
    assert_string_equal(months_later("2026-11-30", 3), "2027-02-28 00:00");
    assert_string_equal(months_later("2026-12-31", 2), "2027-02-28 00:00");
    assert_string_equal(months_later("2026-01-31", 1), "2026-02-28 00:00");
    assert_string_equal(months_later("2026-03-15", -3), "2025-12-15 00:00");
}

static const char *working(const char *from, int days, const char *holidays) {
    return shown(xca_working_day_end(xca_date_parse_iso(from), days, holidays, test_pool), XCA_DATE_ISO_TIME);
}

static void test_a_working_day_is_no_weekend_and_no_holiday(void **state) {
    assert_string_equal(working("2026-11-24", 1, NULL), "2026-11-25 23:59"); /* Tuesday */
    assert_string_equal(working("2026-11-27", 1, NULL), "2026-11-30 23:59"); /* Friday to Monday */
    assert_string_equal(working("2026-11-28", 1, NULL), "2026-11-30 23:59"); /* Saturday */
    assert_string_equal(working("2026-11-27", 1, "2026-11-30 2026-12-01"), "2026-12-02 23:59");
    assert_string_equal(working("2026-12-31", 1, "2027-01-01"), "2027-01-04 23:59");
    assert_string_equal(working("2026-11-24", 10, NULL), "2026-12-08 23:59");
    assert_string_equal(working("2026-11-24", 0, NULL), "2026-11-24 23:59");
}

static void test_a_day_begins_in_taipei_whatever_the_time_in_it(void **state) {
    apr_time_t begin = xca_date_parse_iso("2028-02-29");

    assert_int_equal(xca_day_begin(begin), begin);
    assert_int_equal(xca_day_begin(begin + XCA_DAY - 1), begin);
    assert_int_equal(xca_day_begin(begin - 1), begin - XCA_DAY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_printed_form_has_the_roc_date),
        TEST(test_dates_change_at_midnight_in_taipei),
        TEST(test_roc_year_one_and_the_years_before),
        TEST(test_machine_forms_are_in_utc),
        TEST(test_dates_agree_with_the_c_library_over_four_centuries),
        TEST(test_directory_time_keeps_its_fraction),
        TEST(test_text_that_is_no_directory_time_is_refused),
        TEST(test_five_years_later_is_the_same_day_and_time),
        TEST(test_29_february_becomes_28_where_there_is_none),
        TEST(test_a_typed_day_begins_in_taipei),
        TEST(test_three_months_later_is_the_same_day_of_the_month),
        TEST(test_a_working_day_is_no_weekend_and_no_holiday),
        TEST(test_a_day_begins_in_taipei_whatever_the_time_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
