/* The lint of lists. The entries are read by a cursor of our own, because OpenSSL takes seconds for a million; everything else is
 * read with OpenSSL, which the builder does not use. */
#include <string.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "outside/crypto_der.h"
#include "outside/crypto_lint_parts.h"

#define SIGNATURE_ROOM 1024 /* bytes of the list that are no part of what is signed */

typedef struct {
    apr_pool_t *pool;
    const xca_list_order_t *order;
    X509 *issuer;
    xca_error_t *findings;
} lint_t;

static void find(lint_t *lint, const char *message, const char *why) {
    xca_error_t *err = xca_error_make(lint->pool, XCA_E_INTERNAL, message, "%s", why);

    err->arg = message + strlen("lint.list-");
    lint->findings = xca_error_append(lint->findings, err);
}

/* The parts of a TBSCertList, section 5.1. */
typedef struct {
    xca_der_item_t version, algorithm, issuer, this_update, next_update, entries, extensions;
    int has_entries;
} parts_t;

static int is_time_tag(int tag) {
    return tag == XCA_DER_UTC_TIME || tag == XCA_DER_GENERALIZED_TIME;
}

static int take_parts(parts_t *parts, xca_bytes_t tbs) {
    xca_der_at_t at = xca_der_at(tbs);
    xca_der_item_t outer;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &outer) || !xca_der_ended(&at)) {
        return 0;
    }
    at = xca_der_at(outer.content);
    if (!xca_der_take(&at, XCA_DER_INTEGER, &parts->version) || !xca_der_take(&at, XCA_DER_SEQUENCE, &parts->algorithm) ||
        !xca_der_take(&at, XCA_DER_SEQUENCE, &parts->issuer) || !xca_der_next(&at, &parts->this_update) ||
        !xca_der_next(&at, &parts->next_update) || !is_time_tag(parts->this_update.tag) ||
        !is_time_tag(parts->next_update.tag)) {
        return 0;
    }
    parts->has_entries = xca_der_take(&at, XCA_DER_SEQUENCE, &parts->entries);
    return xca_der_take(&at, XCA_DER_CONSTRUCTED | 0, &parts->extensions) && xca_der_ended(&at);
}

static void check_algorithm(lint_t *lint, const parts_t *parts) {
    const unsigned char *at = parts->algorithm.whole.data;
    X509_ALGOR *found = d2i_X509_ALGOR(NULL, &at, (long)parts->algorithm.whole.length);
    EVP_PKEY *key = X509_get0_pubkey(lint->issuer);
    int is_ec = key != NULL && EVP_PKEY_is_a(key, "EC");
    int wanted = !is_ec                         ? NID_sha256WithRSAEncryption
                 : EVP_PKEY_get_bits(key) > 256 ? NID_ecdsa_with_SHA384
                                                : NID_ecdsa_with_SHA256;

    if (found == NULL || OBJ_obj2nid(found->algorithm) != wanted) {
        find(lint, "lint.list-signature", "not the issuer key's: RFC 5280 section 5.1.2.2, profile.md");
    }
    X509_ALGOR_free(found);
}

static void check_issuer(lint_t *lint, const parts_t *parts) {
    const unsigned char *wanted;
    size_t length;

    if (!X509_NAME_get0_der(X509_get_subject_name(lint->issuer), &wanted, &length) ||
        parts->issuer.whole.length != length || memcmp(parts->issuer.whole.data, wanted, length) != 0) {
        find(lint, "lint.list-issuer", "not byte for byte the CA's subject: RFC 5280 section 5.1.2.3");
    }
}

/* A digit pair; -1 if it is none. */
static int pair(const unsigned char *at) {
    return at[0] >= '0' && at[0] <= '9' && at[1] >= '0' && at[1] <= '9' ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

/* Seconds since 1970 of a time in DER with seconds and Z; UTCTime until 2049, then GeneralizedTime. -1 if it is none. */
static apr_int64_t seconds_of(const xca_der_item_t *item) {
    const unsigned char *at = item->content.data;
    int generalized = item->tag == XCA_DER_GENERALIZED_TIME, year, month, day, hour, minute, second;
    apr_int64_t days;

    if (item->content.length != (generalized ? 15 : 13) || at[item->content.length - 1] != 'Z') {
        return -1;
    }
    year = generalized ? pair(at) * 100 + pair(at + 2) : pair(at);
    at += generalized ? 4 : 2;
    year += generalized ? 0 : year < 50 ? 2000 : 1900;
    month = pair(at);
    day = pair(at + 2);
    hour = pair(at + 4);
    minute = pair(at + 6);
    second = pair(at + 8);
    if (generalized != (year >= 2050) || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 59) {
        return -1;
    }
    if (month <= 2) { /* years that begin in March have their leap day at the end */
        year--;
        month += 12;
    }
    days = 365 * (apr_int64_t)year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

static void check_times(lint_t *lint, const parts_t *parts) {
    const xca_list_order_t *order = lint->order;
    apr_int64_t from = seconds_of(&parts->this_update), to = seconds_of(&parts->next_update);

    if (from < 0 || to < 0 || from != apr_time_sec(order->this_update) || to != apr_time_sec(order->next_update)) {
        find(lint, "lint.list-times", "not the order's, or not written so: RFC 5280 sections 5.1.2.4 and 5.1.2.5");
    }
    if (to <= from || (order->life_max != 0 && to - from > apr_time_sec(order->life_max))) {
        find(lint, "lint.list-times", "nextUpdate not behind thisUpdate, or too far: profile.md thisUpdate, nextUpdate");
    }
}

/* Non-zero if `serial` is positive or zero, minimal, and larger than `before`. */
static int is_next_serial(const xca_bytes_t *serial, const xca_bytes_t *before) {
    const unsigned char *bytes = serial->data;

    if (serial->length == 0 || serial->length > XCA_SERIAL_MAX + 1 || bytes[0] >= 0x80 ||
        (serial->length > 1 && bytes[0] == 0 && bytes[1] < 0x80)) {
        return 0;
    }
    return serial->length != before->length ? serial->length > before->length
                                            : memcmp(bytes, before->data, serial->length) > 0;
}

/* crlEntryExtensions: a reasonCode alone, as DER has it; gives the reason, -1 if it is anything else. */
static int reason_of(const xca_der_item_t *extensions) {
    static const unsigned char start[] = {0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01};
    const xca_bytes_t *content = &extensions->content;

    return content->length == sizeof(start) + 1 && memcmp(content->data, start, sizeof(start)) == 0
               ? content->data[sizeof(start)]
               : -1;
}

static const char *wrong_reason(int reason, int is_delta) {
    switch (reason) {
    case XCA_REASON_KEY_COMPROMISE:
    case XCA_REASON_AFFILIATION_CHANGED:
    case XCA_REASON_SUPERSEDED:
    case XCA_REASON_CESSATION:
    case XCA_REASON_HOLD:
        return NULL;
    case XCA_REASON_UNSPECIFIED:
        return "unspecified is left out: RFC 5280 section 5.3.1";
    case XCA_REASON_REMOVED:
        return is_delta ? NULL : "removeFromCRL belongs into deltas: RFC 5280 section 5.3.1";
    default:
        return "not a reason of the profile: profile.md entry reasons";
    }
}

/* What is wrong with an entry, NULL if nothing is. */
static const char *wrong_entry(const lint_t *lint, const xca_der_item_t *entry, xca_bytes_t *before) {
    xca_der_at_t at = xca_der_at(entry->content);
    xca_der_item_t serial, when, extensions;
    apr_int64_t seconds;

    if (entry->tag != XCA_DER_SEQUENCE || !xca_der_take(&at, XCA_DER_INTEGER, &serial) || !xca_der_next(&at, &when)) {
        return "not a serial number and a time: RFC 5280 section 5.1";
    }
    if (!is_next_serial(&serial.content, before)) {
        return "a serial number twice, or not a positive number in DER: RFC 5280 section 5.1.2.6, X.690 clause 8.3";
    }
    *before = serial.content;
    seconds = seconds_of(&when);
    if (seconds < 0 || seconds > apr_time_sec(lint->order->this_update)) {
        return "revocationDate later than thisUpdate, or not written so: RFC 5280 section 5.1.2.6";
    }
    if (xca_der_ended(&at)) {
        return NULL;
    }
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &extensions) || !xca_der_ended(&at)) {
        return "more than entry extensions: RFC 5280 section 5.1";
    }
    return wrong_reason(reason_of(&extensions), lint->order->is_delta);
}

static void check_entries(lint_t *lint, const parts_t *parts, apr_size_t count) {
    xca_der_at_t at;
    xca_der_item_t entry;
    xca_bytes_t before = {NULL, 0};
    apr_size_t found = 0;

    if (!parts->has_entries) {
        if (count != 0) {
            find(lint, "lint.list-entries", "none: fewer than the order's");
        }
        return;
    }
    for (at = xca_der_at(parts->entries.content); xca_der_next(&at, &entry); found++) {
        const char *wrong = wrong_entry(lint, &entry, &before);

        if (wrong != NULL) {
            find(lint, "lint.list-entries", wrong);
            return;
        }
    }
    if (found == 0 || found != count || !xca_der_ended(&at)) {
        find(lint, "lint.list-entries", "an empty part, or not as many as the order's: RFC 5280 section 5.1.2.6");
    }
}

/* Extensions ---------------------------------------------------------------------------------------------------- */

static int number_of(X509_EXTENSION *extension, apr_uint64_t *number) {
    ASN1_INTEGER *found = X509V3_EXT_d2i(extension);
    int good = found != NULL && ASN1_INTEGER_get_uint64(number, found);

    ASN1_INTEGER_free(found);
    return good;
}

static void check_number(lint_t *lint, X509_EXTENSION *extension) {
    apr_uint64_t number;

    if (X509_EXTENSION_get_critical(extension) || !number_of(extension, &number) || number == 0 ||
        number != lint->order->number) {
        find(lint, "lint.list-number", "critical, or not the order's: RFC 5280 section 5.2.3");
    }
}

static void check_base(lint_t *lint, X509_EXTENSION *extension) {
    apr_uint64_t base;

    if (!X509_EXTENSION_get_critical(extension) || !number_of(extension, &base) || base != lint->order->base ||
        base > lint->order->number) {
        find(lint, "lint.list-delta", "deltaCRLIndicator not critical, or not of the base: RFC 5280 section 5.2.4");
    }
}

static void check_authority_key(lint_t *lint, X509_EXTENSION *extension) {
    AUTHORITY_KEYID *found = X509V3_EXT_d2i(extension);
    const ASN1_OCTET_STRING *wanted = X509_get0_subject_key_id(lint->issuer);

    if (X509_EXTENSION_get_critical(extension) || found == NULL || found->keyid == NULL || wanted == NULL ||
        ASN1_OCTET_STRING_cmp(found->keyid, wanted) != 0 || found->issuer != NULL || found->serial != NULL) {
        find(lint, "lint.list-authority-key", "not the CA's subjectKeyIdentifier alone: RFC 5280 section 5.2.1");
    }
    AUTHORITY_KEYID_free(found);
}

static int is_url(const GENERAL_NAME *name, const char *wanted) {
    const ASN1_IA5STRING *url = name != NULL && name->type == GEN_URI ? name->d.uniformResourceIdentifier : NULL;

    return url != NULL && wanted != NULL && (size_t)ASN1_STRING_length(url) == strlen(wanted) &&
           memcmp(ASN1_STRING_get0_data(url), wanted, strlen(wanted)) == 0;
}

/* One name, or with `other` two. */
static int is_full_name(const DIST_POINT_NAME *name, const char *wanted, const char *other) {
    return name != NULL && name->type == 0 && sk_GENERAL_NAME_num(name->name.fullname) == (other != NULL ? 2 : 1) &&
           is_url(sk_GENERAL_NAME_value(name->name.fullname, 0), wanted) &&
           (other == NULL || is_url(sk_GENERAL_NAME_value(name->name.fullname, 1), other));
}

static void check_point(lint_t *lint, X509_EXTENSION *extension) {
    ISSUING_DIST_POINT *found = X509V3_EXT_d2i(extension);

    if (!X509_EXTENSION_get_critical(extension) || found == NULL || !is_full_name(found->distpoint, lint->order->point, lint->order->other_point) ||
        found->onlyuser > 0 || found->onlyCA > 0 || found->indirectCRL > 0 || found->onlyattr > 0 ||
        found->onlysomereasons != NULL) {
        find(lint, "lint.list-point", "issuingDistributionPoint not critical, or not the scope's: RFC 5280 section 5.2.5");
    }
    ISSUING_DIST_POINT_free(found);
}

static void check_freshest(lint_t *lint, X509_EXTENSION *extension) {
    CRL_DIST_POINTS *found = X509V3_EXT_d2i(extension);
    const DIST_POINT *point = sk_DIST_POINT_num(found) == 1 ? sk_DIST_POINT_value(found, 0) : NULL;

    if (X509_EXTENSION_get_critical(extension) || point == NULL || point->reasons != NULL || point->CRLissuer != NULL ||
        !is_full_name(point->distpoint, lint->order->freshest, NULL)) {
        find(lint, "lint.list-freshest", "critical, or not the delta's address: RFC 5280 section 5.2.6");
    }
    CRL_DIST_POINTS_free(found);
}

/* The extensions that a list may have, each once and in any order. */
static const struct {
    int nid;
    void (*check)(lint_t *lint, X509_EXTENSION *extension);
} known[] = {{NID_authority_key_identifier, check_authority_key},
             {NID_crl_number, check_number},
             {NID_delta_crl, check_base},
             {NID_issuing_distribution_point, check_point},
             {NID_freshest_crl, check_freshest}};

#define KNOWN (sizeof(known) / sizeof(known[0]))

static void check_extension(lint_t *lint, X509_EXTENSION *extension, int seen[KNOWN]) {
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    apr_size_t i;

    for (i = 0; i < KNOWN; i++) {
        if (known[i].nid == nid) {
            seen[i]++;
            known[i].check(lint, extension);
            return;
        }
    }
    find(lint, "lint.list-extensions", "one that the profile does not know: profile.md \"Lists and status\"");
}

static void check_extensions(lint_t *lint, const parts_t *parts) {
    const xca_list_order_t *order = lint->order;
    const int wanted[KNOWN] = {1, 1, order->is_delta != 0, order->point != NULL, order->freshest != NULL};
    const unsigned char *at = parts->extensions.content.data;
    X509_EXTENSIONS *all = d2i_X509_EXTENSIONS(NULL, &at, (long)parts->extensions.content.length);
    int seen[KNOWN] = {0}, i;

    for (i = 0; i < sk_X509_EXTENSION_num(all); i++) {
        check_extension(lint, sk_X509_EXTENSION_value(all, i), seen);
    }
    if (all == NULL || memcmp(seen, wanted, sizeof(seen)) != 0) {
        find(lint, "lint.list-extensions",
             "one is missing, twice, or not of this kind of list: RFC 5280 sections 5.2 and 5.2.6");
    }
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
}

xca_error_t *xca_lint_list(xca_bytes_t tbs, const xca_list_order_t *order, apr_size_t count, xca_bytes_t issuer,
                           apr_pool_t *pool) {
    lint_t lint = {pool, order, xca_openssl_x509(pool, issuer), NULL};
    parts_t parts;

    if (lint.issuer == NULL || !take_parts(&parts, tbs)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "lint.list-der", "not a TBSCertList: RFC 5280 section 5.1");
    }
    if (parts.version.content.length != 1 || parts.version.content.data[0] != 1) {
        find(&lint, "lint.list-version", "not version 2: RFC 5280 section 5.1.2.1");
    }
    if (order->bytes_max != 0 && tbs.length + SIGNATURE_ROOM > order->bytes_max) {
        find(&lint, "lint.list-size", apr_psprintf(pool, "%" APR_SIZE_T_FMT " bytes: no list is larger than %" APR_SIZE_T_FMT,
                                                   tbs.length + SIGNATURE_ROOM, order->bytes_max));
    }
    check_algorithm(&lint, &parts);
    check_issuer(&lint, &parts);
    check_times(&lint, &parts);
    check_entries(&lint, &parts, count);
    check_extensions(&lint, &parts);
    ERR_clear_error();
    return lint.findings;
}
