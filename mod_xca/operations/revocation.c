#include "operations/revocation.h"

#include <string.h>
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

apr_time_t xca_revocation_due(const xca_case_t *kase, const char *holidays, apr_pool_t *pool) {
    if (kase->kind != XCA_CASE_REVOCATION ||
        (kase->state != XCA_STATE_REVIEWED && kase->state != XCA_STATE_APPROVED)) {
        return 0;
    }
    return xca_working_day_end(kase->state_changed, 1, holidays, pool);
}
