/* Questions of visitors, as central officers answer them. */
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "operations/content.h"
#include "operations/question.h"
#include "portal/engine.h"
#include "portal/office_door.h"
#include "portal/page_office_content.h"

#define LIST_MAX 200

static void put_question(xca_visit_t *visit, xca_value_t *map, const xca_question_t *question) {
    const char *state = xca_question_state_id(question->state);

    xca_map_text(map, "id", question->id);
    xca_map_text(map, "state", state);
    xca_map_text(map, "_state", apr_pstrcat(visit->pool, "question.state.", state, NULL));
    xca_map_text(map, "topic", question->topic);
    xca_map_text(map, "_topic", apr_pstrcat(visit->pool, "question.topic.", question->topic, NULL));
    xca_map_text(map, "filed", xca_date_format(visit->pool, question->filed, XCA_DATE_ISO_TIME));
    xca_map_text(map, "name", question->name);
    xca_map_text(map, "organisation", question->organisation);
}

static xca_error_t *add_state(apr_array_header_t *all, xca_visit_t *visit, xca_question_state state) {
    apr_array_header_t *questions;
    xca_error_t *err = xca_question_list(&questions, visit->office->store, state, LIST_MAX, visit->pool);

    if (err == NULL) {
        apr_array_cat(all, questions);
    }
    return err;
}

/* Without a state: what is still to be answered. */
xca_error_t *xca_page_office_questions(xca_visit_t *visit) {
    const char *wanted = xca_form_text(visit->form, "state");
    int closed = wanted != NULL && strcmp(wanted, "closed") == 0;
    apr_array_header_t *all = apr_array_make(visit->pool, 16, sizeof(xca_question_t *));
    xca_value_t *list;
    int i;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_AUDITOR);

    if (err == NULL) {
        err = add_state(all, visit, closed ? XCA_QUESTION_ANSWERED : XCA_QUESTION_FILED);
    }
    if (err == NULL) {
        err = add_state(all, visit, closed ? XCA_QUESTION_CLOSED : XCA_QUESTION_OPEN);
    }
    if (err != NULL) {
        return err;
    }
    xca_map_true(visit->model, "_closed", closed);
    xca_map_number(visit->model, "count", all->nelts);
    list = xca_map_list(visit->model, "questions");
    for (i = 0; i < all->nelts; i++) {
        put_question(visit, xca_list_map(list), APR_ARRAY_IDX(all, i, const xca_question_t *));
    }
    return NULL;
}

static xca_error_t *put_page(xca_visit_t *visit, const xca_question_t *question, const char *reply, xca_error_t *wrong) {
    const char *category = xca_form_text(visit->form, "category");
    int i, is_open = question->state == XCA_QUESTION_FILED || question->state == XCA_QUESTION_OPEN;
    xca_value_t *list;

    put_question(visit, visit->model, question);
    xca_map_text(visit->model, "mail", question->mail);
    xca_map_text(visit->model, "phone", question->phone);
    xca_map_text(visit->model, "text", question->text);
    xca_map_text(visit->model, "officer_reply", question->reply);
    xca_map_text(visit->model, "officer_uid", question->officer);
    if (question->answered != 0) {
        xca_map_text(visit->model, "answered", xca_date_format(visit->pool, question->answered, XCA_DATE_ISO_TIME));
    }
    xca_map_text(visit->model, "reply", reply);
    xca_map_true(visit->model, "_may_answer", is_open && visit->officer->role == XCA_ROLE_CENTRAL);
    xca_map_text(visit->model, "_here", question->name);
    list = xca_map_list(visit->model, "_categories");
    for (i = 0; xca_faq_categories[i] != NULL; i++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "value", xca_faq_categories[i]);
        xca_map_text(item, "label", apr_pstrcat(visit->pool, "faq.category.", xca_faq_categories[i], NULL));
        xca_map_true(item, "chosen", category != NULL && strcmp(category, xca_faq_categories[i]) == 0);
    }
    xca_visit_errors(visit, wrong);
    return NULL;
}

xca_error_t *xca_page_office_question(xca_visit_t *visit) {
    xca_question_t *question;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_AUDITOR);

    if (err == NULL) {
        err = xca_question_read(&question, visit->office->store, visit->arg, visit->pool);
    }
    return err != NULL ? err : put_page(visit, question, NULL, NULL);
}

/* Answer, and with a category into the FAQ as a draft, which opens for editing. */
xca_error_t *xca_page_office_question_sent(xca_visit_t *visit) {
    const char *reply = xca_form_text(visit->form, "reply"), *category = xca_form_text(visit->form, "category");
    xca_question_t *question, *answered;
    const char *faq;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    if (err == NULL) {
        err = xca_question_read(&question, visit->office->store, visit->arg, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    if (visit->token_error != NULL) {
        return put_page(visit, question, reply, visit->token_error);
    }
    err = xca_question_answer(&answered, visit->office, question->id, reply, visit->officer->uid, xca_office_actor(visit), visit->now,
                              visit->pool);
    if (err != NULL) {
        return put_page(visit, question, reply, err);
    }
    visit->redirect = apr_pstrcat(visit->pool, "/office/questions/", question->id, NULL);
    if (category == NULL || *category == '\0') {
        return NULL;
    }
    err = xca_question_to_faq(&faq, visit->office, answered, category, visit->officer->uid, xca_office_actor(visit), visit->now,
                              visit->pool);
    if (err == NULL) {
        visit->redirect = apr_pstrcat(visit->pool, "/office/content/", faq, NULL);
    }
    return err;
}
