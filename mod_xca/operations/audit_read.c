#include "operations/audit_read.h"

#include <string.h>
#include <apr_atomic.h>
#include <apr_strings.h>
#include "directory/office_store.h"
#include "domain/codes.h"

#define FEW       1000 /* entries of a filter that are taken at once */
#define PAGES_MAX 64   /* pages that one call looks through */

const char *const xca_audit_kinds[] = {
    "audit-key", "decision", "case-return", "certificate-issue", "certificate-accept", "certificate-suspend",
    "certificate-resume", "certificate-revoke", "code-lock", "code-reset", "code-change", "device-secret", "device-secret-end", "card-make", "card-made",
    "card-dispatch", "card-discard", "card-activate", "card-unlock", "card-confirm", "card-contact", "card-revoke",
    "card-lapse", "oid-change", "list-sign", "responder-issue", "cmp-signer-issue", "key-use", "officer-change", "window-change", "order-sign", "order-done",
    "officer-login", "officer-login-refused", "officer-logout", "content-change", "export", "officer-put",
    "window-import", "oid-import", NULL};

xca_error_t *xca_audit_kind_check(const char *kind, apr_pool_t *pool) {
    int i;

    for (i = 0; kind != NULL && xca_audit_kinds[i] != NULL; i++) {
        if (strcmp(kind, xca_audit_kinds[i]) == 0) {
            return NULL;
        }
    }
    return kind != NULL ? xca_error_field(pool, "kind", "admin.kind", kind) : NULL;
}

/* An officer, or if there is none of this name a window: entries name both by their ids. */
static xca_error_t *find_person(const char **subject, xca_store_t *store, const char *typed, apr_pool_t *pool) {
    xca_officer_t *officer;
    xca_window_t *window;
    xca_error_t *err = xca_officer_read(&officer, store, typed, pool);

    *subject = apr_pstrcat(pool, "officer ", typed, NULL);
    if (err == NULL || err->kind != XCA_E_NOT_FOUND) {
        return err;
    }
    err = xca_window_read(&window, store, typed, pool);
    if (err == NULL) {
        *subject = apr_pstrcat(pool, "window ", typed, NULL);
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

xca_error_t *xca_audit_subject_read(const char **subject, xca_store_t *store, const char *typed, apr_pool_t *pool) {
    const char *number;

    if (strncmp(typed, "officer ", 8) == 0 || strncmp(typed, "window ", 7) == 0) {
        *subject = typed;
        return NULL;
    }
    *subject = xca_text_halfwidth(pool, typed);
    if (strncmp(*subject, "2.16.886.", 9) == 0) {
        return NULL;
    }
    number = xca_text_ungrouped(pool, typed);
    if (xca_card_number_parse(subject, number, NULL, pool) == NULL) {
        return NULL;
    }
    *subject = number;
    if (xca_case_number_check(number, NULL, pool) == NULL ||
        (strlen(number) >= 32 && xca_serial_parse(subject, typed, NULL, pool) == NULL)) {
        return NULL;
    }
    return find_person(subject, store, typed, pool);
}

/* The first number from `low` on that has no entry: entries stand without gap. */
static xca_error_t *first_missing(apr_int64_t *missing, xca_store_t *store, apr_pool_t *pool) {
    apr_int64_t there = (apr_int64_t)apr_atomic_read64(&store->audit_seen), gone = 0, stride = 1;
    int still = 1;
    xca_error_t *err = there > 0 ? xca_audit_exists(&still, store, there, pool) : NULL;

    there = still ? there : 0; /* the log was cut short, or is another one */
    while (err == NULL && (gone == 0 || gone - there > 1)) {
        apr_int64_t at = gone == 0 ? there + stride : there + (gone - there) / 2;
        int exists;

        err = xca_audit_exists(&exists, store, at, pool);
        if (exists) {
            there = at;
            stride *= 2;
        } else {
            gone = at;
        }
    }
    if (err == NULL) {
        apr_atomic_set64(&store->audit_seen, (apr_uint64_t)there);
    }
    *missing = gone;
    return err;
}

xca_error_t *xca_audit_last(apr_int64_t *number, xca_store_t *store, apr_pool_t *pool) {
    xca_error_t *err = first_missing(number, store, pool);

    *number -= *number > 0;
    return err;
}

/* The first number of `low` to `high` whose entry is not before `when`, high + 1 if all are: times never go back. */
static xca_error_t *first_since(apr_int64_t *number, xca_store_t *store, apr_int64_t low, apr_int64_t high, apr_time_t when,
                                apr_pool_t *pool) {
    apr_pool_t *scratch;
    xca_error_t *err = NULL;

    apr_pool_create(&scratch, pool);
    while (err == NULL && low <= high) {
        apr_int64_t middle = low + (high - low) / 2;
        xca_audit_entry_t *entry;

        apr_pool_clear(scratch);
        err = xca_audit_get(&entry, store, middle, scratch);
        if (err == NULL && entry->time < when) {
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    *number = low;
    return err;
}

/* The numbers that the filter's times leave. */
typedef struct {
    apr_int64_t low, high;
} range_t;

static xca_error_t *range_of(range_t *range, xca_store_t *store, const xca_audit_filter_t *filter, apr_pool_t *pool) {
    xca_error_t *err = xca_audit_last(&range->high, store, pool);

    range->low = 1;
    if (err == NULL && filter->since != 0) {
        err = first_since(&range->low, store, 1, range->high, filter->since, pool);
    }
    if (err == NULL && filter->until != 0) {
        err = first_since(&range->high, store, range->low, range->high, filter->until, pool);
        range->high--;
    }
    return err;
}

/* One reading: what is taken, and what is still wanted. */
typedef struct {
    apr_array_header_t *entries;
    range_t range;
    apr_int64_t from, next;
    int count, newest_first;
} reading_t;

/* Takes from `found` (by number) what lies in the range, in the order of reading. Non-zero when there is enough. */
static int take(reading_t *reading, const apr_array_header_t *found) {
    int i;

    for (i = 0; i < found->nelts; i++) {
        int at = reading->newest_first ? found->nelts - 1 - i : i;
        xca_audit_entry_t *entry = APR_ARRAY_IDX(found, at, xca_audit_entry_t *);
        int passed = reading->newest_first ? entry->number > reading->from : entry->number < reading->from;

        if (passed || entry->number < reading->range.low || entry->number > reading->range.high) {
            continue;
        }
        if (reading->entries->nelts == reading->count) {
            reading->next = entry->number;
            return 1;
        }
        APR_ARRAY_PUSH(reading->entries, xca_audit_entry_t *) = entry;
    }
    return 0;
}

static xca_error_t *walk_pages(reading_t *reading, xca_store_t *store, const xca_audit_filter_t *filter, apr_pool_t *pool) {
    int step = reading->newest_first ? -1 : 1, pages;
    apr_int64_t page = reading->from / XCA_AUDIT_PAGE;
    apr_int64_t last = (reading->newest_first ? reading->range.low : reading->range.high) / XCA_AUDIT_PAGE;

    for (pages = 0; pages < PAGES_MAX; pages++, page += step) {
        xca_audit_query_t query = {page, filter->kind, filter->subject};
        apr_array_header_t *found;
        xca_error_t *err = xca_audit_find(&found, NULL, store, &query, 0, pool);

        if (err != NULL || take(reading, found)) {
            return err;
        }
        if (page == last) {
            return NULL;
        }
    }
    reading->next = reading->newest_first ? (page + 1) * XCA_AUDIT_PAGE - 1 : page * XCA_AUDIT_PAGE;
    return NULL;
}

xca_error_t *xca_audit_read(apr_array_header_t **entries, apr_int64_t *next, xca_store_t *store,
                            const xca_audit_filter_t *filter, apr_int64_t from, int count, int newest_first,
                            apr_pool_t *pool) {
    xca_audit_query_t query = {-1, filter->kind, filter->subject};
    reading_t reading = {apr_array_make(pool, count, sizeof(void *)), {0, 0}, from, 0, count, newest_first};
    apr_array_header_t *found;
    int more = 1;
    xca_error_t *err = range_of(&reading.range, store, filter, pool);

    *entries = reading.entries;
    *next = 0;
    if (err != NULL || reading.range.low > reading.range.high) {
        return err;
    }
    if (newest_first && (from == 0 || from > reading.range.high)) {
        reading.from = reading.range.high;
    } else if (!newest_first && from < reading.range.low) {
        reading.from = reading.range.low;
    }
    if (reading.from < reading.range.low || reading.from > reading.range.high) {
        return NULL;
    }
    if (query.kind != NULL || query.subject != NULL) {
        err = xca_audit_find(&found, &more, store, &query, FEW, pool);
    }
    if (err == NULL && more) {
        err = walk_pages(&reading, store, filter, pool);
    } else if (err == NULL) {
        (void)take(&reading, found);
    }
    *next = reading.next;
    return err;
}

xca_error_t *xca_audit_walk(xca_store_t *store, const xca_audit_filter_t *filter, apr_int64_t from, xca_on_audit *on_entry,
                            void *baton, apr_pool_t *pool) {
    apr_pool_t *page_pool, *scratch;
    range_t range;
    apr_int64_t page;
    xca_error_t *err = range_of(&range, store, filter, pool);

    if (err != NULL) {
        return err;
    }
    range.low = from > range.low ? from : range.low;
    apr_pool_create(&page_pool, pool);
    apr_pool_create(&scratch, pool);
    for (page = range.low / XCA_AUDIT_PAGE; range.low <= range.high && page <= range.high / XCA_AUDIT_PAGE; page++) {
        xca_audit_query_t query = {page, filter->kind, filter->subject};
        apr_array_header_t *found;
        int i;

        apr_pool_clear(page_pool);
        err = xca_audit_find(&found, NULL, store, &query, 0, page_pool);
        for (i = 0; err == NULL && i < found->nelts; i++) {
            const xca_audit_entry_t *entry = APR_ARRAY_IDX(found, i, const xca_audit_entry_t *);

            if (entry->number >= range.low && entry->number <= range.high) {
                apr_pool_clear(scratch);
                err = on_entry(baton, entry, scratch);
            }
        }
        if (err != NULL) {
            return xca_error_make(pool, err->kind, err->message, "%s", err->detail != NULL ? err->detail : "-");
        }
    }
    return NULL;
}
