/* What a key ceremony checks: the certificate that an authority above made for our CA, and a list that the root made before. */
#ifndef XCA_OUTSIDE_CRYPTO_CEREMONY_H
#define XCA_OUTSIDE_CRYPTO_CEREMONY_H

#include <apr_tables.h>
#include "outside/crypto_ca.h"

/* Whether `certificate` can be the CA's: its subject is `dn` (RFC 4514), it leads over `chain` (at least one; the last is a
 * self-signed root) to that root by RFC 5280 section 6 at `now`, strictly, and is good until `needed_until` and longer. What it
 * says is the lint's matter (crypto_lint_rules.h), whose key it has xca_ca_open()'s. Errors, all XCA_E_INVALID:
 * "certificate.unreadable", "ca.install.name" (arg: its subject), "ca.install.no-root", "ca.install.chain" (arg: OpenSSL's
 * reason), "ca.install.too-short" (arg: its last day). */
xca_error_t *xca_ca_candidate_check(xca_bytes_t certificate, const xca_bytes_t *chain, int chain_length,
                                    const char *dn, apr_time_t now, apr_time_t needed_until, apr_pool_t *pool) XCA_MUST_USE;

/* Whether two certificates are of one key; 0 also if one cannot be read. */
int xca_cert_same_key(xca_bytes_t a, xca_bytes_t b, apr_pool_t *pool);

/* The entries of a complete list (array of xca_crl_entry_t), at most 10,000. Check the list with xca_crl_view() before.
 * Error: "crl.unreadable". */
xca_error_t *xca_crl_entries(apr_array_header_t **entries, xca_bytes_t der, apr_pool_t *pool) XCA_MUST_USE;

#endif
