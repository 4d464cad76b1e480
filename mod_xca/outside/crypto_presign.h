/* ECDSA signatures with P-256 for who makes thousands a second: what does not depend on the message (a random k, its inverse, and the
 * first half of the signature: FIPS 186-5 section 6.4.1 steps 2 to 7) is made for a batch at once, while OpenSSL's tables of the curve,
 * 150 KB, are in the processor's cache. For the files outside/crypto*.c alone.
 *
 * A k that signs two messages gives the key away. So each is taken out of the batch before it is used and wiped after; a batch is its
 * process's own (after fork() the child drops its copy); and none is kept: batches are made only while signatures are asked for that use one up
 * within 20 ms, and are dropped when they are half a second old, so that next to nothing of the kind is in a machine's memory when that is copied. Who
 * signs seldom gets a signature that OpenSSL makes whole, whose k also depends on the message and the key. */
#ifndef XCA_OUTSIDE_CRYPTO_PRESIGN_H
#define XCA_OUTSIDE_CRYPTO_PRESIGN_H

#include "outside/crypto.h"

#define XCA_PRESIGN_MAX 72 /* bytes of an ECDSA-Sig-Value with P-256 */

typedef struct xca_presigner xca_presigner_t;

/* `key`: P-256, in this process's memory. Threads may share it. Errors: "crypto.key", "crypto.lock". */
xca_error_t *xca_presigner_make(xca_presigner_t **presigner, const xca_key_t *key, apr_pool_t *pool) XCA_MUST_USE;

/* Signs with SHA-256; `signature` has room for XCA_PRESIGN_MAX. Error: "crypto.sign". */
xca_error_t *xca_presigner_sign(unsigned char *signature, apr_size_t *length, xca_presigner_t *presigner, xca_bytes_t data,
                                apr_pool_t *pool) XCA_MUST_USE;

/* How many are prepared at this moment. */
int xca_presigner_ready(xca_presigner_t *presigner);

#endif
