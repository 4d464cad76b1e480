/* Messages of devices. What is read lies within what was given, and its parts are judged as they are when it is answered: by OpenSSL's own reader, its
 * verification, and as a request for a certificate. */
#include <stdint.h>
#include <stdlib.h>
#include <apr_general.h>
#include "outside/crypto_cmp.h"
#include "outside/crypto_csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the messages of the corpus are protected by. */
static const char secret[] = "ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567";

static void check_mac(const xca_cmp_message_t *message, apr_pool_t *pool) {
    int good = xca_cmp_verify_mac(message, xca_secret_make(pool, secret, sizeof(secret) - 1), pool) == NULL;

    if ((good && !message->is_mac_bounded) || (message->is_mac_bounded && (!message->is_mac || message->is_signed))) {
        abort();
    }
}

static void check_within(xca_bytes_t part, const uint8_t *data, size_t size) {
    if (part.length > 0 && (part.data < data || part.length > size || part.data + part.length > data + size)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    const xca_bytes_t der = {data, size};
    xca_cmp_message_t *message;
    xca_csr_t *csr;
    apr_pool_t *pool;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    if (xca_cmp_read(&message, der, pool) == NULL) {
        check_within(message->sender, data, size);
        check_within(message->transaction, data, size);
        check_within(message->sender_nonce, data, size);
        check_within(message->recipient_nonce, data, size);
        check_within(message->certificate, data, size);
        check_within(message->request, data, size);
        check_within(message->reference, data, size);
        check_mac(message, pool);
        check_within(message->hash, data, size);
        if (message->transaction.length == 0 || message->sender_nonce.length == 0 || message->body < 0 || message->body > 26) {
            abort();
        }
        if (xca_cmp_verify(message, message->certificate, pool) == NULL && !message->is_signed) {
            abort();
        }
        if (message->request.length > 0 && xca_csr_read(&csr, message->request.data, message->request.length, pool) == NULL &&
            csr->der.length > size) {
            abort();
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
