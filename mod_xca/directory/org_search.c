/* Searches of ou=oid by name: the folded name's grams are the index (directory/org_store.c), the name itself decides. */
#include "directory/org_store.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/names.h"

#define CLASSED     "(xcaOrgClass=*)"
#define NOT_CLASSED "(!(xcaOrgClass=*))" /* with a search form: a government agency */
#define FEW_GRAMS   3 /* that are all asked for */
#define AT_ONCE     5 /* characters: what has as many finds so little that one question has all its groups */

static xca_error_t *find(apr_array_header_t *orgs, xca_store_t *store, const char *filter,
                         int limit, apr_pool_t *pool) {
    xca_collect_t into = {orgs, xca_org_of_entry};

    return xca_ldap_search(store->ldap, xca_branch_dn(store, "oid", pool), XCA_SCOPE_SUBTREE, filter,
                           xca_org_attrs, limit, NULL, xca_collect, &into, pool);
}

/* What half of all names have in them: asking the index for these costs much and sorts out little. */
static int is_common(const char *gram) {
    static const char *const common[] = {"財團", "團法", "社團", "法人", "基金", "金會", "協會", "會"};
    size_t i;

    for (i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        if (strcmp(gram, common[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *gram_part(const char *gram, apr_pool_t *pool) {
    return apr_pstrcat(pool, "(xcaNameGram=", xca_filter_escape(pool, gram), ")", NULL);
}

/* The grams that narrow the search; the whole keyword is compared anyway. Common ones count only where there are no others. Of
 * many, every second one has all the characters too: each costs the server a list of all who have it. */
static const char *gram_filter(const apr_array_header_t *grams, apr_pool_t *pool) {
    apr_array_header_t *rare = apr_array_make(pool, grams->nelts, sizeof(char *));
    const apr_array_header_t *taken;
    const char *filter = "";
    int i, step;

    for (i = 0; i < grams->nelts; i++) {
        if (!is_common(APR_ARRAY_IDX(grams, i, const char *))) {
            APR_ARRAY_PUSH(rare, const char *) = APR_ARRAY_IDX(grams, i, const char *);
        }
    }
    taken = rare->nelts > 0 ? rare : grams;
    step = taken->nelts > FEW_GRAMS ? 2 : 1;
    for (i = taken->nelts - 1; i >= 0; i -= step) {
        filter = apr_pstrcat(pool, gram_part(APR_ARRAY_IDX(taken, i, const char *), pool), filter, NULL);
    }
    return filter;
}

static int by_name(const void *a, const void *b) {
    const xca_org_t *left = *(xca_org_t *const *)a, *right = *(xca_org_t *const *)b;
    apr_size_t left_length = strlen(left->name), right_length = strlen(right->name);
    int order = left_length < right_length ? -1 : left_length > right_length;

    order = order != 0 ? order : strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->oid, right->oid);
}

/* The three groups of a keyword's answer, each by an indexed filter. What the grams let through is compared as a
 * whole by the server, so that a limit counts right ones only. */
static const char *group_filter(int group, const char *folded, const char *and, apr_pool_t *pool) {
    const char *key = xca_filter_escape(pool, folded);
    const char *grams = gram_filter(xca_keyword_grams(pool, folded), pool);
    const char *end = folded + strlen(folded);
    const char *second = folded;
    const char *start;

    if (group == 0) {
        return apr_pstrcat(pool, "(&(xcaNameKey=", key, ")", and, ")", NULL);
    }
    xca_text_next(&second, end);
    if (second < end) {
        xca_text_next(&second, end);
    }
    start = xca_filter_escape(pool, apr_pstrmemdup(pool, folded, (apr_size_t)(second - folded)));
    if (group == 1) {
        return apr_pstrcat(pool, "(&(xcaNameGram=^", start, ")", grams, "(xcaNameKey=", key,
                           "*)(!(xcaNameKey=", key, "))", and, ")", NULL);
    }
    return apr_pstrcat(pool, "(&", grams, "(xcaNameKey=*", key, "*)(!(xcaNameKey=", key, "*))",
                       and, ")", NULL);
}

/* The groups of an answer in their order. Agencies come behind, so that those who may apply are never cut off for them. */
static const struct group {
    int kind, agencies;
} groups[] = {{0, 0}, {0, 1}, {1, 0}, {2, 0}, {1, 1}, {2, 1}};
#define GROUPS (int)(sizeof(groups) / sizeof(groups[0]))

static xca_error_t *find_group(apr_array_header_t *found, xca_store_t *store, const struct group *group, const char *folded,
                               const char *and, int wanted_count, apr_pool_t *pool) {
    int before = found->nelts;
    const char *more = apr_pstrcat(pool, group->agencies ? NOT_CLASSED : CLASSED, and, NULL);
    xca_error_t *err = find(found, store, group_filter(group->kind, folded, more, pool), wanted_count - before, pool);

    qsort(found->elts + (size_t)before * sizeof(void *), (size_t)(found->nelts - before), sizeof(void *), by_name);
    return err;
}

/* The group that it stands in: its place among them. */
static int group_of(const xca_org_t *org, const char *folded, apr_pool_t *pool) {
    const char *name = xca_name_fold(pool, org->name);
    int kind = strcmp(name, folded) == 0 ? 0 : strncmp(name, folded, strlen(folded)) == 0 ? 1 : 2;
    int agencies = org->class == XCA_CLASS_NONE, i = 0;

    while (groups[i].kind != kind || groups[i].agencies != agencies) {
        i++; /* each pair is one of them */
    }
    return i;
}

/* All groups by one question. *whole: these are all; if not, nothing is added to `found`, as only the groups' own questions tell
 * which come first. */
static xca_error_t *find_at_once(int *whole, apr_array_header_t *found, xca_store_t *store, const char *folded, const char *and,
                                 int agencies, int wanted_count, apr_pool_t *pool) {
    apr_array_header_t *all = apr_array_make(pool, wanted_count, sizeof(void *));
    const char *key = xca_filter_escape(pool, folded), *grams = gram_filter(xca_keyword_grams(pool, folded), pool);
    const char *filter = apr_pstrcat(pool, "(&(|(xcaNameKey=", key, ")(&", grams, "(xcaNameKey=*", key, "*)))",
                                     agencies ? "" : CLASSED, and, ")", NULL);
    int *group, i, k;
    xca_error_t *err = find(all, store, filter, wanted_count, pool);

    *whole = err == NULL && all->nelts < wanted_count;
    if (!*whole) {
        return err;
    }
    qsort(all->elts, (size_t)all->nelts, sizeof(void *), by_name);
    group = apr_palloc(pool, (apr_size_t)wanted_count * sizeof(*group));
    for (k = 0; k < all->nelts; k++) {
        group[k] = group_of(APR_ARRAY_IDX(all, k, xca_org_t *), folded, pool);
    }
    for (i = 0; i < GROUPS; i++) {
        for (k = 0; k < all->nelts; k++) {
            if (group[k] == i) {
                APR_ARRAY_PUSH(found, xca_org_t *) = APR_ARRAY_IDX(all, k, xca_org_t *);
            }
        }
    }
    return NULL;
}

static xca_error_t *find_keyword(apr_array_header_t *found, xca_store_t *store, const char *folded,
                                 const char *and, int agencies, int wanted_count, apr_pool_t *pool) {
    int i, whole = 0;
    xca_error_t *err = NULL;

    if (xca_text_length(folded) >= AT_ONCE) {
        err = find_at_once(&whole, found, store, folded, and, agencies, wanted_count, pool);
    }
    for (i = 0; err == NULL && !whole && i < GROUPS && found->nelts < wanted_count; i++) {
        if (agencies || !groups[i].agencies) {
            err = find_group(found, store, &groups[i], folded, and, wanted_count, pool);
        }
    }
    return err;
}

static xca_error_t *search(apr_array_header_t **orgs, int *more, xca_store_t *store,
                           const char *keyword, const char *ubn, int agencies, int limit, apr_pool_t *pool) {
    apr_array_header_t *found = apr_array_make(pool, limit + 1, sizeof(void *));
    const char *folded = keyword != NULL ? xca_name_fold(pool, keyword) : "";
    const char *and = "";
    xca_error_t *err = NULL;

    if (ubn != NULL && *ubn != '\0') {
        ubn = xca_filter_escape(pool, xca_text_halfwidth(pool, xca_text_trim(pool, ubn)));
        and = apr_pstrcat(pool, "(xcaUbn=", ubn, ")", NULL);
    } else {
        ubn = NULL;
    }
    if (*folded != '\0') {
        err = find_keyword(found, store, folded, and, agencies, limit + 1, pool);
    } else if (ubn != NULL && (keyword == NULL || *keyword == '\0')) {
        err = find(found, store, apr_pstrcat(pool, "(&", and, agencies ? "(|" CLASSED "(xcaNameKey=*))" : CLASSED, ")", NULL), limit + 1, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (more != NULL) {
        *more = found->nelts > limit;
    }
    found->nelts = found->nelts > limit ? limit : found->nelts;
    *orgs = found;
    return NULL;
}

xca_error_t *xca_org_search(apr_array_header_t **orgs, int *more, xca_store_t *store,
                            const char *keyword, const char *ubn, int limit, apr_pool_t *pool) {
    return search(orgs, more, store, keyword, ubn, 0, limit, pool);
}

xca_error_t *xca_org_search_all(apr_array_header_t **orgs, int *more, xca_store_t *store,
                                const char *keyword, const char *ubn, int limit, apr_pool_t *pool) {
    return search(orgs, more, store, keyword, ubn, 1, limit, pool);
}

xca_error_t *xca_org_by_source_key(xca_org_t **org, xca_store_t *store, const char *key,
                                   apr_pool_t *pool) {
    apr_array_header_t *found = apr_array_make(pool, 1, sizeof(void *));
    xca_error_t *err = find(
        found, store, apr_pstrcat(pool, "(xcaSourceKey=", xca_filter_escape(pool, key), ")", NULL),
        1, pool);

    *org = err == NULL && found->nelts > 0 ? APR_ARRAY_IDX(found, 0, xca_org_t *) : NULL;
    return err;
}

xca_error_t *xca_org_by_name(apr_array_header_t **orgs, xca_store_t *store, const char *name,
                             int limit, apr_pool_t *pool) {
    const char *key = xca_filter_escape(pool, xca_name_fold(pool, name));

    *orgs = apr_array_make(pool, 4, sizeof(void *));
    return *key != '\0' ? find(*orgs, store, apr_pstrcat(pool, "(xcaNameKey=", key, ")", NULL), limit,
                               pool)
                        : NULL;
}
