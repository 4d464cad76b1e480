/* OCSP (RFC 6960, the nonce of RFC 9654, the profile of RFC 5019): questions as strangers send them, and answers. Reading a question
 * allocates nothing and knows nothing of OpenSSL; an answer is written as DER and signed by a responder's own key: P-256, or RSA-2048, which takes twenty
 * times as long, for clients that know no other (dirmngr of GnuPG 2.2 verifies no ECDSA in OCSP). */
#ifndef XCA_OUTSIDE_CRYPTO_OCSP_H
#define XCA_OUTSIDE_CRYPTO_OCSP_H

#include <apr_time.h>
#include "domain/status_cache.h"
#include "outside/crypto.h"
#include "outside/crypto_ca.h"

#define XCA_OCSP_REQUEST_MAX 16384 /* bytes */
#define XCA_OCSP_IDS_MAX     32    /* certificates that one request may ask about */
#define XCA_OCSP_NONCE_MAX   128   /* bytes, RFC 9654 section 2.1 */

/* OCSPResponseStatus, RFC 6960 section 4.2.1. */
typedef enum {
    XCA_OCSP_SUCCESSFUL = 0,
    XCA_OCSP_MALFORMED = 1,
    XCA_OCSP_INTERNAL = 2,
    XCA_OCSP_TRY_LATER = 3,
    XCA_OCSP_UNAUTHORIZED = 6
} xca_ocsp_verdict;

/* A CertID (RFC 6960 section 4.1.1), in the bytes of the request. */
typedef struct xca_ocsp_id {
    xca_bytes_t whole;  /* as sent, which is how it is answered */
    xca_bytes_t issuer; /* within: hashAlgorithm, issuerNameHash, issuerKeyHash */
    xca_bytes_t serial; /* content of the INTEGER; length 0: a negative number, which no certificate has */
} xca_ocsp_id_t;

typedef struct xca_ocsp_request {
    int count; /* from 1 to XCA_OCSP_IDS_MAX */
    xca_ocsp_id_t ids[XCA_OCSP_IDS_MAX];
    xca_bytes_t nonce; /* its bytes; length 0: none */
} xca_ocsp_request_t;

/* Reads a request to its last byte. A signature is not looked at; extensions that are not known are passed over unless they are
 * critical. Result: XCA_OCSP_SUCCESSFUL, or XCA_OCSP_MALFORMED (also for a nonce that is empty or too long, and for more
 * certificates than are answered at once). Fuzz target ocsp. */
xca_ocsp_verdict xca_ocsp_read(xca_ocsp_request_t *request, xca_bytes_t der);

/* A GET's request (RFC 5019 section 5, RFC 6960 appendix A.1): what stands behind the responder's address, percent-encoded
 * base64 of the DER. Writes to `to` (room for XCA_OCSP_REQUEST_MAX); length 0 if it is not that. */
xca_bytes_t xca_ocsp_path(unsigned char *to, const char *path);

/* Who answers for a CA: its key, and in which words clients name the CA. Made once, read-only afterwards, shared by threads. */
typedef struct xca_ocsp_responder xca_ocsp_responder_t;

/* `key`: P-256 or RSA-2048. `ca`: the CA's certificate, DER. Errors: "ca.not-a-ca", "crypto.key". */
xca_error_t *xca_ocsp_responder_make(xca_ocsp_responder_t **responder, const xca_key_t *key, xca_bytes_t ca,
                                     apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if the CertID names the CA, by SHA-1 or SHA-256; the number is that of the form it is written in, from 1 to 4. */
int xca_ocsp_names_ca(const xca_ocsp_responder_t *responder, const xca_ocsp_id_t *id);

/* One answer: to each CertID of the request its status. */
typedef struct xca_ocsp_answer {
    const xca_ocsp_request_t *request;
    const xca_status_t *statuses; /* as many as the request has ids */
    apr_time_t produced, this_update, next_update;
} xca_ocsp_answer_t;

/* A signature that was made before, with what it was made over: the same answer again is the same bytes. */
typedef struct xca_ocsp_signature {
    apr_size_t length; /* 0: to be made */
    unsigned char der[XCA_STATUS_SIGNATURE_MAX];
} xca_ocsp_signature_t;

/* The whole OCSPResponse, status successful; `certificate` is the responder's. With a signature of length 0 one is made and
 * put there. Error: "crypto.sign". */
xca_error_t *xca_ocsp_write(xca_bytes_t *response, const xca_ocsp_responder_t *responder, const xca_ocsp_answer_t *answer,
                            xca_bytes_t certificate, xca_ocsp_signature_t *signature, apr_pool_t *pool) XCA_MUST_USE;

/* An OCSPResponse of any other status: five bytes that live for ever. */
xca_bytes_t xca_ocsp_refusal(xca_ocsp_verdict verdict);

/* The responder's certificate ------------------------------------------------------------------------------------------- */

/* A request for it (PKCS#10), which proves that the key is there; its subject counts for nothing. */
xca_error_t *xca_ocsp_csr(xca_bytes_t *csr, const xca_key_t *key, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if a responder may have such a key; `key_text` as xca_csr_read() gives it. */
int xca_ocsp_takes_key(const char *key_text);

/* Certifies such a key as responder of the CA, by the profile of conf/README.md: linted before it is signed. The subject is the CA's own
 * name and "OCSP". Errors: "lint.*", "crypto.sign", "crypto.random". */
xca_error_t *xca_ocsp_certify(xca_bytes_t *certificate, const xca_ca_t *ca, xca_bytes_t spki, apr_time_t not_before,
                              apr_time_t not_after, apr_pool_t *pool) XCA_MUST_USE;

/* What a responder certificate must be, by code that does not share the builder's (crypto_lint.h): that of the key, issued by the CA
 * (`signed`: also its signature), with the responder's profile, good for these times. Errors: list of "lint.*". */
xca_error_t *xca_lint_responder(xca_bytes_t certificate, xca_bytes_t spki, xca_bytes_t ca, apr_time_t not_before,
                                apr_time_t not_after, int is_signed, apr_pool_t *pool) XCA_MUST_USE;

#endif
