#include "directory/arc_blocks.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/org_store.h"

#define PART_MAX 16 /* blocks of a level above the first that are asked for at once */
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

static xca_error_t *take_arc(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    const char *arc = xca_entry_text(entry, "xcaArc");

    *(long *)baton = arc != NULL ? atol(arc) : -1;
    return NULL;
}

/* A block in from..to (at most a hundred of a level) that has an arc in it, whichever the server finds first; -1 if
 * none has. */
static xca_error_t *any_in(long *block, xca_store_t *store, const char *parent, int level, long from,
                           long to, apr_pool_t *pool) {
    static const char *const wanted[] = {"xcaArc", NULL};
    apr_array_header_t *parts = apr_array_make(pool, XCA_ARC_BLOCK + 2, sizeof(char *));
    long number;
    xca_error_t *err;

    APR_ARRAY_PUSH(parts, const char *) = "(|";
    for (number = from; number <= to; number++) {
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrcat(
            pool, "(xcaArcBlock=", xca_arc_block(pool, parent, level, number), ")", NULL);
    }
    APR_ARRAY_PUSH(parts, const char *) = ")";
    *block = -1;
    err = xca_ldap_search(store->ldap, xca_org_dn(store, parent, pool), XCA_SCOPE_ONE,
                          apr_array_pstrcat(pool, parts, '\0'), wanted, 1, NULL, take_arc, block,
                          pool);
    for (; *block >= 0 && level > 0; level--) {
        *block /= XCA_ARC_BLOCK;
    }
    return err;
}

/* A block that has an arc, in the first (or last) part of *from..*to that has any; from and to become that part. -1 if there is none.
 * Blocks of a higher level have so many arcs that the server takes long over a hundred of them: the parts begin with one block. */
static xca_error_t *edge_part(long *block, int last, xca_store_t *store, const char *parent, int level, long *from, long *to,
                              apr_pool_t *pool) {
    long first = *from, end = *to, width = level == 1 ? XCA_ARC_BLOCK : 1;
    xca_error_t *err = NULL;

    *block = -1;
    while (err == NULL && *block < 0 && first <= end) {
        *from = last && end - width + 1 > first ? end - width + 1 : first;
        *to = !last && first + width - 1 < end ? first + width - 1 : end;
        err = any_in(block, store, parent, level, *from, *to, pool);
        first = last ? first : *to + 1;
        end = last ? *from - 1 : end;
        width = width < PART_MAX ? width * 2 : width;
    }
    return err;
}

/* The first (or last) block in from..to that has an arc; -1 if none has. What the server finds is mostly the entry that
 * was added first, which mostly has the smallest number: so all beyond it is asked for at once, and only then by
 * halves. */
static xca_error_t *edge(long *block, int last, xca_store_t *store, const char *parent, int level,
                         long from, long to, apr_pool_t *pool) {
    int tries;
    xca_error_t *err = edge_part(block, last, store, parent, level, &from, &to, pool);

    for (tries = 0; err == NULL && *block >= 0; tries++) {
        long middle, found;

        if (last) {
            from = *block > from ? *block : from;
            middle = tries == 0 ? from + 1 : (from + to + 1) / 2;
        } else {
            to = *block < to ? *block : to;
            middle = tries == 0 ? to - 1 : (from + to - 1) / 2;
        }
        if (from >= to) {
            return NULL;
        }
        err = last ? any_in(&found, store, parent, level, middle, to, pool)
                   : any_in(&found, store, parent, level, from, middle, pool);
        if (err == NULL && found >= 0) {
            *block = found;
        } else if (last) {
            to = middle - 1;
        } else {
            from = middle + 1;
        }
    }
    return err;
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
    int level;
    xca_error_t *err = NULL;

    *block = -1;
    for (level = 1; level <= XCA_ARC_LEVELS; level++) {
        /* The rest of the hundred that `from` stands in; at the top all that is left. */
        long end = level == XCA_ARC_LEVELS
                       ? TOP_LAST
                       : from / XCA_ARC_BLOCK * XCA_ARC_BLOCK + XCA_ARC_BLOCK - 1;

        /* The first of a hundred stands for all of it, a level higher. */
        if (from <= end && (level == XCA_ARC_LEVELS || from % XCA_ARC_BLOCK != 0)) {
            err = edge(block, 0, store, parent, level, from, end, pool);
            from = end + 1;
        }
        if (err != NULL || *block >= 0) {
            return err != NULL ? err : descend(block, 0, store, parent, level, pool);
        }
        from /= XCA_ARC_BLOCK;
    }
    return NULL;
}

xca_error_t *xca_arc_block_last(long *block, xca_store_t *store, const char *parent,
                                apr_pool_t *pool) {
    xca_error_t *err = edge(block, 1, store, parent, XCA_ARC_LEVELS, 0, TOP_LAST, pool);

    return err != NULL ? err : descend(block, 1, store, parent, XCA_ARC_LEVELS, pool);
}
