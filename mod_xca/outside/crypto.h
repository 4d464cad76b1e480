/* OpenSSL's owner, part 1: digests, random bytes, keys, the hash of user codes. Files named
 * outside/crypto*.c (and wire/) are the only ones that include OpenSSL's headers; other layers see
 * bytes and these types. */
#ifndef XCA_OUTSIDE_CRYPTO_H
#define XCA_OUTSIDE_CRYPTO_H

#include "base/secret.h"
#include "base/text.h"

/* SHA-256 of bytes as 64 hex digits. */
char *xca_sha256_hex(apr_pool_t *pool, const void *data, apr_size_t length);

/* SHA-1 likewise, 40 digits: where a standard names certificates by it, and for nothing else. */
char *xca_sha1_hex(apr_pool_t *pool, const void *data, apr_size_t length);

/* Fills with random bytes of OpenSSL's generator. Error: XCA_E_INTERNAL "crypto.random". */
xca_error_t *xca_random(unsigned char *bytes, apr_size_t length, apr_pool_t *pool) XCA_MUST_USE;

/* HMAC-SHA-256 (32 bytes into `mac`). */
void xca_hmac(unsigned char mac[32], const xca_secret_t *key, const void *data, apr_size_t length);

/* Base64 (RFC 4648 section 4) without line breaks; and back: NULL if it is not base64. White space
 * is skipped on reading. */
char *xca_base64(apr_pool_t *pool, const void *data, apr_size_t length);
xca_bytes_t *xca_unbase64(apr_pool_t *pool, const char *text, apr_size_t length);

/* User codes: scrypt (RFC 7914), as text "scrypt$15$8$1$<salt base64>$<hash base64>" (log2 N, r, p;
 * 16-byte random salt, 32-byte hash). Takes about 60 ms and 32 MiB. */
xca_error_t *xca_code_hash(const char **hash, const xca_secret_t *code, apr_pool_t *pool) XCA_MUST_USE;

/* *matches: whether `code` is the one of `hash`. Error: "crypto.code-hash" if the text is not a hash
 * (N above 2^20, r or p above 16 are refused). */
xca_error_t *xca_code_verify(int *matches, const char *hash, const xca_secret_t *code,
                             apr_pool_t *pool) XCA_MUST_USE;

/* A private key and (if the file has one) its certificate chain. Freed with the pool. */
typedef struct xca_key xca_key_t;

/* Reads a private key from PEM or PKCS#12 (`password` may be NULL). Errors: "key.unreadable" (arg: path),
 * "key.password" (wrong or missing; arg: path). */
xca_error_t *xca_key_read(xca_key_t **key, const char *path, const xca_secret_t *password,
                          apr_pool_t *pool) XCA_MUST_USE;

/* Whether a setting names a key of a token by URI ("pkcs11:...", RFC 7512; crypto_pkcs11.h) and not a file. */
int xca_key_is_uri(const char *value);

/* Whether an error says that a token's key cannot be used now ("hsm.*"): it comes back by itself or by an operator's hand,
 * and what waits for it keeps waiting. */
int xca_key_is_away(const xca_error_t *err);

/* The certificate that came with the key (PKCS#12, or PEM beside the key), DER; length 0 if none. */
xca_bytes_t xca_key_certificate(const xca_key_t *key);

/* The key's SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), DER. */
xca_error_t *xca_key_spki(xca_bytes_t *spki, const xca_key_t *key, apr_pool_t *pool) XCA_MUST_USE;

/* Makes keys: type "rsa:2048", "rsa:3072", "rsa:4096", "ec:P-256", "ec:P-384". Errors: "key.type" (arg: the
 * type), "crypto.key". */
xca_error_t *xca_key_make(xca_key_t **key, const char *type, apr_pool_t *pool) XCA_MUST_USE;

/* The private key as PKCS#8, DER, to be kept in memory; and back. Error: "crypto.key". */
xca_error_t *xca_key_private(xca_secret_t **pkcs8, const xca_key_t *key, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_key_of_private(xca_key_t **key, const xca_secret_t *pkcs8, apr_pool_t *pool) XCA_MUST_USE;

/* Writes the private key as PKCS#8 PEM, or with its certificate and (unless its length is 0) the issuer's as
 * PKCS#12, into a new file of mode 0600. Error: "key.unwritable" (arg: path), also if the file exists. */
xca_error_t *xca_key_write(const xca_key_t *key, const char *path, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_key_write_pkcs12(const xca_key_t *key, xca_bytes_t certificate, xca_bytes_t issuer,
                                  const xca_secret_t *password, const char *path,
                                  apr_pool_t *pool) XCA_MUST_USE;

#endif
