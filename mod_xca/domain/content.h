/* What officers publish beside certificates: news, questions and answers, uses of certificates, fees. One record for all of
 * them, in both languages; bodies are texts with markup (outside/markdown.h). */
#ifndef XCA_DOMAIN_CONTENT_H
#define XCA_DOMAIN_CONTENT_H

#include <apr_tables.h>
#include <apr_time.h>
#include "base/error.h"

typedef enum {
    XCA_CONTENT_NEWS, /* dated                                    */
    XCA_CONTENT_FAQ,  /* title: the question; has a category      */
    XCA_CONTENT_USE,  /* title: what certificates are used for    */
    XCA_CONTENT_FEE,  /* title: the service; body: what it costs  */
    XCA_CONTENT_KINDS
} xca_content_kind;

const char *xca_content_kind_id(xca_content_kind kind); /* "news", "faq", "use", "fee" */
xca_content_kind xca_content_kind_by_id(const char *id); /* XCA_CONTENT_KINDS if there is none */

typedef enum {
    XCA_CONTENT_DRAFT,     /* for officers alone; a language may still be missing */
    XCA_CONTENT_PUBLISHED,
    XCA_CONTENT_WITHDRAWN,
    XCA_CONTENT_STATES
} xca_content_state;

const char *xca_content_state_id(xca_content_state state);
xca_content_state xca_content_state_by_id(const char *id); /* XCA_CONTENT_STATES if there is none */

/* Categories of the FAQ in the order in which they are shown; ends with NULL. */
extern const char *const xca_faq_categories[];

#define XCA_CONTENT_TITLE_MAX 200 /* characters */
#define XCA_CONTENT_BODY_MAX  (16 * 1024) /* bytes */

typedef struct xca_content {
    const char *id;            /* part of its address: lower-case letters, digits, '-', at most 60 */
    xca_content_kind kind;
    xca_content_state state;
    const char *title[2];      /* Chinese, English (the values of xca_language); NULL: missing */
    const char *body[2];
    const char *category;      /* of a FAQ entry */
    long order;                /* of all but news: lower ones first */
    apr_time_t dated;          /* of news */
    const char *author;        /* uid of the officer who changed it last, or "import" */
    apr_time_t changed;
    long revision;             /* counted up by each change; 0: not stored yet */
    const char *origin;        /* digest of what was imported; NULL since someone else has changed it */
} xca_content_t;

/* Everything but the markup: id, titles, bodies, category, date. A draft may lack a language. Errors at the fields "id",
 * "title_zh", "title_en", "body_zh", "body_en", "category", "dated": "content.id", "field.required", "field.too-long",
 * "field.characters", "field.choose". */
xca_error_t *xca_content_check(const xca_content_t *content, apr_pool_t *pool) XCA_MUST_USE;

/* The year of a date in Taiwan. */
int xca_content_year(apr_time_t dated);

/* Visitors see news from the beginning of its day in Taiwan on, and all else when it is published; until then it is scheduled. */
int xca_content_is_scheduled(const xca_content_t *content, apr_time_t now);

/* The singles and pairs of characters in a text of any length (xca_name_grams), for searching; at most XCA_GRAMS_MAX. */
#define XCA_GRAMS_MAX 4000
apr_array_header_t *xca_text_grams(apr_pool_t *pool, const char *text);

/* The words of a question (at most 6, of at most 60 characters each) in their search form; empty if there are none. */
apr_array_header_t *xca_search_words(apr_pool_t *pool, const char *typed);

/* Non-zero if the text has every word. */
int xca_text_has_words(apr_pool_t *pool, const char *text, const apr_array_header_t *words);

#endif
