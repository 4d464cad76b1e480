/* ou=content: what officers publish. Written by xca-admin and the portal; a change is one Modify that asserts the revision. */
#ifndef XCA_DIRECTORY_CONTENT_STORE_H
#define XCA_DIRECTORY_CONTENT_STORE_H

#include "directory/store.h"
#include "domain/content.h"

/* "content.not-found" (arg: the id) */
xca_error_t *xca_content_read(xca_content_t **content, xca_store_t *store, const char *id,
                              apr_pool_t *pool) XCA_MUST_USE;

/* Adds (revision 0) or replaces the entry of that revision, and counts content->revision up. `searched`: the text that it
 * is found by. Errors: "content.exists" (arg: the id), "content.changed", "content.not-found". */
xca_error_t *xca_content_put(xca_store_t *store, xca_content_t *content, const char *searched,
                             apr_pool_t *pool) XCA_MUST_USE;

/* What is asked for; NULL, 0 and the number behind the last kind or state stand for "any". */
typedef struct xca_content_query {
    xca_content_kind kind;
    xca_content_state state;
    int year;
    apr_time_t until;                /* news of later dates are left out */
    const char *category;
    const apr_array_header_t *words; /* of xca_search_words(); whoever asks compares the texts again */
    int with_body;
    int limit;                       /* most entries read; 0: all */
} xca_content_query_t;

/* Array of xca_content_t *: news the newest first, the others by their order. */
xca_error_t *xca_content_list(apr_array_header_t **contents, xca_store_t *store,
                              const xca_content_query_t *query, apr_pool_t *pool) XCA_MUST_USE;

/* The years that have published news dated until then, the latest first; array of int. */
xca_error_t *xca_content_years(apr_array_header_t **years, xca_store_t *store, apr_time_t until, apr_pool_t *pool) XCA_MUST_USE;

#endif
