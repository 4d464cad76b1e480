/* What binds a sealed user code to its request (HPKE info and aad): the portal seals, the signer opens. */
#ifndef XCA_OPERATIONS_SEALING_H
#define XCA_OPERATIONS_SEALING_H

#include <apr_pools.h>
#include "domain/request.h"

#define XCA_REQUEST_INFO "xca-request-1"

/* Bytes of what is sealed for a request of this kind, at most. */
apr_size_t xca_request_code_max(xca_request_kind kind);

/* The aad: id, kind, serial and card number, so that a code sealed for one request opens no other. */
char *xca_request_binding(apr_pool_t *pool, const char *id, xca_request_kind kind,
                          const char *serial, const char *card_number);

#endif
