/* libcmark's owner: texts that officers write in a small part of CommonMark become a tree of allowed nodes. No HTML comes in
 * and none goes out: the template writer (x:markup) makes elements from the tree and escapes every text itself. */
#ifndef XCA_OUTSIDE_MARKDOWN_H
#define XCA_OUTSIDE_MARKDOWN_H

#include <apr_tables.h>
#include "base/error.h"

#define XCA_MARKUP_MAX       (32 * 1024) /* bytes of a text */
#define XCA_MARKUP_DEPTH_MAX 16          /* lists in quotes in lists: what is nested deeper is left out */

typedef enum {
    XCA_MARKUP_DOCUMENT,
    XCA_MARKUP_PARAGRAPH,
    XCA_MARKUP_HEADING,    /* number: level, 1 to 6 */
    XCA_MARKUP_LIST,       /* number: what an ordered one starts with, -1 for bullets */
    XCA_MARKUP_ITEM,
    XCA_MARKUP_QUOTE,
    XCA_MARKUP_CODE_BLOCK, /* text */
    XCA_MARKUP_RULE,
    XCA_MARKUP_TEXT,       /* text */
    XCA_MARKUP_CODE,       /* text */
    XCA_MARKUP_BREAK,
    XCA_MARKUP_EMPHASIS,
    XCA_MARKUP_STRONG,
    XCA_MARKUP_LINK        /* text: the address, which xca_markup_link_safe() has passed */
} xca_markup_kind;

typedef struct xca_markup {
    xca_markup_kind kind;
    int number;
    int tight;           /* of lists: items are shown without paragraphs */
    const char *text;
    apr_array_header_t *children; /* const struct xca_markup *; empty where there are none */
    const char *refused; /* of the document: why a check refuses it, message id; NULL if all of it is allowed */
    const char *refused_arg; /* the piece it is about */
} xca_markup_t;

/* Reads a text. What is not allowed is shown as the plain text it is (HTML, pictures' descriptions, texts of links
 * that lead elsewhere) and told in `refused`. Errors: "markup.too-large", "field.characters". Fuzz target: markdown. */
xca_error_t *xca_markup_parse(const xca_markup_t **document, const char *text, apr_size_t length,
                              apr_pool_t *pool) XCA_MUST_USE;

/* Whether all of a text is allowed, for those who write it. Errors at `field`: "markup.too-large" (arg: bytes allowed),
 * "field.characters", "markup.html", "markup.image", "markup.link" (arg: the address), "markup.deep". */
xca_error_t *xca_markup_check(const char *text, const char *field, apr_pool_t *pool) XCA_MUST_USE;

/* Non-zero for https:, http: and mailto: addresses, own paths ("/faq") and places of the page ("#codes"), at most 2,000 bytes
 * without white space and controls. */
int xca_markup_link_safe(const char *address);

/* The text without markup: blocks with an empty line between, items with "- " or their number, addresses of links behind
 * their text in brackets. For mails and feeds, and for searching. */
char *xca_markup_plain(const xca_markup_t *document, apr_pool_t *pool);

#endif
