#include "operations/revoked.h"

#include <stdlib.h>
#include <string.h>

#define MARK      0x80 /* in `reason`: seen since xca_revoked_reading() */
#define LOOSE_MAX 4096 /* items behind the sorted ones that are looked through one by one */

struct xca_revoked {
    xca_revoked_item_t *items;
    apr_size_t sorted, count, room; /* [sorted, count) came later and are not sorted in yet */
    int reading;
};

static apr_status_t free_items(void *data) {
    xca_revoked_t *set = data;

    free(set->items);
    return APR_SUCCESS;
}

xca_revoked_t *xca_revoked_make(apr_pool_t *pool) {
    xca_revoked_t *set = apr_pcalloc(pool, sizeof(*set));

    apr_pool_cleanup_register(pool, set, free_items, apr_pool_cleanup_null);
    return set;
}

static apr_uint32_t seconds(apr_time_t time) {
    apr_int64_t value = apr_time_sec(time);

    return value < 0 ? 0 : value > APR_UINT32_MAX ? APR_UINT32_MAX : (apr_uint32_t)value;
}

int xca_revoked_item(xca_revoked_item_t *item, const xca_cert_t *cert, apr_pool_t *scratch) {
    xca_bytes_t *serial = xca_text_unhex(scratch, cert->serial);

    memset(item, 0, sizeof(*item));
    if (serial == NULL || serial->length == 0 || serial->length > XCA_SERIAL_MAX) {
        return 0;
    }
    memcpy(item->serial, serial->data, serial->length);
    item->length = (unsigned char)serial->length;
    item->not_after = seconds(cert->not_after);
    if (cert->crl_partitions > 0 && xca_crl_part(serial->data, serial->length, cert->crl_partitions) >= 0) {
        item->parts = (unsigned int)cert->crl_partitions & 0x7ff;
    }
    item->generation = (unsigned int)cert->generation & 0x1f;
    if (cert->state == XCA_CERT_REVOKED) {
        item->reason = (unsigned char)cert->reason;
        item->when = seconds(cert->revoked);
    } else if (cert->state == XCA_CERT_SUSPENDED) {
        item->reason = xca_cert_listed(cert, 0) ? (unsigned char)cert->reason : XCA_REVOKED_HIDDEN;
        item->when = seconds(cert->suspended);
    } else if (cert->state == XCA_CERT_VALID && cert->resumed != 0) {
        item->reason = XCA_REASON_REMOVED;
        item->when = seconds(cert->resumed);
    } else {
        return 0;
    }
    return 1;
}

int xca_revoked_part(const xca_revoked_item_t *item) {
    return item->parts > 0 ? xca_crl_part(item->serial, item->length, (int)item->parts) : -1;
}

static int compare(const void *left, const void *right) {
    const xca_revoked_item_t *a = left, *b = right;

    if (a->length != b->length) {
        return a->length < b->length ? -1 : 1;
    }
    return memcmp(a->serial, b->serial, a->length);
}

/* The first of the sorted items that is not smaller. */
static apr_size_t lower_bound(const xca_revoked_t *set, const xca_revoked_item_t *key) {
    apr_size_t from = 0, to = set->sorted;

    while (from < to) {
        apr_size_t middle = from + (to - from) / 2;

        if (compare(&set->items[middle], key) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static void make_room(xca_revoked_t *set) {
    if (set->count == set->room) {
        set->room = set->room == 0 ? 256 : set->room + set->room / 2;
        set->items = realloc(set->items, set->room * sizeof(*set->items));
        if (set->items == NULL) {
            abort(); /* as the pools do */
        }
    }
}

/* Sorts the loose items in: they are sorted by themselves and merged from behind, in place. */
static void settle(xca_revoked_t *set) {
    apr_size_t loose = set->count - set->sorted, from = set->sorted, to = set->count;
    xca_revoked_item_t *late;

    if (loose == 0) {
        return;
    }
    qsort(set->items + set->sorted, loose, sizeof(*set->items), compare);
    if (set->sorted > 0 && compare(&set->items[set->sorted - 1], &set->items[set->sorted]) > 0) {
        late = malloc(loose * sizeof(*late));
        if (late == NULL) {
            abort();
        }
        memcpy(late, set->items + set->sorted, loose * sizeof(*late));
        while (loose > 0) {
            int earlier = from > 0 && compare(&set->items[from - 1], &late[loose - 1]) > 0;

            set->items[--to] = earlier ? set->items[--from] : late[--loose];
        }
        free(late);
    }
    set->sorted = set->count;
}

static xca_revoked_item_t *find(xca_revoked_t *set, const xca_revoked_item_t *key) {
    apr_size_t at = lower_bound(set, key), i;

    if (at < set->sorted && compare(&set->items[at], key) == 0) {
        return &set->items[at];
    }
    for (i = set->sorted; i < set->count; i++) {
        if (compare(&set->items[i], key) == 0) {
            return &set->items[i];
        }
    }
    return NULL;
}

void xca_revoked_reading(xca_revoked_t *set) {
    apr_size_t i;

    settle(set);
    for (i = 0; i < set->count; i++) {
        set->items[i].reason &= (unsigned char)~MARK;
    }
    set->reading = 1;
}

void xca_revoked_read(xca_revoked_t *set) {
    apr_size_t i, kept = 0;

    settle(set);
    for (i = 0; i < set->count; i++) {
        if (set->items[i].reason & MARK) {
            set->items[kept++] = set->items[i];
        }
    }
    set->sorted = set->count = kept;
    set->reading = 0;
}

int xca_revoked_take(xca_revoked_t *set, const xca_revoked_item_t *item, xca_revoked_item_t *before) {
    /* The first reading gives every serial once, and there is nothing yet to compare it with. */
    int first_reading = set->reading && set->sorted == 0;
    xca_revoked_item_t *there = first_reading ? NULL : find(set, item);

    if (there == NULL) {
        make_room(set);
        set->items[set->count] = *item;
        set->items[set->count++].reason |= MARK;
        if (!first_reading && set->count - set->sorted > LOOSE_MAX) {
            settle(set);
        }
        return 1;
    }
    *before = *there;
    before->reason &= (unsigned char)~MARK;
    *there = *item;
    there->reason |= MARK;
    return memcmp(before, item, sizeof(*item)) != 0 ? 2 : 0;
}

static int key_of(xca_revoked_item_t *key, const char *serial, apr_pool_t *scratch) {
    xca_cert_t cert = {.serial = serial, .state = XCA_CERT_REVOKED};

    return xca_revoked_item(key, &cert, scratch);
}

int xca_revoked_drop(xca_revoked_t *set, const char *serial, xca_revoked_item_t *before, apr_pool_t *scratch) {
    xca_revoked_item_t key, *there;

    settle(set);
    there = key_of(&key, serial, scratch) ? find(set, &key) : NULL;
    if (there == NULL) {
        return 0;
    }
    *before = *there;
    before->reason &= (unsigned char)~MARK;
    memmove(there, there + 1, (size_t)(set->items + set->count - there - 1) * sizeof(*there));
    set->sorted = --set->count;
    return 1;
}

const xca_revoked_item_t *xca_revoked_find(xca_revoked_t *set, const char *serial, apr_pool_t *scratch) {
    xca_revoked_item_t key;

    return key_of(&key, serial, scratch) ? find(set, &key) : NULL;
}

apr_size_t xca_revoked_size(const xca_revoked_t *set) {
    return set->count;
}

/* Where the serials with these leading two bytes, and 16 bytes long, begin. */
static apr_size_t begins(const xca_revoked_t *set, int leading) {
    xca_revoked_item_t key = {.length = XCA_SERIAL_BYTES};

    key.serial[0] = (unsigned char)(leading >> 8);
    key.serial[1] = (unsigned char)leading;
    return lower_bound(set, &key);
}

apr_size_t xca_revoked_pass(xca_revoked_pass_t *pass, xca_revoked_t *set, const xca_crl_scope_t *scope,
                            apr_time_t expired_before, int is_delta, apr_time_t since) {
    apr_size_t from = 0, to;

    settle(set);
    to = set->count;
    pass->parts = scope->kind == XCA_CRL_PARTITION ? scope->parts : scope->kind == XCA_CRL_REST ? 0 : -1;
    pass->part = scope->part;
    pass->generation = (unsigned int)scope->generation;
    if (scope->kind == XCA_CRL_PARTITION) { /* a range of the array */
        from = begins(set, xca_crl_part_begins(scope->part, scope->parts));
        to = begins(set, xca_crl_part_begins(scope->part + 1, scope->parts));
    }
    pass->at = set->items + from;
    pass->end = set->items + to;
    pass->expired_before = seconds(expired_before);
    pass->is_delta = is_delta;
    pass->since = seconds(since);
    pass->latest = 0;
    return to - from;
}

/* Whether the item is on the list of the pass. */
static int is_wanted(const xca_revoked_pass_t *pass, const xca_revoked_item_t *item) {
    unsigned char reason = item->reason & (unsigned char)~MARK;

    if (item->generation != pass->generation || (pass->parts >= 0 && pass->parts != (int)item->parts) || reason == XCA_REVOKED_HIDDEN ||
        item->not_after < pass->expired_before) {
        return 0;
    }
    return pass->is_delta ? item->when >= pass->since : reason != XCA_REASON_REMOVED;
}

int xca_revoked_next(void *baton, xca_crl_entry_t *entry) {
    xca_revoked_pass_t *pass = baton;

    for (; pass->at < pass->end; pass->at++) {
        const xca_revoked_item_t *item = pass->at;

        if (is_wanted(pass, item)) {
            memcpy(entry->serial, item->serial, sizeof(entry->serial));
            entry->serial_length = item->length;
            entry->reason = item->reason & (unsigned char)~MARK;
            entry->when = apr_time_from_sec(item->when);
            if (pass->latest != 0 && entry->when > pass->latest) {
                entry->when = pass->latest;
            }
            pass->at++;
            return 1;
        }
    }
    return 0;
}
