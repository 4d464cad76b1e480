/* 最新訊息, 歷史訊息, and the Atom feed of them. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "outside/xml_write.h"
#include "portal/engine.h"
#include "portal/html.h"
#include "portal/page_content.h"

#define LATEST    10
#define PAGE      20
#define FEED_MAX  20

void xca_content_show(xca_visit_t *visit, xca_value_t *map, const xca_content_t *content) {
    int language = visit->language == XCA_EN;
    const char *body = content->body[language];
    const xca_markup_t *markup;

    xca_map_text(map, "id", content->id);
    if (content->dated != 0) {
        xca_map_text(map, "date", xca_date_format(visit->pool, content->dated, XCA_DATE_ISO));
    }
    xca_map_text(map, "title", content->title[language]);
    if (body != NULL) {
        xca_error_t *err = xca_markup_parse(&markup, body, strlen(body), visit->pool);

        if (err == NULL) {
            xca_map_markup(map, "body", markup, body);
        }
    }
}

xca_error_t *xca_content_published(xca_content_t **content, xca_visit_t *visit, xca_content_kind kind) {
    xca_error_t *err = xca_content_read(content, visit->office->store, visit->arg, visit->pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        err->message = "page.not-found";
    }
    if (err == NULL && ((*content)->kind != kind || (*content)->state != XCA_CONTENT_PUBLISHED ||
                        xca_content_is_scheduled(*content, visit->now))) {
        err = xca_error_make(visit->pool, XCA_E_NOT_FOUND, "page.not-found", "%s", visit->arg);
    }
    return err;
}

/* News that visitors see today: those of later days are scheduled. */
static xca_content_query_t of_today(const xca_visit_t *visit) {
    xca_content_query_t query = {0};

    query.kind = XCA_CONTENT_NEWS;
    query.state = XCA_CONTENT_PUBLISHED;
    query.until = xca_day_begin(visit->now) + XCA_DAY - apr_time_from_sec(1);
    return query;
}

/* The newest ones: years from the latest on, until there are enough. */
static xca_error_t *read_latest(apr_array_header_t **latest, xca_visit_t *visit, int limit, int with_body) {
    xca_content_query_t query = of_today(visit);
    xca_store_t *store = visit->office->store;
    apr_array_header_t *years, *found;
    int i;
    xca_error_t *err = xca_content_years(&years, store, query.until, visit->pool);

    *latest = apr_array_make(visit->pool, limit, sizeof(xca_content_t *));
    query.with_body = with_body;
    for (i = 0; err == NULL && i < years->nelts && (*latest)->nelts < limit; i++) {
        query.year = APR_ARRAY_IDX(years, i, int);
        err = xca_content_list(&found, store, &query, visit->pool);
        if (err == NULL) {
            apr_array_cat(*latest, found);
        }
    }
    if ((*latest)->nelts > limit) {
        (*latest)->nelts = limit;
    }
    return err;
}

static void put_news(xca_visit_t *visit, const apr_array_header_t *news, int from, int to) {
    xca_value_t *list = xca_map_list(visit->model, "news");
    int i;

    for (i = from; i < to && i < news->nelts; i++) {
        xca_content_show(visit, xca_list_map(list), APR_ARRAY_IDX(news, i, const xca_content_t *));
    }
}

xca_error_t *xca_news_put_latest(xca_visit_t *visit, int limit) {
    apr_array_header_t *news;
    xca_error_t *err = read_latest(&news, visit, limit, 0);

    if (err == NULL) {
        put_news(visit, news, 0, limit);
    }
    return err;
}

xca_error_t *xca_page_news(xca_visit_t *visit) {
    return xca_news_put_latest(visit, LATEST);
}

static void put_years(xca_visit_t *visit, const apr_array_header_t *years, int chosen) {
    xca_value_t *list = xca_map_list(visit->model, "years");
    int i;

    for (i = 0; i < years->nelts; i++) {
        int year = APR_ARRAY_IDX(years, i, int);
        xca_value_t *item = xca_list_map(list);

        xca_map_number(item, "year", year);
        xca_map_text(item, "_current", year == chosen ? "page" : NULL);
    }
}

/* A number of the query; `fallback` if it is none. */
static int number_of(const xca_visit_t *visit, const char *name, int fallback) {
    const char *text = xca_form_text(visit->form, name);

    if (text == NULL || *text == '\0' || strlen(text) > 6 || strspn(text, "0123456789") != strlen(text)) {
        return fallback;
    }
    return atoi(text);
}

static void put_pager(xca_visit_t *visit, int page, int pages) {
    xca_map_number(visit->model, "page", page);
    xca_map_number(visit->model, "pages", pages);
    if (page > 1) {
        xca_map_number(visit->model, "_before", page - 1);
    }
    if (page < pages) {
        xca_map_number(visit->model, "_after", page + 1);
    }
    xca_map_true(visit->model, "_paged", pages > 1);
}

xca_error_t *xca_page_news_archive(xca_visit_t *visit) {
    xca_content_query_t query = of_today(visit);
    apr_array_header_t *years, *news;
    int page = number_of(visit, "page", 1), pages;
    xca_error_t *err = xca_content_years(&years, visit->office->store, query.until, visit->pool);

    if (err != NULL) {
        return err;
    }
    query.year = number_of(visit, "year", years->nelts > 0 ? APR_ARRAY_IDX(years, 0, int) : 0);
    put_years(visit, years, query.year);
    if (query.year == 0) {
        return NULL;
    }
    err = xca_content_list(&news, visit->office->store, &query, visit->pool);
    if (err != NULL) {
        return err;
    }
    pages = (news->nelts + PAGE - 1) / PAGE;
    page = page < 1 ? 1 : page > pages ? (pages > 0 ? pages : 1) : page;
    xca_map_number(visit->model, "year", query.year);
    xca_map_number(visit->model, "count", news->nelts);
    put_news(visit, news, (page - 1) * PAGE, page * PAGE);
    put_pager(visit, page, pages);
    return NULL;
}

xca_error_t *xca_page_news_item(xca_visit_t *visit) {
    xca_content_t *content;
    xca_error_t *err = xca_content_published(&content, visit, XCA_CONTENT_NEWS);

    if (err != NULL) {
        return err;
    }
    xca_content_show(visit, visit->model, content);
    xca_map_text(visit->model, "_here", content->title[visit->language == XCA_EN]);
    return NULL;
}

/* Feeds ---------------------------------------------------------------------------------------------------------- */

static const char *site_of(const xca_visit_t *visit) {
    if (visit->portal->url != NULL) {
        return visit->portal->url;
    }
    return apr_pstrcat(visit->pool, "https://", visit->request->host != NULL ? visit->request->host : "localhost", NULL);
}

static void put_link(xca_xml_writer_t *writer, const char *rel, const char *type, const char *href) {
    xca_xml_open(writer, "link");
    xca_xml_put_attr(writer, "rel", rel);
    xca_xml_put_attr(writer, "type", type);
    xca_xml_put_attr(writer, "href", href);
    xca_xml_close(writer);
}

/* What was scheduled is new on its day, not on the day it was written. */
static apr_time_t updated(const xca_content_t *content) {
    apr_time_t day = xca_day_begin(content->dated);

    return day > content->changed ? day : content->changed;
}

/* RFC 4287 section 4.1.2: id, title and updated are required. */
static void put_feed_entry(xca_xml_writer_t *writer, const xca_visit_t *visit, const xca_content_t *content) {
    int english = visit->language == XCA_EN;
    const char *address = apr_pstrcat(visit->pool, site_of(visit), "/news/", content->id,
                                      english ? "?lang=en" : "?lang=zh", NULL);
    const char *body = content->body[english] != NULL ? content->body[english] : "";
    const xca_markup_t *markup;
    xca_error_t *err = xca_markup_parse(&markup, body, strlen(body), visit->pool);

    xca_xml_open(writer, "entry");
    xca_xml_element(writer, "id", address);
    xca_xml_element(writer, "title", content->title[english]);
    xca_xml_element(writer, "published", xca_date_format(visit->pool, content->dated, XCA_DATE_RFC3339));
    xca_xml_element(writer, "updated", xca_date_format(visit->pool, updated(content), XCA_DATE_RFC3339));
    put_link(writer, "alternate", "text/html", address);
    if (err == NULL) {
        xca_xml_open(writer, "content");
        xca_xml_put_attr(writer, "type", "html");
        xca_xml_put_text(writer, xca_html_markup_text(markup, visit->pool));
        xca_xml_close(writer);
    }
    xca_xml_close(writer);
}

static apr_time_t last_change(const apr_array_header_t *news) {
    apr_time_t last = apr_time_from_sec(0);
    int i;

    for (i = 0; i < news->nelts; i++) {
        apr_time_t at = updated(APR_ARRAY_IDX(news, i, const xca_content_t *));

        last = at > last ? at : last;
    }
    return last;
}

/* RFC 4287 section 4.1.1: author is required where entries have none. */
static xca_error_t *write_feed(xca_bytes_t *xml, const xca_visit_t *visit, const apr_array_header_t *news) {
    int i, english = visit->language == XCA_EN;
    const char *self = apr_pstrcat(visit->pool, site_of(visit), english ? "/news/feed-en.xml" : "/news/feed.xml", NULL);
    const char *name = xca_catalogue_text(visit->portal->texts, "layout.name-long", visit->language);
    xca_xml_writer_t *writer;
    xca_error_t *err = xca_xml_writer_make(&writer, 0, visit->pool);

    if (err != NULL) {
        return err;
    }
    xca_xml_open(writer, "feed");
    xca_xml_put_attr(writer, "xmlns", "http://www.w3.org/2005/Atom");
    xca_xml_put_attr(writer, "xml:lang", english ? "en" : "zh-Hant-TW");
    xca_xml_put_attr(writer, "xml:base", apr_pstrcat(visit->pool, site_of(visit), "/", NULL));
    xca_xml_element(writer, "id", self);
    xca_xml_element(writer, "title", xca_catalogue_text(visit->portal->texts, "news.feed-title", visit->language));
    xca_xml_element(writer, "updated", xca_date_format(visit->pool, last_change(news), XCA_DATE_RFC3339));
    put_link(writer, "self", "application/atom+xml", self);
    put_link(writer, "alternate", "text/html", apr_pstrcat(visit->pool, site_of(visit), "/news", NULL));
    xca_xml_open(writer, "author");
    xca_xml_element(writer, "name", name);
    xca_xml_close(writer);
    for (i = 0; i < news->nelts; i++) {
        put_feed_entry(writer, visit, APR_ARRAY_IDX(news, i, const xca_content_t *));
    }
    xca_xml_close(writer);
    return xca_xml_writer_end(xml, writer);
}

/* Feed readers have no cookie: the address tells the language. */
xca_error_t *xca_page_news_feed(xca_visit_t *visit) {
    xca_bytes_t *xml = apr_pcalloc(visit->pool, sizeof(*xml));
    apr_array_header_t *news;
    xca_error_t *err = read_latest(&news, visit, FEED_MAX, 1);

    visit->language = strcmp(visit->request->path, "/news/feed-en.xml") == 0 ? XCA_EN : XCA_ZH;
    if (err == NULL) {
        err = write_feed(xml, visit, news);
    }
    if (err != NULL) {
        return err;
    }
    visit->data = xml;
    visit->data_type = "application/atom+xml; charset=utf-8";
    visit->data_etag = xca_etag(*xml, visit->pool);
    return NULL;
}
