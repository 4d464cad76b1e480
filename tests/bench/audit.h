/* The audit log in great number. */
#ifndef BENCH_AUDIT_H
#define BENCH_AUDIT_H

#include "operations/audit.h"
#include "base/settings.h"

/* Jobs; what they print is milliseconds.
 *   "make"    writes an audit log of `count` entries into `path` as LDIF for slapadd, each signed and chained
 *   "append"  of an entry that the signer appends, the mean of `count`
 *   "peer"    of `count` hashes and signature checks of such an entry, without a directory
 *   "grow"    until the public log has taken in all of the audit log; `count` is not used */
xca_error_t *bench_audit(const xca_settings_t *settings, const char *job, long count, const char *path, apr_pool_t *pool);

#endif
