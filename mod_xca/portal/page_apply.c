/* The way to the form: search, a new organisation's class, step 1 (what it is) and step 2 (terms).
 */
#include "portal/page_apply.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "domain/names.h"
#include "operations/application.h"
#include "portal/case_form.h"
#include "portal/engine.h"

#define MATCHES_SHOWN 50

static const xca_apply_way_t card_way = {XCA_CASE_CARD, "card", "/apply/card", "apply.card.title",
                                         "apply.card.step.1"};
static const xca_apply_way_t certificate_way = {
    XCA_CASE_CERTIFICATE, "certificate", "/apply/certificate", "apply.title", "apply.step.1"};

const xca_apply_way_t *xca_apply_way_of(xca_case_kind kind) {
    return kind == XCA_CASE_CARD ? &card_way : &certificate_way;
}

const xca_apply_way_t *xca_apply_way(xca_visit_t *visit) {
    apr_size_t length = strlen(card_way.base);
    const char *path = visit->request->path;
    const xca_apply_way_t *way =
        strncmp(path, card_way.base, length) == 0 && (path[length] == '\0' || path[length] == '/')
            ? &card_way
            : &certificate_way;

    xca_map_text(visit->model, "_way", way->name);
    xca_map_text(visit->model, "_title", way->title);
    xca_map_true(visit->model, "_card", way->kind == XCA_CASE_CARD);
    return way;
}

void xca_apply_steps(xca_visit_t *visit, const xca_apply_way_t *way, int current,
                     const char *case_number) {
    const char *const labels[] = {way->step_one,  "apply.step.2", "apply.step.3",
                                  "apply.step.4", "apply.step.5", "apply.step.6"};
    static const char *const case_paths[] = {NULL, NULL, NULL, "print", "checklist", "window"};
    xca_value_t *list = xca_map_list(visit->model, "_steps");
    int i;

    for (i = 0; i < 6; i++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_number(item, "number", i + 1);
        xca_map_text(item, "label", labels[i]);
        xca_map_true(item, "done", i + 1 < current);
        xca_map_text(item, "current", i + 1 == current ? "step" : NULL);
        if (case_number != NULL && case_paths[i] != NULL && i + 1 < current) {
            xca_map_text(item, "href",
                         apr_pstrcat(visit->pool, "/case/", case_paths[i], "/", case_number, NULL));
        }
    }
}

/* Search. */

/* Cards are for every class, certificates without one for some (features.md "Organisation
 * classes"). */
static int takes_class(const xca_apply_way_t *way, xca_class class) {
    return class != XCA_CLASS_NONE &&
           (way->kind == XCA_CASE_CARD || xca_class_get(class)->card_less);
}

/* Why an organisation of the list may not apply: id of a text, NULL if it may. */
static const char *why_not(const xca_apply_way_t *way, const xca_org_t *org, apr_time_t barred_until) {
    if (org->state == XCA_ORG_ABOLISHED) {
        return "apply.not.abolished";
    }
    if (org->state == XCA_ORG_UNIT) {
        return "apply.not.unit";
    }
    if (org->class == XCA_CLASS_NONE) {
        return "apply.not.agency";
    }
    if (!takes_class(way, org->class)) {
        return "apply.not.class";
    }
    return barred_until != 0 ? "apply.not.barred" : NULL;
}

static void put_match(xca_value_t *list, const xca_apply_way_t *way, const xca_org_t *org,
                      apr_time_t now, apr_pool_t *pool) {
    xca_value_t *item = xca_list_map(list);
    apr_time_t barred_until;
    const char *reason;

    xca_org_barred(&barred_until, org, now);
    reason = why_not(way, org, barred_until);

    xca_map_text(item, "oid", org->oid);
    xca_map_text(item, "name", org->name);
    xca_map_text(item, "ubn", org->ubn);
    xca_map_text(item, "county", org->county); /* several may have one name */
    xca_map_text(item, "class", xca_class_get(org->class)->id);
    xca_map_text(item, "class_label",
                 apr_pstrcat(pool, "class.", xca_class_get(org->class)->id, NULL));
    xca_map_true(item, "may_apply", reason == NULL);
    xca_map_text(item, "reason", reason);
    if (reason != NULL && strcmp(reason, "apply.not.barred") == 0) {
        xca_map_text(item, "note", xca_date_format(pool, barred_until, XCA_DATE_ISO));
    } else {
        xca_map_text(item, "note", org->state == XCA_ORG_UNIT ? org->note : NULL);
    }
}

static const char *typed(xca_visit_t *visit, const char *name) {
    const char *text = xca_form_text(visit->form, name);

    return text != NULL ? xca_text_trim(visit->pool, text) : "";
}

/* Part of a number is no use: the directory holds whole ones. */
static xca_error_t *check_search(xca_visit_t *visit, const char *keyword, const char *ubn) {
    apr_pool_t *pool = visit->pool;
    xca_error_t *err;

    if (*keyword == '\0' && *ubn == '\0') {
        return xca_error_field(pool, "keyword", "search.nothing", NULL);
    }
    err = xca_typed_check(keyword, 0, XCA_KEYWORD_MAX, "keyword", pool);
    if (err != NULL) {
        return err;
    }
    if (*keyword != '\0' && *xca_name_fold(pool, keyword) == '\0') {
        return xca_error_field(pool, "keyword", "search.no-letters", NULL);
    }
    if (*ubn != '\0' && (strlen(ubn) != 8 || strspn(ubn, "0123456789") != 8)) {
        return xca_error_field(pool, "ubn", "ubn.digits", NULL);
    }
    return NULL;
}

static xca_error_t *put_matches(xca_visit_t *visit, const xca_apply_way_t *way, const char *keyword,
                                const char *ubn) {
    apr_array_header_t *orgs;
    xca_value_t *list;
    int more = 0, i;
    xca_error_t *err = xca_org_search_all(&orgs, &more, visit->office->store, keyword, ubn,
                                          MATCHES_SHOWN, visit->pool);

    if (err != NULL) {
        return err;
    }
    list = xca_map_list(visit->model, "matches");
    for (i = 0; i < orgs->nelts; i++) {
        put_match(list, way, APR_ARRAY_IDX(orgs, i, const xca_org_t *), visit->now, visit->pool);
    }
    xca_map_true(visit->model, "searched", 1);
    xca_map_number(visit->model, "count", orgs->nelts);
    xca_map_true(visit->model, "more", more);
    return NULL;
}

xca_error_t *xca_page_apply_search(xca_visit_t *visit) {
    const xca_apply_way_t *way = xca_apply_way(visit);
    const char *keyword = typed(visit, "keyword");
    const char *ubn = xca_text_halfwidth(visit->pool, typed(visit, "ubn"));
    xca_error_t *err;

    xca_map_text(visit->model, "keyword", keyword);
    xca_map_text(visit->model, "ubn", ubn);
    if (xca_form_text(visit->form, "keyword") == NULL &&
        xca_form_text(visit->form, "ubn") == NULL) {
        return NULL;
    }
    err = check_search(visit, keyword, ubn);
    if (err != NULL) {
        xca_visit_errors(visit, err);
        return NULL;
    }
    return put_matches(visit, way, keyword, ubn);
}

/* 我要建立資料: which class the new organisation is of. */
xca_error_t *xca_page_apply_new(xca_visit_t *visit) {
    const xca_apply_way_t *way = xca_apply_way(visit);
    xca_value_t *list = xca_map_list(visit->model, "classes");
    const char *chosen = xca_form_text(visit->form, "class");
    xca_class guess = xca_class_by_name(typed(visit, "keyword"));
    const char *first = "class"; /* where the summary of errors leads */
    xca_class class;

    if (chosen != NULL && *chosen == '\0') {
        chosen = NULL;
    }
    for (class = XCA_CLASS_NONE + 1; class < XCA_CLASS_COUNT; class ++) {
        const xca_class_info_t *info = xca_class_get(class);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "id", info->id);
        if (takes_class(way, class)) {
            xca_map_text(item, "element", first != NULL ? first : info->id);
            first = NULL;
        }
        xca_map_text(item, "label", apr_pstrcat(visit->pool, "class.", info->id, NULL));
        xca_map_text(item, "hint", apr_pstrcat(visit->pool, "class.", info->id, ".hint", NULL));
        xca_map_true(item, "may_apply", takes_class(way, class));
        xca_map_true(item, "checked", chosen == NULL && class == guess && takes_class(way, class));
    }
    if (xca_form_text(visit->form, "missing") != NULL) {
        xca_visit_errors(visit, xca_error_field(visit->pool, "class", "field.choose", NULL));
    }
    return NULL;
}

/* Steps 1 and 2 only need to know for whom; nothing is kept between them but the address. */

static const char *answered(xca_visit_t *visit, const char *name) {
    const char *text = xca_form_text(visit->form, name);

    return text != NULL && *text != '\0' ? text : NULL;
}

/* The address of a step for the same applicant: "/apply/card/terms?oid=...&rank=..." */
static const char *step_address(xca_visit_t *visit, const xca_apply_way_t *way, const char *step,
                                const xca_case_t *kase) {
    const char *who =
        kase->oid != NULL
            ? apr_pstrcat(visit->pool, "?oid=", kase->oid, NULL)
            : apr_pstrcat(visit->pool, "?class=", xca_class_get(kase->class)->id, NULL);

    return apr_pstrcat(visit->pool, way->base, "/", step, who, kase->rank != NULL ? "&rank=" : NULL,
                       kase->rank, NULL);
}

static xca_error_t *for_whom(xca_visit_t *visit, const xca_apply_way_t *way,
                             xca_case_t **for_case) {
    const char *oid = answered(visit, "oid");
    xca_class class = xca_class_by_id(xca_form_text(visit->form, "class"));
    xca_card_rank rank = xca_card_rank_by_id(xca_form_text(visit->form, "rank"));
    xca_case_form_t *form;
    xca_case_t *kase;
    xca_error_t *err;

    *for_case = NULL;
    if (oid == NULL && class == XCA_CLASS_NONE) {
        visit->redirect = xca_form_text(visit->form, "from") != NULL
                              ? apr_pstrcat(visit->pool, way->base, "/new?missing=1", NULL)
                              : way->base;
        return NULL;
    }
    err = xca_case_form_start(&form, visit, way->kind, oid, class);
    if (err != NULL) {
        return err;
    }
    kase = form->kase;
    if (way->kind == XCA_CASE_CARD && rank != XCA_RANK_COUNT) {
        kase->rank = xca_card_rank_id(rank);
        xca_map_text(visit->model, "rank", kase->rank);
    }
    xca_map_text(visit->model, "oid", oid);
    xca_map_text(visit->model, "class", xca_class_get(kase->class)->id);
    xca_map_text(visit->model, "class_label",
                 apr_pstrcat(visit->pool, "class.", xca_class_get(kase->class)->id, NULL));
    xca_map_text(visit->model, "name", kase->org_name);
    xca_map_text(visit->model, "_start", step_address(visit, way, "start", kase));
    xca_map_text(visit->model, "_terms", step_address(visit, way, "terms", kase));
    xca_map_text(visit->model, "_terms_version", XCA_TERMS_VERSION);
    *for_case = kase;
    return NULL;
}

/* 正卡 and 附卡, with the reason where the organisation cannot have another primary card. */
static xca_error_t *put_ranks(xca_visit_t *visit, const xca_case_t *kase) {
    xca_value_t *list = xca_map_list(visit->model, "ranks");
    int rank;

    for (rank = 0; rank < XCA_RANK_COUNT; rank++) {
        const char *id = xca_card_rank_id((xca_card_rank)rank);
        xca_value_t *item = xca_list_map(list);
        xca_error_t *err = xca_card_check_free(visit->office, (xca_card_rank)rank, kase->oid, NULL,
                                               0, visit->now, visit->pool);

        if (err != NULL && err->kind != XCA_E_INVALID) {
            return err;
        }
        xca_map_text(item, "id", id);
        xca_map_text(item, "element",
                     rank == 0 ? "rank" : apr_pstrcat(visit->pool, "rank-", id, NULL));
        xca_map_text(item, "label", apr_pstrcat(visit->pool, "rank.", id, NULL));
        xca_map_text(item, "hint", apr_pstrcat(visit->pool, "rank.", id, ".hint", NULL));
        xca_map_true(item, "free", err == NULL);
        xca_map_true(item, "checked",
                     err == NULL && kase->rank != NULL && strcmp(kase->rank, id) == 0);
        if (err != NULL) {
            xca_map_text(item, "reason",
                         xca_catalogue_format(visit->portal->texts, err->message, visit->language,
                                              visit->pool, "arg", err->arg, NULL));
        }
    }
    return NULL;
}

xca_error_t *xca_page_apply_start(xca_visit_t *visit) {
    const xca_apply_way_t *way = xca_apply_way(visit);
    xca_case_t *kase;
    xca_error_t *err = for_whom(visit, way, &kase);

    if (err != NULL || kase == NULL) {
        return err;
    }
    xca_map_text(visit->model, "_title", way->step_one);
    xca_apply_steps(visit, way, 1, NULL);
    if (way->kind != XCA_CASE_CARD) {
        return NULL;
    }
    if (xca_form_text(visit->form, "missing") != NULL) {
        xca_visit_errors(visit, xca_error_field(visit->pool, "rank", "field.choose", NULL));
    }
    return put_ranks(visit, kase);
}

xca_error_t *xca_page_apply_terms(xca_visit_t *visit) {
    const xca_apply_way_t *way = xca_apply_way(visit);
    xca_case_t *kase;
    xca_error_t *err = for_whom(visit, way, &kase);

    if (err != NULL || kase == NULL) {
        return err;
    }
    if (way->kind == XCA_CASE_CARD && kase->rank == NULL) {
        visit->redirect =
            apr_pstrcat(visit->pool, step_address(visit, way, "start", kase), "&missing=1", NULL);
        return NULL;
    }
    xca_apply_steps(visit, way, 2, NULL);
    if (xca_form_text(visit->form, "missing") != NULL) {
        xca_visit_errors(visit, xca_error_field(visit->pool, "terms", "terms.required", NULL));
    }
    return NULL;
}
