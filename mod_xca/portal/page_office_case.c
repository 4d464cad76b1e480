/* One case, with all that is needed to decide. */
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "outside/crypto.h"
#include "portal/case_view.h"
#include "portal/engine.h"
#include "portal/office_case.h"
#include "portal/office_door.h"
#include "portal/office_lists.h"
#include "portal/page_card_desk.h"
#include "portal/page_office.h"
#include "portal/xds_show.h"

static xca_error_t *put_window(xca_visit_t *visit, const xca_case_t *kase) {
    xca_window_t *window;
    xca_error_t *err;

    if (kase->window == NULL) {
        return NULL;
    }
    xca_map_text(visit->model, "window", kase->window);
    err = xca_window_read(&window, visit->office->store, kase->window, visit->pool);
    if (err == NULL) {
        xca_map_text(visit->model, "window_name", window->name);
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

/* The certificate that the case is about, and its card. */
static xca_error_t *put_target(xca_visit_t *visit, xca_value_t *map, const xca_case_t *kase) {
    xca_cert_t *cert;
    xca_error_t *err;

    xca_map_text(map, "serial", kase->target_serial);
    err = xca_cert_read(&cert, visit->office->store, kase->target_serial != NULL ? kase->target_serial : "-", visit->pool);
    if (err == NULL) {
        xca_map_text(map, "card_number", cert->card_number);
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

/* What a revocation or a code reset is about. */
static xca_error_t *put_holder(xca_visit_t *visit, const xca_case_t *kase) {
    int revokes = kase->kind == XCA_CASE_REVOCATION;
    xca_value_t *map;

    if (!revokes && kase->kind != XCA_CASE_CODE_RESET) {
        return NULL;
    }
    map = xca_map_map(visit->model, revokes ? "revocation" : "code_reset");
    if (kase->revoke_reason != NULL) {
        xca_map_text(map, "reason", kase->revoke_reason);
        xca_map_text(map, "_reason", apr_pstrcat(visit->pool, "reason.", kase->revoke_reason, NULL));
    }
    xca_map_text(map, "remark", kase->remark);
    xca_map_text(map, "letter_date", kase->letter_date);
    xca_office_put_due(visit, map, kase);
    return put_target(visit, map, kase);
}

static void put_decision_form(xca_visit_t *visit, const xca_case_t *kase) {
    apr_array_header_t *one = apr_array_make(visit->pool, 1, sizeof(xca_case_t *));

    APR_ARRAY_PUSH(one, const xca_case_t *) = kase;
    xca_map_text(visit->model, "_choice", apr_psprintf(visit->pool, "%s.%ld", kase->number, kase->revision));
    xca_office_put_decision_form(visit, one);
}

/* The one-time code, for its officer's card helper alone: what stands here is an envelope that this portal cannot open. */
static xca_error_t *put_code(xca_visit_t *visit, const xca_case_t *kase) {
    xca_value_t *map;

    if (kase->kind != XCA_CASE_CODE_RESET || kase->state != XCA_STATE_ISSUED || kase->envelope.length == 0) {
        return NULL;
    }
    xca_map_true(visit->model, "_told_by_other", xca_value_find(visit->model, "_own_second") == NULL);
    if (xca_value_find(visit->model, "_own_second") == NULL) {
        return NULL;
    }
    map = xca_map_map(visit->model, "open_code");
    xca_map_text(map, "case", kase->number);
    xca_map_text(map, "envelope", xca_base64(visit->pool, kase->envelope.data, kase->envelope.length));
    return xca_page_card_desk(visit);
}

xca_error_t *xca_page_office_call_sheet(xca_visit_t *visit) {
    xca_case_t *kase;
    xca_value_t *map;
    xca_error_t *err = xca_office_need_role(visit, XCA_ROLE_CENTRAL, XCA_ROLE_CENTRAL);

    if (err == NULL) {
        err = xca_office_case_read(&kase, visit, visit->arg);
    }
    if (err != NULL) {
        return err;
    }
    if (kase->kind != XCA_CASE_CODE_RESET || kase->state != XCA_STATE_ISSUED) {
        return xca_error_make(visit->pool, XCA_E_CONFLICT, "reset.no-code", "%s", kase->number);
    }
    map = xca_map_map(visit->model, "call");
    xca_map_text(map, "case", kase->number);
    xca_map_text(map, "name", kase->org_name);
    xca_map_text(map, "contact", kase->contact_name);
    xca_map_text(map, "title", kase->contact_title);
    xca_map_text(map, "phone", kase->contact_phone);
    xca_map_text(map, "remark", kase->remark);
    xca_office_put_due(visit, map, kase);
    return put_target(visit, map, kase);
}

xca_error_t *xca_page_office_case(xca_visit_t *visit) {
    xca_case_t *kase;
    xca_value_t *card;
    xca_error_t *err = xca_office_case_read(&kase, visit, visit->arg);

    if (err != NULL) {
        return err;
    }
    xca_case_view_show(visit, kase);
    xca_map_text(visit->model, "_here", kase->number);
    xca_map_text(visit->model, "kind", xca_case_kind_id(kase->kind));
    xca_map_text(visit->model, "_kind", apr_pstrcat(visit->pool, "kind.", xca_case_kind_id(kase->kind), NULL));
    xca_map_when(visit->model, "since", kase->state_changed);
    if (kase->corrected != 0) {
        xca_map_text(visit->model, "corrected", xca_date_format(visit->pool, kase->corrected, XCA_DATE_ISO_TIME));
    }
    if (xca_office_may_decide(visit->officer, kase)) {
        put_decision_form(visit, kase);
    }
    if (kase->serial != NULL) {
        xca_map_text(visit->model, "serial", kase->serial);
    }
    if (kase->card_number != NULL) {
        card = xca_map_map(visit->model, "card");
        xca_map_text(card, "number", kase->card_number);
    }
    err = put_holder(visit, kase);
    if (err == NULL) {
        err = put_window(visit, kase);
    }
    if (err == NULL && kase->kind == XCA_CASE_OID_CHANGE) {
        err = xca_xds_show_case(visit, kase);
    }
    if (err == NULL) {
        err = xca_office_case_show(visit, kase);
    }
    return err != NULL ? err : put_code(visit, kase);
}
