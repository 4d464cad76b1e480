/* 問與答, 憑證應用, 服務收費標準. */
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/codes.h"
#include "operations/content.h"
#include "portal/engine.h"
#include "portal/page_content.h"

#define PIECE 110 /* characters of an answer beside a search's results */

static void put_entries(xca_visit_t *visit, xca_value_t *list, const apr_array_header_t *contents, const char *category,
                        const char *but) {
    int i;

    for (i = 0; i < contents->nelts; i++) {
        const xca_content_t *content = APR_ARRAY_IDX(contents, i, const xca_content_t *);

        if ((category == NULL || (content->category != NULL && strcmp(content->category, category) == 0)) &&
            (but == NULL || strcmp(content->id, but) != 0)) {
            xca_content_show(visit, xca_list_map(list), content);
        }
    }
}

static const char *category_text(const xca_visit_t *visit, const char *category) {
    return xca_catalogue_text(visit->portal->texts, apr_pstrcat(visit->pool, "faq.category.", category, NULL),
                              visit->language);
}

static void put_categories(xca_visit_t *visit, const apr_array_header_t *contents) {
    xca_value_t *list = xca_map_list(visit->model, "categories");
    int i;

    for (i = 0; xca_faq_categories[i] != NULL; i++) {
        const char *category = xca_faq_categories[i];
        xca_value_t *entries = xca_list(visit->pool), *item;

        put_entries(visit, entries, contents, category, NULL);
        if (xca_value_items(entries)->nelts == 0) {
            continue;
        }
        item = xca_list_map(list);
        xca_map_text(item, "id", category);
        xca_map_text(item, "name", category_text(visit, category));
        put_entries(visit, xca_map_list(item, "entries"), contents, category, NULL);
    }
}

/* The beginning of the answer. */
static const char *piece_of(const xca_visit_t *visit, const xca_content_t *content) {
    const char *body = content->body[visit->language == XCA_EN];
    const xca_markup_t *markup;
    const char *text, *at, *end;
    int count = 0;
    xca_error_t *err = body != NULL ? xca_markup_parse(&markup, body, strlen(body), visit->pool) : NULL;

    if (body == NULL || err != NULL) {
        return "";
    }
    text = at = xca_text_trim(visit->pool, xca_markup_plain(markup, visit->pool));
    end = text + strlen(text);
    while (at < end && count++ < PIECE) {
        xca_text_next(&at, end);
    }
    return apr_pstrcat(visit->pool, apr_pstrmemdup(visit->pool, text, (apr_size_t)(at - text)), at < end ? "…" : "", NULL);
}

static xca_error_t *search(xca_visit_t *visit, const char *typed) {
    apr_array_header_t *words = xca_search_words(visit->pool, typed);
    apr_array_header_t *found;
    xca_value_t *list;
    int i;
    xca_error_t *err;

    xca_map_text(visit->model, "q", typed);
    xca_map_true(visit->model, "searched", 1);
    list = xca_map_list(visit->model, "found");
    if (words->nelts == 0) {
        return NULL;
    }
    err = xca_content_search(&found, visit->office, words, visit->pool);
    for (i = 0; err == NULL && i < found->nelts; i++) {
        const xca_content_t *content = APR_ARRAY_IDX(found, i, const xca_content_t *);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "id", content->id);
        xca_map_text(item, "title", content->title[visit->language == XCA_EN]);
        xca_map_text(item, "piece", piece_of(visit, content));
    }
    if (err == NULL) {
        xca_map_number(visit->model, "count", found->nelts);
    }
    return err;
}

static xca_error_t *list_of(apr_array_header_t **contents, xca_visit_t *visit, xca_content_kind kind, const char *category,
                            int with_body) {
    xca_content_query_t query = {0};

    query.kind = kind;
    query.state = XCA_CONTENT_PUBLISHED;
    query.category = category;
    query.with_body = with_body;
    return xca_content_list(contents, visit->office->store, &query, visit->pool);
}

xca_error_t *xca_page_faq(xca_visit_t *visit) {
    const char *typed = xca_form_text(visit->form, "q");
    apr_array_header_t *contents;
    xca_error_t *err;

    if (typed != NULL && *xca_text_trim(visit->pool, typed) != '\0') {
        err = xca_typed_check(typed, 1, 100, "q", visit->pool);
        if (err == NULL) {
            return search(visit, typed);
        }
        xca_map_text(visit->model, "q", typed);
        xca_visit_errors(visit, err);
    }
    err = list_of(&contents, visit, XCA_CONTENT_FAQ, NULL, 0);
    if (err == NULL) {
        put_categories(visit, contents);
    }
    return err;
}

xca_error_t *xca_page_faq_item(xca_visit_t *visit) {
    apr_array_header_t *others;
    xca_content_t *content;
    xca_error_t *err = xca_content_published(&content, visit, XCA_CONTENT_FAQ);

    if (err != NULL) {
        return err;
    }
    xca_content_show(visit, visit->model, content);
    xca_map_text(visit->model, "_here", content->title[visit->language == XCA_EN]);
    xca_map_text(visit->model, "category", content->category);
    xca_map_text(visit->model, "_category", category_text(visit, content->category));
    err = list_of(&others, visit, XCA_CONTENT_FAQ, content->category, 0);
    if (err == NULL) {
        put_entries(visit, xca_map_list(visit->model, "others"), others, NULL, content->id);
    }
    return err;
}

static xca_error_t *put_all(xca_visit_t *visit, xca_content_kind kind, const char *key) {
    apr_array_header_t *contents;
    xca_error_t *err = list_of(&contents, visit, kind, NULL, 1);

    if (err == NULL) {
        put_entries(visit, xca_map_list(visit->model, key), contents, NULL, NULL);
    }
    return err;
}

xca_error_t *xca_page_uses(xca_visit_t *visit) {
    return put_all(visit, XCA_CONTENT_USE, "uses");
}

xca_error_t *xca_page_fees(xca_visit_t *visit) {
    return put_all(visit, XCA_CONTENT_FEE, "fees");
}
