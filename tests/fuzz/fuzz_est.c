/* What devices send to enrol: credentials, and a request in base64. The first line is the header, the rest the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "base/secret.h"
#include "portal/page_est.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    const uint8_t *line = memchr(data, '\n', size);
    size_t header = line != NULL ? (size_t)(line - data) : size;
    xca_secret_t *password;
    const char *name;
    xca_bytes_t request;
    apr_pool_t *pool;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    if (xca_basic_read(&name, &password, apr_pstrmemdup(pool, (const char *)data, header), pool) &&
        (strchr(name, ':') != NULL || strlen(name) + password->length > size ||
         strlen((const char *)password->bytes) != password->length)) {
        abort();
    }
    if (line != NULL && xca_est_body(&request, (const char *)line + 1, size - header - 1, pool) == NULL &&
        request.length > size) {
        abort();
    }
    apr_pool_destroy(pool);
    return 0;
}
