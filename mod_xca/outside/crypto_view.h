/* Certificates for people: what the search and acceptance pages show. Not for hot paths (design.md:
 * d2i_X509 costs 100 µs). */
#ifndef XCA_OUTSIDE_CRYPTO_VIEW_H
#define XCA_OUTSIDE_CRYPTO_VIEW_H

#include <apr_tables.h>
#include <apr_time.h>
#include "base/text.h"

typedef struct xca_cert_view {
    const char *subject, *issuer;   /* "C=TW, L=臺北市, O=..." in the certificate's order, UTF-8 */
    const char *serial;             /* hex with colons */
    apr_time_t not_before, not_after;
    const char *key_text;           /* "RSA 2048" */
    apr_array_header_t *key_usage;  /* const char *: "digitalSignature" ... */
    apr_array_header_t *ext_key_usage;
    const char *email, *policy, *org_oid;
    const char *subject_type;       /* of the directory attributes (profile.md): OID of the class, or NULL */
    const char *rank;               /* "primary", "secondary": of a card's certificates, or NULL */
    const char *signature_algorithm;
    const char *sha1, *sha256;      /* fingerprints, hex with colons */
    const char *ski, *aki;
    apr_array_header_t *crl_urls, *ocsp_urls, *issuer_urls;
} xca_cert_view_t;

/* Error: "certificate.unreadable". */
xca_error_t *xca_cert_view(xca_cert_view_t **view, xca_bytes_t der, apr_pool_t *pool) XCA_MUST_USE;

char *xca_cert_pem(apr_pool_t *pool, xca_bytes_t der);

/* The certificates as a degenerate PKCS#7 (RFC 2315 section 9), DER. */
xca_error_t *xca_cert_p7b(xca_bytes_t *p7b, const xca_bytes_t *certificates, int count,
                          apr_pool_t *pool) XCA_MUST_USE;

/* The certificates in such a file: array of xca_bytes_t. Error: "certificate.unreadable". */
xca_error_t *xca_p7b_read(apr_array_header_t **certificates, xca_bytes_t p7b,
                          apr_pool_t *pool) XCA_MUST_USE;

typedef struct xca_crl_view {
    apr_uint64_t number; /* cRLNumber */
    int entries;
    apr_time_t this_update, next_update;
} xca_crl_view_t;

/* A complete list, DER, that `issuer` (a certificate) signed. Errors: "crl.unreadable" (also without cRLNumber or
 * nextUpdate, RFC 5280 section 5), "crl.not-of-issuer". */
xca_error_t *xca_crl_view(xca_crl_view_t *view, xca_bytes_t der, xca_bytes_t issuer,
                          apr_pool_t *pool) XCA_MUST_USE;

#endif
