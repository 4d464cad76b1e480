/* CMP (RFC 4210, 9480, 9483) for devices that have a secret for their first certificate, or hold one of this authority already: further keys (ir, cr, p10cr) and renewals (kur), through the same
 * cases and reviews as everything; confirmation (certConf), revocation (rr), and questions (genm). */
#ifndef XCA_OPERATIONS_CMP_H
#define XCA_OPERATIONS_CMP_H

#include "operations/cmp_signer.h"
#include "outside/catalogue.h"

typedef struct xca_cmp_service {
    xca_office_t *office;
    xca_cmp_signer_t *signer;
    const xca_catalogue_t *texts;
    xca_language language;
    int ask_again; /* seconds: checkAfter */
} xca_cmp_service_t;

/* Answers a message with a message. Whoever sends it: nothing is written before its protection was found good.
 * Errors: what is not told in a message: those of xca_cmp_read(); XCA_E_INTERNAL. *refused: what the answer tells, NULL if it is none. */
xca_error_t *xca_cmp_answer(xca_bytes_t *answer, xca_error_t **refused, const xca_cmp_service_t *service, xca_bytes_t message,
                            apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
