/* 客戶提問: a question of a visitor, which an officer answers by mail. */
#ifndef XCA_DOMAIN_QUESTION_H
#define XCA_DOMAIN_QUESTION_H

#include <apr_time.h>
#include "base/error.h"

typedef enum {
    XCA_QUESTION_FILED,    /* the officers are to be told              */
    XCA_QUESTION_OPEN,     /* they were told                           */
    XCA_QUESTION_ANSWERED, /* the answer is to be mailed               */
    XCA_QUESTION_CLOSED,   /* it was queued                            */
    XCA_QUESTION_STATES
} xca_question_state;

const char *xca_question_state_id(xca_question_state state); /* "filed", "open", "answered", "closed" */
xca_question_state xca_question_state_by_id(const char *id); /* XCA_QUESTION_STATES if there is none */

/* What it is about, as the form offers it; ends with NULL. */
extern const char *const xca_question_topics[];

#define XCA_QUESTION_TEXT_MAX  2000 /* characters */
#define XCA_QUESTION_REPLY_MAX (16 * 1024) /* bytes */

typedef struct xca_question {
    const char *id;      /* 32 hex digits: the nonce of the form, so that a form sent twice is one question */
    xca_question_state state;
    const char *topic;
    const char *organisation, *name, *mail, *phone; /* organisation and phone may be NULL */
    const char *text;
    const char *language; /* "zh" or "en": of the page it was asked on */
    apr_time_t filed;
    const char *reply, *officer; /* since it was answered */
    apr_time_t answered;
} xca_question_t;

/* Trims and checks what a visitor typed. Errors at "topic", "asker_organisation", "asker_name", "asker_mail", "asker_phone", "text": "field.choose",
 * "field.required", "field.too-long", "field.characters", "email.form". */
xca_error_t *xca_question_check(xca_question_t *question, apr_pool_t *pool) XCA_MUST_USE;

/* What an officer replies: not empty, text, at most XCA_QUESTION_REPLY_MAX bytes. Errors at "reply". */
xca_error_t *xca_question_reply_check(const char *reply, apr_pool_t *pool) XCA_MUST_USE;

#endif
