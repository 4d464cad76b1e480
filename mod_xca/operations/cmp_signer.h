/* The key that signs the portal's CMP messages: made by httpd's parent, one for all its processes, and certified by the signer for days. Each process asks
 * for a certificate of its own when it first needs one. */
#ifndef XCA_OPERATIONS_CMP_SIGNER_H
#define XCA_OPERATIONS_CMP_SIGNER_H

#include "operations/office.h"
#include "outside/crypto_cmp.h"

typedef struct xca_cmp_signer xca_cmp_signer_t;

/* In the parent: makes the key, reads the certificates of the CA's newest key and of those above it (generation.h). Errors: of the settings and files, "crypto.key". */
xca_error_t *xca_cmp_signer_make(xca_cmp_signer_t **signer, const xca_settings_t *settings, apr_pool_t *pool) XCA_MUST_USE;

/* In a child. Error: XCA_E_INTERNAL "cmp.mutex". */
xca_error_t *xca_cmp_signer_child(xca_cmp_signer_t *signer, apr_pool_t *child_pool) XCA_MUST_USE;

/* Fills in ours: key, chain, and the certificate; with `wait` it is asked for where there is none that is good now, or half of its life is over, at most
 * that long; with 0 it may be of length 0. Thread-safe. Errors: XCA_E_UNAVAILABLE "cmp.no-signer"; of the directory. */
xca_error_t *xca_cmp_signer_take(xca_cmp_exchange_t *ours, xca_cmp_signer_t *signer, xca_office_t *office, apr_interval_time_t wait,
                                 apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
