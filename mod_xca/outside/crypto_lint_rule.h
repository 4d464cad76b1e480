/* For the files outside/crypto_lint*.c alone: what a rule looks at. */
#ifndef XCA_OUTSIDE_CRYPTO_LINT_RULE_H
#define XCA_OUTSIDE_CRYPTO_LINT_RULE_H

#include <openssl/x509v3.h>
#include "outside/crypto_der.h"
#include "outside/crypto_lint_rules.h"
#include "outside/crypto_openssl.h"

/* A certificate, taken apart twice: by our own reader, byte for byte, and by OpenSSL. */
typedef struct xca_linted {
    apr_pool_t *pool;
    xca_bytes_t der;
    xca_lint_kind kind;
    int readable; /* both readers understand its outer parts */
    /* RFC 5280 section 4.1; `version` and what is optional have tag 0 if they are not there */
    xca_der_item_t version, serial, algorithm, issuer, validity, subject, spki, unique_ids, extensions, outer_algorithm;
    X509 *x509;
    EVP_PKEY *key; /* NULL if it is of a kind that OpenSSL does not know */
    const char *unread; /* an extension of RFC 5280 that cannot be decoded, or NULL */
    uint32_t key_usage; /* UINT32_MAX: none */
    BASIC_CONSTRAINTS *constraints;
    AUTHORITY_KEYID *authority_key;
    ASN1_OCTET_STRING *subject_key;
    EXTENDED_KEY_USAGE *purposes;
    GENERAL_NAMES *names;
    CERTIFICATEPOLICIES *policies;
    CRL_DIST_POINTS *lists;
    AUTHORITY_INFO_ACCESS *access;
} xca_linted_t;

/* NULL if the rule is kept, otherwise what was found. */
typedef const char *xca_lint_test_t(const xca_linted_t *linted);

/* An extension by its NID, or NULL; whether it is there and critical. */
X509_EXTENSION *xca_lint_extension(const xca_linted_t *linted, int nid);
int xca_lint_is_critical(const xca_linted_t *linted, int nid);

/* An extension as it stands in the bytes. Takes the next one; 0 at the end and on what is none. */
typedef struct xca_lint_raw_extension {
    xca_der_item_t oid, critical, value; /* critical: tag 0 if not there */
} xca_lint_raw_extension_t;
xca_der_at_t xca_lint_raw_begin(const xca_linted_t *linted);
int xca_lint_raw_next(xca_der_at_t *at, xca_lint_raw_extension_t *extension);

/* crypto_lint_der.c: encoding. */
xca_lint_test_t xca_rule_der_strict, xca_rule_der_boolean, xca_rule_der_integer, xca_rule_der_bits, xca_rule_der_oid,
    xca_rule_der_set, xca_rule_der_default, xca_rule_named_bits;

/* crypto_lint_field.c: the fields of RFC 5280 section 4.1, and the key. */
xca_lint_test_t xca_rule_version, xca_rule_serial_positive, xca_rule_serial_length, xca_rule_serial_entropy,
    xca_rule_algorithm_same, xca_rule_algorithm_known, xca_rule_algorithm_parameters, xca_rule_issuer_empty,
    xca_rule_subject_empty, xca_rule_time_encoding, xca_rule_time_order, xca_rule_smime_validity, xca_rule_long_validity,
    xca_rule_unique_ids, xca_rule_key_kind, xca_rule_rsa_size, xca_rule_rsa_exponent, xca_rule_rsa_factors,
    xca_rule_key_parameters, xca_rule_ca_key_size, xca_rule_rsa_profile_exponent;

/* crypto_lint_name.c: the subject's name. */
xca_lint_test_t xca_rule_rdn_single, xca_rule_string_type, xca_rule_name_country, xca_rule_name_length, xca_rule_name_empty,
    xca_rule_name_characters, xca_rule_name_spaces, xca_rule_name_twice, xca_rule_name_mail, xca_rule_name_organisation,
    xca_rule_name_identifier;

/* crypto_lint_extension.c: RFC 5280 section 4.2. */
xca_lint_test_t xca_rule_ext_twice, xca_rule_ext_empty, xca_rule_ext_unread, xca_rule_ext_unknown, xca_rule_critical_must,
    xca_rule_critical_never, xca_rule_critical_better, xca_rule_aki_missing, xca_rule_aki_parts, xca_rule_ski_missing,
    xca_rule_ski_better, xca_rule_usage_missing, xca_rule_usage_empty, xca_rule_usage_leaf, xca_rule_usage_ca,
    xca_rule_usage_key, xca_rule_usage_smime, xca_rule_usage_only, xca_rule_ca_missing, xca_rule_ca_path, xca_rule_leaf_ca, xca_rule_purpose_mail,
    xca_rule_purpose_card, xca_rule_purpose_never, xca_rule_mailbox_missing, xca_rule_mailbox_form, xca_rule_names_kinds,
    xca_rule_policy_missing, xca_rule_policy_any, xca_rule_policy_twice, xca_rule_policy_text, xca_rule_policy_smime,
    xca_rule_list_missing, xca_rule_list_http, xca_rule_list_all_http, xca_rule_list_parts, xca_rule_access_missing,
    xca_rule_access_http, xca_rule_access_kinds, xca_rule_attributes, xca_rule_constraints_leaf, xca_rule_root_self;

#endif
