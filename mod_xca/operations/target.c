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

xca_error_t *xca_letter_date_check(const char *date, apr_time_t now, apr_pool_t *pool) {
    apr_time_t day = date != NULL ? xca_date_parse_iso(date) : now;

    if (day > now) {
        return xca_error_field(pool, "letter_date", "date.future", date);
    }
    return day != 0 && day < now - LETTER_DAYS * XCA_DAY
               ? xca_error_field(pool, "letter_date", "date.too-old", date)
               : NULL;
}
