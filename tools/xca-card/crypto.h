/* Random bytes, digests, block ciphers, base64, public keys: the owner of OpenSSL together with the other crypto_*.c. */
#ifndef XCA_CARD_CRYPTO_H
#define XCA_CARD_CRYPTO_H

#include "fault.h"
#include "piv_keys.h"

typedef struct public_key public_key_t;

fault_t *crypto_random(void *data, size_t length) MUST_USE;

/* `digits` random decimal digits, every one as likely. */
fault_t *crypto_random_digits(secret_t *secret, size_t digits) MUST_USE;

/* The algorithms of piv_admin.h in ECB, `size` bytes of whole blocks. */
fault_t *crypto_block(int algorithm, const secret_t *key, int encrypt, const unsigned char *in,
                      unsigned char *out, size_t size) MUST_USE;

fault_t *crypto_sha256(unsigned char digest[PIV_SHA256], view_t data) MUST_USE;
/* Over several pieces one behind the other. */
fault_t *crypto_sha256_of(unsigned char digest[PIV_SHA256], const view_t *pieces, size_t count) MUST_USE;
fault_t *crypto_hmac_sha256(unsigned char mac[PIV_SHA256], view_t key, const view_t *pieces,
                            size_t count) MUST_USE;

/* RFC 4648 section 4, without line breaks. */
void base64_write(bytes_t *text, view_t data);
/* Returns 0 if it is not that. */
int base64_read(bytes_t *data, const char *text);

/* T_INTERNAL with OpenSSL's own words. */
fault_t *crypto_fault(const char *what) MUST_USE;

/* What a card gave as the public key of a new pair. Fault: T_CARD_NONSENSE if it is none (RSA-2048 with e 65537; a point of the curve). */
fault_t *public_key_of_card(public_key_t **key, const piv_public_t *given) MUST_USE;
void public_key_free(public_key_t *key);

/* PIV's name of the key's kind, 0 for one that PIV cards of ours do not have. */
piv_algorithm public_key_algorithm(const public_key_t *key);
int public_key_equal(const public_key_t *a, const public_key_t *b);

/* RSA PKCS#1 v1.5 or ECDSA in DER, SHA-256, over `text`. */
int public_key_verifies(const public_key_t *key, view_t text, view_t signature);
/* The same with the digest given. */
int public_key_verifies_digest(const public_key_t *key, const unsigned char digest[PIV_SHA256],
                               view_t signature);

/* SubjectPublicKeyInfo. */
fault_t *public_key_spki(const public_key_t *key, bytes_t *der) MUST_USE;

/* RSA PKCS#1 v1.5. */
fault_t *public_key_encrypt(const public_key_t *key, view_t plain, bytes_t *cipher) MUST_USE;

/* A fresh pair of the same curve: its point, and the x coordinate it shares with the key. */
fault_t *public_key_agree(const public_key_t *key, bytes_t *point, bytes_t *shared) MUST_USE;

#endif
