/* Requests as applicants upload them: every file of tests/data/csr is judged as judgement.tsv says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "base/settings.h"
#include "outside/crypto.h"
#include "outside/crypto_csr.h"

#define DATA "tests/data/csr/"

static apr_pool_t *pool;

static int start(void **state) {
    apr_initialize();
    return apr_pool_create(&pool, NULL) == APR_SUCCESS ? 0 : -1;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

/* The next field of a line of tab separated values, which ends at a tab or CR. */
static char *field(char **at) {
    char *start_at = *at;
    apr_size_t length = strcspn(start_at, "\t\r");
    int more = start_at[length] == '\t';

    start_at[length] = '\0';
    *at = start_at + length + more;
    return start_at;
}

static int names(const char *reasons, const char *message) {
    const char *found = strstr(reasons, message);
    apr_size_t length = strlen(message);

    return found != NULL && (found == reasons || found[-1] == '|') &&
           (found[length] == '\0' || found[length] == '|');
}

static int judged_right(const char *folder, const char *file, const char *verdict,
                        const char *reasons) {
    const char *path = apr_pstrcat(pool, DATA, folder, "/", file, NULL);
    const char *data;
    apr_size_t length;
    xca_csr_t *csr = NULL;
    xca_error_t *err;

    assert_null(xca_file_read(&data, &length, path, 1 << 20, pool));
    err = xca_csr_read(&csr, data, length, pool);
    if (strcmp(verdict, "accept") == 0 ? err == NULL : err != NULL && names(reasons, err->message)) {
        return 1;
    }
    print_error("%s/%s: %s, wanted %s %s\n", folder, file, err != NULL ? err->message : "accepted",
                verdict, reasons);
    return 0;
}

static void test_every_request_is_judged_as_the_profile_says(void **state) {
    const char *table;
    apr_size_t length;
    char *line, *rest = NULL;
    int wrong = 0, count = 0;

    assert_null(xca_file_read(&table, &length, DATA "judgement.tsv", 1 << 20, pool));
    apr_strtok((char *)(uintptr_t)table, "\n", &rest);
    while ((line = apr_strtok(NULL, "\n", &rest)) != NULL) {
        char *folder = field(&line), *file = field(&line), *verdict = field(&line);

        wrong += !judged_right(folder, file, verdict, field(&line));
        count++;
    }
    assert_true(count > 200);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_request_is_judged_as_the_profile_says),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
