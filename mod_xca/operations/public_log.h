/* The public log of everything issued and revoked: a view of the audit log that proves itself. Each entry of the audit log that
 * issues a certificate or changes the state of one is a leaf of a Merkle tree (RFC 9162), without what is not public; the audit log's key signs the
 * tree's head. Who has kept an old head can prove that nothing was removed or changed since. tools/log/README.md.
 * The leaves follow from the audit log and nothing else, so that whatever was cut short is done again with the same outcome. */
#ifndef XCA_OPERATIONS_PUBLIC_LOG_H
#define XCA_OPERATIONS_PUBLIC_LOG_H

#include "directory/log_store.h"
#include "operations/audit.h"
#include "wire/public_log.h"

/* Whether the entry is one that the public log tells of. */
int xca_log_tells(const xca_audit_entry_t *entry);

/* Whether its leaf says which certificate it is about: from the acceptance on. */
int xca_log_names(const xca_audit_entry_t *entry);

/* Its leaf as text of at most XCA_LOG_LEAF_MAX bytes. Error: XCA_E_INTERNAL "log.broken" for an entry that gives none. */
xca_error_t *xca_log_leaf_text(xca_bytes_t *text, const xca_audit_entry_t *entry, apr_int64_t index,
                               apr_pool_t *pool) XCA_MUST_USE;

/* Writing: the signer's alone. Nothing is read yet. `key` is the audit log's, which the CA certifies that `audit` trusts. */
typedef struct xca_public_log xca_public_log_t;
xca_public_log_t *xca_public_log_make(xca_store_t *store, xca_audit_t *audit, const xca_key_t *key, apr_pool_t *pool);

/* Takes in what the audit log has more, a bounded piece of it, and signs a new head: when there are more leaves, and once an hour. *more:
 * there is more to take in. Errors: those of the directory; XCA_E_INTERNAL "log.broken": what is there is not what this signer has
 * written, or the audit log is not in order; nothing is published then. After an error all is read anew. */
xca_error_t *xca_public_log_grow(int *more, xca_public_log_t *log, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
