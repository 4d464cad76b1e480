/* What people upload as a request: PEM of many makes, bare base64, or DER. */
#include <string.h>
#include <apr_strings.h>
#include "outside/crypto.h"
#include "outside/crypto_csr_parts.h"
#include "outside/crypto_pem.h"

char *xca_csr_pem(apr_pool_t *pool, xca_bytes_t der) {
    return xca_pem(pool, "CERTIFICATE REQUEST", der);
}

xca_error_t *xca_csr_refuse(apr_pool_t *pool, const char *message, const char *arg) {
    return xca_error_field(pool, "csr", message, arg);
}

static int is_blank(const char *text, apr_size_t length) {
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n') {
            return 0;
        }
    }
    return 1;
}

/* Text has no control characters but the white ones. */
static int is_text(const unsigned char *data, apr_size_t length) {
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (data[i] < 0x20 && data[i] != '\t' && data[i] != '\r' && data[i] != '\n' &&
            data[i] != '\f') {
            return 0;
        }
    }
    return 1;
}

/* A SEQUENCE with a long length, as every request has (or 0x80, which BER allows), or a short one with bytes
 * that are no text. */
static int is_der(const unsigned char *data, apr_size_t length) {
    return data[0] == XCA_DER_SEQUENCE &&
           ((length > 1 && data[1] >= 0x80 && data[1] <= 0x84) || !is_text(data, length));
}

/* Windows Notepad's "Unicode": with a byte order mark, or ASCII with a zero before or behind each. */
static int is_utf16(const unsigned char *data, apr_size_t length) {
    apr_size_t i;
    int zero_first = data[0] == 0;

    if (length < 4) {
        return 0;
    }
    if ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == 0xfe && data[1] == 0xff)) {
        return 1;
    }
    for (i = 0; i + 1 < length; i += 2) {
        if (data[i + !zero_first] != 0 || !is_text(data + i + zero_first, 1)) {
            return 0;
        }
    }
    return 1;
}

/* One armoured block: "-----BEGIN label-----" body "-----END label-----". */
typedef struct pem_block {
    const char *label, *body;
    apr_size_t label_length, body_length;
    int ended;
} pem_block_t;

static const char *find(const char *at, const char *end, const char *wanted) {
    apr_size_t length = strlen(wanted);

    for (; (apr_size_t)(end - at) >= length; at++) {
        if (*at == *wanted && memcmp(at, wanted, length) == 0) {
            return at;
        }
    }
    return NULL;
}

static int same_label(const pem_block_t *block, const char *label, apr_size_t length) {
    return block->label_length == length && memcmp(block->label, label, length) == 0;
}

/* Finds the next block behind *at and moves *at behind it. Returns 0 if there is no more. */
static int next_block(pem_block_t *block, const char **at, const char *end) {
    const char *begin = find(*at, end, "-----BEGIN ");
    const char *dashes, *last;

    if (begin == NULL) {
        return 0;
    }
    memset(block, 0, sizeof(*block));
    block->label = begin + strlen("-----BEGIN ");
    dashes = find(block->label, end, "-----");
    if (dashes == NULL) {
        *at = end;
        return 1;
    }
    block->label_length = (apr_size_t)(dashes - block->label);
    block->body = dashes + 5;
    last = find(block->body, end, "-----");
    block->body_length = (apr_size_t)((last != NULL ? last : end) - block->body);
    *at = last != NULL ? last : end;
    if (last != NULL && (apr_size_t)(end - last) > 9 && memcmp(last, "-----END ", 9) == 0) {
        const char *ending = find(last + 9, end, "-----");

        block->ended =
            ending != NULL && same_label(block, last + 9, (apr_size_t)(ending - last - 9));
        *at = ending != NULL ? ending + 5 : end;
    }
    return 1;
}

static int is_request(const pem_block_t *block) {
    return same_label(block, "CERTIFICATE REQUEST", 19) ||
           same_label(block, "NEW CERTIFICATE REQUEST", 23);
}

static int is_private_key(const pem_block_t *block) {
    return block->label_length >= 11 &&
           memcmp(block->label + block->label_length - 11, "PRIVATE KEY", 11) == 0;
}

static const char *printable_label(apr_pool_t *pool, const pem_block_t *block) {
    if (block->label_length > 40 || !xca_text_valid(block->label, block->label_length, 0)) {
        return "?";
    }
    return apr_pstrmemdup(pool, block->label, block->label_length);
}

/* Whoever sends a private key has lost it, whatever else is in the file. */
static xca_error_t *unwrap_pem(xca_bytes_t *der, const char *text, const char *end,
                               apr_pool_t *pool) {
    pem_block_t block, request = {NULL, NULL, 0, 0, 0};
    const char *other = NULL;
    xca_bytes_t *decoded;
    int requests = 0;

    while (next_block(&block, &text, end)) {
        if (is_private_key(&block)) {
            return xca_csr_refuse(pool, "csr.private-key", NULL);
        }
        if (!is_request(&block)) {
            other = other != NULL ? other : printable_label(pool, &block);
            continue;
        }
        request = requests++ == 0 ? block : request;
    }
    if (requests == 0) {
        return xca_csr_refuse(pool, "csr.wrong-label", other);
    }
    if (requests > 1) {
        return xca_csr_refuse(pool, "csr.several", NULL);
    }
    decoded = request.ended ? xca_unbase64(pool, request.body, request.body_length) : NULL;
    if (decoded == NULL || decoded->length == 0) {
        return xca_csr_refuse(pool, "csr.malformed", NULL);
    }
    *der = *decoded;
    return NULL;
}

xca_error_t *xca_csr_unwrap(xca_bytes_t *der, const void *data, apr_size_t length,
                            apr_pool_t *pool) {
    const unsigned char *bytes = data;
    const char *text = data;
    xca_bytes_t *decoded;

    if (length > XCA_CSR_MAX) {
        xca_error_t *err = xca_csr_refuse(pool, "csr.too-large",
                                          apr_itoa(pool, XCA_CSR_MAX / 1024));

        err->kind = XCA_E_TOO_LARGE;
        return err;
    }
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* byte order mark of UTF-8 */
        bytes += 3;
        text += 3;
        length -= 3;
    }
    if (is_blank(text, length)) {
        return xca_csr_refuse(pool, "csr.empty", NULL);
    }
    if (is_der(bytes, length)) {
        der->data = bytes;
        der->length = length;
        return NULL;
    }
    if (is_utf16(bytes, length)) {
        return xca_csr_refuse(pool, "csr.utf16", NULL);
    }
    if (!is_text(bytes, length)) {
        return xca_csr_refuse(pool, "csr.not-pem-or-der", NULL);
    }
    if (find(text, text + length, "-----BEGIN ") != NULL) {
        return unwrap_pem(der, text, text + length, pool);
    }
    decoded = xca_unbase64(pool, text, length);
    if (decoded == NULL || decoded->length == 0 || decoded->data[0] != XCA_DER_SEQUENCE) {
        return xca_csr_refuse(pool, "csr.not-pem-or-der", NULL);
    }
    *der = *decoded;
    return NULL;
}
