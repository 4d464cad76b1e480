/* Counters of answers, shared by processes, and who may see them. */
#include "domain_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include "portal/meter.h"
#include "portal/page_monitor.h"

static void test_what_children_count_adds_up(void **state) {
    enum { CHILDREN = 4, ROUNDS = 10000 };
    xca_meter_t *meter;
    xca_meter_total_t total;
    int i, child;

    assert_null(xca_meter_make(&meter, 7, test_pool));
    for (child = 0; child < CHILDREN; child++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            for (i = 0; i < ROUNDS; i++) {
                xca_meter_count(meter, 6, XCA_METER_PAGES, 200, 700);
                xca_meter_count(meter, -1, XCA_METER_STATIC, 404, 100);
            }
            _exit(0);
        }
    }
    for (child = 0; child < CHILDREN; child++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(xca_meter_answers(meter, 6, 200), CHILDREN * ROUNDS);
    assert_int_equal(xca_meter_answers(meter, 6, 404), 0);
    assert_int_equal(xca_meter_answers(meter, -1, 404), CHILDREN * ROUNDS);
    total = xca_meter_total(meter);
    assert_int_equal(total.answers, 2 * CHILDREN * ROUNDS);
    assert_int_equal(total.refused, CHILDREN * ROUNDS);
    assert_int_equal(total.failed, 0);
    assert_int_equal(total.microseconds, CHILDREN * ROUNDS * 800);
}

static void test_rows_and_statuses_that_are_not_there_count_elsewhere(void **state) {
    xca_meter_t *meter;

    assert_null(xca_meter_make(&meter, 2, test_pool));
    xca_meter_count(meter, 2, XCA_METER_PAGES, 200, 1);
    xca_meter_count(meter, 1, XCA_METER_PAGES, 599, 1);
    xca_meter_count(meter, 1, XCA_METER_PAGES, 600, 1);
    assert_int_equal(xca_meter_answers(meter, -1, 200), 1);
    assert_int_equal(xca_meter_answers(meter, 0, 200), 0);
    assert_int_equal(xca_meter_answers(meter, 1, 200), 0);
    assert_int_equal(xca_meter_answers(meter, 1, 0), 2);
}

static void test_what_ocsp_said_is_counted_by_result(void **state) {
    xca_meter_t *meter;

    assert_null(xca_meter_make(&meter, 1, test_pool));
    xca_meter_count_ocsp(meter, XCA_METER_OCSP_GOOD, 3);
    xca_meter_count_ocsp(meter, XCA_METER_OCSP_GOOD, 1);
    xca_meter_count_ocsp(meter, XCA_METER_OCSP_INTERNAL, 1);
    assert_int_equal(xca_meter_ocsp_results(meter, XCA_METER_OCSP_GOOD), 4);
    assert_int_equal(xca_meter_ocsp_results(meter, XCA_METER_OCSP_REVOKED), 0);
    assert_int_equal(xca_meter_ocsp_results(meter, XCA_METER_OCSP_INTERNAL), 1);
    assert_int_equal(xca_meter_total(meter).answers, 0);
}

static void test_a_histogram_is_cumulative(void **state) {
    const apr_interval_time_t *bounds = xca_meter_bounds();
    apr_uint64_t counts[32];
    xca_meter_t *meter;
    int last = 0;

    assert_null(xca_meter_make(&meter, 1, test_pool));
    xca_meter_count(meter, 0, XCA_METER_OFFICERS, 200, bounds[0]);
    xca_meter_count(meter, 0, XCA_METER_OFFICERS, 200, bounds[0] + 1);
    xca_meter_count(meter, 0, XCA_METER_OFFICERS, 200, apr_time_from_sec(3600));
    xca_meter_count(meter, 0, XCA_METER_OFFICERS, 200, -5); /* the clock was set back */
    while (bounds[last] != 0) {
        last++;
    }
    assert_int_equal(xca_meter_histogram(counts, meter, XCA_METER_OFFICERS),
                     2 * bounds[0] + 1 + apr_time_from_sec(3600));
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 3);
    assert_int_equal(counts[last - 1], 3);
    assert_int_equal(counts[last], 4);
    xca_meter_histogram(counts, meter, XCA_METER_PAGES);
    assert_int_equal(counts[last], 0);
}

static void test_only_hosts_that_are_named_may_look(void **state) {
    apr_array_header_t *hosts;
    xca_error_t *err;

    assert_null(xca_monitor_hosts_read(&hosts, "monitor-hosts", "127.0.0.1, ::1 10.1.0.0/16", test_pool));
    assert_int_equal(hosts->nelts, 3);
    assert_true(xca_monitor_host_is_known(hosts, "127.0.0.1", test_pool));
    assert_true(xca_monitor_host_is_known(hosts, "::1", test_pool));
    assert_true(xca_monitor_host_is_known(hosts, "10.1.255.3", test_pool));
    assert_false(xca_monitor_host_is_known(hosts, "10.2.0.1", test_pool));
    assert_false(xca_monitor_host_is_known(hosts, "127.0.0.2", test_pool));
    assert_false(xca_monitor_host_is_known(hosts, "::2", test_pool));
    assert_false(xca_monitor_host_is_known(hosts, "localhost", test_pool));
    assert_false(xca_monitor_host_is_known(hosts, "", test_pool));
    assert_false(xca_monitor_host_is_known(hosts, NULL, test_pool));
    assert_null(xca_monitor_hosts_read(&hosts, "monitor-hosts", "", test_pool));
    assert_false(xca_monitor_host_is_known(hosts, "127.0.0.1", test_pool));
    err = xca_monitor_hosts_read(&hosts, "monitor-hosts", "127.0.0.1 example.org", test_pool);
    assert_non_null(err);
    assert_string_equal(err->message, "settings.hosts");
    assert_string_equal(err->arg, "monitor-hosts");
    assert_non_null(xca_monitor_hosts_read(&hosts, "monitor-hosts", "10.0.0.0/33", test_pool));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_children_count_adds_up),
        TEST(test_rows_and_statuses_that_are_not_there_count_elsewhere),
        TEST(test_what_ocsp_said_is_counted_by_result),
        TEST(test_a_histogram_is_cumulative),
        TEST(test_only_hosts_that_are_named_may_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
