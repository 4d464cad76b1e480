/* The signer keeps ou=statistics: it follows all certificates by Content Sync, counts them in memory and writes the counts
 * that have changed. Nothing is counted up in the directory, so that a stop at any moment does no harm: the next start
 * counts anew and writes what differs. */
#ifndef XCA_OPERATIONS_SIGNER_STATISTICS_H
#define XCA_OPERATIONS_SIGNER_STATISTICS_H

#include "operations/signer.h"

typedef struct xca_follower xca_follower_t;

/* Made once; nothing connects yet. `config` is the signer's directory and must stay. */
xca_follower_t *xca_follower_make(xca_signer_t *signer, const xca_ldap_config_t *config, apr_pool_t *pool);

/* Takes what has changed of certificates since the last call, without waiting; begins to follow if it does not yet, or again
 * after a fault. While all of them are read first, it works for a tenth of a second a call. */
xca_error_t *xca_follower_poll(xca_follower_t *follower, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero until all certificates have been seen once. */
int xca_follower_is_reading(const xca_follower_t *follower);

/* Writes the counts that have changed; nothing before all certificates have been seen. With `compare` all are compared with
 * what the directory has: at the first time, and now and then. */
xca_error_t *xca_follower_write(xca_follower_t *follower, int compare, apr_time_t now,
                                apr_pool_t *pool) XCA_MUST_USE;

/* Without following: counts all certificates once and writes what differs. */
xca_error_t *xca_signer_statistics(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
