/* review list|show|digest|accept|return: decisions are signed here with the officer's own key and judged by the signer. */
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "command.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/decision.h"
#include "operations/revocation.h"
#include "outside/crypto_cms.h"

#define VERDICT_WAIT apr_time_from_sec(10)

static const char *label(const admin_t *admin, const char *prefix, const char *id) {
    return admin_text(admin, apr_pstrcat(admin->pool, prefix, id, NULL));
}

/* By when a revocation is to be decided. */
static const char *due(const admin_t *admin, const xca_case_t *kase) {
    apr_time_t until =
        xca_revocation_due(kase, xca_settings_get(admin->settings, "holidays", NULL), admin->pool);

    if (until == 0) {
        return "";
    }
    return apr_pstrcat(admin->pool, "\t", admin_text(admin, admin->now > until ? "review.overdue" : "review.due"), " ",
                       xca_date_format(admin->pool, until, XCA_DATE_ISO), NULL);
}

static xca_error_t *check_window(admin_t *admin, const char *id) {
    xca_window_t *window;
    xca_error_t *err = id != NULL ? xca_window_read(&window, admin->office->store, id, admin->pool) : NULL;

    return err != NULL && err->kind == XCA_E_NOT_FOUND ? xca_error_field(admin->pool, NULL, "admin.window", id) : err;
}

xca_error_t *command_review_list(admin_t *admin, const arguments_t *arguments) {
    const char *word = argument(arguments, "state"), *window = argument(arguments, "window");
    xca_case_state state = word != NULL ? xca_case_state_by_id(word) : XCA_STATE_COUNT;
    apr_array_header_t *cases;
    int i;
    xca_error_t *err;

    if (word != NULL && state == XCA_STATE_COUNT) {
        return xca_error_field(admin->pool, NULL, "admin.state", word);
    }
    err = check_window(admin, window);
    if (err == NULL) {
        err = xca_case_list(&cases, NULL, admin->office->store, state, window, NULL, 0, admin->pool);
    }
    for (i = 0; err == NULL && i < cases->nelts; i++) {
        const xca_case_t *kase = APR_ARRAY_IDX(cases, i, const xca_case_t *);

        printf("%s\t%s\t%s\t%s\t%s\t%s%s%s%s\n", kase->number,
               xca_date_format(admin->pool, kase->filed, XCA_DATE_ISO_TIME),
               admin_text(admin, xca_case_state_label(kase)),
               kase->window != NULL ? kase->window : "-",
               kase->org_name != NULL ? kase->org_name : "-",
               label(admin, "kind.", xca_case_kind_id(kase->kind)), due(admin, kase),
               kase->problem != NULL ? "\t! " : "",
               kase->problem != NULL ? admin_text(admin, kase->problem) : "");
    }
    return err;
}

static void show_decision(admin_t *admin, xca_decision_t *decision) {
    xca_error_t *err = xca_decision_peek(decision, admin->pool);

    printf("decision %.16s", decision->id);
    if (err == NULL) {
        printf(": %s %s by %s at %s%s%s%s%s",
               decision->stage == XCA_STAGE_FIRST ? "first" : "second",
               decision->kind == XCA_DECISION_ACCEPT ? "accept" : "return", decision->officer,
               xca_date_format(admin->pool, decision->time, XCA_DATE_RFC3339),
               decision->letter != NULL ? ", letter " : "",
               decision->letter != NULL ? decision->letter : "",
               decision->reason != NULL ? ", reason: " : "",
               decision->reason != NULL ? decision->reason : "");
    }
    printf(" [%s]\n", decision->verdict != NULL ? admin_text(admin, decision->verdict) : "-");
}

/* The certificate of a case is called what is decided about it. */
static const char *field_label(const admin_t *admin, const xca_case_t *kase, const xca_case_field_t *field) {
    int revoked = kase->kind == XCA_CASE_REVOCATION && strcmp(field->name, "target_serial") == 0;

    return label(admin, "field.", revoked ? "target_serial.revocation" : field->name);
}

/* That of the certificate which the case is about. */
static xca_error_t *show_card(admin_t *admin, const xca_case_t *kase) {
    xca_cert_t *cert;
    xca_error_t *err;

    if (kase->target_serial == NULL) {
        return NULL;
    }
    err = xca_cert_read(&cert, admin->office->store, kase->target_serial, admin->pool);
    if (err == NULL && cert->card_number != NULL) {
        printf("%s: %s\n", admin_text(admin, "field.card_number"), cert->card_number);
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

xca_error_t *command_review_show(admin_t *admin, const arguments_t *arguments) {
    const char *number = argument_plain(arguments, 0);
    const xca_case_field_t *field;
    apr_array_header_t *decisions;
    xca_case_t *kase;
    int i;
    xca_error_t *err;

    if (number == NULL) {
        return xca_error_field(admin->pool, NULL, "admin.argument-missing", "CASE");
    }
    err = xca_case_read(&kase, admin->office->store, number, admin->pool);
    if (err == NULL) {
        err = xca_decision_list(&decisions, admin->office->store, number, admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    printf("%s %s\n", kase->number, admin_text(admin, xca_case_state_label(kase)));
    printf("%s: %s\n", admin_text(admin, "field.kind"),
           label(admin, "kind.", xca_case_kind_id(kase->kind)));
    if (kase->class != XCA_CLASS_NONE) {
        printf("%s: %s\n", admin_text(admin, "field.class"),
               label(admin, "class.", xca_class_get(kase->class)->id));
    }
    if (kase->use < XCA_USE_COUNT) {
        printf("%s: %s\n", admin_text(admin, "field.use"),
               label(admin, "use.", xca_use_id(kase->use)));
    }
    for (field = xca_case_fields; field->name != NULL; field++) {
        const char *value = xca_case_get(kase, field);

        if (value != NULL) {
            printf("%s: %s\n", field_label(admin, kase, field), value);
        }
    }
    err = show_card(admin, kase);
    if (err != NULL) {
        return err;
    }
    printf("revision: %ld, filed %s\n", kase->revision,
           xca_date_format(admin->pool, kase->filed, XCA_DATE_RFC3339));
    if (kase->key_hash != NULL) {
        printf("key: sha256 %s\n", kase->key_hash);
    }
    if (kase->serial != NULL) {
        printf("serial: %s\n", kase->serial);
    }
    if (kase->assigned_oid != NULL) {
        printf("OID: %s\n", kase->assigned_oid);
    }
    printf("content: sha256 %s\n", xca_case_digest(admin->pool, kase));
    if (kase->problem != NULL) {
        printf("! %s\n", admin_text(admin, kase->problem));
    }
    for (i = 0; i < decisions->nelts; i++) {
        show_decision(admin, APR_ARRAY_IDX(decisions, i, xca_decision_t *));
    }
    return NULL;
}

/* What officers who sign elsewhere put into their statements: number and digest, a line a case. */
xca_error_t *command_review_digest(admin_t *admin, const arguments_t *arguments) {
    int i;

    for (i = 0; argument_plain(arguments, i) != NULL; i++) {
        xca_case_t *kase;
        xca_error_t *err =
            xca_case_read(&kase, admin->office->store, argument_plain(arguments, i), admin->pool);

        if (err != NULL) {
            return err;
        }
        printf("%s %s\n", kase->number, xca_case_digest(admin->pool, kase));
    }
    return NULL;
}

xca_error_t *admin_open_officer(signing_t *signing, admin_t *admin, const arguments_t *arguments) {
    const char *uid, *path;
    const char *password_file = argument(arguments, "password-file");
    xca_secret_t *password = NULL;
    xca_error_t *err = argument_needed(&uid, arguments, "officer", admin->pool);

    if (err == NULL) {
        err = argument_needed(&path, arguments, "key", admin->pool);
    }
    if (err == NULL && password_file != NULL) {
        err = xca_secret_read(&password, password_file, admin->pool);
    }
    if (err == NULL) {
        err = xca_officer_read(&signing->officer, admin->office->store, uid, admin->pool);
    }
    if (err == NULL) {
        err = xca_key_read(&signing->key, path, password, admin->pool);
    }
    return err;
}

/* Waits for the signer's verdict and tells it. */
static xca_error_t *tell_verdict(admin_t *admin, const char *number, const char *id) {
    apr_time_t until = apr_time_now() + VERDICT_WAIT;
    apr_pool_t *scratch;

    apr_pool_create(&scratch, admin->pool);
    while (apr_time_now() < until) {
        apr_array_header_t *decisions;
        int i;
        xca_error_t *err;

        apr_pool_clear(scratch);
        err = xca_decision_list(&decisions, admin->office->store, number, scratch);
        if (err != NULL) {
            return err;
        }
        for (i = 0; i < decisions->nelts; i++) {
            const xca_decision_t *one = APR_ARRAY_IDX(decisions, i, const xca_decision_t *);

            if (strcmp(one->id, id) != 0 || one->verdict == NULL) {
                continue;
            }
            if (strcmp(one->verdict, "counted") != 0) {
                return xca_error_make(admin->pool, XCA_E_DENIED,
                                      apr_pstrdup(admin->pool, one->verdict), "%s", number);
            }
            printf("%s: %s\n", number, admin_text(admin, "counted"));
            return NULL;
        }
        apr_sleep(apr_time_from_msec(20));
    }
    printf("%s: %s\n", number, admin_text(admin, "decision.waits"));
    return NULL;
}

xca_error_t *admin_decide(admin_t *admin, const signing_t *signing, const xca_case_t *kase,
                          xca_decision_kind kind, const char *letter, const char *reason) {
    const char *text;
    xca_bytes_t cms;
    xca_error_t *err = xca_decision_statement(&text, kase, signing->officer, kind, letter, reason,
                                              admin->now, admin->pool);

    if (err == NULL) {
        err = xca_cms_sign(&cms, text, strlen(text), signing->key, signing->officer->certificate,
                           admin->pool);
    }
    if (err == NULL) {
        err = xca_decision_submit(admin->office, kase->number, cms, admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    return tell_verdict(admin, kase->number, xca_sha256_hex(admin->pool, cms.data, cms.length));
}

static xca_error_t *decide_all(admin_t *admin, const arguments_t *arguments,
                               xca_decision_kind kind) {
    signing_t signing;
    xca_error_t *wrong = NULL;
    int i;
    xca_error_t *err = admin_open_officer(&signing, admin, arguments);

    if (err != NULL) {
        return err;
    }
    if (argument_plain(arguments, 0) == NULL) {
        return xca_error_field(admin->pool, NULL, "admin.argument-missing", "CASE");
    }
    /* The same letter may carry many cases: one that cannot be decided does not stop the others. */
    for (i = 0; argument_plain(arguments, i) != NULL; i++) {
        xca_case_t *kase;

        err = xca_case_read(&kase, admin->office->store, argument_plain(arguments, i), admin->pool);
        if (err == NULL) {
            err = admin_decide(admin, &signing, kase, kind, argument(arguments, "letter"),
                         argument(arguments, "reason"));
        }
        wrong = xca_error_append(wrong, err);
    }
    return wrong;
}

xca_error_t *command_review_accept(admin_t *admin, const arguments_t *arguments) {
    return decide_all(admin, arguments, XCA_DECISION_ACCEPT);
}

xca_error_t *command_review_return(admin_t *admin, const arguments_t *arguments) {
    return decide_all(admin, arguments, XCA_DECISION_RETURN);
}
