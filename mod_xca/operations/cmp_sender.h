/* Who has sent a CMP message: the portal asks before it does anything, and the signer again where a message is evidence. */
#ifndef XCA_OPERATIONS_CMP_SENDER_H
#define XCA_OPERATIONS_CMP_SENDER_H

#include "operations/office.h"
#include "outside/crypto_cmp.h"

typedef struct xca_cmp_sender {
    const xca_cert_t *cert; /* valid, without a card */
    const xca_case_t *kase; /* that it was issued for */
} xca_cmp_sender_t;

/* The certificate that protects the message: the first of extraCerts, as the directory has it byte for byte, valid now, and its key has signed.
 * Errors: XCA_E_DENIED "cmp.unsigned", "cmp.sender" (none of ours), "cmp.sender-revoked" (or suspended, or not accepted), "cmp.sender-expired", "cmp.sender-use" (not for
 * signatures),
 * "enrol.card", "cmp.protection". */
xca_error_t *xca_cmp_sender(xca_cmp_sender_t *sender, xca_office_t *office, const xca_cmp_message_t *message, apr_time_t now,
                            apr_pool_t *pool) XCA_MUST_USE;

#endif
