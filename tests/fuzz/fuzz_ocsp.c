/* OCSP requests of strangers, by POST and in the address of a GET. What is read stands within the input, and the answer to it is a
 * response that names what was asked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "outside/crypto_der.h"
#include "outside/crypto_ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int within(xca_bytes_t part, const uint8_t *data, size_t size) {
    return part.length == 0 || (part.data >= data && part.length <= size && part.data + part.length <= data + size);
}

static void check(const uint8_t *data, size_t size) {
    static xca_ocsp_request_t request;
    xca_bytes_t der = {data, size};
    int i;

    if (xca_ocsp_read(&request, der) != XCA_OCSP_SUCCESSFUL) {
        return;
    }
    if (request.count < 1 || request.count > XCA_OCSP_IDS_MAX || !within(request.nonce, data, size) ||
        request.nonce.length > XCA_OCSP_NONCE_MAX || !xca_der_well_formed(der, 16)) {
        abort();
    }
    for (i = 0; i < request.count; i++) {
        const xca_ocsp_id_t *id = &request.ids[i];

        if (!within(id->whole, data, size) || !within(id->issuer, id->whole.data, id->whole.length) ||
            !within(id->serial, id->whole.data, id->whole.length)) {
            abort();
        }
    }
}

static void check_path(const uint8_t *data, size_t size) {
    static unsigned char decoded[XCA_OCSP_REQUEST_MAX];
    char *path = malloc(size + 1);
    xca_bytes_t request;

    memcpy(path, data, size);
    path[size] = '\0';
    request = xca_ocsp_path(decoded, path);
    if (request.length > sizeof(decoded) || request.length > (size * 3 + 3) / 4) {
        abort();
    }
    check(request.data, request.length);
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check(data, size);
    check_path(data, size);
    return 0;
}
