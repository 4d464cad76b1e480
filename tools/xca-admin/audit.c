/* audit verify, audit list, audit export, audit head, log check: the logs as an auditor needs them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "command.h"
#include "domain/calendar.h"
#include "operations/audit.h"
#include "operations/audit_read.h"
#include "operations/audit_verify.h"
#include "operations/public_log_read.h"
#include "operations/generation.h"
#include "operations/signer_open.h"

#define HEADS_MAX 100
#define SHOWN     100 /* entries of a list where --count does not say */

static const char *or_dash(const char *text) {
    return text != NULL ? text : "-";
}

static xca_error_t *number_of(apr_int64_t *number, const arguments_t *arguments, const char *name, apr_int64_t fallback,
                              apr_pool_t *pool) {
    const char *text = argument(arguments, name);
    char *end;

    *number = fallback;
    if (text == NULL) {
        return NULL;
    }
    *number = apr_strtoi64(text, &end, 10);
    return *end == '\0' && *number > 0 ? NULL : xca_error_field(pool, NULL, "settings.number", apr_pstrcat(pool, "--", name, NULL));
}

/* 2026-11-25 (the day's first moment, UTC) or 2026-11-25T09:30:00Z. */
static xca_error_t *time_of(apr_time_t *when, const arguments_t *arguments, const char *name, apr_pool_t *pool) {
    const char *text = argument(arguments, name);
    char digits[16] = "";
    size_t i, count = 0;

    *when = 0;
    if (text == NULL) {
        return NULL;
    }
    for (i = 0; text[i] != '\0' && count < 15; i++) {
        if (text[i] >= '0' && text[i] <= '9') {
            digits[count++] = text[i];
        }
    }
    if (strlen(text) == 10 && count == 8) {
        *when = xca_date_parse_ldap(apr_pstrcat(pool, digits, "000000Z", NULL));
    } else if (strlen(text) == 20 && count == 14 && text[10] == 'T' && text[19] == 'Z') {
        *when = xca_date_parse_ldap(apr_pstrcat(pool, digits, "Z", NULL));
    }
    return *when != 0 ? NULL : xca_error_field(pool, NULL, "audit.when", text);
}

static xca_error_t *filter_of(xca_audit_filter_t *filter, admin_t *admin, const arguments_t *arguments) {
    const char *subject = argument(arguments, "subject");
    xca_error_t *err = time_of(&filter->since, arguments, "since", admin->pool);

    filter->kind = argument(arguments, "kind");
    if (err == NULL) {
        err = time_of(&filter->until, arguments, "until", admin->pool);
    }
    if (err == NULL) {
        err = xca_audit_kind_check(filter->kind, admin->pool);
    }
    return err == NULL && subject != NULL ? xca_audit_subject_read(&filter->subject, admin->office->store, subject, admin->pool) : err;
}

/* Every --head NUMBER:HASH. */
static xca_error_t *heads_of(xca_audit_head_t heads[HEADS_MAX], int *count, const arguments_t *arguments, apr_pool_t *pool) {
    int i;

    *count = 0;
    for (i = 0; i + 1 < arguments->argc; i++) {
        const char *text = arguments->argv[i + 1], *colon = strchr(text, ':');

        if (strcmp(arguments->argv[i], "--head") != 0) {
            continue;
        }
        if (colon == NULL || apr_atoi64(text) < 1 || strlen(colon + 1) != 64 || *count == HEADS_MAX ||
            strspn(colon + 1, "0123456789abcdef") != 64) {
            return xca_error_field(pool, NULL, "audit.head-form", text);
        }
        heads[*count].number = apr_atoi64(text);
        heads[(*count)++].hash = colon + 1;
    }
    return NULL;
}

/* The certificates of the CA: those of --ca FILE, or of the settings. */
static xca_error_t *cas_of(apr_array_header_t **cas, admin_t *admin, const arguments_t *arguments) {
    const char *path = argument(arguments, "ca");

    return path != NULL ? xca_certificates_read(cas, path, admin->pool)
                        : xca_generations_certificates(cas, admin->settings, admin->pool);
}

xca_error_t *command_audit_verify(admin_t *admin, const arguments_t *arguments) {
    xca_audit_head_t heads[HEADS_MAX];
    xca_audit_report_t report;
    apr_int64_t from;
    apr_array_header_t *cas;
    int count;
    xca_error_t *err = number_of(&from, arguments, "from", 1, admin->pool);

    if (err == NULL) {
        err = heads_of(heads, &count, arguments, admin->pool);
    }
    if (err == NULL) {
        err = cas_of(&cas, admin, arguments);
    }
    if (err == NULL) {
        err = xca_audit_verify(&report, admin->office->store, (const xca_bytes_t *)cas->elts, cas->nelts, from, heads,
                               count, admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    printf("verified: %" APR_INT64_T_FMT "\nhead: %" APR_INT64_T_FMT ":%s\ntime: %s\n", report.checked, report.last,
           report.hash, report.time != 0 ? xca_date_format(admin->pool, report.time, XCA_DATE_RFC3339) : "-");
    if (report.bad == 0) {
        return NULL;
    }
    printf("bad: %" APR_INT64_T_FMT "\nwrong: %s\n", report.bad, report.wrong);
    err = xca_error_make(admin->pool, XCA_E_CONFLICT, "audit.wrong", "%s", admin_text(admin, report.wrong));
    err->arg = apr_psprintf(admin->pool, "%" APR_INT64_T_FMT, report.bad);
    return err;
}

/* The details in one line. */
static const char *one_line(apr_pool_t *pool, const char *details) {
    char *copy = apr_pstrdup(pool, or_dash(details)), *at;

    for (at = copy; *at != '\0'; at++) {
        *at = *at == '\n' || *at == '\t' ? ' ' : *at;
    }
    return copy;
}

static void show(const xca_audit_entry_t *entry, apr_pool_t *pool) {
    if (entry->kind == NULL) {
        printf("%" APR_INT64_T_FMT "\t%s\n", entry->number, entry->wrong);
        return;
    }
    printf("%" APR_INT64_T_FMT "\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", entry->number,
           xca_date_format(pool, entry->time, XCA_DATE_RFC3339), entry->kind, entry->actor, or_dash(entry->case_number),
           or_dash(entry->serial), or_dash(entry->card), or_dash(entry->organisation), one_line(pool, entry->details));
}

xca_error_t *command_audit_list(admin_t *admin, const arguments_t *arguments) {
    xca_audit_filter_t filter = {0};
    apr_int64_t from, count, next;
    int i;
    xca_error_t *err = filter_of(&filter, admin, arguments);

    if (err == NULL) {
        err = number_of(&from, arguments, "from", 0, admin->pool);
    }
    if (err == NULL) {
        err = number_of(&count, arguments, "count", SHOWN, admin->pool);
    }
    while (err == NULL && count > 0) {
        apr_array_header_t *entries;
        apr_pool_t *pool;

        apr_pool_create(&pool, admin->pool);
        err = xca_audit_read(&entries, &next, admin->office->store, &filter, from, (int)(count < SHOWN ? count : SHOWN),
                             argument_set(arguments, "newest"), pool);
        for (i = 0; err == NULL && i < entries->nelts; i++) {
            show(APR_ARRAY_IDX(entries, i, const xca_audit_entry_t *), pool);
        }
        if (err != NULL) {
            return err;
        }
        count -= entries->nelts;
        from = next;
        apr_pool_destroy(pool);
        if (next == 0) {
            return NULL;
        }
    }
    if (err == NULL) {
        fprintf(stderr, "--from %" APR_INT64_T_FMT " goes on\n", from);
    }
    return err;
}

static xca_error_t *write_entry(void *baton, const xca_audit_entry_t *entry, apr_pool_t *scratch) {
    const xca_audit_format *format = baton;

    if (fputs(xca_audit_export_entry(*format, entry, scratch), stdout) >= 0) {
        return NULL;
    }
    return xca_error_make(scratch, XCA_E_INTERNAL, "file.unwritable", "standard output");
}

xca_error_t *command_audit_export(admin_t *admin, const arguments_t *arguments) {
    const char *name = argument(arguments, "format");
    xca_audit_format format = name != NULL ? xca_audit_format_by_id(name) : XCA_AUDIT_JSON;
    xca_audit_filter_t filter = {0};
    apr_int64_t from;
    xca_error_t *err = filter_of(&filter, admin, arguments);

    if (format == XCA_AUDIT_FORMATS) {
        return xca_error_field(admin->pool, NULL, "audit.format", name);
    }
    if (err == NULL) {
        err = number_of(&from, arguments, "from", 1, admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    err = admin_report(admin, "export",
                       xca_audit_details(admin->pool, "what", "audit", "format", name != NULL ? name : "json", "kind", filter.kind,
                                         "subject", filter.subject, NULL));
    if (err != NULL) {
        return err;
    }
    fputs(xca_audit_export_head(format), stdout);
    return xca_audit_walk(admin->office->store, &filter, from, write_entry, &format, admin->pool);
}

xca_error_t *command_audit_head(admin_t *admin, const arguments_t *arguments) {
    xca_audit_entry_t *entry;
    apr_int64_t number;
    xca_error_t *err = xca_audit_last(&number, admin->office->store, admin->pool);

    if (err == NULL) {
        err = xca_audit_get(&entry, admin->office->store, number, admin->pool);
    }
    if (err == NULL) {
        printf("%" APR_INT64_T_FMT ":%s\n", number, or_dash(entry->hash));
    }
    return err;
}

xca_error_t *command_log_check(admin_t *admin, const arguments_t *arguments) {
    apr_int64_t checked, bad;
    xca_error_t *err = xca_log_check(&checked, &bad, admin->office->store, admin->pool);

    (void)arguments;
    if (err != NULL) {
        return err;
    }
    printf("checked: %" APR_INT64_T_FMT "\n", checked);
    if (bad < 0) {
        return NULL;
    }
    printf("bad: %" APR_INT64_T_FMT "\n", bad);
    err = xca_error_make(admin->pool, XCA_E_CONFLICT, "log.differs", NULL);
    err->arg = apr_psprintf(admin->pool, "%" APR_INT64_T_FMT, bad);
    return err;
}
