#include "portal/template_tree.h"

#include <string.h>
#include <apr_strings.h>
#include "portal/html.h"

/* A name that is bound around the present place: an x:each's item, a name that x:use binds. */
typedef struct scope {
    const char *name;
    const xca_value_t *value; /* NULL: bound to nothing, which hides outer ones */
    const struct scope *outer;
} scope_t;

/* What <x:content/> stands for: the content of an x:use, with the names of its place. */
typedef struct frame {
    const xca_template_node_t *use;
    const scope_t *scope;
    const struct frame *outer;
} frame_t;

typedef struct {
    const xca_templates_t *templates;
    const xca_value_t *model;
    xca_language language;
    xca_output_t *out;
    apr_pool_t *pool;
} page_t;

static const xca_value_t *look_up(const page_t *page, const scope_t *scope, const char *path) {
    apr_size_t length = strcspn(path, ".");

    for (; scope != NULL; scope = scope->outer) {
        if (strncmp(scope->name, path, length) == 0 && scope->name[length] == '\0') {
            return path[length] == '\0' ? scope->value
                                        : xca_value_find(scope->value, path + length + 1);
        }
    }
    return xca_value_find(page->model, path);
}

static const char *text_at(const page_t *page, const scope_t *scope, const char *path) {
    return xca_value_text(look_up(page, scope, path), page->pool);
}

static int is_place_name(const char *text, const char *end) {
    for (; text < end; text++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", *text) ==
            NULL) {
            return 0;
        }
    }
    return 1;
}

/* The catalogue's text with its {places} filled; what is not there leaves nothing behind. */
static const char *message_text(const page_t *page, const scope_t *scope, const char *id) {
    const char *text = xca_catalogue_text(page->templates->catalogue, id, page->language);
    apr_array_header_t *pieces = apr_array_make(page->pool, 4, sizeof(const char *));
    const char *from = text;

    if (text == NULL) {
        return apr_pstrcat(page->pool, "[", id, "]", NULL);
    }
    while ((text = strchr(text, '{')) != NULL) {
        const char *close = strchr(text, '}');
        const char *value;

        if (close == NULL || close == text + 1 || !is_place_name(text + 1, close)) {
            text++;
            continue;
        }
        value = text_at(page, scope, apr_pstrmemdup(page->pool, text + 1, (apr_size_t)(close - text - 1)));
        APR_ARRAY_PUSH(pieces, const char *) = apr_pstrmemdup(page->pool, from, (apr_size_t)(text - from));
        APR_ARRAY_PUSH(pieces, const char *) = value != NULL ? value : "";
        text = from = close + 1;
    }
    APR_ARRAY_PUSH(pieces, const char *) = from;
    return apr_array_pstrcat(page->pool, pieces, 0);
}

static const char *part_text(const page_t *page, const scope_t *scope, const xca_part_t *part) {
    const char *text = NULL;

    switch (part->kind) {
    case XCA_PART_LITERAL:
        return part->text;
    case XCA_PART_VALUE:
        text = text_at(page, scope, part->text);
        break;
    case XCA_PART_MESSAGE:
        return message_text(page, scope, part->text);
    case XCA_PART_MESSAGE_AT:
        text = text_at(page, scope, part->text);
        text = text == NULL               ? NULL
               : strchr(text, ' ') != NULL ? xca_catalogue_texts(page->templates->catalogue, text, page->language, page->pool)
                                           : message_text(page, scope, text);
        break;
    }
    return text != NULL ? text : "";
}

static const char *address_of(const page_t *page, const scope_t *scope,
                              const xca_template_attr_t *attr) {
    apr_array_header_t *pieces = apr_array_make(page->pool, 4, sizeof(const char *));
    const char *address;
    int i;

    for (i = 0; i < attr->parts->nelts; i++) {
        const xca_part_t *part = &APR_ARRAY_IDX(attr->parts, i, const xca_part_t);
        const char *text = part_text(page, scope, part);

        if (part->kind != XCA_PART_LITERAL) {
            text = attr->parts->nelts == 1 ? xca_html_address(text, page->pool)
                                           : xca_html_component(text, page->pool);
        }
        APR_ARRAY_PUSH(pieces, const char *) = text;
    }
    address = apr_array_pstrcat(page->pool, pieces, 0);
    return xca_html_may_lead_to(address) ? address : NULL;
}

static int is_single_value(const xca_template_attr_t *attr) {
    return attr->parts->nelts == 1 &&
           APR_ARRAY_IDX(attr->parts, 0, xca_part_t).kind == XCA_PART_VALUE;
}

static const xca_value_t *single_value(const page_t *page, const scope_t *scope,
                                       const xca_template_attr_t *attr) {
    return look_up(page, scope, APR_ARRAY_IDX(attr->parts, 0, xca_part_t).text);
}

static const char *joined(const page_t *page, const scope_t *scope, const apr_array_header_t *parts) {
    apr_array_header_t *pieces = apr_array_make(page->pool, parts->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < parts->nelts; i++) {
        APR_ARRAY_PUSH(pieces, const char *) =
            part_text(page, scope, &APR_ARRAY_IDX(parts, i, const xca_part_t));
    }
    return apr_array_pstrcat(page->pool, pieces, 0);
}

/* The attribute's value, or NULL if the attribute is left out. */
static const char *attr_text(const page_t *page, const scope_t *scope,
                             const xca_template_attr_t *attr) {
    if (attr->kind == XCA_ATTR_URL) {
        return address_of(page, scope, attr);
    }
    if (is_single_value(attr)) {
        return xca_value_text(single_value(page, scope, attr), page->pool);
    }
    return joined(page, scope, attr->parts);
}

static int attr_truth(const page_t *page, const scope_t *scope, const xca_template_attr_t *attr) {
    if (is_single_value(attr)) {
        return xca_value_truth(single_value(page, scope, attr));
    }
    return *joined(page, scope, attr->parts) != '\0';
}

static void put_attr(const page_t *page, const scope_t *scope, const xca_template_attr_t *attr) {
    const char *text = NULL;

    if (attr->kind == XCA_ATTR_BOOLEAN) {
        if (attr_truth(page, scope, attr)) {
            xca_put(page->out, " ");
            xca_put(page->out, attr->name);
        }
        return;
    }
    text = attr_text(page, scope, attr);
    if (text == NULL) {
        return;
    }
    xca_put(page->out, " ");
    xca_put(page->out, attr->name);
    xca_put(page->out, "=\"");
    xca_html_text(page->out, text);
    xca_put(page->out, "\"");
}

static void put_node(const page_t *page, const xca_template_node_t *node, const scope_t *scope,
                     const frame_t *frame);

static void put_children(const page_t *page, const xca_template_node_t *node, const scope_t *scope,
                         const frame_t *frame) {
    int i;

    for (i = 0; i < node->children->nelts; i++) {
        put_node(page, APR_ARRAY_IDX(node->children, i, const xca_template_node_t *), scope, frame);
    }
}

static void put_inside(const page_t *page, const xca_template_node_t *node, const scope_t *scope,
                       const frame_t *frame) {
    if (node->text_path != NULL) {
        const char *text = text_at(page, scope, node->text_path);

        xca_html_text(page->out, text != NULL ? text : "");
        return;
    }
    if (node->markup_path != NULL) {
        const xca_markup_t *markup = xca_value_markup(look_up(page, scope, node->markup_path));

        if (markup != NULL) {
            xca_html_markup(page->out, markup, page->pool);
        }
        return;
    }
    if (node->message != NULL) {
        xca_html_text(page->out, message_text(page, scope, node->message));
        return;
    }
    put_children(page, node, scope, frame);
}

static void put_element(const page_t *page, const xca_template_node_t *node, const scope_t *scope,
                        const frame_t *frame) {
    int i;

    xca_put(page->out, "<");
    xca_put(page->out, node->name);
    for (i = 0; i < node->attrs->nelts; i++) {
        put_attr(page, scope, &APR_ARRAY_IDX(node->attrs, i, const xca_template_attr_t));
    }
    xca_put(page->out, node->eats_newline ? ">\n" : ">");
    if (node->is_void) {
        return;
    }
    put_inside(page, node, scope, frame);
    xca_put(page->out, "</");
    xca_put(page->out, node->name);
    xca_put(page->out, ">");
}

/* The names an x:use or x:include binds: a single {path} passes the value itself (lists too), all
 * else a text. */
static const scope_t *names_bound(const page_t *page, const xca_template_node_t *node,
                           const scope_t *scope) {
    const scope_t *bound = scope;
    int i;

    for (i = 0; i < node->attrs->nelts; i++) {
        const xca_template_attr_t *attr = &APR_ARRAY_IDX(node->attrs, i, const xca_template_attr_t);
        scope_t *next = apr_palloc(page->pool, sizeof(*next));

        if (is_single_value(attr)) {
            next->value = single_value(page, scope, attr);
        } else {
            xca_value_t *holder = xca_map(page->pool);

            xca_map_text(holder, "text", joined(page, scope, attr->parts));
            next->value = xca_value_find(holder, "text");
        }
        next->name = attr->name;
        next->outer = bound;
        bound = next;
    }
    return bound;
}

static void put_other(const page_t *page, const xca_template_node_t *node, const scope_t *scope,
                      const frame_t *frame) {
    const xca_template_node_t *other =
        xca_template_find(page->templates, node->file, page->language, page->pool);
    frame_t inner;

    if (other == NULL) {
        return; /* refused when the templates were read */
    }
    inner.use = node;
    inner.scope = scope;
    inner.outer = frame;
    put_node(page, other, names_bound(page, node, scope), node->kind == XCA_NODE_USE ? &inner : NULL);
}

static void put_once(const page_t *page, const xca_template_node_t *node, const scope_t *scope,
                     const frame_t *frame) {
    if ((node->if_path != NULL && !xca_value_truth(look_up(page, scope, node->if_path))) ||
        (node->unless_path != NULL && xca_value_truth(look_up(page, scope, node->unless_path)))) {
        return;
    }
    switch (node->kind) {
    case XCA_NODE_TEXT:
        return;
    case XCA_NODE_ELEMENT:
        put_element(page, node, scope, frame);
        return;
    case XCA_NODE_BLOCK:
        put_inside(page, node, scope, frame);
        return;
    case XCA_NODE_USE:
    case XCA_NODE_INCLUDE:
        put_other(page, node, scope, frame);
        return;
    case XCA_NODE_CONTENT:
        if (frame != NULL) {
            put_children(page, frame->use, frame->scope, frame->outer);
        }
        return;
    }
}

static void put_text(const page_t *page, const xca_template_node_t *node, const scope_t *scope) {
    int i;

    for (i = 0; i < node->parts->nelts; i++) {
        xca_html_text(page->out,
                    part_text(page, scope, &APR_ARRAY_IDX(node->parts, i, const xca_part_t)));
    }
}

static void put_node(const page_t *page, const xca_template_node_t *node, const scope_t *scope,
                     const frame_t *frame) {
    const apr_array_header_t *items;
    int i;

    if (node->kind == XCA_NODE_TEXT) {
        put_text(page, node, scope);
        return;
    }
    if (node->each_path == NULL) {
        put_once(page, node, scope, frame);
        return;
    }
    items = xca_value_items(look_up(page, scope, node->each_path));
    for (i = 0; i < items->nelts && page->out->err == NULL; i++) {
        scope_t item = {node->each_name, APR_ARRAY_IDX(items, i, const xca_value_t *), scope};

        put_once(page, node, &item, frame);
    }
}

xca_error_t *xca_template_write(const xca_templates_t *templates, const char *name,
                                const xca_value_t *model, xca_language language,
                                xca_error_t *(*write)(void *baton, const char *data,
                                                      apr_size_t length),
                                void *baton, apr_pool_t *pool) {
    const xca_template_node_t *root = xca_template_find(templates, name, language, pool);
    page_t page;

    if (root == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "template.broken", "no template %s", name);
    }
    page.templates = templates;
    page.model = model;
    page.language = language;
    page.out = xca_output_make(pool, write, baton);
    page.pool = pool;
    xca_put(page.out, "<!DOCTYPE html>\n");
    put_node(&page, root, NULL, NULL);
    return xca_output_end(page.out);
}
