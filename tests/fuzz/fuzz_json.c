/* Bodies in JSON: what is read are fields of a form, texts without control characters but line feeds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "portal/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"", "a", "case_number", "user_code", "certificate", "signature", "digest"};
    static int started;
    apr_pool_t *pool;
    xca_form_t *form;
    size_t i;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    if (xca_form_read_api(&form, NULL, "application/json", apr_pstrmemdup(pool, (const char *)data, size), size, pool) == NULL) {
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            const char *text = xca_form_text(form, names[i]);

            if (text != NULL && !xca_text_valid(text, strlen(text), 1)) {
                abort();
            }
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
