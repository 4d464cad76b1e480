#include "outside/crypto_ca.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/x509v3.h>
#include "outside/crypto_lint.h"
#include "outside/crypto_openssl.h"
#include "outside/crypto_tbs.h"
#include "outside/crypto_view.h"

xca_bytes_t xca_ca_certificate(const xca_ca_t *ca) {
    return ca->certificate;
}

xca_bytes_t xca_ca_chain_p7b(const xca_ca_t *ca) {
    return ca->chain_p7b;
}

static xca_bytes_t copy(apr_pool_t *pool, const void *data, apr_size_t length) {
    xca_bytes_t bytes = {apr_pmemdup(pool, data, length), length};

    return bytes;
}

/* RFC 5280 sections 4.2.1.3 and 4.2.1.9: what a CA certificate must say. */
static int may_sign(X509 *certificate) {
    uint32_t needed = KU_KEY_CERT_SIGN | KU_CRL_SIGN;

    return X509_check_ca(certificate) == 1 &&
           (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) != 0 &&
           (X509_get_key_usage(certificate) & needed) == needed;
}

static xca_error_t *check_chain(X509 *certificate, const xca_bytes_t *chain, int chain_length,
                                apr_pool_t *pool) {
    int i;

    for (i = 0; i < chain_length; i++) {
        X509 *above = xca_openssl_x509(pool, chain[i]);

        if (above == NULL || X509_check_issued(above, certificate) != X509_V_OK ||
            X509_verify(certificate, X509_get0_pubkey(above)) != 1) {
            return xca_openssl_error(pool, XCA_E_INTERNAL, "ca.mismatch",
                                     apr_psprintf(pool, "chain certificate %d", i + 1));
        }
        certificate = above;
    }
    return NULL;
}

static xca_error_t *keep_name_and_key_id(xca_ca_t *ca, X509 *certificate, apr_pool_t *pool) {
    const ASN1_OCTET_STRING *key_id = X509_get0_subject_key_id(certificate);
    const unsigned char *name;
    size_t name_length;

    if (!X509_NAME_get0_der(X509_get_subject_name(certificate), &name, &name_length)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "ca.not-a-ca", "subject");
    }
    ca->name = copy(pool, name, name_length);
    if (key_id == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ca.not-a-ca",
                              "no subjectKeyIdentifier: RFC 5280 section 4.2.1.2");
    }
    ca->key_id = copy(pool, ASN1_STRING_get0_data(key_id), (apr_size_t)ASN1_STRING_length(key_id));
    return NULL;
}

xca_error_t *xca_ca_open(xca_ca_t **result, const xca_key_t *key, xca_bytes_t certificate,
                         const xca_bytes_t *chain, int chain_length, const xca_profile_t *profile,
                         apr_pool_t *pool) {
    xca_ca_t *ca = apr_pcalloc(pool, sizeof(*ca));
    X509 *x509 = xca_openssl_x509(pool, certificate);
    xca_bytes_t *all = apr_pcalloc(pool, sizeof(*all) * (apr_size_t)(chain_length + 1));
    xca_error_t *err;

    if (x509 == NULL || !may_sign(x509)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "ca.not-a-ca", "CA certificate");
    }
    if (X509_check_private_key(x509, key->pkey) != 1) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "ca.mismatch", "key and certificate");
    }
    err = check_chain(x509, chain, chain_length, pool);
    if (err != NULL) {
        return err;
    }
    ca->key = key;
    ca->profile = profile;
    ca->certificate = copy(pool, certificate.data, certificate.length);
    err = keep_name_and_key_id(ca, x509, pool);
    if (err != NULL) {
        return err;
    }
    all[0] = certificate;
    if (chain_length > 0) {
        memcpy(all + 1, chain, sizeof(*chain) * (apr_size_t)chain_length);
    }
    *result = ca;
    return xca_cert_p7b(&ca->chain_p7b, all, chain_length + 1, pool);
}

/* profile.md "Names": C, county, township, name, in this order; of a card itself then its number. */
static void put_subject(xca_der_t *der, const xca_cert_order_t *order) {
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_put_rdn(der, "2.5.4.6", XCA_DER_PRINTABLE, "TW");
    if (order->county != NULL) {
        xca_tbs_put_rdn(der, "2.5.4.7", XCA_DER_UTF8, order->county);
    }
    if (order->district != NULL) {
        xca_tbs_put_rdn(der, "2.5.4.7", XCA_DER_UTF8, order->district);
    }
    xca_tbs_put_rdn(der, "2.5.4.10", XCA_DER_UTF8, order->org_name);
    if (order->use == XCA_USE_CARD_AUTH) {
        xca_tbs_put_rdn(der, "2.5.4.5", XCA_DER_PRINTABLE, order->card_number);
    }
    xca_der_close(der);
}

/* keyEncipherment is for keys that encrypt; an elliptic curve key agrees (RFC 8813 section 3). */
static int key_usage(const xca_cert_order_t *order, const xca_profile_t *profile) {
    if (order->use == XCA_USE_SIGNATURE) {
        return XCA_KU_DIGITAL_SIGNATURE | (profile->non_repudiation ? XCA_KU_NON_REPUDIATION : 0);
    }
    if (order->use == XCA_USE_CARD_AUTH) {
        return XCA_KU_DIGITAL_SIGNATURE;
    }
    return xca_tbs_is_ec(order->spki) ? XCA_KU_KEY_AGREEMENT
                                      : XCA_KU_KEY_ENCIPHERMENT | XCA_KU_DATA_ENCIPHERMENT;
}

static void put_policy(xca_der_t *der, const char *policy) {
    xca_tbs_extension_open(der, "2.5.29.32", 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, policy);
    xca_der_close(der);
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

static void put_email(xca_der_t *der, const char *email) {
    xca_tbs_extension_open(der, "2.5.29.17", 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_text(der, XCA_DER_CONTEXT | 1, email);
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

static void open_attribute(xca_der_t *der, const char *type) {
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, type);
    xca_der_open(der, XCA_DER_SET);
}

static void close_attribute(xca_der_t *der) {
    xca_der_close(der);
    xca_der_close(der);
}

/* RFC 5280 section 4.2.1.8; the attributes are GPKI's, profile.md "Subscriber certificates". */
static void put_directory_attributes(xca_der_t *der, const xca_cert_order_t *order,
                                     const xca_profile_t *profile) {
    xca_tbs_extension_open(der, "2.5.29.9", 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    open_attribute(der, "2.16.886.1.100.2.1");
    xca_der_put_oid(der, profile->subject_types[order->class]);
    close_attribute(der);
    if (order->card_rank != NULL) {
        open_attribute(der, "2.16.886.1.100.2.2");
        xca_der_put_text(der, XCA_DER_PRINTABLE, order->card_rank);
        close_attribute(der);
    }
    if (profile->ubn_in_directory_attributes && order->ubn != NULL) {
        open_attribute(der, "2.16.886.1.100.2.101");
        xca_der_put_text(der, XCA_DER_PRINTABLE, order->ubn);
        close_attribute(der);
    }
    open_attribute(der, "2.16.886.1.100.2.102");
    xca_der_put_oid(der, order->oid);
    close_attribute(der);
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

static void put_access(xca_der_t *der, const char *method, const char *url) {
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, method);
    xca_der_put_text(der, XCA_DER_CONTEXT | 6, url);
    xca_der_close(der);
}

static void put_authority_access(xca_der_t *der, const xca_profile_t *profile) {
    xca_tbs_extension_open(der, "1.3.6.1.5.5.7.1.1", 0);
    xca_der_open(der, XCA_DER_SEQUENCE);
    if (profile->ocsp_url != NULL) {
        put_access(der, "1.3.6.1.5.5.7.48.1", profile->ocsp_url);
    }
    put_access(der, "1.3.6.1.5.5.7.48.2", profile->ca_issuers_url);
    xca_der_close(der);
    xca_tbs_extension_close(der);
}

/* profile.md "CRLDistributionPoints": the partition's list, then the full one; without partitions the one list alone. */
static void put_crl_points(xca_der_t *der, const xca_profile_t *profile, const xca_bytes_t *serial, apr_pool_t *pool) {
    xca_crl_scope_t partition = {XCA_CRL_PARTITION, profile->crl_partitions, 0, profile->generation};
    xca_crl_scope_t full = {XCA_CRL_FULL, 0, 0, profile->generation}, only = {XCA_CRL_REST, 0, 0, profile->generation};

    if (profile->crl_partitions == 0) {
        xca_tbs_put_crl_points(der, XCA_OID_CRL_POINTS, NULL, xca_crl_url(profile->crl_url, &only, 0, pool), profile->crl_ldap_url);
        return;
    }
    partition.part = xca_crl_part(serial->data, serial->length, partition.parts);
    xca_tbs_put_crl_points(der, XCA_OID_CRL_POINTS, xca_crl_url(profile->crl_url, &partition, 0, pool),
                           xca_crl_url(profile->crl_url, &full, 0, pool), profile->crl_ldap_url);
}

static void put_extensions(xca_der_t *der, const xca_ca_t *ca, const xca_cert_order_t *order,
                           const xca_bytes_t *serial, const unsigned char key_id[XCA_KEY_ID], apr_pool_t *pool) {
    static const char *const uses[XCA_USE_COUNT][3] = {
        [XCA_USE_SIGNATURE] = {"1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.2", NULL},
        [XCA_USE_ENCRYPTION] = {"1.3.6.1.5.5.7.3.4", NULL},
        [XCA_USE_CARD_AUTH] = {"2.16.840.1.101.3.6.8", NULL}, /* id-PIV-cardAuth, FIPS 201 */
    };

    xca_der_open(der, XCA_DER_CONSTRUCTED | 3);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_tbs_put_key_usage(der, key_usage(order, ca->profile));
    xca_tbs_put_ext_key_usage(der, uses[order->use]);
    put_policy(der, ca->profile->policy);
    if (order->use != XCA_USE_CARD_AUTH) {
        put_email(der, order->email);
    }
    put_directory_attributes(der, order, ca->profile);
    put_crl_points(der, ca->profile, serial, pool);
    put_authority_access(der, ca->profile);
    xca_tbs_put_key_ids(der, key_id, ca->key_id);
    xca_der_close(der);
    xca_der_close(der);
}

static xca_error_t *build(xca_bytes_t *tbs, const xca_ca_t *ca, const xca_cert_order_t *order,
                          const xca_bytes_t *serial, apr_pool_t *pool) {
    xca_der_t *der = xca_der_make(pool);
    unsigned char key_id[XCA_KEY_ID];
    xca_error_t *err = xca_tbs_key_id(key_id, order->spki, pool);

    if (err != NULL) {
        return err;
    }
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_open(der, XCA_DER_CONSTRUCTED | 0);
    xca_der_put_number(der, 2);
    xca_der_close(der);
    xca_der_put_integer(der, serial->data, serial->length);
    xca_tbs_put_algorithm(der, ca->key);
    xca_der_put_raw(der, ca->name);
    xca_tbs_put_validity(der, order->not_before, order->not_after);
    put_subject(der, order);
    xca_der_put_raw(der, order->spki);
    put_extensions(der, ca, order, serial, key_id, pool);
    xca_der_close(der);
    return xca_der_finish(tbs, der, pool);
}

/* What would make the builder stumble; everything else is the lint's to find. */
static xca_error_t *check_order(const xca_bytes_t **serial, const xca_cert_order_t *order,
                                const xca_profile_t *profile, apr_pool_t *pool) {
    *serial = order->serial != NULL ? xca_text_unhex(pool, order->serial) : NULL;
    if (*serial == NULL || (*serial)->length != XCA_SERIAL_BYTES || (*serial)->data[0] >= 0x80) {
        return xca_error_make(pool, XCA_E_INTERNAL, "lint.serial",
                              "not 16 bytes with a clear top bit: %s",
                              order->serial != NULL ? order->serial : "none");
    }
    if (profile->crl_partitions > 0 && xca_crl_part((*serial)->data, (*serial)->length, profile->crl_partitions) < 0) {
        return xca_error_make(pool, XCA_E_INTERNAL, "lint.serial", "in no partition: %s", order->serial);
    }
    if (order->use < 0 || order->use >= XCA_USE_COUNT) {
        return xca_error_make(pool, XCA_E_INTERNAL, "lint.key-usage", "use %d", (int)order->use);
    }
    if (order->org_name == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "lint.subject", "no name");
    }
    if (order->use == XCA_USE_CARD_AUTH && order->card_number == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "lint.subject", "no card number");
    }
    if (order->use != XCA_USE_CARD_AUTH && order->email == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "lint.alt-name", "no e-mail address");
    }
    if (order->oid == NULL || order->class <= XCA_CLASS_NONE || order->class >= XCA_CLASS_COUNT ||
        profile->subject_types[order->class] == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "lint.directory-attributes",
                              "no OID or class %d without subject type", (int)order->class);
    }
    return NULL;
}

xca_error_t *xca_ca_issue(xca_bytes_t *der, const xca_ca_t *ca, const xca_cert_order_t *order,
                          apr_pool_t *pool) {
    const xca_bytes_t *serial;
    xca_bytes_t tbs, linted;
    xca_error_t *err = check_order(&serial, order, ca->profile, pool);

    if (err == NULL) {
        err = build(&tbs, ca, order, serial, pool);
    }
    if (err == NULL) {
        err = xca_tbs_unsigned(&linted, tbs, ca->key, pool);
    }
    if (err == NULL) {
        err = xca_lint_certificate(linted, order, ca->profile, ca->certificate, pool);
    }
    if (err != NULL) {
        return err;
    }
    return xca_tbs_sign(der, tbs, ca->key, pool);
}
