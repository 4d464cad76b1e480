/* The signer's lists: what is revoked is kept in memory (operations/revoked.h), followed by Content Sync, so that a change costs a pass
 * over the array and not a walk through the directory. A scope's lists (domain/crl.h) are made when one of its certificates has
 * changed, and on schedule when half of their life is over; a complete list and its delta have one number, and are one write.
 * xca_signer_lists() in signer.h does it all.
 *
 * The base of a delta is the list on schedule before the last one: whoever has a complete list that is half a life old can go on
 * with it. What leaves a list because it has expired leaves on schedule only, when it was on such a list after its expiry
 * (RFC 5280 section 3.3). Everything is worked out from what certificates and lists record, nothing is remembered: a signer that was
 * stopped anywhere makes the same lists.
 *
 * Each key that the CA has had signs lists of what it issued, all of them, until the last certificate has expired. */
#ifndef XCA_OPERATIONS_SIGNER_LISTS_H
#define XCA_OPERATIONS_SIGNER_LISTS_H

#include "operations/signer.h"

/* `changed` was written just now: the next lists wait until Content Sync has told of it. */
void xca_signer_list_expect(xca_signer_t *signer, const xca_cert_t *changed, apr_pool_t *pool);

/* Forgets all, and ends the Content Sync: one that nobody reads any more would hold a thread of slapd as long as slapd's patience
 * lasts. The next lists begin anew. */
void xca_signer_lists_stop(xca_signer_t *signer);

#endif
