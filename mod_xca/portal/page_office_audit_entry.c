/* One entry of the audit log with all that proves it, and the verification of a range on request. */
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "operations/audit_verify.h"
#include "outside/crypto.h"
#include "portal/engine.h"
#include "portal/office_door.h"
#include "portal/page_office.h"
#include "portal/page_office_audit.h"

#define RANGE_MAX  10000 /* entries that are verified in one visit: a second or two */
#define RANGE_LAST 1000  /* what is verified where nothing is chosen */

/* Certificates of the CA that certifies the log's key; empty if none is published. */
static xca_error_t *cas_of(const apr_array_header_t **cas, xca_visit_t *visit) {
    const xca_repository_state_t *state;
    xca_error_t *err =
        xca_repository_get(&state, visit->portal->repository, visit->office->store, visit->now, visit->pool);

    if (err == NULL) {
        *cas = state->certificates != NULL ? state->certificates : apr_array_make(visit->pool, 1, sizeof(xca_bytes_t));
    }
    return err;
}

static void put_report(xca_visit_t *visit, const xca_audit_report_t *report) {
    xca_value_t *map = xca_map_map(visit->model, "verified");

    xca_map_number(map, "checked", report->checked);
    xca_map_true(map, "good", report->bad == 0);
    if (report->checked > 0) {
        xca_map_number(map, "last", report->last);
        xca_map_text(map, "hash", apr_pstrdup(visit->pool, report->hash));
    }
    if (report->bad != 0) {
        xca_map_number(map, "bad", report->bad);
        xca_map_text(map, "wrong", report->wrong);
    }
}

static void put_details(xca_visit_t *visit, const xca_audit_entry_t *entry) {
    xca_value_t *list = xca_map_list(visit->model, "details");
    const char *at = entry->details;

    while (at != NULL && *at != '\0') {
        apr_size_t length = strcspn(at, "\n"), name = strcspn(at, "=");
        xca_value_t *item = xca_list_map(list);
        const char *id = apr_pstrmemdup(visit->pool, at, name);

        xca_map_text(item, "name", id);
        xca_map_text(item, "_name", xca_audit_label(visit, "audit.detail.", id));
        xca_map_text(item, "value", name < length ? apr_pstrmemdup(visit->pool, at + name + 1, length - name - 1) : "");
        at += length;
        at += *at == '\n';
    }
}

static const char *base64(xca_bytes_t bytes, apr_pool_t *pool) {
    return bytes.length > 0 ? xca_base64(pool, bytes.data, bytes.length) : NULL;
}

static void put_neighbours(xca_visit_t *visit, apr_int64_t number, apr_int64_t last) {
    if (number > 1) {
        xca_map_text(visit->model, "_before", apr_psprintf(visit->pool, "/office/audit/%" APR_INT64_T_FMT, number - 1));
    }
    if (number < last) {
        xca_map_text(visit->model, "_after", apr_psprintf(visit->pool, "/office/audit/%" APR_INT64_T_FMT, number + 1));
    }
}

xca_error_t *xca_page_office_audit_entry(xca_visit_t *visit) {
    apr_int64_t number = strspn(visit->arg, "0123456789") == strlen(visit->arg) && strlen(visit->arg) <= 15
                             ? apr_atoi64(visit->arg) : 0;
    apr_int64_t last;
    xca_audit_report_t report;
    xca_audit_entry_t *entry;
    const apr_array_header_t *cas;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_AUDITOR);

    if (err == NULL) {
        err = xca_audit_get(&entry, visit->office->store, number, visit->pool);
    }
    if (err == NULL) {
        err = xca_audit_last(&last, visit->office->store, visit->pool);
    }
    if (err == NULL) {
        err = cas_of(&cas, visit);
    }
    if (err == NULL) {
        err = xca_audit_verify_range(&report, visit->office->store, (const xca_bytes_t *)cas->elts, cas->nelts, number,
                                     number, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_audit_put_entry(visit, xca_map_map(visit->model, "entry"), entry);
    put_details(visit, entry);
    put_report(visit, &report);
    put_neighbours(visit, number, last);
    xca_map_text(visit->model, "event", entry->event);
    xca_map_text(visit->model, "previous", entry->previous);
    xca_map_text(visit->model, "hash", entry->hash);
    xca_map_text(visit->model, "text", base64(entry->text, visit->pool));
    xca_map_text(visit->model, "_text",
                 entry->kind != NULL ? apr_pstrmemdup(visit->pool, (const char *)entry->text.data, entry->text.length) : NULL);
    xca_map_text(visit->model, "signature", base64(entry->signature, visit->pool));
    xca_map_text(visit->model, "cms", base64(entry->cms, visit->pool));
    return NULL;
}

/* From and to as they are asked for, the last entries otherwise. */
static xca_error_t *range_of(apr_int64_t *from, apr_int64_t *to, xca_visit_t *visit) {
    apr_int64_t last;
    xca_error_t *err = xca_audit_last(&last, visit->office->store, visit->pool);

    if (err != NULL) {
        return err;
    }
    *from = xca_audit_asked_number(visit, "from");
    *to = xca_audit_asked_number(visit, "to");
    if (*to == 0 || *to > last) {
        *to = *from != 0 && last - *from >= RANGE_MAX ? *from + RANGE_MAX - 1 : last;
    }
    if (*from == 0) {
        *from = *to > RANGE_LAST ? *to - RANGE_LAST + 1 : 1;
    }
    xca_map_number(visit->model, "from", *from);
    xca_map_number(visit->model, "to", *to);
    xca_map_number(visit->model, "last", last);
    if (*from > *to) {
        return xca_error_field(visit->pool, "from", "office.audit.range", NULL);
    }
    return *to - *from < RANGE_MAX ? NULL : xca_error_field(visit->pool, "to", "office.audit.range-long", NULL);
}

xca_error_t *xca_page_office_audit_verify(xca_visit_t *visit) {
    xca_audit_report_t report;
    apr_int64_t from, to;
    const apr_array_header_t *cas;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_AUDITOR);

    if (err == NULL) {
        err = range_of(&from, &to, visit);
    }
    if (err != NULL && err->kind == XCA_E_INVALID) {
        xca_visit_errors(visit, err);
        return NULL;
    }
    if (err == NULL) {
        err = cas_of(&cas, visit);
    }
    if (err == NULL) {
        err = xca_audit_verify_range(&report, visit->office->store, (const xca_bytes_t *)cas->elts, cas->nelts, from, to,
                                     visit->pool);
    }
    if (err == NULL) {
        put_report(visit, &report);
    }
    return err;
}
