/* Sealed codes as the signer finds them: nothing opens that was not sealed for it, and one changed bit shuts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "wire/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const unsigned char private_key[XCA_SEAL_KEY] = "thirty-two bytes of no great use";
    unsigned char public_key[XCA_SEAL_KEY];
    unsigned char *sealed = malloc(size + XCA_SEAL_OVERHEAD), *opened = malloc(size + 1);

    if (sealed == NULL || opened == NULL || !xca_seal_public(public_key, private_key)) {
        abort();
    }
    if (size >= XCA_SEAL_OVERHEAD && xca_unseal(opened, data, size, private_key, "xca-request-1", data, size / 2)) {
        abort();
    }
    if (size > 0 && size < 4096) {
        if (!xca_seal(sealed, data, size, public_key, "xca-request-1", data, size / 2) ||
            !xca_unseal(opened, sealed, size + XCA_SEAL_OVERHEAD, private_key, "xca-request-1", data, size / 2) ||
            memcmp(opened, data, size) != 0) {
            abort();
        }
        sealed[data[0] % (size + XCA_SEAL_OVERHEAD)] ^= (unsigned char)(1 << (size % 7));
        if (xca_unseal(opened, sealed, size + XCA_SEAL_OVERHEAD, private_key, "xca-request-1", data, size / 2)) {
            abort();
        }
    }
    free(sealed);
    free(opened);
    return 0;
}
