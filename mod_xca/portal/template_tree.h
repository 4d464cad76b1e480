/* Templates as they are kept in memory: trees made by template_load.c, walked by template.c. */
#ifndef XCA_PORTAL_TEMPLATE_TREE_H
#define XCA_PORTAL_TEMPLATE_TREE_H

#include <apr_hash.h>
#include "portal/template.h"

/* A piece of text or of an attribute's value. */
typedef enum {
    XCA_PART_LITERAL,
    XCA_PART_VALUE,     /* {path}  */
    XCA_PART_MESSAGE,   /* {#id}   */
    XCA_PART_MESSAGE_AT /* {@path} */
} xca_part_kind;

typedef struct xca_part {
    xca_part_kind kind;
    const char *text; /* the literal, the path or the id */
} xca_part_t;

typedef enum { XCA_ATTR_PLAIN, XCA_ATTR_BOOLEAN, XCA_ATTR_URL } xca_attr_kind;

typedef struct xca_template_attr {
    const char *name;
    xca_attr_kind kind;
    apr_array_header_t *parts; /* xca_part_t */
} xca_template_attr_t;

typedef enum {
    XCA_NODE_TEXT,
    XCA_NODE_ELEMENT,
    XCA_NODE_BLOCK,
    XCA_NODE_USE,
    XCA_NODE_INCLUDE,
    XCA_NODE_CONTENT
} xca_node_kind;

typedef struct xca_template_node xca_template_node_t;
struct xca_template_node {
    xca_node_kind kind;
    int line;
    apr_array_header_t *parts;    /* xca_part_t, of text                                     */
    const char *name;             /* of elements                                             */
    int is_void;                  /* <br>, <input> ...: no content, no end tag               */
    int eats_newline;             /* <textarea>, <pre>: HTML drops a first line break        */
    const char *if_path, *unless_path, *each_name, *each_path, *text_path, *markup_path, *message;
    apr_array_header_t *attrs;    /* xca_template_attr_t; of use and include: names it binds */
    apr_array_header_t *children; /* xca_template_node_t *                                   */
    const char *file;             /* of use and include                                      */
};

struct xca_templates {
    apr_hash_t *by_name; /* file name without .xhtml -> xca_template_node_t * */
    const xca_catalogue_t *catalogue;
};

/* The template `name`, or its form in the language ("terms.zh", "terms.en"); NULL if there is neither. */
const xca_template_node_t *xca_template_find(const xca_templates_t *templates, const char *name,
                                             xca_language language, apr_pool_t *pool);

#endif
