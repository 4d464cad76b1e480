/* ou=orders: what central officers want changed of officers and windows, and under each order their signatures. Orders are handed in by the
 * portal and carried out by the signer; they stay for ever. */
#ifndef XCA_DIRECTORY_ORDER_STORE_H
#define XCA_DIRECTORY_ORDER_STORE_H

#include "directory/store.h"
#include "domain/review.h"

typedef enum { XCA_ORDER_WAITING, XCA_ORDER_DONE, XCA_ORDER_REFUSED, XCA_ORDER_STATE_COUNT } xca_order_state;

const char *xca_order_state_id(xca_order_state state); /* "waiting", "done", "refused" */

/* One order; what it says is in its signatures alone. */
typedef struct xca_order_entry {
    const char *id;          /* 32 hex digits                                       */
    xca_order_state state;
    xca_bytes_t certificate; /* the new officer's, DER; the signed text has its digest */
    apr_time_t filed, state_changed;
    const char *problem;     /* why it was refused, message id, or NULL             */
} xca_order_entry_t;

/* Adds one that waits; the same id again is no error and changes nothing. */
xca_error_t *xca_order_add(xca_store_t *store, const xca_order_entry_t *order, apr_pool_t *pool) XCA_MUST_USE;

/* "order.not-found". */
xca_error_t *xca_order_read_entry(xca_order_entry_t **order, xca_store_t *store, const char *id, apr_pool_t *pool) XCA_MUST_USE;

/* Those of a state (XCA_ORDER_STATE_COUNT: all), newest first, at most `limit`; array of xca_order_entry_t *. */
xca_error_t *xca_order_list(apr_array_header_t **orders, int *more, xca_store_t *store, xca_order_state state, int limit,
                            apr_pool_t *pool) XCA_MUST_USE;

/* From waiting to `to`, by the signer: "order.changed" (XCA_E_CONFLICT) if it waits no more. */
xca_error_t *xca_order_move(xca_store_t *store, const char *id, xca_order_state to, const char *problem, apr_time_t now,
                            apr_pool_t *pool) XCA_MUST_USE;

/* Signatures under an order: array of xca_decision_t * with id, cms and verdict. */
xca_error_t *xca_order_signatures(apr_array_header_t **signatures, xca_store_t *store, const char *id,
                                  apr_pool_t *pool) XCA_MUST_USE;
/* Adds (signature_id is the SHA-256 of cms, hex); the same one again is no error. */
xca_error_t *xca_order_sign(xca_store_t *store, const char *id, const char *signature_id, xca_bytes_t cms,
                            apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_order_verdict(xca_store_t *store, const char *id, const char *signature_id, const char *verdict,
                               apr_pool_t *pool) XCA_MUST_USE;

#endif
