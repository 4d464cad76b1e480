/* Bodies in JSON as forms. */
#include "domain_fixture.h"

#include <string.h>
#include "portal/form.h"

static xca_form_t *form;

static const char *read_json(const char *body) {
    xca_error_t *err = xca_form_read_api(&form, "q=1", "application/json; charset=utf-8", body, strlen(body), test_pool);

    return err != NULL ? err->message : "";
}

static void test_members_are_fields(void **state) {
    assert_string_equal(read_json(" { \"a\" : \"1\" , \"b\":\"\\u4e2d\\n\\\"\\/\\ud83d\\ude00\", \"c\":\"中\" }\r\n"), "");
    assert_string_equal(xca_form_text(form, "a"), "1");
    assert_string_equal(xca_form_text(form, "b"), "中\n\"/😀");
    assert_string_equal(xca_form_text(form, "c"), "中");
    assert_string_equal(xca_form_text(form, "q"), "1");
    assert_null(xca_form_text(form, "d"));
    assert_string_equal(read_json("{}"), "");
    assert_string_equal(read_json("{\"\":\"\"}"), "");
}

static void test_a_secret_is_taken_out_of_it(void **state) {
    xca_secret_t *secret;

    assert_string_equal(read_json("{\"user_code\":\"Ab-\\u0031\"}"), "");
    secret = xca_form_secret(form, "user_code", test_pool);
    assert_int_equal(secret->length, 4);
    assert_memory_equal(secret->bytes, "Ab-1", 4);
    assert_null(xca_form_text(form, "user_code"));
}

static void test_what_is_no_object_of_texts_is_refused(void **state) {
    static const char *const broken[] = {"[]",       "{",          "{\"a\"}",      "{\"a\":\"b\",}", "{\"a\":\"b\"}x", "{'a':'b'}",
                                         "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\\ud800\"}",
                                         "{\"a\":\"\\u0000\"}", "{\"a\":\"b", "{\"a\":\"\t\"}", "{\"a\":\"\\", "\"a\"", "{\"a\"\"b\"}"};
    static const char *const others[] = {"{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":[\"b\"]}", "{\"a\":true}"};
    size_t i;

    for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_string_equal(read_json(broken[i]), "json.malformed");
    }
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_string_equal(read_json(others[i]), "json.not-text");
    }
    assert_string_equal(read_json("{\"a\":\"1\",\"a\":\"2\"}"), "json.double");
}

static void test_bounds_are_those_of_forms(void **state) {
    char *body = apr_palloc(test_pool, 70000);

    memset(body, 'a', 70000);
    memcpy(body, "{\"x\":\"", 6);
    strcpy(body + 69000, "\"}");
    assert_string_equal(read_json(body), "form.too-large");
    assert_string_equal(read_json("{\"a\":\"\xff\"}"), "");
    assert_string_equal(xca_form_text(form, "a"), XCA_TEXT_REPLACED);
}

static void test_pages_of_the_portal_take_no_json(void **state) {
    xca_error_t *err = xca_form_read(&form, NULL, "application/json", "{}", 2, test_pool);

    assert_non_null(err);
    assert_string_equal(err->message, "form.type");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_members_are_fields),
        TEST(test_a_secret_is_taken_out_of_it),
        TEST(test_what_is_no_object_of_texts_is_refused),
        TEST(test_bounds_are_those_of_forms),
        TEST(test_pages_of_the_portal_take_no_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
