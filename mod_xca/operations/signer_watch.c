#include "operations/signer_watch.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "outside/crypto.h"
#include "outside/crypto_cms.h"

#define DETAILS_MAX 3000 /* of a filed event */
#define GONE        "gone"

/* Events ------------------------------------------------------------------------------------------------------- */

/* Who may report what. */
static const struct {
    const char *kind, *source;
} reports[] = {
    {"officer-login", "portal"}, {"officer-login-refused", "portal"}, {"officer-logout", "portal"},
    {"content-change", "portal"}, {"export", "portal"}, {"officer-put", "admin"},
    {"window-import", "admin"}, {"oid-import", "admin"}, {"content-change", "admin"}, {"export", "admin"},
};

static int may_report(const xca_event_t *event) {
    size_t i;

    for (i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
        if (event->source != NULL && strcmp(reports[i].kind, event->kind) == 0 &&
            strcmp(reports[i].source, event->source) == 0) {
            return 1;
        }
    }
    return 0;
}

/* What the signer found of the signature: "valid", or why it is none. */
static xca_error_t *verify(const char **verdict, xca_signer_t *signer, const xca_event_t *event, apr_pool_t *pool) {
    xca_officer_t *officer;
    const char *text;
    apr_size_t length;
    xca_error_t *err;

    *verdict = event->cms.length > 0 ? "cms.signer" : NULL;
    if (event->cms.length == 0 || strncmp(event->actor, "officer ", 8) != 0) {
        return NULL;
    }
    err = xca_officer_read(&officer, signer->office->store, event->actor + 8, pool);
    if (err == NULL) {
        err = xca_cms_verify(&text, &length, event->cms, officer->certificate, signer->officer_anchor, event->filed,
                             XCA_CMS_MAX, pool);
    }
    if (err != NULL && (err->kind == XCA_E_UNAVAILABLE || err->kind == XCA_E_INTERNAL)) {
        return err;
    }
    *verdict = err == NULL ? "valid" : err->message;
    return NULL;
}

/* The lines of the report as they are, each made one that the log takes; then what the signer knows itself. */
static const char *details_of(const xca_event_t *event, const char *verdict, apr_pool_t *pool) {
    char *copy = apr_pstrndup(pool, event->details != NULL ? event->details : "", DETAILS_MAX), *state, *line;
    const char *text = "", *kept = NULL;

    for (line = apr_strtok(copy, "\n", &state); line != NULL; line = apr_strtok(NULL, "\n", &state)) {
        char *equals = strchr(line, '=');

        if (equals == NULL || equals == line ||
            strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789-") != (size_t)(equals - line)) {
            continue;
        }
        *equals = '\0';
        text = apr_pstrcat(pool, text, xca_audit_details(pool, line, equals + 1, NULL), "\n", NULL);
    }
    if (event->cms.length > 0) {
        kept = xca_sha256_hex(pool, event->cms.data, event->cms.length);
    }
    return apr_pstrcat(pool, text,
                       xca_audit_details(pool, "reported-by", event->source, "reported",
                                         xca_date_format(pool, event->filed, XCA_DATE_RFC3339), "signature", verdict,
                                         "kept", kept, NULL),
                       NULL);
}

xca_error_t *xca_signer_event(xca_signer_t *signer, const char *id, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t logged = {0};
    xca_event_t *event;
    const char *verdict;
    xca_error_t *err = xca_event_read(&event, signer->office->store, id, pool);

    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    if (!may_report(event)) {
        xca_log(XCA_LOG_WARNING, "event %s: %s may not report it, dropped", event->id,
                event->source != NULL ? event->source : "?");
        return xca_event_remove(signer->office->store, id, pool);
    }
    err = verify(&verdict, signer, event, pool);
    if (err != NULL) {
        return err;
    }
    logged.kind = event->kind;
    logged.actor = event->actor;
    logged.key = event->id;
    logged.case_number = event->case_number;
    logged.serial = event->serial;
    logged.card = event->card;
    logged.organisation = event->organisation;
    logged.details = details_of(event, verdict, pool);
    logged.cms = event->cms;
    err = xca_audit_append(signer->audit, &logged, now, pool);
    return err == NULL ? xca_event_remove(signer->office->store, id, pool) : err;
}

/* Officers and windows ------------------------------------------------------------------------------------------ */

/* What of an officer decides what counts; the person's number only as part of the whole's digest. */
static const char *record_of_officer(const xca_officer_t *officer, apr_pool_t *pool) {
    const char *text = apr_pstrcat(pool, officer->uid, "\n", xca_role_id(officer->role), "\n",
                                   officer->window != NULL ? officer->window : "", "\n",
                                   officer->person != NULL ? officer->person : "", "\n", officer->active ? "1" : "0", "\n",
                                   xca_sha256_hex(pool, officer->certificate.data, officer->certificate.length), NULL);

    return xca_sha256_hex(pool, text, strlen(text));
}

static const char *record_of_window(const xca_window_t *window, apr_pool_t *pool) {
    const char *text = apr_pstrcat(pool, window->id, "\n", window->name, "\n", window->county != NULL ? window->county : "",
                                   "\n", window->classes, "\n", window->address != NULL ? window->address : "", "\n",
                                   window->phone != NULL ? window->phone : "", NULL);

    return xca_sha256_hex(pool, text, strlen(text));
}

/* signer->people: "officer UID" and "window ID" to the record that the log has of it. */
static xca_error_t *load(xca_signer_t *signer, const char *kind, const char *what, apr_pool_t *pool) {
    xca_audit_query_t query = {-1, kind, NULL};
    apr_pool_t *keep = apr_hash_pool_get(signer->people);
    apr_array_header_t *entries;
    int i;
    xca_error_t *err = xca_audit_find(&entries, NULL, signer->office->store, &query, 0, pool);

    for (i = 0; err == NULL && i < entries->nelts; i++) {
        const xca_audit_entry_t *entry = APR_ARRAY_IDX(entries, i, const xca_audit_entry_t *);
        const char *id = xca_audit_detail(entry->details, what, pool);
        const char *record = xca_audit_detail(entry->details, "record", keep);

        if (id != NULL && record != NULL) {
            apr_hash_set(signer->people, apr_pstrcat(keep, what, " ", id, NULL), APR_HASH_KEY_STRING, record);
        }
    }
    return err;
}

static xca_error_t *know_people(xca_signer_t *signer, apr_pool_t *pool) {
    apr_pool_t *keep;
    xca_error_t *err;

    if (signer->people != NULL) {
        return NULL;
    }
    apr_pool_create(&keep, signer->pool);
    signer->people = apr_hash_make(keep);
    err = load(signer, "officer-change", "officer", pool);
    if (err == NULL) {
        err = load(signer, "window-change", "window", pool);
    }
    if (err != NULL) {
        apr_pool_destroy(keep);
        signer->people = NULL;
    }
    return err;
}

/* Logged unless the log's last word on it is this record. The key has the time, because the same change may come again. */
static xca_error_t *seen(xca_signer_t *signer, const char *kind, const char *name, const char *record, const char *details,
                         apr_time_t now, apr_pool_t *pool) {
    const char *known;
    apr_pool_t *keep;
    xca_audit_event_t event = {0};
    xca_error_t *err = know_people(signer, pool);

    if (err != NULL) {
        return err;
    }
    known = apr_hash_get(signer->people, name, APR_HASH_KEY_STRING);
    if (known != NULL && strcmp(known, record) == 0) {
        return NULL;
    }
    event.kind = kind;
    event.actor = "directory";
    event.key = apr_psprintf(pool, "%s\n%s\n%s\n%" APR_INT64_T_FMT, name, known != NULL ? known : "", record, now);
    event.details = details;
    err = xca_audit_append(signer->audit, &event, now, pool);
    keep = apr_hash_pool_get(signer->people);
    if (err != NULL) { /* whether it was written is not known: the log tells, next time */
        apr_pool_destroy(keep);
        signer->people = NULL;
        return err;
    }
    apr_hash_set(signer->people, apr_pstrdup(keep, name), APR_HASH_KEY_STRING, apr_pstrdup(keep, record));
    return NULL;
}

xca_error_t *xca_signer_officer_seen(xca_signer_t *signer, const xca_officer_t *officer, apr_time_t now, apr_pool_t *pool) {
    const char *record = record_of_officer(officer, pool);
    const char *details = xca_audit_details(
        pool, "officer", officer->uid, "role", xca_role_id(officer->role), "at", officer->window, "active",
        officer->active ? "yes" : "no", "certificate",
        xca_sha256_hex(pool, officer->certificate.data, officer->certificate.length), "record", record, NULL);

    return seen(signer, "officer-change", apr_pstrcat(pool, "officer ", officer->uid, NULL), record, details, now, pool);
}

static xca_error_t *window_seen(xca_signer_t *signer, const xca_window_t *window, apr_time_t now, apr_pool_t *pool) {
    const char *record = record_of_window(window, pool);
    const char *details = xca_audit_details(pool, "window", window->id, "name", window->name, "county", window->county,
                                            "classes", window->classes, "record", record, NULL);

    return seen(signer, "window-change", apr_pstrcat(pool, "window ", window->id, NULL), record, details, now, pool);
}

/* Those that the log knows and the directory has no longer. */
static xca_error_t *gone(xca_signer_t *signer, apr_hash_t *there, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(const char *));
    apr_hash_index_t *at;
    int i;
    xca_error_t *err = NULL;

    for (at = apr_hash_first(pool, signer->people); at != NULL; at = apr_hash_next(at)) {
        const void *name;
        void *record;

        apr_hash_this(at, &name, NULL, &record);
        if (strcmp(record, GONE) != 0 && apr_hash_get(there, name, APR_HASH_KEY_STRING) == NULL) {
            APR_ARRAY_PUSH(names, const char *) = name;
        }
    }
    for (i = 0; err == NULL && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        int is_officer = strncmp(name, "officer ", 8) == 0;

        err = seen(signer, is_officer ? "officer-change" : "window-change", name, GONE,
                   xca_audit_details(pool, is_officer ? "officer" : "window", strchr(name, ' ') + 1, "record", GONE, NULL),
                   now, pool);
    }
    return err;
}

xca_error_t *xca_signer_people(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_hash_t *there = apr_hash_make(pool);
    apr_array_header_t *officers, *windows;
    int i;
    xca_error_t *err = know_people(signer, pool);

    if (err == NULL) {
        err = xca_officer_list(&officers, signer->office->store, pool);
    }
    if (err == NULL) {
        err = xca_window_list(&windows, signer->office->store, NULL, pool);
    }
    for (i = 0; err == NULL && i < officers->nelts; i++) {
        const xca_officer_t *officer = APR_ARRAY_IDX(officers, i, const xca_officer_t *);

        apr_hash_set(there, apr_pstrcat(pool, "officer ", officer->uid, NULL), APR_HASH_KEY_STRING, officer);
        err = xca_signer_officer_seen(signer, officer, now, pool);
    }
    for (i = 0; err == NULL && i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);

        apr_hash_set(there, apr_pstrcat(pool, "window ", window->id, NULL), APR_HASH_KEY_STRING, window);
        err = window_seen(signer, window, now, pool);
    }
    return err == NULL ? gone(signer, there, now, pool) : err;
}
