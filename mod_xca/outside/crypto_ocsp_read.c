/* Questions: RFC 6960 section 4.1, straight down; each refusal is malformedRequest. */
#include <string.h>
#include "outside/crypto_der.h"
#include "outside/crypto_ocsp.h"

#define NESTING 12

static const unsigned char nonce_oid[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02};

static int is(xca_bytes_t bytes, const void *wanted, apr_size_t length) {
    return bytes.length == length && memcmp(bytes.data, wanted, length) == 0;
}

/* Minimal (X.690 clause 8.3.2). A negative one is an INTEGER too, and names no certificate. */
static int read_serial(xca_bytes_t *serial, xca_bytes_t content) {
    if (content.length == 0 ||
        (content.length > 1 && ((content.data[0] == 0 && content.data[1] < 0x80) ||
                                (content.data[0] == 0xff && content.data[1] >= 0x80)))) {
        return 0;
    }
    *serial = content;
    if (content.data[0] >= 0x80) {
        serial->length = 0;
    }
    return 1;
}

/* CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } */
static int read_id(xca_ocsp_id_t *id, const xca_der_item_t *item) {
    xca_der_at_t at = xca_der_at(item->content), inside;
    xca_der_item_t algorithm, oid, name, key, serial;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &algorithm) || !xca_der_take(&at, XCA_DER_OCTET_STRING, &name) ||
        !xca_der_take(&at, XCA_DER_OCTET_STRING, &key) || !xca_der_take(&at, XCA_DER_INTEGER, &serial) || !xca_der_ended(&at)) {
        return 0;
    }
    inside = xca_der_at(algorithm.content);
    if (!xca_der_take(&inside, XCA_DER_OID, &oid) || !xca_der_well_formed(algorithm.whole, NESTING)) {
        return 0;
    }
    id->whole = item->whole;
    id->issuer.data = item->content.data;
    id->issuer.length = (apr_size_t)(serial.whole.data - item->content.data);
    return read_serial(&id->serial, serial.content);
}

/* Nonce ::= OCTET STRING (SIZE(1..128)), RFC 9654 section 2.1; once. */
static int read_nonce(xca_bytes_t *nonce, xca_bytes_t value) {
    xca_der_at_t at = xca_der_at(value);
    xca_der_item_t item;

    if (nonce->length > 0 || !xca_der_take(&at, XCA_DER_OCTET_STRING, &item) || !xca_der_ended(&at) || item.content.length == 0 ||
        item.content.length > XCA_OCSP_NONCE_MAX) {
        return 0;
    }
    *nonce = item.content;
    return 1;
}

/* Extensions, SEQUENCE SIZE (1..MAX): what is critical must be known (RFC 6960 section 4.4). `nonce`: where it goes, or NULL
 * where none may stand. */
static int read_extensions(xca_bytes_t *nonce, xca_bytes_t explicit) {
    xca_der_at_t at = xca_der_at(explicit);
    xca_der_item_t all, extension, oid, critical, value;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &all) || !xca_der_ended(&at) || all.content.length == 0) {
        return 0;
    }
    at = xca_der_at(all.content);
    while (!xca_der_ended(&at)) {
        xca_der_at_t inside;
        int is_critical = 0;

        if (!xca_der_take(&at, XCA_DER_SEQUENCE, &extension)) {
            return 0;
        }
        inside = xca_der_at(extension.content);
        if (!xca_der_take(&inside, XCA_DER_OID, &oid)) {
            return 0;
        }
        if (xca_der_take(&inside, XCA_DER_BOOLEAN, &critical)) {
            if (critical.content.length != 1) {
                return 0;
            }
            is_critical = critical.content.data[0] != 0;
        }
        if (!xca_der_take(&inside, XCA_DER_OCTET_STRING, &value) || !xca_der_ended(&inside)) {
            return 0;
        }
        if (nonce != NULL && is(oid.content, nonce_oid, sizeof(nonce_oid))) {
            if (!read_nonce(nonce, value.content)) {
                return 0;
            }
        } else if (is_critical) {
            return 0;
        }
    }
    return 1;
}

/* Request ::= SEQUENCE { reqCert CertID, singleRequestExtensions [0] EXPLICIT Extensions OPTIONAL } */
static int read_single(xca_ocsp_id_t *id, xca_bytes_t content) {
    xca_der_at_t at = xca_der_at(content);
    xca_der_item_t item;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &item) || !read_id(id, &item)) {
        return 0;
    }
    if (xca_der_take(&at, XCA_DER_CONSTRUCTED | 0, &item) && !read_extensions(NULL, item.content)) {
        return 0;
    }
    return xca_der_ended(&at);
}

static int read_list(xca_ocsp_request_t *request, xca_bytes_t content) {
    xca_der_at_t at = xca_der_at(content);
    xca_der_item_t item;

    while (!xca_der_ended(&at)) {
        if (request->count == XCA_OCSP_IDS_MAX || !xca_der_take(&at, XCA_DER_SEQUENCE, &item) ||
            !read_single(&request->ids[request->count], item.content)) {
            return 0;
        }
        request->count++;
    }
    return request->count > 0;
}

/* version [0] EXPLICIT Version DEFAULT v1: that one alone is known. */
static int read_version(xca_bytes_t explicit) {
    return is(explicit, "\x02\x01\x00", 3);
}

/* TBSRequest ::= SEQUENCE { version, requestorName [1] OPTIONAL, requestList, requestExtensions [2] OPTIONAL } */
static int read_tbs(xca_ocsp_request_t *request, xca_bytes_t content) {
    xca_der_at_t at = xca_der_at(content);
    xca_der_item_t item;

    if (xca_der_take(&at, XCA_DER_CONSTRUCTED | 0, &item) && !read_version(item.content)) {
        return 0;
    }
    if (xca_der_take(&at, XCA_DER_CONSTRUCTED | 1, &item) && !xca_der_well_formed(item.whole, NESTING)) {
        return 0;
    }
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &item) || !read_list(request, item.content)) {
        return 0;
    }
    if (xca_der_take(&at, XCA_DER_CONSTRUCTED | 2, &item) && !read_extensions(&request->nonce, item.content)) {
        return 0;
    }
    return xca_der_ended(&at);
}

xca_ocsp_verdict xca_ocsp_read(xca_ocsp_request_t *request, xca_bytes_t der) {
    xca_der_at_t at = xca_der_at(der);
    xca_der_item_t outer, item;

    request->count = 0;
    request->nonce.length = 0;
    if (der.length > XCA_OCSP_REQUEST_MAX || !xca_der_take(&at, XCA_DER_SEQUENCE, &outer) || !xca_der_ended(&at)) {
        return XCA_OCSP_MALFORMED;
    }
    at = xca_der_at(outer.content);
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &item) || !read_tbs(request, item.content)) {
        return XCA_OCSP_MALFORMED;
    }
    if (xca_der_take(&at, XCA_DER_CONSTRUCTED | 0, &item) && !xca_der_well_formed(item.whole, NESTING)) {
        return XCA_OCSP_MALFORMED;
    }
    return xca_der_ended(&at) ? XCA_OCSP_SUCCESSFUL : XCA_OCSP_MALFORMED;
}

/* GET ---------------------------------------------------------------------------------------------------------------------- */

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Also the alphabet for file names (RFC 4648 section 5), which needs no percent signs. */
static int base64_digit(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* The next character of the path, undone of its percent encoding; '\0' at the end, -1 if it is not encoded well. */
static int next_character(const char **path) {
    int high, low;

    if (**path != '%') {
        return **path != '\0' ? (unsigned char)*(*path)++ : 0;
    }
    high = hex_digit((*path)[1]);
    low = high >= 0 ? hex_digit((*path)[2]) : -1;
    if (low < 0 || high * 16 + low == 0) {
        return -1;
    }
    *path += 3;
    return high * 16 + low;
}

xca_bytes_t xca_ocsp_path(unsigned char *to, const char *path) {
    xca_bytes_t none = {to, 0}, bytes = {to, 0};
    apr_size_t digits = 0, padding = 0;
    unsigned int bits = 0;
    int c;

    while ((c = next_character(&path)) != 0) {
        int digit = c > 0 && c < 0x80 ? base64_digit((char)c) : -1;

        if (c == '=' && padding < 2) {
            padding++;
            continue;
        }
        if (digit < 0 || padding > 0) {
            return none;
        }
        bits = (bits << 6 | (unsigned int)digit) & 0xffffff;
        if (digits++ % 4 != 0) {
            if (bytes.length == XCA_OCSP_REQUEST_MAX) {
                return none;
            }
            to[bytes.length++] = (unsigned char)(bits >> (6 - 2 * ((digits - 1) % 4)));
        }
    }
    if (digits % 4 == 1 || (padding > 0 && (digits + padding) % 4 != 0)) {
        return none;
    }
    return bytes;
}
