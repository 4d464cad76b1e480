/* The lint's rules of extensions: RFC 5280 section 4.2, S/MIME Baseline Requirements section 7.1.2.3. */
#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_lint_rule.h"

#define MAIL        "1.3.6.1.5.5.7.3.4"
#define CARD_AUTH   "2.16.840.1.101.3.6.8"
#define NO_KEYUSAGE UINT32_MAX
#define TEXT_MAX    200

X509_EXTENSION *xca_lint_extension(const xca_linted_t *linted, int nid) {
    int at = X509_get_ext_by_NID(linted->x509, nid, -1);

    return at >= 0 ? X509_get_ext(linted->x509, at) : NULL;
}

int xca_lint_is_critical(const xca_linted_t *linted, int nid) {
    X509_EXTENSION *extension = xca_lint_extension(linted, nid);

    return extension != NULL && X509_EXTENSION_get_critical(extension);
}

static const char *oid_of(const xca_linted_t *linted, const ASN1_OBJECT *object) {
    char text[128];

    return OBJ_obj2txt(text, sizeof(text), object, 1) > 0 ? apr_pstrdup(linted->pool, text) : "";
}

static int is_oid(const xca_linted_t *linted, const ASN1_OBJECT *object, const char *oid) {
    return strcmp(oid_of(linted, object), oid) == 0;
}

/* All of them ---- */

const char *xca_rule_ext_twice(const xca_linted_t *linted) {
    int count = X509_get_ext_count(linted->x509), i;

    for (i = 0; i < count; i++) {
        ASN1_OBJECT *object = X509_EXTENSION_get_object(X509_get_ext(linted->x509, i));

        if (X509_get_ext_by_OBJ(linted->x509, object, i) >= 0) {
            return oid_of(linted, object);
        }
    }
    return NULL;
}

const char *xca_rule_ext_empty(const xca_linted_t *linted) {
    xca_lint_raw_extension_t extension;
    xca_der_at_t at = xca_lint_raw_begin(linted);

    if (linted->extensions.tag != 0 && (at.at == NULL || xca_der_ended(&at))) {
        return "";
    }
    while (xca_lint_raw_next(&at, &extension)) {
        xca_bytes_t value = extension.value.content;
        int is_constraints = xca_der_oid_is(extension.oid.content, "2.5.29.19"); /* of a leaf it is empty */

        if (value.length == 0 || (value.length == 2 && value.data[0] == XCA_DER_SEQUENCE && !is_constraints)) {
            const char *oid = xca_der_oid_text(linted->pool, extension.oid.content);

            return oid != NULL ? oid : "";
        }
    }
    return NULL;
}

const char *xca_rule_ext_unread(const xca_linted_t *linted) {
    return linted->unread;
}

const char *xca_rule_ext_unknown(const xca_linted_t *linted) {
    int count = X509_get_ext_count(linted->x509), i;

    for (i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509_get_ext(linted->x509, i);

        if (X509_EXTENSION_get_critical(extension) && !X509_supported_extension(extension)) {
            return oid_of(linted, X509_EXTENSION_get_object(extension));
        }
    }
    return NULL;
}

static const char *first_of(const xca_linted_t *linted, const int *nids, int critical) {
    for (; *nids != NID_undef; nids++) {
        if (xca_lint_extension(linted, *nids) != NULL && xca_lint_is_critical(linted, *nids) == critical) {
            return OBJ_nid2sn(*nids);
        }
    }
    return NULL;
}

const char *xca_rule_critical_must(const xca_linted_t *linted) {
    static const int nids[] = {NID_name_constraints, NID_policy_constraints, NID_inhibit_any_policy, NID_undef};
    const char *found = first_of(linted, nids, 0);

    if (found == NULL && (linted->kind & (XCA_LINT_CA | XCA_LINT_ROOT)) != 0 && linted->constraints != NULL &&
        !xca_lint_is_critical(linted, NID_basic_constraints)) {
        found = "basicConstraints";
    }
    return found;
}

const char *xca_rule_critical_never(const xca_linted_t *linted) {
    static const int nids[] = {NID_authority_key_identifier, NID_subject_key_identifier, NID_subject_directory_attributes,
                               NID_freshest_crl, NID_info_access, NID_sinfo_access, NID_SMIMECapabilities, NID_undef};
    const char *found = first_of(linted, nids, 1);

    if (found == NULL && linted->subject.content.length > 0 && xca_lint_is_critical(linted, NID_subject_alt_name)) {
        found = "subjectAltName";
    }
    return found;
}

const char *xca_rule_critical_better(const xca_linted_t *linted) {
    static const int never[] = {NID_crl_distribution_points, NID_certificate_policies, NID_issuer_alt_name, NID_undef};
    static const int always[] = {NID_key_usage, NID_undef};
    const char *found = first_of(linted, never, 1);

    return found != NULL ? found : first_of(linted, always, 0);
}

/* Key identifiers ---- */

const char *xca_rule_aki_missing(const xca_linted_t *linted) {
    return linted->authority_key == NULL || linted->authority_key->keyid == NULL ? "" : NULL;
}

const char *xca_rule_aki_parts(const xca_linted_t *linted) {
    return linted->authority_key != NULL && (linted->authority_key->issuer != NULL || linted->authority_key->serial != NULL)
               ? ""
               : NULL;
}

const char *xca_rule_ski_missing(const xca_linted_t *linted) {
    return linted->subject_key == NULL ? "" : NULL;
}

const char *xca_rule_ski_better(const xca_linted_t *linted) {
    return xca_rule_ski_missing(linted);
}

/* Key usage ---- */

static const char *usage_text(const xca_linted_t *linted) {
    return apr_psprintf(linted->pool, "0x%02x", (unsigned)linted->key_usage);
}

static int has_usage(const xca_linted_t *linted, uint32_t bits) {
    return linted->key_usage != NO_KEYUSAGE && (linted->key_usage & bits) != 0;
}

const char *xca_rule_usage_missing(const xca_linted_t *linted) {
    return linted->key_usage == NO_KEYUSAGE ? "" : NULL;
}

const char *xca_rule_usage_empty(const xca_linted_t *linted) {
    return linted->key_usage == 0 ? "" : NULL;
}

const char *xca_rule_usage_leaf(const xca_linted_t *linted) {
    return has_usage(linted, KU_KEY_CERT_SIGN | KU_CRL_SIGN) ? usage_text(linted) : NULL;
}

const char *xca_rule_usage_ca(const xca_linted_t *linted) {
    uint32_t needed = KU_KEY_CERT_SIGN | KU_CRL_SIGN, allowed = needed | KU_DIGITAL_SIGNATURE;

    if (linted->key_usage == NO_KEYUSAGE) {
        return NULL; /* another rule's */
    }
    return (linted->key_usage & needed) != needed || (linted->key_usage & ~allowed) != 0 ? usage_text(linted) : NULL;
}

/* RFC 8813 section 3, RFC 4055 section 1.2. */
const char *xca_rule_usage_key(const xca_linted_t *linted) {
    int is_ec = linted->key != NULL && EVP_PKEY_is_a(linted->key, "EC");
    int is_rsa = linted->key != NULL && EVP_PKEY_is_a(linted->key, "RSA");

    return (is_ec && has_usage(linted, KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT)) ||
                   (is_rsa && has_usage(linted, KU_KEY_AGREEMENT | KU_ENCIPHER_ONLY | KU_DECIPHER_ONLY))
               ? usage_text(linted)
               : NULL;
}

const char *xca_rule_usage_only(const xca_linted_t *linted) {
    return has_usage(linted, KU_ENCIPHER_ONLY | KU_DECIPHER_ONLY) && !has_usage(linted, KU_KEY_AGREEMENT) ? usage_text(linted)
                                                                                                       : NULL;
}

/* For signing, for encryption, or for both; nonRepudiation and dataEncipherment only beside what they belong to. */
const char *xca_rule_usage_smime(const xca_linted_t *linted) {
    int signs = has_usage(linted, KU_DIGITAL_SIGNATURE), encrypts = has_usage(linted, KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT);

    if (linted->key_usage == NO_KEYUSAGE) {
        return NULL;
    }
    return (!signs && !encrypts) || (has_usage(linted, KU_NON_REPUDIATION) && !signs) ||
                   (has_usage(linted, KU_DATA_ENCIPHERMENT) && !encrypts)
               ? usage_text(linted)
               : NULL;
}

/* CA or not ---- */

const char *xca_rule_ca_missing(const xca_linted_t *linted) {
    return linted->constraints == NULL || !linted->constraints->ca ? "" : NULL;
}

const char *xca_rule_ca_path(const xca_linted_t *linted) {
    return linted->constraints == NULL || linted->constraints->pathlen == NULL ||
                   ASN1_INTEGER_get(linted->constraints->pathlen) != 0
               ? ""
               : NULL;
}

const char *xca_rule_leaf_ca(const xca_linted_t *linted) {
    return linted->constraints != NULL && (linted->constraints->ca || linted->constraints->pathlen != NULL) ? "" : NULL;
}

const char *xca_rule_constraints_leaf(const xca_linted_t *linted) {
    static const int nids[] = {NID_name_constraints, NID_policy_constraints, NID_inhibit_any_policy, NID_policy_mappings};
    size_t i;

    for (i = 0; i < sizeof(nids) / sizeof(nids[0]); i++) {
        if (xca_lint_extension(linted, nids[i]) != NULL) {
            return OBJ_nid2sn(nids[i]);
        }
    }
    return NULL;
}

/* Self-signed: one name, and the key that vouches for itself. */
const char *xca_rule_root_self(const xca_linted_t *linted) {
    xca_bytes_t issuer = linted->issuer.whole, subject = linted->subject.whole;

    if (issuer.length != subject.length || memcmp(issuer.data, subject.data, issuer.length) != 0) {
        return "name";
    }
    return linted->authority_key != NULL && linted->authority_key->keyid != NULL && linted->subject_key != NULL &&
                   ASN1_OCTET_STRING_cmp(linted->authority_key->keyid, linted->subject_key) != 0
               ? "authorityKeyIdentifier"
               : NULL;
}

/* Extended key usage ---- */

static int has_purpose(const xca_linted_t *linted, const char *oid) {
    int i;

    for (i = 0; i < sk_ASN1_OBJECT_num(linted->purposes); i++) {
        if (is_oid(linted, sk_ASN1_OBJECT_value(linted->purposes, i), oid)) {
            return 1;
        }
    }
    return 0;
}

const char *xca_rule_purpose_mail(const xca_linted_t *linted) {
    return has_purpose(linted, MAIL) ? NULL : "";
}

const char *xca_rule_purpose_card(const xca_linted_t *linted) {
    return has_purpose(linted, CARD_AUTH) && sk_ASN1_OBJECT_num(linted->purposes) == 1 ? NULL : "";
}

const char *xca_rule_purpose_never(const xca_linted_t *linted) {
    static const char *const never[] = {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8", "2.5.29.37.0"};
    size_t i;

    for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        if (has_purpose(linted, never[i])) {
            return never[i];
        }
    }
    return NULL;
}

/* Subject alternative names ---- */

const char *xca_rule_mailbox_missing(const xca_linted_t *linted) {
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(linted->names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(linted->names, i);

        if (name->type == GEN_EMAIL || (name->type == GEN_OTHERNAME && is_oid(linted, name->d.otherName->type_id, "1.3.6.1.5.5.7.8.9"))) {
            return NULL;
        }
    }
    return "";
}

static int is_among(unsigned char byte, const char *more) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr(more, byte) != NULL);
}

/* Words of these characters with dots between them. */
static int is_dotted(const unsigned char *bytes, apr_size_t length, const char *more, apr_size_t longest) {
    apr_size_t word = 0, i;

    for (i = 0; i < length; i++) {
        if (bytes[i] == '.') {
            if (word == 0) {
                return 0;
            }
            word = 0;
        } else if (!is_among(bytes[i], more) || ++word > longest) {
            return 0;
        }
    }
    return word > 0;
}

/* Mailbox of RFC 5321 section 4.1.2 with a Dot-string and a domain name. */
static int is_mailbox(const unsigned char *bytes, apr_size_t length) {
    const unsigned char *sign = memchr(bytes, '@', length);
    apr_size_t local = sign != NULL ? (apr_size_t)(sign - bytes) : 0;

    return sign != NULL && length <= 254 && local <= 64 && is_dotted(bytes, local, "!#$%&'*+-/=?^_`{|}~", 64) &&
           is_dotted(sign + 1, length - local - 1, "-", 63);
}

const char *xca_rule_mailbox_form(const xca_linted_t *linted) {
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(linted->names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(linted->names, i);

        if (name->type == GEN_EMAIL && !is_mailbox(ASN1_STRING_get0_data(name->d.rfc822Name),
                                                   (apr_size_t)ASN1_STRING_length(name->d.rfc822Name))) {
            return xca_text_hex(linted->pool, ASN1_STRING_get0_data(name->d.rfc822Name),
                                (apr_size_t)(ASN1_STRING_length(name->d.rfc822Name) < 40 ? ASN1_STRING_length(name->d.rfc822Name) : 40));
        }
    }
    return NULL;
}

const char *xca_rule_names_kinds(const xca_linted_t *linted) {
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(linted->names); i++) {
        int type = sk_GENERAL_NAME_value(linted->names, i)->type;

        if (type == GEN_DNS || type == GEN_IPADD || type == GEN_URI) {
            return type == GEN_DNS ? "dNSName" : type == GEN_URI ? "uniformResourceIdentifier" : "iPAddress";
        }
    }
    return NULL;
}

/* Policies ---- */

const char *xca_rule_policy_missing(const xca_linted_t *linted) {
    return sk_POLICYINFO_num(linted->policies) < 1 ? "" : NULL;
}

const char *xca_rule_policy_any(const xca_linted_t *linted) {
    int i;

    for (i = 0; i < sk_POLICYINFO_num(linted->policies); i++) {
        if (is_oid(linted, sk_POLICYINFO_value(linted->policies, i)->policyid, "2.5.29.32.0")) {
            return "";
        }
    }
    return NULL;
}

const char *xca_rule_policy_twice(const xca_linted_t *linted) {
    int count = sk_POLICYINFO_num(linted->policies), i, j;

    for (i = 0; i < count && i < 64; i++) {
        for (j = i + 1; j < count; j++) {
            if (OBJ_cmp(sk_POLICYINFO_value(linted->policies, i)->policyid, sk_POLICYINFO_value(linted->policies, j)->policyid) == 0) {
                return oid_of(linted, sk_POLICYINFO_value(linted->policies, i)->policyid);
            }
        }
    }
    return NULL;
}

static int is_good_text(const USERNOTICE *notice) {
    const ASN1_STRING *text = notice != NULL ? notice->exptext : NULL;
    int type = text != NULL ? ASN1_STRING_type(text) : V_ASN1_UTF8STRING;
    const char *data = text != NULL ? (const char *)ASN1_STRING_get0_data(text) : "";

    return type == V_ASN1_UTF8STRING && (text == NULL || (xca_text_valid(data, (apr_size_t)ASN1_STRING_length(text), 1) &&
                                                          ASN1_STRING_length(text) <= TEXT_MAX * 4));
}

const char *xca_rule_policy_text(const xca_linted_t *linted) {
    int i, j;

    for (i = 0; i < sk_POLICYINFO_num(linted->policies); i++) {
        const POLICYINFO *policy = sk_POLICYINFO_value(linted->policies, i);

        for (j = 0; j < sk_POLICYQUALINFO_num(policy->qualifiers); j++) {
            const POLICYQUALINFO *qualifier = sk_POLICYQUALINFO_value(policy->qualifiers, j);

            if (OBJ_obj2nid(qualifier->pqualid) == NID_id_qt_unotice && !is_good_text(qualifier->d.usernotice)) {
                return oid_of(linted, policy->policyid);
            }
        }
    }
    return NULL;
}

/* One of 2.23.140.1.5.{1..4}.{1..3}. */
const char *xca_rule_policy_smime(const xca_linted_t *linted) {
    int i;

    for (i = 0; i < sk_POLICYINFO_num(linted->policies); i++) {
        if (strncmp(oid_of(linted, sk_POLICYINFO_value(linted->policies, i)->policyid), "2.23.140.1.5.", 13) == 0) {
            return NULL;
        }
    }
    return "";
}

/* Addresses ---- */

static int has_scheme(const GENERAL_NAME *name, const char *scheme) {
    return name->type == GEN_URI && ASN1_STRING_length(name->d.uniformResourceIdentifier) > (int)strlen(scheme) &&
           strncasecmp((const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), scheme, strlen(scheme)) == 0;
}

/* How many names of all distribution points there are, and how many of them by plain HTTP. */
static int count_urls(int *by_http, const xca_linted_t *linted) {
    int count = 0, i, j;

    *by_http = 0;
    for (i = 0; i < sk_DIST_POINT_num(linted->lists); i++) {
        const DIST_POINT *point = sk_DIST_POINT_value(linted->lists, i);
        GENERAL_NAMES *names = point->distpoint != NULL && point->distpoint->type == 0 ? point->distpoint->name.fullname : NULL;

        for (j = 0; j < sk_GENERAL_NAME_num(names); j++) {
            count++;
            *by_http += has_scheme(sk_GENERAL_NAME_value(names, j), "http://");
        }
    }
    return count;
}

const char *xca_rule_list_missing(const xca_linted_t *linted) {
    return sk_DIST_POINT_num(linted->lists) < 1 ? "" : NULL;
}

const char *xca_rule_list_http(const xca_linted_t *linted) {
    int by_http;

    count_urls(&by_http, linted);
    return sk_DIST_POINT_num(linted->lists) > 0 && by_http == 0 ? "" : NULL;
}

const char *xca_rule_list_all_http(const xca_linted_t *linted) {
    int by_http, count = count_urls(&by_http, linted);

    return by_http < count ? "" : NULL;
}

const char *xca_rule_list_parts(const xca_linted_t *linted) {
    int i;

    for (i = 0; i < sk_DIST_POINT_num(linted->lists); i++) {
        const DIST_POINT *point = sk_DIST_POINT_value(linted->lists, i);

        if (point->reasons != NULL || point->CRLissuer != NULL || point->distpoint == NULL || point->distpoint->type != 0) {
            return apr_itoa(linted->pool, i + 1);
        }
    }
    return NULL;
}

const char *xca_rule_access_missing(const xca_linted_t *linted) {
    int i;

    for (i = 0; i < sk_ACCESS_DESCRIPTION_num(linted->access); i++) {
        if (OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(linted->access, i)->method) == NID_ad_ca_issuers) {
            return NULL;
        }
    }
    return "caIssuers";
}

const char *xca_rule_access_http(const xca_linted_t *linted) {
    int i;

    for (i = 0; i < sk_ACCESS_DESCRIPTION_num(linted->access); i++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(linted->access, i);
        int nid = OBJ_obj2nid(one->method);

        if ((nid == NID_ad_OCSP || nid == NID_ad_ca_issuers) && !has_scheme(one->location, "http://")) {
            return nid == NID_ad_OCSP ? "OCSP" : "caIssuers";
        }
    }
    return NULL;
}

const char *xca_rule_access_kinds(const xca_linted_t *linted) {
    int i;

    for (i = 0; i < sk_ACCESS_DESCRIPTION_num(linted->access); i++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(linted->access, i);
        int nid = OBJ_obj2nid(one->method);

        if (nid != NID_ad_OCSP && nid != NID_ad_ca_issuers) {
            return oid_of(linted, one->method);
        }
    }
    return NULL;
}

const char *xca_rule_attributes(const xca_linted_t *linted) {
    return xca_lint_extension(linted, NID_subject_directory_attributes) != NULL ? "" : NULL;
}
