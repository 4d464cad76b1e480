/* Notices before something ends: to the contacts of certificates and cards 90, 60 and 30 days before their end, and 60, 30 and 7
 * days before what is not accepted or activated lapses (domain/expiry.h). A notice is recorded in ou=outbox under an id of its
 * own before it is sent, so that it is sent once; a certificate remembers its last one. */
#ifndef XCA_OPERATIONS_SIGNER_REMINDER_H
#define XCA_OPERATIONS_SIGNER_REMINDER_H

#include "operations/signer.h"

/* Queues what is due, once an hour of the signer's clock; some hundred notices a call, the rest at the next one. */
xca_error_t *xca_signer_remind(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
