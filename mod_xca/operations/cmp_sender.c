#include "operations/cmp_sender.h"

#include <string.h>
#include "domain/codes.h"
#include "outside/crypto_view.h"

static xca_error_t *deny(const char *message, apr_pool_t *pool) {
    return xca_error_make(pool, XCA_E_DENIED, message, NULL);
}

static xca_error_t *check_cert(const xca_cert_t *cert, const xca_cmp_message_t *message, apr_time_t now, apr_pool_t *pool) {
    if (cert->der.length != message->certificate.length ||
        memcmp(cert->der.data, message->certificate.data, cert->der.length) != 0) {
        return deny("cmp.sender", pool);
    }
    if (cert->state != XCA_CERT_VALID) {
        return deny("cmp.sender-revoked", pool);
    }
    if (cert->not_after <= now || cert->not_before > now) {
        return deny("cmp.sender-expired", pool);
    }
    if (cert->use != XCA_USE_SIGNATURE) {
        return deny("cmp.sender-use", pool);
    }
    return cert->card_number != NULL || cert->case_number == NULL ? deny("enrol.card", pool) : NULL;
}

xca_error_t *xca_cmp_sender(xca_cmp_sender_t *sender, xca_office_t *office, const xca_cmp_message_t *message, apr_time_t now,
                            apr_pool_t *pool) {
    xca_cert_view_t *view;
    const char *serial;
    xca_cert_t *cert;
    xca_case_t *kase;
    xca_error_t *err;

    if (!message->is_signed || message->certificate.length == 0) {
        return deny("cmp.unsigned", pool);
    }
    if (xca_cert_view(&view, message->certificate, pool) != NULL || xca_serial_parse(&serial, view->serial, "sender", pool) != NULL) {
        return deny("cmp.sender", pool);
    }
    err = xca_cert_read(&cert, office->store, serial, pool);
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? deny("cmp.sender", pool) : err;
    }
    err = check_cert(cert, message, now, pool);
    if (err == NULL) {
        err = xca_cmp_verify(message, cert->der, pool);
    }
    if (err == NULL) {
        err = xca_case_read(&kase, office->store, cert->case_number, pool);
    }
    if (err == NULL) {
        sender->cert = cert;
        sender->kase = kase;
    }
    return err;
}
