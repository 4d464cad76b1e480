/* ou=transactions: what a device (CMP, RFC 4210 section 5.1.1) has begun and comes back for: any front end takes it up, also after a restart. Added for
 * senders alone that were recognised, a few a certificate; the signer removes old ones. */
#ifndef XCA_DIRECTORY_TRANSACTION_STORE_H
#define XCA_DIRECTORY_TRANSACTION_STORE_H

#include "directory/store.h"

#define XCA_TRANSACTIONS_EACH 8 /* of one certificate; another one ends the oldest */

typedef struct xca_transaction {
    const char *id;     /* SHA-256 of the sender's certificate and transactionID, hex */
    const char *serial; /* of the sender's certificate */
    xca_bytes_t first;  /* the message that began it */
    const char *nonce;  /* of our last message, hex */
    apr_time_t began, seen;
} xca_transaction_t;

/* Adds it, and ends the oldest of this certificate where there are too many. XCA_E_CONFLICT "ldap.exists" if it is there. */
xca_error_t *xca_transaction_add(xca_store_t *store, const xca_transaction_t *transaction, apr_pool_t *pool) XCA_MUST_USE;

/* *transaction is NULL if there is none. */
xca_error_t *xca_transaction_read(xca_transaction_t **transaction, xca_store_t *store, const char *id, apr_pool_t *pool) XCA_MUST_USE;

/* Our last message is another one now: compare-and-swap, XCA_E_CONFLICT "transaction.changed" if another front end was faster. */
xca_error_t *xca_transaction_move(xca_store_t *store, const xca_transaction_t *transaction, const char *nonce, apr_time_t now,
                                  apr_pool_t *pool) XCA_MUST_USE;

/* None of this id is no error. */
xca_error_t *xca_transaction_end(xca_store_t *store, const char *id, apr_pool_t *pool) XCA_MUST_USE;

/* Removes those not seen since `before` (the signer's housekeeping). */
xca_error_t *xca_transaction_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) XCA_MUST_USE;

#endif
