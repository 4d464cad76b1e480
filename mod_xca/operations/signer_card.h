/* Cards, as the signer sees them: messages of a card and of the card centre (wire/card_message.h), what follows from a card's
 * state, and what time brings. Every step is recorded before anything is released, and can be repeated after a crash at
 * any point: a card whose certificates, case or notice lag behind its state is marked unfinished, and finished. */
#ifndef XCA_OPERATIONS_SIGNER_CARD_H
#define XCA_OPERATIONS_SIGNER_CARD_H

#include "directory/card_store.h"
#include "operations/signer.h"
#include "operations/signer_issue.h"

/* Answers one waiting request of kind card: verifies the message, carries it out, and records the sealed reply with the
 * answer. */
xca_error_t *xca_signer_card_message(xca_signer_t *signer, xca_request_t *request, apr_time_t now,
                                     apr_pool_t *pool) XCA_MUST_USE;

/* Logs a step of the card, once for its number and `key`; `details` may be NULL. */
xca_error_t *xca_signer_card_log(xca_signer_t *signer, const xca_card_t *card, const char *kind, const char *actor,
                                 const char *key, const char *details, apr_time_t now,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Does what follows from the card's state and is not done yet: certificates published or revoked, the case moved, the notice
 * queued; then takes the mark off. */
xca_error_t *xca_signer_card_finish(xca_signer_t *signer, xca_card_t *card, apr_time_t now,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* Cards that were left unfinished, and those whose 90 days are over. */
xca_error_t *xca_signer_card_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* A card that is approved: gives a new organisation its OID and asks once more for the rule of one primary card. An
 * XCA_E_INVALID error is the applicant's to put right ("card.primary-exists", "card.primary-under-way", "org.ubn-known"). */
xca_error_t *xca_signer_card_approved(xca_signer_t *signer, xca_case_t *kase, apr_time_t now,
                                      apr_pool_t *pool) XCA_MUST_USE;

/* Revokes a card with all its certificates; XCA_CARD_STATE_REVOKED. Again changes nothing. */
xca_error_t *xca_signer_card_revoke(xca_signer_t *signer, xca_card_t *card, xca_crl_reason reason,
                                    const char *reason_note, const xca_cause_t *cause, apr_time_t now,
                                    apr_pool_t *pool) XCA_MUST_USE;

/* The user code of a card. *answer stays NULL if it is right, else "code.wrong" (with *tries_left) or
 * "code.locked-for-good". `nonce` names the message: the same one is counted once. */
xca_error_t *xca_signer_card_code(const char **answer, int *tries_left, xca_signer_t *signer,
                                  xca_card_t *card, const xca_secret_t *code, const char *nonce,
                                  apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* The card's certificates by use, as they are recorded; NULL where there is none yet. */
xca_error_t *xca_signer_card_certs(xca_cert_t *certs[XCA_USE_COUNT], xca_signer_t *signer,
                                   const xca_card_t *card, apr_pool_t *pool) XCA_MUST_USE;

#endif
