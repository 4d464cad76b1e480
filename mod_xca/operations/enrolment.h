/* Enrolment by a device (EST, RFC 7030; CMP, RFC 4210): whoever knows a case or certificate and its user code hands in a request for a certificate,
 * asks again until the officers have decided, and gets the certificate. It goes the way of the portal: the same checks, the same
 * reviews, and the same acceptance by the user code. */
#ifndef XCA_OPERATIONS_ENROLMENT_H
#define XCA_OPERATIONS_ENROLMENT_H

#include "operations/office.h"

typedef struct xca_enrolment {
    const char *case_number;
    const char *serial;      /* of the certificate, when it is there */
    int issued;              /* it waits for the signer alone, no longer for officers */
    xca_bytes_t certificate; /* DER; length 0: it is not there yet, ask again */
} xca_enrolment_t;

typedef struct xca_enrolment_order {
    const char *name;         /* number of a case (25 digits), or serial number of a certificate (hex)   */
    const xca_secret_t *code; /* its user code; NULL: known otherwise (xca_enrol_by_certificate())      */
    xca_bytes_t request;      /* PKCS#10, DER or PEM                                                  */
    int renewal;              /* the request must name what the certificate of `name` names (RFC 7030 section 4.2.2) */
} xca_enrolment_order_t;

/* What becomes of the request:
 *  - its key is that of the case: the case's certificate when it is issued (accepted by this), until then nothing;
 *  - it is another key: a new case of the same organisation, contact, address, use and user code, filed once for each key. The case named
 *    must be completed, so that nobody fills the officers' desks.
 * `wait`: how long to wait for the signer where the certificate has to be accepted.
 * Errors: those of xca_csr_read(), xca_application_open(), xca_application_check(); XCA_E_CONFLICT "enrol.not-completed",
 * "enrol.card" (cards make their own keys), "enrol.returned" (arg: the officer's reason), "enrol.over" (refused, lapsed, revoked),
 * "enrol.same-key" (a renewal needs a new one), "enrol.not-accepted" (arg: the signer's answer); XCA_E_INVALID "enrol.name". */
xca_error_t *xca_enrol(xca_enrolment_t **enrolment, xca_office_t *office, const xca_enrolment_order_t *order,
                       apr_interval_time_t wait, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The same for the holder of a certificate (`cert`, valid, without a card; `known`: its case), who has signed for it. The certificate is given before
 * it is accepted: xca_signer_confirm() accepts it. Further error: XCA_E_DENIED "enrol.other-case" (the key is of a case that another user code
 * belongs to). */
xca_error_t *xca_enrol_by_certificate(xca_enrolment_t **enrolment, xca_office_t *office, const xca_case_t *known, const xca_cert_t *cert,
                                      xca_bytes_t request, int renewal, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The same for a device that knows the secret of a case (`known`), for the key of that case alone: XCA_E_DENIED "enrol.secret-key" for another. */
xca_error_t *xca_enrol_by_secret(xca_enrolment_t **enrolment, xca_office_t *office, const xca_case_t *known, xca_bytes_t request,
                                 apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Whether a case is `known` itself, or one that was filed by its holder for another key (the same organisation and user code). */
int xca_enrol_is_of(const xca_case_t *known, const xca_case_t *kase);

#endif
