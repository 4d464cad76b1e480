/* The lint reads with OpenSSL what crypto_ca.c wrote with the writer of crypto_der.h: a mistake in
 * one is not repeated by the other. One function a field; each finding names its clause. */
#include "outside/crypto_lint.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "outside/crypto_lint_parts.h"
#include "outside/crypto_lint_rules.h"

static void check_version_and_serial(xca_lint_t *lint) {
    const ASN1_INTEGER *serial = X509_get0_serialNumber(lint->certificate);
    BIGNUM *found = ASN1_INTEGER_to_BN(serial, NULL);
    BIGNUM *wanted = NULL;

    if (X509_get_version(lint->certificate) != X509_VERSION_3) {
        xca_lint_find(lint, "lint.version", "not version 3: RFC 5280 section 4.1.2.1");
    }
    if (found == NULL || lint->order->serial == NULL ||
        !BN_hex2bn(&wanted, lint->order->serial) || BN_cmp(found, wanted) != 0 ||
        BN_is_negative(found) || BN_is_zero(found)) {
        xca_lint_find(lint, "lint.serial", "not the order's, or not positive: RFC 5280 section 4.1.2.2");
    } else if (BN_num_bits(found) < 64 || BN_num_bytes(found) > XCA_SERIAL_BYTES) {
        xca_lint_find(lint, "lint.serial", "not 128 random bits: profile.md serial");
    }
    BN_free(found);
    BN_free(wanted);
}

static void check_algorithm(xca_lint_t *lint) {
    const X509_ALGOR *inner = X509_get0_tbs_sigalg(lint->certificate);
    const X509_ALGOR *outer;
    EVP_PKEY *issuer_key = X509_get0_pubkey(lint->issuer);
    int is_ec = issuer_key != NULL && EVP_PKEY_is_a(issuer_key, "EC");
    int wanted = !is_ec                                ? NID_sha256WithRSAEncryption
                 : EVP_PKEY_get_bits(issuer_key) > 256 ? NID_ecdsa_with_SHA384
                                                       : NID_ecdsa_with_SHA256;
    int parameter_type;

    X509_get0_signature(NULL, &outer, lint->certificate);
    if (X509_ALGOR_cmp(inner, outer) != 0) {
        xca_lint_find(lint, "lint.signature-algorithm", "inner and outer differ: RFC 5280 section 4.1.1.2");
    }
    X509_ALGOR_get0(NULL, &parameter_type, NULL, inner);
    if (OBJ_obj2nid(inner->algorithm) != wanted ||
        parameter_type != (is_ec ? V_ASN1_UNDEF : V_ASN1_NULL)) {
        xca_lint_find(lint, "lint.signature-algorithm",
                      "not the issuer key's: RFC 4055 section 5, RFC 5758 section 3.2, profile.md");
    }
}

static void check_issuer(xca_lint_t *lint) {
    const unsigned char *wanted, *found;
    size_t wanted_length, found_length;

    if (!X509_NAME_get0_der(X509_get_subject_name(lint->issuer), &wanted, &wanted_length) ||
        !X509_NAME_get0_der(X509_get_issuer_name(lint->certificate), &found, &found_length) ||
        wanted_length != found_length || memcmp(wanted, found, found_length) != 0) {
        xca_lint_find(lint, "lint.issuer", "not byte for byte the CA's subject: RFC 5280 section 4.1.2.4");
    }
}

/* UTCTime until 2049, then GeneralizedTime, with seconds and Z, of the moment that was ordered. */
static int is_time(const ASN1_TIME *found, apr_time_t wanted) {
    struct tm t;
    apr_time_exp_t exploded;
    apr_time_t time;
    int generalized = found->type == V_ASN1_GENERALIZEDTIME;

    if (!ASN1_TIME_check(found) || found->length != (generalized ? 15 : 13) ||
        !ASN1_TIME_to_tm(found, &t) || generalized != (t.tm_year + 1900 >= 2050)) {
        return 0;
    }
    memset(&exploded, 0, sizeof(exploded));
    exploded.tm_year = t.tm_year;
    exploded.tm_mon = t.tm_mon;
    exploded.tm_mday = t.tm_mday;
    exploded.tm_hour = t.tm_hour;
    exploded.tm_min = t.tm_min;
    exploded.tm_sec = t.tm_sec;
    return apr_time_exp_gmt_get(&time, &exploded) == APR_SUCCESS &&
           apr_time_sec(time) == apr_time_sec(wanted);
}

/* The last moment that the profile's years allow after `from`. */
static apr_time_t years_later(apr_time_t from, int years) {
    apr_time_exp_t t;
    apr_time_t later = 0;

    apr_time_exp_gmt(&t, from);
    t.tm_year += years;
    return apr_time_exp_gmt_get(&later, &t) == APR_SUCCESS ? later : 0;
}

static void check_validity(xca_lint_t *lint) {
    const xca_cert_order_t *order = lint->order;

    if (!is_time(X509_get0_notBefore(lint->certificate), order->not_before) ||
        !is_time(X509_get0_notAfter(lint->certificate), order->not_after)) {
        xca_lint_find(lint, "lint.validity", "not the order's times: RFC 5280 section 4.1.2.5");
    }
    if (order->not_after <= order->not_before ||
        order->not_after > years_later(order->not_before, lint->profile->years)) {
        xca_lint_find(lint, "lint.validity", "longer than the profile's years: profile.md validity");
    }
    if (ASN1_TIME_compare(X509_get0_notAfter(lint->certificate),
                          X509_get0_notAfter(lint->issuer)) > 0 ||
        ASN1_TIME_compare(X509_get0_notBefore(lint->certificate),
                          X509_get0_notBefore(lint->issuer)) < 0) {
        xca_lint_find(lint, "lint.validity", "not within the CA's own: RFC 5280 section 6.1.3 (a)(2)");
    }
}

/* Non-zero if part `index` of the subject is this attribute alone in its RDN. */
static int is_part(const X509_NAME *subject, int index, int nid, int type, const char *value) {
    const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, index);
    const ASN1_STRING *found = entry != NULL ? X509_NAME_ENTRY_get_data(entry) : NULL;

    return found != NULL && OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) == nid &&
           X509_NAME_ENTRY_set(entry) == index && ASN1_STRING_type(found) == type &&
           (apr_size_t)ASN1_STRING_length(found) == strlen(value) &&
           memcmp(ASN1_STRING_get0_data(found), value, strlen(value)) == 0;
}

static int within_bounds(const char *value, apr_size_t most) {
    return value[0] != '\0' && xca_text_valid(value, strlen(value), 0) &&
           xca_text_length(value) <= most;
}

/* "Xc" and 14 digits: profile.md Codes. */
static int is_card_number(const char *number) {
    return strlen(number) == XCA_CARD_NUMBER_LENGTH && strncmp(number, "Xc", 2) == 0 &&
           strspn(number + 2, "0123456789") == XCA_CARD_NUMBER_LENGTH - 2;
}

static void check_subject(xca_lint_t *lint) {
    const xca_cert_order_t *order = lint->order;
    const X509_NAME *subject = X509_get_subject_name(lint->certificate);
    int right = is_part(subject, 0, NID_countryName, V_ASN1_PRINTABLESTRING, "TW");
    int bounded = within_bounds(order->org_name, 64);
    int count = 1;

    if (order->county != NULL) {
        right &= is_part(subject, count++, NID_localityName, V_ASN1_UTF8STRING, order->county);
        bounded &= within_bounds(order->county, 128);
    }
    if (order->district != NULL) {
        right &= is_part(subject, count++, NID_localityName, V_ASN1_UTF8STRING, order->district);
        bounded &= within_bounds(order->district, 128);
    }
    right &= is_part(subject, count++, NID_organizationName, V_ASN1_UTF8STRING, order->org_name);
    if (order->use == XCA_USE_CARD_AUTH) {
        right &= is_part(subject, count++, NID_serialNumber, V_ASN1_PRINTABLESTRING, order->card_number);
        right &= is_card_number(order->card_number);
    }
    if (!right || X509_NAME_entry_count(subject) != count) {
        xca_lint_find(lint, "lint.subject", "not C, L, L, O, card number of the order: profile.md Names");
    }
    if (!bounded) {
        xca_lint_find(lint, "lint.subject",
                      "empty, not clean UTF-8, or longer than ub-organization-name 64 or "
                      "ub-locality-name 128: RFC 5280 appendix A.1");
    }
}

static int is_good_rsa(EVP_PKEY *pkey) {
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(pkey);
    int good = EVP_PKEY_get_bn_param(pkey, "e", &e) && BN_is_word(e, 65537) && bits >= 2048 &&
               bits <= 4096;

    BN_free(e);
    return good;
}

static int is_good_ec(apr_pool_t *pool, EVP_PKEY *pkey) {
    const char *curve = xca_openssl_curve(pool, pkey);

    return curve != NULL && (strcmp(curve, "P-256") == 0 || strcmp(curve, "P-384") == 0);
}

static void check_key(xca_lint_t *lint) {
    X509_PUBKEY *found = X509_get_X509_PUBKEY(lint->certificate);
    EVP_PKEY *pkey = X509_get0_pubkey(lint->certificate);
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(found, &der);

    if (length <= 0 || (apr_size_t)length != lint->order->spki.length ||
        memcmp(der, lint->order->spki.data, (apr_size_t)length) != 0) {
        xca_lint_find(lint, "lint.key", "not the order's key: RFC 5280 section 4.1.2.7");
    }
    OPENSSL_free(der);
    if (pkey == NULL ||
        !(EVP_PKEY_is_a(pkey, "RSA") ? is_good_rsa(pkey) : is_good_ec(lint->pool, pkey))) {
        xca_lint_find(lint, "lint.key", "kind, size or exponent: profile.md Keys accepted");
    }
}

static void check_no_unique_ids(xca_lint_t *lint) {
    const ASN1_BIT_STRING *issuer_id, *subject_id;

    X509_get0_uids(lint->certificate, &issuer_id, &subject_id);
    if (issuer_id != NULL || subject_id != NULL) {
        xca_lint_find(lint, "lint.unique-id", "must not be there: RFC 5280 section 4.1.2.8");
    }
}

/* The errors among what the rules find. */
static void check_rules(xca_lint_t *lint, xca_bytes_t der) {
    apr_array_header_t *findings;
    int i;

    xca_lint_check(&findings, der, lint->order->use == XCA_USE_CARD_AUTH ? XCA_LINT_CARD : XCA_LINT_SMIME, lint->pool);
    for (i = 0; i < findings->nelts; i++) {
        const xca_lint_finding_t *finding = &APR_ARRAY_IDX(findings, i, xca_lint_finding_t);

        if (finding->rule->severity == XCA_LINT_ERROR) {
            xca_lint_find(lint, apr_pstrcat(lint->pool, "lint.rule.", finding->rule->id, NULL),
                          apr_pstrcat(lint->pool, finding->rule->clause, ": ", finding->detail, NULL));
        }
    }
}

xca_error_t *xca_lint_certificate(xca_bytes_t der, const xca_cert_order_t *order,
                                  const xca_profile_t *profile, xca_bytes_t issuer,
                                  apr_pool_t *pool) {
    xca_lint_t lint = {pool, NULL, NULL, order, profile, NULL};

    lint.certificate = xca_openssl_x509(pool, der);
    lint.issuer = xca_openssl_x509(pool, issuer);
    if (lint.certificate == NULL || lint.issuer == NULL) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "lint.der", "not one certificate in DER");
    }
    check_version_and_serial(&lint);
    check_algorithm(&lint);
    check_issuer(&lint);
    check_validity(&lint);
    check_subject(&lint);
    check_key(&lint);
    check_no_unique_ids(&lint);
    xca_lint_extensions(&lint);
    check_rules(&lint, der);
    ERR_clear_error();
    return lint.findings;
}
