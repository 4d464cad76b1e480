/* The signer carries out orders (order.h): it alone writes officers and windows, after it has verified the signatures itself. A broken-in web
 * server can therefore not make an officer. */
#ifndef XCA_OPERATIONS_SIGNER_ORDER_H
#define XCA_OPERATIONS_SIGNER_ORDER_H

#include "operations/signer.h"

/* Judges the signatures of one order and, when enough people have signed the same, carries it out. Repeatable. */
xca_error_t *xca_signer_order(xca_signer_t *signer, const char *id, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
