#include "operations/content.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/calendar.h"
#include "operations/audit_report.h"
#include "outside/crypto.h"
#include "outside/markdown.h"
#include "outside/xml.h"
#include "outside/xml_write.h"

#define FOUND_MAX 200

/* Title and plain text in both languages: what an entry is found by. */
static const char *searched_text(const xca_content_t *content, apr_pool_t *pool) {
    const char *all = "";
    int i;

    for (i = 0; i < 2; i++) {
        const xca_markup_t *markup;
        const char *body = content->body[i] != NULL ? content->body[i] : "";
        xca_error_t *err = xca_markup_parse(&markup, body, strlen(body), pool);

        all = apr_pstrcat(pool, all, content->title[i] != NULL ? content->title[i] : "", "\n",
                          err == NULL ? xca_markup_plain(markup, pool) : "", "\n", NULL);
    }
    return all;
}

xca_error_t *xca_content_allowed(const xca_content_t *content, apr_pool_t *pool) {
    static const char *const fields[] = {"body_zh", "body_en"};
    xca_error_t *err = xca_content_check(content, pool);
    int i;

    for (i = 0; err == NULL && i < 2; i++) {
        err = content->body[i] != NULL ? xca_markup_check(content->body[i], fields[i], pool) : NULL;
    }
    return err;
}

/* For the audit log, whose entries stay for good: not a draft's title, which may be in the words of a visitor who asked. */
static xca_error_t *report(xca_office_t *office, const xca_content_t *before, const xca_content_t *content, const char *actor,
                           apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = "content-change";
    event.actor = actor;
    event.details = xca_audit_details(
        pool, "what", xca_content_kind_id(content->kind), "id", content->id, "title",
        content->state != XCA_CONTENT_DRAFT ? content->title[0] : NULL, "date",
        content->dated != 0 ? xca_date_format(pool, content->dated, XCA_DATE_ISO) : NULL, "from",
        before != NULL ? xca_content_state_id(before->state) : NULL, "to", xca_content_state_id(content->state), "revision",
        apr_ltoa(pool, content->revision + 1), "author", content->author, NULL);
    return xca_audit_report(office->store, &event, content->changed, pool);
}

/* `before`: what is there now, or NULL. */
static xca_error_t *store(xca_office_t *office, const xca_content_t *before, xca_content_t *content, const char *author,
                          const char *actor, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = NULL;

    content->author = author;
    content->changed = now;
    if (content->revision == (before != NULL ? before->revision : 0)) { /* else it is refused below */
        err = report(office, before, content, actor, pool);
    }
    return err != NULL ? err : xca_content_put(office->store, content, searched_text(content, pool), pool);
}

static xca_error_t *read_before(xca_content_t **before, xca_office_t *office, const char *id, apr_pool_t *pool) {
    xca_error_t *err = xca_content_read(before, office->store, id, pool);

    if (err != NULL) {
        *before = NULL;
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

xca_error_t *xca_content_save(xca_office_t *office, xca_content_t *content, const char *author, const char *actor,
                              apr_time_t now, apr_pool_t *pool) {
    xca_content_t *before;
    xca_error_t *err = xca_content_allowed(content, pool);

    content->origin = NULL;
    if (err == NULL) {
        err = read_before(&before, office, content->id, pool);
    }
    return err != NULL ? err : store(office, before, content, author, actor, now, pool);
}

static xca_error_t *wrong_element(int line, const char *what, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "content.element", "line %d: %s", line, what);

    err->arg = apr_itoa(pool, line);
    return err;
}

static const char *text_of(const xca_xml_node_t *node, apr_pool_t *pool) {
    const char *text = "";
    int i;

    for (i = 0; i < node->child_count; i++) {
        text = apr_pstrcat(pool, text, node->children[i]->text, NULL);
    }
    return text;
}

/* A body without the line breaks around it. */
static const char *trimmed(const char *text, apr_pool_t *pool) {
    apr_size_t length;

    text += strspn(text, " \t\r\n");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL) {
        length--;
    }
    return apr_pstrmemdup(pool, text, length);
}

static xca_error_t *read_languages(const char *into[2], const xca_xml_node_t *node, apr_pool_t *pool) {
    int i;

    for (i = 0; i < node->child_count; i++) {
        const xca_xml_node_t *child = node->children[i];

        if (child->name == NULL) {
            continue;
        }
        if (strcmp(child->name, "zh") != 0 && strcmp(child->name, "en") != 0) {
            return wrong_element(child->line, child->name, pool);
        }
        into[strcmp(child->name, "en") == 0] = trimmed(text_of(child, pool), pool);
    }
    return NULL;
}

apr_time_t xca_content_date(const char *text) {
    apr_time_exp_t parts = {0};
    apr_time_t when;
    char *end;

    if (text == NULL || strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
        strspn(text, "0123456789-") != 10) {
        return 0;
    }
    parts.tm_year = (int)strtol(text, &end, 10) - 1900;
    parts.tm_mon = (int)strtol(text + 5, &end, 10) - 1;
    parts.tm_mday = (int)strtol(text + 8, &end, 10);
    parts.tm_hour = 12;
    parts.tm_gmtoff = 8 * 3600;
    if (parts.tm_year < 70 || parts.tm_mon < 0 || parts.tm_mon > 11 || parts.tm_mday < 1 || parts.tm_mday > 31) {
        return 0;
    }
    return apr_time_exp_gmt_get(&when, &parts) == APR_SUCCESS ? when : 0;
}

static xca_error_t *read_one(xca_content_t **content, const xca_xml_node_t *node, apr_pool_t *pool) {
    xca_content_t *result = apr_pcalloc(pool, sizeof(*result));
    const char *state = xca_xml_attr(node, "state"), *order = xca_xml_attr(node, "order");
    int i;
    xca_error_t *err = NULL;

    result->kind = xca_content_kind_by_id(node->name);
    result->state = state != NULL ? xca_content_state_by_id(state) : XCA_CONTENT_PUBLISHED;
    if (result->kind == XCA_CONTENT_KINDS || result->state == XCA_CONTENT_STATES) {
        return wrong_element(node->line, node->name, pool);
    }
    result->id = xca_xml_attr(node, "id");
    result->category = xca_xml_attr(node, "category");
    result->order = order != NULL ? strtol(order, NULL, 10) : 0;
    result->dated = xca_content_date(xca_xml_attr(node, "date"));
    for (i = 0; err == NULL && i < node->child_count; i++) {
        const xca_xml_node_t *child = node->children[i];

        if (child->name != NULL && strcmp(child->name, "title") == 0) {
            err = read_languages(result->title, child, pool);
        } else if (child->name != NULL && strcmp(child->name, "body") == 0) {
            err = read_languages(result->body, child, pool);
        } else if (child->name != NULL) {
            err = wrong_element(child->line, child->name, pool);
        }
    }
    *content = result;
    return err != NULL ? err : xca_content_allowed(result, pool);
}

static const char *digest_of(const xca_content_t *content, apr_pool_t *pool) {
    const char *all = apr_psprintf(pool, "%d\n%d\n%s\n%ld\n%" APR_TIME_T_FMT "\n", content->kind, content->state,
                                   content->category != NULL ? content->category : "", content->order, content->dated);
    int i;

    for (i = 0; i < 2; i++) {
        all = apr_pstrcat(pool, all, content->title[i] != NULL ? content->title[i] : "", "\n\n", content->body[i] != NULL ? content->body[i] : "",
                          "\n\n", NULL);
    }
    return xca_sha256_hex(pool, all, strlen(all));
}

static xca_error_t *import_one(xca_content_counts_t *counts, xca_office_t *office, xca_content_t *content,
                               const char *author, const char *actor, int replace, apr_time_t now, apr_pool_t *pool) {
    xca_content_t *there;
    xca_error_t *err = read_before(&there, office, content->id, pool);

    content->origin = digest_of(content, pool);
    if (err != NULL) {
        return err;
    }
    if (there == NULL) {
        counts->added++;
        return store(office, NULL, content, author, actor, now, pool);
    }
    if (there->origin != NULL && strcmp(there->origin, content->origin) == 0) {
        counts->unchanged++;
        return NULL;
    }
    if (there->origin == NULL && !replace) {
        counts->kept++;
        return NULL;
    }
    counts->changed++;
    content->revision = there->revision;
    return store(office, there, content, author, actor, now, pool);
}

xca_error_t *xca_content_import(xca_content_counts_t *counts, xca_office_t *office, const char *data, apr_size_t length,
                                const char *author, const char *actor, int replace, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *all = apr_array_make(pool, 32, sizeof(xca_content_t *));
    const xca_xml_node_t *root;
    int i;
    xca_error_t *err = xca_xml_parse(&root, data, length, XCA_CONTENT_FILE_MAX, pool);

    if (err == NULL && strcmp(root->name, "contents") != 0) {
        err = wrong_element(root->line, root->name, pool);
    }
    for (i = 0; err == NULL && i < root->child_count; i++) {
        xca_content_t *content = NULL;

        if (root->children[i]->name == NULL) {
            continue;
        }
        err = read_one(&content, root->children[i], pool);
        if (err != NULL && err->detail == NULL) {
            err->detail = apr_psprintf(pool, "line %d", root->children[i]->line);
        }
        APR_ARRAY_PUSH(all, xca_content_t *) = content;
    }
    for (i = 0; err == NULL && i < all->nelts; i++) {
        err = import_one(counts, office, APR_ARRAY_IDX(all, i, xca_content_t *), author, actor, replace, now, pool);
    }
    return err;
}

static void put_languages(xca_xml_writer_t *writer, const char *name, const char *const text[2]) {
    xca_xml_open(writer, name);
    xca_xml_element(writer, "zh", text[0]);
    xca_xml_element(writer, "en", text[1]);
    xca_xml_close(writer);
}

xca_error_t *xca_content_export(xca_bytes_t *xml, const apr_array_header_t *contents, apr_pool_t *pool) {
    xca_xml_writer_t *writer;
    int i;
    xca_error_t *err = xca_xml_writer_make(&writer, 1, pool);

    if (err != NULL) {
        return err;
    }
    xca_xml_open(writer, "contents");
    for (i = 0; i < contents->nelts; i++) {
        const xca_content_t *content = APR_ARRAY_IDX(contents, i, const xca_content_t *);

        xca_xml_open(writer, xca_content_kind_id(content->kind));
        xca_xml_put_attr(writer, "id", content->id);
        if (content->kind == XCA_CONTENT_NEWS) {
            xca_xml_put_attr(writer, "date", xca_date_format(pool, content->dated, XCA_DATE_ISO));
        } else {
            xca_xml_put_attr(writer, "order", apr_ltoa(pool, content->order));
        }
        xca_xml_put_attr(writer, "category", content->category);
        xca_xml_put_attr(writer, "state", xca_content_state_id(content->state));
        put_languages(writer, "title", content->title);
        put_languages(writer, "body", content->body);
        xca_xml_close(writer);
    }
    xca_xml_close(writer);
    return xca_xml_writer_end(xml, writer);
}

xca_error_t *xca_content_search(apr_array_header_t **found, xca_office_t *office, const apr_array_header_t *words,
                                apr_pool_t *pool) {
    xca_content_query_t query = {0};
    apr_array_header_t *candidates;
    int i;
    xca_error_t *err;

    query.kind = XCA_CONTENT_FAQ;
    query.state = XCA_CONTENT_PUBLISHED;
    query.words = words;
    query.with_body = 1;
    query.limit = FOUND_MAX;
    err = xca_content_list(&candidates, office->store, &query, pool);
    if (err != NULL) {
        return err;
    }
    /* The index knows pairs of characters; whether they stand together is seen here. */
    *found = apr_array_make(pool, candidates->nelts, sizeof(xca_content_t *));
    for (i = 0; i < candidates->nelts; i++) {
        xca_content_t *content = APR_ARRAY_IDX(candidates, i, xca_content_t *);

        if (xca_text_has_words(pool, searched_text(content, pool), words)) {
            APR_ARRAY_PUSH(*found, xca_content_t *) = content;
        }
    }
    return NULL;
}
