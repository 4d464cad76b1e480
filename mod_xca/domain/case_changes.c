#include "domain/case_changes.h"

#include <string.h>
#include <apr_strings.h>

#define LINES_MAX 200

/* What the canonical text has escaped. */
static char *unescaped(apr_pool_t *pool, const char *from, apr_size_t length) {
    char *text = apr_palloc(pool, length + 1);
    char *to = text;
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (from[i] == '\\' && i + 1 < length) {
            i++;
            *to++ = from[i] == 'n' ? '\n' : from[i] == 'r' ? '\r' : from[i];
        } else {
            *to++ = from[i];
        }
    }
    *to = '\0';
    return text;
}

/* "name: value" lines behind the first one, as name, value, name, value. */
static apr_array_header_t *lines_of(apr_pool_t *pool, const char *text) {
    apr_array_header_t *pairs = apr_array_make(pool, 64, sizeof(const char *));
    const char *at = text != NULL ? strchr(text, '\n') : NULL;

    while (at != NULL && at[1] != '\0' && pairs->nelts < 2 * LINES_MAX) {
        const char *line = at + 1, *end = strchr(line, '\n'), *colon = strstr(line, ": ");
        apr_size_t length = end != NULL ? (apr_size_t)(end - line) : strlen(line);

        if (colon != NULL && (apr_size_t)(colon - line) < length) {
            APR_ARRAY_PUSH(pairs, const char *) = apr_pstrmemdup(pool, line, (apr_size_t)(colon - line));
            APR_ARRAY_PUSH(pairs, const char *) = unescaped(pool, colon + 2, (apr_size_t)(line + length - colon - 2));
        }
        at = end;
    }
    return pairs;
}

static const char *value_of(const apr_array_header_t *pairs, const char *name) {
    int i;

    for (i = 0; i + 1 < pairs->nelts; i += 2) {
        if (strcmp(APR_ARRAY_IDX(pairs, i, const char *), name) == 0) {
            return APR_ARRAY_IDX(pairs, i + 1, const char *);
        }
    }
    return NULL;
}

static int counts(const char *name) {
    return strcmp(name, "revision") != 0 && strcmp(name, "filed") != 0 && strcmp(name, "number") != 0;
}

static void note(apr_array_header_t *changes, const char *name, const char *before, const char *after) {
    xca_case_change_t *change;

    if (!counts(name) || (before != NULL && after != NULL && strcmp(before, after) == 0)) {
        return;
    }
    change = apr_array_push(changes);
    change->name = name;
    change->before = before;
    change->after = after;
}

apr_array_header_t *xca_case_changes(apr_pool_t *pool, const char *earlier, const xca_case_t *kase) {
    apr_array_header_t *changes = apr_array_make(pool, 8, sizeof(xca_case_change_t));
    apr_array_header_t *old, *new;
    int i;

    if (earlier == NULL || strncmp(earlier, "XCA-CASE-1\n", 11) != 0) {
        return changes;
    }
    old = lines_of(pool, earlier);
    new = lines_of(pool, xca_case_canonical(pool, kase));
    for (i = 0; i + 1 < new->nelts; i += 2) {
        const char *name = APR_ARRAY_IDX(new, i, const char *);

        note(changes, name, value_of(old, name), APR_ARRAY_IDX(new, i + 1, const char *));
    }
    for (i = 0; i + 1 < old->nelts; i += 2) {
        const char *name = APR_ARRAY_IDX(old, i, const char *);

        if (value_of(new, name) == NULL) {
            note(changes, name, APR_ARRAY_IDX(old, i + 1, const char *), NULL);
        }
    }
    return changes;
}
