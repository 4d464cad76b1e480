/* Decisions as the portal takes them: early words for the officer. What counts is the signer's own judgement (signer_review.h). */
#ifndef XCA_OPERATIONS_OFFICE_DECISION_H
#define XCA_OPERATIONS_OFFICE_DECISION_H

#include "operations/decision.h"

/* Whether the SignedData is a statement of `officer` about a case, verified under `anchor`, and whether it would count as of now:
 * all that the signer asks. *decision and *kase are filled as far as they could be read. Errors: those of xca_decision_open() and
 * xca_decision_judge(), "decision.other-officer", "case.not-found". */
xca_error_t *xca_office_decision_check(xca_decision_t *decision, xca_case_t **kase, xca_office_t *office,
                                       const xca_officer_t *officer, xca_bytes_t cms, xca_bytes_t anchor, apr_time_t now,
                                       apr_pool_t *pool) XCA_MUST_USE;

/* What the signer has found of the decision whose id begins with `id`: *decision is NULL if there is none under the case; its verdict is
 * NULL until the signer has looked. */
xca_error_t *xca_office_decision_find(xca_decision_t **decision, xca_office_t *office, const char *case_number, const char *id,
                                      apr_pool_t *pool) XCA_MUST_USE;

#endif
