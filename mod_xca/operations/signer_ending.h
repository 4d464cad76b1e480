/* The end of certificates whose organisation has changed: abolished, moved under another authority, renamed. The guide (憑證廢止
 * 6) gives two weeks in which the organisation asks for it itself; then the authority does it. */
#ifndef XCA_OPERATIONS_SIGNER_ENDING_H
#define XCA_OPERATIONS_SIGNER_ENDING_H

#include "operations/signer.h"

#define XCA_ENDING_DAYS 14

/* Records for every certificate that the organisation has now that it ends in two weeks, and tells its contact. `why`:
 * "abolished", "moved", "renamed". Again changes nothing: the first day stands. *count: certificates that end. */
xca_error_t *xca_signer_end(int *count, xca_signer_t *signer, const char *oid, const char *why, apr_time_t now,
                            apr_pool_t *pool) XCA_MUST_USE;

/* Revokes those whose day has come. */
xca_error_t *xca_signer_ending_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
