#include "outside/crypto_merkle.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

/* The prefix keeps a node from passing for a leaf. */
static void hash_two(unsigned char hash[XCA_MERKLE_SIZE], unsigned char prefix, const void *data, apr_size_t length,
                     const void *more, apr_size_t more_length) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (context == NULL || !EVP_DigestInit_ex(context, EVP_sha256(), NULL) || !EVP_DigestUpdate(context, &prefix, 1) ||
        !EVP_DigestUpdate(context, data, length) || !EVP_DigestUpdate(context, more, more_length) ||
        !EVP_DigestFinal_ex(context, hash, NULL)) {
        abort();
    }
    EVP_MD_CTX_free(context);
}

void xca_merkle_leaf(unsigned char hash[XCA_MERKLE_SIZE], const void *data, apr_size_t length) {
    hash_two(hash, 0x00, data, length, "", 0);
}

void xca_merkle_root(unsigned char root[XCA_MERKLE_SIZE], const unsigned char *hashes, apr_size_t count) {
    unsigned char left[XCA_MERKLE_SIZE], right[XCA_MERKLE_SIZE];
    apr_size_t split = 1;

    if (count == 0) {
        if (!EVP_Digest("", 0, root, NULL, EVP_sha256(), NULL)) {
            abort();
        }
        return;
    }
    if (count == 1) {
        memcpy(root, hashes, XCA_MERKLE_SIZE);
        return;
    }
    while (split * 2 < count) {
        split *= 2; /* the largest power of two below the count */
    }
    xca_merkle_root(left, hashes, split);
    xca_merkle_root(right, hashes + split * XCA_MERKLE_SIZE, count - split);
    hash_two(root, 0x01, left, XCA_MERKLE_SIZE, right, XCA_MERKLE_SIZE);
}
