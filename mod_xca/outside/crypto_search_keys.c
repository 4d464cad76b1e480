#include "outside/crypto_search_keys.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/crypto.h"
#include "outside/crypto_der.h"

#define SHA1_LENGTH 20
#define VERSION     (XCA_DER_CONSTRUCTED | 0)
#define EXTENSIONS  (XCA_DER_CONSTRUCTED | 3)

#define COMMON_NAME   "2.5.4.3"
#define ORGANISATION  "2.5.4.10"
#define UNIT          "2.5.4.11"
#define SUBJECT_KEY_ID "2.5.29.14"

typedef struct {
    xca_der_item_t serial, issuer, subject, extensions; /* extensions.content: the SEQUENCE OF, length 0 if there are none */
} parts_t;

/* TBSCertificate as far as it is needed (RFC 5280 section 4.1). */
static int take_parts(parts_t *parts, xca_bytes_t der) {
    xca_der_at_t all = xca_der_at(der), certificate, tbs;
    xca_der_item_t item;

    memset(parts, 0, sizeof(*parts));
    if (!xca_der_take(&all, XCA_DER_SEQUENCE, &item) || !xca_der_ended(&all)) {
        return 0;
    }
    certificate = xca_der_at(item.content);
    if (!xca_der_take(&certificate, XCA_DER_SEQUENCE, &item)) {
        return 0;
    }
    tbs = xca_der_at(item.content);
    (void)xca_der_take(&tbs, VERSION, &item);
    if (!xca_der_take(&tbs, XCA_DER_INTEGER, &parts->serial) || parts->serial.content.length == 0 ||
        !xca_der_take(&tbs, XCA_DER_SEQUENCE, &item) || /* signature */
        !xca_der_take(&tbs, XCA_DER_SEQUENCE, &parts->issuer) ||
        !xca_der_take(&tbs, XCA_DER_SEQUENCE, &item) || /* validity */
        !xca_der_take(&tbs, XCA_DER_SEQUENCE, &parts->subject) ||
        !xca_der_take(&tbs, XCA_DER_SEQUENCE, &item)) { /* subjectPublicKeyInfo */
        return 0;
    }
    while (xca_der_next(&tbs, &item)) {
        xca_der_at_t inside = xca_der_at(item.content);

        if (item.tag == EXTENSIONS && !xca_der_take(&inside, XCA_DER_SEQUENCE, &parts->extensions)) {
            return 0;
        }
    }
    return xca_der_ended(&tbs);
}

/* IssuerAndSerialNumber. */
static xca_error_t *issuer_and_serial(const char **hash, const parts_t *parts, apr_pool_t *pool) {
    xca_der_t *der = xca_der_make(pool);
    xca_bytes_t encoded;
    xca_error_t *err;

    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_raw(der, parts->issuer.whole);
    xca_der_put_raw(der, parts->serial.whole);
    xca_der_close(der);
    err = xca_der_finish(&encoded, der, pool);
    if (err == NULL) {
        *hash = xca_sha1_hex(pool, encoded.data, encoded.length);
    }
    return err;
}

/* The content of the OCTET STRING in extnValue; length 0 if there is no such extension. */
static xca_bytes_t key_identifier(xca_bytes_t extensions) {
    xca_bytes_t none = {NULL, 0};
    xca_der_item_t extension, id, value, inner;
    xca_der_at_t at;

    if (extensions.length == 0) {
        return none;
    }
    at = xca_der_at(extensions);
    while (xca_der_take(&at, XCA_DER_SEQUENCE, &extension)) {
        xca_der_at_t fields = xca_der_at(extension.content);

        if (!xca_der_take(&fields, XCA_DER_OID, &id) || !xca_der_oid_is(id.content, SUBJECT_KEY_ID)) {
            continue;
        }
        (void)xca_der_take(&fields, XCA_DER_BOOLEAN, &inner);
        if (!xca_der_take(&fields, XCA_DER_OCTET_STRING, &value)) {
            return none;
        }
        fields = xca_der_at(value.content);
        return xca_der_take(&fields, XCA_DER_OCTET_STRING, &inner) ? inner.content : none;
    }
    return none;
}

/* The first commonName, else the last organisation or unit (RFC 5280 section 4.1.2.4). */
static const char *name_of(apr_pool_t *pool, xca_bytes_t name) {
    xca_der_at_t sets = xca_der_at(name), pairs, pair;
    xca_der_item_t set, item, type, value;
    const char *last = NULL;

    while (xca_der_take(&sets, XCA_DER_SET, &set)) {
        pairs = xca_der_at(set.content);
        while (xca_der_take(&pairs, XCA_DER_SEQUENCE, &item)) {
            int common;

            pair = xca_der_at(item.content);
            if (!xca_der_take(&pair, XCA_DER_OID, &type) || !xca_der_next(&pair, &value) ||
                (value.tag != XCA_DER_UTF8 && value.tag != XCA_DER_PRINTABLE) ||
                !xca_text_valid((const char *)value.content.data, value.content.length, 0)) {
                continue;
            }
            common = xca_der_oid_is(type.content, COMMON_NAME);
            if (common || xca_der_oid_is(type.content, ORGANISATION) || xca_der_oid_is(type.content, UNIT)) {
                last = apr_pstrmemdup(pool, (const char *)value.content.data, value.content.length);
            }
            if (common) {
                return last;
            }
        }
    }
    return last;
}

xca_error_t *xca_search_keys(xca_search_keys_t *keys, xca_bytes_t der, apr_pool_t *pool) {
    xca_bytes_t id;
    parts_t parts;

    memset(keys, 0, sizeof(*keys));
    if (der.length == 0 || !take_parts(&parts, der)) {
        return xca_error_make(pool, XCA_E_INVALID, "certificate.unreadable", "no search keys: not one certificate");
    }
    keys->cert = xca_sha1_hex(pool, der.data, der.length);
    keys->cert_sha256 = xca_sha256_hex(pool, der.data, der.length);
    keys->issuer = xca_sha1_hex(pool, parts.issuer.whole.data, parts.issuer.whole.length);
    keys->subject = xca_sha1_hex(pool, parts.subject.whole.data, parts.subject.whole.length);
    keys->name = name_of(pool, parts.subject.content);
    id = key_identifier(parts.extensions.content);
    if (id.length > 0) {
        keys->key_id = xca_sha1_hex(pool, id.data, id.length);
        keys->key_id_itself = id.length == SHA1_LENGTH ? xca_text_hex(pool, id.data, id.length) : NULL;
    }
    return issuer_and_serial(&keys->issuer_serial, &parts, pool);
}

char *xca_search_key_hex(apr_pool_t *pool, const char *text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[SHA1_LENGTH];
    apr_size_t length = 0;
    unsigned gathered = 0;
    int bits = 0, i;

    if (strlen(text) != XCA_SEARCH_KEY_DIGITS) {
        return NULL;
    }
    for (i = 0; i < XCA_SEARCH_KEY_DIGITS; i++) {
        const char *digit = strchr(digits, text[i]);

        if (digit == NULL) {
            return NULL;
        }
        gathered = (gathered << 6 | (unsigned)(digit - digits)) & 0x3fff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[length++] = (unsigned char)(gathered >> bits);
        }
    }
    /* what is left over of the last character says nothing, and must */
    return (gathered & ((1u << bits) - 1)) == 0 ? xca_text_hex(pool, bytes, length) : NULL;
}
