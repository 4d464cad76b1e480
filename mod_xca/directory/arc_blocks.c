#include "directory/arc_blocks.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/org_store.h"

#define TOP_LAST (XCA_ARC_MAX / 100000000) /* last block of the top level */

/* "2.16.886.104" is written "104", the root "". */
static const char *below_root(const char *oid) {
    const char *rest = oid + strlen(XCA_OID_ROOT);

    return *rest == '.' ? rest + 1 : rest;
}

char *xca_arc_block(apr_pool_t *pool, const char *parent, int level, long number) {
    return apr_psprintf(pool, "%s/%d/%ld", below_root(parent), level, number);
}

void xca_arc_blocks_add(apr_pool_t *pool, xca_entry_t *entry, const char *parent, long arc) {
    int level;

    for (level = 1; level <= XCA_ARC_LEVELS; level++) {
        arc /= XCA_ARC_BLOCK;
        xca_entry_add(pool, entry, "xcaArcBlock", xca_arc_block(pool, parent, level, arc));
    }
}

static xca_error_t *found_one(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    *(int *)baton = 1;
    return NULL;
}

/* Is there an arc in one of the blocks from..to (at most a hundred) of a level? */
static xca_error_t *any_in(int *any, xca_store_t *store, const char *parent, int level, long from,
                           long to, apr_pool_t *pool) {
    static const char *const nothing[] = {"1.1", NULL};
    apr_array_header_t *parts = apr_array_make(pool, XCA_ARC_BLOCK + 2, sizeof(char *));
    long number;

    *any = 0;
    APR_ARRAY_PUSH(parts, const char *) = "(|";
    for (number = from; number <= to; number++) {
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrcat(
            pool, "(xcaArcBlock=", xca_arc_block(pool, parent, level, number), ")", NULL);
    }
    APR_ARRAY_PUSH(parts, const char *) = ")";
    return xca_ldap_search(store->ldap, xca_org_dn(store, parent, pool), XCA_SCOPE_ONE,
                           apr_array_pstrcat(pool, parts, '\0'), nothing, 1, NULL, found_one, any,
                           pool);
}

/* The first (or last) block in from..to that has an arc; -1 if none has. */
static xca_error_t *edge(long *block, int last, xca_store_t *store, const char *parent, int level,
                         long from, long to, apr_pool_t *pool) {
    int any;
    xca_error_t *err = any_in(&any, store, parent, level, from, to, pool);

    *block = -1;
    if (err != NULL || !any) {
        return err;
    }
    while (from < to) {
        long middle = (from + to + (last ? 1 : 0)) / 2;

        err = last ? any_in(&any, store, parent, level, middle, to, pool)
                   : any_in(&any, store, parent, level, from, middle, pool);
        if (err != NULL) {
            return err;
        }
        if (last) {
            from = any ? middle : from;
            to = any ? to : middle - 1;
        } else {
            from = any ? from : middle + 1;
            to = any ? middle : to;
        }
    }
    *block = from;
    return NULL;
}

/* From a block of `level` that has something in it down to its first (or last) block of level 1. */
static xca_error_t *descend(long *block, int last, xca_store_t *store, const char *parent,
                            int level, apr_pool_t *pool) {
    while (--level >= 1 && *block >= 0) {
        long first = *block * XCA_ARC_BLOCK;
        xca_error_t *err =
            edge(block, last, store, parent, level, first, first + XCA_ARC_BLOCK - 1, pool);

        if (err != NULL) {
            return err;
        }
    }
    return NULL;
}

xca_error_t *xca_arc_block_next(long *block, xca_store_t *store, const char *parent, long from,
                                apr_pool_t *pool) {
    int level, any;
    xca_error_t *err = any_in(&any, store, parent, 1, from, from, pool);

    if (err != NULL || any) {
        *block = from;
        return err;
    }
    *block = -1;
    from++;
    for (level = 1; level <= XCA_ARC_LEVELS; level++) {
        /* The rest of the hundred that `from` begins or stands in; at the top all that is left. */
        long end = level == XCA_ARC_LEVELS ? TOP_LAST
                                           : (from - 1) / XCA_ARC_BLOCK * XCA_ARC_BLOCK +
                                                 XCA_ARC_BLOCK - 1;

        if (from <= end) {
            err = edge(block, 0, store, parent, level, from, end, pool);
        }
        if (err != NULL || *block >= 0) {
            return err != NULL ? err : descend(block, 0, store, parent, level, pool);
        }
        from = (from - 1) / XCA_ARC_BLOCK + 1;
    }
    return NULL;
}

xca_error_t *xca_arc_block_last(long *block, xca_store_t *store, const char *parent,
                                apr_pool_t *pool) {
    xca_error_t *err = edge(block, 1, store, parent, XCA_ARC_LEVELS, 0, TOP_LAST, pool);

    return err != NULL ? err : descend(block, 1, store, parent, XCA_ARC_LEVELS, pool);
}
