#include "operations/code_reset.h"

#include <string.h>
#include "domain/calendar.h"
#include "operations/case_file.h"
#include "operations/decision.h"
#include "outside/crypto_cms.h"
#include "wire/code_letter.h"

xca_error_t *xca_code_reset_target(xca_cert_t **cert, xca_office_t *office, const char *number,
                                   const xca_officer_t *officer, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    *cert = NULL;
    if (officer->role != XCA_ROLE_CENTRAL) {
        return xca_error_make(pool, XCA_E_DENIED, "decision.role", "%s", officer->uid);
    }
    err = xca_target_find(cert, office, number, pool);
    if (err == NULL && ((*cert)->state == XCA_CERT_REVOKED || (*cert)->not_after <= now)) {
        err = xca_error_make(pool, XCA_E_CONFLICT, "reset.revoked", "%s", (*cert)->serial);
    }
    return err != NULL ? err
                       : xca_target_not_under_way(office, *cert, XCA_CASE_CODE_RESET, "reset.under-way", pool);
}

xca_error_t *xca_code_reset_file(xca_case_t **filed, xca_office_t *office,
                                 const xca_holder_form_t *form, const xca_officer_t *officer,
                                 const char *nonce, apr_time_t now, apr_pool_t *pool) {
    xca_case_t *kase;
    xca_cert_t *cert;
    xca_error_t *err = xca_code_reset_target(&cert, office, form->number, officer, now, pool);

    if (err != NULL) {
        return err;
    }
    kase = xca_target_case(XCA_CASE_CODE_RESET, cert, form, now, pool);
    err = xca_error_append(xca_case_check(kase, office->postal, pool),
                           xca_letter_date_check(kase->letter_date, now, pool));
    err = xca_error_append(err, xca_decision_letter_check(form->letter, XCA_CASE_CODE_RESET, pool));
    return err != NULL ? err : xca_case_file(filed, office, kase, nonce, now, pool);
}

/* Out of the letter, which must be about this case: nobody passes another's code off as its. */
static xca_error_t *code_of(xca_secret_t **code, const xca_secret_t *text, const xca_case_t *kase, apr_pool_t *pool) {
    xca_secret_t *storage = xca_secret_alloc(pool, text->length + 1);
    xca_code_letter_t letter;

    if (!xca_code_letter_read(&letter, (char *)storage->bytes, (const char *)text->bytes, text->length) ||
        strcmp(letter.case_number, kase->number) != 0) {
        return xca_error_make(pool, XCA_E_DENIED, "reset.other-letter", "%s", kase->number);
    }
    *code = xca_secret_make(pool, letter.code, strlen(letter.code));
    return NULL;
}

xca_error_t *xca_code_reset_open(xca_secret_t **code, const xca_case_t *kase, const xca_officer_t *officer,
                                 const xca_key_t *key, apr_pool_t *pool) {
    xca_secret_t *text;
    xca_error_t *err;

    if (kase->kind != XCA_CASE_CODE_RESET || kase->state != XCA_STATE_ISSUED || kase->envelope.length == 0) {
        return xca_error_make(pool, XCA_E_CONFLICT, "reset.no-code", "%s", kase->number);
    }
    err = xca_cms_envelope_open(&text, kase->envelope, key, officer->certificate, pool);
    return err != NULL ? err : code_of(code, text, kase, pool);
}

apr_time_t xca_code_reset_due(const xca_case_t *kase) {
    return kase->kind == XCA_CASE_CODE_RESET && kase->state == XCA_STATE_ISSUED
               ? kase->state_changed + XCA_RESET_DAYS * XCA_DAY
               : 0;
}
