/* Dates of HTTP and of the directory. What is read is written and read again as the same time. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "domain/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    apr_pool_t *pool;
    const char *text;
    apr_time_t when;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    text = apr_pstrmemdup(pool, (const char *)data, size);
    when = xca_date_parse_http(text);
    if (when != 0 && strcmp(xca_date_format(pool, when, XCA_DATE_HTTP) + 5, text + 5) != 0) {
        abort();
    }
    when = xca_date_parse_ldap(text);
    if (when != 0 && strncmp(xca_date_format(pool, when, XCA_DATE_LDAP), text, 14) != 0) {
        abort();
    }
    if (when != 0 && xca_date_add_years(when, 5) <= when) {
        abort();
    }
    apr_pool_destroy(pool);
    return 0;
}
