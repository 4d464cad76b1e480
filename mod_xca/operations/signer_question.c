/* Mails around questions of visitors: to the officers when one is filed, to the visitor when it is answered. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/question_store.h"
#include "operations/notices.h"
#include "operations/question.h"

static const char *joined(const xca_question_t *question, apr_pool_t *pool) {
    return apr_pstrcat(pool, question->name, question->organisation != NULL ? " " : "",
                       question->organisation != NULL ? question->organisation : "", NULL);
}

static xca_error_t *tell_officers(xca_signer_t *signer, const xca_question_t *question, apr_time_t now,
                                  apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};

    facts.event = "question";
    facts.id = apr_pstrcat(pool, question->id, "-question", NULL);
    facts.to = signer->question_mail;
    facts.serial = question->id;
    facts.name = joined(question, pool);
    facts.reason = xca_catalogue_text(signer->texts, apr_pstrcat(pool, "question.topic.", question->topic, NULL), XCA_ZH);
    facts.text = question->text;
    facts.quote = apr_pstrcat(pool, question->mail, question->phone != NULL ? "  " : "",
                              question->phone != NULL ? question->phone : "", NULL);
    return xca_notify(signer, &facts, now, pool);
}

/* Whether one more answer may go out in this hour. */
static int may_mail(xca_signer_t *signer, apr_time_t now) {
    if (now - signer->answers_since >= apr_time_from_sec(3600) || now < signer->answers_since) {
        signer->answers_since = now;
        signer->answers_mailed = 0;
    }
    return signer->answers_mailed++ < XCA_ANSWERS_AN_HOUR;
}

static xca_error_t *check_officer(xca_signer_t *signer, const xca_question_t *question, apr_pool_t *pool) {
    const char *uid = question->officer != NULL ? question->officer : "";
    xca_officer_t *officer;
    xca_error_t *err = xca_officer_read(&officer, signer->office->store, uid, pool);

    if (err == NULL && (!officer->active || officer->role != XCA_ROLE_CENTRAL)) {
        err = xca_error_make(pool, XCA_E_DENIED, "office.role", "%s", uid);
    }
    return err;
}

static xca_error_t *mail_answer(xca_signer_t *signer, const xca_question_t *question, apr_time_t now, apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};
    xca_error_t *err = check_officer(signer, question, pool);

    if (err != NULL) {
        return err;
    }
    facts.event = "answer";
    facts.id = apr_pstrcat(pool, question->id, "-answer", NULL);
    facts.to = question->mail;
    facts.name = question->name;
    facts.text = question->reply;
    facts.quote = question->text;
    return xca_notify(signer, &facts, now, pool);
}

/* The mail first: a cut between the two repeats it under the same id, which is one mail. */
static xca_error_t *move_on(xca_signer_t *signer, const xca_question_t *question, apr_time_t now, apr_pool_t *pool) {
    int is_new = question->state == XCA_QUESTION_FILED;
    xca_error_t *err;

    if (!is_new && !may_mail(signer, now)) {
        return NULL; /* later */
    }
    err = is_new ? tell_officers(signer, question, now, pool) : mail_answer(signer, question, now, pool);

    if (err != NULL && !is_new && (err->kind == XCA_E_DENIED || err->kind == XCA_E_NOT_FOUND)) {
        /* nobody who may has said this: it is asked again */
        xca_log_error(apr_pstrcat(pool, "answer to question ", question->id, NULL), err);
        err = xca_question_move(signer->office->store, question, XCA_QUESTION_OPEN, pool);
    } else if (err == NULL) {
        err = xca_question_move(signer->office->store, question, is_new ? XCA_QUESTION_OPEN : XCA_QUESTION_CLOSED, pool);
    }
    if (err != NULL && err->kind == XCA_E_CONFLICT) {
        return NULL; /* an officer was faster */
    }
    return err;
}

static xca_error_t *all_in(xca_signer_t *signer, xca_question_state state, apr_time_t now, int limit, apr_pool_t *pool) {
    apr_array_header_t *questions;
    int i;
    xca_error_t *err = xca_question_list(&questions, signer->office->store, state, limit, pool);

    for (i = 0; err == NULL && i < questions->nelts; i++) {
        const xca_question_t *question = APR_ARRAY_IDX(questions, i, const xca_question_t *);

        err = move_on(signer, question, now, pool);
        if (err != NULL && err->kind != XCA_E_UNAVAILABLE) {
            xca_log_error(apr_pstrcat(pool, "question ", question->id, NULL), err);
            err = NULL;
        }
    }
    return err;
}

/* A directory that was made before there were questions has no branch for them until xca-admin makes it. */
static xca_error_t *no_branch_is_no_fault(xca_error_t *err) {
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

xca_error_t *xca_signer_questions(xca_signer_t *signer, apr_time_t now, int limit, apr_pool_t *pool) {
    xca_error_t *err = all_in(signer, XCA_QUESTION_FILED, now, limit, pool);

    if (err == NULL) {
        err = all_in(signer, XCA_QUESTION_ANSWERED, now, limit, pool);
    }
    return no_branch_is_no_fault(err);
}

xca_error_t *xca_signer_old_questions(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    return no_branch_is_no_fault(xca_question_expire(signer->office->store, now - XCA_QUESTION_LIFE, pool));
}
