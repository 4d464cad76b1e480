/* ou=crl: one leaf entry a scope (domain/crl.h: "full", "rest", "32-7", "g1-full"), with the complete list and its delta, so that both change
 * in one step; "root" has the list of the CA above. The full one stands in the CA's own entry too. Only the signer writes here. */
#ifndef XCA_DIRECTORY_CRL_STORE_H
#define XCA_DIRECTORY_CRL_STORE_H

#include "directory/store.h"

typedef struct xca_crl_record {
    const char *name;
    xca_bytes_t der, delta;  /* length 0: not read, or none */
    apr_uint64_t number;     /* of both */
    apr_time_t this_update, next_update;
    long entries, bytes, delta_entries, delta_bytes;
    apr_uint64_t base_number; /* what the delta starts from */
    apr_time_t base_update;
    apr_uint64_t scheduled_number; /* the last list that was made on schedule, not because of a change: the next base */
    apr_time_t scheduled_update;
    int is_last; /* the key that signed them has no certificate left that they could be about */
} xca_crl_record_t;

/* Writes a scope's lists. `before`: number of those that they replace, 0 if there are none: "crl.changed" (XCA_E_CONFLICT) if
 * another signer was faster, so that lists never go back. */
xca_error_t *xca_crl_put(xca_store_t *store, const xca_crl_record_t *crl, apr_uint64_t before,
                         apr_pool_t *pool) XCA_MUST_USE;

/* The lists in the CA's own entry: one of each key that still signs lists, at least one, the oldest first. */
xca_error_t *xca_crl_put_of_ca(xca_store_t *store, const xca_bytes_t *lists, int count, apr_pool_t *pool) XCA_MUST_USE;

/* Notes that a scope's lists are the last ones; can be repeated. */
xca_error_t *xca_crl_end(xca_store_t *store, const char *name, apr_pool_t *pool) XCA_MUST_USE;

/* One that is not there is no error. */
xca_error_t *xca_crl_remove(xca_store_t *store, const char *name, apr_pool_t *pool) XCA_MUST_USE;

typedef enum { XCA_CRL_HEAD, XCA_CRL_COMPLETE, XCA_CRL_DELTA } xca_crl_what;

/* One scope's: what is known of the lists, and the complete list or the delta. "crl.not-found" */
xca_error_t *xca_crl_read(xca_crl_record_t **crl, xca_store_t *store, const char *name, xca_crl_what what,
                          apr_pool_t *pool) XCA_MUST_USE;

/* All, without the lists themselves; array of xca_crl_record_t *, in no order. */
xca_error_t *xca_crl_heads(apr_array_header_t **heads, xca_store_t *store, apr_pool_t *pool) XCA_MUST_USE;

#endif
