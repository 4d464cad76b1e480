/* How often one address may ask. */
#include "domain_fixture.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_so_many_in_a_window_and_again_in_the_next),
        TEST(test_a_million_addresses_need_no_more_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
