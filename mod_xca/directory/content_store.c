/* ou=content: class xcaContentEntry: xcaContent (RDN, the id), xcaKind, xcaState, xcaRevision, xcaTitleZh, xcaTitleEn,
 * xcaBodyZh, xcaBodyEn, xcaCategory, xcaOrder, xcaDated, xcaYear, xcaAuthor, xcaStateChanged (the last change), xcaOrigin,
 * xcaNameGram (what it is found by). */
#include "directory/content_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/calendar.h"
#include "domain/names.h"

static const char *const title_names[] = {"xcaTitleZh", "xcaTitleEn"};
static const char *const body_names[] = {"xcaBodyZh", "xcaBodyEn"};
static const char *const without_body[] = {"xcaContent",  "xcaKind",  "xcaState",  "xcaRevision", "xcaTitleZh",
                                           "xcaTitleEn",  "xcaCategory", "xcaOrder", "xcaDated",  "xcaAuthor",
                                           "xcaStateChanged", "xcaOrigin", NULL};
static const char *const with_body[] = {"xcaContent",  "xcaKind",  "xcaState",  "xcaRevision", "xcaTitleZh",
                                        "xcaTitleEn",  "xcaCategory", "xcaOrder", "xcaDated",  "xcaAuthor",
                                        "xcaStateChanged", "xcaOrigin", "xcaBodyZh", "xcaBodyEn", NULL};

static char *content_dn(const xca_store_t *store, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaContent=", xca_dn_escape(pool, id), ",", xca_branch_dn(store, "content", pool), NULL);
}

static const char *text_of(const xca_entry_t *entry, const char *name, apr_pool_t *pool) {
    return apr_pstrdup(pool, xca_entry_text(entry, name));
}

void *xca_content_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_content_t *content = apr_pcalloc(pool, sizeof(*content));
    int i;

    content->id = text_of(entry, "xcaContent", pool);
    content->kind = xca_content_kind_by_id(xca_entry_text(entry, "xcaKind"));
    content->state = xca_content_state_by_id(xca_entry_text(entry, "xcaState"));
    if (content->id == NULL || content->kind == XCA_CONTENT_KINDS || content->state == XCA_CONTENT_STATES) {
        return NULL;
    }
    for (i = 0; i < 2; i++) {
        content->title[i] = text_of(entry, title_names[i], pool);
        content->body[i] = text_of(entry, body_names[i], pool);
    }
    content->category = text_of(entry, "xcaCategory", pool);
    content->order = xca_entry_number(entry, "xcaOrder", 0);
    content->dated = xca_entry_time(entry, "xcaDated");
    content->author = text_of(entry, "xcaAuthor", pool);
    content->changed = xca_entry_time(entry, "xcaStateChanged");
    content->revision = xca_entry_number(entry, "xcaRevision", 0);
    content->origin = text_of(entry, "xcaOrigin", pool);
    return content;
}

static xca_error_t *told_of(xca_error_t *err, const char *id) {
    if (err != NULL) {
        err->arg = id;
    }
    return err;
}

xca_error_t *xca_content_read(xca_content_t **content, xca_store_t *store, const char *id, apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, content_dn(store, id, pool), with_body, pool);

    if (err != NULL) {
        return told_of(xca_store_error(err, XCA_E_NOT_FOUND, "content.not-found"), id);
    }
    *content = xca_content_of_entry(entry, pool);
    if (*content == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no content", entry->dn);
    }
    return NULL;
}

/* name, value pairs of all that a change replaces; grams come beside them. */
static void put_fields(void (*put)(void *baton, const char *name, const char *text), void *baton,
                       const xca_content_t *content, apr_pool_t *pool) {
    int i;

    put(baton, "xcaKind", xca_content_kind_id(content->kind));
    put(baton, "xcaState", xca_content_state_id(content->state));
    put(baton, "xcaRevision", apr_ltoa(pool, content->revision));
    for (i = 0; i < 2; i++) {
        put(baton, title_names[i], content->title[i]);
        put(baton, body_names[i], content->body[i]);
    }
    put(baton, "xcaCategory", content->category);
    put(baton, "xcaOrder", apr_ltoa(pool, content->order));
    put(baton, "xcaDated", content->dated != 0 ? xca_date_format(pool, content->dated, XCA_DATE_LDAP) : NULL);
    put(baton, "xcaYear", content->dated != 0 ? apr_itoa(pool, xca_content_year(content->dated)) : NULL);
    put(baton, "xcaAuthor", content->author);
    put(baton, "xcaStateChanged", xca_date_format(pool, content->changed, XCA_DATE_LDAP));
    put(baton, "xcaOrigin", content->origin);
}

typedef struct {
    xca_entry_t *entry;
    apr_pool_t *pool;
} entry_baton_t;

static void put_in_entry(void *baton, const char *name, const char *text) {
    entry_baton_t *into = baton;

    xca_entry_add(into->pool, into->entry, name, text);
}

static void put_in_changes(void *baton, const char *name, const char *text) {
    xca_changes_text(baton, name, text);
}

static xca_error_t *add(xca_store_t *store, const xca_content_t *content, const apr_array_header_t *grams,
                        apr_pool_t *pool) {
    entry_baton_t into;
    int i;
    xca_error_t *err;

    into.pool = pool;
    into.entry = xca_entry_make(pool, content_dn(store, content->id, pool));
    xca_entry_add(pool, into.entry, "objectClass", "xcaContentEntry");
    xca_entry_add(pool, into.entry, "xcaContent", content->id);
    put_fields(put_in_entry, &into, content, pool);
    for (i = 0; i < grams->nelts; i++) {
        xca_entry_add(pool, into.entry, "xcaNameGram", APR_ARRAY_IDX(grams, i, const char *));
    }
    err = xca_ldap_add(store->ldap, into.entry, pool);
    if (err != NULL && strcmp(err->message, "ldap.exists") == 0) {
        err->message = "content.exists";
        err->arg = content->id;
    }
    return err;
}

static xca_error_t *change(xca_store_t *store, const xca_content_t *content, long revision,
                           const apr_array_header_t *grams, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    int i;
    xca_error_t *err;

    put_fields(put_in_changes, changes, content, pool);
    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaNameGram",
                    grams->nelts > 0 ? APR_ARRAY_IDX(grams, 0, const char *) : NULL);
    for (i = 1; i < grams->nelts; i++) {
        xca_changes_more(changes, APR_ARRAY_IDX(grams, i, const char *));
    }
    err = xca_ldap_modify(store->ldap, content_dn(store, content->id, pool), changes,
                          apr_psprintf(pool, "(xcaRevision=%ld)", revision), NULL, NULL, pool);
    err = xca_store_error(err, XCA_E_CONFLICT, "content.changed");
    return told_of(xca_store_error(err, XCA_E_NOT_FOUND, "content.not-found"), content->id);
}

xca_error_t *xca_content_put(xca_store_t *store, xca_content_t *content, const char *searched, apr_pool_t *pool) {
    long revision = content->revision++;
    apr_array_header_t *grams = xca_text_grams(pool, searched);

    return revision == 0 ? add(store, content, grams, pool) : change(store, content, revision, grams, pool);
}

static const char *equals(const char *name, const char *value, apr_pool_t *pool) {
    return value != NULL ? apr_pstrcat(pool, "(", name, "=", xca_filter_escape(pool, value), ")", NULL) : "";
}

static const char *filter_of(const xca_content_query_t *query, apr_pool_t *pool) {
    const char *filter = "(&(objectClass=xcaContentEntry)";
    int i, j;

    if (query->kind != XCA_CONTENT_KINDS) {
        filter = apr_pstrcat(pool, filter, equals("xcaKind", xca_content_kind_id(query->kind), pool), NULL);
    }
    if (query->state != XCA_CONTENT_STATES) {
        filter = apr_pstrcat(pool, filter, equals("xcaState", xca_content_state_id(query->state), pool), NULL);
    }
    filter = apr_pstrcat(pool, filter, equals("xcaYear", query->year != 0 ? apr_itoa(pool, query->year) : NULL, pool),
                         equals("xcaCategory", query->category, pool), NULL);
    if (query->until != 0) {
        filter = apr_pstrcat(pool, filter, "(xcaDated<=", xca_date_format(pool, query->until, XCA_DATE_LDAP), ")", NULL);
    }
    for (i = 0; query->words != NULL && i < query->words->nelts; i++) {
        apr_array_header_t *grams = xca_keyword_grams(pool, APR_ARRAY_IDX(query->words, i, const char *));

        for (j = 0; j < grams->nelts; j++) {
            filter = apr_pstrcat(pool, filter, equals("xcaNameGram", APR_ARRAY_IDX(grams, j, const char *), pool), NULL);
        }
    }
    return apr_pstrcat(pool, filter, ")", NULL);
}

static int by_place(const void *left, const void *right) {
    const xca_content_t *a = *(const xca_content_t *const *)left, *b = *(const xca_content_t *const *)right;

    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    if (a->dated != b->dated) {
        return a->dated > b->dated ? -1 : 1;
    }
    if (a->order != b->order) {
        return a->order < b->order ? -1 : 1;
    }
    return strcmp(a->id, b->id);
}

xca_error_t *xca_content_list(apr_array_header_t **contents, xca_store_t *store, const xca_content_query_t *query,
                              apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 32, sizeof(void *));
    into.make = xca_content_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "content", pool), XCA_SCOPE_ONE, filter_of(query, pool),
                          query->with_body ? with_body : without_body, query->limit, NULL, xca_collect, &into, pool);
    if (err != NULL) {
        return err;
    }
    qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_place);
    *contents = into.list;
    return NULL;
}

static void *year_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    long year = xca_entry_number(entry, "xcaYear", 0);
    int *kept;

    if (year < 1 || year > 9999) {
        return NULL;
    }
    kept = apr_palloc(pool, sizeof(*kept));
    *kept = (int)year;
    return kept;
}

static int later_first(const void *left, const void *right) {
    return *(const int *)right - *(const int *)left;
}

xca_error_t *xca_content_years(apr_array_header_t **years, xca_store_t *store, apr_time_t until, apr_pool_t *pool) {
    static const char *const year_alone[] = {"xcaYear", NULL};
    xca_content_query_t query = {0};
    xca_collect_t into;
    int i, kept = 0;
    xca_error_t *err;

    query.kind = XCA_CONTENT_NEWS;
    query.state = XCA_CONTENT_PUBLISHED;
    query.until = until;
    into.list = apr_array_make(pool, 64, sizeof(void *));
    into.make = year_of_entry;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "content", pool), XCA_SCOPE_ONE, filter_of(&query, pool),
                          year_alone, 0, NULL, xca_collect, &into, pool);
    if (err != NULL) {
        return err;
    }
    *years = apr_array_make(pool, into.list->nelts, sizeof(int));
    for (i = 0; i < into.list->nelts; i++) {
        APR_ARRAY_PUSH(*years, int) = *APR_ARRAY_IDX(into.list, i, const int *);
    }
    qsort((*years)->elts, (size_t)(*years)->nelts, sizeof(int), later_first);
    for (i = 0; i < (*years)->nelts; i++) {
        if (kept == 0 || APR_ARRAY_IDX(*years, i, int) != APR_ARRAY_IDX(*years, kept - 1, int)) {
            APR_ARRAY_IDX(*years, kept, int) = APR_ARRAY_IDX(*years, i, int);
            kept++;
        }
    }
    (*years)->nelts = kept;
    return NULL;
}
