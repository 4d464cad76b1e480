/* Opening what was encrypted for a key of the officer's: AuthEnvelopedData (RFC 5083) with AES-256-GCM, as the signer makes it, the key by
 * RSA-OAEP with SHA-256 (RFC 8017 section 7.1) or by ECDH (RFC 5753). The key is in a file or on a card; what it does is the same. */
#ifndef XCA_CARD_CRYPTO_OPEN_H
#define XCA_CARD_CRYPTO_OPEN_H

#include "crypto_certificate.h"
#include "crypto_sign.h"

#define ENVELOPE_MAX 16384 /* bytes */

/* Whom the envelope is for, and its parts: views of it. One recipient alone. */
typedef struct envelope {
    int is_rsa;
    view_t issuer, serial;       /* of the recipient's certificate: DER of Name, contents of INTEGER */
    view_t encrypted_key;        /* RSA: as long as the modulus; EC: wrapped by AES (RFC 3394)       */
    view_t point;                /* EC: the sender's, uncompressed                                   */
    view_t ukm;                  /* EC: DER of the user keying material, may be empty                */
    view_t wrap;                 /* EC: DER of the wrapping algorithm                                */
    int is_sha1;                 /* EC: the key derivation's digest; SHA-256 otherwise               */
    view_t nonce, content, tag;
} envelope_t;

/* Fault: T_ENVELOPE_FORM. */
fault_t *envelope_read(envelope_t *envelope, view_t der) MUST_USE;

/* Whether the envelope is for this certificate. */
int envelope_is_for(const envelope_t *envelope, const certificate_t *certificate);

/* What a private key does: RSA without padding (a block as long as the modulus), or the x coordinate of ECDH. */
typedef struct opener {
    fault_t *(*decipher)(void *baton, view_t block, bytes_t *plain);
    fault_t *(*agree)(void *baton, view_t point, bytes_t *shared);
    void *baton;
} opener_t;

/* The content. Faults: T_ENVELOPE_FORM: changed on its way, or for another key; those of the opener. */
fault_t *envelope_open(const envelope_t *envelope, const opener_t *opener, bytes_t *content) MUST_USE;

/* The opener of a key in a file, which must live as long. */
opener_t file_key_opener(file_key_t *key);
const certificate_t *file_key_certificate(const file_key_t *key);

#endif
