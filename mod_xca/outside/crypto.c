#include "outside/crypto.h"

#include <limits.h>
#include <stdlib.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include "outside/crypto_openssl.h"

/* A digest that cannot be made (no memory, a broken provider) stops the program: a wrong one would
 * be taken for true. */
char *xca_sha256_hex(apr_pool_t *pool, const void *data, apr_size_t length) {
    unsigned char digest[32];

    if (!EVP_Digest(data, length, digest, NULL, EVP_sha256(), NULL)) {
        abort();
    }
    return xca_text_hex(pool, digest, sizeof(digest));
}

char *xca_sha1_hex(apr_pool_t *pool, const void *data, apr_size_t length) {
    unsigned char digest[20];

    if (!EVP_Digest(data, length, digest, NULL, EVP_sha1(), NULL)) {
        abort();
    }
    return xca_text_hex(pool, digest, sizeof(digest));
}

xca_error_t *xca_random(unsigned char *bytes, apr_size_t length, apr_pool_t *pool) {
    if (length > INT_MAX || RAND_bytes(bytes, (int)length) != 1) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.random", "RAND_bytes");
    }
    return NULL;
}

void xca_hmac(unsigned char mac[32], const xca_secret_t *key, const void *data, apr_size_t length) {
    unsigned int mac_length;

    if (key->length > INT_MAX || HMAC(EVP_sha256(), key->bytes, (int)key->length, data, length, mac,
                                      &mac_length) == NULL) {
        abort();
    }
}
