/* 申請狀態查詢: where a case stands, what happened so far, what to do next. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "operations/acceptance.h"
#include "operations/decision.h"
#include "directory/card_store.h"
#include "portal/case_view.h"
#include "portal/cert_show.h"
#include "portal/engine.h"
#include "portal/page_apply.h"
#include "portal/page_case.h"

typedef struct {
    apr_time_t when;
    const char *label;  /* id of a text */
    const char *letter; /* number of the 公文, or NULL */
    const char *reason; /* of a return, or NULL */
} event_t;

static void add_event(apr_array_header_t *events, apr_time_t when, const char *label,
                      const char *letter, const char *reason) {
    event_t *event;
    int i;

    if (when == 0) {
        return;
    }
    event = apr_array_push(events);
    for (i = events->nelts - 1; i > 0 && event[-1].when > when; i--, event--) {
        event[0] = event[-1];
    }
    event->when = when;
    event->label = label;
    event->letter = letter;
    event->reason = reason;
}

/* Decisions that counted. What cannot be read is left out: the state itself is always shown. */
static void add_decisions(xca_visit_t *visit, apr_array_header_t *events, const char *number) {
    apr_array_header_t *decisions;
    int i;
    xca_error_t *err =
        xca_decision_list(&decisions, visit->office->store, number, visit->pool);

    if (err != NULL) {
        xca_log_error("reading the decisions of a case", err);
        return;
    }
    for (i = 0; i < decisions->nelts; i++) {
        xca_decision_t *decision = APR_ARRAY_IDX(decisions, i, xca_decision_t *);

        if (decision->verdict == NULL || strcmp(decision->verdict, "counted") != 0) {
            continue;
        }
        err = xca_decision_peek(decision, visit->pool);
        if (err != NULL) {
            xca_log_error("reading a decision", err);
            continue;
        }
        add_event(events, decision->time, xca_case_view_event(decision, visit->pool), decision->letter, decision->reason);
    }
}

static void add_outcome(apr_array_header_t *events, const xca_case_t *kase) {
    int card = kase->kind == XCA_CASE_CARD;

    switch (kase->state) {
    case XCA_STATE_COMPLETED:
        add_event(events, kase->state_changed,
                  card ? "case.event.activated" : "case.event.accepted", NULL, NULL);
        break;
    case XCA_STATE_REFUSED:
        add_event(events, kase->state_changed, "case.event.refused", NULL, NULL);
        break;
    case XCA_STATE_LAPSED:
        add_event(events, kase->state_changed,
                  card ? "case.event.not-activated" : "case.event.lapsed", NULL, NULL);
        break;
    default:
        break;
    }
}

static int is_issued(xca_case_state state) {
    return state == XCA_STATE_ISSUED || state == XCA_STATE_COMPLETED ||
           state == XCA_STATE_REFUSED || state == XCA_STATE_LAPSED;
}

static void add_card(apr_array_header_t *events, const xca_card_t *card) {
    add_event(events, card->made, "case.event.card-made", NULL, NULL);
    add_event(events, card->dispatched, "case.event.card-dispatched", NULL, NULL);
}

static const char *text_of(const xca_visit_t *visit, const char *id) {
    return xca_catalogue_text(visit->portal->texts, id, visit->language);
}

static void put_history(xca_visit_t *visit, const xca_case_t *kase, const xca_card_t *card) {
    apr_array_header_t *events = apr_array_make(visit->pool, 8, sizeof(event_t));
    xca_value_t *list = xca_map_list(visit->model, "history");
    int i;

    add_event(events, kase->filed, "case.event.filed", NULL, NULL);
    add_event(events, kase->corrected, "case.event.corrected", NULL, NULL);
    add_decisions(visit, events, kase->number);
    if (card != NULL) {
        add_card(events, card);
    } else if (is_issued(kase->state)) {
        add_event(events, kase->not_before, "case.event.issued", NULL, NULL);
    }
    add_outcome(events, kase);
    for (i = 0; i < events->nelts; i++) {
        const event_t *event = &APR_ARRAY_IDX(events, i, event_t);
        xca_value_t *item = xca_list_map(list);

        xca_map_when(item, "when", event->when);
        xca_map_text(item, "event", event->label + strlen("case.event."));
        xca_map_text(item, "text", text_of(visit, event->label));
        xca_map_text(item, "letter", event->letter);
        xca_map_text(item, "reason", event->reason);
    }
}

/* The way of a case as five stations, for the eye. */
static void put_stations(xca_visit_t *visit, const xca_case_t *kase) {
    static const char *const labels[2][5] = {
        {"case.station.filed", "case.station.first", "case.station.second", "case.station.issued",
         "case.station.accepted"},
        {"case.station.filed", "case.station.first", "case.station.second",
         "case.station.dispatched", "case.station.activated"}};
    static const int reached[XCA_STATE_COUNT] = {
        [XCA_STATE_FILED] = 1,    [XCA_STATE_REVIEWED] = 2,  [XCA_STATE_APPROVED] = 3,
        [XCA_STATE_ISSUING] = 3,  [XCA_STATE_ISSUED] = 4,    [XCA_STATE_MADE] = 3,
        [XCA_STATE_DISPATCHED] = 4, [XCA_STATE_COMPLETED] = 5, [XCA_STATE_RETURNED] = 0,
        [XCA_STATE_REFUSED] = 4,  [XCA_STATE_LAPSED] = 4,
    };
    xca_value_t *list;
    int i;

    if (kase->kind == XCA_CASE_REVOCATION) {
        return;
    }
    list = xca_map_list(visit->model, "_stations");
    for (i = 0; i < 5; i++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "label", labels[kase->kind == XCA_CASE_CARD][i]);
        xca_map_true(item, "done", i < reached[kase->state]);
        xca_map_text(item, "mark", i < reached[kase->state] ? "done" : NULL);
        xca_map_text(item, "current", i == reached[kase->state] - 1 ? "step" : NULL);
    }
}

/* The card that is or was made for the case: the last one, if one was discarded on the way. */
static xca_error_t *find_card(xca_card_t **card, xca_visit_t *visit, const xca_case_t *kase) {
    apr_array_header_t *cards;
    xca_error_t *err;

    *card = NULL;
    if (kase->kind != XCA_CASE_CARD || kase->card_number == NULL) {
        return NULL;
    }
    err = xca_card_search(&cards, NULL, visit->office->store, XCA_CARD_BY_CASE, kase->number, 0,
                          visit->pool);
    if (err == NULL && cards->nelts > 0) {
        *card = APR_ARRAY_IDX(cards, cards->nelts - 1, xca_card_t *);
    }
    return err;
}

static void put_card(xca_visit_t *visit, const xca_case_t *kase, const xca_card_t *card) {
    if (card == NULL || card->state == XCA_CARD_STATE_MAKING ||
        card->state == XCA_CARD_STATE_DISCARDED) {
        return;
    }
    xca_map_text(visit->model, "card_number", card->number);
    xca_map_text(visit->model, "mail_number", card->mail_number);
    if (kase->state == XCA_STATE_DISPATCHED) {
        xca_map_text(visit->model, "until",
                     xca_date_format(visit->pool, card->not_before + XCA_ACCEPT_DAYS * XCA_DAY,
                                     XCA_DATE_ISO));
        xca_map_true(visit->model, "_activate", 1);
    }
}

/* Cards have their own next step in some states. */
static const char *next_step(const xca_case_t *kase, apr_pool_t *pool) {
    int own = kase->kind == XCA_CASE_CARD &&
              (kase->state == XCA_STATE_APPROVED || kase->state == XCA_STATE_ISSUING ||
               kase->state == XCA_STATE_COMPLETED || kase->state == XCA_STATE_LAPSED);

    return apr_pstrcat(pool, "case.next.", own ? "card-" : "", xca_case_state_id(kase->state), NULL);
}

/* What became of the certificates of a case that is done; *state: what all of them are, "mixed" if they differ, NULL if there are none. */
static xca_error_t *put_certificates(const char **state, xca_visit_t *visit, const xca_case_t *kase, const xca_card_t *card) {
    apr_array_header_t *certs;
    xca_value_t *list;
    int i;
    xca_error_t *err;

    *state = NULL;
    if (kase->state != XCA_STATE_COMPLETED || (card == NULL && kase->serial == NULL)) {
        return NULL;
    }
    err = xca_cert_search(&certs, NULL, visit->office->store, card != NULL ? XCA_CERT_BY_CARD : XCA_CERT_BY_SERIAL,
                          card != NULL ? card->number : kase->serial, 0, visit->pool);
    list = err == NULL ? xca_map_list(visit->model, "certificates") : NULL;
    for (i = 0; err == NULL && i < certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);
        const char *shown = xca_cert_shown(cert, visit->now);

        *state = *state == NULL || strcmp(*state, shown) == 0 ? shown : "mixed";
        xca_cert_show(visit, xca_list_map(list), cert);
    }
    return err;
}

/* What was done is told as it was; what to do next goes by what the certificates are now. */
static void put_next(xca_visit_t *visit, const xca_case_t *kase, const char *certificates) {
    int good = certificates == NULL || strcmp(certificates, "valid") == 0;
    int over = !good && (strcmp(certificates, "revoked") == 0 || strcmp(certificates, "expired") == 0);
    const char *id = good ? next_step(kase, visit->pool) : apr_pstrcat(visit->pool, "case.next.", certificates, NULL);

    xca_map_text(visit->model, "next", text_of(visit, id));
    xca_map_true(visit->model, "_again", over || kase->state == XCA_STATE_REFUSED || kase->state == XCA_STATE_LAPSED);
}

static xca_error_t *put_signer(xca_visit_t *visit, const xca_case_t *kase) {
    int silent;
    xca_error_t *err;

    if (kase->state > XCA_STATE_ISSUING) {
        return NULL;
    }
    err = xca_signer_is_silent(&silent, visit->office, visit->now, visit->pool);
    if (err == NULL) {
        xca_map_true(visit->model, "signer_silent", silent);
    }
    return err;
}

xca_error_t *xca_page_case_status(xca_visit_t *visit) {
    xca_case_t *kase;
    xca_error_t *err = xca_case_view_open(&kase, visit, "/case/status");

    if (err != NULL || kase == NULL) {
        return err;
    }
    xca_case_view_show(visit, kase);
    return xca_case_status_show(visit, kase);
}

xca_error_t *xca_case_status_show(xca_visit_t *visit, const xca_case_t *kase) {
    const char *certificates;
    xca_card_t *card;
    xca_error_t *err = find_card(&card, visit, kase);

    if (err == NULL) {
        err = put_certificates(&certificates, visit, kase, card);
    }
    if (err != NULL) {
        return err;
    }
    put_history(visit, kase, card);
    put_stations(visit, kase);
    put_card(visit, kase, card);
    xca_map_when(visit->model, "since", kase->state_changed);
    put_next(visit, kase, certificates);
    xca_map_text(visit->model, "_way", xca_apply_way_of(kase->kind)->name);
    xca_map_text(visit->model, "problem",
                 kase->problem != NULL && *kase->problem != '\0' ? kase->problem : NULL);
    xca_map_true(visit->model, "_accept", kase->state == XCA_STATE_ISSUED);
    xca_map_true(visit->model, "_device", kase->kind == XCA_CASE_CERTIFICATE && !xca_case_ended(kase->state));
    if (kase->kind != XCA_CASE_CARD && is_issued(kase->state)) {
        xca_map_text(visit->model, "serial", kase->serial);
    }
    if (kase->state == XCA_STATE_ISSUED) {
        xca_map_text(visit->model, "until",
                     xca_date_format(visit->pool, kase->not_before + XCA_ACCEPT_DAYS * XCA_DAY,
                                     XCA_DATE_ISO));
    }
    return put_signer(visit, kase);
}
