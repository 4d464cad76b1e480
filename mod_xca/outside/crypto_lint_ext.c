/* The lint of the extensions. */
#include <string.h>
#include <apr_strings.h>
#include <openssl/x509v3.h>
#include "outside/crypto_lint_parts.h"

void xca_lint_find(xca_lint_t *lint, const char *message, const char *why) {
    xca_error_t *err = xca_error_make(lint->pool, XCA_E_INTERNAL, message, "%s", why);

    err->arg = message + strlen("lint.");
    lint->findings = xca_error_append(lint->findings, err);
}

/* The extensions of profile.md, all of them once and no others, critical as said. */
static const struct wanted_extension {
    int nid, critical;
} wanted_extensions[] = {{NID_key_usage, 1},
                         {NID_ext_key_usage, 0},
                         {NID_certificate_policies, 0},
                         {NID_subject_alt_name, 0},
                         {NID_subject_directory_attributes, 0},
                         {NID_crl_distribution_points, 0},
                         {NID_info_access, 0},
                         {NID_authority_key_identifier, 0},
                         {NID_subject_key_identifier, 0},
                         {NID_undef, 0}};

static void check_set(xca_lint_t *lint) {
    const struct wanted_extension *wanted;
    int count = 0;

    for (wanted = wanted_extensions; wanted->nid != NID_undef; wanted++) {
        int at = X509_get_ext_by_NID(lint->certificate, wanted->nid, -1);

        if (wanted->nid == NID_subject_alt_name && lint->order->use == XCA_USE_CARD_AUTH) {
            continue; /* a card has no mailbox; one more would be counted below */
        }

        count++;
        if (at < 0) {
            xca_lint_find(lint, "lint.extensions", OBJ_nid2sn(wanted->nid));
            continue;
        }
        if (X509_get_ext_by_NID(lint->certificate, wanted->nid, at) >= 0) {
            xca_lint_find(lint, "lint.extensions", "one more than once: RFC 5280 section 4.2");
        }
        if ((X509_EXTENSION_get_critical(X509_get_ext(lint->certificate, at)) != 0) !=
            wanted->critical) {
            xca_lint_find(lint, "lint.extensions", "critical or not: profile.md");
        }
    }
    if (X509_get_ext_count(lint->certificate) != count) {
        xca_lint_find(lint, "lint.extensions", "more or fewer than the profile's: profile.md");
    }
}

static void check_key_usage(xca_lint_t *lint) {
    EVP_PKEY *pkey = X509_get0_pubkey(lint->certificate);
    uint32_t wanted = KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT;

    if (lint->order->use == XCA_USE_SIGNATURE) {
        wanted = KU_DIGITAL_SIGNATURE | (lint->profile->non_repudiation ? KU_NON_REPUDIATION : 0);
    } else if (lint->order->use == XCA_USE_CARD_AUTH) {
        wanted = KU_DIGITAL_SIGNATURE;
    } else if (pkey != NULL && EVP_PKEY_is_a(pkey, "EC")) {
        wanted = KU_KEY_AGREEMENT;
    }
    if (X509_get_key_usage(lint->certificate) != wanted) {
        xca_lint_find(lint, "lint.key-usage",
                      "not that of the use: profile.md keyUsage, RFC 8813 section 3");
    }
}

static int is_oid(const ASN1_OBJECT *found, const char *wanted) {
    char text[256];
    int length = found != NULL ? OBJ_obj2txt(text, sizeof(text), found, 1) : 0;

    return length > 0 && length < (int)sizeof(text) && wanted != NULL && strcmp(text, wanted) == 0;
}

static void check_ext_key_usage(xca_lint_t *lint) {
    static const char *const uses[XCA_USE_COUNT][3] = {
        [XCA_USE_SIGNATURE] = {"1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.2", NULL},
        [XCA_USE_ENCRYPTION] = {"1.3.6.1.5.5.7.3.4", NULL},
        [XCA_USE_CARD_AUTH] = {"2.16.840.1.101.3.6.8", NULL}};
    const char *const *wanted = uses[lint->order->use];
    EXTENDED_KEY_USAGE *found =
        X509_get_ext_d2i(lint->certificate, NID_ext_key_usage, NULL, NULL);
    int right = 1, count;

    for (count = 0; wanted[count] != NULL; count++) {
        right &= count < sk_ASN1_OBJECT_num(found) &&
                 is_oid(sk_ASN1_OBJECT_value(found, count), wanted[count]);
    }
    right &= sk_ASN1_OBJECT_num(found) == count;
    EXTENDED_KEY_USAGE_free(found);
    if (!right) {
        xca_lint_find(lint, "lint.ext-key-usage", "not that of the use: profile.md extendedKeyUsage");
    }
}

static void check_policy(xca_lint_t *lint) {
    CERTIFICATEPOLICIES *found =
        X509_get_ext_d2i(lint->certificate, NID_certificate_policies, NULL, NULL);
    POLICYINFO *policy = sk_POLICYINFO_num(found) == 1 ? sk_POLICYINFO_value(found, 0) : NULL;

    if (policy == NULL || !is_oid(policy->policyid, lint->profile->policy) ||
        policy->qualifiers != NULL) {
        xca_lint_find(lint, "lint.policies", "not the profile's one policy: profile.md");
    }
    CERTIFICATEPOLICIES_free(found);
}

static int is_ia5(const ASN1_IA5STRING *found, const char *wanted) {
    const unsigned char *data = ASN1_STRING_get0_data(found);
    apr_size_t length = (apr_size_t)ASN1_STRING_length(found), i;

    for (i = 0; i < length; i++) {
        if (data[i] <= 0x20 || data[i] >= 0x7f) {
            return 0;
        }
    }
    return wanted != NULL && length == strlen(wanted) && memcmp(data, wanted, length) == 0;
}

static int is_uri(const GENERAL_NAME *name, const char *wanted) {
    return name != NULL && name->type == GEN_URI &&
           is_ia5(name->d.uniformResourceIdentifier, wanted);
}

static void check_alt_name(xca_lint_t *lint) {
    GENERAL_NAMES *found = X509_get_ext_d2i(lint->certificate, NID_subject_alt_name, NULL, NULL);
    GENERAL_NAME *name = sk_GENERAL_NAME_num(found) == 1 ? sk_GENERAL_NAME_value(found, 0) : NULL;

    if (name == NULL || name->type != GEN_EMAIL || !is_ia5(name->d.rfc822Name, lint->order->email) ||
        strchr(lint->order->email, '@') == NULL) {
        xca_lint_find(lint, "lint.alt-name", "not the order's rfc822Name: RFC 5280 section 4.2.1.6");
    }
    GENERAL_NAMES_free(found);
}

/* One DistributionPoint that names these addresses (`second` or NULL) and nothing else. */
static int is_point(const CRL_DIST_POINTS *points, int index, const char *url, const char *second) {
    const DIST_POINT *point = index < sk_DIST_POINT_num(points) ? sk_DIST_POINT_value(points, index) : NULL;
    const GENERAL_NAMES *names;

    if (point == NULL || point->CRLissuer != NULL || point->reasons != NULL || point->distpoint == NULL ||
        point->distpoint->type != 0) {
        return 0;
    }
    names = point->distpoint->name.fullname;
    return sk_GENERAL_NAME_num(names) == 1 + (second != NULL) && is_uri(sk_GENERAL_NAME_value(names, 0), url) &&
           (second == NULL || is_uri(sk_GENERAL_NAME_value(names, 1), second));
}

/* The address of a list beside that of the profile's `crl_url`: "crl/full.crl", or "crl/g1-full.crl" of the CA's second key. */
static const char *list_beside(const xca_lint_t *lint, const char *name) {
    const char *url = lint->profile->crl_url, *slash = strrchr(url, '/');
    const char *of = lint->profile->generation > 0 ? apr_psprintf(lint->pool, "g%d%s", lint->profile->generation, *name != '\0' ? "-" : "")
                                                   : "";

    return apr_psprintf(lint->pool, "%.*s/crl/%s%s.crl", (int)(slash != NULL ? slash - url : 0), url, of, name);
}

/* The address of the list of the order's partition: the serial number's share of all numbers decides. */
static const char *list_of_partition(const xca_lint_t *lint) {
    const xca_bytes_t *serial = lint->order->serial != NULL ? xca_text_unhex(lint->pool, lint->order->serial) : NULL;
    int parts = lint->profile->crl_partitions;

    if (serial == NULL || serial->length < 2) {
        return NULL;
    }
    return list_beside(lint, apr_psprintf(lint->pool, "%d-%d", parts,
                                          (int)((serial->data[0] * 256.0 + serial->data[1] - 0x4000) / 0x4000 * parts)));
}

static void check_crl_points(xca_lint_t *lint) {
    const xca_profile_t *profile = lint->profile;
    CRL_DIST_POINTS *found =
        X509_get_ext_d2i(lint->certificate, NID_crl_distribution_points, NULL, NULL);
    int right;

    if (profile->crl_partitions == 0) {
        right = sk_DIST_POINT_num(found) == 1 &&
                is_point(found, 0, profile->generation > 0 ? list_beside(lint, "") : profile->crl_url, profile->crl_ldap_url);
    } else {
        right = sk_DIST_POINT_num(found) == 2 && is_point(found, 0, list_of_partition(lint), NULL) &&
                is_point(found, 1, list_beside(lint, "full"), profile->crl_ldap_url);
    }
    if (!right) {
        xca_lint_find(lint, "lint.crl-points", "not the profile's: RFC 5280 section 4.2.1.13");
    }
    CRL_DIST_POINTS_free(found);
}

static int is_access(const AUTHORITY_INFO_ACCESS *all, int index, int method, const char *url) {
    const ACCESS_DESCRIPTION *one =
        index < sk_ACCESS_DESCRIPTION_num(all) ? sk_ACCESS_DESCRIPTION_value(all, index) : NULL;

    return one != NULL && OBJ_obj2nid(one->method) == method && is_uri(one->location, url);
}

static void check_authority_access(xca_lint_t *lint) {
    AUTHORITY_INFO_ACCESS *found = X509_get_ext_d2i(lint->certificate, NID_info_access, NULL, NULL);
    int with_ocsp = lint->profile->ocsp_url != NULL;

    if (sk_ACCESS_DESCRIPTION_num(found) != 1 + with_ocsp ||
        (with_ocsp && !is_access(found, 0, NID_ad_OCSP, lint->profile->ocsp_url)) ||
        !is_access(found, with_ocsp, NID_ad_ca_issuers, lint->profile->ca_issuers_url)) {
        xca_lint_find(lint, "lint.authority-access", "not the profile's: RFC 5280 section 4.2.2.1");
    }
    AUTHORITY_INFO_ACCESS_free(found);
}

static void check_authority_key(xca_lint_t *lint) {
    const ASN1_OCTET_STRING *found = X509_get0_authority_key_id(lint->certificate);
    const ASN1_OCTET_STRING *wanted = X509_get0_subject_key_id(lint->issuer);

    if (found == NULL || wanted == NULL || ASN1_OCTET_STRING_cmp(found, wanted) != 0 ||
        X509_get0_authority_issuer(lint->certificate) != NULL ||
        X509_get0_authority_serial(lint->certificate) != NULL) {
        xca_lint_find(lint, "lint.authority-key",
                      "not the CA's subjectKeyIdentifier alone: RFC 5280 section 4.2.1.1");
    }
}

static void check_subject_key(xca_lint_t *lint) {
    const ASN1_OCTET_STRING *found = X509_get0_subject_key_id(lint->certificate);
    unsigned char wanted[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    if (found == NULL ||
        !X509_pubkey_digest(lint->certificate, EVP_sha1(), wanted, &length) ||
        (unsigned int)ASN1_STRING_length(found) != length ||
        memcmp(ASN1_STRING_get0_data(found), wanted, length) != 0) {
        xca_lint_find(lint, "lint.subject-key", "not SHA-1 of the key: RFC 5280 section 4.2.1.2 (1)");
    }
}

/* Non-zero if value `index` of the directory attributes is `type` with the one value that is an OID
 * (string_type V_ASN1_OBJECT) or a string. */
static int is_attribute(const ASN1_SEQUENCE_ANY *all, int index, const char *type, int string_type,
                        const char *wanted) {
    const ASN1_TYPE *item = index < sk_ASN1_TYPE_num(all) ? sk_ASN1_TYPE_value(all, index) : NULL;
    const unsigned char *at;
    X509_ATTRIBUTE *attribute;
    const ASN1_TYPE *value;
    int right;

    if (item == NULL || item->type != V_ASN1_SEQUENCE) {
        return 0;
    }
    at = item->value.sequence->data;
    attribute = d2i_X509_ATTRIBUTE(NULL, &at, item->value.sequence->length);
    value = X509_ATTRIBUTE_count(attribute) == 1 ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;
    right = value != NULL && is_oid(X509_ATTRIBUTE_get0_object(attribute), type) &&
            value->type == string_type;
    if (right && string_type == V_ASN1_OBJECT) {
        right = is_oid(value->value.object, wanted);
    } else if (right) {
        right = is_ia5(value->value.asn1_string, wanted);
    }
    X509_ATTRIBUTE_free(attribute);
    return right;
}

static void check_directory_attributes(xca_lint_t *lint) {
    int at = X509_get_ext_by_NID(lint->certificate, NID_subject_directory_attributes, -1);
    X509_EXTENSION *extension = at >= 0 ? X509_get_ext(lint->certificate, at) : NULL;
    const ASN1_OCTET_STRING *value = extension != NULL ? X509_EXTENSION_get_data(extension) : NULL;
    const unsigned char *der = value != NULL ? ASN1_STRING_get0_data(value) : NULL;
    ASN1_SEQUENCE_ANY *all =
        der != NULL ? d2i_ASN1_SEQUENCE_ANY(NULL, &der, ASN1_STRING_length(value)) : NULL;
    const xca_cert_order_t *order = lint->order;
    int count = 0, right;

    right = is_attribute(all, count++, "2.16.886.1.100.2.1", V_ASN1_OBJECT,
                         lint->profile->subject_types[order->class]);
    if (order->card_rank != NULL) {
        right &= is_attribute(all, count++, "2.16.886.1.100.2.2", V_ASN1_PRINTABLESTRING,
                              order->card_rank);
        right &= strcmp(order->card_rank, "primary") == 0 || strcmp(order->card_rank, "secondary") == 0;
    }
    if (lint->profile->ubn_in_directory_attributes && order->ubn != NULL) {
        right &= is_attribute(all, count++, "2.16.886.1.100.2.101", V_ASN1_PRINTABLESTRING,
                              order->ubn);
    }
    right &= is_attribute(all, count++, "2.16.886.1.100.2.102", V_ASN1_OBJECT, order->oid);
    if (!right || sk_ASN1_TYPE_num(all) != count) {
        xca_lint_find(lint, "lint.directory-attributes",
                      "not the order's: profile.md subjectDirectoryAttributes");
    }
    sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free);
}

void xca_lint_extensions(xca_lint_t *lint) {
    check_set(lint);
    check_key_usage(lint);
    check_ext_key_usage(lint);
    check_policy(lint);
    if (lint->order->use != XCA_USE_CARD_AUTH) {
        check_alt_name(lint);
    }
    check_directory_attributes(lint);
    check_crl_points(lint);
    check_authority_access(lint);
    check_authority_key(lint);
    check_subject_key(lint);
}
