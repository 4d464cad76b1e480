/* Saved drafts, and any XML behind them. What is read is written and read again as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "operations/application.h"
#include "outside/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int depth_of(const xca_xml_node_t *node) {
    int i, deepest = 0;

    for (i = 0; i < node->child_count; i++) {
        int depth = depth_of(node->children[i]);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    apr_pool_t *pool;
    const xca_xml_node_t *root;
    xca_case_t *kase, *again;
    char *text;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    if (xca_xml_parse(&root, data, size, size, pool) == NULL && depth_of(root) > 66) {
        abort();
    }
    if (xca_draft_read(&kase, data, size, pool) == NULL) {
        const xca_case_field_t *field;

        text = xca_draft_write(pool, kase);
        if (xca_draft_read(&again, text, strlen(text), pool) != NULL) {
            abort();
        }
        for (field = xca_case_fields; field->name != NULL; field++) {
            const char *a = xca_case_get(kase, field), *b = xca_case_get(again, field);

            if (strcmp(a != NULL ? a : "", b != NULL ? b : "") != 0) {
                abort();
            }
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
