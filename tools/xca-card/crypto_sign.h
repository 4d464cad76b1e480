/* What is signed by a card or by a key in a file alike: requests (PKCS#10, RFC 2986) and SignedData (CMS, RFC 5652). */
#ifndef XCA_CARD_CRYPTO_SIGN_H
#define XCA_CARD_CRYPTO_SIGN_H

#include <time.h>
#include "crypto_certificate.h"

/* Signs a SHA-256 digest: RSA PKCS#1 v1.5 or ECDSA in DER. */
typedef fault_t *sign_digest_fn(void *baton, const unsigned char digest[PIV_SHA256],
                                bytes_t *signature);

typedef struct signer {
    sign_digest_fn *sign;
    void *baton;
    const public_key_t *key;           /* what the signature must verify with */
    const certificate_t *certificate;  /* NULL where none is needed           */
    const certificate_t *encryption;   /* NULL, or that of the key by which the signer wants to be written to: named in the signed
                                          attributes (SMIMEEncryptionKeyPreference, RFC 8551 section 2.5.3) and sent along */
} signer_t;

/* Signs and checks the signature against the key: a card may answer anything. Fault: T_CARD_NOT_ITS_KEY. */
fault_t *signer_sign(const signer_t *signer, const unsigned char digest[PIV_SHA256],
                     bytes_t *signature) MUST_USE;

/* A request for the key with the subject's serialNumber = the card's number. */
fault_t *request_make(bytes_t *der, const char *card_number, const signer_t *signer) MUST_USE;

/* Proof for a key that cannot sign (mod_xca/wire/README.md, Production 2). */
fault_t *request_pop(unsigned char mac[PIV_SHA256], const char *card_number,
                     const public_key_t *key, view_t shared) MUST_USE;

/* SignedData, DER: one SignerInfo with content type, signing time and digest; the certificate included, and that of
 * signer->encryption. `content` is attached,
 * or NULL: `digest` is its digest then. */
fault_t *cms_sign(bytes_t *der, const view_t *content, const unsigned char digest[PIV_SHA256],
                  const signer_t *signer, time_t now) MUST_USE;

/* A key with its certificate in a file: PKCS#12, or PEM with both. */
typedef struct file_key file_key_t;

/* Faults: T_KEY_FILE (arg: the name), T_KEY_PASSWORD. *needs_password is set (and NULL returned without a key) if one is needed
 * and `password` is NULL. */
fault_t *file_key_read(file_key_t **key, const char *path, const secret_t *password,
                       int *needs_password) MUST_USE;
void file_key_free(file_key_t *key);
signer_t file_key_signer(file_key_t *key);

#endif
