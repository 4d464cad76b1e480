/* ou=questions: class xcaQuestionEntry: xcaQuestion (RDN, the id), xcaState, xcaCategory (the topic), xcaFiled, o,
 * xcaContactName, xcaContactMail, xcaContactPhone, xcaBody (the question), xcaLanguage; xcaReplyText, xcaAuthor,
 * xcaStateChanged since it was answered. */
#include "directory/question_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/calendar.h"

static char *question_dn(const xca_store_t *store, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaQuestion=", xca_dn_escape(pool, id), ",", xca_branch_dn(store, "questions", pool), NULL);
}

xca_error_t *xca_question_add(xca_store_t *store, const xca_question_t *question, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, question_dn(store, question->id, pool));
    xca_error_t *err;

    xca_entry_add(pool, entry, "objectClass", "xcaQuestionEntry");
    xca_entry_add(pool, entry, "xcaQuestion", question->id);
    xca_entry_add(pool, entry, "xcaState", xca_question_state_id(XCA_QUESTION_FILED));
    xca_entry_add(pool, entry, "xcaCategory", question->topic);
    xca_entry_add_time(pool, entry, "xcaFiled", question->filed);
    xca_entry_add(pool, entry, "o", question->organisation);
    xca_entry_add(pool, entry, "xcaContactName", question->name);
    xca_entry_add(pool, entry, "xcaContactMail", question->mail);
    xca_entry_add(pool, entry, "xcaContactPhone", question->phone);
    xca_entry_add(pool, entry, "xcaBody", question->text);
    xca_entry_add(pool, entry, "xcaLanguage", question->language);
    err = xca_ldap_add(store->ldap, entry, pool);
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? NULL : err;
}

static const char *text_of(const xca_entry_t *entry, const char *name, apr_pool_t *pool) {
    return apr_pstrdup(pool, xca_entry_text(entry, name));
}

void *xca_question_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_question_t *question = apr_pcalloc(pool, sizeof(*question));

    question->id = text_of(entry, "xcaQuestion", pool);
    question->state = xca_question_state_by_id(xca_entry_text(entry, "xcaState"));
    question->topic = text_of(entry, "xcaCategory", pool);
    question->filed = xca_entry_time(entry, "xcaFiled");
    question->organisation = text_of(entry, "o", pool);
    question->name = text_of(entry, "xcaContactName", pool);
    question->mail = text_of(entry, "xcaContactMail", pool);
    question->phone = text_of(entry, "xcaContactPhone", pool);
    question->text = text_of(entry, "xcaBody", pool);
    question->language = text_of(entry, "xcaLanguage", pool);
    question->reply = text_of(entry, "xcaReplyText", pool);
    question->officer = text_of(entry, "xcaAuthor", pool);
    question->answered = xca_entry_time(entry, "xcaStateChanged");
    if (question->id == NULL || question->state == XCA_QUESTION_STATES || question->topic == NULL ||
        question->name == NULL || question->mail == NULL || question->text == NULL) {
        return NULL;
    }
    return question;
}

xca_error_t *xca_question_read(xca_question_t **question, xca_store_t *store, const char *id, apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, question_dn(store, id, pool), NULL, pool);

    if (err != NULL) {
        err = xca_store_error(err, XCA_E_NOT_FOUND, "question.not-found");
        err->arg = id;
        return err;
    }
    *question = xca_question_of_entry(entry, pool);
    if (*question == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no question", entry->dn);
    }
    return NULL;
}

static int by_time(const void *left, const void *right) {
    const xca_question_t *a = *(const xca_question_t *const *)left, *b = *(const xca_question_t *const *)right;

    return a->filed != b->filed ? (a->filed < b->filed ? -1 : 1) : strcmp(a->id, b->id);
}

xca_error_t *xca_question_list(apr_array_header_t **questions, xca_store_t *store, xca_question_state state, int limit,
                               apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 16, sizeof(void *));
    into.make = xca_question_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "questions", pool), XCA_SCOPE_ONE,
                          apr_pstrcat(pool, "(&(objectClass=xcaQuestionEntry)(xcaState=", xca_question_state_id(state),
                                      "))", NULL),
                          NULL, limit, NULL, xca_collect, &into, pool);
    if (err != NULL) {
        return err;
    }
    qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_time);
    *questions = into.list;
    return NULL;
}

xca_error_t *xca_question_move(xca_store_t *store, const xca_question_t *question, xca_question_state to, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_error_t *err;

    xca_changes_swap(changes, "xcaState", xca_question_state_id(question->state), xca_question_state_id(to));
    if (question->state == XCA_QUESTION_ANSWERED && to == XCA_QUESTION_OPEN) {
        xca_changes_text(changes, "xcaReplyText", NULL);
        xca_changes_text(changes, "xcaAuthor", NULL);
        xca_changes_text(changes, "xcaStateChanged", NULL);
    }
    if (to == XCA_QUESTION_ANSWERED) {
        /* added, not replaced: what was replied cannot be replied again */
        xca_changes_add(changes, XCA_CHANGE_ADD, "xcaReplyText", question->reply);
        xca_changes_add(changes, XCA_CHANGE_ADD, "xcaAuthor", question->officer);
        xca_changes_add(changes, XCA_CHANGE_ADD, "xcaStateChanged", xca_date_format(pool, question->answered, XCA_DATE_LDAP));
    }
    err = xca_ldap_modify(store->ldap, question_dn(store, question->id, pool), changes, NULL, NULL, NULL, pool);
    err = xca_store_error(err, XCA_E_NOT_FOUND, "question.not-found");
    return xca_store_error(err, XCA_E_CONFLICT, "question.changed");
}

xca_error_t *xca_question_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) {
    return xca_expire(store, "questions",
                      apr_psprintf(pool, "(&(objectClass=xcaQuestionEntry)(xcaState=closed)(xcaFiled<=%s))",
                                   xca_date_format(pool, before, XCA_DATE_LDAP)),
                      pool);
}
