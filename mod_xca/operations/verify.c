#include "operations/verify.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/search_store.h"
#include "domain/calendar.h"
#include "domain/codes.h"

#define TEST_POLICY "2.16.886.101.0.3.0" /* profile.md: assurance level of test and demo */

/* What the verifications of one request have in common. */
typedef struct {
    xca_office_t *office;
    const xca_profile_t *profile;
    apr_array_header_t *authorities; /* xca_bytes_t: the CA's certificates and those above them */
    apr_time_t now;
    apr_pool_t *pool;
} verifier_t;

const char *xca_finding_result_id(xca_finding_result result) {
    static const char *const ids[] = {"pass", "note", "fail"};

    return ids[result];
}

static void found(xca_verified_t *verified, const char *check, xca_finding_result result, const char *message, const char *arg) {
    xca_finding_t *finding = apr_array_push(verified->findings);

    finding->check = check;
    finding->result = result;
    finding->message = message;
    finding->arg = arg;
    verified->valid &= result != XCA_FINDING_FAIL;
}

static xca_verified_t *begin(const verifier_t *verifier) {
    xca_verified_t *verified = apr_pcalloc(verifier->pool, sizeof(*verified));

    verified->valid = 1;
    verified->findings = apr_array_make(verifier->pool, 10, sizeof(xca_finding_t));
    return verified;
}

static xca_error_t *open_verifier(verifier_t *verifier, xca_office_t *office, const xca_profile_t *profile, apr_time_t now,
                                  apr_pool_t *pool) {
    apr_array_header_t *own;
    xca_bytes_t chain;
    xca_error_t *err = xca_ca_read(&own, &chain, office->store, pool);

    verifier->office = office;
    verifier->profile = profile;
    verifier->now = now;
    verifier->pool = pool;
    return err != NULL ? err : xca_p7b_read(&verifier->authorities, chain, pool);
}

static xca_error_t *check_chain(xca_verified_t *verified, const verifier_t *verifier) {
    xca_chain_verdict verdict;
    apr_array_header_t *chain;
    const char *why;
    xca_error_t *err = xca_chain_above(&chain, verified->der, verifier->authorities, verifier->pool);

    if (err == NULL) {
        err = xca_verify_chain(&verdict, &why, verified->der, (const xca_bytes_t *)chain->elts, chain->nelts, verifier->pool);
    }
    if (err != NULL) {
        return err;
    }
    switch (verdict) {
    case XCA_CHAIN_GOOD:
        found(verified, "chain", XCA_FINDING_PASS, "verify.chain.good", NULL);
        break;
    case XCA_CHAIN_OTHER:
        found(verified, "chain", XCA_FINDING_FAIL, "verify.chain.other", verified->view->issuer);
        break;
    case XCA_CHAIN_SIGNATURE:
        found(verified, "chain", XCA_FINDING_FAIL, "verify.chain.signature", NULL);
        break;
    case XCA_CHAIN_BROKEN:
        found(verified, "chain", XCA_FINDING_FAIL, "verify.chain.broken", why);
        break;
    }
    return NULL;
}

/* For programs of others, who know no Taipei time: as everywhere in their interface. */
static const char *moment(const verifier_t *verifier, apr_time_t when) {
    return xca_date_format(verifier->pool, when, XCA_DATE_RFC3339);
}

static void check_validity(xca_verified_t *verified, const verifier_t *verifier) {
    const xca_cert_view_t *view = verified->view;

    if (verifier->now < view->not_before) {
        found(verified, "validity", XCA_FINDING_FAIL, "verify.validity.not-yet", moment(verifier, view->not_before));
    } else if (verifier->now > view->not_after) {
        found(verified, "validity", XCA_FINDING_FAIL, "verify.validity.expired", moment(verifier, view->not_after));
    } else {
        found(verified, "validity", XCA_FINDING_PASS, "verify.validity.good", moment(verifier, view->not_after));
    }
}

/* The record of just this certificate, as far as it is public. */
static xca_error_t *read_record(xca_verified_t *verified, const verifier_t *verifier) {
    const char *serial;
    xca_cert_t *record;
    xca_error_t *err = xca_serial_parse(&serial, verified->view->serial, NULL, verifier->pool);

    if (err != NULL) {
        return NULL; /* no serial number of ours */
    }
    err = xca_cert_read(&record, verifier->office->store, serial, verifier->pool);
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    if (record->published && record->der.length == verified->der.length &&
        memcmp(record->der.data, verified->der.data, record->der.length) == 0) {
        verified->record = record;
    }
    return NULL;
}

static void check_status(xca_verified_t *verified, const verifier_t *verifier) {
    const xca_cert_t *record = verified->record;

    if (record == NULL) {
        found(verified, "status", XCA_FINDING_FAIL, "verify.status.unknown", NULL);
    } else if (record->state == XCA_CERT_REVOKED) {
        found(verified, "status", XCA_FINDING_FAIL, "verify.status.revoked", moment(verifier, record->revoked));
    } else if (record->state == XCA_CERT_SUSPENDED) {
        found(verified, "status", XCA_FINDING_FAIL, "verify.status.suspended", moment(verifier, record->suspended));
    } else if (record->state == XCA_CERT_VALID) {
        found(verified, "status", XCA_FINDING_PASS, "verify.status.good", NULL);
    } else {
        found(verified, "status", XCA_FINDING_FAIL, "verify.status.unknown", NULL);
    }
}

static void check_policy(xca_verified_t *verified, const verifier_t *verifier) {
    const char *policy = verified->view->policy;

    if (policy == NULL) {
        found(verified, "policy", XCA_FINDING_FAIL, "verify.policy.none", NULL);
    } else if (strcmp(policy, verifier->profile->policy) != 0) {
        found(verified, "policy", XCA_FINDING_FAIL, "verify.policy.other", policy);
    } else {
        found(verified, "policy", XCA_FINDING_PASS, "verify.policy.good", policy);
        if (strcmp(policy, TEST_POLICY) == 0) {
            found(verified, "policy", XCA_FINDING_NOTE, "verify.policy.test", NULL);
        }
    }
}

static int has_usage(const xca_cert_view_t *view, const char *usage) {
    int i;

    for (i = 0; i < view->key_usage->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(view->key_usage, i, const char *), usage) == 0) {
            return 1;
        }
    }
    return 0;
}

static void check_key_usage(xca_verified_t *verified, int signs) {
    int for_signatures = has_usage(verified->view, "digitalSignature") || has_usage(verified->view, "nonRepudiation");
    int for_encryption = has_usage(verified->view, "keyEncipherment") || has_usage(verified->view, "keyAgreement");

    if (signs && !for_signatures) {
        found(verified, "key-usage", XCA_FINDING_FAIL, "verify.usage.not-signature", NULL);
    } else if (for_signatures) {
        found(verified, "key-usage", XCA_FINDING_PASS, "verify.usage.signature", NULL);
    } else if (for_encryption) {
        found(verified, "key-usage", XCA_FINDING_PASS, "verify.usage.encryption", NULL);
    } else {
        found(verified, "key-usage", XCA_FINDING_FAIL, "verify.usage.none", NULL);
    }
}

/* Whose it is: the OID in the certificate, and what has become of that organisation. */
static xca_error_t *check_organisation(xca_verified_t *verified, const verifier_t *verifier) {
    const char *oid = verified->view->org_oid;
    xca_org_t *org;
    xca_error_t *err;

    if (oid == NULL) {
        found(verified, "organisation", XCA_FINDING_FAIL, "verify.organisation.none", NULL);
        return NULL;
    }
    found(verified, "organisation", XCA_FINDING_PASS, "verify.organisation.oid", oid);
    if (xca_oid_check(oid, XCA_OID_ROOT, NULL, verifier->pool) != NULL) {
        return NULL; /* of another registry */
    }
    err = xca_org_read(&org, verifier->office->store, oid, verifier->pool);
    if (err != NULL) {
        if (err->kind != XCA_E_NOT_FOUND) {
            return err;
        }
        found(verified, "organisation", XCA_FINDING_NOTE, "verify.organisation.unknown", oid);
        return NULL;
    }
    verified->org = org;
    if (org->state == XCA_ORG_ABOLISHED) {
        found(verified, "organisation", XCA_FINDING_NOTE, "verify.organisation.abolished", org->name);
    } else if (verified->record != NULL && verified->record->org_name != NULL && org->name != NULL &&
               strcmp(verified->record->org_name, org->name) != 0) {
        found(verified, "organisation", XCA_FINDING_NOTE, "verify.organisation.renamed", org->name);
    }
    return NULL;
}

static void check_class(xca_verified_t *verified, const verifier_t *verifier) {
    const char *type = verified->view->subject_type;
    int class;

    for (class = XCA_CLASS_NONE + 1; type != NULL && class < XCA_CLASS_COUNT; class++) {
        if (verifier->profile->subject_types[class] != NULL && strcmp(verifier->profile->subject_types[class], type) == 0) {
            verified->class = (xca_class)class;
            found(verified, "class", XCA_FINDING_PASS, "verify.class.known", type);
            return;
        }
    }
    found(verified, "class", XCA_FINDING_NOTE, type != NULL ? "verify.class.other" : "verify.class.none", type);
}

/* All that is asked of a certificate. */
static xca_error_t *check_certificate(xca_verified_t *verified, const verifier_t *verifier, int signs) {
    xca_error_t *err = xca_cert_view(&verified->view, verified->der, verifier->pool);

    if (err == NULL) {
        err = check_chain(verified, verifier);
    }
    if (err == NULL) {
        check_validity(verified, verifier);
        err = read_record(verified, verifier);
    }
    if (err == NULL) {
        check_status(verified, verifier);
        check_policy(verified, verifier);
        check_key_usage(verified, signs);
        err = check_organisation(verified, verifier);
    }
    if (err == NULL) {
        check_class(verified, verifier);
    }
    return err;
}

xca_error_t *xca_verify_certificate(xca_verified_t **verified, xca_office_t *office, const xca_profile_t *profile,
                                    xca_bytes_t sent, apr_time_t now, apr_pool_t *pool) {
    verifier_t verifier;
    xca_bytes_t der;
    xca_error_t *err = xca_certificate_take(&der, sent, pool);

    if (err == NULL) {
        err = open_verifier(&verifier, office, profile, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    *verified = begin(&verifier);
    (*verified)->der = der;
    return check_certificate(*verified, &verifier, 0);
}

/* A certificate that did not come along. */
static xca_error_t *find_certificate(xca_bytes_t *der, const verifier_t *verifier, const xca_signer_info_t *info) {
    int by_key = info->key_id != NULL;
    apr_array_header_t *certs;
    xca_error_t *err = xca_search_published(&certs, NULL, verifier->office->store, by_key ? XCA_SEARCH_KEY_ID : XCA_SEARCH_ISSUER_SERIAL,
                                            by_key ? info->key_id : info->issuer_serial, 1, verifier->pool);

    if (err == NULL && certs->nelts > 0) {
        *der = APR_ARRAY_IDX(certs, 0, const xca_cert_t *)->der;
    }
    return err;
}

static void check_digest(xca_verified_t *verified, xca_signed_t *message, int index, const xca_bytes_t *content,
                         const xca_bytes_t *digest, const xca_signer_info_t *info) {
    if (!info->has_attributes) {
        found(verified, "digest", XCA_FINDING_FAIL, "verify.digest.no-attributes", NULL);
    } else if (info->digest_weak) {
        found(verified, "digest", XCA_FINDING_FAIL, "verify.digest.weak", info->digest_name);
    } else if (xca_signed_digest_matches(message, index, content, digest)) {
        found(verified, "digest", XCA_FINDING_PASS, "verify.digest.good", info->digest_name);
    } else {
        found(verified, "digest", XCA_FINDING_FAIL, "verify.digest.other", info->digest_name);
    }
}

static xca_error_t *check_signer(xca_verified_t **verified, const verifier_t *verifier, xca_signed_t *message, int index,
                                 const xca_bytes_t *content, const xca_bytes_t *digest) {
    xca_signer_info_t info;
    xca_error_t *err = xca_signed_signer(&info, message, index, verifier->pool);

    if (err != NULL) {
        return err;
    }
    if (content == NULL && info.digest_length > 0 && digest->length != info.digest_length) {
        return xca_error_field(verifier->pool, "digest", "verify.digest-length",
                               apr_psprintf(verifier->pool, "%s: %" APR_SIZE_T_FMT, info.digest_name, info.digest_length * 2));
    }
    *verified = begin(verifier);
    (*verified)->signing_time = info.signing_time;
    (*verified)->digest_name = info.digest_name;
    check_digest(*verified, message, index, content, digest, &info);
    (*verified)->der = info.certificate;
    if (info.certificate.length == 0) {
        err = find_certificate(&(*verified)->der, verifier, &info);
    }
    if (err != NULL) {
        return err;
    }
    if ((*verified)->der.length == 0) {
        found(*verified, "signature", XCA_FINDING_FAIL, "verify.signature.no-certificate", NULL);
        return NULL;
    }
    if (info.has_attributes && xca_signed_by(message, index, (*verified)->der, verifier->pool)) {
        found(*verified, "signature", XCA_FINDING_PASS, "verify.signature.good", NULL);
    } else {
        found(*verified, "signature", XCA_FINDING_FAIL, "verify.signature.wrong", NULL);
    }
    return check_certificate(*verified, verifier, 1);
}

xca_error_t *xca_verify_signature(apr_array_header_t **signers, xca_office_t *office, const xca_profile_t *profile, xca_bytes_t sent,
                                  const xca_bytes_t *content, const xca_bytes_t *digest, apr_time_t now, apr_pool_t *pool) {
    verifier_t verifier;
    xca_signed_t *message;
    int i;
    xca_error_t *err = xca_signed_read(&message, sent, pool);

    if (err != NULL) {
        return err;
    }
    if (xca_signed_content(message) != NULL) {
        content = xca_signed_content(message);
    } else if (content == NULL && digest == NULL) {
        return xca_error_field(pool, "digest", "verify.content", NULL);
    }
    err = open_verifier(&verifier, office, profile, now, pool);
    *signers = apr_array_make(pool, 2, sizeof(xca_verified_t *));
    for (i = 0; err == NULL && i < xca_signed_count(message); i++) {
        xca_verified_t *verified = NULL;

        err = check_signer(&verified, &verifier, message, i, content, digest);
        if (err == NULL) {
            APR_ARRAY_PUSH(*signers, xca_verified_t *) = verified;
        }
    }
    return err;
}
