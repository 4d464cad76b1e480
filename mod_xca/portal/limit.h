/* How often one address may ask: a fixed table, so that no number of addresses fills memory. Processes that are forked after it was made
 * share it, without a lock. */
#ifndef XCA_PORTAL_LIMIT_H
#define XCA_PORTAL_LIMIT_H

#include <apr_time.h>
#include "base/error.h"

typedef struct xca_limit xca_limit_t;

/* At most `most` takes within `window` (at least a second) for each source. Error: "portal.start". */
xca_error_t *xca_limit_make(xca_limit_t **limit, int most, apr_interval_time_t window,
                            apr_pool_t *pool) XCA_MUST_USE;

/* What stands for an address in a limit: of IPv6 its /64 network, all of which one visitor has; otherwise the address itself.
 * `address` may be NULL: "". In `pool`, or `address`. */
const char *xca_limit_source(const char *address, apr_pool_t *pool);

/* Counts one; 0 if it is one too many. `source`: as xca_limit_source() gives it, or a name. Sources that fall on one place of the
 * table share it. Thread-safe. */
int xca_limit_take(xca_limit_t *limit, const char *source, apr_time_t now);

#endif
