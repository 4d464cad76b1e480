/* What devices send to enrol: credentials, bodies, and requests that renew. */
#include "crypto_fixture.h"

#include "outside/crypto_csr.h"
#include "portal/page_est.h"

static void test_credentials_are_a_name_and_a_password(void **state) {
    xca_secret_t *password;
    const char *name;

    assert_true(xca_basic_read(&name, &password, "Basic MTIzOmE6YiBj", test_pool)); /* 123:a:b c */
    assert_string_equal(name, "123");
    assert_int_equal(password->length, 5);
    assert_memory_equal(password->bytes, "a:b c", 5);
    assert_true(xca_basic_read(&name, &password, "bASIC Og==", test_pool)); /* : */
    assert_string_equal(name, "");
    assert_int_equal(password->length, 0);
}

static void test_what_is_no_basic_authentication_is_none(void **state) {
    static const char *const headers[] = {"", "Basic", "Basic ", "Basic MTIz", "Basic !!!!", "Bearer MTIzOmE=", "Basic MToAYQ=="};
    xca_secret_t *password;
    const char *name;
    apr_size_t i;
    char *much = apr_pcalloc(test_pool, 5000);

    assert_false(xca_basic_read(&name, &password, NULL, test_pool));
    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        assert_false(xca_basic_read(&name, &password, headers[i], test_pool));
    }
    memset(much, 'O', 4996);
    memcpy(much, "Basic ", 6);
    assert_false(xca_basic_read(&name, &password, much, test_pool));
}

static void test_a_body_is_base64_or_der_or_pem(void **state) {
    xca_bytes_t request;
    xca_error_t *err;

    assert_null(xca_est_body(&request, "MA\nMC\r\nAQA=\n", 12, test_pool));
    assert_int_equal(request.length, 5);
    assert_memory_equal(request.data, "\x30\x03\x02\x01\x00", 5);
    assert_null(xca_est_body(&request, "\x30\x03\x02\x01\x00", 5, test_pool));
    assert_int_equal(request.length, 5);
    assert_null(xca_est_body(&request, "-----BEGIN", 10, test_pool));
    err = xca_est_body(&request, "", 0, test_pool);
    assert_string_equal(err->message, "est.body");
    err = xca_est_body(&request, "*", 1, test_pool);
    assert_string_equal(err->message, "est.body");
    err = xca_est_body(&request, "M", 10000000, test_pool);
    assert_string_equal(err->message, "csr.too-large");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_credentials_are_a_name_and_a_password),
        TEST(test_what_is_no_basic_authentication_is_none),
        TEST(test_a_body_is_base64_or_der_or_pem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
