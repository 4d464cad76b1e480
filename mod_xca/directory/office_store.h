/* ou=officers, ou=windows, ou=requests, ou=outbox, the CA's entry and the signer's status. */
#ifndef XCA_DIRECTORY_OFFICE_STORE_H
#define XCA_DIRECTORY_OFFICE_STORE_H

#include "directory/store.h"
#include "domain/request.h"
#include "domain/review.h"

/* Officers and windows: written by xca-admin only. Put = add or replace. "officer.not-found", "window.not-found". */
xca_error_t *xca_officer_put(xca_store_t *store, const xca_officer_t *officer, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_officer_read(xca_officer_t **officer, xca_store_t *store, const char *uid,
                              apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_officer_list(apr_array_header_t **officers, xca_store_t *store,
                              apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_window_put(xca_store_t *store, const xca_window_t *window, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_window_read(xca_window_t **window, xca_store_t *store, const char *id,
                             apr_pool_t *pool) XCA_MUST_USE;
/* All, or those of a county ("中央機關" for the central ones); array of xca_window_t *, by name. */
xca_error_t *xca_window_list(apr_array_header_t **windows, xca_store_t *store, const char *county,
                             apr_pool_t *pool) XCA_MUST_USE;

/* Requests: added by the portal, answered by the signer (compare-and-swap on state waiting). */
xca_error_t *xca_request_add(xca_store_t *store, const xca_request_t *request, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_request_read(xca_request_t **request, xca_store_t *store, const char *id,
                              apr_pool_t *pool) XCA_MUST_USE;
xca_request_t *xca_request_of_entry(const xca_entry_t *entry, apr_pool_t *pool);
/* Writes state, answer, tries_left and (of a card's or responder's) request->reply, and removes the sealed code or the message. */
xca_error_t *xca_request_answer(xca_store_t *store, const xca_request_t *request, xca_request_state state,
                                const char *answer, int tries_left, apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_request_waiting(apr_array_header_t **requests, xca_store_t *store,
                                 apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_request_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) XCA_MUST_USE;

/* Outbox: notices to send. The id tells the event ("<case>-<revision>-returned"): the same event twice is one entry. */
typedef struct xca_notice {
    const char *id, *to, *subject, *body;
    const char *state;  /* "waiting", "sending", "sent", "failed", "uncertain" */
    const char *error;  /* of the last try, or NULL */
    int tries;
    apr_time_t created, next_try;
} xca_notice_t;
/* Adds; one that is there already is no error. */
xca_error_t *xca_notice_add(xca_store_t *store, const xca_notice_t *notice, apr_pool_t *pool) XCA_MUST_USE;
/* "notice.not-found" */
xca_error_t *xca_notice_read(xca_notice_t **notice, xca_store_t *store, const char *id, apr_pool_t *pool) XCA_MUST_USE;
/* Those that did not arrive, or of which nobody knows ("failed", "uncertain"); oldest first, array of xca_notice_t *. What the
 * identity may not see (the portal: bodies) is "". Reaching `limit` (0: all) is no error, *more tells. */
xca_error_t *xca_notice_undelivered(apr_array_header_t **notices, int *more, xca_store_t *store, int limit,
                                    apr_pool_t *pool) XCA_MUST_USE;
/* Those in `state`, array of xca_notice_t *. */
xca_error_t *xca_notice_list(apr_array_header_t **notices, xca_store_t *store, const char *state, int limit,
                             apr_pool_t *pool) XCA_MUST_USE;
/* Those that wait and may be tried by `by`. */
xca_error_t *xca_notice_due(apr_array_header_t **notices, xca_store_t *store, apr_time_t by, int limit,
                            apr_pool_t *pool) XCA_MUST_USE;
/* Compare-and-swap from notice->state; `error` may be NULL; tries and next_try are written too. "notice.changed". */
xca_error_t *xca_notice_move(xca_store_t *store, const xca_notice_t *notice, const char *to, const char *error,
                             int tries, apr_time_t next_try, apr_pool_t *pool) XCA_MUST_USE;

/* The CA's certificates (of each key that it has had, the present one first) and chain (PKCS#7: the present certificate, those above it
 * up to the root, those of former keys) in its entry. Reading gives them as an array of xca_bytes_t. "ca.not-found" */
xca_error_t *xca_ca_publish(xca_store_t *store, const xca_bytes_t *certificates, int count, xca_bytes_t chain_p7b,
                            apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_ca_read(apr_array_header_t **certificates, xca_bytes_t *chain_p7b, xca_store_t *store,
                         apr_pool_t *pool) XCA_MUST_USE;

/* The signer's public state (cn=signer-status): its sealing key and when it was last alive. */
typedef struct xca_signer_status {
    unsigned char seal_key[32];
    const char *seal_proof; /* text of the key with the CA's signature (wire/card_message.h "XCA-SEAL-KEY-1"), or NULL */
    apr_time_t alive; /* the signer's clock */
} xca_signer_status_t;
xca_error_t *xca_signer_status_put(xca_store_t *store, const xca_signer_status_t *status,
                                   apr_pool_t *pool) XCA_MUST_USE;
/* seal_proof is copied into the pool. */
xca_error_t *xca_signer_status_read(xca_signer_status_t *status, xca_store_t *store,
                                    apr_pool_t *pool) XCA_MUST_USE;

#endif
