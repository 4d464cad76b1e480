/* What the portal does for cards: it carries messages that it cannot read or change to the signer, and replies back. */
#ifndef XCA_OPERATIONS_CARD_RELAY_H
#define XCA_OPERATIONS_CARD_RELAY_H

#include "operations/office.h"

/* The nonce that an envelope (wire/card_message.h) or an operator's SignedData carries: the id of its request; and whether it brings
 * a user code. Nothing is verified: the signer judges. Error: XCA_E_INVALID "card.malformed". */
xca_error_t *xca_card_relay_read(const char **nonce, int *brings_code, xca_bytes_t message,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Records the message for the signer; with a nonce that was used before, nothing. */
xca_error_t *xca_card_relay_hand_in(xca_office_t *office, const char *nonce, xca_bytes_t message,
                                    apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The request of a message with this nonce. Error: "request.not-found". */
xca_error_t *xca_card_relay_find(xca_request_t **request, xca_office_t *office, const char *nonce,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* What a helper needs to begin: the sealing key as the CA has signed it, and the chain as PKCS#7. Error: XCA_E_UNAVAILABLE
 * "signer.never-ran". */
xca_error_t *xca_card_relay_session(const char **seal_key_proof, xca_bytes_t *chain, xca_office_t *office,
                                    apr_pool_t *pool) XCA_MUST_USE;

#endif
