/* Who has sent a CMP message: the portal asks before it does anything, and the signer again where a message is evidence. */
#ifndef XCA_OPERATIONS_CMP_SENDER_H
#define XCA_OPERATIONS_CMP_SENDER_H

#include "operations/office.h"
#include "outside/crypto_cmp.h"

typedef struct xca_cmp_sender {
    const xca_cert_t *cert;     /* valid, without a card; NULL: it is one who has none yet */
    const xca_case_t *kase;     /* that it was issued for, or whose secret it is */
    const xca_secret_t *secret; /* of who has no certificate yet, else NULL */
} xca_cmp_sender_t;

/* Who has protected it, by signature or secret.
 * By signature: the certificate that protects the message: the first of extraCerts, as the directory has it byte for byte, valid now, and its key has signed.
 * Errors: XCA_E_DENIED "cmp.unsigned", "cmp.sender" (none of ours), "cmp.sender-revoked" (or suspended, or not accepted), "cmp.sender-expired", "cmp.sender-use" (not for
 * signatures), "enrol.card", "cmp.protection".
 * By secret (RFC 4210 section 5.1.3.1): that of the case whose number is the senderKID; it is void when its time is over or the case has ended.
 * Errors: XCA_E_DENIED "cmp.mac-parameters" (beyond the bounds: nothing was computed), "cmp.secret" (unknown, void or wrong: after the same work). */
xca_error_t *xca_cmp_sender(xca_cmp_sender_t *sender, xca_office_t *office, const xca_cmp_message_t *message, apr_time_t now,
                            apr_pool_t *pool) XCA_MUST_USE;

/* The same for the signer, who may look at a message again when what it asks for is done: a secret counts although its case has ended since. */
xca_error_t *xca_cmp_witness(xca_cmp_sender_t *sender, xca_office_t *office, const xca_cmp_message_t *message, apr_time_t now,
                             apr_pool_t *pool) XCA_MUST_USE;

#endif
