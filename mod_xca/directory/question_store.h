/* ou=questions: questions of visitors. The portal adds them, the signer sends the mails, officers answer. */
#ifndef XCA_DIRECTORY_QUESTION_STORE_H
#define XCA_DIRECTORY_QUESTION_STORE_H

#include "directory/store.h"
#include "domain/question.h"

/* Adds; one that is there already is no error (the form came twice). */
xca_error_t *xca_question_add(xca_store_t *store, const xca_question_t *question, apr_pool_t *pool) XCA_MUST_USE;

/* "question.not-found" */
xca_error_t *xca_question_read(xca_question_t **question, xca_store_t *store, const char *id,
                               apr_pool_t *pool) XCA_MUST_USE;

/* Those in a state, the oldest first; array of xca_question_t *. `limit` 0: all. */
xca_error_t *xca_question_list(apr_array_header_t **questions, xca_store_t *store, xca_question_state state, int limit,
                               apr_pool_t *pool) XCA_MUST_USE;

/* Compare-and-swap from question->state. To answered: reply, officer and answered are written too; back to open: removed. "question.changed". */
xca_error_t *xca_question_move(xca_store_t *store, const xca_question_t *question, xca_question_state to,
                               apr_pool_t *pool) XCA_MUST_USE;

/* Removes what was closed and filed before `before`. */
xca_error_t *xca_question_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) XCA_MUST_USE;

#endif
