/* What officers' cases and requests are about: a certificate by its serial number, or a card by its number. */
#ifndef XCA_OPERATIONS_TARGET_H
#define XCA_OPERATIONS_TARGET_H

#include "operations/office.h"

/* The certificate that a number as typed names: by serial number (as xca_serial_parse() takes it), or by card number. A card stands
 * for its signature certificate, one that is not revoked if there is one.
 * Errors, field "number": "field.required", "serial.form", "card-number.form", "certificate.not-found", "card.not-found". */
xca_error_t *xca_target_find(xca_cert_t **cert, xca_office_t *office, const char *typed,
                             apr_pool_t *pool) XCA_MUST_USE;

/* The day of a letter or form, YYYY-MM-DD (NULL: today). Errors, field "letter_date": "date.future", "date.too-old"; one that is no
 * day at all is told by xca_case_check(). */
xca_error_t *xca_letter_date_check(const char *date, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
