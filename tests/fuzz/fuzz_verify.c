/* What anyone may send to be verified: signatures and certificates. Nothing is signed with a key that nobody has. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "outside/crypto_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_signature(xca_bytes_t sent, apr_pool_t *pool) {
    static const unsigned char zeros[64];
    xca_signed_t *message;
    int i;

    if (xca_signed_read(&message, sent, pool) != NULL) {
        return;
    }
    for (i = 0; i < xca_signed_count(message); i++) {
        xca_bytes_t digest = {zeros, 32};
        xca_signer_info_t info;

        if (xca_signed_signer(&info, message, i, pool) != NULL) {
            continue;
        }
        if (xca_signed_digest_matches(message, i, xca_signed_content(message), &digest) && !info.has_attributes) {
            abort();
        }
        if (info.certificate.length > 0) {
            (void)xca_signed_by(message, i, info.certificate, pool);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    xca_bytes_t sent = {data, size}, der;
    xca_chain_verdict verdict;
    const char *why;
    apr_pool_t *pool;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    try_signature(sent, pool);
    if (xca_certificate_take(&der, sent, pool) == NULL &&
        (der.length == 0 || xca_verify_chain(&verdict, &why, der, &der, 1, pool) != NULL)) {
        abort();
    }
    apr_pool_destroy(pool);
    return 0;
}
