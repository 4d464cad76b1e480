#include "operations/revocation.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "operations/case_file.h"
#include "operations/decision.h"
#include "operations/window.h"

xca_error_t *xca_revocation_target(xca_cert_t **cert, xca_office_t *office, const char *number,
                                   const xca_officer_t *officer, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    *cert = NULL;
    if (officer->role != XCA_ROLE_RA) {
        return xca_error_make(pool, XCA_E_DENIED, "decision.role", "%s", officer->uid);
    }
    err = xca_target_find(cert, office, number, pool);
    if (err != NULL) {
        return err;
    }
    if ((*cert)->state == XCA_CERT_REVOKED) {
        return xca_error_make(pool, XCA_E_CONFLICT, "revoke.already", "%s", (*cert)->serial);
    }
    if ((*cert)->not_after <= now) {
        return xca_error_make(pool, XCA_E_CONFLICT, "revoke.expired", "%s", (*cert)->serial);
    }
    err = xca_window_check(office, *cert, officer->window, pool);
    return err != NULL ? err
                       : xca_target_not_under_way(office, *cert, XCA_CASE_REVOCATION, "revoke.under-way", pool);
}

static xca_error_t *check(xca_case_t *kase, xca_office_t *office, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *wrong = xca_case_check(kase, office->postal, pool);

    wrong = xca_error_append(wrong, xca_letter_date_check(kase->letter_date, now, pool));
    if (kase->revoke_reason != NULL && strcmp(kase->revoke_reason, "other") == 0 && kase->remark == NULL) {
        wrong = xca_error_append(wrong, xca_error_field(pool, "remark", "field.required", NULL));
    }
    return wrong;
}

xca_error_t *xca_revocation_file(xca_case_t **filed, xca_office_t *office,
                                 const xca_holder_form_t *form, const xca_officer_t *officer,
                                 const char *nonce, apr_time_t now, apr_pool_t *pool) {
    xca_case_t *kase;
    xca_cert_t *cert;
    xca_error_t *err = xca_revocation_target(&cert, office, form->number, officer, now, pool);

    if (err != NULL) {
        return err;
    }
    kase = xca_target_case(XCA_CASE_REVOCATION, cert, form, now, pool);
    kase->email = cert->email;
    if (kase->contact_email == NULL || *kase->contact_email == '\0') {
        kase->contact_email = cert->contact_email;
    }
    kase->window = officer->window;
    err = xca_error_append(check(kase, office, now, pool), xca_decision_letter_check(form->letter, XCA_CASE_REVOCATION, pool));
    return err != NULL ? err : xca_case_file(filed, office, kase, nonce, now, pool);
}

/* What the form's words are for a CRLReason, RFC 5280 section 5.3.1. */
static const char *word_of(int reason) {
    return reason == XCA_REASON_KEY_COMPROMISE ? "lost"
           : reason == XCA_REASON_SUPERSEDED   ? "damaged"
           : reason == XCA_REASON_CESSATION    ? "abolished"
                                               : "other";
}

xca_error_t *xca_revocation_by_holder(const char **number, xca_office_t *office, const xca_cert_t *cert, const xca_case_t *known, int reason,
                                      const char *nonce, apr_time_t now, apr_pool_t *pool) {
    xca_holder_form_t form = {0};
    xca_case_t *kase, *filed;
    xca_error_t *err = xca_target_not_under_way(office, cert, XCA_CASE_REVOCATION, "revoke.under-way", pool);

    if (err != NULL) {
        *number = err->arg;
        return err->kind == XCA_E_CONFLICT && strcmp(err->message, "revoke.under-way") == 0 ? NULL : err;
    }
    form.reason = word_of(reason);
    form.remark = apr_psprintf(pool, "CMP rr, CRLReason %d", reason >= 0 ? reason : XCA_REASON_UNSPECIFIED);
    form.contact_name = known->contact_name;
    form.contact_title = known->contact_title;
    form.contact_email = known->contact_email;
    form.contact_phone = known->contact_phone;
    form.contact_fax = known->contact_fax;
    kase = xca_target_case(XCA_CASE_REVOCATION, cert, &form, now, pool);
    kase->email = cert->email;
    kase->window = known->window;
    err = check(kase, office, now, pool);
    if (err == NULL) {
        err = xca_case_file(&filed, office, kase, nonce, now, pool);
    }
    if (err == NULL) {
        *number = filed->number;
    }
    return err;
}

apr_time_t xca_revocation_due(const xca_case_t *kase, const char *holidays, apr_pool_t *pool) {
    if (kase->kind != XCA_CASE_REVOCATION ||
        (kase->state != XCA_STATE_REVIEWED && kase->state != XCA_STATE_APPROVED)) {
        return 0;
    }
    return xca_working_day_end(kase->state_changed, 1, holidays, pool);
}
