/* The signer certifies keys that the portal's servers make: of OCSP responders, and of who signs CMP messages. Days at a time, by these profiles alone. */
#ifndef XCA_OPERATIONS_SIGNER_RESPONDER_H
#define XCA_OPERATIONS_SIGNER_RESPONDER_H

#include "operations/signer.h"

#define XCA_RESPONDERS_AN_HOUR 60 /* of each kind; a broken-in portal gets no more */

/* Answers a request of XCA_REQUEST_RESPONDER or XCA_REQUEST_CMP_SIGNER, which the directory takes from the portal's identity only: a PKCS#10 request that proves the
 * possession of a P-256 or (of a responder) RSA-2048 key. Denied: "responder.off" (no "ocsp-url" in the settings), "csr.*", "responder.key" (another kind of key),
 * "responder.too-many", "responder.generation" (the CA has no such key, or does not use it any more). */
xca_error_t *xca_signer_responder(xca_signer_t *signer, xca_request_t *request, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
