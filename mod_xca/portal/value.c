#include "portal/value.h"

#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/calendar.h"
#include "portal/output.h"

typedef enum { TEXT, NUMBER, TRUTH, MARKUP, LIST, MAP } value_kind;

typedef struct {
    const char *key;
    xca_value_t *value;
} pair_t;

struct xca_value {
    value_kind kind;
    const char *text; /* of markup: its source */
    const xca_markup_t *markup;
    apr_int64_t number; /* of truths: 0 or 1 */
    apr_array_header_t *items; /* xca_value_t * of lists, pair_t of maps */
    apr_pool_t *pool;
};

static xca_value_t *make(apr_pool_t *pool, value_kind kind) {
    xca_value_t *value = apr_pcalloc(pool, sizeof(*value));

    value->kind = kind;
    value->pool = pool;
    if (kind == LIST) {
        value->items = apr_array_make(pool, 8, sizeof(xca_value_t *));
    }
    if (kind == MAP) {
        value->items = apr_array_make(pool, 8, sizeof(pair_t));
    }
    return value;
}

xca_value_t *xca_map(apr_pool_t *pool) {
    return make(pool, MAP);
}

xca_value_t *xca_list(apr_pool_t *pool) {
    return make(pool, LIST);
}

static pair_t *pair_of(const xca_value_t *map, const char *key, apr_size_t length) {
    int i;

    for (i = 0; i < map->items->nelts; i++) {
        pair_t *pair = &APR_ARRAY_IDX(map->items, i, pair_t);

        if (strncmp(pair->key, key, length) == 0 && pair->key[length] == '\0') {
            return pair;
        }
    }
    return NULL;
}

/* A key that is there already gets the new value in its old place. */
static void set(xca_value_t *map, const char *key, xca_value_t *value) {
    pair_t *pair = pair_of(map, key, strlen(key));

    if (pair == NULL) {
        pair = apr_array_push(map->items);
        pair->key = key;
    }
    pair->value = value;
}

void xca_map_text(xca_value_t *map, const char *key, const char *text) {
    xca_value_t *value;

    if (text == NULL) {
        return;
    }
    value = make(map->pool, TEXT);
    value->text = text;
    set(map, key, value);
}

void xca_map_number(xca_value_t *map, const char *key, apr_int64_t number) {
    xca_value_t *value = make(map->pool, NUMBER);

    value->number = number;
    set(map, key, value);
}

void xca_map_when(xca_value_t *map, const char *key, apr_time_t when) {
    if (when == 0) {
        return;
    }
    xca_map_text(map, key, xca_date_format(map->pool, when, XCA_DATE_RFC3339));
    xca_map_text(map, apr_pstrcat(map->pool, "_", key, NULL), xca_date_format(map->pool, when, XCA_DATE_ISO_TIME));
}

void xca_map_true(xca_value_t *map, const char *key, int truth) {
    xca_value_t *value = make(map->pool, TRUTH);

    value->number = truth != 0;
    set(map, key, value);
}

void xca_map_markup(xca_value_t *map, const char *key, const xca_markup_t *markup, const char *source) {
    xca_value_t *value = make(map->pool, MARKUP);

    value->markup = markup;
    value->text = source;
    set(map, key, value);
}

xca_value_t *xca_map_map(xca_value_t *map, const char *key) {
    xca_value_t *value = make(map->pool, MAP);

    set(map, key, value);
    return value;
}

xca_value_t *xca_map_list(xca_value_t *map, const char *key) {
    xca_value_t *value = make(map->pool, LIST);

    set(map, key, value);
    return value;
}

xca_value_t *xca_list_map(xca_value_t *list) {
    xca_value_t *value = make(list->pool, MAP);

    APR_ARRAY_PUSH(list->items, xca_value_t *) = value;
    return value;
}

void xca_list_text(xca_value_t *list, const char *text) {
    xca_value_t *value = make(list->pool, TEXT);

    value->text = text;
    APR_ARRAY_PUSH(list->items, xca_value_t *) = value;
}

const xca_value_t *xca_value_find(const xca_value_t *map, const char *path) {
    while (map != NULL && map->kind == MAP) {
        apr_size_t length = strcspn(path, ".");
        const pair_t *pair = pair_of(map, path, length);

        if (pair == NULL || path[length] == '\0') {
            return pair != NULL ? pair->value : NULL;
        }
        map = pair->value;
        path += length + 1;
    }
    return NULL;
}

const char *xca_value_text(const xca_value_t *value, apr_pool_t *pool) {
    if (value == NULL) {
        return NULL;
    }
    switch (value->kind) {
    case TEXT:
    case MARKUP:
        return value->text;
    case NUMBER:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, value->number);
    case TRUTH:
        return value->number ? "true" : NULL;
    case LIST:
    case MAP:
        return NULL;
    }
    return NULL;
}

int xca_value_truth(const xca_value_t *value) {
    if (value == NULL) {
        return 0;
    }
    switch (value->kind) {
    case TEXT:
    case MARKUP:
        return value->text[0] != '\0';
    case NUMBER:
    case TRUTH:
        return value->number != 0;
    case LIST:
    case MAP:
        return value->items->nelts > 0;
    }
    return 0;
}

const xca_markup_t *xca_value_markup(const xca_value_t *value) {
    return value != NULL && value->kind == MARKUP ? value->markup : NULL;
}

const apr_array_header_t *xca_value_items(const xca_value_t *value) {
    static const apr_array_header_t none = {0};

    return value != NULL && value->kind == LIST ? value->items : &none;
}

static void put_json_text(xca_output_t *out, const char *text, apr_pool_t *pool) {
    const char *end = text + strlen(text);

    xca_put(out, "\"");
    while (text < end) {
        const char *start = text;
        long c = xca_text_next(&text, end);

        if (c < 0) {
            xca_put(out, "\xEF\xBF\xBD");
        } else if (c == '"' || c == '\\') {
            char escaped[3] = {'\\', (char)c, '\0'};

            xca_put(out, escaped);
        } else if (c < 0x20 || c == 0x7f) {
            xca_put(out, apr_psprintf(pool, "\\u%04lx", (unsigned long)c));
        } else {
            xca_put_bytes(out, start, (apr_size_t)(text - start));
        }
    }
    xca_put(out, "\"");
}

static void put_json(xca_output_t *out, const xca_value_t *value, apr_pool_t *pool);

static void put_json_list(xca_output_t *out, const xca_value_t *list, apr_pool_t *pool) {
    int i;

    xca_put(out, "[");
    for (i = 0; i < list->items->nelts; i++) {
        xca_put(out, i > 0 ? "," : "");
        put_json(out, APR_ARRAY_IDX(list->items, i, xca_value_t *), pool);
    }
    xca_put(out, "]");
}

static void put_json_map(xca_output_t *out, const xca_value_t *map, apr_pool_t *pool) {
    int i, written = 0;

    xca_put(out, "{");
    for (i = 0; i < map->items->nelts; i++) {
        const pair_t *pair = &APR_ARRAY_IDX(map->items, i, pair_t);

        if (pair->key[0] == '_') {
            continue;
        }
        xca_put(out, written++ > 0 ? "," : "");
        put_json_text(out, pair->key, pool);
        xca_put(out, ":");
        put_json(out, pair->value, pool);
    }
    xca_put(out, "}");
}

static void put_json(xca_output_t *out, const xca_value_t *value, apr_pool_t *pool) {
    switch (value->kind) {
    case TEXT:
    case MARKUP:
        put_json_text(out, value->text, pool);
        return;
    case NUMBER:
        xca_put(out, apr_psprintf(pool, "%" APR_INT64_T_FMT, value->number));
        return;
    case TRUTH:
        xca_put(out, value->number ? "true" : "false");
        return;
    case LIST:
        put_json_list(out, value, pool);
        return;
    case MAP:
        put_json_map(out, value, pool);
        return;
    }
}

xca_error_t *xca_value_json(const xca_value_t *value,
                            xca_error_t *(*write)(void *baton, const char *data, apr_size_t length),
                            void *baton, apr_pool_t *pool) {
    xca_output_t *out = xca_output_make(pool, write, baton);

    put_json(out, value, pool);
    xca_put(out, "\n");
    return xca_output_end(out);
}
