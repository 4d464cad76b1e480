/* Lint: a to-be-signed certificate field by field against profile.md, by code that does not share the
 * builder's: it parses the DER again and compares with the order. */
#ifndef XCA_OUTSIDE_CRYPTO_LINT_H
#define XCA_OUTSIDE_CRYPTO_LINT_H

#include "outside/crypto_ca.h"

/* `der`: a certificate, or its TBSCertificate wrapped with an empty signature. NULL if it is what the
 * order and profile ask for and breaks no rule of crypto_lint_rules.h that is an error; otherwise the list of findings
 * (XCA_E_INTERNAL, "lint.<field>" or "lint.rule.<id>", detail with the clause of RFC 5280 or of profile.md). */
xca_error_t *xca_lint_certificate(xca_bytes_t der, const xca_cert_order_t *order,
                                  const xca_profile_t *profile, xca_bytes_t issuer,
                                  apr_pool_t *pool) XCA_MUST_USE;

/* `tbs`: the TBSCertList of a list, complete or delta, that is to have `count` entries. NULL if it is what the order and RFC 5280
 * section 5 ask for; otherwise the list of findings (XCA_E_INTERNAL, "lint.list-<field>", detail with the clause). */
xca_error_t *xca_lint_list(xca_bytes_t tbs, const xca_list_order_t *order, apr_size_t count, xca_bytes_t issuer,
                           apr_pool_t *pool) XCA_MUST_USE;

#endif
