#include "outside/xml.h"

#include <limits.h>
#include <string.h>
#include <apr_strings.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#define DEPTH_MAX 64

static xca_error_t *malformed(int line, const char *why, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "xml.malformed", "line %d: %s", line, why);

    err->arg = apr_itoa(pool, line);
    return err;
}

static const char *qualified(apr_pool_t *pool, const xmlNs *ns, const xmlChar *name) {
    if (ns == NULL || ns->prefix == NULL) {
        return apr_pstrdup(pool, (const char *)name);
    }
    return apr_pstrcat(pool, (const char *)ns->prefix, ":", (const char *)name, NULL);
}

/* Attribute values hold text only: a document type, which alone could declare entities, is refused
 * before it comes to this. */
static const char *attr_value(const xmlAttr *attr, apr_pool_t *pool) {
    const char *value = "";
    const xmlNode *piece;

    for (piece = attr->children; piece != NULL; piece = piece->next) {
        if (piece->type == XML_TEXT_NODE && piece->content != NULL) {
            value = apr_pstrcat(pool, value, (const char *)piece->content, NULL);
        }
    }
    return value;
}

static void copy_attrs(xca_xml_node_t *node, const xmlNode *from, apr_pool_t *pool) {
    const xmlAttr *attr;
    xca_xml_attr_t *attrs;
    int count = 0;

    for (attr = from->properties; attr != NULL; attr = attr->next) {
        count++;
    }
    attrs = apr_palloc(pool, sizeof(*attrs) * (apr_size_t)(count + 1));
    for (attr = from->properties; attr != NULL; attr = attr->next) {
        attrs[node->attr_count].name = qualified(pool, attr->ns, attr->name);
        attrs[node->attr_count].value = attr_value(attr, pool);
        node->attr_count++;
    }
    node->attrs = attrs;
}

static int is_text(const xmlNode *node) {
    return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

static xca_error_t *copy_node(const xca_xml_node_t **copy, const xmlNode *from, int depth,
                              apr_pool_t *pool) {
    xca_xml_node_t *node = apr_pcalloc(pool, sizeof(*node));
    const xmlNode *child;
    int count = 0;

    *copy = node;
    node->line = from->line;
    if (is_text(from)) {
        node->text = apr_pstrdup(pool, from->content != NULL ? (const char *)from->content : "");
        return NULL;
    }
    if (depth > DEPTH_MAX) {
        return malformed(node->line, "nested too deeply", pool);
    }
    node->name = qualified(pool, from->ns, from->name);
    copy_attrs(node, from, pool);
    for (child = from->children; child != NULL; child = child->next) {
        count++;
    }
    node->children = apr_palloc(pool, sizeof(*node->children) * (apr_size_t)(count + 1));
    for (child = from->children; child != NULL; child = child->next) {
        xca_error_t *err;

        if (child->type != XML_ELEMENT_NODE && !is_text(child)) {
            continue; /* comments and processing instructions say nothing */
        }
        err = copy_node(&node->children[node->child_count], child, depth + 1, pool);
        if (err != NULL) {
            return err;
        }
        node->child_count++;
    }
    return NULL;
}

/* A document type is the one door to entities and outside files. */
static int has_document_type(const char *text, apr_size_t length) {
    apr_size_t i;

    for (i = 0; i + 9 <= length; i++) {
        if (text[i] == '<' && memcmp(text + i, "<!DOCTYPE", 9) == 0) {
            return 1;
        }
    }
    return 0;
}

static xca_error_t *parse_document(const xca_xml_node_t **root, const char *text,
                                   apr_size_t length, apr_pool_t *pool) {
    xmlParserCtxtPtr parser;
    xmlDocPtr document;
    xca_error_t *err;

    xmlInitParser();
    parser = xmlNewParserCtxt();
    if (parser == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "xml.malformed", "no memory for a parser");
    }
    /* Our text is UTF-8, whatever its declaration says. */
    document = xmlCtxtReadMemory(parser, text, (int)length, NULL, "UTF-8",
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                     XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC);
    if (document == NULL || xmlDocGetRootElement(document) == NULL) {
        err = malformed(parser->lastError.line,
                        parser->lastError.message != NULL
                            ? apr_pstrdup(pool, parser->lastError.message)
                            : "not an XML document",
                        pool);
    } else if (document->intSubset != NULL) {
        err = malformed(1, "document type", pool);
    } else {
        err = copy_node(root, xmlDocGetRootElement(document), 1, pool);
    }
    if (document != NULL) {
        xmlFreeDoc(document);
    }
    xmlFreeParserCtxt(parser);
    return err;
}

xca_error_t *xca_xml_parse(const xca_xml_node_t **root, const void *data, apr_size_t length,
                           apr_size_t limit, apr_pool_t *pool) {
    const char *text = data;

    if (length > limit || length > INT_MAX) {
        return malformed(0, "larger than the limit", pool);
    }
    if (!xca_text_valid(text, length, 1)) {
        return malformed(0, "not UTF-8 text", pool);
    }
    if (has_document_type(text, length)) {
        return malformed(0, "document type", pool);
    }
    return parse_document(root, text, length, pool);
}

const char *xca_xml_attr(const xca_xml_node_t *node, const char *name) {
    int i;

    for (i = 0; i < node->attr_count; i++) {
        if (strcmp(node->attrs[i].name, name) == 0) {
            return node->attrs[i].value;
        }
    }
    return NULL;
}
