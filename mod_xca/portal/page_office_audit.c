/* 稽核紀錄: the audit log for auditors and central officers, who read it; nobody changes it. The list with its filter, and the
 * export, which is the auditors'. */
#include "portal/page_office_audit.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "operations/audit_report.h"
#include "portal/engine.h"
#include "portal/office_door.h"
#include "portal/office_lists.h"
#include "portal/page_office.h"

#define PAGE     50
#define TYPED_MAX 130 /* bytes of what is looked for */

/* What was typed, and what it means. */
typedef struct {
    const char *kind, *q, *since, *until;
    apr_int64_t from;
    xca_audit_filter_t filter;
} asked_t;

static const char *field(const xca_visit_t *visit, const char *name) {
    const char *text = xca_form_text(visit->form, name);

    text = text != NULL ? xca_text_trim(visit->pool, text) : NULL;
    return text != NULL && *text != '\0' && strlen(text) <= TYPED_MAX ? text : NULL;
}

apr_int64_t xca_audit_asked_number(const xca_visit_t *visit, const char *name) {
    const char *text = field(visit, name);

    return text != NULL && strlen(text) <= 15 && strspn(text, "0123456789") == strlen(text) ? apr_atoi64(text) : 0;
}

/* A day as it was typed; `days` later. */
static xca_error_t *read_day(apr_time_t *when, const char **typed, xca_visit_t *visit, const char *name, int days) {
    *typed = field(visit, name);
    *when = *typed != NULL ? xca_date_parse_iso(*typed) : 0;
    if (*typed != NULL && *when == 0) {
        return xca_error_field(visit->pool, name, "office.audit.day", NULL);
    }
    *when += *when != 0 ? days * XCA_DAY : 0;
    return NULL;
}

static xca_error_t *read_asked(asked_t *asked, xca_visit_t *visit) {
    xca_error_t *wrong;

    memset(asked, 0, sizeof(*asked));
    asked->kind = asked->filter.kind = field(visit, "kind");
    asked->q = field(visit, "q");
    asked->from = xca_audit_asked_number(visit, "from");
    wrong = read_day(&asked->filter.since, &asked->since, visit, "since", 0);
    wrong = xca_error_append(wrong, read_day(&asked->filter.until, &asked->until, visit, "until", 1));
    wrong = xca_error_append(wrong, xca_audit_kind_check(asked->kind, visit->pool));
    if (wrong != NULL || asked->q == NULL) {
        return wrong;
    }
    return xca_audit_subject_read(&asked->filter.subject, visit->office->store, asked->q, visit->pool);
}

/* The same list, to be followed by a further "name=value". */
static const char *address_of(const char *path, const asked_t *asked, apr_pool_t *pool) {
    const char *const names[] = {"kind", "q", "since", "until"};
    const char *const values[] = {asked->kind, asked->q, asked->since, asked->until};
    const char *address = apr_pstrcat(pool, path, "?", NULL);
    int i;

    for (i = 0; i < 4; i++) {
        if (values[i] != NULL) {
            address = apr_pstrcat(pool, address, names[i], "=", xca_office_encoded(values[i], pool), "&", NULL);
        }
    }
    return address;
}

/* The catalogue's text "<prefix><id>", or the id as it is: the log may be older or newer than the texts. */
const char *xca_audit_label(const xca_visit_t *visit, const char *prefix, const char *id) {
    const char *text =
        xca_catalogue_text(visit->portal->texts, apr_pstrcat(visit->pool, prefix, id, NULL), visit->language);

    return text != NULL ? text : id;
}

static void put_subject(xca_visit_t *visit, xca_value_t *list, const char *what, const char *value, const char *path) {
    xca_value_t *item;

    if (value == NULL || *value == '\0') {
        return;
    }
    item = xca_list_map(list);
    xca_map_text(item, "what", what);
    xca_map_text(item, "_what", xca_audit_label(visit, "audit.subject.", what));
    xca_map_text(item, "value", value);
    xca_map_text(item, "_href", path != NULL ? apr_pstrcat(visit->pool, path, value, NULL) : NULL);
    xca_map_text(item, "_all",
                 apr_pstrcat(visit->pool, "/office/audit?q=",
                             strcmp(what, "officer") == 0 || strcmp(what, "window") == 0 ? apr_pstrcat(visit->pool, what, "%20", NULL) : "",
                             xca_office_encoded(value, visit->pool), NULL));
}

void xca_audit_put_entry(xca_visit_t *visit, xca_value_t *item, const xca_audit_entry_t *entry) {
    xca_value_t *subjects = xca_map_list(item, "about");
    const char *actor_officer = NULL;

    xca_map_number(item, "number", entry->number);
    if (entry->kind == NULL) {
        xca_map_text(item, "wrong", entry->wrong);
        return;
    }
    xca_map_text(item, "time", xca_date_format(visit->pool, entry->time, XCA_DATE_RFC3339));
    xca_map_text(item, "_time", xca_date_format(visit->pool, entry->time, XCA_DATE_ISO_TIME));
    xca_map_text(item, "kind", entry->kind);
    xca_map_text(item, "_kind", xca_audit_label(visit, "audit.kind.", entry->kind));
    xca_map_text(item, "actor", entry->actor);
    if (strncmp(entry->actor, "officer ", 8) == 0) {
        actor_officer = entry->actor + 8;
        xca_map_text(item, "_actor", apr_pstrcat(visit->pool, xca_audit_label(visit, "audit.subject.", "officer"), " ", actor_officer, NULL));
    } else if (strncmp(entry->actor, "admin ", 6) == 0) {
        xca_map_text(item, "_actor", apr_pstrcat(visit->pool, xca_audit_label(visit, "audit.actor.", "admin"), " ", entry->actor + 6, NULL));
    } else {
        xca_map_text(item, "_actor", xca_audit_label(visit, "audit.actor.", entry->actor));
    }
    put_subject(visit, subjects, "case", entry->case_number, "/office/cases/");
    put_subject(visit, subjects, "serial", entry->serial, "/certificates/");
    put_subject(visit, subjects, "card", entry->card, NULL);
    put_subject(visit, subjects, "organisation", entry->organisation, "/oid/");
    put_subject(visit, subjects, "officer", xca_audit_detail(entry->details, "officer", visit->pool), "/office/officers/");
    put_subject(visit, subjects, "window", xca_audit_detail(entry->details, "window", visit->pool), "/office/windows/");
}

static void put_kinds(xca_visit_t *visit, const char *chosen) {
    xca_value_t *list = xca_map_list(visit->model, "_kinds");
    int i;

    for (i = 0; xca_audit_kinds[i] != NULL; i++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "value", xca_audit_kinds[i]);
        xca_map_text(item, "label", xca_audit_label(visit, "audit.kind.", xca_audit_kinds[i]));
        xca_map_true(item, "chosen", chosen != NULL && strcmp(chosen, xca_audit_kinds[i]) == 0);
    }
}

static void put_asked(xca_visit_t *visit, const asked_t *asked) {
    const char *export = address_of("/office/audit/export", asked, visit->pool);

    xca_map_text(visit->model, "kind", asked->kind);
    xca_map_text(visit->model, "q", asked->q);
    xca_map_text(visit->model, "since", asked->since);
    xca_map_text(visit->model, "until", asked->until);
    put_kinds(visit, asked->kind);
    if (visit->officer->role == XCA_ROLE_AUDITOR) {
        xca_map_true(visit->model, "_export", 1);
        xca_map_text(visit->model, "_export_csv", apr_pstrcat(visit->pool, export, "format=csv", NULL));
        xca_map_text(visit->model, "_export_json", apr_pstrcat(visit->pool, export, "format=json", NULL));
        xca_map_text(visit->model, "_export_text", apr_pstrcat(visit->pool, export, "format=text", NULL));
    }
}

static xca_error_t *put_entries(xca_visit_t *visit, const asked_t *asked) {
    const char *address = address_of("/office/audit", asked, visit->pool);
    apr_array_header_t *entries;
    apr_int64_t next, last;
    xca_value_t *list;
    int i;
    xca_error_t *err = xca_audit_last(&last, visit->office->store, visit->pool);

    if (err == NULL) {
        err = xca_audit_read(&entries, &next, visit->office->store, &asked->filter, asked->from, PAGE, 1, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_map_number(visit->model, "last", last);
    xca_map_text(visit->model, "_last", apr_psprintf(visit->pool, "/office/audit/%" APR_INT64_T_FMT, last));
    list = xca_map_list(visit->model, "entries");
    for (i = 0; i < entries->nelts; i++) {
        xca_audit_put_entry(visit, xca_list_map(list), APR_ARRAY_IDX(entries, i, const xca_audit_entry_t *));
    }
    if (asked->from != 0) {
        xca_map_text(visit->model, "_first", apr_pstrmemdup(visit->pool, address, strlen(address) - 1));
    }
    if (next != 0) {
        xca_map_number(visit->model, "next", next);
        xca_map_text(visit->model, "_next", apr_psprintf(visit->pool, "%sfrom=%" APR_INT64_T_FMT, address, next));
    }
    /* A rare kind in a long log: the work of one page is bounded. */
    xca_map_true(visit->model, "_further", next != 0 && entries->nelts < PAGE);
    return NULL;
}

xca_error_t *xca_page_office_audit(xca_visit_t *visit) {
    asked_t asked;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_AUDITOR);

    if (err != NULL) {
        return err;
    }
    err = read_asked(&asked, visit);
    put_asked(visit, &asked);
    if (err == NULL) {
        err = put_entries(visit, &asked);
    }
    if (err != NULL && err->kind == XCA_E_INVALID) {
        xca_visit_errors(visit, err);
        return NULL;
    }
    return err;
}

/* Export ---- */

typedef struct {
    asked_t asked;
    xca_audit_format format;
} export_t;

typedef struct {
    xca_audit_format format;
    xca_output_t *out;
} writing_t;

static xca_error_t *write_entry(void *baton, const xca_audit_entry_t *entry, apr_pool_t *scratch) {
    const writing_t *writing = baton;

    xca_put(writing->out, xca_audit_export_entry(writing->format, entry, scratch));
    return writing->out->err;
}

static xca_error_t *stream(xca_visit_t *visit, xca_output_t *out) {
    const export_t *export = visit->stream_baton;
    writing_t writing = {export->format, out};

    xca_put(out, xca_audit_export_head(export->format));
    return xca_audit_walk(visit->office->store, &export->asked.filter, 1, write_entry, &writing, visit->pool);
}

/* That the log is taken out is an entry of it. */
static xca_error_t *report(xca_visit_t *visit, const export_t *export, const char *format) {
    xca_audit_event_t event = {0};

    event.kind = "export";
    event.actor = xca_office_actor(visit);
    event.details = xca_audit_details(visit->pool, "what", "audit", "format", format, "kind", export->asked.filter.kind,
                                      "subject", export->asked.filter.subject, NULL);
    return xca_audit_report(visit->office->store, &event, visit->now, visit->pool);
}

xca_error_t *xca_page_office_audit_export(xca_visit_t *visit) {
    static const char *const types[] = {"application/jsonl", "text/csv; charset=utf-8", "text/plain; charset=utf-8"};
    static const char *const names[] = {"audit.jsonl", "audit.csv", "audit.txt"};
    export_t *export = apr_pcalloc(visit->pool, sizeof(*export));
    const char *format = xca_form_text(visit->form, "format");
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_AUDITOR, XCA_ROLE_AUDITOR);

    format = format != NULL ? format : "json";
    export->format = xca_audit_format_by_id(format);
    if (err == NULL && export->format == XCA_AUDIT_FORMATS) {
        err = xca_error_make(visit->pool, XCA_E_INVALID, "audit.format", NULL);
        err->arg = format;
    }
    if (err == NULL) {
        err = read_asked(&export->asked, visit);
    }
    if (err == NULL && strcmp(visit->request->method, "HEAD") != 0) {
        err = report(visit, export, format);
    }
    if (err != NULL) {
        return err;
    }
    visit->personal = 1;
    visit->data_type = types[export->format];
    visit->data_name = names[export->format];
    visit->stream = stream;
    visit->stream_baton = export;
    return NULL;
}
