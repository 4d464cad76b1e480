/* PKCS#10 requests (RFC 2986) as applicants upload them: PEM (also "NEW CERTIFICATE REQUEST", CRLF,
 * BOM, text before it, base64 without armour) or DER. Every check of profile.md "Names … Keys accepted"; each
 * refusal has its own message id:
 *   csr.empty csr.too-large csr.utf16 csr.wrong-label csr.private-key csr.not-pem-or-der
 *   csr.malformed csr.several csr.not-a-request csr.bad-signature csr.weak-signature csr.key-type
 *   csr.rsa-too-small csr.rsa-too-large csr.rsa-exponent csr.weak-key csr.unsupported-alg
 * The same for a request in the form of CRMF (CertReqMsg, RFC 4211), as CMP has it, whose proof of possession is a signature; further
 * refusals: crmf.template crmf.proof
 * (the field is always "csr"). */
#ifndef XCA_OUTSIDE_CRYPTO_CSR_H
#define XCA_OUTSIDE_CRYPTO_CSR_H

#include "base/text.h"

#define XCA_CSR_MAX 65536 /* bytes of an uploaded file */

typedef struct xca_csr {
    xca_bytes_t der;      /* the request, DER: CertificationRequest or CertReqMsg    */
    const char *key_hash; /* SHA-256 of the SubjectPublicKeyInfo, hex                */
    const char *key_text; /* "RSA 2048", "EC P-256": for people                      */
    xca_bytes_t spki;     /* SubjectPublicKeyInfo, DER                               */
} xca_csr_t;

/* Reads and checks. Bounded in time and memory for any input; fuzz target csr. */
xca_error_t *xca_csr_read(xca_csr_t **csr, const void *data, apr_size_t length,
                          apr_pool_t *pool) XCA_MUST_USE;

/* The same checks for a SubjectPublicKeyInfo alone, whose possession is proved otherwise (csr->der is empty). */
xca_error_t *xca_csr_key_read(xca_csr_t **csr, const void *data, apr_size_t length,
                              apr_pool_t *pool) XCA_MUST_USE;

/* Whether a request (DER, read before) is for what the certificate names: the same subject, and no subject alternative name that the
 * certificate does not have. Refusal: "csr.other-names". */
xca_error_t *xca_csr_names(xca_bytes_t request, xca_bytes_t certificate, apr_pool_t *pool) XCA_MUST_USE;

/* The request as PEM, for pages and drafts. */
char *xca_csr_pem(apr_pool_t *pool, xca_bytes_t der);

/* Adds a list of known weak keys (one lower-case hex SHA-256 of a SubjectPublicKeyInfo, or the 20-digit
 * form of Debian's openssl-blacklist, a line; # starts a comment line). Called at start, before there are threads;
 * the list goes with the pool. Errors: "file.unreadable", "weak-list.line" (arg: the line number). */
xca_error_t *xca_csr_weak_list(const char *path, apr_pool_t *pool) XCA_MUST_USE;

#endif
