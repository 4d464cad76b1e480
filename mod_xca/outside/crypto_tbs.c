#include "outside/crypto_tbs.h"

#include <string.h>
#include <openssl/sha.h>
#include "outside/crypto_openssl.h"

static int is_p384(const xca_key_t *key) {
    return EVP_PKEY_is_a(key->pkey, "EC") && EVP_PKEY_get_bits(key->pkey) > 256;
}

void xca_tbs_put_algorithm(xca_der_t *der, const xca_key_t *key) {
    xca_der_open(der, XCA_DER_SEQUENCE);
    if (EVP_PKEY_is_a(key->pkey, "RSA")) {
        xca_der_put_oid(der, "1.2.840.113549.1.1.11");
        xca_der_put(der, XCA_DER_NULL, NULL, 0);
    } else {
        xca_der_put_oid(der, is_p384(key) ? "1.2.840.10045.4.3.3" : "1.2.840.10045.4.3.2");
    }
    xca_der_close(der);
}

/* The parts of a SubjectPublicKeyInfo: SEQUENCE { AlgorithmIdentifier, BIT STRING }. */
static int open_spki(xca_der_item_t *algorithm, xca_der_item_t *bits, xca_bytes_t spki) {
    xca_der_at_t at = xca_der_at(spki);
    xca_der_item_t outer;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &outer) || !xca_der_ended(&at)) {
        return 0;
    }
    at = xca_der_at(outer.content);
    return xca_der_take(&at, XCA_DER_SEQUENCE, algorithm) &&
           xca_der_take(&at, XCA_DER_BIT_STRING, bits) && xca_der_ended(&at) &&
           bits->content.length > 1;
}

xca_error_t *xca_tbs_key_id(unsigned char id[XCA_KEY_ID], xca_bytes_t spki, apr_pool_t *pool) {
    xca_der_item_t algorithm, bits;

    if (!open_spki(&algorithm, &bits, spki) ||
        !EVP_Digest(bits.content.data + 1, bits.content.length - 1, id, NULL, EVP_sha1(), NULL)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.key", "key identifier");
    }
    return NULL;
}

int xca_tbs_is_ec(xca_bytes_t spki) {
    xca_der_item_t algorithm, bits, oid;
    xca_der_at_t at;

    if (!open_spki(&algorithm, &bits, spki)) {
        return 0;
    }
    at = xca_der_at(algorithm.content);
    return xca_der_take(&at, XCA_DER_OID, &oid) &&
           xca_der_oid_is(oid.content, "1.2.840.10045.2.1");
}

void xca_tbs_put_rdn(xca_der_t *der, const char *type, int tag, const char *value) {
    xca_der_open(der, XCA_DER_SET);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, type);
    xca_der_put_text(der, tag, value);
    xca_der_close(der);
    xca_der_close(der);
}

void xca_tbs_put_validity(xca_der_t *der, apr_time_t not_before, apr_time_t not_after) {
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_time(der, not_before);
    xca_der_put_time(der, not_after);
    xca_der_close(der);
}

void xca_tbs_extension_open(xca_der_t *der, const char *oid, int critical) {
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, oid);
    if (critical) {
        xca_der_put_true(der);
    }
    xca_der_open(der, XCA_DER_OCTET_STRING);
}

void xca_tbs_extension_close(xca_der_t *der) {
    xca_der_close(der);
    xca_der_close(der);
}

void xca_tbs_put_basic_constraints(xca_der_t *der, int is_ca, int path_length) {
    xca_tbs_extension_open(der, "2.5.29.19", 1);
    xca_der_open(der, XCA_DER_SEQUENCE);
    if (is_ca) {
        xca_der_put_true(der);
    }
    if (path_length >= 0) {
        xca_der_put_number(der, (apr_uint64_t)path_length);
    }
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

/* Named bits: trailing zero bits are not written (X.690 clause 11.2.2). */
void xca_tbs_put_key_usage(xca_der_t *der, int bits) {
    unsigned char content[2] = {0, (unsigned char)bits};

    while ((bits >> content[0] & 1) == 0) {
        content[0]++;
    }
    xca_tbs_extension_open(der, "2.5.29.15", 1);
    xca_der_put(der, XCA_DER_BIT_STRING, content, 2);
    xca_tbs_extension_close(der);
}

void xca_tbs_put_ext_key_usage(xca_der_t *der, const char *const *oids) {
    xca_tbs_extension_open(der, "2.5.29.37", 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    for (; *oids != NULL; oids++) {
        xca_der_put_oid(der, *oids);
    }
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

void xca_tbs_put_authority_key_id(xca_der_t *der, xca_bytes_t authority_key_id) {
    xca_tbs_extension_open(der, "2.5.29.35", 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put(der, XCA_DER_CONTEXT | 0, authority_key_id.data, authority_key_id.length);
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

void xca_tbs_put_full_name(xca_der_t *der, const char *url, const char *second) {
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_put_text(der, XCA_DER_CONTEXT | 6, url);
    if (second != NULL) {
        xca_der_put_text(der, XCA_DER_CONTEXT | 6, second);
    }
    xca_der_close(der);
    xca_der_close(der);
}

static void put_point(xca_der_t *der, const char *url, const char *second) {
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_put_full_name(der, url, second);
    xca_der_close(der);
}

void xca_tbs_put_crl_points(xca_der_t *der, const char *oid, const char *partition, const char *url,
                            const char *second) {
    xca_tbs_extension_open(der, oid, 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    if (partition != NULL) {
        put_point(der, partition, NULL);
    }
    put_point(der, url, second);
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

void xca_tbs_put_subject_key_id(xca_der_t *der, const unsigned char id[XCA_KEY_ID]) {
    xca_tbs_extension_open(der, "2.5.29.14", 0);
    xca_der_put(der, XCA_DER_OCTET_STRING, id, XCA_KEY_ID);
    xca_tbs_extension_close(der);
}

void xca_tbs_put_key_ids(xca_der_t *der, const unsigned char *subject_key_id,
                         xca_bytes_t authority_key_id) {
    xca_tbs_put_subject_key_id(der, subject_key_id);
    xca_tbs_put_authority_key_id(der, authority_key_id);
}

static xca_error_t *wrap(xca_bytes_t *der, xca_bytes_t tbs, xca_bytes_t signature,
                         const xca_key_t *key, apr_pool_t *pool) {
    xca_der_t *writer = xca_der_make(pool);

    xca_der_open(writer, XCA_DER_SEQUENCE);
    xca_der_put_raw(writer, tbs);
    xca_tbs_put_algorithm(writer, key);
    xca_der_put_bits(writer, signature);
    xca_der_close(writer);
    return xca_der_finish(der, writer, pool);
}

xca_error_t *xca_tbs_unsigned(xca_bytes_t *der, xca_bytes_t tbs, const xca_key_t *key,
                              apr_pool_t *pool) {
    return wrap(der, tbs, (xca_bytes_t){NULL, 0}, key, pool);
}

xca_error_t *xca_tbs_signature(xca_bytes_t *signature, xca_bytes_t tbs, const xca_key_t *key, apr_pool_t *pool) {
    return xca_openssl_sign(signature, key, is_p384(key) ? EVP_sha384() : EVP_sha256(), tbs.data, tbs.length, pool);
}

xca_error_t *xca_tbs_sign(xca_bytes_t *signed_der, xca_bytes_t tbs, const xca_key_t *key,
                          apr_pool_t *pool) {
    xca_bytes_t signature;
    xca_error_t *err = xca_tbs_signature(&signature, tbs, key, pool);

    return err == NULL ? wrap(signed_der, tbs, signature, key, pool) : err;
}
