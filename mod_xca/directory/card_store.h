/* ou=cards. Only the signer writes here, and only it reads secrets, user code and contact. */
#ifndef XCA_DIRECTORY_CARD_STORE_H
#define XCA_DIRECTORY_CARD_STORE_H

#include "directory/store.h"
#include "domain/card.h"

/* Adds, with revision 1. "ldap.exists" if the number is taken. */
xca_error_t *xca_card_add(xca_store_t *store, const xca_card_t *card, apr_pool_t *pool) XCA_MUST_USE;

/* "card.not-found". What the identity may not see is NULL. */
xca_error_t *xca_card_read(xca_card_t **card, xca_store_t *store, const char *number,
                           apr_pool_t *pool) XCA_MUST_USE;

/* Writes everything that can change, from `old` to `changed`: compare-and-swap on the revision, which goes up by one (in
 * `changed` too). XCA_E_CONFLICT "card.changed" if someone was faster. */
xca_error_t *xca_card_update(xca_store_t *store, const xca_card_t *old, xca_card_t *changed,
                             apr_pool_t *pool) XCA_MUST_USE;

typedef enum { XCA_CARD_BY_CASE, XCA_CARD_BY_OID, XCA_CARD_BY_STATE } xca_card_key;

/* Array of xca_card_t *, by number; at most `limit` (0: all). */
xca_error_t *xca_card_search(apr_array_header_t **cards, int *more, xca_store_t *store, xca_card_key key,
                             const char *value, int limit, apr_pool_t *pool) XCA_MUST_USE;

/* Every card, by number; at most `limit` (0: all). */
xca_error_t *xca_card_list(apr_array_header_t **cards, int *more, xca_store_t *store, int limit,
                           apr_pool_t *pool) XCA_MUST_USE;

/* Those with something left to do (xca_card_t.unfinished). */
xca_error_t *xca_card_unfinished(apr_array_header_t **cards, xca_store_t *store,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Those that are not active yet and whose certificates were issued before `before` (the 90-day rule). */
xca_error_t *xca_card_waiting_since(apr_array_header_t **cards, xca_store_t *store, apr_time_t before,
                                    apr_pool_t *pool) XCA_MUST_USE;

#endif
