/* For the files outside/crypto_c*.c alone: certificate requests in the form of CRMF (CertReqMsg, RFC 4211 section 3), which CMP carries. They are
 * judged as PKCS#10 requests are (crypto_csr.h), which they are told apart from by what stands behind their first part. */
#ifndef XCA_OUTSIDE_CRYPTO_CRMF_H
#define XCA_OUTSIDE_CRYPTO_CRMF_H

#include <openssl/x509v3.h>
#include "outside/crypto_csr_parts.h"

/* Non-zero if it is that rather than a CertificationRequest. */
int xca_crmf_is(xca_bytes_t der);

/* Takes one apart, strictly as DER: one key, a subject, and a signature as proof of possession (section 4.1). Refusals: "csr.malformed",
 * "crmf.template" (key or subject are missing), "crmf.proof" (any other kind of proof, or none). */
xca_error_t *xca_crmf_take_apart(xca_csr_parts_t *parts, xca_bytes_t der, apr_pool_t *pool) XCA_MUST_USE;

/* Verifies the proof by OpenSSL's own function. Refusals: "csr.bad-signature", "csr.malformed". */
xca_error_t *xca_crmf_check_proof(xca_bytes_t der, apr_pool_t *pool) XCA_MUST_USE;

/* What it names: the subject, and the subject alternative names, NULL if there are none. Freed by the caller. 0 if it is none. */
int xca_crmf_names(X509_NAME **subject, GENERAL_NAMES **alternatives, xca_bytes_t der);

#endif
