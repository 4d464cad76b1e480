/* Acceptance of a certificate without a card: by its holder's code, or by a device that confirms it (CMP, RFC 4210 section 5.3.18). */
#ifndef XCA_OPERATIONS_SIGNER_CONFIRM_H
#define XCA_OPERATIONS_SIGNER_CONFIRM_H

#include "operations/signer_issue.h"

/* Pending → valid, and → revoked, with the case. Done before is done. *answer: "accept.not-pending" if it is neither. */
xca_error_t *xca_signer_accept(const char **answer, xca_signer_t *signer, const xca_cause_t *cause, const xca_cert_t *cert,
                               apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_signer_refuse(const char **answer, xca_signer_t *signer, const xca_cause_t *cause, const xca_cert_t *cert,
                               apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Answers a request of XCA_REQUEST_CONFIRM. The message itself is the evidence: a certConf whose signature is by a valid certificate of the same
 * holder (xca_enrol_is_of()), or whose MAC is by the secret of the certificate's case, over the hash of the certificate that the request names. Denied: "cmp.protection", "cmp.secret", "cmp.hash",
 * "enrol.other-case", "certificate.not-found", "certificate.expired", "accept.card", "accept.not-pending", and what xca_cmp_read() finds. */
xca_error_t *xca_signer_confirm(xca_signer_t *signer, xca_request_t *request, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
