#include "operations/target.h"

#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"

#define LETTER_DAYS 180 /* a letter older than that has a wrong date */

static xca_error_t *find_by_card(xca_cert_t **cert, xca_office_t *office, char *number, apr_pool_t *pool) {
    apr_array_header_t *certs;
    int i;
    xca_error_t *err;

    number[0] = 'X';
    number[1] = number[1] == 'C' ? 'c' : number[1];
    err = xca_card_number_check(number, "number", pool);
    if (err == NULL) {
        err = xca_cert_search(&certs, NULL, office->store, XCA_CERT_BY_CARD, number, 0, pool);
    }
    *cert = NULL;
    for (i = 0; err == NULL && i < certs->nelts; i++) {
        xca_cert_t *one = APR_ARRAY_IDX(certs, i, xca_cert_t *);

        if (one->use == XCA_USE_SIGNATURE && (*cert == NULL || one->state != XCA_CERT_REVOKED)) {
            *cert = one;
        }
    }
    return err == NULL && *cert == NULL ? xca_error_field(pool, "number", "card.not-found", number) : err;
}

xca_error_t *xca_target_find(xca_cert_t **cert, xca_office_t *office, const char *typed, apr_pool_t *pool) {
    char *number = xca_text_halfwidth(pool, xca_text_trim(pool, typed != NULL ? typed : ""));
    const char *serial;
    xca_error_t *err;

    if (*number == '\0') {
        return xca_error_field(pool, "number", "field.required", NULL);
    }
    if (*number == 'X' || *number == 'x') {
        return find_by_card(cert, office, number, pool);
    }
    err = xca_serial_parse(&serial, number, "number", pool);
    if (err == NULL) {
        err = xca_cert_read(cert, office->store, serial, pool);
    }
    return err != NULL && err->kind == XCA_E_NOT_FOUND
               ? xca_error_field(pool, "number", "certificate.not-found", number)
               : err;
}

xca_case_t *xca_target_case(xca_case_kind kind, const xca_cert_t *cert, const xca_holder_form_t *form, apr_time_t now,
                            apr_pool_t *pool) {
    xca_case_t *kase = apr_pcalloc(pool, sizeof(*kase));

    kase->kind = kind;
    kase->use = XCA_USE_COUNT;
    kase->class = cert->class;
    kase->oid = cert->oid;
    kase->org_name = cert->org_name;
    kase->target_serial = cert->serial;
    kase->contact_name = form->contact_name;
    kase->contact_title = form->contact_title;
    kase->contact_email = form->contact_email;
    kase->contact_phone = form->contact_phone;
    kase->contact_fax = form->contact_fax;
    kase->revoke_reason = kind == XCA_CASE_REVOCATION ? form->reason : NULL;
    kase->remark = form->remark;
    kase->letter_date = form->letter_date != NULL && *form->letter_date != '\0'
                            ? form->letter_date
                            : xca_date_format(pool, now, XCA_DATE_ISO);
    return kase;
}

static xca_error_t *not_under_way(xca_office_t *office, const char *serial, xca_case_kind kind, const char *message,
                                  apr_pool_t *pool) {
    apr_array_header_t *cases;
    int i;
    xca_error_t *err = xca_case_by_target(&cases, office->store, serial, pool);

    for (i = 0; err == NULL && i < cases->nelts; i++) {
        const xca_case_t *kase = APR_ARRAY_IDX(cases, i, const xca_case_t *);

        if (kase->kind == kind) {
            err = xca_error_make(pool, XCA_E_CONFLICT, message, "%s", serial);
            err->arg = kase->number;
        }
    }
    return err;
}

xca_error_t *xca_target_not_under_way(xca_office_t *office, const xca_cert_t *cert, xca_case_kind kind,
                                      const char *message, apr_pool_t *pool) {
    apr_array_header_t *certs;
    int i;
    xca_error_t *err;

    if (cert->card_number == NULL) {
        return not_under_way(office, cert->serial, kind, message, pool);
    }
    err = xca_cert_search(&certs, NULL, office->store, XCA_CERT_BY_CARD, cert->card_number, 0, pool);
    for (i = 0; err == NULL && i < certs->nelts; i++) {
        err = not_under_way(office, APR_ARRAY_IDX(certs, i, const xca_cert_t *)->serial, kind, message, pool);
    }
    return err;
}

xca_error_t *xca_letter_date_check(const char *date, apr_time_t now, apr_pool_t *pool) {
    apr_time_t day = date != NULL ? xca_date_parse_iso(date) : now;

    if (day > now) {
        return xca_error_field(pool, "letter_date", "date.future", date);
    }
    return day != 0 && day < now - LETTER_DAYS * XCA_DAY
               ? xca_error_field(pool, "letter_date", "date.too-old", date)
               : NULL;
}
