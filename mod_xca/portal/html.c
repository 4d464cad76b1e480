#include "portal/html.h"

#include <string.h>
#include <apr_strings.h>
#include "base/text.h"

/* The one place where text becomes HTML: for content and for attributes in double quotes. */
void xca_html_text(xca_output_t *out, const char *text) {
    const char *end = text + strlen(text);
    const char *plain = text;

    while (text < end) {
        const char *start = text;
        long c = xca_text_next(&text, end);
        const char *instead = NULL;

        if (c == '&') {
            instead = "&amp;";
        } else if (c == '<') {
            instead = "&lt;";
        } else if (c == '>') {
            instead = "&gt;";
        } else if (c == '"') {
            instead = "&quot;";
        } else if (c == '\'') {
            instead = "&#39;";
        } else if (c == '\r') {
            instead = "&#13;";
        } else if (c < 0 || (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c <= 0x9f)) {
            instead = "\xEF\xBF\xBD";
        }
        if (instead != NULL) {
            xca_put_bytes(out, plain, (apr_size_t)(start - plain));
            xca_put(out, instead);
            plain = text;
        }
    }
    xca_put_bytes(out, plain, (apr_size_t)(end - plain));
}

/* Percent-encoding (RFC 3986 section 2): all but the unreserved characters and those in `kept`. */
static const char *encode(const char *text, const char *kept, apr_pool_t *pool) {
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    char *result = apr_palloc(pool, strlen(text) * 3 + 1);
    char *to = result;

    for (; *text != '\0'; text++) {
        if (strchr(unreserved, *text) != NULL || strchr(kept, *text) != NULL) {
            *to++ = *text;
        } else {
            *to++ = '%';
            *to++ = digits[(unsigned char)*text >> 4];
            *to++ = digits[(unsigned char)*text & 15];
        }
    }
    *to = '\0';
    return result;
}

const char *xca_html_component(const char *text, apr_pool_t *pool) {
    return encode(text, "", pool);
}

/* A whole address as a value: '\\' is not kept because browsers read it as '/'. */
const char *xca_html_address(const char *address, apr_pool_t *pool) {
    return encode(address, "/#?:@!$&'()*+,;=%[]", pool);
}

int xca_html_may_lead_to(const char *address) {
    if (address[0] == '/') {
        return address[1] != '/';
    }
    return address[0] == '#' || address[0] == '?' || strncmp(address, "https://", 8) == 0 ||
           strncmp(address, "http://", 7) == 0 || strncmp(address, "mailto:", 7) == 0;
}

static void put_nodes(xca_output_t *out, const xca_markup_t *parent, apr_pool_t *pool) {
    int i;

    for (i = 0; i < parent->children->nelts && out->err == NULL; i++) {
        xca_html_markup(out, APR_ARRAY_IDX(parent->children, i, const xca_markup_t *), pool);
    }
}

static void put_element(xca_output_t *out, const char *name, const xca_markup_t *node, apr_pool_t *pool) {
    xca_put(out, apr_pstrcat(pool, "<", name, ">", NULL));
    put_nodes(out, node, pool);
    xca_put(out, apr_pstrcat(pool, "</", name, ">", NULL));
}

/* Items of a tight list stand without paragraphs (CommonMark 0.30 section 5.3). */
static void put_item(xca_output_t *out, const xca_markup_t *item, int tight, apr_pool_t *pool) {
    int i;

    xca_put(out, "<li>");
    for (i = 0; i < item->children->nelts; i++) {
        const xca_markup_t *child = APR_ARRAY_IDX(item->children, i, const xca_markup_t *);

        if (tight && child->kind == XCA_MARKUP_PARAGRAPH) {
            put_nodes(out, child, pool);
        } else {
            xca_html_markup(out, child, pool);
        }
    }
    xca_put(out, "</li>");
}

static void put_list(xca_output_t *out, const xca_markup_t *list, apr_pool_t *pool) {
    int i;

    if (list->number < 0) {
        xca_put(out, "<ul>");
    } else if (list->number == 1) {
        xca_put(out, "<ol>");
    } else {
        xca_put(out, apr_psprintf(pool, "<ol start=\"%d\">", list->number));
    }
    for (i = 0; i < list->children->nelts; i++) {
        put_item(out, APR_ARRAY_IDX(list->children, i, const xca_markup_t *), list->tight, pool);
    }
    xca_put(out, list->number < 0 ? "</ul>" : "</ol>");
}

static void put_link(xca_output_t *out, const xca_markup_t *link, apr_pool_t *pool) {
    if (!xca_markup_link_safe(link->text)) {
        put_nodes(out, link, pool);
        return;
    }
    xca_put(out, "<a href=\"");
    xca_html_text(out, xca_html_address(link->text, pool));
    xca_put(out, "\">");
    put_nodes(out, link, pool);
    xca_put(out, "</a>");
}

/* The page's own heading is h1. */
static const char *heading_name(int level) {
    static const char *const names[] = {"h2", "h3", "h4", "h5", "h6", "h6"};

    return names[level < 1 ? 0 : level > 6 ? 5 : level - 1];
}

void xca_html_markup(xca_output_t *out, const xca_markup_t *node, apr_pool_t *pool) {
    switch (node->kind) {
    case XCA_MARKUP_DOCUMENT:
        put_nodes(out, node, pool);
        return;
    case XCA_MARKUP_PARAGRAPH:
        put_element(out, "p", node, pool);
        return;
    case XCA_MARKUP_HEADING:
        put_element(out, heading_name(node->number), node, pool);
        return;
    case XCA_MARKUP_LIST:
        put_list(out, node, pool);
        return;
    case XCA_MARKUP_ITEM:
        put_item(out, node, 0, pool);
        return;
    case XCA_MARKUP_QUOTE:
        put_element(out, "blockquote", node, pool);
        return;
    case XCA_MARKUP_CODE_BLOCK:
        xca_put(out, "<pre>\n");
        xca_html_text(out, node->text);
        xca_put(out, "</pre>");
        return;
    case XCA_MARKUP_RULE:
        xca_put(out, "<hr>");
        return;
    case XCA_MARKUP_TEXT:
        xca_html_text(out, node->text);
        return;
    case XCA_MARKUP_CODE:
        xca_put(out, "<code>");
        xca_html_text(out, node->text);
        xca_put(out, "</code>");
        return;
    case XCA_MARKUP_BREAK:
        xca_put(out, "<br>");
        return;
    case XCA_MARKUP_EMPHASIS:
        put_element(out, "em", node, pool);
        return;
    case XCA_MARKUP_STRONG:
        put_element(out, "strong", node, pool);
        return;
    case XCA_MARKUP_LINK:
        put_link(out, node, pool);
        return;
    }
}

typedef struct {
    apr_array_header_t *pieces; /* const char * */
    apr_pool_t *pool;
} gathered_t;

static xca_error_t *gather(void *baton, const char *data, apr_size_t length) {
    gathered_t *into = baton;

    APR_ARRAY_PUSH(into->pieces, const char *) = apr_pstrmemdup(into->pool, data, length);
    return NULL;
}

const char *xca_html_markup_text(const xca_markup_t *document, apr_pool_t *pool) {
    gathered_t into;
    xca_output_t *out;
    xca_error_t *err;

    into.pieces = apr_array_make(pool, 4, sizeof(const char *));
    into.pool = pool;
    out = xca_output_make(pool, gather, &into);
    xca_html_markup(out, document, pool);
    err = xca_output_end(out);
    return err == NULL ? apr_array_pstrcat(pool, into.pieces, 0) : "";
}
