/* Lists of cases: filter, search, paging. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/case_find.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/code_reset.h"
#include "operations/revocation.h"
#include "portal/case_view.h"
#include "portal/engine.h"
#include "portal/office_door.h"
#include "portal/office_lists.h"
#include "portal/page_office.h"

#define PAGE      25
#define LIST_MAX  1000 /* what is sorted by waiting time; beyond it lists go by case number */
#define COUNT_MAX 1000 /* what the desk counts up to */
#define SERIAL_TYPED 32 /* digits at least: shorter text may be a name */

/* Which states a filter stands for; "open": all that somebody has to do something about. */
static const xca_case_state open_states[] = {XCA_STATE_FILED,  XCA_STATE_REVIEWED,   XCA_STATE_APPROVED, XCA_STATE_ISSUING,
                                             XCA_STATE_ISSUED, XCA_STATE_MADE,       XCA_STATE_DISPATCHED, XCA_STATE_RETURNED};
static const xca_case_state card_states[] = {XCA_STATE_APPROVED, XCA_STATE_ISSUING, XCA_STATE_MADE, XCA_STATE_DISPATCHED};
static const xca_case_state every_state[] = {XCA_STATE_FILED,    XCA_STATE_REVIEWED,   XCA_STATE_APPROVED,  XCA_STATE_ISSUING,
                                             XCA_STATE_ISSUED,   XCA_STATE_MADE,       XCA_STATE_DISPATCHED, XCA_STATE_COMPLETED,
                                             XCA_STATE_RETURNED, XCA_STATE_REFUSED,    XCA_STATE_LAPSED};

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

xca_case_state xca_office_own_state(const xca_officer_t *officer) {
    switch (officer->role) {
    case XCA_ROLE_RA:
        return XCA_STATE_FILED;
    case XCA_ROLE_CENTRAL:
        return XCA_STATE_REVIEWED;
    case XCA_ROLE_CARD_CENTRE:
        return XCA_STATE_APPROVED;
    case XCA_ROLE_NONE:
    case XCA_ROLE_AUDITOR:
        return XCA_STATE_COUNT;
    }
    return XCA_STATE_COUNT;
}

/* What the officer may see at all. */
static void begin_query(xca_case_query_t *query, const xca_officer_t *officer) {
    memset(query, 0, sizeof(*query));
    query->kind = officer->role == XCA_ROLE_CARD_CENTRE ? XCA_CASE_CARD : XCA_CASE_KIND_COUNT;
    query->window = officer->role == XCA_ROLE_RA ? (officer->window != NULL ? officer->window : "-") : NULL;
}

/* The desk. */

static xca_error_t *put_count(xca_visit_t *visit, xca_value_t *list, const char *label, const char *state, const xca_case_query_t *query,
                              int mine) {
    xca_value_t *item;
    int count, more = 0;
    xca_error_t *err = xca_case_count(&count, &more, visit->office->store, query, COUNT_MAX, visit->pool);

    if (err != NULL) {
        return err;
    }
    item = xca_list_map(list);
    xca_map_text(item, "label", label);
    xca_map_text(item, "state", state);
    xca_map_number(item, "count", count);
    xca_map_true(item, "more", more);
    xca_map_true(item, "mine", mine);
    xca_map_text(item, "href",
                 apr_pstrcat(visit->pool, "/office/cases?state=", state,
                             query->kind == XCA_CASE_CARD ? "&kind=card" : "", NULL));
    return NULL;
}

/* Cases of every kind stand under one number, and they are told to officers, not to applicants. */
static const char *count_label(xca_case_state state, int cards) {
    xca_case_t kase = {0};

    kase.kind = cards ? XCA_CASE_CARD : XCA_CASE_CERTIFICATE;
    kase.state = state;
    if (!cards && state == XCA_STATE_APPROVED) {
        return "office.count.approved";
    }
    if (!cards && state == XCA_STATE_ISSUING) {
        return "office.count.issuing";
    }
    return state == XCA_STATE_RETURNED ? "office.count.returned" : xca_case_state_label(&kase);
}

xca_error_t *xca_page_office(xca_visit_t *visit) {
    xca_value_t *list = xca_map_list(visit->model, "counts");
    xca_case_state own = xca_office_own_state(visit->officer);
    xca_case_query_t query;
    int cards = visit->officer->role == XCA_ROLE_CARD_CENTRE;
    const xca_case_state *states = cards ? card_states : open_states;
    int i, n = cards ? COUNT(card_states) : COUNT(open_states);
    xca_error_t *err = NULL;

    for (i = 0; err == NULL && i < n; i++) {
        begin_query(&query, visit->officer);
        query.states = &states[i];
        query.state_count = 1;
        err = put_count(visit, list, count_label(states[i], cards), xca_case_state_id(states[i]), &query, states[i] == own);
    }
    xca_map_text(visit->model, "_what", apr_pstrcat(visit->pool, "office.desk.", xca_role_id(visit->officer->role), NULL));
    return err;
}

/* The list. */

typedef struct {
    const char *state, *kind, *class, *text, *window, *sort;
    int page;
    apr_int64_t before;
} asked_t;

static const char *field(const xca_visit_t *visit, const char *name) {
    const char *text = xca_form_text(visit->form, name);

    return text != NULL && *text != '\0' && strlen(text) <= 200 ? text : NULL;
}

static void read_asked(asked_t *asked, xca_visit_t *visit) {
    const char *page = field(visit, "page"), *before = field(visit, "before");
    xca_case_state own = xca_office_own_state(visit->officer);

    asked->text = field(visit, "q");
    asked->state = field(visit, "state");
    /* Whoever searches looks at all states unless they say otherwise. */
    if (asked->state == NULL) {
        asked->state = asked->text == NULL && own != XCA_STATE_COUNT ? xca_case_state_id(own) : "all";
    }
    asked->kind = field(visit, "kind");
    asked->class = field(visit, "class");
    asked->window = field(visit, "window");
    asked->sort = field(visit, "sort");
    asked->page = page != NULL && strlen(page) < 6 ? atoi(page) : 1;
    asked->page = asked->page < 1 ? 1 : asked->page;
    asked->before = before != NULL && strlen(before) < 18 ? apr_atoi64(before) : 0;
}

static void set_states(xca_case_query_t *query, const asked_t *asked) {
    int i;

    if (strcmp(asked->state, "open") == 0) {
        query->states = open_states;
        query->state_count = COUNT(open_states);
        return;
    }
    for (i = 0; i < COUNT(every_state); i++) {
        if (strcmp(asked->state, xca_case_state_id(every_state[i])) == 0) {
            query->states = &every_state[i];
            query->state_count = 1;
        }
    }
}

/* Cases that officers file are about one certificate: a card's are found by any of its certificates. */
static xca_error_t *set_card(xca_case_query_t *query, const char *number, xca_visit_t *visit) {
    apr_array_header_t *certs;
    xca_error_t *err = xca_cert_search(&certs, NULL, visit->office->store, XCA_CERT_BY_CARD, number, 0, visit->pool);

    query->card_number = number;
    query->certs = err == NULL ? certs : NULL;
    return err;
}

static xca_error_t *set_serial(xca_case_query_t *query, const char *serial, xca_visit_t *visit) {
    apr_array_header_t *certs = apr_array_make(visit->pool, 1, sizeof(xca_cert_t *));
    xca_cert_t *cert;
    xca_error_t *err = xca_cert_read(&cert, visit->office->store, serial, visit->pool);

    query->certs = certs;
    if (err == NULL && cert->card_number != NULL) {
        return set_card(query, cert->card_number, visit);
    }
    if (err == NULL) {
        APR_ARRAY_PUSH(certs, xca_cert_t *) = cert;
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

/* One field for all that can be looked for: what was typed tells which it is. */
static xca_error_t *set_text(xca_case_query_t *query, const char *typed, xca_visit_t *visit) {
    const char *compact = xca_text_ungrouped(visit->pool, typed), *card, *serial;

    if (xca_case_number_check(compact, NULL, visit->pool) == NULL) {
        query->number = compact;
    } else if (strlen(compact) == 8 && strspn(compact, "0123456789") == 8) {
        query->ubn = compact;
    } else if (strncmp(compact, "2.16.886.", 9) == 0) {
        query->oid = compact;
    } else if (xca_card_number_parse(&card, compact, NULL, visit->pool) == NULL) {
        return set_card(query, card, visit);
    } else if (strlen(compact) >= SERIAL_TYPED && xca_serial_parse(&serial, compact, NULL, visit->pool) == NULL) {
        return set_serial(query, serial, visit);
    } else {
        query->name = typed;
    }
    return NULL;
}

static xca_error_t *make_query(xca_case_query_t *query, const asked_t *asked, xca_visit_t *visit) {
    begin_query(query, visit->officer);
    set_states(query, asked);
    if (asked->kind != NULL && query->kind == XCA_CASE_KIND_COUNT) {
        query->kind = xca_case_kind_by_id(asked->kind);
    }
    if (asked->class != NULL) {
        query->class = xca_class_by_id(asked->class);
    }
    if (asked->window != NULL && query->window == NULL) {
        query->window = asked->window;
    }
    return asked->text != NULL ? set_text(query, asked->text, visit) : NULL;
}

/* The same list with other page, to be followed by "page=" or "before=". */
static const char *address_of(const xca_visit_t *visit, const asked_t *asked) {
    const char *names[] = {"state", "kind", "class", "window", "q", "sort"};
    const char *values[6];
    const char *address = "/office/cases?";
    int i;

    values[0] = asked->state;
    values[1] = asked->kind;
    values[2] = asked->class;
    values[3] = asked->window;
    values[4] = asked->text;
    values[5] = asked->sort;
    for (i = 0; i < 6; i++) {
        if (values[i] != NULL) {
            address = apr_pstrcat(visit->pool, address, names[i], "=", xca_office_encoded(values[i], visit->pool), "&", NULL);
        }
    }
    return address;
}

static apr_time_t waits_since(const xca_case_t *kase) {
    return kase->state_changed != 0 ? kase->state_changed : kase->filed;
}

static int longest_first(const void *a, const void *b) {
    const xca_case_t *left = *(xca_case_t *const *)a, *right = *(xca_case_t *const *)b;
    apr_time_t one = waits_since(left), other = waits_since(right);

    return one != other ? (one < other ? -1 : 1) : strcmp(left->number + 4, right->number + 4);
}

static int newest_first(const void *a, const void *b) {
    return strcmp((*(xca_case_t *const *)b)->number + 4, (*(xca_case_t *const *)a)->number + 4);
}

int xca_office_is_open(const xca_case_t *kase) {
    return kase->state <= XCA_STATE_DISPATCHED || kase->state == XCA_STATE_RETURNED;
}

int xca_office_may_decide(const xca_officer_t *officer, const xca_case_t *kase) {
    xca_stage stage;

    return xca_stage_of_state(&stage, kase->kind, kase->state) && xca_stage_role(kase->kind, stage) == officer->role &&
           xca_office_may_see(officer, kase->window);
}

void xca_office_put_due(xca_visit_t *visit, xca_value_t *map, const xca_case_t *kase) {
    apr_time_t due = kase->kind == XCA_CASE_CODE_RESET ? xca_code_reset_due(kase)
                                                       : xca_revocation_due(kase, visit->portal->holidays, visit->pool);

    if (due != 0) {
        xca_map_text(map, "due", xca_date_format(visit->pool, due, XCA_DATE_ISO));
        xca_map_true(map, "overdue", visit->now > due);
    }
}

void xca_office_put_row(xca_visit_t *visit, xca_value_t *list, const xca_case_t *kase) {
    xca_value_t *item = xca_list_map(list);
    apr_time_t since = waits_since(kase);

    xca_map_text(item, "number", kase->number);
    xca_map_text(item, "name", kase->org_name != NULL ? kase->org_name : "—");
    xca_map_text(item, "kind", xca_case_kind_id(kase->kind));
    xca_map_text(item, "_kind", apr_pstrcat(visit->pool, "office.kind.", xca_case_kind_id(kase->kind), NULL));
    xca_map_text(item, "state", xca_case_state_id(kase->state));
    xca_map_text(item, "_state", xca_case_state_short(kase));
    xca_case_view_progress(item, kase);
    if (kase->class != XCA_CLASS_NONE) {
        xca_map_text(item, "class", xca_class_get(kase->class)->id);
        xca_map_text(item, "_class", apr_pstrcat(visit->pool, "class.", xca_class_get(kase->class)->id, NULL));
    }
    xca_map_text(item, "ubn", kase->ubn);
    xca_map_text(item, "window", kase->window);
    xca_map_text(item, "filed", xca_date_format(visit->pool, kase->filed, XCA_DATE_ISO));
    xca_map_text(item, "since", xca_date_format(visit->pool, since, XCA_DATE_RFC3339));
    if (xca_office_is_open(kase)) {
        xca_map_true(item, "_open", 1);
        xca_map_number(item, "days", visit->now > since ? (visit->now - since) / XCA_DAY : 0);
    }
    xca_office_put_due(visit, item, kase);
    xca_map_true(item, "corrected", kase->corrected != 0);
    xca_map_text(item, "problem", kase->problem != NULL && *kase->problem != '\0' ? kase->problem : NULL);
    if (xca_office_may_see(visit->officer, kase->window)) {
        xca_map_text(item, "_href", apr_pstrcat(visit->pool, "/office/cases/", kase->number, NULL));
    }
    xca_map_text(item, "_choice", apr_psprintf(visit->pool, "%s.%ld", kase->number, kase->revision));
    xca_map_true(item, "decidable", xca_office_may_decide(visit->officer, kase));
}

static int put_rows(xca_visit_t *visit, apr_array_header_t *cases, int from, int most) {
    xca_value_t *list = xca_map_list(visit->model, "cases");
    int i, decidable = 0;

    for (i = from; i < cases->nelts && i < from + most; i++) {
        const xca_case_t *kase = APR_ARRAY_IDX(cases, i, const xca_case_t *);

        xca_office_put_row(visit, list, kase);
        decidable += xca_office_may_decide(visit->officer, kase);
    }
    xca_map_true(visit->model, "_bulk", decidable > 0);
    return decidable;
}

static void put_pages(xca_visit_t *visit, const asked_t *asked, int total) {
    const char *address = address_of(visit, asked);
    int last = (total + PAGE - 1) / PAGE;

    xca_map_number(visit->model, "page", asked->page);
    xca_map_number(visit->model, "pages", last > 0 ? last : 1);
    if (asked->page > 1) {
        xca_map_text(visit->model, "_previous", apr_psprintf(visit->pool, "%spage=%d", address, asked->page - 1));
    }
    if (asked->page < last) {
        xca_map_text(visit->model, "_next", apr_psprintf(visit->pool, "%spage=%d", address, asked->page + 1));
    }
}

/* More than can be sorted: newest first by case number, as far as one question leads. */
static xca_error_t *put_walk(xca_visit_t *visit, const asked_t *asked, const xca_case_query_t *query) {
    apr_array_header_t *cases;
    apr_int64_t next;
    xca_error_t *err =
        xca_case_walk_back(&cases, &next, visit->office->store, query, asked->before, PAGE, visit->pool);

    if (err != NULL) {
        return err;
    }
    xca_map_true(visit->model, "many", 1);
    put_rows(visit, cases, 0, PAGE);
    if (asked->before > 0) {
        xca_map_text(visit->model, "_first", address_of(visit, asked));
    }
    if (next > 0) {
        xca_map_text(visit->model, "_next",
                     apr_psprintf(visit->pool, "%sbefore=%" APR_INT64_T_FMT, address_of(visit, asked), next));
    }
    return NULL;
}

static xca_error_t *put_list(xca_visit_t *visit, asked_t *asked, const xca_case_query_t *query) {
    apr_array_header_t *cases;
    int more = 0, by_number = asked->sort != NULL && strcmp(asked->sort, "newest") == 0;
    int last;
    xca_error_t *err = xca_case_find(&cases, &more, visit->office->store, query, LIST_MAX, visit->pool);

    if (err != NULL) {
        return err;
    }
    xca_map_number(visit->model, "count", cases->nelts);
    xca_map_true(visit->model, "more", more);
    /* What waits is dealt with from its oldest on, and those come first in the directory too. */
    if (more && (by_number || asked->before > 0 || query->states == NULL || query->states[0] >= XCA_STATE_COMPLETED)) {
        return put_walk(visit, asked, query);
    }
    qsort(cases->elts, (size_t)cases->nelts, sizeof(void *), by_number ? newest_first : longest_first);
    last = (cases->nelts + PAGE - 1) / PAGE;
    asked->page = asked->page > last && last > 0 ? last : asked->page;
    put_rows(visit, cases, (asked->page - 1) * PAGE, PAGE);
    put_pages(visit, asked, cases->nelts);
    return NULL;
}

static void put_option(xca_value_t *list, const char *value, const char *label, const char *chosen) {
    xca_value_t *item = xca_list_map(list);

    xca_map_text(item, "value", value);
    xca_map_text(item, "label", label);
    xca_map_true(item, "chosen", chosen != NULL && strcmp(chosen, value) == 0);
}

static xca_error_t *put_windows(xca_visit_t *visit, const char *chosen) {
    xca_value_t *list = xca_map_list(visit->model, "_windows");
    apr_array_header_t *windows;
    int i;
    xca_error_t *err = xca_window_list(&windows, visit->office->store, NULL, visit->pool);

    for (i = 0; err == NULL && i < windows->nelts; i++) {
        const xca_window_t *window = APR_ARRAY_IDX(windows, i, const xca_window_t *);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "value", window->id);
        xca_map_text(item, "name", window->name);
        xca_map_true(item, "chosen", chosen != NULL && strcmp(chosen, window->id) == 0);
    }
    return err;
}

static xca_error_t *put_filters(xca_visit_t *visit, const asked_t *asked) {
    xca_value_t *states = xca_map_list(visit->model, "_states");
    xca_value_t *kinds = xca_map_list(visit->model, "_kinds");
    xca_value_t *classes = xca_map_list(visit->model, "_classes");
    xca_case_kind kind;
    xca_class class;
    int i;

    put_option(states, "all", "office.state.all", asked->state);
    put_option(states, "open", "office.state.open", asked->state);
    for (i = 0; i < COUNT(every_state); i++) {
        put_option(states, xca_case_state_id(every_state[i]),
                   apr_pstrcat(visit->pool, "office.state.", xca_case_state_id(every_state[i]), NULL), asked->state);
    }
    for (kind = 0; kind < XCA_CASE_KIND_COUNT; kind++) {
        put_option(kinds, xca_case_kind_id(kind), apr_pstrcat(visit->pool, "office.kind.", xca_case_kind_id(kind), NULL),
                   asked->kind);
    }
    for (class = XCA_CLASS_NONE + 1; class < XCA_CLASS_COUNT; class ++) {
        const char *id = xca_class_get(class)->id;

        put_option(classes, id, apr_pstrcat(visit->pool, "class.", id, NULL), asked->class);
    }
    xca_map_text(visit->model, "q", asked->text);
    xca_map_true(visit->model, "_newest", asked->sort != NULL && strcmp(asked->sort, "newest") == 0);
    xca_map_true(visit->model, "_choose_kind", visit->officer->role != XCA_ROLE_CARD_CENTRE);
    return visit->officer->role == XCA_ROLE_RA ? NULL : put_windows(visit, asked->window);
}

xca_error_t *xca_page_office_cases(xca_visit_t *visit) {
    xca_case_query_t query;
    asked_t asked;
    xca_error_t *err;

    xca_map_true(visit->model, "_again", xca_form_text(visit->form, "again") != NULL);
    read_asked(&asked, visit);
    err = make_query(&query, &asked, visit);
    if (err == NULL) {
        err = put_filters(visit, &asked);
    }
    return err != NULL ? err : put_list(visit, &asked, &query);
}
