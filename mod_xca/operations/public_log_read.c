#include "operations/public_log_read.h"

#include <string.h>
#include <apr_strings.h>
#include "operations/audit_read.h"
#include "operations/public_log.h"

#define FOUND_MAX 100 /* entries about one certificate */

xca_error_t *xca_log_head_get(xca_log_head_t *head, xca_log_part_t **part, xca_store_t *store, apr_pool_t *pool) {
    xca_log_part_t *found;
    char *storage;
    xca_error_t *err = xca_log_get(&found, store, "head", 0, pool);

    if (err != NULL) {
        return err;
    }
    storage = apr_palloc(pool, found->data.length + 1);
    if (!xca_log_head_read(head, storage, (const char *)found->data.data, found->data.length)) {
        return xca_error_make(pool, XCA_E_INTERNAL, "log.broken", "the head is none");
    }
    if (part != NULL) {
        *part = found;
    }
    return NULL;
}

/* The leaf that begins at `at`; NULL if there is none. *next: behind the empty line that follows it. */
static xca_log_leaf_t *read_leaf(const char **next, const char *at, apr_pool_t *pool) {
    const char *end = strstr(at, "\n\n");
    xca_log_leaf_t *leaf = apr_pcalloc(pool, sizeof(*leaf));
    apr_size_t length = end != NULL ? (apr_size_t)(end - at) + 1 : 0;

    if (length == 0 || length > XCA_LOG_LEAF_MAX || !xca_log_leaf_read(leaf, apr_palloc(pool, length), at, length)) {
        return NULL;
    }
    *next = end + 2;
    return leaf;
}

xca_error_t *xca_log_leaves(apr_array_header_t **leaves, xca_store_t *store, apr_int64_t number, apr_int64_t size,
                            apr_pool_t *pool) {
    xca_log_part_t *part;
    const char *at;
    apr_int64_t index;
    xca_error_t *err = xca_log_get(&part, store, xca_log_entries_name(number, pool), 0, pool);

    *leaves = apr_array_make(pool, XCA_LOG_TILE, sizeof(void *));
    if (err != NULL) {
        return err;
    }
    at = part->data.length > 0 ? (const char *)part->data.data : "";
    for (index = number * XCA_LOG_TILE; index < size && index < (number + 1) * XCA_LOG_TILE; index++) {
        xca_log_leaf_t *leaf = read_leaf(&at, at, pool);

        if (leaf == NULL) {
            return NULL;
        }
        APR_ARRAY_PUSH(*leaves, xca_log_leaf_t *) = leaf;
    }
    return NULL;
}

/* The part that has the leaf about an entry of the audit log: the last that begins with it or an earlier one. */
static xca_error_t *part_of(apr_int64_t *number, xca_store_t *store, apr_int64_t entry, apr_int64_t size, apr_pool_t *pool) {
    apr_int64_t low = 0, high = (size - 1) / XCA_LOG_TILE;
    xca_error_t *err = NULL;

    while (err == NULL && low < high) {
        apr_int64_t middle = low + (high - low + 1) / 2;
        xca_log_part_t *part;

        err = xca_log_get(&part, store, xca_log_entries_name(middle, pool), 1, pool);
        if (err == NULL && part->number <= entry) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    *number = low;
    return err;
}

static xca_error_t *take(apr_array_header_t *into, xca_store_t *store, apr_int64_t entry, apr_int64_t size, apr_pool_t *pool) {
    apr_array_header_t *leaves;
    apr_int64_t number;
    int i;
    xca_error_t *err = part_of(&number, store, entry, size, pool);

    if (err == NULL) {
        err = xca_log_leaves(&leaves, store, number, size, pool);
    }
    for (i = 0; err == NULL && i < leaves->nelts; i++) {
        xca_log_leaf_t *leaf = APR_ARRAY_IDX(leaves, i, xca_log_leaf_t *);

        if (apr_atoi64(leaf->entry) == entry) {
            APR_ARRAY_PUSH(into, xca_log_leaf_t *) = leaf;
        }
    }
    return err;
}

xca_error_t *xca_log_find(apr_array_header_t **leaves, xca_store_t *store, const char *serial, apr_int64_t size,
                          apr_pool_t *pool) {
    xca_audit_query_t query = {-1, NULL, serial};
    apr_array_header_t *entries;
    int i, is_public = 0;
    xca_error_t *err = xca_audit_find(&entries, NULL, store, &query, FOUND_MAX, pool);

    *leaves = apr_array_make(pool, 8, sizeof(void *));
    for (i = 0; err == NULL && size > 0 && i < entries->nelts; i++) {
        const xca_audit_entry_t *entry = APR_ARRAY_IDX(entries, i, const xca_audit_entry_t *);

        if (entry->kind != NULL && xca_log_tells(entry)) {
            err = take(*leaves, store, entry->number, size, pool);
        }
    }
    for (i = 0; err == NULL && i < (*leaves)->nelts; i++) {
        is_public |= APR_ARRAY_IDX(*leaves, i, const xca_log_leaf_t *)->serial != NULL;
    }
    if (!is_public) {
        apr_array_clear(*leaves);
    }
    return err;
}

xca_error_t *xca_log_has(int *has, xca_store_t *store, const char *serial, apr_pool_t *pool) {
    xca_audit_query_t query = {-1, NULL, serial};
    apr_array_header_t *entries;
    xca_log_head_t head;
    int i;
    xca_error_t *err = xca_log_head_get(&head, NULL, store, pool);

    *has = 0;
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    err = xca_audit_find(&entries, NULL, store, &query, FOUND_MAX, pool);
    for (i = 0; err == NULL && !*has && i < entries->nelts; i++) {
        const xca_audit_entry_t *entry = APR_ARRAY_IDX(entries, i, const xca_audit_entry_t *);

        *has = entry->kind != NULL && xca_log_names(entry) && entry->number <= apr_atoi64(head.entry);
    }
    return err;
}

/* Comparing ---- */

typedef struct {
    xca_store_t *store;
    apr_int64_t size, entry; /* of the head */
    apr_int64_t index;       /* of the next leaf */
    apr_int64_t bad;
    apr_pool_t *part_pool;
    const char *at, *end;    /* of the part that it stands in */
} check_t;

static xca_error_t *next_part(check_t *check) {
    xca_log_part_t *part;
    xca_error_t *err;

    apr_pool_clear(check->part_pool);
    err = xca_log_get(&part, check->store, xca_log_entries_name(check->index / XCA_LOG_TILE, check->part_pool), 0, check->part_pool);
    if (err == NULL && part->data.length > 0) {
        check->at = (const char *)part->data.data;
        check->end = check->at + part->data.length;
    } else if (err == NULL || err->kind == XCA_E_NOT_FOUND) {
        check->at = check->end = "";
        err = NULL;
    }
    return err;
}

static xca_error_t *compare(void *baton, const xca_audit_entry_t *entry, apr_pool_t *scratch) {
    check_t *check = baton;
    xca_bytes_t text;
    xca_error_t *err;

    if (check->bad >= 0 || entry->number > check->entry || entry->kind == NULL || !xca_log_tells(entry)) {
        return NULL;
    }
    err = check->index % XCA_LOG_TILE == 0 ? next_part(check) : NULL;
    if (err == NULL) {
        err = xca_log_leaf_text(&text, entry, check->index, scratch);
    }
    if (err != NULL) {
        return err;
    }
    if (check->index >= check->size || (apr_size_t)(check->end - check->at) < text.length + 1 ||
        memcmp(check->at, text.data, text.length) != 0 || check->at[text.length] != '\n') {
        check->bad = check->index;
        return NULL;
    }
    check->at += text.length + 1;
    check->index++;
    return NULL;
}

xca_error_t *xca_log_check(apr_int64_t *checked, apr_int64_t *bad, xca_store_t *store, apr_pool_t *pool) {
    static const xca_audit_filter_t all = {NULL, NULL, 0, 0};
    check_t check = {store, 0, 0, 0, -1, NULL, "", ""};
    xca_log_head_t head;
    xca_error_t *err = xca_log_head_get(&head, NULL, store, pool);

    if (err != NULL) {
        return err;
    }
    check.size = apr_atoi64(head.size);
    check.entry = apr_atoi64(head.entry);
    apr_pool_create(&check.part_pool, pool);
    err = xca_audit_walk(store, &all, 1, compare, &check, pool);
    *checked = check.index;
    *bad = check.bad < 0 && check.index < check.size ? check.index : check.bad;
    return err;
}
