/* Questions of visitors: filed in the portal, answered by an officer, mailed by the signer. */
#ifndef XCA_OPERATIONS_QUESTION_H
#define XCA_OPERATIONS_QUESTION_H

#include "directory/question_store.h"
#include "domain/calendar.h"
#include "operations/office.h"

#define XCA_QUESTION_LIFE (730 * XCA_DAY) /* after that closed ones are removed */

/* Files a question as a visitor typed it (id: the form's nonce). Errors: those of xca_question_check() and the store. */
xca_error_t *xca_question_file(xca_office_t *office, xca_question_t *question, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Answers it; the signer mails the reply. `actor`: as of xca_content_save(). Errors: "question.not-found", "question.answered" (someone
 * was faster), those of xca_question_reply_check(). */
xca_error_t *xca_question_answer(xca_question_t **question, xca_office_t *office, const char *id, const char *reply,
                                 const char *officer, const char *actor, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

/* Makes a draft for the FAQ of an answered question: what was asked and replied, in the language it was asked in; who and which
 * organisation asked stays out. An officer completes and publishes it. *id gets its id. Errors: "question.not-answered",
 * "content.exists". */
xca_error_t *xca_question_to_faq(const char **id, xca_office_t *office, const xca_question_t *question,
                                 const char *category, const char *officer, const char *actor, apr_time_t now,
                                 apr_pool_t *pool) XCA_MUST_USE;

#endif
