#include "operations/code_reset.h"

#include <string.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/target.h"
#include "outside/crypto_cms.h"

static xca_error_t *check_not_under_way(xca_office_t *office, const xca_cert_t *cert, apr_pool_t *pool) {
    apr_array_header_t *cases;
    int i;
    xca_error_t *err = xca_case_by_target(&cases, office->store, cert->serial, pool);

    for (i = 0; err == NULL && i < cases->nelts; i++) {
        const xca_case_t *kase = APR_ARRAY_IDX(cases, i, const xca_case_t *);

        if (kase->kind == XCA_CASE_CODE_RESET) {
            err = xca_error_make(pool, XCA_E_CONFLICT, "reset.under-way", "%s", cert->serial);
            err->arg = kase->number;
        }
    }
    return err;
}

static xca_case_t *case_of(const xca_cert_t *cert, const xca_code_reset_order_t *order, apr_time_t now,
                           apr_pool_t *pool) {
    xca_case_t *kase = apr_pcalloc(pool, sizeof(*kase));

    kase->kind = XCA_CASE_CODE_RESET;
    kase->state = XCA_STATE_FILED;
    kase->revision = 1;
    kase->use = XCA_USE_COUNT;
    kase->class = cert->class;
    kase->oid = cert->oid;
    kase->org_name = cert->org_name;
    kase->target_serial = cert->serial;
    kase->contact_name = order->contact_name;
    kase->contact_title = order->contact_title;
    kase->contact_phone = order->contact_phone;
    kase->contact_email = order->contact_email;
    kase->contact_fax = order->contact_fax;
    kase->remark = order->remark;
    kase->letter_date = order->letter_date != NULL && *order->letter_date != '\0'
                            ? order->letter_date
                            : xca_date_format(pool, now, XCA_DATE_ISO);
    kase->filed = kase->state_changed = now;
    return kase;
}

xca_error_t *xca_code_reset_file(xca_case_t **filed, xca_office_t *office,
                                 const xca_code_reset_order_t *order, const xca_officer_t *officer,
                                 apr_time_t now, apr_pool_t *pool) {
    xca_case_t *kase;
    xca_cert_t *cert;
    apr_int64_t sequence;
    xca_error_t *err;

    if (officer->role != XCA_ROLE_CENTRAL) {
        return xca_error_make(pool, XCA_E_DENIED, "decision.role", "%s", officer->uid);
    }
    err = xca_target_find(&cert, office, order->number, pool);
    if (err == NULL && (cert->state == XCA_CERT_REVOKED || cert->not_after <= now)) {
        err = xca_error_make(pool, XCA_E_CONFLICT, "reset.revoked", "%s", cert->serial);
    }
    if (err == NULL) {
        err = check_not_under_way(office, cert, pool);
    }
    if (err != NULL) {
        return err;
    }
    kase = case_of(cert, order, now, pool);
    err = xca_error_append(xca_case_check(kase, office->postal, pool),
                           xca_letter_date_check(kase->letter_date, now, pool));
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

xca_error_t *xca_code_reset_open(xca_secret_t **code, const xca_case_t *kase, const xca_officer_t *officer,
                                 const xca_key_t *key, apr_pool_t *pool) {
    if (kase->kind != XCA_CASE_CODE_RESET || kase->state != XCA_STATE_ISSUED || kase->envelope.length == 0) {
        return xca_error_make(pool, XCA_E_CONFLICT, "reset.no-code", "%s", kase->number);
    }
    return xca_cms_envelope_open(code, kase->envelope, key, officer->certificate, pool);
}

apr_time_t xca_code_reset_due(const xca_case_t *kase) {
    return kase->kind == XCA_CASE_CODE_RESET && kase->state == XCA_STATE_ISSUED
               ? kase->state_changed + XCA_RESET_DAYS * XCA_DAY
               : 0;
}
