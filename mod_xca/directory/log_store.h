/* ou=log: the public log, in parts that are read whole: "head" (the signed head), "entries-N" (leaves 256 N to 256 N + 255, each
 * followed by an empty line) and "tile-L-N" (up to 256 hashes of 32 bytes: of leaves where L is 0, of whole tiles of the level below
 * otherwise). A part with fewer than 256 of them grows. Only the signer writes; everyone reads. */
#ifndef XCA_DIRECTORY_LOG_STORE_H
#define XCA_DIRECTORY_LOG_STORE_H

#include "directory/store.h"

#define XCA_LOG_TILE 256 /* hashes of a tile, leaves of a part */

typedef struct xca_log_part {
    xca_bytes_t data;
    apr_int64_t number;      /* of "entries-N": the entry of the audit log that its first leaf is about; of the head: the size */
    xca_bytes_t signature, certificate; /* of the head: of its data, and the certificate of the key that has signed it */
} xca_log_part_t;

/* "entries-7", "tile-1-0". */
char *xca_log_entries_name(apr_int64_t number, apr_pool_t *pool);
char *xca_log_tile_name(int level, apr_int64_t number, apr_pool_t *pool);

/* Writes a part, whatever was there. */
xca_error_t *xca_log_put(xca_store_t *store, const char *name, const xca_log_part_t *part, apr_pool_t *pool) XCA_MUST_USE;

/* Puts a head in place of one of the size `from` (-1: of none). "ldap.changed", "ldap.exists": someone was faster. */
xca_error_t *xca_log_head_put(xca_store_t *store, const xca_log_part_t *head, apr_int64_t from, apr_pool_t *pool) XCA_MUST_USE;

/* "log.not-found". With `number_only` the data is not fetched. */
xca_error_t *xca_log_get(xca_log_part_t **part, xca_store_t *store, const char *name, int number_only,
                         apr_pool_t *pool) XCA_MUST_USE;

#endif
