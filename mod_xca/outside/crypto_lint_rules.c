/* The table of the lint's rules, and how a certificate is held to them. */
#include "outside/crypto_lint_rules.h"

#include <string.h>
#include <openssl/err.h>
#include "outside/crypto_lint_rule.h"

#define OURS      (XCA_LINT_SMIME | XCA_LINT_CARD)
#define AUTHORITY (XCA_LINT_CA | XCA_LINT_ROOT)
#define ISSUED    (XCA_LINT_ANY & ~XCA_LINT_ROOT)

/* Those of encoding come first and say what they can of bytes that are no certificate. */
static const struct row {
    xca_lint_rule_t rule;
    xca_lint_test_t *test;
} rows[] = {
    {{"der-strict", "X.690 clauses 8.1, 10.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_der_strict},
    {{"der-boolean", "X.690 clause 11.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_der_boolean},
    {{"der-integer", "X.690 clause 8.3.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_der_integer},
    {{"der-bits", "X.690 clause 11.2.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_der_bits},
    {{"der-oid", "X.690 clause 8.19.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_der_oid},
    {{"der-set", "X.690 clause 11.6", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_der_set},
    {{"der-default", "X.690 clause 11.5", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_der_default},
    {{"der-named-bits", "X.690 clause 11.2.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_named_bits},
    {{"version", "RFC 5280 section 4.1.2.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_version},
    {{"serial-positive", "RFC 5280 section 4.1.2.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_serial_positive},
    {{"serial-length", "RFC 5280 section 4.1.2.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_serial_length},
    {{"serial-entropy", "S/MIME BR section 7.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_serial_entropy},
    {{"algorithm-same", "RFC 5280 section 4.1.1.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_algorithm_same},
    {{"algorithm-known", "RFC 4055 section 5, RFC 5758 section 3.2, S/MIME BR section 7.1.3.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_algorithm_known},
    {{"algorithm-parameters", "RFC 4055 section 5, RFC 5758 section 3.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_algorithm_parameters},
    {{"issuer-empty", "RFC 5280 section 4.1.2.4", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_issuer_empty},
    {{"subject-empty", "RFC 5280 section 4.1.2.6, S/MIME BR section 7.1.4.2.4", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_subject_empty},
    {{"time-encoding", "RFC 5280 section 4.1.2.5", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_time_encoding},
    {{"time-order", "RFC 5280 section 4.1.2.5", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_time_order},
    {{"validity-years", "profile.md validity", XCA_LINT_ERROR, OURS}, xca_rule_long_validity},
    {{"validity-smime", "S/MIME BR section 6.3.2 (multipurpose)", XCA_LINT_NOTICE, XCA_LINT_SMIME}, xca_rule_smime_validity},
    {{"unique-ids", "RFC 5280 section 4.1.2.8", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_unique_ids},
    {{"rdn-single", "profile.md Names", XCA_LINT_WARNING, XCA_LINT_ANY}, xca_rule_rdn_single},
    {{"name-string", "RFC 5280 section 4.1.2.4", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_string_type},
    {{"name-country", "RFC 5280 section appendix A.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_name_country},
    {{"name-length", "RFC 5280 section appendix A.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_name_length},
    {{"name-empty", "RFC 5280 section appendix A.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_name_empty},
    {{"name-characters", "RFC 5280 section 4.1.2.4, X.680 clause 41.4", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_name_characters},
    {{"name-spaces", "profile.md Names", XCA_LINT_WARNING, XCA_LINT_ANY}, xca_rule_name_spaces},
    {{"name-twice", "profile.md Names", XCA_LINT_WARNING, XCA_LINT_ANY}, xca_rule_name_twice},
    {{"name-organisation", "S/MIME BR section 7.1.4.2.4, profile.md Names", XCA_LINT_ERROR, OURS}, xca_rule_name_organisation},
    {{"name-mail", "S/MIME BR section 7.1.4.2.1", XCA_LINT_ERROR, XCA_LINT_SMIME}, xca_rule_name_mail},
    {{"name-identifier", "S/MIME BR section 7.1.4.2.4", XCA_LINT_NOTICE, XCA_LINT_SMIME}, xca_rule_name_identifier},
    {{"key-kind", "profile.md Keys accepted", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_key_kind},
    {{"rsa-size", "S/MIME BR section 6.1.5, profile.md Keys accepted", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_rsa_size},
    {{"rsa-exponent", "S/MIME BR section 6.1.6", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_rsa_exponent},
    {{"rsa-exponent-65537", "profile.md Keys accepted", XCA_LINT_ERROR, OURS}, xca_rule_rsa_profile_exponent},
    {{"rsa-factors", "S/MIME BR section 6.1.6", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_rsa_factors},
    {{"key-parameters", "RFC 3279 section 2.3.1, RFC 5480 section 2.1.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_key_parameters},
    {{"key-size-ca", "profile.md Subscriber certificates (CA RSA-4096)", XCA_LINT_WARNING, AUTHORITY}, xca_rule_ca_key_size},
    {{"ext-twice", "RFC 5280 section 4.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_ext_twice},
    {{"ext-empty", "RFC 5280 section 4.1.2.9, 4.2.1", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_ext_empty},
    {{"ext-unread", "RFC 5280 section 4.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_ext_unread},
    {{"ext-unknown", "RFC 5280 section 4.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_ext_unknown},
    {{"critical-must", "RFC 5280 section 4.2.1.9 to 4.2.1.14", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_critical_must},
    {{"critical-never", "RFC 5280 section 4.2.1, 4.2.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_critical_never},
    {{"critical-better", "RFC 5280 section 4.2.1, S/MIME BR section 7.1.2.3", XCA_LINT_WARNING, XCA_LINT_ANY}, xca_rule_critical_better},
    {{"aki-missing", "RFC 5280 section 4.2.1.1", XCA_LINT_ERROR, ISSUED}, xca_rule_aki_missing},
    {{"aki-parts", "S/MIME BR section 7.1.2.3 (g)", XCA_LINT_ERROR, OURS}, xca_rule_aki_parts},
    {{"ski-missing", "RFC 5280 section 4.2.1.2", XCA_LINT_ERROR, AUTHORITY}, xca_rule_ski_missing},
    {{"ski-better", "RFC 5280 section 4.2.1.2, S/MIME BR section 7.1.2.3 (n)", XCA_LINT_WARNING, XCA_LINT_SMIME | XCA_LINT_CARD | XCA_LINT_OTHER}, xca_rule_ski_better},
    {{"usage-missing", "RFC 5280 section 4.2.1.3, S/MIME BR section 7.1.2.3 (e)", XCA_LINT_ERROR, OURS | AUTHORITY}, xca_rule_usage_missing},
    {{"usage-empty", "RFC 5280 section 4.2.1.3", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_usage_empty},
    {{"usage-leaf", "RFC 5280 section 4.2.1.3, 4.2.1.9", XCA_LINT_ERROR, XCA_LINT_SMIME | XCA_LINT_CARD | XCA_LINT_OTHER}, xca_rule_usage_leaf},
    {{"usage-ca", "RFC 5280 section 4.2.1.3", XCA_LINT_ERROR, AUTHORITY}, xca_rule_usage_ca},
    {{"usage-key", "RFC 8813 section 3, RFC 4055 section 1.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_usage_key},
    {{"usage-only", "RFC 5280 section 4.2.1.3", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_usage_only},
    {{"usage-smime", "S/MIME BR section 7.1.2.3 (e)", XCA_LINT_ERROR, OURS}, xca_rule_usage_smime},
    {{"ca-missing", "RFC 5280 section 4.2.1.9", XCA_LINT_ERROR, AUTHORITY}, xca_rule_ca_missing},
    {{"ca-path", "profile.md Names (one CA below a root)", XCA_LINT_WARNING, XCA_LINT_CA}, xca_rule_ca_path},
    {{"leaf-ca", "RFC 5280 section 4.2.1.9, S/MIME BR section 7.1.2.3 (d)", XCA_LINT_ERROR, XCA_LINT_SMIME | XCA_LINT_CARD | XCA_LINT_OTHER}, xca_rule_leaf_ca},
    {{"constraints-leaf", "RFC 5280 section 4.2.1.10 to 4.2.1.14", XCA_LINT_ERROR, XCA_LINT_SMIME | XCA_LINT_CARD | XCA_LINT_OTHER}, xca_rule_constraints_leaf},
    {{"root-self", "RFC 5280 section 3.2, 4.2.1.1", XCA_LINT_ERROR, XCA_LINT_ROOT}, xca_rule_root_self},
    {{"purpose-mail", "S/MIME BR section 7.1.2.3 (f)", XCA_LINT_ERROR, XCA_LINT_SMIME}, xca_rule_purpose_mail},
    {{"purpose-card", "profile.md Subscriber certificates (FIPS 201-3 section 4.2.1)", XCA_LINT_ERROR, XCA_LINT_CARD}, xca_rule_purpose_card},
    {{"purpose-never", "S/MIME BR section 7.1.2.3 (f)", XCA_LINT_ERROR, OURS}, xca_rule_purpose_never},
    {{"mailbox-missing", "S/MIME BR section 7.1.4.2.1", XCA_LINT_ERROR, XCA_LINT_SMIME}, xca_rule_mailbox_missing},
    {{"mailbox-form", "RFC 5280 section 4.2.1.6, RFC 5321 section 4.1.2", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_mailbox_form},
    {{"names-kinds", "S/MIME BR section 7.1.4.2.1", XCA_LINT_ERROR, OURS}, xca_rule_names_kinds},
    {{"policy-missing", "S/MIME BR section 7.1.2.3 (a), profile.md", XCA_LINT_ERROR, OURS}, xca_rule_policy_missing},
    {{"policy-any", "profile.md certificatePolicies", XCA_LINT_ERROR, OURS}, xca_rule_policy_any},
    {{"policy-twice", "RFC 5280 section 4.2.1.4", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_policy_twice},
    {{"policy-text", "RFC 5280 section 4.2.1.4", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_policy_text},
    {{"policy-smime", "S/MIME BR section 7.1.6.1", XCA_LINT_NOTICE, XCA_LINT_SMIME}, xca_rule_policy_smime},
    {{"list-missing", "S/MIME BR section 7.1.2.3 (b), profile.md", XCA_LINT_ERROR, OURS | XCA_LINT_CA}, xca_rule_list_missing},
    {{"list-http", "S/MIME BR section 7.1.2.3 (b) (legacy)", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_list_http},
    {{"list-all-http", "S/MIME BR section 7.1.2.3 (b) (multipurpose)", XCA_LINT_NOTICE, XCA_LINT_SMIME}, xca_rule_list_all_http},
    {{"list-parts", "RFC 5280 section 4.2.1.13", XCA_LINT_ERROR, OURS}, xca_rule_list_parts},
    {{"access-missing", "S/MIME BR section 7.1.2.3 (c), profile.md", XCA_LINT_ERROR, OURS}, xca_rule_access_missing},
    {{"access-http", "S/MIME BR section 7.1.2.3 (c), RFC 5280 section 8", XCA_LINT_ERROR, XCA_LINT_ANY}, xca_rule_access_http},
    {{"access-kinds", "RFC 5280 section 4.2.2.1", XCA_LINT_WARNING, XCA_LINT_ANY}, xca_rule_access_kinds},
    {{"directory-attributes", "S/MIME BR section 7.1.2.3 (j) (multipurpose)", XCA_LINT_NOTICE, XCA_LINT_SMIME}, xca_rule_attributes},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct kind {
    xca_lint_kind kind;
    const char *id;
} kinds[] = {{XCA_LINT_SMIME, "smime"}, {XCA_LINT_CARD, "card"},   {XCA_LINT_CA, "ca"},
             {XCA_LINT_ROOT, "root"},   {XCA_LINT_OTHER, "other"}, {XCA_LINT_KIND_UNKNOWN, NULL}};

const char *xca_lint_kind_id(xca_lint_kind kind) {
    const struct kind *one;

    for (one = kinds; one->id != NULL; one++) {
        if (one->kind == kind) {
            return one->id;
        }
    }
    return "unknown";
}

xca_lint_kind xca_lint_kind_from(const char *id) {
    const struct kind *one;

    for (one = kinds; one->id != NULL && strcmp(one->id, id) != 0; one++) {
    }
    return one->kind;
}

const char *xca_lint_severity_id(xca_lint_severity severity) {
    return severity == XCA_LINT_ERROR ? "error" : severity == XCA_LINT_WARNING ? "warning" : "notice";
}

apr_array_header_t *xca_lint_rules(apr_pool_t *pool) {
    apr_array_header_t *rules = apr_array_make(pool, (int)ROW_COUNT, sizeof(const xca_lint_rule_t *));
    size_t i;

    for (i = 0; i < ROW_COUNT; i++) {
        APR_ARRAY_PUSH(rules, const xca_lint_rule_t *) = &rows[i].rule;
    }
    return rules;
}

static void take_optional(xca_der_at_t *at, int tag, xca_der_item_t *item) {
    if (xca_der_peek(at) != tag || !xca_der_next(at, item)) {
        memset(item, 0, sizeof(*item));
    }
}

/* RFC 5280 section 4.1. */
static int take_apart(xca_linted_t *linted) {
    xca_der_at_t at = xca_der_at(linted->der);
    xca_der_item_t outer, tbs, signature, rest;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &outer) || !xca_der_ended(&at)) {
        return 0;
    }
    at = xca_der_at(outer.content);
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &tbs) || !xca_der_take(&at, XCA_DER_SEQUENCE, &linted->outer_algorithm) ||
        !xca_der_take(&at, XCA_DER_BIT_STRING, &signature) || !xca_der_ended(&at)) {
        return 0;
    }
    at = xca_der_at(tbs.content);
    take_optional(&at, XCA_DER_CONSTRUCTED | 0, &linted->version);
    if (!xca_der_take(&at, XCA_DER_INTEGER, &linted->serial) || !xca_der_take(&at, XCA_DER_SEQUENCE, &linted->algorithm) ||
        !xca_der_take(&at, XCA_DER_SEQUENCE, &linted->issuer) || !xca_der_take(&at, XCA_DER_SEQUENCE, &linted->validity) ||
        !xca_der_take(&at, XCA_DER_SEQUENCE, &linted->subject) || !xca_der_take(&at, XCA_DER_SEQUENCE, &linted->spki)) {
        return 0;
    }
    take_optional(&at, XCA_DER_CONTEXT | 1, &linted->unique_ids);
    take_optional(&at, XCA_DER_CONTEXT | 2, linted->unique_ids.tag == 0 ? &linted->unique_ids : &rest);
    take_optional(&at, XCA_DER_CONSTRUCTED | 3, &linted->extensions);
    return xca_der_ended(&at);
}

static void *decode(xca_linted_t *linted, int nid) {
    int status;
    void *decoded = X509_get_ext_d2i(linted->x509, nid, &status, NULL);

    if (decoded == NULL && status >= 0) {
        linted->unread = OBJ_nid2sn(nid);
    }
    return decoded;
}

static void decode_extensions(xca_linted_t *linted) {
    static const int others[] = {NID_issuer_alt_name, NID_name_constraints, NID_policy_constraints, NID_policy_mappings,
                                 NID_inhibit_any_policy, NID_freshest_crl};
    ASN1_BIT_STRING *usage;
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        X509_EXTENSION *extension = xca_lint_extension(linted, others[i]);
        const X509V3_EXT_METHOD *method = extension != NULL ? X509V3_EXT_get(extension) : NULL;
        void *value = method != NULL ? X509V3_EXT_d2i(extension) : NULL;

        if (extension != NULL && value == NULL) {
            linted->unread = OBJ_nid2sn(others[i]);
        }
        if (value != NULL && method->it != NULL) {
            ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
        }
    }
    usage = decode(linted, NID_key_usage);
    linted->key_usage = usage != NULL ? X509_get_key_usage(linted->x509) : UINT32_MAX;
    ASN1_BIT_STRING_free(usage);
    linted->constraints = decode(linted, NID_basic_constraints);
    linted->authority_key = decode(linted, NID_authority_key_identifier);
    linted->subject_key = decode(linted, NID_subject_key_identifier);
    linted->purposes = decode(linted, NID_ext_key_usage);
    linted->names = decode(linted, NID_subject_alt_name);
    linted->policies = decode(linted, NID_certificate_policies);
    linted->lists = decode(linted, NID_crl_distribution_points);
    linted->access = decode(linted, NID_info_access);
}

static void open_linted(xca_linted_t *linted, xca_bytes_t der, apr_pool_t *pool) {
    memset(linted, 0, sizeof(*linted));
    linted->pool = pool;
    linted->der = der;
    linted->key_usage = UINT32_MAX;
    linted->readable = take_apart(linted);
    linted->x509 = linted->readable ? xca_openssl_x509(pool, der) : NULL;
    linted->readable = linted->x509 != NULL;
    if (linted->readable) {
        linted->key = X509_get0_pubkey(linted->x509);
        decode_extensions(linted);
    }
    ERR_clear_error();
}

static void close_linted(xca_linted_t *linted) {
    BASIC_CONSTRAINTS_free(linted->constraints);
    AUTHORITY_KEYID_free(linted->authority_key);
    ASN1_OCTET_STRING_free(linted->subject_key);
    EXTENDED_KEY_USAGE_free(linted->purposes);
    GENERAL_NAMES_free(linted->names);
    CERTIFICATEPOLICIES_free(linted->policies);
    CRL_DIST_POINTS_free(linted->lists);
    AUTHORITY_INFO_ACCESS_free(linted->access);
    ERR_clear_error();
}

static xca_lint_kind kind_of(const xca_linted_t *linted) {
    if (!linted->readable) {
        return XCA_LINT_KIND_UNKNOWN;
    }
    if (linted->constraints != NULL && linted->constraints->ca) {
        return X509_NAME_cmp(X509_get_subject_name(linted->x509), X509_get_issuer_name(linted->x509)) == 0 ? XCA_LINT_ROOT
                                                                                                        : XCA_LINT_CA;
    }
    if (xca_rule_purpose_card(linted) == NULL) {
        return XCA_LINT_CARD;
    }
    /* Officers sign texts with it as well, and have no mailbox in their certificate. */
    return xca_rule_purpose_mail(linted) == NULL && (linted->names != NULL || linted->policies != NULL) ? XCA_LINT_SMIME
                                                                                                      : XCA_LINT_OTHER;
}

xca_lint_kind xca_lint_kind_of(xca_bytes_t der, apr_pool_t *pool) {
    xca_linted_t linted;
    xca_lint_kind kind;

    open_linted(&linted, der, pool);
    kind = kind_of(&linted);
    close_linted(&linted);
    return kind;
}

void xca_lint_check(apr_array_header_t **findings, xca_bytes_t der, xca_lint_kind kind, apr_pool_t *pool) {
    xca_linted_t linted;
    size_t i;

    *findings = apr_array_make(pool, 4, sizeof(xca_lint_finding_t));
    open_linted(&linted, der, pool);
    linted.kind = kind;
    for (i = 0; i < ROW_COUNT; i++) {
        const char *found = (rows[i].rule.scope & (int)kind) != 0 || !linted.readable ? rows[i].test(&linted) : NULL;

        if (found != NULL) {
            APR_ARRAY_PUSH(*findings, xca_lint_finding_t) = (xca_lint_finding_t){&rows[i].rule, found};
        }
        if (!linted.readable) {
            break; /* the first rule has said so; the others look at what is not there */
        }
    }
    close_linted(&linted);
}
