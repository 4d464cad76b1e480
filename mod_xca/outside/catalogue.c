#include "outside/catalogue.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <apr_file_info.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/settings.h"
#include "outside/xml.h"

#define FILE_MAX (1024 * 1024)

typedef struct {
    const char *text[2]; /* by xca_language */
} message_t;

struct xca_catalogue {
    apr_hash_t *messages; /* id -> message_t * */
};

static xca_error_t *wrong(const char *id, const char *about, const char *path, int line,
                          apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INTERNAL, id, "%s:%d: %s", path, line, about);

    err->arg = about;
    return err;
}

static const char *content_of(const xca_xml_node_t *node, apr_pool_t *pool) {
    const char *text = "";
    int i;

    for (i = 0; i < node->child_count; i++) {
        if (node->children[i]->name == NULL) {
            text = apr_pstrcat(pool, text, node->children[i]->text, NULL);
        }
    }
    return text;
}

static int is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Every line without the indentation of the file; lines stay lines, for the bodies of notices. */
static const char *tidy(const char *text, apr_pool_t *pool) {
    char *result = apr_palloc(pool, strlen(text) + 1);
    char *to = result;

    for (; *text != '\0'; text++) {
        int at_line_start = to == result || to[-1] == '\n';

        if ((is_blank(*text) && at_line_start) || (*text == '\n' && to == result)) {
            continue;
        }
        while (*text == '\n' && to > result && is_blank(to[-1])) {
            to--;
        }
        *to++ = *text;
    }
    while (to > result && (is_blank(to[-1]) || to[-1] == '\n')) {
        to--;
    }
    *to = '\0';
    return result;
}

static const char *text_of(const xca_xml_node_t *m, const char *language, apr_pool_t *pool) {
    int i;

    for (i = 0; i < m->child_count; i++) {
        if (m->children[i]->name != NULL && strcmp(m->children[i]->name, language) == 0) {
            return tidy(content_of(m->children[i], pool), pool);
        }
    }
    return "";
}

static xca_error_t *add_message(xca_catalogue_t *catalogue, const xca_xml_node_t *m,
                                const char *path, apr_pool_t *pool) {
    const char *id = strcmp(m->name, "m") == 0 ? xca_xml_attr(m, "id") : NULL;
    message_t *message = apr_palloc(pool, sizeof(*message));

    if (id == NULL || *id == '\0') {
        return wrong("catalogue.incomplete", m->name, path, m->line, pool);
    }
    if (apr_hash_get(catalogue->messages, id, APR_HASH_KEY_STRING) != NULL) {
        return wrong("catalogue.double", id, path, m->line, pool);
    }
    message->text[XCA_ZH] = text_of(m, "zh", pool);
    message->text[XCA_EN] = text_of(m, "en", pool);
    if (*message->text[XCA_ZH] == '\0' || *message->text[XCA_EN] == '\0') {
        return wrong("catalogue.incomplete", id, path, m->line, pool);
    }
    apr_hash_set(catalogue->messages, id, APR_HASH_KEY_STRING, message);
    return NULL;
}

static xca_error_t *read_file(xca_catalogue_t *catalogue, const char *path, apr_pool_t *pool) {
    const xca_xml_node_t *root;
    const char *data;
    apr_size_t length;
    apr_pool_t *scratch;
    xca_error_t *all = NULL;
    int i;
    xca_error_t *err;

    apr_pool_create(&scratch, pool);
    err = xca_file_read(&data, &length, path, FILE_MAX, scratch);
    if (err == NULL) {
        err = xca_xml_parse(&root, data, length, FILE_MAX, pool);
        if (err != NULL) {
            err->detail = apr_pstrcat(pool, path, ": ", err->detail, NULL);
        }
    } else {
        err = xca_error_make(pool, XCA_E_INTERNAL, "file.unreadable", "%s", path);
    }
    apr_pool_destroy(scratch);
    if (err != NULL) {
        return err;
    }
    for (i = 0; i < root->child_count; i++) {
        if (root->children[i]->name != NULL) {
            all = xca_error_append(all, add_message(catalogue, root->children[i], path, pool));
        }
    }
    return all;
}

/* The .xml files of the folder in the order of their names, so that faults are told the same way
 * each time. */
static xca_error_t *list_files(apr_array_header_t *paths, const char *folder, apr_pool_t *pool) {
    apr_dir_t *dir;
    apr_finfo_t info;

    if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS) {
        return wrong("file.unreadable", apr_pstrdup(pool, folder), folder, 0, pool);
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        apr_size_t length = strlen(info.name);

        if (info.name[0] != '.' && length > 4 && strcmp(info.name + length - 4, ".xml") == 0) {
            APR_ARRAY_PUSH(paths, char *) = apr_pstrcat(pool, folder, "/", info.name, NULL);
        }
    }
    apr_dir_close(dir);
    qsort(paths->elts, (size_t)paths->nelts, sizeof(char *), xca_text_order);
    return NULL;
}

xca_error_t *xca_catalogue_read(xca_catalogue_t **catalogue, const char *folder, apr_pool_t *pool) {
    xca_catalogue_t *result = apr_palloc(pool, sizeof(*result));
    apr_array_header_t *paths = apr_array_make(pool, 16, sizeof(char *));
    xca_error_t *all = list_files(paths, folder, pool);
    int i;

    if (all != NULL) {
        return all;
    }
    result->messages = apr_hash_make(pool);
    for (i = 0; i < paths->nelts; i++) {
        all = xca_error_append(all, read_file(result, APR_ARRAY_IDX(paths, i, char *), pool));
    }
    *catalogue = result;
    return all;
}

const char *xca_catalogue_text(const xca_catalogue_t *catalogue, const char *id,
                               xca_language language) {
    const message_t *message = apr_hash_get(catalogue->messages, id, APR_HASH_KEY_STRING);

    return message != NULL ? message->text[language == XCA_EN ? XCA_EN : XCA_ZH] : NULL;
}

const char *xca_catalogue_texts(const xca_catalogue_t *catalogue, const char *ids, xca_language language, apr_pool_t *pool) {
    const char *told = NULL;

    while (*ids != '\0') {
        apr_size_t length = strcspn(ids, " ");
        const char *id = apr_pstrmemdup(pool, ids, length);
        const char *text = xca_catalogue_text(catalogue, id, language);

        text = text != NULL ? text : id;
        told = told == NULL ? text : apr_pstrcat(pool, told, language == XCA_EN ? "; " : "；", text, NULL);
        ids += length + (ids[length] == ' ');
    }
    return told != NULL ? told : "";
}

/* The value that follows `name` (length bytes) in names and values; NULL if it is not there. */
static const char *value_of(const apr_array_header_t *pairs, const char *name, apr_size_t length) {
    int i;

    for (i = 0; i + 1 < pairs->nelts; i += 2) {
        const char *pair = APR_ARRAY_IDX(pairs, i, const char *);

        if (strlen(pair) == length && memcmp(pair, name, length) == 0) {
            return APR_ARRAY_IDX(pairs, i + 1, const char *);
        }
    }
    return NULL;
}

static char *fill(const char *text, const apr_array_header_t *pairs, apr_pool_t *pool) {
    apr_array_header_t *parts = apr_array_make(pool, 8, sizeof(const char *));
    const char *from = text;

    while (*text != '\0') {
        const char *close = *text == '{' ? strchr(text, '}') : NULL;
        const char *value =
            close != NULL ? value_of(pairs, text + 1, (apr_size_t)(close - text - 1)) : NULL;

        if (value == NULL) {
            text++;
            continue;
        }
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrmemdup(pool, from, (apr_size_t)(text - from));
        APR_ARRAY_PUSH(parts, const char *) = value;
        text = from = close + 1;
    }
    APR_ARRAY_PUSH(parts, const char *) = from;
    return apr_array_pstrcat(pool, parts, 0);
}

char *xca_catalogue_format(const xca_catalogue_t *catalogue, const char *id, xca_language language,
                           apr_pool_t *pool, ...) {
    apr_array_header_t *pairs = apr_array_make(pool, 8, sizeof(const char *));
    const char *text = xca_catalogue_text(catalogue, id, language);
    const char *next;
    va_list args;

    if (text == NULL) {
        return apr_pstrcat(pool, "[", id, "]", NULL);
    }
    va_start(args, pool);
    for (next = va_arg(args, const char *); next != NULL; next = va_arg(args, const char *)) {
        const char *value = va_arg(args, const char *);

        APR_ARRAY_PUSH(pairs, const char *) = next;
        APR_ARRAY_PUSH(pairs, const char *) = value != NULL ? value : "";
    }
    va_end(args);
    return fill(text, pairs, pool);
}

char *xca_catalogue_error(const xca_catalogue_t *catalogue, const xca_error_t *err,
                          xca_language language, apr_pool_t *pool) {
    return xca_catalogue_format(catalogue, err->message, language, pool, "arg",
                                err->arg != NULL ? err->arg : "", NULL);
}
