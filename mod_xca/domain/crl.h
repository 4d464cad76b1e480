/* Which revocation list a certificate is on. Every list has a scope (RFC 5280 section 5): all certificates ("full"), those of a
 * partition ("32-7": partition 7 of 32), or those that name no partition ("rest"). A certificate's partition is a function of
 * its serial number and of how many partitions there were when it was issued, which its entry records: it never changes.
 *
 * A CA that has changed its key keeps its name, so it is the key that tells issuers apart (RFC 5280 section 4.2.1.1): each key, a
 * generation, has lists of its own, which it signs, and they are found at addresses of their own ("g1-full", "g1-32-7"). */
#ifndef XCA_DOMAIN_CRL_H
#define XCA_DOMAIN_CRL_H

#include <apr_pools.h>

/* No list is larger, in bytes: 204,000 entries with a reason (49 bytes each). */
#define XCA_CRL_BYTES_MAX 10000000

#define XCA_CRL_PARTITIONS_MAX 1024

/* Keys that a CA can have had. They are counted from 0, the first one, whose lists have names without a number. */
#define XCA_GENERATIONS_MAX 8

typedef enum { XCA_CRL_FULL, XCA_CRL_REST, XCA_CRL_PARTITION } xca_crl_kind;

typedef struct xca_crl_scope {
    xca_crl_kind kind;
    int parts, part; /* of a partition */
    int generation;  /* of the certificates, and of the key that signs the list */
} xca_crl_scope_t;

/* The partition of a serial number (its bytes) among `parts`; -1 if it is none of those that this CA gives out (16 bytes, the first
 * one 0x40 to 0x7f). The partitions are ranges: the leading 14 random bits, so that all are equally large. */
int xca_crl_part(const unsigned char *serial, apr_size_t length, int parts);

/* The smallest serial of the partition: its leading two bytes, 0x4000 to 0x8000 (what is behind the last one). */
int xca_crl_part_begins(int part, int parts);

/* "full", "rest", "32-7"; of a later generation "g1-full", "g1-rest", "g1-32-7". */
const char *xca_crl_scope_name(const xca_crl_scope_t *scope, apr_pool_t *pool);

/* The scope of such a name, exactly as it is written there; 0 if it is none. */
int xca_crl_scope_parse(xca_crl_scope_t *scope, const char *name);

/* Where the list (or its delta) is fetched: beside `crl_url`, the address that certificates without a partition name:
 * ".../xca.crl" has ".../crl/32-7.crl" and ".../crl/32-7-delta.crl" beside it; the rest's list stands at crl_url itself, that of a
 * later generation at ".../crl/g1.crl", where the full one of that generation is found too. */
const char *xca_crl_url(const char *crl_url, const xca_crl_scope_t *scope, int delta, apr_pool_t *pool);

#endif
