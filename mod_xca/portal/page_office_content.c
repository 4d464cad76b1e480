/* News, questions and answers, uses and fees, as central officers write them. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/calendar.h"
#include "operations/content.h"
#include "portal/engine.h"
#include "portal/office_door.h"
#include "portal/page_office_content.h"

static const char *title_of(const xca_visit_t *visit, const xca_content_t *content) {
    int language = visit->language == XCA_EN;
    const char *title = content->title[language] != NULL ? content->title[language] : content->title[!language];

    return title != NULL ? title : content->id;
}

static void put_choices(xca_visit_t *visit, const char *key, const char *prefix, const char *const *ids, const char *chosen) {
    xca_value_t *list = xca_map_list(visit->model, key);

    for (; *ids != NULL; ids++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "value", *ids);
        xca_map_text(item, "label", apr_pstrcat(visit->pool, prefix, *ids, NULL));
        xca_map_true(item, "chosen", chosen != NULL && strcmp(chosen, *ids) == 0);
    }
}

/* The day on which visitors will see what is published, if that is still to come. */
static void put_scheduled(xca_visit_t *visit, xca_value_t *map, const xca_content_t *content) {
    if (xca_content_is_scheduled(content, visit->now)) {
        xca_map_text(map, "scheduled", xca_date_format(visit->pool, content->dated, XCA_DATE_ISO));
    }
}

static void put_row(xca_visit_t *visit, xca_value_t *list, const xca_content_t *content) {
    const char *state = xca_content_state_id(content->state);
    xca_value_t *item = xca_list_map(list);

    xca_map_text(item, "id", content->id);
    xca_map_text(item, "kind", xca_content_kind_id(content->kind));
    xca_map_text(item, "_kind", apr_pstrcat(visit->pool, "content.kind.", xca_content_kind_id(content->kind), NULL));
    xca_map_text(item, "state", state);
    xca_map_text(item, "_state", apr_pstrcat(visit->pool, "content.state.", state, NULL));
    xca_map_true(item, "_published", content->state == XCA_CONTENT_PUBLISHED);
    put_scheduled(visit, item, content);
    xca_map_text(item, "title", title_of(visit, content));
    xca_map_text(item, "author", content->author);
    xca_map_text(item, "changed", xca_date_format(visit->pool, content->changed, XCA_DATE_ISO_TIME));
}

xca_error_t *xca_page_office_content(xca_visit_t *visit) {
    static const char *const kinds[] = {"news", "faq", "use", "fee", NULL};
    static const char *const states[] = {"draft", "published", "withdrawn", NULL};
    const char *kind = xca_form_text(visit->form, "kind"), *state = xca_form_text(visit->form, "state");
    const char *saved = xca_form_text(visit->form, "saved");
    xca_content_query_t query = {0};
    apr_array_header_t *contents;
    xca_value_t *list;
    int i;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_AUDITOR);

    query.kind = xca_content_kind_by_id(kind);
    query.state = xca_content_state_by_id(state);
    if (err == NULL) {
        err = xca_content_list(&contents, visit->office->store, &query, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    put_choices(visit, "_kinds", "content.kind.", kinds, kind);
    put_choices(visit, "_states", "content.state.", states, state);
    xca_map_true(visit->model, "_may_write", visit->officer->role == XCA_ROLE_CENTRAL);
    xca_map_number(visit->model, "count", contents->nelts);
    list = xca_map_list(visit->model, "contents");
    for (i = 0; i < contents->nelts; i++) {
        const xca_content_t *content = APR_ARRAY_IDX(contents, i, const xca_content_t *);

        put_row(visit, list, content);
        if (saved != NULL && strcmp(saved, content->id) == 0) {
            xca_map_text(visit->model, "_saved", title_of(visit, content));
            xca_map_text(visit->model, "_saved_state", apr_pstrcat(visit->pool, "content.state.", xca_content_state_id(content->state), NULL));
            put_scheduled(visit, visit->model, content);
        }
    }
    return NULL;
}

/* The form. */

static void put_preview(xca_visit_t *visit, const char *key, const char *title, const char *body) {
    xca_value_t *map = xca_map_map(visit->model, key);
    const xca_markup_t *markup;
    xca_error_t *err;

    xca_map_text(map, "title", title);
    if (body == NULL) {
        return;
    }
    err = xca_markup_parse(&markup, body, strlen(body), visit->pool);
    if (err == NULL) {
        xca_map_markup(map, "body", markup, body);
    }
}

/* `revision` 0: a new one, whose id can be chosen. */
static void put_form(xca_visit_t *visit, const xca_content_t *content, const char *date) {
    xca_value_t *model = visit->model;
    const char *kind = xca_content_kind_id(content->kind);

    xca_map_text(model, "id", content->id);
    xca_map_text(model, "kind", kind);
    xca_map_text(model, "_kind", apr_pstrcat(visit->pool, "content.kind.", kind, NULL));
    xca_map_text(model, "_state", apr_pstrcat(visit->pool, "content.state.", xca_content_state_id(content->state), NULL));
    xca_map_text(model, "state", xca_content_state_id(content->state));
    xca_map_true(model, "_published", content->state == XCA_CONTENT_PUBLISHED);
    put_scheduled(visit, model, content);
    xca_map_number(model, "revision", content->revision);
    xca_map_true(model, "_new", content->revision == 0);
    xca_map_text(model, "_place", content->revision == 0 || content->id == NULL ? "new" : content->id);
    xca_map_true(model, "_is_news", content->kind == XCA_CONTENT_NEWS);
    xca_map_true(model, "_is_faq", content->kind == XCA_CONTENT_FAQ);
    xca_map_true(model, "_has_order", content->kind != XCA_CONTENT_NEWS);
    xca_map_text(model, "title_zh", content->title[0]);
    xca_map_text(model, "title_en", content->title[1]);
    xca_map_text(model, "body_zh", content->body[0]);
    xca_map_text(model, "body_en", content->body[1]);
    xca_map_text(model, "dated", date != NULL            ? date
                                 : content->dated != 0 ? xca_date_format(visit->pool, content->dated, XCA_DATE_ISO)
                                                       : NULL);
    xca_map_text(model, "order", apr_ltoa(visit->pool, content->order));
    xca_map_text(model, "author", content->author);
    put_choices(visit, "_categories", "faq.category.", xca_faq_categories, content->category);
    xca_map_text(model, "_here", content->revision == 0 ? xca_catalogue_text(visit->portal->texts, "office.content.new", visit->language)
                                                        : title_of(visit, content));
}

xca_error_t *xca_page_office_content_new(xca_visit_t *visit) {
    xca_content_t content = {0};
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    if (err != NULL) {
        return err;
    }
    content.kind = xca_content_kind_by_id(xca_form_text(visit->form, "kind"));
    if (content.kind == XCA_CONTENT_KINDS) {
        content.kind = XCA_CONTENT_NEWS;
    }
    content.dated = content.kind == XCA_CONTENT_NEWS ? visit->now : 0;
    put_form(visit, &content, NULL);
    xca_map_true(visit->model, "_may_write", 1);
    return NULL;
}

xca_error_t *xca_page_office_content_edit(xca_visit_t *visit) {
    xca_content_t *content;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_AUDITOR);

    if (err == NULL) {
        err = xca_content_read(&content, visit->office->store, visit->arg, visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    put_form(visit, content, NULL);
    xca_map_true(visit->model, "_may_write", visit->officer->role == XCA_ROLE_CENTRAL);
    put_preview(visit, "preview_zh", content->title[0], content->body[0]);
    put_preview(visit, "preview_en", content->title[1], content->body[1]);
    return NULL;
}

/* A typed text; NULL if it is empty. */
static const char *typed(const xca_visit_t *visit, const char *name) {
    const char *text = xca_form_text(visit->form, name);

    return text != NULL && *text != '\0' ? text : NULL;
}

static long number_of(const xca_visit_t *visit, const char *name) {
    const char *text = typed(visit, name);

    return text != NULL && strlen(text) < 9 && strspn(text, "0123456789") == strlen(text) ? strtol(text, NULL, 10) : 0;
}

static xca_content_t read_form(const xca_visit_t *visit) {
    const char *id = typed(visit, "id"), *date = typed(visit, "dated");
    xca_content_t content = {0};

    content.id = id != NULL ? xca_text_trim(visit->pool, id) : NULL;
    content.kind = xca_content_kind_by_id(typed(visit, "kind"));
    content.revision = number_of(visit, "revision");
    if (content.revision > 0) {
        content.id = visit->arg;
    }
    content.title[0] = typed(visit, "title_zh");
    content.title[1] = typed(visit, "title_en");
    content.body[0] = typed(visit, "body_zh");
    content.body[1] = typed(visit, "body_en");
    content.order = number_of(visit, "order");
    if (content.kind == XCA_CONTENT_FAQ) {
        content.category = typed(visit, "category");
    }
    if (content.kind == XCA_CONTENT_NEWS) {
        content.dated = date != NULL ? xca_content_date(date) : 0;
    }
    return content;
}

/* What is shown again is still in the state it was opened in. */
static xca_error_t *show_again(xca_visit_t *visit, xca_content_t *content, xca_error_t *wrong) {
    xca_content_state opened = xca_content_state_by_id(typed(visit, "state"));

    content->state = opened != XCA_CONTENT_STATES ? opened : XCA_CONTENT_DRAFT;
    put_form(visit, content, content->kind == XCA_CONTENT_NEWS ? typed(visit, "dated") : NULL);
    xca_map_true(visit->model, "_may_write", 1);
    put_preview(visit, "preview_zh", content->title[0], content->body[0]);
    put_preview(visit, "preview_en", content->title[1], content->body[1]);
    xca_visit_errors(visit, wrong);
    return NULL;
}

/* The action is the state it leads to; a preview stores nothing. */
xca_error_t *xca_page_office_content_sent(xca_visit_t *visit) {
    const char *action = typed(visit, "action");
    xca_content_t content;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    if (err != NULL) {
        return err;
    }
    content = read_form(visit);
    if (content.kind == XCA_CONTENT_KINDS) {
        return xca_error_make(visit->pool, XCA_E_INVALID, "form.malformed", "kind");
    }
    if (visit->token_error != NULL) {
        return show_again(visit, &content, visit->token_error);
    }
    content.state = xca_content_state_by_id(action);
    if (content.state == XCA_CONTENT_STATES) {
        content.state = XCA_CONTENT_DRAFT;
        xca_map_true(visit->model, "_previewed", 1);
        return show_again(visit, &content, xca_content_allowed(&content, visit->pool));
    }
    err = xca_content_save(visit->office, &content, visit->officer->uid, xca_office_actor(visit), visit->now, visit->pool);
    if (err != NULL) {
        content.revision = number_of(visit, "revision");
        return show_again(visit, &content, err);
    }
    visit->redirect = apr_pstrcat(visit->pool, "/office/content?kind=", xca_content_kind_id(content.kind), "&saved=", content.id, NULL);
    return NULL;
}
