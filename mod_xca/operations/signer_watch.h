/* What the signer logs of others: events that they file, and officers and windows as it finds them, whoever has written them. */
#ifndef XCA_OPERATIONS_SIGNER_WATCH_H
#define XCA_OPERATIONS_SIGNER_WATCH_H

#include "operations/signer.h"

/* Takes one filed event over into the log, and removes it. One that is of no kind its source may report is dropped. */
xca_error_t *xca_signer_event(xca_signer_t *signer, const char *id, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Logs the officer's rights if they are not those that the log has: before anything counts that rests on them. */
xca_error_t *xca_signer_officer_seen(xca_signer_t *signer, const xca_officer_t *officer, apr_time_t now,
                                     apr_pool_t *pool) XCA_MUST_USE;

/* The same for all officers and windows, with those that are gone. */
xca_error_t *xca_signer_people(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
