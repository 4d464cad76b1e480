/* What a correction has changed. */
#include "domain_fixture.h"

#include "domain/case_changes.h"

static xca_case_t filed(void) {
    xca_case_t kase = {0};

    kase.number = "0000100000000000000000001";
    kase.kind = XCA_CASE_CERTIFICATE;
    kase.revision = 1;
    kase.filed = apr_time_from_sec(1795496700);
    kase.class = XCA_CLASS_FOUNDATION;
    kase.use = XCA_USE_SIGNATURE;
    kase.org_name = "財團法人測試基金會";
    kase.contact_phone = "02-1";
    kase.remark = "一\n二\\三";
    return kase;
}

static void test_the_same_content_has_no_changes(void **state) {
    xca_case_t kase = filed();
    const char *earlier = xca_case_canonical(test_pool, &kase);

    kase.revision = 2;
    assert_int_equal(xca_case_changes(test_pool, earlier, &kase)->nelts, 0);
}

static void test_changed_new_and_removed_fields_are_told(void **state) {
    xca_case_t kase = filed();
    const char *earlier = xca_case_canonical(test_pool, &kase);
    apr_array_header_t *changes;
    const xca_case_change_t *found;

    kase.contact_phone = "02-2";
    kase.remark = NULL;
    kase.email = "a@example.org";
    kase.use = XCA_USE_ENCRYPTION;
    changes = xca_case_changes(test_pool, earlier, &kase);
    found = (const xca_case_change_t *)changes->elts;
    assert_int_equal(changes->nelts, 4);
    assert_string_equal(found[0].name, "use");
    assert_string_equal(found[0].before, "signature");
    assert_string_equal(found[0].after, "encryption");
    assert_string_equal(found[3].name, "remark");
    assert_string_equal(found[3].before, "一\n二\\三");
    assert_null(found[3].after);
}

static void test_what_is_no_text_of_a_case_has_none(void **state) {
    xca_case_t kase = filed();
    static const char *const bad[] = {NULL, "", "XCA-CASE-2\nkind: card\n", "kind: card\n", "XCA-CASE-1"};
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(xca_case_changes(test_pool, bad[i], &kase)->nelts, 0);
    }
    /* lines without a value, an escape at the end: read, and different */
    assert_true(xca_case_changes(test_pool, "XCA-CASE-1\nkind\n: \nremark: x\\", &kase)->nelts > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_same_content_has_no_changes),
        TEST(test_changed_new_and_removed_fields_are_told),
        TEST(test_what_is_no_text_of_a_case_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
