#include "operations/signer_confirm.h"

#include <string.h>
#include "base/log.h"
#include "operations/cmp_sender.h"
#include "operations/enrolment.h"
#include "outside/crypto_cmp.h"

xca_error_t *xca_signer_accept(const char **answer, xca_signer_t *signer, const xca_cause_t *cause, const xca_cert_t *cert,
                               apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    if (cert->state != XCA_CERT_PENDING && cert->state != XCA_CERT_VALID) {
        *answer = "accept.not-pending";
        return NULL;
    }
    err = xca_signer_cert_state(signer, cert, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED, NULL, cause, "accepted", now, pool);
    return err != NULL ? err : xca_signer_close_case(signer, cert, XCA_STATE_COMPLETED, now, pool);
}

xca_error_t *xca_signer_refuse(const char **answer, xca_signer_t *signer, const xca_cause_t *cause, const xca_cert_t *cert,
                               apr_time_t now, apr_pool_t *pool) {
    int refused_before = cert->state == XCA_CERT_REVOKED && cert->reason_note != NULL && strcmp(cert->reason_note, "refused") == 0;
    xca_error_t *err;

    if (cert->state != XCA_CERT_PENDING && !refused_before) {
        *answer = "accept.not-pending";
        return NULL;
    }
    err = xca_signer_cert_state(signer, cert, XCA_CERT_REVOKED, XCA_REASON_UNSPECIFIED, "refused", cause, "refused", now, pool);
    return err != NULL ? err : xca_signer_close_case(signer, cert, XCA_STATE_REFUSED, now, pool);
}

/* What the message says, verified; an error that is nobody's fault here is the answer to it. */
static xca_error_t *judge(const xca_cert_t **cert, xca_cmp_message_t **message, xca_signer_t *signer, const xca_request_t *request,
                          apr_time_t now, apr_pool_t *pool) {
    xca_cmp_sender_t sender;
    xca_cert_t *found;
    xca_case_t *kase;
    xca_error_t *err = xca_cmp_read(message, request->message, pool);

    if (err == NULL && ((*message)->body != XCA_CMP_CERTCONF || request->serial == NULL)) {
        err = xca_error_make(pool, XCA_E_INVALID, "cmp.body", "%d", (*message)->body);
    }
    if (err == NULL) {
        err = xca_cmp_witness(&sender, signer->office, *message, now, pool);
    }
    if (err == NULL) {
        err = xca_cert_read(&found, signer->office->store, request->serial, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (found->card_number != NULL || found->case_number == NULL) {
        return xca_error_make(pool, XCA_E_INVALID, "accept.card", NULL);
    }
    if (found->not_after <= now) {
        return xca_error_make(pool, XCA_E_INVALID, "certificate.expired", NULL);
    }
    err = xca_case_read(&kase, signer->office->store, found->case_number, pool);
    if (err == NULL && (sender.cert == NULL ? strcmp(sender.kase->number, kase->number) != 0 : !xca_enrol_is_of(sender.kase, kase))) {
        err = xca_error_make(pool, XCA_E_DENIED, "enrol.other-case", NULL);
    }
    if (err == NULL && !xca_cmp_hash_is((*message)->hash, found->der, pool)) {
        err = xca_error_make(pool, XCA_E_INVALID, "cmp.hash", NULL);
    }
    *cert = found;
    return err;
}

static xca_error_t *carry_out(const char **answer, xca_signer_t *signer, const xca_request_t *request, const xca_cert_t *cert,
                              const xca_cmp_message_t *message, apr_time_t now, apr_pool_t *pool) {
    const xca_cause_t cause = {.actor = "device", .key = request->id, .evidence = message->whole};

    return message->confirms ? xca_signer_accept(answer, signer, &cause, cert, now, pool)
                             : xca_signer_refuse(answer, signer, &cause, cert, now, pool);
}

xca_error_t *xca_signer_confirm(xca_signer_t *signer, xca_request_t *request, apr_time_t now, apr_pool_t *pool) {
    xca_cmp_message_t *message = NULL;
    const xca_cert_t *cert = NULL;
    const char *answer = NULL;
    xca_error_t *err = judge(&cert, &message, signer, request, now, pool);

    if (err != NULL && err->kind != XCA_E_UNAVAILABLE && err->kind != XCA_E_INTERNAL) {
        answer = err->message;
        err = NULL;
    } else if (err == NULL) {
        err = carry_out(&answer, signer, request, cert, message, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    xca_log(XCA_LOG_INFO, "request %s (confirm): %s", request->id, answer != NULL ? answer : "done");
    return xca_request_answer(signer->office->store, request, answer == NULL ? XCA_REQUEST_DONE : XCA_REQUEST_DENIED,
                              answer != NULL ? answer : "request.done", 0, pool);
}
