/* The lint's rules of the subject's name: RFC 5280 section 4.1.2.4 and appendix A.1, profile.md "Names". */
#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_lint_rule.h"

enum { ANY_DIRECTORY_STRING, PRINTABLE_ALONE, IA5_ALONE };

/* Attributes with an upper bound or a string type of their own. */
static const struct attribute {
    const char *oid, *name;
    apr_size_t most; /* characters; 0: no bound */
    int type, once;
} attributes[] = {{"2.5.4.6", "C", 2, PRINTABLE_ALONE, 1},
                  {"2.5.4.7", "L", 128, ANY_DIRECTORY_STRING, 0},
                  {"2.5.4.8", "ST", 128, ANY_DIRECTORY_STRING, 1},
                  {"2.5.4.10", "O", 64, ANY_DIRECTORY_STRING, 1},
                  {"2.5.4.11", "OU", 64, ANY_DIRECTORY_STRING, 0},
                  {"2.5.4.3", "CN", 64, ANY_DIRECTORY_STRING, 1},
                  {"2.5.4.5", "serialNumber", 64, PRINTABLE_ALONE, 1},
                  {"2.5.4.12", "title", 64, ANY_DIRECTORY_STRING, 1},
                  {"1.2.840.113549.1.9.1", "emailAddress", 255, IA5_ALONE, 0},
                  {"0.9.2342.19200300.100.1.25", "DC", 0, IA5_ALONE, 0}};

/* One attribute of the name, in its order. */
typedef struct part {
    const struct attribute *attribute; /* NULL: another one */
    xca_der_item_t oid, value;
    int fellows; /* attributes of the same RDN before it */
} part_t;

typedef const char *part_test_t(const part_t *part, const xca_linted_t *linted);

static const struct attribute *attribute_of(xca_bytes_t oid) {
    size_t i;

    for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        if (xca_der_oid_is(oid, attributes[i].oid)) {
            return &attributes[i];
        }
    }
    return NULL;
}

/* The first part that `test` finds fault with. */
static const char *for_parts(const xca_linted_t *linted, part_test_t *test) {
    xca_der_at_t rdns = xca_der_at(linted->subject.content), rdn, at;
    xca_der_item_t set, sequence;

    while (xca_der_take(&rdns, XCA_DER_SET, &set)) {
        part_t part = {0};

        rdn = xca_der_at(set.content);
        for (; xca_der_take(&rdn, XCA_DER_SEQUENCE, &sequence); part.fellows++) {
            const char *found;

            at = xca_der_at(sequence.content);
            if (!xca_der_take(&at, XCA_DER_OID, &part.oid) || !xca_der_next(&at, &part.value)) {
                return "";
            }
            part.attribute = attribute_of(part.oid.content);
            found = test(&part, linted);
            if (found != NULL) {
                return found;
            }
        }
    }
    return NULL;
}

static const char *name_of(const part_t *part, const xca_linted_t *linted) {
    const char *oid = part->attribute != NULL ? part->attribute->name : xca_der_oid_text(linted->pool, part->oid.content);

    return oid != NULL ? oid : "";
}

static const char *alone(const part_t *part, const xca_linted_t *linted) {
    return part->fellows > 0 ? name_of(part, linted) : NULL;
}

const char *xca_rule_rdn_single(const xca_linted_t *linted) {
    return for_parts(linted, alone);
}

static const char *typed(const part_t *part, const xca_linted_t *linted) {
    int type = part->attribute != NULL ? part->attribute->type : ANY_DIRECTORY_STRING, tag = part->value.tag;
    int right = type == PRINTABLE_ALONE ? tag == XCA_DER_PRINTABLE
                : type == IA5_ALONE     ? tag == XCA_DER_IA5
                                        : tag == XCA_DER_PRINTABLE || tag == XCA_DER_UTF8;

    return right ? NULL : name_of(part, linted);
}

const char *xca_rule_string_type(const xca_linted_t *linted) {
    return for_parts(linted, typed);
}

static int is_attribute(const part_t *part, const char *name) {
    return part->attribute != NULL && strcmp(part->attribute->name, name) == 0;
}

static const char *country(const part_t *part, const xca_linted_t *linted) {
    const unsigned char *bytes = part->value.content.data;

    if (!is_attribute(part, "C")) {
        return NULL;
    }
    return part->value.content.length == 2 && bytes[0] >= 'A' && bytes[0] <= 'Z' && bytes[1] >= 'A' && bytes[1] <= 'Z' ? NULL
                                                                                                                   : "C";
}

const char *xca_rule_name_country(const xca_linted_t *linted) {
    return for_parts(linted, country);
}

/* Characters: bytes that begin one. */
static apr_size_t characters(xca_bytes_t bytes) {
    apr_size_t count = 0, i;

    for (i = 0; i < bytes.length; i++) {
        count += (bytes.data[i] & 0xc0) != 0x80;
    }
    return count;
}

static const char *bounded(const part_t *part, const xca_linted_t *linted) {
    apr_size_t most = part->attribute != NULL ? part->attribute->most : 0;

    return most != 0 && characters(part->value.content) > most ? name_of(part, linted) : NULL;
}

const char *xca_rule_name_length(const xca_linted_t *linted) {
    return for_parts(linted, bounded);
}

static const char *filled(const part_t *part, const xca_linted_t *linted) {
    return part->value.content.length == 0 ? name_of(part, linted) : NULL;
}

const char *xca_rule_name_empty(const xca_linted_t *linted) {
    return for_parts(linted, filled);
}

static const char *clean(const part_t *part, const xca_linted_t *linted) {
    static const char printable[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?";
    xca_bytes_t bytes = part->value.content;
    apr_size_t i;

    for (i = 0; part->value.tag == XCA_DER_PRINTABLE && i < bytes.length; i++) {
        if (bytes.data[i] == '\0' || strchr(printable, bytes.data[i]) == NULL) {
            return name_of(part, linted);
        }
    }
    return part->value.tag == XCA_DER_UTF8 && !xca_text_valid((const char *)bytes.data, bytes.length, 0)
               ? name_of(part, linted)
               : NULL;
}

const char *xca_rule_name_characters(const xca_linted_t *linted) {
    return for_parts(linted, clean);
}

static const char *trimmed(const part_t *part, const xca_linted_t *linted) {
    xca_bytes_t bytes = part->value.content;

    return bytes.length > 0 && (bytes.data[0] == ' ' || bytes.data[bytes.length - 1] == ' ') ? name_of(part, linted) : NULL;
}

const char *xca_rule_name_spaces(const xca_linted_t *linted) {
    return for_parts(linted, trimmed);
}

static int count_of(const xca_linted_t *linted, int nid) {
    const X509_NAME *name = X509_get_subject_name(linted->x509);
    int at = -1, count = 0;

    while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0) {
        count++;
    }
    return count;
}

static const char *once(const part_t *part, const xca_linted_t *linted) {
    return part->attribute != NULL && part->attribute->once &&
                   count_of(linted, OBJ_txt2nid(part->attribute->oid)) > 1
               ? name_of(part, linted)
               : NULL;
}

const char *xca_rule_name_twice(const xca_linted_t *linted) {
    return for_parts(linted, once);
}

static int has_mailbox(const xca_linted_t *linted, xca_bytes_t address) {
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(linted->names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(linted->names, i);

        if (name->type == GEN_EMAIL && (apr_size_t)ASN1_STRING_length(name->d.rfc822Name) == address.length &&
            memcmp(ASN1_STRING_get0_data(name->d.rfc822Name), address.data, address.length) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *repeated(const part_t *part, const xca_linted_t *linted) {
    return is_attribute(part, "emailAddress") && !has_mailbox(linted, part->value.content) ? "emailAddress" : NULL;
}

const char *xca_rule_name_mail(const xca_linted_t *linted) {
    return for_parts(linted, repeated);
}

const char *xca_rule_name_organisation(const xca_linted_t *linted) {
    return count_of(linted, NID_organizationName) == 1 && count_of(linted, NID_countryName) == 1 ? NULL : "";
}

const char *xca_rule_name_identifier(const xca_linted_t *linted) {
    return count_of(linted, OBJ_txt2nid("2.5.4.97")) == 1 ? NULL : "";
}
