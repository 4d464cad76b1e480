/* Applications as the applicant sees them: file, correct, look at. features.md 2 and 3. */
#ifndef XCA_OPERATIONS_APPLICATION_H
#define XCA_OPERATIONS_APPLICATION_H

#include "domain/card.h"
#include "operations/office.h"

/* Prepares what was typed for filing: fills class and name of a known organisation from the OID tree, trims and
 * checks every field (xca_case_check), reads and checks the uploaded request `csr_file` (NULL: keeps kase->csr;
 * neither: "csr.empty"), that the window exists and takes the class, that the organisation may apply
 * ("org.abolished", "org.unit", "case.class-not-card-less"), the rule of one primary card (kind card), and that the key is free: not of a certificate of another
 * organisation ("key.other-organisation"), not of a revoked one ("key.revoked"), not in another open case
 * ("key.in-use"), not of a certificate of the same use that is valid ("key.in-use"). Returns all that is wrong as one list.
 * Directory faults come alone (XCA_E_UNAVAILABLE). `except_case`: number of the case being corrected, or NULL. */
xca_error_t *xca_application_check(xca_office_t *office, xca_case_t *kase, const xca_bytes_t *csr_file,
                                   const char *except_case, apr_time_t now,
                                   apr_pool_t *pool) XCA_MUST_USE;

/* The source key in the OID tree of an organisation that came in with a case. */
char *xca_case_source_key(apr_pool_t *pool, const char *number);

/* Whether a key may be certified for the organisation `oid` (NULL: a new one) and `use`: the rules above alone. The signer
 * asks again before it issues. Errors: "key.other-organisation", "key.revoked", "key.in-use". */
xca_error_t *xca_key_check_free(xca_office_t *office, const char *key_hash, const char *oid, xca_use use,
                                const char *except_case, apr_time_t now,
                                apr_pool_t *pool) XCA_MUST_USE;

/* One valid primary card an organisation (正卡); secondary ones (附卡) are not limited and need no primary one. Asked when an
 * application comes in, and again by the signer before it makes anything (`by_signer`: then only what is approved or
 * further counts against it). A primary card whose certificates end within XCA_RENEW_DAYS, or will be revoked because the
 * organisation has changed, no longer stands in the way.
 * Errors, field "rank": "card.primary-exists" (arg: its number), "card.primary-under-way" (arg: the case). */
xca_error_t *xca_card_check_free(xca_office_t *office, xca_card_rank rank, const char *oid,
                                 const char *except_case, int by_signer, apr_time_t now,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Whether an application filed at `when` is barred: within XCA_BAN_MONTHS from the letter's day of a revocation for a card
 * that was lost, damaged or not activated in time (features.md 8.3). *until: when the bar ends, with the beginning of a day; 0 if it
 * does not stand. */
void xca_org_barred(apr_time_t *until, const xca_org_t *org, apr_time_t when);

/* Files a checked application: hashes the code (NULL: kase->code_hash is its hash already), takes a case number, records. `nonce` (hex of the form's token): the same
 * form sent twice is one case, the second time *number is the first one's. */
xca_error_t *xca_application_file(const char **number, xca_office_t *office, xca_case_t *kase,
                                  const xca_secret_t *code, const char *nonce, apr_time_t now,
                                  apr_pool_t *pool) XCA_MUST_USE;

/* Opens a case with its user code. Wrong: XCA_E_DENIED "code.wrong" (arg: tries left), after three XCA_E_LOCKED
 * "code.locked" (arg: minutes left); no such case, or one that has no code, gives
 * "code.wrong-case" after the same time. */
xca_error_t *xca_application_open(xca_case_t **kase, xca_office_t *office, const char *number,
                                  const xca_secret_t *code, apr_time_t now,
                                  apr_pool_t *pool) XCA_MUST_USE;

/* Puts in a checked correction of `old` (as read when the form was made: revision tells). `code` NULL keeps the
 * user code. XCA_E_CONFLICT "case.review-begun" when it may no longer be corrected, "case.changed" when another
 * browser corrected it meanwhile. */
xca_error_t *xca_application_correct(xca_office_t *office, const xca_case_t *old, xca_case_t *corrected,
                                     const xca_secret_t *code, apr_time_t now,
                                     apr_pool_t *pool) XCA_MUST_USE;

/* Drafts 儲存申請資料: everything of the form but the code, as an XML file; and back (foreign bytes: bounded at 128 KiB,
 * "draft.unreadable"). The file is not trusted: xca_application_check() follows. */
char *xca_draft_write(apr_pool_t *pool, const xca_case_t *kase);
xca_error_t *xca_draft_read(xca_case_t **kase, const void *data, apr_size_t length,
                            apr_pool_t *pool) XCA_MUST_USE;

#endif
