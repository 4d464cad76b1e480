/* What others send to be verified: does a certificate chain up to this authority's root, and who made a signature (CMS SignedData, RFC
 * 5652) over a content of which only the digest may be at hand. Fuzz target: verify. */
#ifndef XCA_OUTSIDE_CRYPTO_VERIFY_H
#define XCA_OUTSIDE_CRYPTO_VERIFY_H

#include <apr_tables.h>
#include <apr_time.h>
#include "base/text.h"

#define XCA_VERIFY_SIGNERS 16 /* in one message; with more it is refused */

typedef enum {
    XCA_CHAIN_GOOD,
    XCA_CHAIN_OTHER,     /* issued by someone else */
    XCA_CHAIN_SIGNATURE, /* names this authority as its issuer, and is not signed by it */
    XCA_CHAIN_BROKEN     /* something else that RFC 5280 section 6.1 asks for: *why tells, in OpenSSL's words */
} xca_chain_verdict;

/* Follows `certificate` up `chain` (DER, the issuer first, the root last) by RFC 5280 section 6.1, but for the time and revocation,
 * which are findings of their own. Error: "verify.certificate". */
xca_error_t *xca_verify_chain(xca_chain_verdict *verdict, const char **why, xca_bytes_t certificate, const xca_bytes_t *chain,
                              int chain_length, apr_pool_t *pool) XCA_MUST_USE;

/* Those of `all` (array of xca_bytes_t) that stand above `certificate`, its issuer first, up to a self-signed one, which come from more than one
 * key of one authority: array of xca_bytes_t. Names and key identifiers decide, no signature (RFC 5280 sections 4.2.1.1 and 4.2.1.2); of
 * a certificate that none of them has issued it is the way from one with the issuer's name, or else from the first one. */
xca_error_t *xca_chain_above(apr_array_header_t **chain, xca_bytes_t certificate, const apr_array_header_t *all,
                             apr_pool_t *pool) XCA_MUST_USE;

/* One certificate as it is sent: DER, or the first one of PEM text (RFC 7468). Error: "verify.certificate". */
xca_error_t *xca_certificate_take(xca_bytes_t *certificate, xca_bytes_t sent, apr_pool_t *pool) XCA_MUST_USE;

typedef struct xca_signed xca_signed_t;

/* Reads a SignedData, DER, or PEM text or base64 around it. Errors: "verify.cms" (none, or not of data), "verify.signers". */
xca_error_t *xca_signed_read(xca_signed_t **message, xca_bytes_t sent, apr_pool_t *pool) XCA_MUST_USE;

/* The content that is in it; NULL if it is detached. */
const xca_bytes_t *xca_signed_content(const xca_signed_t *message);

int xca_signed_count(const xca_signed_t *message);

typedef struct xca_signer_info {
    xca_bytes_t certificate;   /* that came along; length 0: none did */
    const char *issuer_serial; /* how the signer's certificate is named: search keys (outside/crypto_search_keys.h), one of the two */
    const char *key_id;
    apr_time_t signing_time;   /* as the signer claims it; 0: not told */
    const char *digest_name;   /* "SHA256"; "?" if it is not known */
    int digest_weak;           /* neither SHA-2 nor SHA-3 */
    int has_attributes;        /* signed attributes: without them nothing here can be verified */
    apr_size_t digest_length;  /* bytes of such a digest; 0 if it is not known */
} xca_signer_info_t;

/* What signer `index` says of itself. */
xca_error_t *xca_signed_signer(xca_signer_info_t *info, xca_signed_t *message, int index, apr_pool_t *pool) XCA_MUST_USE;

/* Whether the digest that the signer signed is that of `content`, or, with `content` NULL, is `digest`. */
int xca_signed_digest_matches(xca_signed_t *message, int index, const xca_bytes_t *content, const xca_bytes_t *digest);

/* Whether the signature over the signed attributes was made with the key of `certificate`. */
int xca_signed_by(xca_signed_t *message, int index, xca_bytes_t certificate, apr_pool_t *pool);

#endif
