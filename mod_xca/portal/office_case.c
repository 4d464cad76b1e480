#include "portal/office_case.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/card_store.h"
#include "directory/case_find.h"
#include "domain/calendar.h"
#include "domain/case_changes.h"
#include "domain/codes.h"
#include "operations/application.h"
#include "operations/decision.h"
#include "portal/case_view.h"
#include "portal/cert_show.h"
#include "portal/engine.h"
#include "portal/office_door.h"
#include "portal/office_lists.h"

#define OTHERS 20

xca_error_t *xca_office_case_read(xca_case_t **kase, xca_visit_t *visit, const char *number) {
    xca_error_t *err = NULL;

    if (number == NULL || xca_case_number_check(number, NULL, visit->pool) != NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "case.not-found", NULL);
    }
    err = xca_case_read(kase, visit->office->store, number, visit->pool);
    if (err == NULL && (!xca_office_may_see(visit->officer, (*kase)->window) ||
                        (visit->officer->role == XCA_ROLE_CARD_CENTRE && (*kase)->kind != XCA_CASE_CARD))) {
        err = xca_error_make(visit->pool, XCA_E_NOT_FOUND, "case.not-found", NULL);
    }
    return err;
}

/* What a value of a field is called, where it is a word of ours. */
static const char *shown_value(const xca_visit_t *visit, const char *name, const char *value) {
    const char *prefix = strcmp(name, "class") == 0 ? "class." : strcmp(name, "use") == 0 ? "use."
                         : strcmp(name, "kind") == 0 ? "kind." : strcmp(name, "rank") == 0 ? "rank." : NULL;
    const char *text = NULL;

    if (value == NULL) {
        return NULL;
    }
    if (prefix != NULL) {
        text = xca_catalogue_text(visit->portal->texts, apr_pstrcat(visit->pool, prefix, value, NULL), visit->language);
    }
    return text != NULL ? text : value;
}

static void put_changes(xca_visit_t *visit, const xca_case_t *kase) {
    apr_array_header_t *changes = xca_case_changes(visit->pool, kase->earlier, kase);
    xca_value_t *list = xca_map_list(visit->model, "changes");
    int i;

    for (i = 0; i < changes->nelts; i++) {
        const xca_case_change_t *change = &APR_ARRAY_IDX(changes, i, xca_case_change_t);
        xca_value_t *item = xca_list_map(list);
        const char *label = apr_pstrcat(visit->pool, "field.", change->name, NULL);

        xca_map_text(item, "field", change->name);
        xca_map_text(item, "label",
                     xca_catalogue_text(visit->portal->texts, label, visit->language) != NULL ? label : "office.change.other");
        if (strcmp(change->name, "csr") == 0) {
            xca_map_true(item, "other_file", 1);
            continue;
        }
        xca_map_text(item, "before", shown_value(visit, change->name, change->before));
        xca_map_text(item, "after", shown_value(visit, change->name, change->after));
    }
    xca_map_true(visit->model, "_corrected", kase->corrected != 0);
}

/* Every signature is looked at again here; what the signer found of it stands beside. */
static void put_decision(xca_visit_t *visit, xca_value_t *list, xca_decision_t *decision, const char *digest) {
    xca_value_t *item = xca_list_map(list);
    xca_officer_t *officer = NULL;
    xca_error_t *err =
        xca_decision_open(decision, &officer, visit->office, visit->portal->officer_anchor, NULL, visit->pool);

    xca_map_text(item, "id", decision->id);
    xca_map_text(item, "verdict", decision->verdict);
    xca_map_true(item, "counted", decision->verdict != NULL && strcmp(decision->verdict, "counted") == 0);
    xca_map_true(item, "_waits", decision->verdict == NULL);
    if (err != NULL) {
        xca_map_text(item, "label", "office.decision.unreadable");
        xca_map_text(item, "wrong", err->message);
        return;
    }
    xca_map_text(item, "label", xca_case_view_event(decision, visit->pool));
    if (decision->stage == XCA_STAGE_SECOND && decision->verdict != NULL && strcmp(decision->verdict, "counted") == 0 &&
        strcmp(decision->officer, visit->officer->uid) == 0) {
        xca_map_true(visit->model, "_own_second", 1);
    }
    xca_map_text(item, "when", xca_date_format(visit->pool, decision->time, XCA_DATE_ISO_TIME));
    xca_map_text(item, "officer", decision->officer);
    xca_map_text(item, "title", officer->title);
    xca_map_text(item, "letter", decision->letter);
    xca_map_text(item, "reason", decision->reason);
    xca_map_true(item, "of_this_content", strcmp(decision->content_digest, digest) == 0);
    xca_map_true(item, "of_other_content", strcmp(decision->content_digest, digest) != 0);
}

static xca_error_t *put_decisions(xca_visit_t *visit, const xca_case_t *kase) {
    xca_value_t *list = xca_map_list(visit->model, "decisions");
    const char *digest = xca_case_digest(visit->pool, kase);
    apr_array_header_t *decisions;
    int i;
    xca_error_t *err = xca_decision_list(&decisions, visit->office->store, kase->number, visit->pool);

    for (i = 0; err == NULL && i < decisions->nelts; i++) {
        put_decision(visit, list, APR_ARRAY_IDX(decisions, i, xca_decision_t *), digest);
    }
    xca_map_text(visit->model, "digest", digest);
    return err;
}

static int is_in(const apr_array_header_t *cases, const char *number) {
    int i;

    for (i = 0; i < cases->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(cases, i, const xca_case_t *)->number, number) == 0) {
            return 1;
        }
    }
    return 0;
}

static xca_error_t *gather(apr_array_header_t *others, xca_visit_t *visit, const xca_case_t *kase, const xca_case_query_t *query) {
    apr_array_header_t *found;
    int i, more;
    xca_error_t *err = xca_case_find(&found, &more, visit->office->store, query, OTHERS, visit->pool);

    for (i = 0; err == NULL && i < found->nelts; i++) {
        xca_case_t *other = APR_ARRAY_IDX(found, i, xca_case_t *);

        if (strcmp(other->number, kase->number) != 0 && !is_in(others, other->number)) {
            APR_ARRAY_PUSH(others, xca_case_t *) = other;
        }
    }
    return err;
}

/* Of the same OID, the same unified number, or just the same name: also those of other windows, without a link for who may not see them. */
static xca_error_t *others_of(apr_array_header_t **others, xca_visit_t *visit, const xca_case_t *kase) {
    const char *oid = kase->assigned_oid != NULL ? kase->assigned_oid : kase->oid;
    xca_case_query_t query;
    xca_error_t *err = NULL;

    *others = apr_array_make(visit->pool, 8, sizeof(xca_case_t *));
    memset(&query, 0, sizeof(query));
    query.kind = XCA_CASE_KIND_COUNT;
    if (oid != NULL) {
        query.oid = oid;
        err = gather(*others, visit, kase, &query);
        query.oid = NULL;
    }
    if (err == NULL && kase->ubn != NULL) {
        query.ubn = kase->ubn;
        err = gather(*others, visit, kase, &query);
        query.ubn = NULL;
    }
    if (err == NULL && kase->org_name != NULL) {
        query.name = kase->org_name;
        err = gather(*others, visit, kase, &query);
    }
    return err;
}

static xca_value_t *warn(xca_value_t *warnings, const char *text) {
    xca_value_t *item = xca_list_map(warnings);

    xca_map_text(item, "text", text);
    return item;
}

static xca_error_t *put_others(xca_visit_t *visit, xca_value_t *warnings, const xca_case_t *kase) {
    xca_value_t *list = xca_map_list(visit->model, "others");
    apr_array_header_t *others;
    int i, open = 0;
    xca_error_t *err = others_of(&others, visit, kase);

    for (i = 0; err == NULL && i < others->nelts; i++) {
        const xca_case_t *other = APR_ARRAY_IDX(others, i, const xca_case_t *);

        xca_office_put_row(visit, list, other);
        open += other->kind != XCA_CASE_REVOCATION && xca_office_is_open(other);
    }
    if (err == NULL && open > 0 && kase->kind != XCA_CASE_REVOCATION && xca_office_is_open(kase)) {
        xca_map_number(warn(warnings, "office.warn.open-case"), "count", open);
    }
    return err;
}

static xca_error_t *put_certificates(xca_visit_t *visit, const char *oid) {
    xca_value_t *list = xca_map_list(visit->model, "certificates");
    apr_array_header_t *certs;
    int i, more = 0;
    xca_error_t *err = xca_cert_search(&certs, &more, visit->office->store, XCA_CERT_BY_OID, oid, OTHERS, visit->pool);

    for (i = 0; err == NULL && i < certs->nelts; i++) {
        xca_cert_show(visit, xca_list_map(list), APR_ARRAY_IDX(certs, i, const xca_cert_t *));
    }
    xca_map_true(visit->model, "more_certificates", more);
    return err;
}

static xca_error_t *put_cards(xca_visit_t *visit, const char *oid) {
    xca_value_t *list = xca_map_list(visit->model, "cards");
    apr_array_header_t *cards;
    int i, more;
    xca_error_t *err = xca_card_search(&cards, &more, visit->office->store, XCA_CARD_BY_OID, oid, OTHERS, visit->pool);

    for (i = 0; err == NULL && i < cards->nelts; i++) {
        const xca_card_t *card = APR_ARRAY_IDX(cards, i, const xca_card_t *);
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "number", card->number);
        xca_map_text(item, "rank", apr_pstrcat(visit->pool, "rank.", xca_card_rank_id(card->rank), NULL));
        xca_map_text(item, "state", apr_pstrcat(visit->pool, "card.state.", xca_card_state_id(card->state), NULL));
    }
    return err;
}

/* Warnings. */

static void warn_of_organisation(xca_value_t *warnings, const char *text, const xca_org_t *org) {
    xca_value_t *item = warn(warnings, text);

    xca_map_text(item, "name", org->name);
    xca_map_text(item, "oid", org->oid);
    xca_map_text(item, "ubn", org->ubn);
}

/* "財團法人臺北市甲基金會" is looked for as "甲基金會" too: what stands before it is left out or written otherwise. */
static const char *core_of(const char *name) {
    static const char *const heads[] = {"財團法人", "社團法人", "行政法人"};
    static const apr_size_t head = sizeof("財團法人") - 1, place = sizeof("臺北市") - 1;
    apr_size_t i;

    for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (strncmp(name, heads[i], head) == 0) {
            name += head;
        }
    }
    if (strlen(name) > place + 6 && (strncmp(name + place - 3, "市", 3) == 0 || strncmp(name + place - 3, "縣", 3) == 0)) {
        name += place;
    }
    return name;
}

static int same_text(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static xca_error_t *warn_of_names(xca_visit_t *visit, xca_value_t *warnings, const xca_case_t *kase, const char *oid) {
    apr_array_header_t *orgs;
    int i, more;
    xca_error_t *err =
        xca_org_search(&orgs, &more, visit->office->store, core_of(kase->org_name), NULL, 6, visit->pool);

    if (err != NULL && err->kind == XCA_E_INVALID) {
        return NULL; /* nothing that can be looked for */
    }
    for (i = 0; err == NULL && i < orgs->nelts; i++) {
        const xca_org_t *org = APR_ARRAY_IDX(orgs, i, const xca_org_t *);

        if (!same_text(org->oid, oid)) {
            warn_of_organisation(warnings, same_text(org->name, kase->org_name) ? "office.warn.same-name" : "office.warn.similar-name",
                                 org);
        }
    }
    return err;
}

static xca_error_t *warn_of_number(xca_visit_t *visit, xca_value_t *warnings, const xca_case_t *kase, const char *oid) {
    apr_array_header_t *orgs;
    int i, more;
    xca_error_t *err = xca_org_search(&orgs, &more, visit->office->store, NULL, kase->ubn, 6, visit->pool);

    for (i = 0; err == NULL && i < orgs->nelts; i++) {
        const xca_org_t *org = APR_ARRAY_IDX(orgs, i, const xca_org_t *);

        if (!same_text(org->oid, oid)) {
            warn_of_organisation(warnings, "office.warn.same-ubn", org);
        }
    }
    return err;
}

/* What stands against the application as of now: key in use, organisation abolished, a primary card that is valid. The signer asks the same. */
static xca_error_t *warn_of_checks(xca_visit_t *visit, xca_value_t *warnings, const xca_case_t *kase) {
    xca_case_t checked = *kase;
    xca_error_t *err = xca_application_check(visit->office, &checked, NULL, kase->number, visit->now, visit->pool);

    if (err != NULL && (err->kind == XCA_E_UNAVAILABLE || err->kind == XCA_E_INTERNAL)) {
        return err;
    }
    for (; err != NULL; err = err->next) {
        xca_map_text(warn(warnings, "office.warn.check"), "why",
                     xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool));
    }
    return NULL;
}

static xca_error_t *put_warnings(xca_visit_t *visit, xca_value_t *warnings, const xca_case_t *kase) {
    const char *oid = kase->assigned_oid != NULL ? kase->assigned_oid : kase->oid;
    xca_error_t *err = NULL;

    if (kase->problem != NULL && *kase->problem != '\0') {
        xca_map_text(warn(warnings, "office.warn.problem"), "why",
                     xca_catalogue_texts(visit->portal->texts, kase->problem, visit->language, visit->pool));
    }
    if (!xca_case_is_application(kase->kind) || !xca_office_is_open(kase)) {
        return NULL; /* what follows is about applications */
    }
    if (kase->state <= XCA_STATE_APPROVED || kase->state == XCA_STATE_RETURNED) {
        err = warn_of_checks(visit, warnings, kase);
    }
    if (err == NULL && kase->oid == NULL && kase->org_name != NULL) {
        err = warn_of_names(visit, warnings, kase, oid);
    }
    return err != NULL || kase->ubn == NULL ? err : warn_of_number(visit, warnings, kase, oid);
}

xca_error_t *xca_office_case_show(xca_visit_t *visit, const xca_case_t *kase) {
    const char *oid = kase->assigned_oid != NULL ? kase->assigned_oid : kase->oid;
    xca_value_t *warnings = xca_map_list(visit->model, "warnings");
    xca_error_t *err = put_warnings(visit, warnings, kase);

    put_changes(visit, kase);
    if (err == NULL) {
        err = put_decisions(visit, kase);
    }
    if (err == NULL) {
        err = put_others(visit, warnings, kase);
    }
    if (err == NULL && oid != NULL) {
        err = put_certificates(visit, oid);
    }
    return err != NULL || oid == NULL ? err : put_cards(visit, oid);
}
