/* What the tests of the domain layer share: a pool for each test, the postal table, and what an
 * error says. Included once by each test program. */
#ifndef TESTS_UNIT_DOMAIN_FIXTURE_H
#define TESTS_UNIT_DOMAIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "base/settings.h"
#include "domain/postal.h"

static apr_pool_t *test_pool;

static int open_pool(void **state) {
    apr_initialize();
    return apr_pool_create(&test_pool, NULL) != APR_SUCCESS;
}

static int close_pool(void **state) {
    apr_pool_destroy(test_pool);
    apr_terminate();
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_pool, close_pool)

/* The message of an error, "" for none: so that a failed comparison shows both. */
static inline const char *message_of(const xca_error_t *err) {
    return err != NULL ? err->message : "";
}

/* The message that a list has for a field, "" for none. */
static inline const char *message_for(const xca_error_t *err, const char *field) {
    while (err != NULL && (err->field == NULL || strcmp(err->field, field) != 0)) {
        err = err->next;
    }
    return message_of(err);
}

static inline int count_errors(const xca_error_t *err) {
    int count = 0;

    for (; err != NULL; err = err->next) {
        count++;
    }
    return count;
}

/* "abc" repeated to a text of `length` bytes. */
static inline char *long_text(apr_size_t length, char c) {
    char *text = apr_palloc(test_pool, length + 1);

    memset(text, c, length);
    text[length] = '\0';
    return text;
}

static inline const char *read_text(const char *path, apr_size_t *length) {
    const char *text = NULL;
    xca_error_t *err = xca_file_read(&text, length, path, 16 * 1024 * 1024, test_pool);

    assert_string_equal(message_of(err), "");
    return text;
}

/* The postal table of the product. */
static inline const xca_postal_t *read_postal(void) {
    apr_size_t length;
    const char *text = read_text("htdocs/data/postal3.csv", &length);
    xca_postal_t *postal = NULL;
    xca_error_t *err = xca_postal_make(&postal, text, length, test_pool);

    assert_string_equal(message_of(err), "");
    return postal;
}

#endif
