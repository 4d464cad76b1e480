/* libxml2's owner: well-formed XML files into a small read-only tree. Entities are not expanded, nothing is
 * loaded from outside, size and depth (64) are bounded. */
#ifndef XCA_OUTSIDE_XML_H
#define XCA_OUTSIDE_XML_H

#include <apr_tables.h>
#include "base/text.h"

typedef struct xca_xml_attr {
    const char *name; /* with its prefix as written: "href", "x:if" */
    const char *value;
} xca_xml_attr_t;

typedef struct xca_xml_node {
    const char *name;  /* element name; NULL for text */
    const char *text;  /* text nodes only */
    const xca_xml_attr_t *attrs; /* attr_count of them */
    int attr_count;
    const struct xca_xml_node **children; /* child_count of them */
    int child_count;
    int line;
} xca_xml_node_t;

/* Parses at most `limit` bytes. Error: "xml.malformed" (arg: line). Fuzz target: xml. */
xca_error_t *xca_xml_parse(const xca_xml_node_t **root, const void *data, apr_size_t length,
                           apr_size_t limit, apr_pool_t *pool) XCA_MUST_USE;

const char *xca_xml_attr(const xca_xml_node_t *node, const char *name);

#endif
