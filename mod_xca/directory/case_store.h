/* ou=cases: cases and, under each, the officers' signed decisions. */
#ifndef XCA_DIRECTORY_CASE_STORE_H
#define XCA_DIRECTORY_CASE_STORE_H

#include "directory/store.h"
#include "domain/review.h"

char *xca_case_dn(const xca_store_t *store, const char *number, apr_pool_t *pool);

/* "ldap.exists" if the number is taken. Written by the portal's identity: state filed. */
xca_error_t *xca_case_add(xca_store_t *store, const xca_case_t *kase, apr_pool_t *pool) XCA_MUST_USE;

/* "case.not-found". */
xca_error_t *xca_case_read(xca_case_t **kase, xca_store_t *store, const char *number,
                           apr_pool_t *pool) XCA_MUST_USE;

/* From an entry already at hand (the signer's sync); NULL if it is not a case. */
xca_case_t *xca_case_of_entry(const xca_entry_t *entry, apr_pool_t *pool);

/* Puts new content in: all applicant fields, CSR, code hash, revision old->revision + 1, state back to filed,
 * return reason stays until the signer clears it. Compare-and-swap on state and revision: XCA_E_CONFLICT
 * "case.changed". */
xca_error_t *xca_case_correct(xca_store_t *store, const xca_case_t *old, const xca_case_t *corrected,
                              apr_pool_t *pool) XCA_MUST_USE;

/* The portal's count of wrong codes: adds 1 (post-read gives the new count); sets the lock; resets to 0 and clears the
 * lock, if that is still `locked_until` (0: none): XCA_E_CONFLICT "case.changed" otherwise. */
xca_error_t *xca_case_code_wrong(int *tries, xca_store_t *store, const char *number,
                                 apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_case_code_lock(xca_store_t *store, const char *number, apr_time_t until,
                                apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_case_code_right(xca_store_t *store, const char *number, apr_time_t locked_until,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* The signer's move: state from -> to (compare-and-swap on state and, if revision > 0, on revision; out of FILED on the
 * whole entry), with what goes with it: only the non-NULL (non-zero) of assigned_oid, serial, not_before, card_number, problem,
 * return_reason, new_code_hash (and envelope with it) of `with` are written; "" removes problem, card_number and new_code_hash. `with` may be NULL. "case.changed" if someone
 * was faster. */
xca_error_t *xca_case_move(xca_store_t *store, const xca_case_t *kase, xca_case_state to,
                           const xca_case_t *with, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Records the OID that a new organisation is to get, in place of the one that the case carries (or none).
 * XCA_E_CONFLICT "case.changed" when another signer was faster. */
xca_error_t *xca_case_assign_oid(xca_store_t *store, const xca_case_t *kase, const char *oid,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Notes why a case cannot go on (state unchanged); "" removes it. */
xca_error_t *xca_case_problem(xca_store_t *store, const char *number, const char *problem,
                              apr_pool_t *pool) XCA_MUST_USE;

/* The signer's: the secret of a device, good until then; NULL removes it. "case.not-found". */
xca_error_t *xca_case_device_secret(xca_store_t *store, const char *number, const xca_secret_t *secret, apr_time_t until,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* The cases with a secret whose time is over, array of xca_case_t *. */
xca_error_t *xca_case_old_secrets(apr_array_header_t **cases, xca_store_t *store, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Cases by state; XCA_STATE_COUNT for all; window and oid may be NULL; ordered by number; at most `limit` (0: all). Array of
 * xca_case_t *. */
xca_error_t *xca_case_list(apr_array_header_t **cases, int *more, xca_store_t *store,
                           xca_case_state state, const char *window, const char *oid, int limit,
                           apr_pool_t *pool) XCA_MUST_USE;

/* The open cases with this key (key_hash), array of xca_case_t *. */
xca_error_t *xca_case_by_key(apr_array_header_t **cases, xca_store_t *store, const char *key_hash,
                             apr_pool_t *pool) XCA_MUST_USE;

/* The open cases about this certificate (target_serial), array of xca_case_t *. */
xca_error_t *xca_case_by_target(apr_array_header_t **cases, xca_store_t *store, const char *serial,
                                apr_pool_t *pool) XCA_MUST_USE;

/* The cases of a kind in a state, array of xca_case_t *. */
xca_error_t *xca_case_of_kind(apr_array_header_t **cases, xca_store_t *store, xca_case_kind kind,
                              xca_case_state state, apr_pool_t *pool) XCA_MUST_USE;

/* Decisions under a case: array of xca_decision_t * with id, case_number, cms, verdict; the rest is inside the CMS. */
xca_error_t *xca_decision_list(apr_array_header_t **decisions, xca_store_t *store,
                               const char *case_number, apr_pool_t *pool) XCA_MUST_USE;

/* Adds (id is the SHA-256 of cms); the same one again is no error. */
xca_error_t *xca_decision_add(xca_store_t *store, const xca_decision_t *decision,
                              apr_pool_t *pool) XCA_MUST_USE;

/* The signer's verdict on it. */
xca_error_t *xca_decision_verdict(xca_store_t *store, const char *case_number, const char *id,
                                  const char *verdict, apr_pool_t *pool) XCA_MUST_USE;

/* Form nonces (ou=nonces): the first filing with a nonce wins. Takes `nonce` (hex) for `case_number`; if it was taken
 * before, *taken_for gets the case number recorded then (else NULL). */
xca_error_t *xca_nonce_take(const char **taken_for, xca_store_t *store, const char *nonce,
                            const char *case_number, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The case number a nonce was taken for, NULL if it is free. */
xca_error_t *xca_nonce_find(const char **taken_for, xca_store_t *store, const char *nonce,
                            apr_pool_t *pool) XCA_MUST_USE;

/* Removes nonces older than `before` (the signer's housekeeping). */
xca_error_t *xca_nonce_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) XCA_MUST_USE;

#endif
