/* What the repository and the home page show of the directory, kept in the process for a moment, so that not every visitor
 * costs a read. When the directory is away, what is known stays good: the list until its nextUpdate. */
#ifndef XCA_PORTAL_REPOSITORY_H
#define XCA_PORTAL_REPOSITORY_H

#include "directory/crl_store.h"
#include "domain/crl.h"
#include "operations/office.h"

typedef struct xca_repository xca_repository_t;

typedef struct xca_repository_state {
    xca_bytes_t certificate, chain; /* length 0: not published yet */
    apr_array_header_t *certificates; /* xca_bytes_t: of the keys that the CA has had, that one first */
    const char *certificate_etag, *chain_etag;
    apr_array_header_t *lists;      /* xca_crl_record_t *, without the lists themselves: full or rest, then partitions in order, root */
    const xca_crl_record_t *crl;    /* of them the present key's, which certificates without a partition name; NULL: none yet */
    const xca_crl_record_t *crls[XCA_GENERATIONS_MAX]; /* likewise of each key */
    const xca_crl_record_t *root_crl; /* of the CA above, or NULL */
    apr_time_t signer_alive;        /* 0: it never ran */
} xca_repository_state_t;

/* A list with its bytes. */
typedef struct xca_repository_list {
    xca_bytes_t der;
    const char *etag;
    apr_uint64_t number;
    apr_time_t this_update, next_update;
} xca_repository_list_t;

/* Made once a process. */
xca_error_t *xca_repository_make(xca_repository_t **repository, apr_pool_t *pool) XCA_MUST_USE;

/* The state, at most a second old; it stays as it is until `pool` goes. Directory faults if nothing is known. */
xca_error_t *xca_repository_get(const xca_repository_state_t **state, xca_repository_t *repository,
                                xca_store_t *store, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The complete list or the delta of this name (domain/crl.h, and "root"), at most a second old; it stays until `pool` goes. Each is
 * fetched when it is first asked for, and kept until another one is published. "crl.not-found" */
xca_error_t *xca_repository_list(const xca_repository_list_t **list, xca_repository_t *repository, xca_store_t *store,
                                 const char *name, int delta, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero if the last try to read the directory failed: what is shown is what was known before. */
int xca_repository_directory_is_away(xca_repository_t *repository);

/* Non-zero if the signer gave no sign of life for XCA_SIGNER_SILENT. */
int xca_repository_signer_is_silent(const xca_repository_state_t *state, apr_time_t now);

#endif
