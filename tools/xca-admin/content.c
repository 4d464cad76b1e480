/* content import/list/show/publish/withdraw, question list/show/answer. */
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "command.h"
#include "domain/calendar.h"
#include "operations/content.h"
#include "operations/question.h"

static const char *officer_of(const arguments_t *arguments) {
    const char *officer = argument(arguments, "officer");

    return officer != NULL ? officer : "admin";
}

static xca_error_t *nothing_named(const admin_t *admin, const char *what) {
    return xca_error_field(admin->pool, NULL, "admin.argument-missing", what);
}

xca_error_t *command_content_import(admin_t *admin, const arguments_t *arguments) {
    xca_content_counts_t counts = {0};
    const char *path;
    int index = 0;
    xca_error_t *err = NULL;

    while (err == NULL && (path = argument_plain(arguments, index)) != NULL) {
        const char *data;
        apr_size_t length;

        err = xca_file_read(&data, &length, path, XCA_CONTENT_FILE_MAX, admin->pool);
        if (err == NULL) {
            err = xca_content_import(&counts, admin->office, data, length, officer_of(arguments), admin_actor(admin),
                                     argument_set(arguments, "replace"), admin->now, admin->pool);
        }
        if (err != NULL) {
            err->detail = apr_pstrcat(admin->pool, path, err->detail != NULL ? ": " : "", err->detail, NULL);
        }
        index++;
    }
    if (index == 0) {
        return nothing_named(admin, "FILE");
    }
    if (err == NULL) {
        printf("%d added, %d changed, %d unchanged, %d kept as officers have changed them\n", counts.added, counts.changed,
               counts.unchanged, counts.kept);
    }
    return err;
}

xca_error_t *command_content_list(admin_t *admin, const arguments_t *arguments) {
    const char *kind = argument(arguments, "kind"), *state = argument(arguments, "state");
    xca_content_query_t query = {0};
    apr_array_header_t *contents;
    int i;
    xca_error_t *err;

    query.kind = xca_content_kind_by_id(kind);
    query.state = xca_content_state_by_id(state);
    if (kind != NULL && query.kind == XCA_CONTENT_KINDS) {
        return xca_error_field(admin->pool, NULL, "admin.kind", kind);
    }
    if (state != NULL && query.state == XCA_CONTENT_STATES) {
        return xca_error_field(admin->pool, NULL, "admin.state", state);
    }
    err = xca_content_list(&contents, admin->office->store, &query, admin->pool);
    for (i = 0; err == NULL && i < contents->nelts; i++) {
        const xca_content_t *content = APR_ARRAY_IDX(contents, i, const xca_content_t *);
        const char *title = content->title[admin->language == XCA_EN] != NULL ? content->title[admin->language == XCA_EN]
                                                                              : content->title[admin->language != XCA_EN];

        printf("%s\t%s\t%s\t%s\t%s\t%s\n", xca_content_kind_id(content->kind), content->id,
               xca_content_state_id(content->state),
               content->dated != 0      ? xca_date_format(admin->pool, content->dated, XCA_DATE_ISO)
               : content->category != NULL ? content->category
                                           : "-",
               content->author != NULL ? content->author : "-", title != NULL ? title : "-");
    }
    return err;
}

xca_error_t *command_content_show(admin_t *admin, const arguments_t *arguments) {
    apr_array_header_t *contents = apr_array_make(admin->pool, 4, sizeof(xca_content_t *));
    const char *id;
    xca_bytes_t xml;
    xca_error_t *err = NULL;

    while (err == NULL && (id = argument_plain(arguments, contents->nelts)) != NULL) {
        xca_content_t *content = NULL;

        err = xca_content_read(&content, admin->office->store, id, admin->pool);
        APR_ARRAY_PUSH(contents, xca_content_t *) = content;
    }
    if (contents->nelts == 0) {
        return nothing_named(admin, "ID");
    }
    if (err == NULL) {
        err = xca_content_export(&xml, contents, admin->pool);
    }
    if (err == NULL) {
        fwrite(xml.data, 1, xml.length, stdout);
    }
    return err;
}

static xca_error_t *set_state(admin_t *admin, const arguments_t *arguments, xca_content_state state) {
    const char *id;
    int index = 0;
    xca_error_t *err = NULL;

    while (err == NULL && (id = argument_plain(arguments, index)) != NULL) {
        xca_content_t *content;

        err = xca_content_read(&content, admin->office->store, id, admin->pool);
        if (err == NULL) {
            content->state = state;
            err = xca_content_save(admin->office, content, officer_of(arguments), admin_actor(admin), admin->now, admin->pool);
        }
        index++;
    }
    return index == 0 ? nothing_named(admin, "ID") : err;
}

xca_error_t *command_content_publish(admin_t *admin, const arguments_t *arguments) {
    return set_state(admin, arguments, XCA_CONTENT_PUBLISHED);
}

xca_error_t *command_content_withdraw(admin_t *admin, const arguments_t *arguments) {
    return set_state(admin, arguments, XCA_CONTENT_WITHDRAWN);
}

static xca_error_t *list_questions(admin_t *admin, xca_question_state state) {
    apr_array_header_t *questions;
    int i;
    xca_error_t *err = xca_question_list(&questions, admin->office->store, state, 0, admin->pool);

    for (i = 0; err == NULL && i < questions->nelts; i++) {
        const xca_question_t *question = APR_ARRAY_IDX(questions, i, const xca_question_t *);

        printf("%s\t%s\t%s\t%s\t%s\n", question->id, xca_question_state_id(question->state),
               xca_date_format(admin->pool, question->filed, XCA_DATE_ISO_TIME),
               admin_text(admin, apr_pstrcat(admin->pool, "question.topic.", question->topic, NULL)), question->name);
    }
    return err;
}

/* Without --state: what is still to be answered. */
xca_error_t *command_question_list(admin_t *admin, const arguments_t *arguments) {
    const char *wanted = argument(arguments, "state");
    xca_question_state state = xca_question_state_by_id(wanted);
    xca_error_t *err;

    if (wanted != NULL) {
        return state == XCA_QUESTION_STATES ? xca_error_field(admin->pool, NULL, "admin.state", wanted)
                                            : list_questions(admin, state);
    }
    err = list_questions(admin, XCA_QUESTION_FILED);
    return err != NULL ? err : list_questions(admin, XCA_QUESTION_OPEN);
}

static void print_line(const char *name, const char *value) {
    if (value != NULL) {
        printf("%s: %s\n", name, value);
    }
}

xca_error_t *command_question_show(admin_t *admin, const arguments_t *arguments) {
    const char *id = argument_plain(arguments, 0);
    xca_question_t *question;
    xca_error_t *err;

    if (id == NULL) {
        return nothing_named(admin, "ID");
    }
    err = xca_question_read(&question, admin->office->store, id, admin->pool);
    if (err != NULL) {
        return err;
    }
    print_line("question", question->id);
    print_line("state", xca_question_state_id(question->state));
    print_line("topic", admin_text(admin, apr_pstrcat(admin->pool, "question.topic.", question->topic, NULL)));
    print_line("filed", xca_date_format(admin->pool, question->filed, XCA_DATE_ISO_TIME));
    print_line("organisation", question->organisation);
    print_line("name", question->name);
    print_line("mail", question->mail);
    print_line("phone", question->phone);
    printf("\n%s\n", question->text);
    if (question->reply != NULL) {
        printf("\n-- %s, %s\n%s\n", question->officer != NULL ? question->officer : "-",
               xca_date_format(admin->pool, question->answered, XCA_DATE_ISO_TIME), question->reply);
    }
    return NULL;
}

xca_error_t *command_question_answer(admin_t *admin, const arguments_t *arguments) {
    const char *id = argument_plain(arguments, 0), *category = argument(arguments, "to-faq");
    const char *path, *uid, *reply, *faq;
    apr_size_t length;
    xca_question_t *question;
    xca_officer_t *officer;
    xca_error_t *err = id == NULL ? nothing_named(admin, "ID") : argument_needed(&path, arguments, "text-file", admin->pool);

    err = err == NULL ? argument_needed(&uid, arguments, "officer", admin->pool) : err;
    err = err == NULL ? xca_officer_read(&officer, admin->office->store, uid, admin->pool) : err;
    err = err == NULL ? xca_file_read(&reply, &length, path, XCA_QUESTION_REPLY_MAX, admin->pool) : err;
    if (err == NULL) {
        err = xca_question_answer(&question, admin->office, id, reply, uid, admin_actor(admin), admin->now, admin->pool);
    }
    if (err != NULL || category == NULL) {
        return err;
    }
    err = xca_question_to_faq(&faq, admin->office, question, category, uid, admin_actor(admin), admin->now, admin->pool);
    if (err == NULL) {
        printf("%s\n", faq);
    }
    return err;
}
