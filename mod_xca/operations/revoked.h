/* What revocation lists are made of, in memory: one sorted array of all certificates that are suspended or revoked, or that were
 * resumed not long ago, 32 bytes each. The signer keeps it by Content Sync (signer_lists.h). */
#ifndef XCA_OPERATIONS_REVOKED_H
#define XCA_OPERATIONS_REVOKED_H

#include "domain/certificate.h"
#include "domain/crl.h"
#include "outside/crypto_ca.h"

/* Reasons beside those of xca_crl_reason and XCA_REASON_REMOVED (resumed: it belongs into deltas). */
#define XCA_REVOKED_HIDDEN 0x7f /* suspended before it was published: on no list */

typedef struct xca_revoked_item {
    unsigned char serial[XCA_SERIAL_MAX];
    unsigned char length;   /* of the serial */
    unsigned char reason;   /* and a mark, which is the set's own */
    unsigned int parts : 11;     /* partitions at the time of issue, 0: it is in none */
    unsigned int generation : 5; /* of the key that has issued it */
    apr_uint32_t when;      /* of the revocation, suspension or resumption, in seconds */
    apr_uint32_t not_after;
} xca_revoked_item_t;

/* Makes an item of a certificate: 0 if it is none that concerns lists (or its serial is no serial). */
int xca_revoked_item(xca_revoked_item_t *item, const xca_cert_t *cert, apr_pool_t *scratch);

/* The partition that the item is in, -1: in none. */
int xca_revoked_part(const xca_revoked_item_t *item);

typedef struct xca_revoked xca_revoked_t;

/* An empty set; its memory goes with the pool. */
xca_revoked_t *xca_revoked_make(apr_pool_t *pool);

/* The certificates are read anew from here on: what is not taken until xca_revoked_read() is dropped then. */
void xca_revoked_reading(xca_revoked_t *set);
void xca_revoked_read(xca_revoked_t *set);

/* Takes the item in, in place of what was known of the serial. *before: what was known, if it is not the same; the return value
 * tells: 0 nothing has changed, 1 it is new, 2 it was another one. */
int xca_revoked_take(xca_revoked_t *set, const xca_revoked_item_t *item, xca_revoked_item_t *before);

/* Takes the serial (hex) out; 0 if it is not there. */
int xca_revoked_drop(xca_revoked_t *set, const char *serial, xca_revoked_item_t *before, apr_pool_t *scratch);

/* What is known of the serial (hex), or NULL. Good until the next change. */
const xca_revoked_item_t *xca_revoked_find(xca_revoked_t *set, const char *serial, apr_pool_t *scratch);

apr_size_t xca_revoked_size(const xca_revoked_t *set);

/* A pass over the items of a scope: what the lists of it say. */
typedef struct xca_revoked_pass {
    const xca_revoked_item_t *at, *end;
    int parts, part; /* parts -1: all; 0: those in no partition */
    unsigned int generation;
    apr_uint32_t expired_before; /* what expired before that is no longer listed */
    int is_delta;
    apr_uint32_t since;  /* deltas: changed then or later */
    apr_time_t latest;   /* what a later clock has recorded is said to have been then; 0: as it is */
} xca_revoked_pass_t;

/* Begins a pass for a complete list, or with `since` for a delta. The set must not change while it goes on. Returns how many entries
 * there can be at most. */
apr_size_t xca_revoked_pass(xca_revoked_pass_t *pass, xca_revoked_t *set, const xca_crl_scope_t *scope,
                            apr_time_t expired_before, int is_delta, apr_time_t since);

/* The xca_crl_next of a pass. */
int xca_revoked_next(void *pass, xca_crl_entry_t *entry);

#endif
