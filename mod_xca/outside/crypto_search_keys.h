/* Search keys of certificates: what programs that look for one in a store derive from what they have in hand (RFC 4387 section 2).
 * Read with the strict DER cursor, not with OpenSSL's parser, which costs ten times as much. */
#ifndef XCA_OUTSIDE_CRYPTO_SEARCH_KEYS_H
#define XCA_OUTSIDE_CRYPTO_SEARCH_KEYS_H

#include "base/error.h"
#include "base/text.h"

#define XCA_SEARCH_KEY_DIGITS 27 /* characters of a search key in an address: 20 bytes in base64 without the '=' at the end */

/* All in lower-case hexadecimal; SHA-1, as RFC 4387 section 2.1 has it, where nothing else is said. */
typedef struct xca_search_keys {
    const char *cert;            /* certHash: of the whole certificate                                    */
    const char *cert_sha256;     /* the same with SHA-256, which people compare                           */
    const char *issuer;          /* iHash: of the issuer's Name, DER                                      */
    const char *issuer_serial;   /* iAndSHash: of IssuerAndSerialNumber (RFC 5652 section 10.2.4), DER    */
    const char *subject;         /* sHash: of the subject's Name, DER                                     */
    const char *key_id;          /* sKIDHash: of the content of the subject key identifier; NULL: it has none */
    const char *key_id_itself;   /* that identifier, where it is 20 bytes long: other stores are asked with it; or NULL */
    const char *name;            /* commonName of the subject, or what stands last of organisation and unit where it has none,
                                    as the certificates of this authority; UTF-8; NULL: neither           */
} xca_search_keys_t;

/* Error: "certificate.unreadable" if `der` is not one certificate. */
xca_error_t *xca_search_keys(xca_search_keys_t *keys, xca_bytes_t der, apr_pool_t *pool) XCA_MUST_USE;

/* A search key out of an address: 27 characters of base64 as hexadecimal; NULL if `text` is not exactly that. */
char *xca_search_key_hex(apr_pool_t *pool, const char *text);

#endif
