/* Certificates as the lint holds them to its rules, of each kind; what cannot be read is told by the first rule alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "outside/crypto.h"
#include "outside/crypto_lint_rules.h"
#include "pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int begun;
    apr_array_header_t *findings;
    apr_pool_t *pool;
    xca_bytes_t der;
    int kind, i;

    if (!begun) {
        apr_initialize();
        begun = 1;
    }
    apr_pool_create(&pool, NULL);
    der = read_pem(data, size, pool);
    if (xca_lint_kind_of(der, pool) == XCA_LINT_KIND_UNKNOWN) {
        xca_lint_check(&findings, der, XCA_LINT_SMIME, pool);
        if (findings->nelts != 1) {
            abort();
        }
    }
    for (kind = XCA_LINT_SMIME; kind < XCA_LINT_ANY; kind <<= 1) {
        xca_lint_check(&findings, der, (xca_lint_kind)kind, pool);
        for (i = 0; i < findings->nelts; i++) {
            const xca_lint_finding_t *finding = &APR_ARRAY_IDX(findings, i, xca_lint_finding_t);

            if (finding->detail == NULL || !xca_text_valid(finding->detail, strlen(finding->detail), 0)) {
                abort();
            }
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
