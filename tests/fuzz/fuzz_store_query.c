/* Questions to the certificate store (RFC 4387): whatever is asked, what comes out is one known attribute with a hash or a text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "portal/page_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    xca_store_query_t query;
    apr_pool_t *pool;
    const char *text;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    text = apr_pstrmemdup(pool, (const char *)data, size);
    if (xca_store_query_read(&query, text, pool) == NULL) {
        int is_hash = strstr(query.attribute, "Hash") != NULL;

        if (strncmp(text, query.attribute, strlen(query.attribute)) != 0 || *query.value == '\0' ||
            (is_hash && (strlen(query.value) != 40 || strspn(query.value, "0123456789abcdef") != 40)) ||
            strlen(query.value) > XCA_STORE_VALUE || !xca_text_valid(query.value, strlen(query.value), 0)) {
            abort();
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
