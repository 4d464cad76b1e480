/* Names as they are searched: 臺 and 台 the same, full-width and half-width the same, case ignored;
 * keywords by single characters and pairs of them, because slapd's substring index never holds one
 * Chinese character (design.md). */
#ifndef XCA_DOMAIN_NAMES_H
#define XCA_DOMAIN_NAMES_H

#include <apr_tables.h>
#include "base/error.h"

#define XCA_KEYWORD_MAX 60 /* code points of a keyword */

/* The search form of a name: half-width, lower case, 台→臺 and the other common variants folded, white
 * space, punctuation and brackets dropped. The same for names and keywords. */
char *xca_name_fold(apr_pool_t *pool, const char *name);

/* The same for one code point; 0 if it is dropped or -1 (malformed). */
long xca_name_fold_point(long code_point);

/* The distinct singles and pairs of adjacent characters of a folded name, an array of char *, in
 * order of their first place. At most 2 * 200 - 1. */
apr_array_header_t *xca_name_grams(apr_pool_t *pool, const char *folded);

/* The grams that a name must have if it contains `folded`: the single, if it is one character,
 * otherwise its pairs. */
apr_array_header_t *xca_keyword_grams(apr_pool_t *pool, const char *folded);

#endif
