/* For the files outside/crypto*.c alone: the parts that certificates and lists are built of
 * (RFC 5280 sections 4.1, 4.2, 5.1), and the signature over them. */
#ifndef XCA_OUTSIDE_CRYPTO_TBS_H
#define XCA_OUTSIDE_CRYPTO_TBS_H

#include "outside/crypto_ca.h"
#include "outside/crypto_der.h"

#define XCA_OID_CRL_POINTS "2.5.29.31"
#define XCA_OID_FRESHEST   "2.5.29.46"
#define XCA_KEY_ID 20 /* bytes of a key identifier: SHA-1 */

/* keyUsage, bit 0 of the BIT STRING first (RFC 5280 section 4.2.1.3). */
enum {
    XCA_KU_DIGITAL_SIGNATURE = 0x80,
    XCA_KU_NON_REPUDIATION = 0x40,
    XCA_KU_KEY_ENCIPHERMENT = 0x20,
    XCA_KU_DATA_ENCIPHERMENT = 0x10,
    XCA_KU_KEY_AGREEMENT = 0x08,
    XCA_KU_KEY_CERT_SIGN = 0x04,
    XCA_KU_CRL_SIGN = 0x02
};

/* What certificates and lists need of the CA, worked out once: read-only afterwards, so that threads
 * share it. */
struct xca_ca {
    const xca_key_t *key;
    const xca_profile_t *profile;
    xca_bytes_t certificate;
    xca_bytes_t name;   /* its subject, which is the issuer of what it signs, DER */
    xca_bytes_t key_id; /* its subjectKeyIdentifier */
    xca_bytes_t chain_p7b;
};

/* AlgorithmIdentifier of what `key` signs: sha256WithRSAEncryption (RFC 4055), ecdsa-with-SHA256, and
 * with P-384 ecdsa-with-SHA384 (RFC 5758). */
void xca_tbs_put_algorithm(xca_der_t *der, const xca_key_t *key);

/* RFC 5280 section 4.2.1.2 method 1. Error: "crypto.key". */
xca_error_t *xca_tbs_key_id(unsigned char id[XCA_KEY_ID], xca_bytes_t spki,
                            apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if the SubjectPublicKeyInfo is an elliptic curve key. */
int xca_tbs_is_ec(xca_bytes_t spki);

/* One RelativeDistinguishedName of one attribute. */
void xca_tbs_put_rdn(xca_der_t *der, const char *type, int tag, const char *value);

/* A Name from RFC 4514 text, which has the last part first. Error: "name.malformed" (arg: the text). */
xca_error_t *xca_tbs_name(xca_bytes_t *name, const char *text, apr_pool_t *pool) XCA_MUST_USE;

void xca_tbs_put_validity(xca_der_t *der, apr_time_t not_before, apr_time_t not_after);

/* Extensions. open: what is put until close is the extension's value. */
void xca_tbs_extension_open(xca_der_t *der, const char *oid, int critical);
void xca_tbs_extension_close(xca_der_t *der);
void xca_tbs_put_basic_constraints(xca_der_t *der, int is_ca, int path_length); /* path_length -1: none */
void xca_tbs_put_key_usage(xca_der_t *der, int bits);
void xca_tbs_put_ext_key_usage(xca_der_t *der, const char *const *oids);
/* CRLDistributionPoints (RFC 5280 section 4.2.1.13) or freshestCRL (section 5.2.6): the list of the
 * partition, or NULL, is a DistributionPoint of its own; the other one is reachable in one or two ways (`second` or NULL). */
void xca_tbs_put_crl_points(xca_der_t *der, const char *oid, const char *partition, const char *url,
                            const char *second);
/* The DistributionPointName alone: fullName. */
void xca_tbs_put_full_name(xca_der_t *der, const char *url, const char *second);
void xca_tbs_put_key_ids(xca_der_t *der, const unsigned char *subject_key_id,
                         xca_bytes_t authority_key_id);
void xca_tbs_put_subject_key_id(xca_der_t *der, const unsigned char id[XCA_KEY_ID]);
void xca_tbs_put_authority_key_id(xca_der_t *der, xca_bytes_t authority_key_id);

/* The signature by `key` alone, not wrapped. Error: "crypto.sign". */
xca_error_t *xca_tbs_signature(xca_bytes_t *signature, xca_bytes_t tbs, const xca_key_t *key,
                               apr_pool_t *pool) XCA_MUST_USE;

/* Certificate or CertificateList: `tbs`, the algorithm, and the signature by `key`; with an empty
 * signature, for the lint. Error: "crypto.sign". */
xca_error_t *xca_tbs_sign(xca_bytes_t *signed_der, xca_bytes_t tbs, const xca_key_t *key,
                          apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_tbs_unsigned(xca_bytes_t *der, xca_bytes_t tbs, const xca_key_t *key,
                              apr_pool_t *pool) XCA_MUST_USE;

#endif
