/* Issuing and revoking: the steps behind an approved case. */
#ifndef XCA_OPERATIONS_SIGNER_ISSUE_H
#define XCA_OPERATIONS_SIGNER_ISSUE_H

#include "operations/signer.h"

/* The OID of a new organisation, assigned now or before: recorded in the case (kase->assigned_oid) first, then its arc is
 * made, which carries the case number. Both are there on return. "case.changed" if someone was faster. */
xca_error_t *xca_signer_assign_oid(xca_signer_t *signer, xca_case_t *kase,
                                   apr_pool_t *pool) XCA_MUST_USE;

/* A fresh serial number, 16 bytes in hex. */
xca_error_t *xca_signer_new_serial(const char **serial, apr_pool_t *pool) XCA_MUST_USE;

/* Where the subject's L comes from, NULL in *county if it has none; kase->assigned_oid must be set for a new
 * organisation. */
xca_error_t *xca_signer_place_of(const char **county, xca_signer_t *signer, const xca_case_t *kase,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Approved → issuing: gives a new organisation its OID, checks the key once more, reserves serial and notBefore in the case. An
 * XCA_E_INVALID error means that the applicant has to change something ("key.…", "org.ubn-known"). */
xca_error_t *xca_signer_reserve(xca_signer_t *signer, xca_case_t *kase, apr_time_t now,
                                apr_pool_t *pool) XCA_MUST_USE;

/* Issuing → issued: makes the certificate with the reserved serial, records it, tells the contact. */
xca_error_t *xca_signer_issue(xca_signer_t *signer, xca_case_t *kase, apr_time_t now,
                              apr_pool_t *pool) XCA_MUST_USE;

/* Who brings a change about, for the audit log. */
typedef struct xca_cause {
    const char *actor;       /* as in operations/audit.h */
    const char *key;         /* names the occasion: of a request its id; NULL where the change can only happen once */
    const char *case_number; /* that asked for it, or NULL */
    xca_bytes_t evidence;    /* what the actor has signed, kept with the entry of the log; or length 0 */
} xca_cause_t;

/* Changes a certificate's state with all that follows from it (ou=mail, the list). `event` names the notice, NULL for none.
 * `reason` counts for revoked, `reason_note` for suspended (NULL leaves it as it is) and revoked. Already in that state: only
 * what follows is done again. */
xca_error_t *xca_signer_cert_state(xca_signer_t *signer, const xca_cert_t *cert, xca_cert_state state,
                                   xca_crl_reason reason, const char *reason_note, const xca_cause_t *cause,
                                   const char *event, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The case of a certificate without a card, if it still waits for acceptance, is completed, refused or (revoked before it was
 * accepted) lapsed. That it was before is fine. */
xca_error_t *xca_signer_close_case(xca_signer_t *signer, const xca_cert_t *cert, xca_case_state to, apr_time_t now,
                                   apr_pool_t *pool) XCA_MUST_USE;

/* Logs that a certificate is about to be given out; `cert` as it will be recorded. */
xca_error_t *xca_signer_log_issue(xca_signer_t *signer, const xca_cert_t *cert, apr_time_t now,
                                  apr_pool_t *pool) XCA_MUST_USE;

/* Logs that a user code is locked for good: of a certificate, or of a card. */
xca_error_t *xca_signer_log_lock(xca_signer_t *signer, const char *serial, const char *card, const char *code_hash,
                                 apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
