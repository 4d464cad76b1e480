/* ou=certificates by the day of their end, and what is kept of the notices before it. Only the signer writes. */
#ifndef XCA_DIRECTORY_EXPIRY_STORE_H
#define XCA_DIRECTORY_EXPIRY_STORE_H

#include "directory/store.h"
#include "domain/certificate.h"

/* The serial numbers (const char *, in order) of those whose last day of validity in Taiwan is `day` ("2031-11-24"), published and not
 * revoked: one a card (its signature certificate) and every one without a card; of `class` unless it is XCA_CLASS_NONE. */
xca_error_t *xca_cert_expiring(apr_array_header_t **serials, xca_store_t *store, const char *day, xca_class class,
                               apr_pool_t *pool) XCA_MUST_USE;

/* Those of these serial numbers (const char *): xca_cert_t * at the same places, NULL for one that is not there. A day can have hundreds
 * of ends and a page shows fifty: only these are read whole. */
xca_error_t *xca_cert_read_these(apr_array_header_t **certs, xca_store_t *store, const apr_array_header_t *serials,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Those whose last day it is, one a card likewise, valid or suspended, of all classes, that had no notice yet of `stage` days before the
 * end or less: xca_cert_t * by serial number, at most `limit`. */
xca_error_t *xca_cert_unnoticed(apr_array_header_t **certs, xca_store_t *store, const char *day, int stage, int limit,
                                apr_pool_t *pool) XCA_MUST_USE;

/* Records that the notice of `stage` was dealt with; that the contact wants the last notice only; the day of a certificate
 * that was recorded without it. */
xca_error_t *xca_cert_noticed(xca_store_t *store, const char *serial, int stage, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_cert_notices(xca_store_t *store, const char *serial, int off, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_cert_put_day(xca_store_t *store, const char *serial, const char *day, apr_pool_t *pool) XCA_MUST_USE;

#endif
