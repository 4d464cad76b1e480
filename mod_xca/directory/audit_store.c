/* ou=audit: class xcaAuditEntry: xcaAuditNumber (RDN), xcaAuditPage, xcaAuditKind, xcaAuditSubject, xcaAuditEvent, xcaAuditText,
 * xcaAuditHash, xcaAuditSignature, xcaCms. All is added at once and never changed. */
#include "directory/audit_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/calendar.h"
#include "outside/crypto_cms.h"
#include "wire/audit.h"

#define SUBJECTS_MAX 8

static char *audit_dn(const xca_store_t *store, apr_int64_t number, apr_pool_t *pool) {
    return apr_psprintf(pool, "xcaAuditNumber=%" APR_INT64_T_FMT ",%s", number,
                        xca_branch_dn(store, "audit", pool));
}

static const char *number_text(apr_int64_t number, apr_pool_t *pool) {
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
}

const char *xca_audit_detail(const char *details, const char *name, apr_pool_t *pool) {
    apr_size_t length = strlen(name);

    while (details != NULL && *details != '\0') {
        if (strncmp(details, name, length) == 0 && details[length] == '=') {
            return apr_pstrmemdup(pool, details + length + 1, strcspn(details + length + 1, "\n"));
        }
        details = strchr(details, '\n');
        details = details != NULL ? details + 1 : NULL;
    }
    return NULL;
}

/* What the entry is found by: all of it follows from the text. */
static int subjects_of(const char *subjects[SUBJECTS_MAX], const xca_audit_entry_t *entry, apr_pool_t *pool) {
    const char *plain[] = {entry->case_number, entry->serial, entry->card, entry->organisation};
    const char *officer = xca_audit_detail(entry->details, "officer", pool);
    const char *window = xca_audit_detail(entry->details, "window", pool);
    int count = 0;
    apr_size_t i;

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (plain[i] != NULL) {
            subjects[count++] = plain[i];
        }
    }
    if (officer != NULL && *officer != '\0') {
        subjects[count++] = apr_pstrcat(pool, "officer ", officer, NULL);
    }
    if (window != NULL && *window != '\0') {
        subjects[count++] = apr_pstrcat(pool, "window ", window, NULL);
    }
    if (strncmp(entry->actor, "officer ", 8) == 0 && (officer == NULL || strcmp(entry->actor + 8, officer) != 0)) {
        subjects[count++] = entry->actor;
    }
    return count;
}

xca_entry_t *xca_audit_to_entry(const xca_store_t *store, const xca_audit_entry_t *entry, apr_pool_t *pool) {
    xca_entry_t *made = xca_entry_make(pool, audit_dn(store, entry->number, pool));
    const char *subjects[SUBJECTS_MAX];
    int i, count = subjects_of(subjects, entry, pool);

    xca_entry_add(pool, made, "objectClass", "xcaAuditEntry");
    xca_entry_add(pool, made, "xcaAuditNumber", number_text(entry->number, pool));
    xca_entry_add(pool, made, "xcaAuditPage", number_text(entry->number / XCA_AUDIT_PAGE, pool));
    xca_entry_add(pool, made, "xcaAuditKind", entry->kind);
    for (i = 0; i < count; i++) {
        xca_entry_add(pool, made, "xcaAuditSubject", subjects[i]);
    }
    xca_entry_add(pool, made, "xcaAuditEvent", entry->event);
    xca_entry_add_bytes(pool, made, "xcaAuditText", entry->text);
    xca_entry_add(pool, made, "xcaAuditHash", entry->hash);
    xca_entry_add_bytes(pool, made, "xcaAuditSignature", entry->signature);
    xca_entry_add_bytes(pool, made, "xcaCms", entry->cms);
    return made;
}

xca_error_t *xca_audit_add(xca_store_t *store, const xca_audit_entry_t *entry, apr_pool_t *pool) {
    return xca_ldap_add(store->ldap, xca_audit_to_entry(store, entry, pool), pool);
}

static xca_bytes_t copy_bytes(const xca_entry_t *entry, const char *name, apr_pool_t *pool) {
    xca_bytes_t bytes = xca_entry_bytes(entry, name);

    bytes.data = bytes.length > 0 ? apr_pmemdup(pool, bytes.data, bytes.length) : NULL;
    return bytes;
}

static int same_text(const xca_entry_t *entry, const char *name, const char *wanted) {
    const xca_attr_t *attr = xca_entry_attr(entry, name);
    const char *found = xca_entry_text(entry, name);

    return attr != NULL && attr->count == 1 && found != NULL && strcmp(found, wanted) == 0;
}

static int same_subjects(const xca_entry_t *entry, const xca_audit_entry_t *of, apr_pool_t *pool) {
    const xca_attr_t *attr = xca_entry_attr(entry, "xcaAuditSubject");
    const char *subjects[SUBJECTS_MAX];
    int i, j, found = 0, count = subjects_of(subjects, of, pool);

    for (i = 0; attr != NULL && i < attr->count; i++) {
        for (j = 0; j < count && strcmp((const char *)attr->values[i].data, subjects[j]) != 0; j++) {
        }
        found += j < count;
    }
    return (attr != NULL ? attr->count : 0) == count && found == count;
}

static const char *wrong_with(const xca_entry_t *entry, const xca_audit_entry_t *of, apr_int64_t in_text,
                              apr_pool_t *pool) {
    if (of->number != in_text) {
        return "audit.number";
    }
    if (!same_text(entry, "xcaAuditPage", number_text(of->number / XCA_AUDIT_PAGE, pool)) ||
        !same_text(entry, "xcaAuditKind", of->kind) || !same_text(entry, "xcaAuditEvent", of->event) ||
        !same_subjects(entry, of, pool)) {
        return "audit.index";
    }
    return NULL;
}

void *xca_audit_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_audit_entry_t *made = apr_pcalloc(pool, sizeof(*made));
    const char *number = xca_entry_text(entry, "xcaAuditNumber");
    xca_bytes_t text = xca_entry_bytes(entry, "xcaAuditText");
    xca_audit_text_t record;
    char *storage;

    if (number == NULL) {
        return NULL;
    }
    made->number = apr_atoi64(number);
    made->wrong = "audit.unreadable";
    if (text.length > XCA_AUDIT_MAX) {
        return made;
    }
    made->text = copy_bytes(entry, "xcaAuditText", pool);
    made->hash = apr_pstrdup(pool, xca_entry_text(entry, "xcaAuditHash"));
    made->signature = copy_bytes(entry, "xcaAuditSignature", pool);
    storage = apr_palloc(pool, text.length + 1);
    if (text.length == 0 || !xca_audit_text_read(&record, storage, (const char *)made->text.data, text.length)) {
        return made;
    }
    made->time = xca_date_parse_wire(record.time);
    made->kind = record.kind;
    made->actor = record.actor;
    made->case_number = record.case_number;
    made->serial = record.serial;
    made->card = record.card;
    made->organisation = record.organisation;
    made->details = record.details;
    made->event = record.event;
    made->previous = record.previous;
    if (xca_entry_bytes(entry, "xcaCms").length <= XCA_CMS_MAX) {
        made->cms = copy_bytes(entry, "xcaCms", pool);
    }
    made->wrong = made->time == 0 ? "audit.unreadable" : wrong_with(entry, made, apr_atoi64(record.number), pool);
    return made;
}

xca_error_t *xca_audit_get(xca_audit_entry_t **entry, xca_store_t *store, apr_int64_t number, apr_pool_t *pool) {
    xca_entry_t *found;
    xca_error_t *err = xca_ldap_read(&found, store->ldap, audit_dn(store, number, pool), NULL, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "audit.not-found");
    }
    *entry = xca_audit_of_entry(found, pool);
    if (*entry == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no entry of the log", found->dn);
    }
    return NULL;
}

xca_error_t *xca_audit_exists(int *exists, xca_store_t *store, apr_int64_t number, apr_pool_t *pool) {
    static const char *const nothing[] = {"1.1", NULL};
    xca_entry_t *found;
    xca_error_t *err = xca_ldap_read(&found, store->ldap, audit_dn(store, number, pool), nothing, pool);

    *exists = err == NULL;
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

static int by_number(const void *a, const void *b) {
    apr_int64_t left = (*(xca_audit_entry_t *const *)a)->number, right = (*(xca_audit_entry_t *const *)b)->number;

    return left < right ? -1 : left > right;
}

static xca_error_t *search(apr_array_header_t **entries, int *more, xca_store_t *store, const char *filter, int limit,
                           const char *const *attrs, apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 64, sizeof(void *));
    into.make = xca_audit_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "audit", pool), XCA_SCOPE_ONE, filter, attrs, limit, more,
                          xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_number);
        *entries = into.list;
    }
    return err;
}

xca_error_t *xca_audit_event_number(apr_int64_t *number, xca_store_t *store, const char *event, apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaAuditNumber", NULL};
    apr_array_header_t *entries;
    xca_error_t *err = search(&entries, NULL, store, apr_pstrcat(pool, "(xcaAuditEvent=", xca_filter_escape(pool, event),
                                                                 ")", NULL), 1, wanted, pool);

    *number = err == NULL && entries->nelts > 0 ? APR_ARRAY_IDX(entries, 0, xca_audit_entry_t *)->number : 0;
    return err;
}

xca_error_t *xca_audit_find(apr_array_header_t **entries, int *more, xca_store_t *store, const xca_audit_query_t *query,
                            int limit, apr_pool_t *pool) {
    const char *filter = "(objectClass=xcaAuditEntry)";

    if (query->page >= 0) {
        filter = apr_pstrcat(pool, filter, "(xcaAuditPage=", number_text(query->page, pool), ")", NULL);
    }
    if (query->kind != NULL) {
        filter = apr_pstrcat(pool, filter, "(xcaAuditKind=", xca_filter_escape(pool, query->kind), ")", NULL);
    }
    if (query->subject != NULL) {
        filter = apr_pstrcat(pool, filter, "(xcaAuditSubject=", xca_filter_escape(pool, query->subject), ")", NULL);
    }
    return search(entries, more, store, apr_pstrcat(pool, "(&", filter, ")", NULL), limit, NULL, pool);
}

xca_error_t *xca_audit_beyond(apr_int64_t *beyond, xca_store_t *store, apr_int64_t number, apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaAuditNumber", NULL};
    apr_array_header_t *entries;
    xca_error_t *err = search(&entries, NULL, store,
                              apr_psprintf(pool, "(xcaAuditNumber>=%" APR_INT64_T_FMT ")", number + 1), 0, wanted, pool);

    *beyond = err == NULL && entries->nelts > 0 ? APR_ARRAY_IDX(entries, 0, xca_audit_entry_t *)->number : 0;
    return err;
}
