#include "operations/revocation.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/target.h"

static xca_error_t *check_not_under_way(xca_office_t *office, const xca_cert_t *cert, apr_pool_t *pool) {
    apr_array_header_t *cases;
    int i;
    xca_error_t *err = xca_case_by_target(&cases, office->store, cert->serial, pool);

    for (i = 0; err == NULL && i < cases->nelts; i++) {
        const xca_case_t *kase = APR_ARRAY_IDX(cases, i, const xca_case_t *);

        if (kase->kind == XCA_CASE_REVOCATION) {
            err = xca_error_make(pool, XCA_E_CONFLICT, "revoke.under-way", "%s", cert->serial);
            err->arg = kase->number;
        }
    }
    return err;
}

static xca_case_t *case_of(const xca_cert_t *cert, const xca_revocation_order_t *order,
                           const xca_officer_t *officer, apr_time_t now, apr_pool_t *pool) {
    xca_case_t *kase = apr_pcalloc(pool, sizeof(*kase));

    kase->kind = XCA_CASE_REVOCATION;
    kase->state = XCA_STATE_FILED;
    kase->revision = 1;
    kase->use = XCA_USE_COUNT;
    kase->class = cert->class;
    kase->oid = cert->oid;
    kase->org_name = cert->org_name;
    kase->email = cert->email;
    kase->contact_email = cert->contact_email;
    kase->target_serial = cert->serial;
    kase->revoke_reason = order->reason;
    kase->remark = order->remark;
    kase->letter_date = order->letter_date != NULL && *order->letter_date != '\0'
                            ? order->letter_date
                            : xca_date_format(pool, now, XCA_DATE_ISO);
    kase->window = officer->window;
    kase->filed = kase->state_changed = now;
    return kase;
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
                                 const xca_revocation_order_t *order, const xca_officer_t *officer,
                                 apr_time_t now, apr_pool_t *pool) {
    xca_case_t *kase;
    xca_cert_t *cert;
    apr_int64_t sequence;
    xca_error_t *err;

    if (officer->role != XCA_ROLE_RA) {
        return xca_error_make(pool, XCA_E_DENIED, "decision.role", "%s", officer->uid);
    }
    err = xca_target_find(&cert, office, order->number, pool);
    if (err == NULL && cert->state == XCA_CERT_REVOKED) {
        err = xca_error_make(pool, XCA_E_CONFLICT, "revoke.already", "%s", cert->serial);
    }
    if (err == NULL) {
        err = check_not_under_way(office, cert, pool);
    }
    if (err != NULL) {
        return err;
    }
    kase = case_of(cert, order, officer, now, pool);
    err = check(kase, office, now, pool);
    if (err == NULL) {
        err = xca_counter_next(&sequence, office->store, "case", pool);
    }
    if (err == NULL) {
        kase->number = xca_case_number_make(pool, 1, sequence);
        err = xca_case_add(office->store, kase, pool);
    }
    /* As it stands in the directory: what is signed is what was recorded. */
    return err == NULL ? xca_case_read(filed, office->store, kase->number, pool) : err;
}

apr_time_t xca_revocation_due(const xca_case_t *kase, const char *holidays, apr_pool_t *pool) {
    if (kase->kind != XCA_CASE_REVOCATION ||
        (kase->state != XCA_STATE_REVIEWED && kase->state != XCA_STATE_APPROVED)) {
        return 0;
    }
    return xca_working_day_end(kase->state_changed, 1, holidays, pool);
}
