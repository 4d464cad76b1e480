/* Drafts: the applicant's form as an XML file that only this portal reads. */
#include "operations/application.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/crypto.h"
#include "outside/xml.h"

#define DRAFT_MAX (128 * 1024)

static void append_escaped(apr_array_header_t *parts, const char *text, apr_pool_t *pool) {
    apr_size_t length = strlen(text), used = 0, i;
    char *to = apr_palloc(pool, length * 6 + 1);

    for (i = 0; i < length; i++) {
        const char *with = text[i] == '<'   ? "&lt;"
                           : text[i] == '>' ? "&gt;"
                           : text[i] == '&' ? "&amp;"
                                            : NULL;

        if (with == NULL) {
            to[used++] = text[i];
            continue;
        }
        memcpy(to + used, with, strlen(with));
        used += strlen(with);
    }
    to[used] = '\0';
    APR_ARRAY_PUSH(parts, const char *) = to;
}

static void append_element(apr_array_header_t *parts, const char *name, const char *text,
                           apr_pool_t *pool) {
    if (text == NULL || *text == '\0') {
        return;
    }
    APR_ARRAY_PUSH(parts, const char *) = apr_psprintf(pool, "  <field name=\"%s\">", name);
    append_escaped(parts, text, pool);
    APR_ARRAY_PUSH(parts, const char *) = "</field>\n";
}

char *xca_draft_write(apr_pool_t *pool, const xca_case_t *kase) {
    apr_array_header_t *parts = apr_array_make(pool, 64, sizeof(const char *));
    const xca_case_field_t *field;

    APR_ARRAY_PUSH(parts, const char *) = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                          "<xca-draft version=\"1\">\n";
    append_element(parts, "kind", xca_case_kind_id(kase->kind), pool);
    append_element(parts, "use", kase->use < XCA_USE_COUNT ? xca_use_id(kase->use) : NULL, pool);
    append_element(parts, "class",
                   kase->class != XCA_CLASS_NONE ? xca_class_get(kase->class)->id : NULL, pool);
    for (field = xca_case_fields; field->name != NULL; field++) {
        append_element(parts, field->name, xca_case_get(kase, field), pool);
    }
    if (kase->csr.length > 0) {
        append_element(parts, "csr", xca_base64(pool, kase->csr.data, kase->csr.length), pool);
    }
    APR_ARRAY_PUSH(parts, const char *) = "</xca-draft>\n";
    return apr_array_pstrcat(pool, parts, 0);
}

static const char *content_of(const xca_xml_node_t *node) {
    if (node->child_count != 1 || node->children[0]->name != NULL) {
        return NULL;
    }
    return node->children[0]->text;
}

static void take_field(xca_case_t *kase, const char *name, const char *text, apr_pool_t *pool) {
    const xca_case_field_t *field;

    if (strcmp(name, "kind") == 0) {
        kase->kind = xca_case_kind_by_id(text);
        return;
    }
    if (strcmp(name, "use") == 0) {
        kase->use = xca_use_by_id(text);
        return;
    }
    if (strcmp(name, "class") == 0) {
        kase->class = xca_class_by_id(text);
        return;
    }
    if (strcmp(name, "csr") == 0) {
        xca_bytes_t *der = xca_unbase64(pool, text, strlen(text));

        if (der != NULL) {
            kase->csr = *der;
        }
        return;
    }
    for (field = xca_case_fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0) {
            xca_case_set(kase, field, text);
            return;
        }
    }
}

static xca_error_t *unreadable(apr_pool_t *pool, const char *why) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "draft.unreadable", "%s", why);

    err->field = "draft";
    return err;
}

xca_error_t *xca_draft_read(xca_case_t **kase, const void *data, apr_size_t length,
                            apr_pool_t *pool) {
    const xca_xml_node_t *root;
    xca_case_t *result = apr_pcalloc(pool, sizeof(*result));
    int i;
    xca_error_t *err = xca_xml_parse(&root, data, length, DRAFT_MAX, pool);

    if (err != NULL) {
        return unreadable(pool, err->detail != NULL ? err->detail : err->message);
    }
    if (strcmp(root->name, "xca-draft") != 0) {
        return unreadable(pool, "another root element");
    }
    result->use = XCA_USE_COUNT;
    for (i = 0; i < root->child_count; i++) {
        const xca_xml_node_t *node = root->children[i];
        const char *name = node->name != NULL ? xca_xml_attr(node, "name") : NULL;
        const char *text = node->name != NULL ? content_of(node) : NULL;

        if (name == NULL || text == NULL) {
            continue;
        }
        if (!xca_text_valid(text, strlen(text), 1)) {
            return unreadable(pool, "characters");
        }
        take_field(result, name, text, pool);
    }
    if (result->kind == XCA_CASE_KIND_COUNT) {
        return unreadable(pool, "kind");
    }
    *kase = result;
    return NULL;
}
