#include "operations/signer_order.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "operations/order.h"
#include "operations/signer_watch.h"

/* In the audit log before it counts, with the rights of who signed. */
static xca_error_t *log_signature(xca_signer_t *signer, const char *order, const xca_order_signature_t *one,
                                  const char *verdict, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};
    xca_error_t *err = one->signer != NULL ? xca_signer_officer_seen(signer, one->signer, now, pool) : NULL;

    if (err != NULL) {
        return err;
    }
    event.kind = "order-sign";
    event.actor = one->signer != NULL ? apr_pstrcat(pool, "officer ", one->signer->uid, NULL) : "unknown";
    event.key = apr_pstrcat(pool, order, "\n", one->id, "\n", verdict, NULL);
    event.details = xca_audit_details(pool, "order", order, "verdict", verdict, "cms", one->id, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

static xca_error_t *log_order(xca_signer_t *signer, const xca_order_t *order, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = "order-done";
    event.actor = "officers";
    event.key = order->id;
    event.details = order->is_window
                        ? xca_audit_details(pool, "order", order->id, "window", order->window.id, NULL)
                        : xca_audit_details(pool, "order", order->id, "officer", order->officer.uid, "role",
                                            xca_role_id(order->officer.role), "at", order->officer.window, "active",
                                            order->officer.active ? "yes" : "no", NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

static xca_error_t *note_verdicts(xca_signer_t *signer, const xca_order_standing_t *standing, apr_time_t now, apr_pool_t *pool) {
    int i;
    xca_error_t *err = NULL;

    for (i = 0; err == NULL && i < standing->signatures->nelts; i++) {
        const xca_order_signature_t *one = APR_ARRAY_IDX(standing->signatures, i, const xca_order_signature_t *);
        const char *verdict = one->err != NULL ? one->err->message : "counted";

        if (one->verdict != NULL && strcmp(one->verdict, verdict) == 0) {
            continue;
        }
        xca_log(XCA_LOG_INFO, "order %s: signature of %s: %s", standing->entry->id, one->signer != NULL ? one->signer->uid : "?", verdict);
        err = log_signature(signer, standing->entry->id, one, verdict, now, pool);
        if (err == NULL) {
            err = xca_order_verdict(signer->office->store, standing->entry->id, one->id, verdict, pool);
        }
    }
    return err;
}

/* Writing the record again is no harm, so a crash between the two writes is taken up by doing both once more. */
static xca_error_t *carry_out(xca_signer_t *signer, xca_order_t *order, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err = log_order(signer, order, now, pool);

    if (err != NULL) {
        return err;
    }
    order->window.changed = order->officer.changed = now;
    err = order->is_window ? xca_window_put(signer->office->store, &order->window, pool)
                           : xca_officer_put(signer->office->store, &order->officer, pool);

    if (err != NULL) {
        return err;
    }
    xca_log(XCA_LOG_WARNING, "order %s carried out: %s %s", order->id, order->is_window ? "window" : "officer",
            order->is_window ? order->window.id : order->officer.uid);
    return xca_order_move(signer->office->store, order->id, XCA_ORDER_DONE, NULL, now, pool);
}

xca_error_t *xca_signer_order(xca_signer_t *signer, const char *id, apr_time_t now, apr_pool_t *pool) {
    xca_order_standing_t standing;
    xca_error_t *err = xca_order_stands(&standing, signer->office, id, signer->officer_anchor, now, pool);

    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    if (standing.entry->state != XCA_ORDER_WAITING) {
        return NULL;
    }
    err = note_verdicts(signer, &standing, now, pool);
    if (err != NULL || standing.order == NULL || standing.people < standing.needed) {
        return err;
    }
    err = xca_order_check(signer->office, standing.order, signer->officer_anchor, now, pool);
    if (err == NULL) {
        err = carry_out(signer, standing.order, now, pool);
    } else if (err->kind != XCA_E_UNAVAILABLE && err->kind != XCA_E_INTERNAL) {
        xca_log(XCA_LOG_WARNING, "order %s refused: %s", id, err->message);
        err = xca_order_move(signer->office->store, id, XCA_ORDER_REFUSED, err->message, now, pool);
    }
    return err != NULL && err->kind == XCA_E_CONFLICT ? NULL : err; /* another signer was faster */
}
