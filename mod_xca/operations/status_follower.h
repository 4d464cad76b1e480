/* Keeps the status table: follows all certificates by Content Sync (RFC 4533) with the portal's identity, and has the responder's key
 * certified. One a host, in a process of its own that the server starts; the server's other processes only read. It can be killed at any
 * moment: the next one goes on in the same memory. */
#ifndef XCA_OPERATIONS_STATUS_FOLLOWER_H
#define XCA_OPERATIONS_STATUS_FOLLOWER_H

#include "operations/ocsp.h"
#include "outside/ldap.h"

typedef struct xca_status_follower xca_status_follower_t;

/* Nothing connects yet. `directory`: the portal's; must stay, as `ocsp` must. `shrink`: what gives memory back (status_table.h), or NULL. */
xca_error_t *xca_status_follower_make(xca_status_follower_t **follower, const xca_ocsp_t *ocsp,
                                      const xca_ldap_config_t *directory, xca_status_shrink *shrink,
                                      apr_pool_t *pool) XCA_MUST_USE;

/* Works for about half a second at most: takes what has changed, asks the directory for a sign of life, sees to the certificate. Faults are
 * logged, and taken up again by the next call. */
void xca_status_follower_step(xca_status_follower_t *follower);

#endif
