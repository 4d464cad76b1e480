/* mail list, show, retry, bounce, and the outbox: what was sent to people, and what did not arrive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "command.h"
#include "domain/calendar.h"
#include "outside/mail_bounce.h"

static const char *const states[] = {"waiting", "sending", "failed", "uncertain", "sent"};
#define STATES ((int)(sizeof(states) / sizeof(states[0])))

typedef void printer(admin_t *admin, const xca_notice_t *notice);

static void print_line(admin_t *admin, const xca_notice_t *notice) {
    printf("%s\t%s\t%s\t%d\t%s\t%s\n", notice->state, xca_date_format(admin->pool, notice->created, XCA_DATE_ISO_TIME), notice->id,
           notice->tries, notice->to, notice->error != NULL ? notice->error : "-");
}

static void print_subject(admin_t *admin, const xca_notice_t *notice) {
    (void)admin;
    printf("%s\t%s\t%d\t%s\t%s%s%s\n", notice->state, notice->id, notice->tries, notice->to, notice->subject,
           notice->error != NULL ? "\t" : "", notice->error != NULL ? notice->error : "");
}

static void print_lines(admin_t *admin, const apr_array_header_t *notices, printer *print) {
    int i;

    for (i = 0; i < notices->nelts; i++) {
        print(admin, APR_ARRAY_IDX(notices, i, const xca_notice_t *));
    }
}

/* Those of the state that --state names, or of all. */
static xca_error_t *list_by_state(admin_t *admin, const arguments_t *arguments, printer *print) {
    const char *wanted = argument(arguments, "state");
    int i, known = wanted == NULL;
    xca_error_t *err = NULL;

    for (i = 0; err == NULL && i < STATES; i++) {
        apr_array_header_t *notices;

        if (wanted != NULL && strcmp(wanted, states[i]) != 0) {
            continue;
        }
        known = 1;
        err = xca_notice_list(&notices, admin->office->store, states[i], 0, admin->pool);
        if (err == NULL) {
            print_lines(admin, notices, print);
        }
    }
    return known ? err : xca_error_field(admin->pool, NULL, "admin.state", wanted);
}

xca_error_t *command_mail_list(admin_t *admin, const arguments_t *arguments) {
    apr_array_header_t *notices;
    xca_error_t *err;

    if (!argument_set(arguments, "failed")) {
        return list_by_state(admin, arguments, print_line);
    }
    err = xca_notice_undelivered(&notices, NULL, admin->office->store, 0, admin->pool);
    if (err == NULL) {
        print_lines(admin, notices, print_line);
    }
    return err;
}

xca_error_t *command_outbox(admin_t *admin, const arguments_t *arguments) {
    return list_by_state(admin, arguments, print_subject);
}

static xca_error_t *need_id(const char **id, admin_t *admin, const arguments_t *arguments) {
    *id = argument_plain(arguments, 0);
    return *id != NULL ? NULL : xca_error_field(admin->pool, NULL, "admin.argument-missing", "ID");
}

xca_error_t *command_mail_show(admin_t *admin, const arguments_t *arguments) {
    xca_notice_t *notice;
    const char *id;
    xca_error_t *err = need_id(&id, admin, arguments);

    if (err == NULL) {
        err = xca_notice_read(&notice, admin->office->store, id, admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    printf("id: %s\nstate: %s\ntries: %d\nrecorded: %s\n", notice->id, notice->state, notice->tries,
           xca_date_format(admin->pool, notice->created, XCA_DATE_ISO_TIME));
    if (notice->error != NULL) {
        printf("reason: %s\n", notice->error);
    }
    if (strcmp(notice->state, "waiting") == 0) {
        printf("next try: %s\n", xca_date_format(admin->pool, notice->next_try, XCA_DATE_ISO_TIME));
    }
    printf("to: %s\nsubject: %s\n\n%s", notice->to, notice->subject, notice->body);
    return NULL;
}

static int is_undelivered(const xca_notice_t *notice) {
    return strcmp(notice->state, "failed") == 0 || strcmp(notice->state, "uncertain") == 0;
}

static xca_error_t *about(xca_error_t *err, const xca_notice_t *notice) {
    err->arg = notice->id;
    return err;
}

xca_error_t *command_mail_retry(admin_t *admin, const arguments_t *arguments) {
    const char *id;
    int i;
    xca_error_t *err = need_id(&id, admin, arguments);

    for (i = 0; err == NULL && (id = argument_plain(arguments, i)) != NULL; i++) {
        xca_notice_t *notice;

        err = xca_notice_read(&notice, admin->office->store, id, admin->pool);
        if (err == NULL && !is_undelivered(notice)) {
            return about(xca_error_make(admin->pool, XCA_E_CONFLICT, "notice.not-failed", NULL), notice);
        }
        if (err == NULL) {
            err = xca_notice_move(admin->office->store, notice, "waiting", NULL, 0, admin->now, admin->pool);
        }
    }
    return err;
}

static xca_error_t *read_input(char **message, apr_size_t *length, apr_pool_t *pool) {
    *message = apr_palloc(pool, XCA_BOUNCE_MAX);
    *length = fread(*message, 1, XCA_BOUNCE_MAX, stdin);
    if (ferror(stdin)) {
        return xca_error_make(pool, XCA_E_INTERNAL, "file.unreadable", "standard input");
    }
    while (!feof(stdin)) { /* a mail server minds a pipe that closes early */
        char rest[4096];

        if (fread(rest, 1, sizeof(rest), stdin) == 0) {
            break;
        }
    }
    return NULL;
}

static const char *reason_of(const xca_bounce_t *bounce, apr_pool_t *pool) {
    return apr_pstrcat(pool, "bounced", bounce->status != NULL ? " " : "", bounce->status != NULL ? bounce->status : "",
                       bounce->recipient != NULL ? " " : "", bounce->recipient != NULL ? bounce->recipient : "",
                       bounce->reason != NULL ? ": " : "", bounce->reason != NULL ? bounce->reason : "", NULL);
}

/* What came back is recorded once; a report of a delay changes nothing. */
static xca_error_t *record(admin_t *admin, const xca_bounce_t *bounce) {
    xca_notice_t *notice;
    xca_error_t *err = xca_notice_read(&notice, admin->office->store, bounce->notice, admin->pool);

    if (err != NULL) {
        return err;
    }
    if (strcmp(notice->state, "sent") == 0 || strcmp(notice->state, "uncertain") == 0) {
        err = xca_notice_move(admin->office->store, notice, "failed", reason_of(bounce, admin->pool), notice->tries, admin->now,
                              admin->pool);
    } else if (strcmp(notice->state, "failed") != 0) {
        return about(xca_error_make(admin->pool, XCA_E_CONFLICT, "bounce.too-early", NULL), notice);
    }
    if (err == NULL) {
        printf("%s\tfailed\n", notice->id);
    }
    return err;
}

xca_error_t *command_mail_bounce(admin_t *admin, const arguments_t *arguments) {
    const char *from = xca_settings_get(admin->settings, "mail-from", "");
    xca_bounce_t bounce;
    apr_size_t length;
    char *message;
    xca_error_t *err = read_input(&message, &length, admin->pool);

    (void)arguments;
    if (err == NULL) {
        err = xca_bounce_read(&bounce, message, length, from, admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    if (!bounce.failed) {
        printf("%s\tnot failed\n", bounce.notice);
        return NULL;
    }
    return record(admin, &bounce);
}
