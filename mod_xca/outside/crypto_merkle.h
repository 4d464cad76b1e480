/* Hashes of Merkle trees as RFC 9162 section 2.1.1 defines them, SHA-256. */
#ifndef XCA_OUTSIDE_CRYPTO_MERKLE_H
#define XCA_OUTSIDE_CRYPTO_MERKLE_H

#include <apr.h>

#define XCA_MERKLE_SIZE 32 /* bytes of a hash */

/* HASH(0x00 || data). */
void xca_merkle_leaf(unsigned char hash[XCA_MERKLE_SIZE], const void *data, apr_size_t length);

/* The root over `count` hashes, one after the other in `hashes`: of leaves, or of whole subtrees of one height of which the last
 * may be smaller. None: the hash of nothing. */
void xca_merkle_root(unsigned char root[XCA_MERKLE_SIZE], const unsigned char *hashes, apr_size_t count);

#endif
