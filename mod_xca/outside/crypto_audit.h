/* The key that signs the audit log: P-256, used for nothing else, certified by the CA for this purpose alone (a critical
 * extended key usage of its own), so that no other certificate of the CA can pass for it. */
#ifndef XCA_OUTSIDE_CRYPTO_AUDIT_H
#define XCA_OUTSIDE_CRYPTO_AUDIT_H

#include "outside/crypto_ca.h"

/* extendedKeyUsage of the certificate: under the arc of ldap-schema/xca.schema. */
#define XCA_AUDIT_USAGE "2.25.324061906216893514827140394867195218907.3.1"

/* The certificate of `key`, from `now` for ten years, but not longer than the CA's own. */
xca_error_t *xca_audit_certify(xca_bytes_t *der, const xca_ca_t *ca, const xca_key_t *key, apr_time_t now,
                               apr_pool_t *pool) XCA_MUST_USE;

/* A certificate of the log's key, ready to check many signatures. */
typedef struct xca_audit_signer xca_audit_signer_t;

/* Checks that the CA issued it, and for this purpose. `cas`: `count` certificates of the CA, one of each key that it has had. Error:
 * XCA_E_DENIED "audit.key". Freed with the pool. */
xca_error_t *xca_audit_signer_make(xca_audit_signer_t **signer, xca_bytes_t certificate, const xca_bytes_t *cas, int count,
                                   apr_pool_t *pool) XCA_MUST_USE;

/* Whether `signature` (ECDSA in DER, or RSA PKCS#1 v1.5, with SHA-256) over `data` is its, and `when` lies in its time. */
int xca_audit_signed(const xca_audit_signer_t *signer, xca_bytes_t data, xca_bytes_t signature, apr_time_t when);

/* Whether it certifies this key. */
int xca_audit_signer_is(const xca_audit_signer_t *signer, const xca_key_t *key);
apr_time_t xca_audit_signer_until(const xca_audit_signer_t *signer);

#endif
