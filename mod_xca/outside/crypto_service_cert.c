/* The certificates of who speaks for the CA: OCSP (RFC 6960 sections 4.2.2.2 and 4.2.2.2.1) and CMP (RFC 9483 section 3.3); their profiles are in
 * conf/README.md. They live for days and are not revoked. */
#include <string.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "outside/crypto_cmp.h"
#include "outside/crypto_lint_parts.h"
#include "outside/crypto_ocsp.h"
#include "outside/crypto_tbs.h"

#define LIFE_MAX  apr_time_from_sec(31L * 86400)

/* What a certificate is for. */
typedef struct {
    const char *name;           /* the commonName behind the CA's own name */
    const char *use;            /* extendedKeyUsage */
    int use_nid;
    const char *never_revoked;  /* extension, not critical, NULL as value: nobody need ask for its status */
    int never_revoked_nid;
    const char *use_finding;
    int p256_alone;
} purpose_t;

static const purpose_t ocsp = {"OCSP", "1.3.6.1.5.5.7.3.9", NID_OCSP_sign, "1.3.6.1.5.5.7.48.1.5", NID_id_pkix_OCSP_noCheck,
                               "not id-kp-OCSPSigning alone: RFC 6960 section 4.2.2.2", 0};
static const purpose_t cmp = {"CMP", "1.3.6.1.5.5.7.3.28", NID_cmcRA, "2.5.29.56", NID_no_rev_avail,
                              "not id-kp-cmcRA alone: RFC 9480 section 2.2", 1};

/* PKCS#10 (RFC 2986 section 4): an empty name, the key, no attributes, signed by the key. */
xca_error_t *xca_ocsp_csr(xca_bytes_t *csr, const xca_key_t *key, apr_pool_t *pool) {
    xca_der_t *der = xca_der_make(pool);
    xca_bytes_t spki, info;
    xca_error_t *err = xca_key_spki(&spki, key, pool);

    if (err != NULL) {
        return err;
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_number(der, 0);
    xca_der_put(der, XCA_DER_SEQUENCE, NULL, 0);
    xca_der_put_raw(der, spki);
    xca_der_put(der, XCA_DER_CONSTRUCTED | 0, NULL, 0);
    xca_der_close(der);
    err = xca_der_finish(&info, der, pool);
    return err != NULL ? err : xca_tbs_sign(csr, info, key, pool);
}

/* The CA's own name and one part more, so that nothing in it is the asker's choice. */
static void put_subject(xca_der_t *der, const xca_ca_t *ca, const char *name_of_purpose) {
    xca_der_at_t at = xca_der_at(ca->name);
    xca_der_item_t name;

    xca_der_open(der, XCA_DER_SEQUENCE);
    if (xca_der_take(&at, XCA_DER_SEQUENCE, &name)) {
        xca_der_put_raw(der, name.content);
    }
    xca_tbs_put_rdn(der, "2.5.4.3", XCA_DER_UTF8, name_of_purpose);
    xca_der_close(der);
}

static void put_extensions(xca_der_t *der, const xca_ca_t *ca, const purpose_t *purpose, const unsigned char key_id[XCA_KEY_ID]) {
    const char *const uses[] = {purpose->use, NULL};

    xca_der_open(der, XCA_DER_CONSTRUCTED | 3);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_put_key_usage(der, XCA_KU_DIGITAL_SIGNATURE);
    xca_tbs_put_ext_key_usage(der, uses);
    xca_tbs_extension_open(der, purpose->never_revoked, 0);
    xca_der_put(der, XCA_DER_NULL, NULL, 0);
    xca_tbs_extension_close(der);
    xca_tbs_put_key_ids(der, key_id, ca->key_id);
    xca_der_close(der);
    xca_der_close(der);
}

static xca_error_t *build(xca_bytes_t *tbs, const xca_ca_t *ca, const purpose_t *purpose, xca_bytes_t spki, apr_time_t not_before,
                          apr_time_t not_after, apr_pool_t *pool) {
    xca_der_t *der = xca_der_make(pool);
    unsigned char serial[XCA_SERIAL_BYTES], key_id[XCA_KEY_ID];
    xca_error_t *err = xca_random(serial, sizeof(serial), pool);

    if (err == NULL) {
        err = xca_tbs_key_id(key_id, spki, pool);
    }
    if (err != NULL) {
        return err;
    }
    serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40); /* as subscribers' */
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_put_number(der, 2);
    xca_der_close(der);
    xca_der_put_integer(der, serial, sizeof(serial));
    xca_tbs_put_algorithm(der, ca->key);
    xca_der_put_raw(der, ca->name);
    xca_tbs_put_validity(der, not_before, not_after);
    put_subject(der, ca, purpose->name);
    xca_der_put_raw(der, spki);
    put_extensions(der, ca, purpose, key_id);
    xca_der_close(der);
    return xca_der_finish(tbs, der, pool);
}

static xca_error_t *check_all(xca_bytes_t certificate, const purpose_t *purpose, xca_bytes_t spki, xca_bytes_t ca, apr_time_t not_before,
                              apr_time_t not_after, int is_signed, apr_pool_t *pool) XCA_MUST_USE;

static xca_error_t *certify(xca_bytes_t *certificate, const xca_ca_t *ca, const purpose_t *purpose, xca_bytes_t spki, apr_time_t not_before,
                            apr_time_t not_after, apr_pool_t *pool) {
    xca_bytes_t tbs, linted;
    xca_error_t *err = build(&tbs, ca, purpose, spki, not_before, not_after, pool);

    if (err == NULL) {
        err = xca_tbs_unsigned(&linted, tbs, ca->key, pool);
    }
    if (err == NULL) {
        err = check_all(linted, purpose, spki, ca->certificate, not_before, not_after, 0, pool);
    }
    return err == NULL ? xca_tbs_sign(certificate, tbs, ca->key, pool) : err;
}

xca_error_t *xca_ocsp_certify(xca_bytes_t *certificate, const xca_ca_t *ca, xca_bytes_t spki, apr_time_t not_before,
                              apr_time_t not_after, apr_pool_t *pool) {
    return certify(certificate, ca, &ocsp, spki, not_before, not_after, pool);
}

xca_error_t *xca_cmp_certify(xca_bytes_t *certificate, const xca_ca_t *ca, xca_bytes_t spki, apr_time_t not_before,
                             apr_time_t not_after, apr_pool_t *pool) {
    return certify(certificate, ca, &cmp, spki, not_before, not_after, pool);
}

/* The lint --------------------------------------------------------------------------------------------------------------- */

static void check_names(xca_lint_t *lint, const char *name) {
    X509_NAME *wanted = X509_NAME_dup(X509_get_subject_name(lint->issuer));
    const X509_NAME *found = X509_get_subject_name(lint->certificate);
    const unsigned char *ca, *issuer;
    size_t ca_length, issuer_length;

    if (!X509_NAME_get0_der(X509_get_subject_name(lint->issuer), &ca, &ca_length) ||
        !X509_NAME_get0_der(X509_get_issuer_name(lint->certificate), &issuer, &issuer_length) || ca_length != issuer_length ||
        memcmp(ca, issuer, ca_length) != 0) {
        xca_lint_find(lint, "lint.issuer", "not byte for byte the CA's subject: RFC 5280 section 4.1.2.4");
    }
    if (wanted == NULL ||
        !X509_NAME_add_entry_by_NID(wanted, NID_commonName, V_ASN1_UTF8STRING, (const unsigned char *)name, -1, -1, 0) ||
        X509_NAME_cmp(wanted, found) != 0) {
        xca_lint_find(lint, "lint.subject", "not the CA's name and that of what it is for");
    }
    X509_NAME_free(wanted);
}

static void check_times(xca_lint_t *lint, apr_time_t not_before, apr_time_t not_after) {
    apr_time_t from, until;

    if (!xca_openssl_time(&from, X509_get0_notBefore(lint->certificate)) ||
        !xca_openssl_time(&until, X509_get0_notAfter(lint->certificate)) || apr_time_sec(from) != apr_time_sec(not_before) ||
        apr_time_sec(until) != apr_time_sec(not_after) || until <= from || until - from > LIFE_MAX) {
        xca_lint_find(lint, "lint.validity", "not those that were asked for, or more than a month: it is never checked for revocation");
    }
    if (ASN1_TIME_compare(X509_get0_notAfter(lint->certificate), X509_get0_notAfter(lint->issuer)) > 0 ||
        ASN1_TIME_compare(X509_get0_notBefore(lint->certificate), X509_get0_notBefore(lint->issuer)) < 0) {
        xca_lint_find(lint, "lint.validity", "not within the CA's own: RFC 5280 section 6.1.3 (a)(2)");
    }
}

static void check_key(xca_lint_t *lint, const purpose_t *purpose, xca_bytes_t spki) {
    EVP_PKEY *pkey = X509_get0_pubkey(lint->certificate);
    unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(lint->certificate), &der);

    if (length <= 0 || (apr_size_t)length != spki.length || memcmp(der, spki.data, spki.length) != 0) {
        xca_lint_find(lint, "lint.key", "not the responder's key: RFC 5280 section 4.1.2.7");
    }
    OPENSSL_free(der);
    if (pkey == NULL || !xca_ocsp_takes_key(xca_openssl_key_text(lint->pool, pkey)) ||
        (purpose->p256_alone && strcmp(xca_openssl_key_text(lint->pool, pkey), "EC P-256") != 0)) {
        xca_lint_find(lint, "lint.key", purpose->p256_alone ? "not P-256" : "neither P-256 nor RSA-2048");
    }
}

/* These five and no others, keyUsage alone critical. */
static void check_extensions(xca_lint_t *lint, const purpose_t *purpose) {
    const int wanted[] = {NID_key_usage, NID_ext_key_usage, purpose->never_revoked_nid, NID_subject_key_identifier,
                          NID_authority_key_identifier};
    const ASN1_OCTET_STRING *key_id = X509_get0_authority_key_id(lint->certificate);
    const ASN1_OCTET_STRING *ca_key_id = X509_get0_subject_key_id(lint->issuer);
    EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(lint->certificate, NID_ext_key_usage, NULL, NULL);
    size_t i;

    for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        int at = X509_get_ext_by_NID(lint->certificate, wanted[i], -1);

        if (at < 0 || X509_get_ext_by_NID(lint->certificate, wanted[i], at) >= 0 ||
            (X509_EXTENSION_get_critical(X509_get_ext(lint->certificate, at)) != 0) != (wanted[i] == NID_key_usage)) {
            xca_lint_find(lint, "lint.extensions", OBJ_nid2sn(wanted[i]));
        }
    }
    if (X509_get_ext_count(lint->certificate) != (int)i) {
        xca_lint_find(lint, "lint.extensions", "more or fewer than these five");
    }
    if (X509_get_key_usage(lint->certificate) != KU_DIGITAL_SIGNATURE) {
        xca_lint_find(lint, "lint.key-usage", "not digitalSignature alone");
    }
    if (sk_ASN1_OBJECT_num(uses) != 1 || OBJ_obj2nid(sk_ASN1_OBJECT_value(uses, 0)) != purpose->use_nid) {
        xca_lint_find(lint, "lint.ext-key-usage", purpose->use_finding);
    }
    EXTENDED_KEY_USAGE_free(uses);
    if (key_id == NULL || ca_key_id == NULL || ASN1_OCTET_STRING_cmp(key_id, ca_key_id) != 0) {
        xca_lint_find(lint, "lint.authority-key", "not the CA's subjectKeyIdentifier: RFC 5280 section 4.2.1.1");
    }
}

static void check_serial(xca_lint_t *lint) {
    const ASN1_INTEGER *serial = X509_get0_serialNumber(lint->certificate);

    if (X509_get_version(lint->certificate) != X509_VERSION_3) {
        xca_lint_find(lint, "lint.version", "not version 3: RFC 5280 section 4.1.2.1");
    }
    if (ASN1_STRING_length(serial) != XCA_SERIAL_BYTES || ASN1_STRING_type(serial) != V_ASN1_INTEGER) {
        xca_lint_find(lint, "lint.serial", "not 128 positive bits: profile.md serial");
    }
}

static xca_error_t *check_all(xca_bytes_t certificate, const purpose_t *purpose, xca_bytes_t spki, xca_bytes_t ca, apr_time_t not_before,
                         apr_time_t not_after, int is_signed, apr_pool_t *pool) {
    xca_lint_t found = {pool, NULL, NULL, NULL, NULL, NULL};

    found.certificate = xca_openssl_x509(pool, certificate);
    found.issuer = xca_openssl_x509(pool, ca);
    if (found.certificate == NULL || found.issuer == NULL) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "lint.der", "not one certificate in DER");
    }
    check_serial(&found);
    check_names(&found, purpose->name);
    check_times(&found, not_before, not_after);
    check_key(&found, purpose, spki);
    check_extensions(&found, purpose);
    if (is_signed && X509_verify(found.certificate, X509_get0_pubkey(found.issuer)) != 1) {
        xca_lint_find(&found, "lint.signature", "not the CA's: RFC 6960 section 4.2.2.2");
    }
    ERR_clear_error();
    return found.findings;
}

xca_error_t *xca_lint_responder(xca_bytes_t certificate, xca_bytes_t spki, xca_bytes_t ca, apr_time_t not_before,
                                apr_time_t not_after, int is_signed, apr_pool_t *pool) {
    return check_all(certificate, &ocsp, spki, ca, not_before, not_after, is_signed, pool);
}

xca_error_t *xca_lint_cmp(xca_bytes_t certificate, xca_bytes_t spki, xca_bytes_t ca, apr_time_t not_before, apr_time_t not_after,
                          int is_signed, apr_pool_t *pool) {
    return check_all(certificate, &cmp, spki, ca, not_before, not_after, is_signed, pool);
}
