/* CMP (RFC 4210, 9480, 9483), as its server: messages are read strictly here before OpenSSL sees them, then verified, answered and protected by
 * OpenSSL's server functions. Nothing is kept between two messages: what belongs to a transaction comes in again with each of them. */
#ifndef XCA_OUTSIDE_CRYPTO_CMP_H
#define XCA_OUTSIDE_CRYPTO_CMP_H

#include <apr_time.h>
#include "outside/crypto.h"
#include "outside/crypto_ca.h"

#define XCA_CMP_MAX       32768 /* bytes of a message */
#define XCA_CMP_NONCE_MAX 64    /* bytes of a nonce, of a transactionID, and of a senderKID */

/* Bounds of what a sender asks for by the parameters of its MAC (PBMParameter, RFC 4210 section 5.1.3.1): they are looked at before the work is done. */
#define XCA_CMP_MAC_ROUNDS_MAX 100000
#define XCA_CMP_MAC_SALT_MIN   8
#define XCA_CMP_MAC_SALT_MAX   64

/* The choice of a PKIBody, RFC 4210 section 5.1.2. */
typedef enum {
    XCA_CMP_IR = 0,
    XCA_CMP_CR = 2,
    XCA_CMP_P10CR = 4,
    XCA_CMP_KUR = 7,
    XCA_CMP_RR = 11,
    XCA_CMP_GENM = 21,
    XCA_CMP_ERROR = 23,
    XCA_CMP_CERTCONF = 24,
    XCA_CMP_POLLREQ = 25
} xca_cmp_body;

/* Bits of PKIFailureInfo, RFC 4210 section 5.2.3. */
typedef enum {
    XCA_CMP_BAD_ALG = 0,
    XCA_CMP_BAD_MESSAGE_CHECK = 1,
    XCA_CMP_BAD_REQUEST = 2,
    XCA_CMP_BAD_CERT_ID = 4,
    XCA_CMP_BAD_POP = 9,
    XCA_CMP_CERT_REVOKED = 10,
    XCA_CMP_WRONG_INTEGRITY = 12,
    XCA_CMP_BAD_RECIPIENT_NONCE = 13,
    XCA_CMP_BAD_CERT_TEMPLATE = 19,
    XCA_CMP_SIGNER_NOT_TRUSTED = 20,
    XCA_CMP_TRANSACTION_IN_USE = 21,
    XCA_CMP_NOT_AUTHORIZED = 23,
    XCA_CMP_SYSTEM_UNAVAILABLE = 24,
    XCA_CMP_SYSTEM_FAILURE = 25
} xca_cmp_failure;

/* A message (PKIMessage, RFC 4210 section 5.1), in the bytes that were read; what it does not have has length 0. */
typedef struct xca_cmp_message {
    xca_bytes_t whole;
    int body;                 /* xca_cmp_body, or another choice, up to 26 */
    xca_bytes_t sender;       /* Name, DER */
    int is_signed;            /* its protection is a signature of SHA-2 */
    int is_mac;               /* it is a MAC by a password (PasswordBasedMac) */
    int is_mac_bounded;       /* whose parameters are within the bounds above, and whose functions are known: SHA-1 or SHA-2 */
    xca_bytes_t reference;    /* senderKID */
    xca_bytes_t transaction, sender_nonce, recipient_nonce;
    xca_bytes_t certificate;  /* the first of extraCerts: of who protects it (RFC 9483 section 3.3) */
    xca_bytes_t request;      /* of ir, cr, kur: the one CertReqMsg; of p10cr: CertificationRequest */
    const char *revoked;      /* of rr: serial number as the directory has it, or NULL */
    int reason;               /* of rr: CRLReason, -1 if none is given */
    xca_bytes_t hash;         /* of certConf */
    int confirms;             /* of certConf: the certificate is accepted */
} xca_cmp_message_t;

/* Reads a message to its last byte. Allocates nothing but what it gives; fuzz target cmp. Errors: XCA_E_TOO_LARGE "cmp.too-large"; XCA_E_INVALID
 * "cmp.unreadable" (also: another version than 2 or 3, a sender that is no directoryName, no transactionID or nonce, or a certConf that is not
 * about one certificate); "cmp.several" (more than one request at once). */
xca_error_t *xca_cmp_read(xca_cmp_message_t **message, xca_bytes_t der, apr_pool_t *pool) XCA_MUST_USE;

/* What is answered to a request. */
typedef struct xca_cmp_verdict {
    int waits;               /* nothing yet: ask again after this many seconds; 0: decided */
    int warns;               /* of rr: it is under way (PKIStatus revocationWarning) */
    xca_bytes_t certificate; /* of ir, cr, p10cr, kur: when accepted */
    const char *text;        /* statusString, or NULL */
} xca_cmp_verdict_t;

/* Called once, when the message's protection was found to be the sender's. An error is answered as a rejection, see xca_cmp_told_t. */
typedef xca_error_t *xca_cmp_judge_t(xca_cmp_verdict_t *verdict, void *baton);

/* How an error is told to the sender: a bit of PKIFailureInfo, and a text for people. */
typedef const char *xca_cmp_tell_t(xca_cmp_failure *failure, const xca_error_t *err, void *baton);

typedef struct xca_cmp_exchange {
    const xca_cmp_message_t *message;
    const xca_cmp_message_t *first;  /* of pollReq and certConf: the request that began the transaction; else NULL */
    xca_bytes_t nonce;               /* likewise: of the last message of ours */
    xca_bytes_t sender;              /* certificate whose key has protected both, or ... */
    const xca_secret_t *secret;      /* ... the secret that has: answers are protected by it too; NULL: none */
    const xca_key_t *key;            /* of ours, with its certificate, and those above it */
    xca_bytes_t certificate;
    const apr_array_header_t *chain; /* xca_bytes_t */
    xca_cmp_judge_t *judge;
    xca_cmp_tell_t *tell;
    void *baton;
} xca_cmp_exchange_t;

/* Verifies and answers. An ir that is accepted under a secret is answered with the root in caPubs, for a device that has none yet. Errors, nothing being answered: XCA_E_DENIED "cmp.protection" (the judge was not asked), the judge's (of certConf, genm
 * and whatever is not answered with a status of its own), XCA_E_INVALID "cmp.body" (a message that no server takes, or out of its order),
 * "cmp.nonce" (not an answer to our last message). */
xca_error_t *xca_cmp_exchange(xca_bytes_t *answer, const xca_cmp_exchange_t *exchange, apr_pool_t *pool) XCA_MUST_USE;

/* Whether the certificate's key has protected the message: XCA_E_DENIED "cmp.protection" if not. */
xca_error_t *xca_cmp_verify(const xca_cmp_message_t *message, xca_bytes_t certificate, apr_pool_t *pool) XCA_MUST_USE;

/* Whether it is protected by this secret. The same error; also of parameters beyond the bounds, before any work. */
xca_error_t *xca_cmp_verify_mac(const xca_cmp_message_t *message, const xca_secret_t *secret, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if the hash of a certConf is the certificate's (RFC 4210 section 5.3.18: by the hash of its signature). */
int xca_cmp_hash_is(xca_bytes_t hash, xca_bytes_t certificate, apr_pool_t *pool);

/* The nonce of a message of ours. */
xca_error_t *xca_cmp_nonce(xca_bytes_t *nonce, xca_bytes_t answer, apr_pool_t *pool) XCA_MUST_USE;

/* An error message (RFC 4210 section 5.3.21) in answer to `message`, under the exchange's secret, else signed; with a certificate of
 * length 0 without protection. */
xca_error_t *xca_cmp_refuse(xca_bytes_t *answer, const xca_cmp_message_t *message, const xca_cmp_exchange_t *ours, xca_cmp_failure failure,
                            const char *text, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The certificate of who signs our messages --------------------------------------------------------------------------------------- */

/* Certifies a P-256 key for that: the CA's own name and "CMP", id-kp-cmcRA (RFC 6402 section 2.10, RFC 9480 section 2.2), noRevAvail (RFC 9608); linted
 * before it is signed. Errors as of xca_ocsp_certify(). */
xca_error_t *xca_cmp_certify(xca_bytes_t *certificate, const xca_ca_t *ca, xca_bytes_t spki, apr_time_t not_before,
                             apr_time_t not_after, apr_pool_t *pool) XCA_MUST_USE;

/* As xca_lint_responder(), for this profile. */
xca_error_t *xca_lint_cmp(xca_bytes_t certificate, xca_bytes_t spki, xca_bytes_t ca, apr_time_t not_before, apr_time_t not_after,
                          int is_signed, apr_pool_t *pool) XCA_MUST_USE;

#endif
