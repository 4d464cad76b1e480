#include "outside/markdown.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <cmark.h>
#include "base/text.h"

#define LINK_MAX 2000
#define TOLD_MAX 80 /* characters of what was refused */

typedef struct {
    xca_markup_t *document;
    apr_pool_t *pool;
} reader_t;

int xca_markup_link_safe(const char *address) {
    static const char *const starts[] = {"https://", "http://", "mailto:", "#", NULL};
    apr_size_t i;

    for (i = 0; address[i] != '\0'; i++) {
        if ((unsigned char)address[i] <= ' ' || address[i] == '\\' || address[i] == 0x7f || i >= LINK_MAX) {
            return 0;
        }
    }
    if (address[0] == '/') {
        return address[1] != '/';
    }
    for (i = 0; starts[i] != NULL; i++) {
        if (strncmp(address, starts[i], strlen(starts[i])) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A character reference can stand for what no text of ours may hold (&#29;, &#x202E;): U+FFFD takes its place. */
static const char *clean(const char *text, apr_pool_t *pool) {
    const char *at = text, *end = text + strlen(text);
    char *kept, *to;

    if (xca_text_valid(text, (apr_size_t)(end - text), 1)) {
        return apr_pstrdup(pool, text);
    }
    kept = to = apr_palloc(pool, (apr_size_t)(end - text) * 3 + 1);
    while (at < end) {
        const char *start = at;
        long c = xca_text_next(&at, end);

        if (c >= 0 && xca_text_valid(start, (apr_size_t)(at - start), 1)) {
            memcpy(to, start, (apr_size_t)(at - start));
            to += at - start;
        } else {
            memcpy(to, XCA_TEXT_REPLACED, 3);
            to += 3;
        }
    }
    *to = '\0';
    return kept;
}

/* At most so many characters of it. */
static const char *beginning(const char *text, apr_pool_t *pool) {
    const char *at = text, *end = text + strlen(text);
    int count;

    for (count = 0; at < end && count < TOLD_MAX; count++) {
        xca_text_next(&at, end);
    }
    return apr_pstrmemdup(pool, text, (apr_size_t)(at - text));
}

static void refuse(reader_t *reader, const char *why, const char *what) {
    if (reader->document->refused == NULL) {
        reader->document->refused = why;
        reader->document->refused_arg = what != NULL ? beginning(clean(what, reader->pool), reader->pool) : NULL;
    }
}

static xca_markup_t *add(reader_t *reader, xca_markup_t *parent, xca_markup_kind kind, const char *text) {
    xca_markup_t *node = apr_pcalloc(reader->pool, sizeof(*node));

    node->kind = kind;
    node->text = text != NULL ? clean(text, reader->pool) : NULL;
    node->children = apr_array_make(reader->pool, 2, sizeof(const xca_markup_t *));
    if (parent != NULL) {
        APR_ARRAY_PUSH(parent->children, const xca_markup_t *) = node;
    }
    return node;
}

/* The last character of a text: Chinese lines that are broken in the source are joined without a space. */
static int ends_in_chinese(const char *text) {
    const char *at = text, *end = text + strlen(text);
    long last = 0;

    while (at < end) {
        last = xca_text_next(&at, end);
    }
    return last >= 0x2e80;
}

static void read_soft_break(reader_t *reader, cmark_node *node, xca_markup_t *parent) {
    cmark_node *before = cmark_node_previous(node);
    const char *text = before != NULL ? cmark_node_get_literal(before) : NULL;

    if (text == NULL || !ends_in_chinese(text)) {
        add(reader, parent, XCA_MARKUP_TEXT, " ");
    }
}

static void read_children(reader_t *reader, cmark_node *node, xca_markup_t *parent, int depth);

static void read_list(reader_t *reader, cmark_node *node, xca_markup_t *parent, int depth) {
    xca_markup_t *list = add(reader, parent, XCA_MARKUP_LIST, NULL);

    list->number = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST ? cmark_node_get_list_start(node) : -1;
    list->tight = cmark_node_get_list_tight(node);
    read_children(reader, node, list, depth);
}

static void read_link(reader_t *reader, cmark_node *node, xca_markup_t *parent, int depth) {
    const char *address = cmark_node_get_url(node);

    if (address == NULL || !xca_markup_link_safe(address) || !xca_text_valid(address, strlen(address), 0)) {
        refuse(reader, "markup.link", address);
        read_children(reader, node, parent, depth);
        return;
    }
    read_children(reader, node, add(reader, parent, XCA_MARKUP_LINK, address), depth);
}

static void read_node(reader_t *reader, cmark_node *node, xca_markup_t *parent, int depth) {
    const char *literal = cmark_node_get_literal(node);

    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
        add(reader, parent, XCA_MARKUP_TEXT, literal);
        return;
    case CMARK_NODE_SOFTBREAK:
        read_soft_break(reader, node, parent);
        return;
    case CMARK_NODE_LINEBREAK:
        add(reader, parent, XCA_MARKUP_BREAK, NULL);
        return;
    case CMARK_NODE_CODE:
        add(reader, parent, XCA_MARKUP_CODE, literal);
        return;
    case CMARK_NODE_EMPH:
        read_children(reader, node, add(reader, parent, XCA_MARKUP_EMPHASIS, NULL), depth);
        return;
    case CMARK_NODE_STRONG:
        read_children(reader, node, add(reader, parent, XCA_MARKUP_STRONG, NULL), depth);
        return;
    case CMARK_NODE_LINK:
        read_link(reader, node, parent, depth);
        return;
    case CMARK_NODE_PARAGRAPH:
        read_children(reader, node, add(reader, parent, XCA_MARKUP_PARAGRAPH, NULL), depth);
        return;
    case CMARK_NODE_HEADING:
        parent = add(reader, parent, XCA_MARKUP_HEADING, NULL);
        parent->number = cmark_node_get_heading_level(node);
        read_children(reader, node, parent, depth);
        return;
    case CMARK_NODE_LIST:
        read_list(reader, node, parent, depth);
        return;
    case CMARK_NODE_ITEM:
        read_children(reader, node, add(reader, parent, XCA_MARKUP_ITEM, NULL), depth);
        return;
    case CMARK_NODE_BLOCK_QUOTE:
        read_children(reader, node, add(reader, parent, XCA_MARKUP_QUOTE, NULL), depth);
        return;
    case CMARK_NODE_CODE_BLOCK:
        add(reader, parent, XCA_MARKUP_CODE_BLOCK, literal);
        return;
    case CMARK_NODE_THEMATIC_BREAK:
        add(reader, parent, XCA_MARKUP_RULE, NULL);
        return;
    case CMARK_NODE_HTML_BLOCK:
    case CMARK_NODE_CUSTOM_BLOCK:
        refuse(reader, "markup.html", literal);
        add(reader, add(reader, parent, XCA_MARKUP_PARAGRAPH, NULL), XCA_MARKUP_TEXT, literal);
        return;
    case CMARK_NODE_HTML_INLINE:
    case CMARK_NODE_CUSTOM_INLINE:
        refuse(reader, "markup.html", literal);
        add(reader, parent, XCA_MARKUP_TEXT, literal);
        return;
    case CMARK_NODE_IMAGE:
        refuse(reader, "markup.image", cmark_node_get_url(node));
        read_children(reader, node, parent, depth);
        return;
    case CMARK_NODE_NONE:
    case CMARK_NODE_DOCUMENT:
        return;
    }
}

static void read_children(reader_t *reader, cmark_node *node, xca_markup_t *parent, int depth) {
    cmark_node *child;

    if (depth == XCA_MARKUP_DEPTH_MAX) {
        refuse(reader, "markup.deep", NULL);
        return;
    }
    for (child = cmark_node_first_child(node); child != NULL; child = cmark_node_next(child)) {
        read_node(reader, child, parent, depth + 1);
    }
}

xca_error_t *xca_markup_parse(const xca_markup_t **document, const char *text, apr_size_t length,
                              apr_pool_t *pool) {
    reader_t reader;
    cmark_node *root;

    if (length > XCA_MARKUP_MAX) {
        xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "markup.too-large", NULL);

        err->arg = apr_itoa(pool, XCA_MARKUP_MAX);
        return err;
    }
    if (!xca_text_valid(text, length, 1)) {
        return xca_error_make(pool, XCA_E_INVALID, "field.characters", NULL);
    }
    root = cmark_parse_document(text, length, CMARK_OPT_VALIDATE_UTF8);
    if (root == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "field.characters", "libcmark gives no document");
    }
    reader.pool = pool;
    reader.document = add(&reader, NULL, XCA_MARKUP_DOCUMENT, NULL);
    read_children(&reader, root, reader.document, 0);
    cmark_node_free(root);
    *document = reader.document;
    return NULL;
}

xca_error_t *xca_markup_check(const char *text, const char *field, apr_pool_t *pool) {
    const xca_markup_t *document;
    xca_error_t *err = xca_markup_parse(&document, text, strlen(text), pool);

    if (err != NULL) {
        err->field = field;
        return err;
    }
    return document->refused != NULL ? xca_error_field(pool, field, document->refused, document->refused_arg) : NULL;
}

typedef struct {
    apr_array_header_t *pieces; /* const char * */
    apr_pool_t *pool;
} plain_t;

static void put(plain_t *plain, const char *text) {
    APR_ARRAY_PUSH(plain->pieces, const char *) = text;
}

static void put_plain(plain_t *plain, const xca_markup_t *node, const char *indent);

static void put_plain_children(plain_t *plain, const xca_markup_t *node, const char *indent) {
    int i;

    for (i = 0; i < node->children->nelts; i++) {
        put_plain(plain, APR_ARRAY_IDX(node->children, i, const xca_markup_t *), indent);
    }
}

static void put_plain_list(plain_t *plain, const xca_markup_t *list, const char *indent) {
    const char *deeper = apr_pstrcat(plain->pool, indent, "  ", NULL);
    int i;

    for (i = 0; i < list->children->nelts; i++) {
        put(plain, indent);
        put(plain, list->number < 0 ? "- " : apr_psprintf(plain->pool, "%d. ", list->number + i));
        put_plain_children(plain, APR_ARRAY_IDX(list->children, i, const xca_markup_t *), deeper);
    }
    put(plain, *indent == '\0' ? "\n" : "");
}

static void put_plain(plain_t *plain, const xca_markup_t *node, const char *indent) {
    switch (node->kind) {
    case XCA_MARKUP_TEXT:
    case XCA_MARKUP_CODE:
        put(plain, node->text);
        return;
    case XCA_MARKUP_CODE_BLOCK:
        put(plain, node->text);
        put(plain, "\n");
        return;
    case XCA_MARKUP_BREAK:
        put(plain, "\n");
        return;
    case XCA_MARKUP_RULE:
        put(plain, "----\n\n");
        return;
    case XCA_MARKUP_LIST:
        put_plain_list(plain, node, indent);
        return;
    case XCA_MARKUP_LINK:
        put_plain_children(plain, node, indent);
        put(plain, " <");
        put(plain, node->text);
        put(plain, ">");
        return;
    case XCA_MARKUP_PARAGRAPH:
    case XCA_MARKUP_HEADING:
        put_plain_children(plain, node, indent);
        put(plain, *indent == '\0' ? "\n\n" : "\n");
        return;
    case XCA_MARKUP_DOCUMENT:
    case XCA_MARKUP_QUOTE:
    case XCA_MARKUP_ITEM:
    case XCA_MARKUP_EMPHASIS:
    case XCA_MARKUP_STRONG:
        put_plain_children(plain, node, indent);
        return;
    }
}

char *xca_markup_plain(const xca_markup_t *document, apr_pool_t *pool) {
    plain_t plain;
    char *text;
    apr_size_t length;

    plain.pieces = apr_array_make(pool, 32, sizeof(const char *));
    plain.pool = pool;
    put_plain(&plain, document, "");
    text = apr_array_pstrcat(pool, plain.pieces, 0);
    length = strlen(text);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' ')) {
        text[--length] = '\0';
    }
    return text;
}
