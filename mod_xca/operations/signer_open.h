/* The signer made from its settings: CA key and certificates, profile, mail, texts. */
#ifndef XCA_OPERATIONS_SIGNER_OPEN_H
#define XCA_OPERATIONS_SIGNER_OPEN_H

#include "operations/signer.h"

/* The profile's settings (profile.md, values marked "ours"): "validity-years", "policy-oid", "non-repudiation",
 * "subject-type-<class>", "ubn-in-certificate", "crl-url", "crl-partitions", "crl-ldap-url", "ca-issuers-url", "ocsp-url". */
xca_error_t *xca_profile_of(xca_profile_t **profile, const xca_settings_t *settings,
                            apr_pool_t *pool) XCA_MUST_USE;

/* Reads everything, of all keys that the CA has had (generation.h); nothing connects yet. A sealing key is made at the first start. */
xca_error_t *xca_signer_open(xca_signer_t **signer, const xca_settings_t *settings,
                             apr_pool_t *pool) XCA_MUST_USE;

/* At start: publishes the CA's certificate and chain, takes up half-sent messages, asks for a list. */
xca_error_t *xca_signer_begin(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The sign of life that the portal looks for. */
xca_error_t *xca_signer_alive(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Certificates of a PEM file, DER. Error: "certificate.unreadable" (arg: path). */
xca_error_t *xca_certificates_read(apr_array_header_t **certificates, const char *path,
                                   apr_pool_t *pool) XCA_MUST_USE;

#endif
