/* Models: a tree of values that a page is made from, and that goes out as JSON as it is. */
#ifndef XCA_PORTAL_VALUE_H
#define XCA_PORTAL_VALUE_H

#include <apr_tables.h>
#include <apr_time.h>
#include "base/error.h"
#include "outside/markdown.h"

typedef struct xca_value xca_value_t; /* text, number, truth, markup, list or map */

xca_value_t *xca_map(apr_pool_t *pool);
xca_value_t *xca_list(apr_pool_t *pool);
/* NULL text is left out of maps. Keys are literals and kept. */
void xca_map_text(xca_value_t *map, const char *key, const char *text);
void xca_map_number(xca_value_t *map, const char *key, apr_int64_t number);
/* A time: for programs under `key` (RFC 3339, UTC), for people under '_' and `key` (Taiwan time). 0 is left out. */
void xca_map_when(xca_value_t *map, const char *key, apr_time_t when);
void xca_map_true(xca_value_t *map, const char *key, int truth);
/* A text with markup, for x:markup; in JSON and elsewhere it is `source`, the text as it was written. */
void xca_map_markup(xca_value_t *map, const char *key, const xca_markup_t *markup, const char *source);
xca_value_t *xca_map_map(xca_value_t *map, const char *key);   /* a new map under key */
xca_value_t *xca_map_list(xca_value_t *map, const char *key);  /* a new list under key */
xca_value_t *xca_list_map(xca_value_t *list);                  /* a new map at its end */
void xca_list_text(xca_value_t *list, const char *text);
/* Keys that start with '_' are for the view only and left out of JSON. */

/* "a.b.c" from a map; NULL if it is not there. */
const xca_value_t *xca_value_find(const xca_value_t *map, const char *path);
const char *xca_value_text(const xca_value_t *value, apr_pool_t *pool); /* of text and numbers */
const xca_markup_t *xca_value_markup(const xca_value_t *value); /* NULL if it is none */
int xca_value_truth(const xca_value_t *value); /* empty text, 0, empty list, NULL are false */
const apr_array_header_t *xca_value_items(const xca_value_t *value); /* xca_value_t *; empty if no list */

/* JSON (RFC 8259) in pieces through `write`. */
xca_error_t *xca_value_json(const xca_value_t *value,
                            xca_error_t *(*write)(void *baton, const char *data, apr_size_t length),
                            void *baton, apr_pool_t *pool) XCA_MUST_USE;

#endif
