/* How often one address may ask. */
#include "domain_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include "portal/limit.h"

#define MINUTE apr_time_from_sec(60)

static void test_so_many_in_a_window_and_again_in_the_next(void **state) {
    apr_time_t now = apr_time_from_sec(1795496700);
    xca_limit_t *limit;
    int i;

    assert_null(xca_limit_make(&limit, 3, MINUTE, test_pool));
    for (i = 0; i < 3; i++) {
        assert_true(xca_limit_take(limit, "a", now + i));
    }
    assert_false(xca_limit_take(limit, "a", now + MINUTE - 1));
    assert_true(xca_limit_take(limit, "b", now));
    assert_true(xca_limit_take(limit, "a", now + MINUTE));
    /* A clock that was set back locks nobody out. */
    assert_true(xca_limit_take(limit, "b", now - 100 * MINUTE));
}

static void test_a_million_addresses_need_no_more_room(void **state) {
    xca_limit_t *limit;
    int i, taken = 0;

    assert_null(xca_limit_make(&limit, 2, MINUTE, test_pool));
    for (i = 0; i < 1000000; i++) {
        char source[16];

        apr_snprintf(source, sizeof(source), "%d", i);
        taken += xca_limit_take(limit, source, 1);
    }
    assert_true(taken > 4000 && taken <= 2 * 4096);
}

static void test_processes_share_it(void **state) {
    enum { CHILDREN = 4, EACH = 1000, MOST = 3000 };
    xca_limit_t *limit;
    int i, j, status, taken = 0, pipes[2];
    char one = 0;

    assert_int_equal(pipe(pipes), 0);
    assert_null(xca_limit_make(&limit, MOST, MINUTE, test_pool));
    for (i = 0; i < CHILDREN; i++) {
        if (fork() == 0) {
            for (j = 0; j < EACH; j++) {
                if (xca_limit_take(limit, "a", 1) && write(pipes[1], &one, 1) != 1) {
                    _exit(1);
                }
            }
            _exit(0);
        }
    }
    close(pipes[1]);
    for (; read(pipes[0], &one, 1) == 1; taken++) {
    }
    close(pipes[0]);
    for (i = 0; i < CHILDREN; i++) {
        assert_true(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(taken, MOST);
    assert_false(xca_limit_take(limit, "a", 1));
}

static void test_a_network_of_ipv6_is_one_visitor(void **state) {
    const char *one = xca_limit_source("2001:db8:1:2::1", test_pool);

    assert_string_equal(one, xca_limit_source("2001:db8:1:2:ffff:ffff:ffff:ffff", test_pool));
    assert_string_not_equal(one, xca_limit_source("2001:db8:1:3::1", test_pool));
    assert_string_equal(xca_limit_source("192.0.2.1", test_pool), "192.0.2.1");
    assert_string_not_equal(xca_limit_source("::ffff:192.0.2.1", test_pool), xca_limit_source("::ffff:192.0.2.2", test_pool));
    assert_string_equal(xca_limit_source(NULL, test_pool), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_so_many_in_a_window_and_again_in_the_next),
        TEST(test_a_million_addresses_need_no_more_room),
        TEST(test_processes_share_it),
        TEST(test_a_network_of_ipv6_is_one_visitor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
