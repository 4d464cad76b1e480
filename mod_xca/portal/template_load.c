#include "portal/template_tree.h"

#include <stdlib.h>
#include <string.h>
#include <apr_file_info.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/settings.h"
#include "outside/xml.h"

#define FILE_MAX  (256 * 1024)
#define DEPTH_MAX 16 /* of templates that use templates */

/* What is being read; faults gather so that all are told at once. */
typedef struct {
    xca_templates_t *templates;
    const char *file; /* name of the present file */
    xca_error_t *faults;
    apr_pool_t *pool;
} loader_t;

static void fault(loader_t *loader, int line, const char *what, const char *about) {
    xca_error_t *err = xca_error_make(loader->pool, XCA_E_INTERNAL, "template.broken",
                                      "%s.xhtml:%d: %s%s%s", loader->file, line, what,
                                      *about != '\0' ? ": " : "", about);

    err->arg = apr_psprintf(loader->pool, "%s.xhtml:%d", loader->file, line);
    loader->faults = xca_error_append(loader->faults, err);
}

static int is_one_of(const char *name, const char *const *names) {
    for (; *names != NULL; names++) {
        if (strcmp(name, *names) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Paths and ids: letters, digits, '_', '-', '.'. */
static int is_path(const char *text, apr_size_t length) {
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (!apr_isalnum(text[i]) && text[i] != '_' && text[i] != '-' && text[i] != '.') {
            return 0;
        }
    }
    return length > 0;
}

static void check_message(loader_t *loader, int line, const char *id) {
    if (xca_catalogue_text(loader->templates->catalogue, id, XCA_ZH) == NULL) {
        fault(loader, line, "no text in the catalogue", id);
    }
}

static void add_part(apr_array_header_t *parts, xca_part_kind kind, const char *text) {
    xca_part_t *part = apr_array_push(parts);

    part->kind = kind;
    part->text = text;
}

/* Reads one {place}; gives what stands behind it. */
static const char *read_place(loader_t *loader, apr_array_header_t *parts, const char *at,
                              int line) {
    apr_size_t length = strcspn(at + 1, "}");
    const char *inside = at + 1;
    xca_part_kind kind = XCA_PART_VALUE;

    if (inside[length] == '\0') {
        fault(loader, line, "'{' without '}'", at);
        return inside + length;
    }
    at = inside + length + 1;
    if (*inside == '#' || *inside == '@') {
        kind = *inside == '#' ? XCA_PART_MESSAGE : XCA_PART_MESSAGE_AT;
        inside++;
        length--;
    }
    if (!is_path(inside, length)) {
        fault(loader, line, "not a place", apr_pstrmemdup(loader->pool, inside, length));
        return at;
    }
    inside = apr_pstrmemdup(loader->pool, inside, length);
    if (kind == XCA_PART_MESSAGE) {
        check_message(loader, line, inside);
    }
    add_part(parts, kind, inside);
    return at;
}

static apr_array_header_t *read_parts(loader_t *loader, const char *text, int line) {
    apr_array_header_t *parts = apr_array_make(loader->pool, 2, sizeof(xca_part_t));

    while (*text != '\0') {
        apr_size_t length = strcspn(text, "{");

        if (length > 0) {
            add_part(parts, XCA_PART_LITERAL, apr_pstrmemdup(loader->pool, text, length));
            text += length;
        } else {
            text = read_place(loader, parts, text, line);
        }
    }
    return parts;
}

static const char *const boolean_attrs[] = {
    "checked",  "selected", "disabled", "required",   "open",  "hidden", "readonly",
    "multiple", "reversed", "defer",    "novalidate", "async",    "formnovalidate", NULL};
static const char *const url_attrs[] = {"href", "src", "action", "formaction", NULL};
/* Attributes that run, load or style something, or lead elsewhere: pages have none of them. */
static const char *const refused_attrs[] = {"style",      "srcset",  "srcdoc",   "ping",
                                            "background", "data",    "manifest", "http-equiv",
                                            "archive",    "codebase", "poster",  "cite", NULL};
/* Elements whose content browsers do not read as escaped text, or that take in other documents. */
static const char *const refused_elements[] = {
    "style",    "iframe",  "object",   "embed", "applet",    "frame", "frameset", "noframes",
    "noembed",  "xmp",     "listing",  "base",  "plaintext", "svg",   "math",     "template",
    "noscript", "portal",  "image",    NULL};
static const char *const void_elements[] = {"area", "br",    "col",  "hr",    "img", "input",
                                            "link", "meta",  "source", "track", "wbr", NULL};

static int starts_safely(const char *url) {
    static const char *const starts[] = {"/", "#", "?", "https://", "http://", "mailto:", NULL};
    int i;

    for (i = 0; starts[i] != NULL; i++) {
        if (strncmp(url, starts[i], strlen(starts[i])) == 0) {
            return 1;
        }
    }
    return 0;
}

static void check_url(loader_t *loader, const xca_template_attr_t *attr, int line) {
    const xca_part_t *first = attr->parts->nelts > 0
                                  ? &APR_ARRAY_IDX(attr->parts, 0, const xca_part_t)
                                  : NULL;

    if (first == NULL || (first->kind == XCA_PART_LITERAL && !starts_safely(first->text))) {
        fault(loader, line, "an address must start with / # ? https:// http:// or mailto:",
              attr->name);
    } else if (first->kind != XCA_PART_LITERAL && attr->parts->nelts > 1) {
        fault(loader, line, "an address of several parts must start with a fixed one", attr->name);
    }
}

static int is_attr_name(const char *name) {
    if (strncmp(name, "on", 2) == 0 || is_one_of(name, refused_attrs)) {
        return 0;
    }
    for (; *name != '\0'; name++) {
        if (!apr_islower(*name) && !apr_isdigit(*name) && *name != '-') {
            return 0;
        }
    }
    return 1;
}

static void add_attr(loader_t *loader, xca_template_node_t *node, const xca_xml_attr_t *from) {
    xca_template_attr_t *attr = apr_array_push(node->attrs);

    attr->name = from->name;
    attr->kind = XCA_ATTR_PLAIN;
    attr->parts = read_parts(loader, from->value, node->line);
    if (node->kind == XCA_NODE_USE || node->kind == XCA_NODE_INCLUDE) {
        return; /* binds a name: any will do */
    }
    if (node->kind != XCA_NODE_ELEMENT) {
        fault(loader, node->line, "takes x: attributes only", from->name);
    } else if (!is_attr_name(from->name)) {
        fault(loader, node->line, "attribute refused", from->name);
    }
    if (is_one_of(from->name, boolean_attrs)) {
        attr->kind = XCA_ATTR_BOOLEAN;
    }
    if (is_one_of(from->name, url_attrs)) {
        attr->kind = XCA_ATTR_URL;
        check_url(loader, attr, node->line);
    }
}

/* "item in path" */
static void set_each(loader_t *loader, xca_template_node_t *node, const char *value) {
    const char *in = strstr(value, " in ");

    if (in == NULL || !is_path(value, (apr_size_t)(in - value)) || !is_path(in + 4, strlen(in + 4))) {
        fault(loader, node->line, "x:each wants \"item in path\"", value);
        return;
    }
    node->each_name = apr_pstrmemdup(loader->pool, value, (apr_size_t)(in - value));
    node->each_path = in + 4;
}

static void set_control(loader_t *loader, xca_template_node_t *node, const xca_xml_attr_t *attr) {
    const char *name = attr->name + 2;
    const char **path = NULL;

    if (strcmp(name, "each") == 0) {
        set_each(loader, node, attr->value);
        return;
    }
    if (strcmp(name, "if") == 0) {
        path = &node->if_path;
    } else if (strcmp(name, "unless") == 0) {
        path = &node->unless_path;
    } else if (strcmp(name, "text") == 0) {
        path = &node->text_path;
    } else if (strcmp(name, "markup") == 0) {
        path = &node->markup_path;
    } else if (strcmp(name, "msg") == 0) {
        path = &node->message;
        check_message(loader, node->line, attr->value);
    }
    if (path == NULL || !is_path(attr->value, strlen(attr->value))) {
        fault(loader, node->line, path == NULL ? "no such attribute" : "not a path", attr->name);
        return;
    }
    *path = attr->value;
}

static void set_attrs(loader_t *loader, xca_template_node_t *node, const xca_xml_node_t *from) {
    int i;

    node->attrs = apr_array_make(loader->pool, from->attr_count, sizeof(xca_template_attr_t));
    for (i = 0; i < from->attr_count; i++) {
        const xca_xml_attr_t *attr = &from->attrs[i];

        if (strncmp(attr->name, "x:", 2) == 0) {
            set_control(loader, node, attr);
        } else if (strcmp(attr->name, "file") == 0 &&
                   (node->kind == XCA_NODE_USE || node->kind == XCA_NODE_INCLUDE)) {
            node->file = attr->value;
        } else {
            add_attr(loader, node, attr);
        }
    }
}

static void set_kind(loader_t *loader, xca_template_node_t *node, const char *name) {
    const char *p;

    node->name = name;
    node->kind = XCA_NODE_ELEMENT;
    if (strncmp(name, "x:", 2) == 0) {
        if (strcmp(name, "x:block") == 0) {
            node->kind = XCA_NODE_BLOCK;
        } else if (strcmp(name, "x:use") == 0) {
            node->kind = XCA_NODE_USE;
        } else if (strcmp(name, "x:include") == 0) {
            node->kind = XCA_NODE_INCLUDE;
        } else if (strcmp(name, "x:content") == 0) {
            node->kind = XCA_NODE_CONTENT;
        } else {
            fault(loader, node->line, "no such element", name);
        }
        return;
    }
    node->is_void = is_one_of(name, void_elements);
    node->eats_newline = strcmp(name, "textarea") == 0 || strcmp(name, "pre") == 0;
    for (p = name; *p != '\0'; p++) {
        if (!apr_islower(*p) && !apr_isdigit(*p)) {
            break;
        }
    }
    if (*p != '\0' || is_one_of(name, refused_elements)) {
        fault(loader, node->line, "element refused", name);
    }
}

static void check_node(loader_t *loader, const xca_template_node_t *node) {
    int has_content = node->children->nelts > 0 || node->text_path != NULL || node->markup_path != NULL ||
                      node->message != NULL;

    if ((node->kind == XCA_NODE_USE || node->kind == XCA_NODE_INCLUDE) && node->file == NULL) {
        fault(loader, node->line, "needs file=", node->name);
    }
    if ((node->is_void || node->kind == XCA_NODE_CONTENT || node->kind == XCA_NODE_INCLUDE) &&
        has_content) {
        fault(loader, node->line, "takes no content", node->name);
    }
    if (node->kind == XCA_NODE_ELEMENT && strcmp(node->name, "script") == 0 && has_content) {
        fault(loader, node->line, "no script inside pages", node->name);
    }
}

static xca_template_node_t *read_node(loader_t *loader, const xca_xml_node_t *from) {
    xca_template_node_t *node = apr_pcalloc(loader->pool, sizeof(*node));
    int i;

    node->line = from->line;
    if (from->name == NULL) {
        node->kind = XCA_NODE_TEXT;
        node->parts = read_parts(loader, from->text, from->line);
        return node;
    }
    set_kind(loader, node, from->name);
    set_attrs(loader, node, from);
    node->children = apr_array_make(loader->pool, from->child_count, sizeof(xca_template_node_t *));
    for (i = 0; i < from->child_count; i++) {
        APR_ARRAY_PUSH(node->children, xca_template_node_t *) = read_node(loader, from->children[i]);
    }
    check_node(loader, node);
    return node;
}

static void read_template(loader_t *loader, const char *folder) {
    const char *path = apr_pstrcat(loader->pool, folder, "/", loader->file, ".xhtml", NULL);
    const xca_xml_node_t *root;
    const char *data;
    apr_size_t length;
    apr_pool_t *scratch;
    xca_error_t *err;

    apr_pool_create(&scratch, loader->pool);
    err = xca_file_read(&data, &length, path, FILE_MAX, scratch);
    if (err != NULL) {
        fault(loader, 0, "cannot be read", "");
        apr_pool_destroy(scratch);
        return;
    }
    err = xca_xml_parse(&root, data, length, FILE_MAX, loader->pool);
    if (err != NULL) {
        fault(loader, err->arg != NULL ? atoi(err->arg) : 0, "not well-formed", err->detail);
    } else {
        apr_hash_set(loader->templates->by_name, loader->file, APR_HASH_KEY_STRING,
                     read_node(loader, root));
    }
    apr_pool_destroy(scratch);
}

const xca_template_node_t *xca_template_find(const xca_templates_t *templates, const char *name,
                                             xca_language language, apr_pool_t *pool) {
    const xca_template_node_t *node = apr_hash_get(templates->by_name, name, APR_HASH_KEY_STRING);

    if (node != NULL) {
        return node;
    }
    name = apr_pstrcat(pool, name, language == XCA_EN ? ".en" : ".zh", NULL);
    return apr_hash_get(templates->by_name, name, APR_HASH_KEY_STRING);
}

int xca_template_exists(const xca_templates_t *templates, const char *name) {
    apr_pool_t *pool = apr_hash_pool_get(templates->by_name);

    return xca_template_find(templates, name, XCA_ZH, pool) != NULL &&
           xca_template_find(templates, name, XCA_EN, pool) != NULL;
}

/* Follows uses and includes: each must exist in both languages, and none may come back to itself. */
static void follow(loader_t *loader, const xca_template_node_t *node, xca_language language,
                   int depth) {
    int i;

    if (node->kind == XCA_NODE_TEXT) {
        return;
    }
    if (node->file != NULL) {
        const xca_template_node_t *other =
            xca_template_find(loader->templates, node->file, language, loader->pool);

        if (other == NULL || depth == DEPTH_MAX) {
            fault(loader, node->line, other == NULL ? "no such template" : "uses itself",
                  node->file);
            return;
        }
        follow(loader, other, language, depth + 1);
    }
    for (i = 0; i < node->children->nelts; i++) {
        follow(loader, APR_ARRAY_IDX(node->children, i, xca_template_node_t *), language, depth);
    }
}

static void check_links(loader_t *loader) {
    apr_hash_index_t *index;

    for (index = apr_hash_first(loader->pool, loader->templates->by_name); index != NULL;
         index = apr_hash_next(index)) {
        loader->file = apr_hash_this_key(index);
        follow(loader, apr_hash_this_val(index), XCA_ZH, 0);
        follow(loader, apr_hash_this_val(index), XCA_EN, 0);
    }
}

xca_error_t *xca_templates_read(xca_templates_t **templates, const char *folder,
                                const xca_catalogue_t *catalogue, apr_pool_t *pool) {
    loader_t loader = {0};
    apr_dir_t *dir;
    apr_finfo_t info;

    loader.pool = pool;
    loader.templates = apr_palloc(pool, sizeof(*loader.templates));
    loader.templates->by_name = apr_hash_make(pool);
    loader.templates->catalogue = catalogue;
    if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS) {
        xca_error_t *err = xca_error_make(pool, XCA_E_INTERNAL, "file.unreadable", "%s", folder);

        err->arg = apr_pstrdup(pool, folder);
        return err;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        apr_size_t length = strlen(info.name);

        if (info.name[0] != '.' && length > 6 && strcmp(info.name + length - 6, ".xhtml") == 0) {
            loader.file = apr_pstrmemdup(pool, info.name, length - 6);
            read_template(&loader, folder);
        }
    }
    apr_dir_close(dir);
    if (loader.faults == NULL) {
        check_links(&loader);
    }
    *templates = loader.templates;
    return loader.faults;
}
