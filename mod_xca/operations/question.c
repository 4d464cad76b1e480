#include "operations/question.h"

#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "operations/audit_report.h"
#include "operations/content.h"

xca_error_t *xca_question_file(xca_office_t *office, xca_question_t *question, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = xca_question_check(question, pool);

    question->filed = now;
    return err != NULL ? err : xca_question_add(office->store, question, pool);
}

/* For the audit log: that it is answered, nothing of what was asked and replied. */
static xca_error_t *report(xca_office_t *office, const xca_question_t *question, const char *actor, apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = "content-change";
    event.actor = actor;
    event.details = xca_audit_details(pool, "what", "question", "id", question->id, "topic", question->topic, "from",
                                      xca_question_state_id(question->state), "to",
                                      xca_question_state_id(XCA_QUESTION_ANSWERED), "author", question->officer, NULL);
    return xca_audit_report(office->store, &event, question->answered, pool);
}

xca_error_t *xca_question_answer(xca_question_t **question, xca_office_t *office, const char *id, const char *reply,
                                 const char *officer, const char *actor, apr_time_t now, apr_pool_t *pool) {
    xca_question_t *found;
    xca_error_t *err = xca_question_reply_check(reply, pool);

    if (err == NULL) {
        err = xca_question_read(&found, office->store, id, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (found->state != XCA_QUESTION_FILED && found->state != XCA_QUESTION_OPEN) {
        err = xca_error_make(pool, XCA_E_CONFLICT, "question.answered", NULL);
        err->arg = found->officer;
        return err;
    }
    found->reply = reply;
    found->officer = officer;
    found->answered = now;
    err = report(office, found, actor, pool);
    if (err == NULL) {
        err = xca_question_move(office->store, found, XCA_QUESTION_ANSWERED, pool);
    }
    if (err == NULL) {
        found->state = XCA_QUESTION_ANSWERED;
        *question = found;
    }
    return err;
}

/* The first line, as a title. */
static const char *first_line(const char *text, apr_pool_t *pool) {
    const char *line = xca_text_trim(pool, apr_pstrmemdup(pool, text, strcspn(text, "\n")));
    const char *at = line, *end = line + strlen(line);
    int count = 0;

    while (at < end && count++ < XCA_CONTENT_TITLE_MAX) {
        xca_text_next(&at, end);
    }
    return apr_pstrmemdup(pool, line, (apr_size_t)(at - line));
}

xca_error_t *xca_question_to_faq(const char **id, xca_office_t *office, const xca_question_t *question,
                                 const char *category, const char *officer, const char *actor, apr_time_t now,
                                 apr_pool_t *pool) {
    int english = question->language != NULL && strcmp(question->language, "en") == 0;
    xca_content_t content = {0};
    xca_error_t *err;

    if (question->reply == NULL) {
        return xca_error_make(pool, XCA_E_INVALID, "question.not-answered", NULL);
    }
    content.id = apr_pstrcat(pool, "q-", apr_pstrndup(pool, question->id, 12), NULL);
    content.kind = XCA_CONTENT_FAQ;
    content.state = XCA_CONTENT_DRAFT;
    content.category = category;
    content.title[english] = first_line(question->text, pool);
    content.body[english] = question->reply;
    err = xca_content_save(office, &content, officer, actor, now, pool);
    if (err == NULL) {
        *id = content.id;
    }
    return err;
}
