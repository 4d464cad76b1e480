/* ou=certificates by the day of their end, and what is kept of the notices before it. Only the signer writes. */
#ifndef XCA_DIRECTORY_EXPIRY_STORE_H
#define XCA_DIRECTORY_EXPIRY_STORE_H

#include "directory/store.h"
#include "domain/certificate.h"

/* Those whose last day of validity in Taiwan is `day` ("2031-11-24"), not revoked: one a card (its signature certificate) and
 * every one without a card; of `class` unless it is XCA_CLASS_NONE, published only if wanted. By serial number. */
xca_error_t *xca_cert_expiring(apr_array_header_t **certs, xca_store_t *store, const char *day, xca_class class,
                             int published, apr_pool_t *pool) XCA_MUST_USE;

/* The same, valid and suspended ones of all classes that had no notice yet of `stage` days before the end or less; at most
 * `limit`. */
xca_error_t *xca_cert_unnoticed(apr_array_header_t **certs, xca_store_t *store, const char *day, int stage, int limit,
                                apr_pool_t *pool) XCA_MUST_USE;

/* Records that the notice of `stage` was dealt with; that the contact wants the last notice only; the day of a certificate
 * that was recorded without it. */
xca_error_t *xca_cert_noticed(xca_store_t *store, const char *serial, int stage, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_cert_notices(xca_store_t *store, const char *serial, int off, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_cert_put_day(xca_store_t *store, const char *serial, const char *day, apr_pool_t *pool) XCA_MUST_USE;

#endif
