/* The lint's rules of the fields of RFC 5280 section 4.1, and of the key. */
#include <string.h>
#include <apr_strings.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include "outside/crypto_lint_rule.h"

#define SERIAL_MAX   20
#define SERIAL_RANDOM 8 /* bytes: 64 bits */
#define DAY_SECONDS  86400
#define SMIME_DAYS   825
#define LONG_YEARS   10
#define SMALL_PRIME  752

/* RFC 4055 section 5, RFC 5758 section 3.2, RFC 8410 section 6. */
static const struct algorithm {
    const char *oid;
    int with_null; /* parameters: 1 NULL, 0 absent, -1 its own */
} algorithms[] = {{"1.2.840.113549.1.1.11", 1}, {"1.2.840.113549.1.1.12", 1}, {"1.2.840.113549.1.1.13", 1},
                  {"1.2.840.113549.1.1.10", -1}, {"1.2.840.10045.4.3.2", 0},  {"1.2.840.10045.4.3.3", 0},
                  {"1.2.840.10045.4.3.4", 0},    {"1.3.101.112", 0},          {"1.3.101.113", 0}};

const char *xca_rule_version(const xca_linted_t *linted) {
    return X509_get_version(linted->x509) != X509_VERSION_3
               ? apr_psprintf(linted->pool, "v%ld", X509_get_version(linted->x509) + 1)
               : NULL;
}

static const char *serial_text(const xca_linted_t *linted) {
    xca_bytes_t serial = linted->serial.content;

    return xca_text_hex(linted->pool, serial.data, serial.length < 40 ? serial.length : 40);
}

const char *xca_rule_serial_positive(const xca_linted_t *linted) {
    xca_bytes_t serial = linted->serial.content;
    int zero = serial.length == 1 && serial.data[0] == 0;

    return serial.length == 0 || zero || serial.data[0] >= 0x80 ? serial_text(linted) : NULL;
}

const char *xca_rule_serial_length(const xca_linted_t *linted) {
    return linted->serial.content.length > SERIAL_MAX ? serial_text(linted) : NULL;
}

/* What can be seen of randomness: room for it. */
const char *xca_rule_serial_entropy(const xca_linted_t *linted) {
    return linted->serial.content.length < SERIAL_RANDOM ? serial_text(linted) : NULL;
}

const char *xca_rule_algorithm_same(const xca_linted_t *linted) {
    xca_bytes_t inner = linted->algorithm.whole, outer = linted->outer_algorithm.whole;

    return inner.length != outer.length || memcmp(inner.data, outer.data, inner.length) != 0 ? "" : NULL;
}

static const char *read_algorithm(const struct algorithm **known, xca_der_at_t *at, const xca_linted_t *linted) {
    xca_der_item_t oid;
    const char *text;
    size_t i;

    *known = NULL;
    *at = xca_der_at(linted->algorithm.content);
    if (!xca_der_take(at, XCA_DER_OID, &oid)) {
        return "";
    }
    for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (xca_der_oid_is(oid.content, algorithms[i].oid)) {
            *known = &algorithms[i];
        }
    }
    text = xca_der_oid_text(linted->pool, oid.content);
    return text != NULL ? text : "";
}

const char *xca_rule_algorithm_known(const xca_linted_t *linted) {
    const struct algorithm *known;
    xca_der_at_t at;
    const char *text = read_algorithm(&known, &at, linted);

    return known == NULL ? text : NULL;
}

const char *xca_rule_algorithm_parameters(const xca_linted_t *linted) {
    const struct algorithm *known;
    xca_der_at_t at;
    xca_der_item_t item;
    const char *text = read_algorithm(&known, &at, linted);

    if (known == NULL || known->with_null < 0) {
        return NULL;
    }
    if (known->with_null && (!xca_der_take(&at, XCA_DER_NULL, &item) || item.content.length != 0)) {
        return text;
    }
    return xca_der_ended(&at) ? NULL : text;
}

const char *xca_rule_issuer_empty(const xca_linted_t *linted) {
    return linted->issuer.content.length == 0 ? "" : NULL;
}

const char *xca_rule_subject_empty(const xca_linted_t *linted) {
    return linted->subject.content.length == 0 ? "" : NULL;
}

/* With seconds and Z, and UTCTime until 2049 alone. */
static int is_encoded_well(const xca_der_item_t *time) {
    int generalized = time->tag == XCA_DER_GENERALIZED_TIME;
    apr_size_t length = generalized ? 15 : 13, i;

    if ((!generalized && time->tag != XCA_DER_UTC_TIME) || time->content.length != length ||
        time->content.data[length - 1] != 'Z') {
        return 0;
    }
    for (i = 0; i + 1 < length; i++) {
        if (time->content.data[i] < '0' || time->content.data[i] > '9') {
            return 0;
        }
    }
    return !generalized || memcmp(time->content.data, "2050", 4) >= 0;
}

const char *xca_rule_time_encoding(const xca_linted_t *linted) {
    xca_der_at_t at = xca_der_at(linted->validity.content);
    xca_der_item_t time;
    int i;

    for (i = 0; i < 2; i++) {
        if (!xca_der_next(&at, &time) || !is_encoded_well(&time)) {
            return i == 0 ? "notBefore" : "notAfter";
        }
    }
    return ASN1_TIME_check(X509_get0_notBefore(linted->x509)) && ASN1_TIME_check(X509_get0_notAfter(linted->x509))
               ? NULL
               : "no such day";
}

/* Seconds that the certificate is valid, both ends included; 0 if the times cannot be read. */
static apr_int64_t validity_of(const xca_linted_t *linted) {
    apr_time_t from, until;

    if (!xca_openssl_time(&from, X509_get0_notBefore(linted->x509)) ||
        !xca_openssl_time(&until, X509_get0_notAfter(linted->x509))) {
        return 0;
    }
    return apr_time_sec(until) - apr_time_sec(from) + 1;
}

const char *xca_rule_time_order(const xca_linted_t *linted) {
    return validity_of(linted) < 1 ? "" : NULL;
}

static const char *longer_than(const xca_linted_t *linted, apr_int64_t days) {
    apr_int64_t found = validity_of(linted);

    return found > days * DAY_SECONDS
               ? apr_psprintf(linted->pool, "%" APR_INT64_T_FMT " days", (found + DAY_SECONDS - 1) / DAY_SECONDS)
               : NULL;
}

const char *xca_rule_smime_validity(const xca_linted_t *linted) {
    return longer_than(linted, SMIME_DAYS);
}

const char *xca_rule_long_validity(const xca_linted_t *linted) {
    return longer_than(linted, LONG_YEARS * 366);
}

const char *xca_rule_unique_ids(const xca_linted_t *linted) {
    return linted->unique_ids.tag != 0 ? "" : NULL;
}

/* The key ---- */

static int is_rsa(const xca_linted_t *linted) {
    return linted->key != NULL && EVP_PKEY_is_a(linted->key, "RSA");
}

const char *xca_rule_key_kind(const xca_linted_t *linted) {
    const char *curve = linted->key != NULL ? xca_openssl_curve(linted->pool, linted->key) : NULL;

    if (is_rsa(linted) || (curve != NULL && (strcmp(curve, "P-256") == 0 || strcmp(curve, "P-384") == 0))) {
        return NULL;
    }
    return linted->key != NULL ? xca_openssl_key_text(linted->pool, linted->key) : "";
}

const char *xca_rule_rsa_size(const xca_linted_t *linted) {
    int bits = is_rsa(linted) ? EVP_PKEY_get_bits(linted->key) : 2048;

    return bits < 2048 || bits > 4096 || bits % 8 != 0 ? apr_itoa(linted->pool, bits) : NULL;
}

static int exponent_is(const xca_linted_t *linted, int (*good)(const BIGNUM *)) {
    BIGNUM *exponent = NULL;
    int is = !is_rsa(linted) ||
             (EVP_PKEY_get_bn_param(linted->key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 && good(exponent));

    BN_free(exponent);
    return is;
}

/* 2^16 + 1 to 2^256 - 1, odd. */
static int is_allowed(const BIGNUM *exponent) {
    return BN_is_odd(exponent) && BN_num_bits(exponent) > 16 && BN_num_bits(exponent) <= 256;
}

static int is_f4(const BIGNUM *exponent) {
    return BN_is_word(exponent, RSA_F4);
}

const char *xca_rule_rsa_exponent(const xca_linted_t *linted) {
    return exponent_is(linted, is_allowed) ? NULL : "";
}

const char *xca_rule_rsa_profile_exponent(const xca_linted_t *linted) {
    return exponent_is(linted, is_f4) ? NULL : "";
}

const char *xca_rule_rsa_factors(const xca_linted_t *linted) {
    BIGNUM *modulus = NULL;
    const char *found = NULL;
    BN_ULONG small;

    if (!is_rsa(linted) || EVP_PKEY_get_bn_param(linted->key, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1) {
        return NULL;
    }
    for (small = 2; small < SMALL_PRIME && found == NULL; small++) {
        if (BN_mod_word(modulus, small) == 0) {
            found = apr_psprintf(linted->pool, "%lu", (unsigned long)small);
        }
    }
    BN_free(modulus);
    return found;
}

/* RFC 3279 section 2.3.1, RFC 5480 section 2.1.1: NULL; a named curve, and a point that is not compressed. */
const char *xca_rule_key_parameters(const xca_linted_t *linted) {
    xca_der_at_t at = xca_der_at(linted->spki.content), inner;
    xca_der_item_t algorithm, oid, parameters, bits;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &algorithm) || !xca_der_take(&at, XCA_DER_BIT_STRING, &bits) ||
        !xca_der_ended(&at)) {
        return "";
    }
    inner = xca_der_at(algorithm.content);
    if (!xca_der_take(&inner, XCA_DER_OID, &oid)) {
        return "";
    }
    memset(&parameters, 0, sizeof(parameters));
    if (xca_der_oid_is(oid.content, "1.2.840.113549.1.1.1")) {
        return xca_der_take(&inner, XCA_DER_NULL, &parameters) && xca_der_ended(&inner) ? NULL : "RSA";
    }
    if (xca_der_oid_is(oid.content, "1.2.840.10045.2.1")) {
        return xca_der_take(&inner, XCA_DER_OID, &parameters) && xca_der_ended(&inner) && bits.content.length > 2 &&
                       bits.content.data[1] == 4
                   ? NULL
                   : "EC";
    }
    return NULL;
}

const char *xca_rule_ca_key_size(const xca_linted_t *linted) {
    int bits = linted->key != NULL ? EVP_PKEY_get_bits(linted->key) : 0;

    return is_rsa(linted) ? (bits < 4096 ? apr_itoa(linted->pool, bits) : NULL)
                          : (bits < 384 ? apr_itoa(linted->pool, bits) : NULL);
}
