/* Signatures of answers that may be given again (RFC 5019 section 2: without a nonce, pre-produced), in memory that processes share. Any
 * of them reads and writes, and none waits: each place has a counter that is odd while someone writes; who finds it odd or changed does
 * without. Two neighbouring places hold the last two of the answers that fall on them (with one, 4 of 100 answers that are asked for
 * again and again would push each other out when 10,000 are kept in 262,144 places; so it is 1 of 1,000). Each stands with all that it
 * was made of: an answer that would be made of something else (another state, another certificate of the signer) does not find it. 320
 * bytes a place. */
#ifndef XCA_DOMAIN_STATUS_CACHE_H
#define XCA_DOMAIN_STATUS_CACHE_H

#include "domain/status_table.h"

#define XCA_STATUS_SIGNATURE_MAX 256 /* bytes: RSA-2048; ECDSA with P-256 takes 72 at most */

typedef struct xca_status_cache xca_status_cache_t;

/* What an answer is made of. */
typedef struct xca_status_answer {
    xca_bytes_t serial;  /* content of the INTEGER, at most 17 bytes; longer ones are not kept */
    int form;            /* in which words which key of the CA was named, from 1 to 255 */
    xca_status_t status;
    apr_uint64_t signer; /* version of its certificate */
} xca_status_answer_t;

/* When it was made. */
typedef struct xca_status_made {
    apr_time_t produced, this_update; /* whole seconds */
    apr_size_t length;
    unsigned char signature[XCA_STATUS_SIGNATURE_MAX];
} xca_status_made_t;

/* Bytes that a cache of `places` needs, a power of two and two at least. */
apr_size_t xca_status_cache_size(apr_size_t places);
/* Makes one in zeroed memory, aligned to a page. */
xca_status_cache_t *xca_status_cache_make(void *memory, apr_size_t places);

/* Non-zero if the answer was made before; then *made tells. */
int xca_status_cache_get(xca_status_made_t *made, const xca_status_cache_t *cache, const xca_status_answer_t *answer);
/* Keeps it, unless someone else is writing there. */
void xca_status_cache_put(xca_status_cache_t *cache, const xca_status_answer_t *answer, const xca_status_made_t *made);

#endif
