/* What officers' cases and requests are about: a certificate by its serial number, or a card by its number. */
#ifndef XCA_OPERATIONS_TARGET_H
#define XCA_OPERATIONS_TARGET_H

#include "operations/office.h"

/* The certificate that a number as typed names: by serial number (as xca_serial_parse() takes it), or by card number. A card stands
 * for its signature certificate, one that is not revoked if there is one.
 * Errors, field "number": "field.required", "serial.form", "card-number.form", "certificate.not-found", "card.not-found". */
xca_error_t *xca_target_find(xca_cert_t **cert, xca_office_t *office, const char *typed,
                             apr_pool_t *pool) XCA_MUST_USE;

/* What a holder's sealed form says, as an officer types it. What it does not say is NULL. */
typedef struct xca_holder_form {
    const char *number;      /* serial number of a certificate, or number of a card (all its certificates) */
    const char *reason;      /* of a revocation: "abolished", "lost", "damaged", "other"                   */
    const char *remark;      /* of a revocation: what stands under "other"; of a reset: when to call       */
    const char *letter;      /* number of the letter it came with: of a revocation needed                    */
    const char *letter_date; /* day of the letter or form, YYYY-MM-DD; NULL or "": today                   */
    const char *contact_name, *contact_title, *contact_email, *contact_phone, *contact_fax;
} xca_holder_form_t;

/* The case of an officer about the certificate: whose it is, and what the form says. */
xca_case_t *xca_target_case(xca_case_kind kind, const xca_cert_t *cert, const xca_holder_form_t *form, apr_time_t now,
                            apr_pool_t *pool);

/* Error XCA_E_CONFLICT `message` (arg: the case) if one of this kind is under way about the certificate, or about another one of the
 * same card. */
xca_error_t *xca_target_not_under_way(xca_office_t *office, const xca_cert_t *cert, xca_case_kind kind,
                                      const char *message, apr_pool_t *pool) XCA_MUST_USE;

/* The day of a letter or form, YYYY-MM-DD (NULL: today). Errors, field "letter_date": "date.future", "date.too-old"; one that is no
 * day at all is told by xca_case_check(). */
xca_error_t *xca_letter_date_check(const char *date, apr_time_t now, apr_pool_t *pool) XCA_MUST_USE;

#endif
