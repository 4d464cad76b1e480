/* Cryptography around cards: keys derived from the signer's card secret, signatures of texts (wire/card_message.h), proof of
 * possession of a key that cannot sign. */
#ifndef XCA_OUTSIDE_CRYPTO_CARD_H
#define XCA_OUTSIDE_CRYPTO_CARD_H

#include "outside/crypto_ca.h"

/* HKDF-SHA-256 (RFC 5869) of `secret` with info "<label>\n<context>": the same again gives the same. Error: "crypto.derive". */
xca_error_t *xca_derive(unsigned char *out, apr_size_t length, const xca_secret_t *secret,
                        const char *label, const char *context, apr_pool_t *pool) XCA_MUST_USE;

/* Signs with SHA-256: RSA PKCS#1 v1.5, or ECDSA in DER. Error: "crypto.sign". */
xca_error_t *xca_key_sign(xca_bytes_t *signature, const xca_key_t *key, const void *data,
                          apr_size_t length, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_ca_sign(xca_bytes_t *signature, const xca_ca_t *ca, const void *data,
                         apr_size_t length, apr_pool_t *pool) XCA_MUST_USE;

/* Whether it is such a signature by the key of `certificate`. Error: XCA_E_DENIED "card.signature". */
xca_error_t *xca_signature_check(xca_bytes_t certificate, const void *data, apr_size_t length,
                                 xca_bytes_t signature, apr_pool_t *pool) XCA_MUST_USE;

/* Proof of possession by key agreement (mod_xca/wire/README.md "Production"): the signer's P-256 point for this card, 65
 * bytes; and whether `mac` (32 bytes) proves that who sent it holds the private key of `spki`. Errors: XCA_E_INVALID
 * "card.pop"; "crypto.derive". */
xca_error_t *xca_pop_point(xca_bytes_t *point, const xca_secret_t *secret, const char *card,
                           apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_pop_check(const xca_secret_t *secret, const char *card, xca_bytes_t spki,
                           xca_bytes_t mac, apr_pool_t *pool) XCA_MUST_USE;

#endif
