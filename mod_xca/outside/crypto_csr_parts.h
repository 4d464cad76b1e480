/* For the files outside/crypto_csr*.c and crypto_weak.c alone. */
#ifndef XCA_OUTSIDE_CRYPTO_CSR_PARTS_H
#define XCA_OUTSIDE_CRYPTO_CSR_PARTS_H

#include "outside/crypto_csr.h"
#include "outside/crypto_der.h"

/* A refusal: message id, and what fills its {arg} (or NULL). */
xca_error_t *xca_csr_refuse(apr_pool_t *pool, const char *message, const char *arg) XCA_MUST_USE;

/* Takes the DER out of what was uploaded. Refusals: csr.empty csr.too-large csr.utf16 csr.wrong-label
 * csr.private-key csr.not-pem-or-der csr.malformed csr.several. */
xca_error_t *xca_csr_unwrap(xca_bytes_t *der, const void *data, apr_size_t length,
                            apr_pool_t *pool) XCA_MUST_USE;

/* The parts of a CertificationRequest (RFC 2986 section 4.2). */
typedef struct xca_csr_parts {
    xca_der_item_t spki;
    xca_der_item_t key_algorithm;  /* OBJECT IDENTIFIER */
    xca_der_item_t key_parameters; /* tag 0 if there are none */
    xca_der_item_t key_bits;       /* content without the byte of unused bits */
    xca_bytes_t modulus;           /* of an RSA key whose size is accepted, else length 0 */
    xca_der_item_t signature_algorithm;
    xca_der_item_t signature_parameters; /* tag 0 if there are none */
} xca_csr_parts_t;

/* Takes a request apart, strictly as DER. Refusals: csr.malformed csr.not-a-request
 * csr.private-key. */
xca_error_t *xca_csr_take_apart(xca_csr_parts_t *parts, xca_bytes_t der,
                                apr_pool_t *pool) XCA_MUST_USE;

/* Takes a SubjectPublicKeyInfo alone apart, likewise. Refusal: csr.malformed. */
xca_error_t *xca_csr_take_key(xca_csr_parts_t *parts, xca_bytes_t spki, apr_pool_t *pool) XCA_MUST_USE;

/* Why an RSA modulus is known to be weak: "small factor", "prime", "close primes" (Fermat),
 * "ROCA" (CVE-2017-15361); NULL if it is not. Big end first, at most 4096 bits. */
const char *xca_weak_modulus(xca_bytes_t modulus);

/* Non-zero if the key is on a list of xca_csr_weak_list(). `modulus` has length 0 unless RSA. */
int xca_weak_listed(xca_bytes_t spki, xca_bytes_t modulus, apr_pool_t *pool);

#endif
