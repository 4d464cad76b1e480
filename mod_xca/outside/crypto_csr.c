#include "outside/crypto_csr.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include "outside/crypto_crmf.h"
#include "outside/crypto_csr_parts.h"
#include "outside/crypto_openssl.h"

/* Algorithms that are refused for their hash: MD2, MD4, MD5, SHA-1 and SHA-224 with RSA, DSA, ECDSA. */
static const char *const weak_algorithms[] = {
    "1.2.840.113549.1.1.2",   "1.2.840.113549.1.1.3",   "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.5",   "1.2.840.113549.1.1.14",  "1.3.14.3.2.3",
    "1.3.14.3.2.15",          "1.3.14.3.2.29",          "1.2.840.10040.4.3",
    "1.3.14.3.2.12",          "1.3.14.3.2.27",          "1.2.840.10045.4.1",
    "1.2.840.10045.4.3.1",    "2.16.840.1.101.3.4.3.1", NULL};

/* SHA-256, SHA-384, SHA-512 with RSA (RFC 8017), ECDSA (RFC 5758). */
static const char *const rsa_algorithms[] = {"1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12",
                                             "1.2.840.113549.1.1.13", NULL};
static const char *const ec_algorithms[] = {"1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3",
                                            "1.2.840.10045.4.3.4", NULL};

/* The hashes alone, as parameters of RSASSA-PSS name them. */
static const char *const strong_hashes[] = {"2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2",
                                            "2.16.840.1.101.3.4.2.3", NULL};

#define OID_RSA "1.2.840.113549.1.1.1"
#define OID_PSS "1.2.840.113549.1.1.10"
#define OID_EC  "1.2.840.10045.2.1"

static int is_one_of(xca_bytes_t oid, const char *const *list) {
    while (*list != NULL && !xca_der_oid_is(oid, *list)) {
        list++;
    }
    return *list != NULL;
}

/* RSASSA-PSS-params (RFC 4055 section 3.1): the hash stands in [0]; left out it is SHA-1. */
static int pss_hash_is_strong(const xca_der_item_t *parameters) {
    xca_der_at_t at = xca_der_at(parameters->content);
    xca_der_item_t tagged, algorithm, hash;

    if (parameters->tag != XCA_DER_SEQUENCE ||
        !xca_der_take(&at, XCA_DER_CONSTRUCTED | 0, &tagged)) {
        return 0;
    }
    at = xca_der_at(tagged.content);
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &algorithm)) {
        return 0;
    }
    at = xca_der_at(algorithm.content);
    return xca_der_take(&at, XCA_DER_OID, &hash) && is_one_of(hash.content, strong_hashes);
}

static xca_error_t *check_signature_algorithm(const xca_csr_parts_t *parts,
                                              apr_pool_t *pool) {
    xca_bytes_t oid = parts->signature_algorithm.content;
    int is_rsa = xca_der_oid_is(parts->key_algorithm.content, OID_RSA);
    const char *name = xca_der_oid_text(pool, oid);

    if (is_one_of(oid, weak_algorithms)) {
        return xca_csr_refuse(pool, "csr.weak-signature", name);
    }
    if (is_rsa && xca_der_oid_is(oid, OID_PSS)) {
        return pss_hash_is_strong(&parts->signature_parameters)
                   ? NULL
                   : xca_csr_refuse(pool, "csr.weak-signature", name);
    }
    if (!is_one_of(oid, is_rsa ? rsa_algorithms : ec_algorithms)) {
        return xca_csr_refuse(pool, "csr.unsupported-alg", name);
    }
    return NULL;
}

/* The bytes of an INTEGER without the zero that keeps it positive; length 0 if it is not one. */
static xca_bytes_t number_bytes(const xca_der_item_t *number) {
    xca_bytes_t bytes = number->content;

    if (bytes.length == 0 || bytes.data[0] >= 0x80) {
        bytes.length = 0;
        return bytes;
    }
    while (bytes.length > 0 && bytes.data[0] == 0) {
        bytes.data++;
        bytes.length--;
    }
    return bytes;
}

static int bit_length(xca_bytes_t bytes) {
    int bits = (int)(bytes.length - 1) * 8;
    unsigned char top = bytes.data[0];

    for (; top != 0; top >>= 1) {
        bits++;
    }
    return bits;
}

static xca_error_t *check_rsa(const char **key_text, xca_csr_parts_t *parts, apr_pool_t *pool) {
    static const unsigned char f4[3] = {1, 0, 1};
    xca_der_at_t at = xca_der_at(parts->key_bits.content);
    xca_der_item_t outer, n, e;
    xca_bytes_t modulus, exponent;
    int bits;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &outer) || !xca_der_ended(&at)) {
        return xca_csr_refuse(pool, "csr.malformed", NULL);
    }
    at = xca_der_at(outer.content);
    if (!xca_der_take(&at, XCA_DER_INTEGER, &n) || !xca_der_take(&at, XCA_DER_INTEGER, &e) ||
        !xca_der_ended(&at)) {
        return xca_csr_refuse(pool, "csr.malformed", NULL);
    }
    modulus = number_bytes(&n);
    exponent = number_bytes(&e);
    if (modulus.length == 0) {
        return xca_csr_refuse(pool, "csr.malformed", NULL);
    }
    bits = bit_length(modulus);
    if (bits < 2048 || bits > 4096) {
        return xca_csr_refuse(pool, bits < 2048 ? "csr.rsa-too-small" : "csr.rsa-too-large",
                              apr_itoa(pool, bits));
    }
    if (exponent.length != sizeof(f4) || memcmp(exponent.data, f4, sizeof(f4)) != 0) {
        return xca_csr_refuse(pool, "csr.rsa-exponent", NULL);
    }
    parts->modulus = modulus;
    *key_text = apr_psprintf(pool, "RSA %d", bits);
    return NULL;
}

static xca_error_t *check_ec(const char **key_text, const xca_csr_parts_t *parts,
                             apr_pool_t *pool) {
    xca_bytes_t curve = parts->key_parameters.content;
    int named = parts->key_parameters.tag == XCA_DER_OID;

    if (named && xca_der_oid_is(curve, "1.2.840.10045.3.1.7")) {
        *key_text = "EC P-256";
    } else if (named && xca_der_oid_is(curve, "1.3.132.0.34")) {
        *key_text = "EC P-384";
    } else {
        return xca_csr_refuse(pool, "csr.key-type", named ? xca_der_oid_text(pool, curve) : "EC");
    }
    return NULL;
}

static xca_error_t *check_key(const char **key_text, xca_csr_parts_t *parts, apr_pool_t *pool) {
    xca_bytes_t algorithm = parts->key_algorithm.content;

    if (xca_der_oid_is(algorithm, OID_RSA)) {
        return check_rsa(key_text, parts, pool);
    }
    if (xca_der_oid_is(algorithm, OID_EC)) {
        return check_ec(key_text, parts, pool);
    }
    return xca_csr_refuse(pool, "csr.key-type", xca_der_oid_text(pool, algorithm));
}

/* The costly part of judging a key: some milliseconds. */
static xca_error_t *check_not_weak(const xca_csr_parts_t *parts, apr_pool_t *pool) {
    const char *why = parts->modulus.length > 0 ? xca_weak_modulus(parts->modulus) : NULL;
    xca_error_t *err;

    if (why == NULL && xca_weak_listed(parts->spki.whole, parts->modulus, pool)) {
        why = "listed";
    }
    if (why == NULL) {
        return NULL;
    }
    err = xca_csr_refuse(pool, "csr.weak-key", NULL);
    err->detail = why;
    return err;
}

/* Proof of possession: the request is signed with the key it is for (RFC 2986 section 3). */
static xca_error_t *check_signature(xca_bytes_t der, xca_bytes_t spki, apr_pool_t *pool) {
    const unsigned char *at = der.data;
    EVP_PKEY *pkey = xca_openssl_public_key(pool, spki);
    X509_REQ *request = pkey != NULL ? d2i_X509_REQ(NULL, &at, (long)der.length) : NULL;
    int verified = request != NULL && X509_REQ_verify(request, pkey) == 1;
    int read = request != NULL;

    X509_REQ_free(request);
    ERR_clear_error();
    if (verified) {
        return NULL;
    }
    return xca_csr_refuse(pool, read ? "csr.bad-signature" : "csr.malformed", NULL);
}

xca_error_t *xca_csr_read(xca_csr_t **csr, const void *data, apr_size_t length, apr_pool_t *pool) {
    xca_csr_t *result = apr_pcalloc(pool, sizeof(*result));
    xca_csr_parts_t parts = {0};
    xca_bytes_t der;
    xca_error_t *err = xca_csr_unwrap(&der, data, length, pool);

    int is_crmf = err == NULL && xca_crmf_is(der);

    if (err == NULL) {
        err = is_crmf ? xca_crmf_take_apart(&parts, der, pool) : xca_csr_take_apart(&parts, der, pool);
    }
    if (err == NULL) {
        err = check_key(&result->key_text, &parts, pool);
    }
    if (err == NULL) {
        err = check_signature_algorithm(&parts, pool);
    }
    if (err == NULL) {
        err = is_crmf ? xca_crmf_check_proof(der, pool) : check_signature(der, parts.spki.whole, pool);
    }
    if (err == NULL) {
        err = check_not_weak(&parts, pool);
    }
    if (err != NULL) {
        return err;
    }
    result->der.data = apr_pmemdup(pool, der.data, der.length);
    result->der.length = der.length;
    result->spki.data = apr_pmemdup(pool, parts.spki.whole.data, parts.spki.whole.length);
    result->spki.length = parts.spki.whole.length;
    result->key_hash = xca_sha256_hex(pool, result->spki.data, result->spki.length);
    *csr = result;
    return NULL;
}

xca_error_t *xca_csr_key_read(xca_csr_t **csr, const void *data, apr_size_t length,
                              apr_pool_t *pool) {
    xca_csr_t *result = apr_pcalloc(pool, sizeof(*result));
    xca_csr_parts_t parts = {0};
    xca_bytes_t spki = {data, length};
    xca_error_t *err = xca_csr_take_key(&parts, spki, pool);

    if (err == NULL) {
        err = check_key(&result->key_text, &parts, pool);
    }
    /* OpenSSL sees to it that a point is on its curve. */
    if (err == NULL && xca_openssl_public_key(pool, spki) == NULL) {
        ERR_clear_error();
        err = xca_csr_refuse(pool, "csr.malformed", NULL);
    }
    if (err == NULL) {
        err = check_not_weak(&parts, pool);
    }
    if (err != NULL) {
        return err;
    }
    result->spki.data = apr_pmemdup(pool, data, length);
    result->spki.length = length;
    result->key_hash = xca_sha256_hex(pool, data, length);
    *csr = result;
    return NULL;
}
