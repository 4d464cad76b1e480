/* Officers' decisions: making the statement, handing it in, verifying it. */
#ifndef XCA_OPERATIONS_DECISION_H
#define XCA_OPERATIONS_DECISION_H

#include <apr_hash.h>
#include "operations/office.h"

/* The digest officers sign: SHA-256 of xca_case_canonical(), hex. */
char *xca_case_digest(apr_pool_t *pool, const xca_case_t *kase);

/* The statement's text for what `officer` decides of the case as it is now. The stage follows from the role.
 * Errors: "decision.role", "decision.state", "decision.letter" (first stage accept without a letter),
 * "decision.reason" (return without a reason). */
xca_error_t *xca_decision_statement(const char **text, const xca_case_t *kase,
                                    const xca_officer_t *officer, xca_decision_kind kind,
                                    const char *letter, const char *reason, apr_time_t now,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* The letter number of a first decision that accepts, before there is a case to decide. Error, field "letter": "decision.letter". */
xca_error_t *xca_decision_letter_check(const char *letter, xca_case_kind kind, apr_pool_t *pool) XCA_MUST_USE;

/* Hands in a SignedData over such a statement: adds it under the case; the signer judges it. */
xca_error_t *xca_decision_submit(xca_office_t *office, const char *case_number, xca_bytes_t cms,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Fills the decision from its CMS, verified as made by the officer it names (read from the directory) under
 * `anchor` (officer CA). Errors: those of xca_cms_verify, "decision.malformed", "officer.not-found". `verified` (a new
 * apr_hash, or NULL) keeps what was verified: the same SignedData by the same certificate, which can have no
 * other outcome, is then not verified twice. It must not be used with another anchor. */
xca_error_t *xca_decision_open(xca_decision_t *decision, xca_officer_t **officer, xca_office_t *office,
                               xca_bytes_t anchor, apr_hash_t *verified,
                               apr_pool_t *pool) XCA_MUST_USE;

/* The same without verifying, for lists. */
xca_error_t *xca_decision_peek(xca_decision_t *decision, apr_pool_t *pool) XCA_MUST_USE;

#endif
