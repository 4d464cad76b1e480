/* ou=sources: addresses from which wrong user codes came. They are told by a keyed hash: the directory holds nobody's
 * address. */
#ifndef XCA_DIRECTORY_SOURCE_STORE_H
#define XCA_DIRECTORY_SOURCE_STORE_H

#include "directory/store.h"

/* Until when the source (hex) is locked, 0 if it is not. */
xca_error_t *xca_source_locked(apr_time_t *until, xca_store_t *store, const char *source,
                               apr_pool_t *pool) XCA_MUST_USE;

/* Counts one wrong code; *tries gets the count since the first one within `window`. */
xca_error_t *xca_source_wrong(int *tries, xca_store_t *store, const char *source, apr_time_t now,
                              apr_interval_time_t window, apr_pool_t *pool) XCA_MUST_USE;

/* Locks the source; counting starts again when the lock is over. */
xca_error_t *xca_source_lock(xca_store_t *store, const char *source, apr_time_t until,
                             apr_pool_t *pool) XCA_MUST_USE;

/* Removes those whose count began before `before` (the signer's housekeeping). */
xca_error_t *xca_source_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) XCA_MUST_USE;

#endif
