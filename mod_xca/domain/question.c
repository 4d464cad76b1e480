#include "domain/question.h"

#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/codes.h"

static const char *const states[] = {"filed", "open", "answered", "closed"};

const char *const xca_question_topics[] = {"window", "progress", "card-locked", "notice", "code",
                                           "renewal", "use", "other", NULL};

const char *xca_question_state_id(xca_question_state state) {
    return states[state];
}

xca_question_state xca_question_state_by_id(const char *id) {
    int state = 0;

    while (state < XCA_QUESTION_STATES && (id == NULL || strcmp(states[state], id) != 0)) {
        state++;
    }
    return (xca_question_state)state;
}

static int is_topic(const char *topic) {
    int i;

    for (i = 0; topic != NULL && xca_question_topics[i] != NULL; i++) {
        if (strcmp(xca_question_topics[i], topic) == 0) {
            return 1;
        }
    }
    return 0;
}

/* One line of text: trimmed into *text, NULL if nothing is left. */
static xca_error_t *check_line(const char **text, const char *field, int required, apr_size_t most, apr_pool_t *pool) {
    *text = *text != NULL ? xca_text_trim(pool, *text) : NULL;
    if (*text != NULL && **text == '\0') {
        *text = NULL;
    }
    return xca_typed_check(*text, required, most, field, pool);
}

/* Several lines, without empty ones at the ends. */
static xca_error_t *check_lines(const char **text, const char *field, apr_size_t most, apr_pool_t *pool) {
    const char *typed = *text != NULL ? *text : "";
    apr_size_t length;

    typed += strspn(typed, " \t\n");
    length = strlen(typed);
    while (length > 0 && strchr(" \t\n", typed[length - 1]) != NULL) {
        length--;
    }
    *text = apr_pstrmemdup(pool, typed, length);
    if (length == 0) {
        return xca_error_field(pool, field, "field.required", NULL);
    }
    if (!xca_text_valid(*text, length, 1) || strstr(*text, XCA_TEXT_REPLACED) != NULL) {
        return xca_error_field(pool, field, "field.characters", NULL);
    }
    return xca_text_length(*text) > most ? xca_error_field(pool, field, "field.too-long", apr_ltoa(pool, (long)most)) : NULL;
}

static xca_error_t *check_mail(const char **mail, apr_pool_t *pool) {
    xca_error_t *err = check_line(mail, "asker_mail", 1, XCA_EMAIL_MAX, pool);

    if (err != NULL) {
        return err;
    }
    *mail = xca_text_halfwidth(pool, *mail);
    return xca_email_check(*mail, "asker_mail", pool);
}

xca_error_t *xca_question_check(xca_question_t *question, apr_pool_t *pool) {
    xca_error_t *err = NULL;

    if (!is_topic(question->topic)) {
        err = xca_error_field(pool, "topic", "field.choose", NULL);
    }
    err = xca_error_append(err, check_line(&question->organisation, "asker_organisation", 0, 100, pool));
    err = xca_error_append(err, check_line(&question->name, "asker_name", 1, 50, pool));
    err = xca_error_append(err, check_mail(&question->mail, pool));
    err = xca_error_append(err, check_line(&question->phone, "asker_phone", 0, 40, pool));
    return xca_error_append(err, check_lines(&question->text, "question", XCA_QUESTION_TEXT_MAX, pool));
}

xca_error_t *xca_question_reply_check(const char *reply, apr_pool_t *pool) {
    if (reply == NULL || strspn(reply, " \t\r\n") == strlen(reply)) {
        return xca_error_field(pool, "reply", "field.required", NULL);
    }
    if (!xca_text_valid(reply, strlen(reply), 1)) {
        return xca_error_field(pool, "reply", "field.characters", NULL);
    }
    return strlen(reply) > XCA_QUESTION_REPLY_MAX
               ? xca_error_field(pool, "reply", "field.too-long", apr_itoa(pool, XCA_QUESTION_REPLY_MAX))
               : NULL;
}
