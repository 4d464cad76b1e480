/* A request taken apart strictly (RFC 2986 section 4, X.690 DER), before OpenSSL sees it. */
#include <string.h>
#include "outside/crypto_csr_parts.h"

#define NESTING_MAX    16
#define EXTENSIONS_MAX 64

/* v1 is 0; programs that mistook it for a certificate's version write 2, and mean nothing else by it. */
static int is_version(const xca_der_item_t *item) {
    return item->content.length == 1 && item->content.data[0] <= 2;
}

/* A number, not negative, without leading zeros (X.690 clause 8.3.2). */
static int is_number(const xca_der_item_t *item) {
    const unsigned char *data = item->content.data;

    return item->tag == XCA_DER_INTEGER && item->content.length > 0 && data[0] < 0x80 &&
           (item->content.length == 1 || data[0] != 0 || data[1] >= 0x80);
}

/* What it is if it is not a request. Private keys in DER: RSAPrivateKey (RFC 8017 A.1.2: 0, n, e),
 * ECPrivateKey (RFC 5915: 1, OCTET STRING), PKCS#8 (RFC 5208: 0, AlgorithmIdentifier, OCTET STRING; encrypted:
 * AlgorithmIdentifier, OCTET STRING), PKCS#12 (RFC 7292: 3, ContentInfo). */
static xca_error_t *say_what_it_is(const xca_der_item_t *outer, apr_pool_t *pool) {
    xca_der_at_t at = xca_der_at(outer->content);
    xca_der_item_t first, second, third;
    int two = xca_der_next(&at, &first) && xca_der_next(&at, &second);
    int three = two && xca_der_next(&at, &third);
    int version = two && first.tag == XCA_DER_INTEGER && first.content.length == 1
                      ? first.content.data[0]
                      : -1;

    if ((version == 0 && second.tag == XCA_DER_INTEGER) ||
        (version == 1 && second.tag == XCA_DER_OCTET_STRING) ||
        ((version == 0 || version == 1) && second.tag == XCA_DER_SEQUENCE && three &&
         third.tag == XCA_DER_OCTET_STRING) ||
        (version == 3 && second.tag == XCA_DER_SEQUENCE) ||
        (two && !three && first.tag == XCA_DER_SEQUENCE && second.tag == XCA_DER_OCTET_STRING)) {
        return xca_csr_refuse(pool, "csr.private-key", NULL);
    }
    return xca_csr_refuse(pool, "csr.not-a-request", NULL);
}

/* AlgorithmIdentifier: OBJECT IDENTIFIER and at most one parameter. */
static int open_algorithm(xca_der_item_t *oid, xca_der_item_t *parameters,
                          const xca_der_item_t *algorithm) {
    xca_der_at_t at = xca_der_at(algorithm->content);

    memset(parameters, 0, sizeof(*parameters));
    if (!xca_der_take(&at, XCA_DER_OID, oid)) {
        return 0;
    }
    return xca_der_ended(&at) || (xca_der_next(&at, parameters) && xca_der_ended(&at));
}

/* Name: SEQUENCE OF SET OF SEQUENCE { OBJECT IDENTIFIER, string }. */
static int is_name(const xca_der_item_t *name) {
    xca_der_at_t rdns = xca_der_at(name->content);
    xca_der_item_t rdn, attribute, part;

    while (xca_der_take(&rdns, XCA_DER_SET, &rdn)) {
        xca_der_at_t attributes = xca_der_at(rdn.content);

        do {
            xca_der_at_t at;

            if (!xca_der_take(&attributes, XCA_DER_SEQUENCE, &attribute)) {
                return 0;
            }
            at = xca_der_at(attribute.content);
            if (!xca_der_take(&at, XCA_DER_OID, &part) || !xca_der_next(&at, &part) ||
                !xca_der_ended(&at)) {
                return 0;
            }
        } while (!xca_der_ended(&attributes));
    }
    return xca_der_ended(&rdns);
}

static int open_spki(xca_csr_parts_t *parts) {
    xca_der_at_t at = xca_der_at(parts->spki.content);
    xca_der_item_t algorithm;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &algorithm) ||
        !open_algorithm(&parts->key_algorithm, &parts->key_parameters, &algorithm) ||
        !xca_der_take(&at, XCA_DER_BIT_STRING, &parts->key_bits) || !xca_der_ended(&at) ||
        parts->key_bits.content.length < 2 || parts->key_bits.content.data[0] != 0) {
        return 0;
    }
    parts->key_bits.content.data++;
    parts->key_bits.content.length--;
    return 1;
}

xca_error_t *xca_csr_take_key(xca_csr_parts_t *parts, xca_bytes_t spki, apr_pool_t *pool) {
    xca_der_at_t at = xca_der_at(spki);

    if (!xca_der_well_formed(spki, NESTING_MAX) ||
        !xca_der_take(&at, XCA_DER_SEQUENCE, &parts->spki) || !xca_der_ended(&at) ||
        !open_spki(parts)) {
        return xca_csr_refuse(pool, "csr.malformed", NULL);
    }
    return NULL;
}

static int same_bytes(xca_bytes_t a, xca_bytes_t b) {
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* Extension: SEQUENCE { OBJECT IDENTIFIER, BOOLEAN DEFAULT FALSE, OCTET STRING }. */
static int is_extension(xca_bytes_t *oid, const xca_der_item_t *extension) {
    xca_der_at_t at = xca_der_at(extension->content);
    xca_der_item_t type, critical, value;

    if (!xca_der_take(&at, XCA_DER_OID, &type)) {
        return 0;
    }
    if (xca_der_peek(&at) == XCA_DER_BOOLEAN &&
        (!xca_der_next(&at, &critical) || critical.content.length != 1)) {
        return 0;
    }
    *oid = type.content;
    return xca_der_take(&at, XCA_DER_OCTET_STRING, &value) && xca_der_ended(&at);
}

static int are_extensions(const xca_der_item_t *extensions) {
    xca_der_at_t at = xca_der_at(extensions->content);
    xca_bytes_t seen[EXTENSIONS_MAX];
    xca_der_item_t extension;
    int count = 0, i;

    while (xca_der_take(&at, XCA_DER_SEQUENCE, &extension)) {
        if (count == EXTENSIONS_MAX || !is_extension(&seen[count], &extension)) {
            return 0;
        }
        for (i = 0; i < count; i++) {
            if (same_bytes(seen[i], seen[count])) {
                return 0;
            }
        }
        count++;
    }
    return xca_der_ended(&at);
}

/* Attribute: SEQUENCE { OBJECT IDENTIFIER, SET OF value }; that of requested extensions (RFC 2985 section
 * 5.4.2) holds one value. We ignore what is requested, but not that it is broken. */
static int is_attribute(const xca_der_item_t *attribute) {
    xca_der_at_t at = xca_der_at(attribute->content);
    xca_der_at_t values;
    xca_der_item_t type, set, value;

    if (!xca_der_take(&at, XCA_DER_OID, &type) || !xca_der_take(&at, XCA_DER_SET, &set) ||
        !xca_der_ended(&at) || set.content.length == 0) {
        return 0;
    }
    if (!xca_der_oid_is(type.content, "1.2.840.113549.1.9.14")) {
        return 1;
    }
    values = xca_der_at(set.content);
    return xca_der_take(&values, XCA_DER_SEQUENCE, &value) && xca_der_ended(&values) &&
           are_extensions(&value);
}

static int are_attributes(const xca_der_item_t *attributes) {
    xca_der_at_t at = xca_der_at(attributes->content);
    xca_der_item_t attribute;

    while (xca_der_take(&at, XCA_DER_SEQUENCE, &attribute)) {
        if (!is_attribute(&attribute)) {
            return 0;
        }
    }
    return xca_der_ended(&at);
}

/* CertificationRequestInfo behind its version: Name, SubjectPublicKeyInfo, [0] attributes. */
static int open_info(xca_csr_parts_t *parts, xca_der_at_t *info) {
    xca_der_item_t name, attributes;

    return xca_der_take(info, XCA_DER_SEQUENCE, &name) && is_name(&name) &&
           xca_der_take(info, XCA_DER_SEQUENCE, &parts->spki) && open_spki(parts) &&
           xca_der_take(info, XCA_DER_CONSTRUCTED | 0, &attributes) &&
           are_attributes(&attributes) && xca_der_ended(info);
}

xca_error_t *xca_csr_take_apart(xca_csr_parts_t *parts, xca_bytes_t der, apr_pool_t *pool) {
    xca_der_at_t at = xca_der_at(der), info_at;
    xca_der_item_t outer, info, version, algorithm, signature;

    if (!xca_der_well_formed(der, NESTING_MAX) || !xca_der_take(&at, XCA_DER_SEQUENCE, &outer)) {
        return xca_csr_refuse(pool, "csr.malformed", NULL);
    }
    at = xca_der_at(outer.content);
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &info)) {
        return say_what_it_is(&outer, pool);
    }
    info_at = xca_der_at(info.content);
    if (!xca_der_take(&info_at, XCA_DER_INTEGER, &version) || !is_number(&version)) {
        return say_what_it_is(&outer, pool);
    }
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &algorithm) ||
        !open_algorithm(&parts->signature_algorithm, &parts->signature_parameters, &algorithm) ||
        !xca_der_take(&at, XCA_DER_BIT_STRING, &signature) || !xca_der_ended(&at) ||
        signature.content.length < 2 || signature.content.data[0] != 0 || !is_version(&version) ||
        !open_info(parts, &info_at)) {
        return xca_csr_refuse(pool, "csr.malformed", NULL);
    }
    return NULL;
}
