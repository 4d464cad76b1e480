/* For the files outside/crypto*.c alone: OpenSSL's objects, freed with their pool, and its errors as
 * ours. No other file may include this. */
#ifndef XCA_OUTSIDE_CRYPTO_OPENSSL_H
#define XCA_OUTSIDE_CRYPTO_OPENSSL_H

#include <apr_time.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "outside/crypto.h"

/* Signs `data` with this digest: PKCS#1 v1.5 or ECDSA-Sig-Value. */
typedef xca_error_t *xca_key_signer_t(xca_bytes_t *signature, const xca_key_t *key, const EVP_MD *digest,
                                      const void *data, apr_size_t length, apr_pool_t *pool);

struct xca_key {
    EVP_PKEY *pkey;          /* both halves; of a token's key the public one alone */
    xca_bytes_t certificate; /* DER, length 0 if none */
    xca_key_signer_t *sign;  /* of a key that is elsewhere (crypto_pkcs11.c); NULL: pkey signs */
    void *token;
};

/* The one place that signs, wherever the key is. Errors: "crypto.sign"; those of the key's place. */
xca_key_signer_t xca_openssl_sign;

/* Error: "key.type" if it is none of xca_key_make()'s. */
xca_error_t *xca_key_type_check(const char *type, apr_pool_t *pool) XCA_MUST_USE;

/* An error with `doing` and OpenSSL's whole error queue as detail; empties the queue. */
xca_error_t *xca_openssl_error(apr_pool_t *pool, xca_error_kind kind, const char *message,
                               const char *doing) XCA_MUST_USE;

/* Hands an object to the pool (NULL is passed through). */
X509 *xca_openssl_keep_x509(apr_pool_t *pool, X509 *certificate);
EVP_PKEY *xca_openssl_keep_pkey(apr_pool_t *pool, EVP_PKEY *pkey);
BIO *xca_openssl_keep_bio(apr_pool_t *pool, BIO *bio);

/* Reads one certificate that fills `der` to the last byte; NULL otherwise. Freed with the pool. */
X509 *xca_openssl_x509(apr_pool_t *pool, xca_bytes_t der);

/* Reads one SubjectPublicKeyInfo likewise. */
EVP_PKEY *xca_openssl_public_key(apr_pool_t *pool, xca_bytes_t spki);

/* The SubjectPublicKeyInfo of a key, DER. */
xca_error_t *xca_openssl_spki(xca_bytes_t *spki, EVP_PKEY *pkey, apr_pool_t *pool) XCA_MUST_USE;

/* The name of an elliptic curve key's curve as profile.md has it ("P-256", "P-384"), or OpenSSL's
 * own name, or NULL if it is not a named curve. */
const char *xca_openssl_curve(apr_pool_t *pool, const EVP_PKEY *pkey);

/* "RSA 2048", "EC P-256", otherwise OpenSSL's name and the size. */
const char *xca_openssl_key_text(apr_pool_t *pool, const EVP_PKEY *pkey);

/* 0 if it is none. */
int xca_openssl_time(apr_time_t *time, const ASN1_TIME *found);

/* Copies what a memory BIO holds. */
xca_bytes_t xca_openssl_bio_bytes(apr_pool_t *pool, BIO *bio);

#endif
