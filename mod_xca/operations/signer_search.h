/* Search keys for certificates that were recorded before there were any (directory/search_store.h). */
#ifndef XCA_OPERATIONS_SIGNER_SEARCH_H
#define XCA_OPERATIONS_SIGNER_SEARCH_H

#include "operations/signer.h"

/* Goes on filling them in for at most ten seconds; does nothing once all have theirs. Asked at every sweep. */
xca_error_t *xca_signer_search_keys(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
