/* Reading the public log, for the portal's page: nothing here is verified, readers do that themselves (tools/log/verify.py). */
#ifndef XCA_OPERATIONS_PUBLIC_LOG_READ_H
#define XCA_OPERATIONS_PUBLIC_LOG_READ_H

#include "directory/log_store.h"
#include "wire/public_log.h"

/* The head's fields. "log.not-found": there is none yet; XCA_E_INTERNAL "log.broken": it is none. `part` (may be NULL): as it is kept. */
xca_error_t *xca_log_head_get(xca_log_head_t *head, xca_log_part_t **part, xca_store_t *store, apr_pool_t *pool) XCA_MUST_USE;

/* The leaves (xca_log_leaf_t *) of part `number` below `size`, by index; an unreadable one ends them. "log.not-found". */
xca_error_t *xca_log_leaves(apr_array_header_t **leaves, xca_store_t *store, apr_int64_t number, apr_int64_t size,
                            apr_pool_t *pool) XCA_MUST_USE;

/* The leaves below `size` that tell of the certificate of this serial number, by index; none as long as its number is not public. */
xca_error_t *xca_log_find(apr_array_header_t **leaves, xca_store_t *store, const char *serial, apr_int64_t size,
                          apr_pool_t *pool) XCA_MUST_USE;

/* *has: non-zero if xca_log_find() would find leaves below the present head; no leaf is read for it. */
xca_error_t *xca_log_has(int *has, xca_store_t *store, const char *serial, apr_pool_t *pool) XCA_MUST_USE;

/* Compares the public log with the audit log, which only its auditors can: each leaf is just what its entry gives, none is missing and
 * none too much, as far as the head goes. *checked: leaves that are right; *bad: index of the first that is not, -1: none. */
xca_error_t *xca_log_check(apr_int64_t *checked, apr_int64_t *bad, xca_store_t *store, apr_pool_t *pool) XCA_MUST_USE;

#endif
