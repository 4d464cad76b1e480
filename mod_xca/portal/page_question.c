/* 客戶提問表單. */
#include <string.h>
#include <apr_strings.h>
#include "operations/question.h"
#include "portal/engine.h"
#include "portal/page_content.h"

/* A field that people do not see and programs like to fill in. */
#define TRAP "website"

static void put_topics(xca_visit_t *visit, const char *chosen) {
    xca_value_t *list = xca_map_list(visit->model, "_topics");
    int i;

    for (i = 0; xca_question_topics[i] != NULL; i++) {
        const char *id = xca_question_topics[i];
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "id", id);
        xca_map_text(item, "text", apr_pstrcat(visit->pool, "question.topic.", id, NULL));
        xca_map_true(item, "chosen", chosen != NULL && strcmp(chosen, id) == 0);
        xca_map_true(item, "first", i == 0);
    }
}

static xca_error_t *put_form(xca_visit_t *visit, const xca_question_t *typed, xca_error_t *wrong) {
    put_topics(visit, typed->topic);
    xca_map_text(visit->model, "asker_organisation", typed->organisation);
    xca_map_text(visit->model, "asker_name", typed->name);
    xca_map_text(visit->model, "asker_mail", typed->mail);
    xca_map_text(visit->model, "asker_phone", typed->phone);
    xca_map_text(visit->model, "question", typed->text);
    xca_map_text(visit->model, "token", xca_visit_token(visit, "question"));
    xca_visit_errors(visit, wrong);
    return NULL;
}

xca_error_t *xca_page_question(xca_visit_t *visit) {
    xca_question_t empty = {0};

    empty.topic = xca_form_text(visit->form, "topic");
    return put_form(visit, &empty, NULL);
}

static xca_error_t *too_often(const xca_visit_t *visit) {
    xca_error_t *err;

    if (xca_limit_take(visit->portal->question_limit, xca_limit_source(visit->request->client, visit->pool), visit->now)) {
        return NULL;
    }
    err = xca_error_make(visit->pool, XCA_E_LOCKED, "question.too-often", "%s", visit->request->client);
    err->arg = apr_ltoa(visit->pool, visit->portal->questions_an_hour);
    return err;
}

xca_error_t *xca_page_question_sent(xca_visit_t *visit) {
    const char *trap = xca_form_text(visit->form, TRAP);
    xca_question_t question = {0}, typed;
    xca_error_t *err;

    question.topic = xca_form_text(visit->form, "topic");
    question.organisation = xca_form_text(visit->form, "asker_organisation");
    question.name = xca_form_text(visit->form, "asker_name");
    question.mail = xca_form_text(visit->form, "asker_mail");
    question.phone = xca_form_text(visit->form, "asker_phone");
    question.text = xca_form_text(visit->form, "question");
    typed = question;
    if (visit->token_error != NULL) {
        return put_form(visit, &typed, visit->token_error);
    }
    if (trap != NULL && *trap != '\0') {
        return put_form(visit, &typed, xca_error_make(visit->pool, XCA_E_INVALID, "question.robot", NULL));
    }
    question.id = xca_visit_nonce(visit);
    question.language = visit->language == XCA_EN ? "en" : "zh";
    err = xca_question_check(&question, visit->pool);
    if (err == NULL) {
        err = too_often(visit);
    }
    if (err == NULL) {
        err = xca_question_file(visit->office, &question, visit->now, visit->pool);
    }
    if (err != NULL) {
        return put_form(visit, &typed, err);
    }
    visit->redirect = apr_pstrcat(visit->pool, "/questions/sent?number=", apr_pstrndup(visit->pool, question.id, 12), NULL);
    return NULL;
}

xca_error_t *xca_page_question_kept(xca_visit_t *visit) {
    const char *number = xca_form_text(visit->form, "number");

    if (number != NULL && strlen(number) == 12 && strspn(number, "0123456789abcdef") == 12) {
        xca_map_text(visit->model, "number", number);
    }
    return NULL;
}
