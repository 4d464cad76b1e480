/* CMS SignedData (RFC 5652) over an officer's statement. */
#ifndef XCA_OUTSIDE_CRYPTO_CMS_H
#define XCA_OUTSIDE_CRYPTO_CMS_H

#include "outside/crypto.h"

#define XCA_CMS_MAX 65536 /* bytes of a SignedData */

/* Signs `content` (attached, SHA-256, signed attributes with signing time, the signer's certificate
 * included). Result: DER. */
xca_error_t *xca_cms_sign(xca_bytes_t *cms, const void *content, apr_size_t length, const xca_key_t *key,
                          xca_bytes_t certificate, apr_pool_t *pool) XCA_MUST_USE;

/* Verifies: exactly one SignerInfo, digest SHA-256/384/512, made by exactly `certificate` (the officer's,
 * from the directory), which chains to `anchor` (the officer CA), is valid at `when` and has
 * digitalSignature. Gives the content. The content's `*length` is at most `limit`.
 * Errors (XCA_E_DENIED): "cms.malformed", "cms.signer", "cms.signature", "cms.certificate". */
xca_error_t *xca_cms_verify(const char **content, apr_size_t *length, xca_bytes_t cms,
                            xca_bytes_t certificate, xca_bytes_t anchor, apr_time_t when,
                            apr_size_t limit, apr_pool_t *pool) XCA_MUST_USE;

/* Reads the content without verifying anything, to learn who claims to have signed. */
xca_error_t *xca_cms_content(const char **content, apr_size_t *length, xca_bytes_t cms,
                             apr_size_t limit, apr_pool_t *pool) XCA_MUST_USE;

/* Whether a certificate could sign such a thing: under the anchor, valid at `when`, with digitalSignature. Error: "cms.certificate". */
xca_error_t *xca_cms_may_sign(xca_bytes_t certificate, xca_bytes_t anchor, apr_time_t when, apr_pool_t *pool) XCA_MUST_USE;

/* The one certificate that came along and that the one SignerInfo names, DER: who claims to have signed. Nothing is verified.
 * Errors: "cms.malformed", "cms.signer". */
xca_error_t *xca_cms_certificate(xca_bytes_t *certificate, xca_bytes_t cms, apr_size_t limit,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* The certificate by which the officer who made the SignedData wants to be written to: the one that its signed attributes name
 * (SMIMEEncryptionKeyPreference, RFC 8551 section 2.5.3) and that came along, if it is of the same subject, chains to `anchor`, is valid at
 * `when` and may encrypt; else `certificate`, by which xca_cms_verify() has found it made. */
xca_bytes_t xca_cms_encryption_certificate(xca_bytes_t cms, xca_bytes_t certificate, xca_bytes_t anchor, apr_time_t when,
                                           apr_size_t limit, apr_pool_t *pool);

/* Encrypts `content` for the holder of `certificate` (RFC 5083 AuthEnvelopedData with AES-256-GCM; RSA keys by OAEP with
 * SHA-256, RFC 8017; EC keys by ECDH, RFC 5753). Result: DER. */
xca_error_t *xca_cms_envelop(xca_bytes_t *cms, const void *content, apr_size_t length, xca_bytes_t certificate,
                             apr_pool_t *pool) XCA_MUST_USE;

/* Opens such an envelope of at most XCA_CMS_MAX bytes. Errors (XCA_E_DENIED): "cms.malformed", "cms.not-for-key". */
xca_error_t *xca_cms_envelope_open(xca_secret_t **content, xca_bytes_t cms, const xca_key_t *key,
                                   xca_bytes_t certificate, apr_pool_t *pool) XCA_MUST_USE;

#endif
