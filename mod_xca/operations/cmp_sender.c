#include "operations/cmp_sender.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"
#include "outside/crypto.h"
#include "outside/crypto_view.h"

#define DECOY_BYTES 39 /* as long as a secret */

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

/* The case that is referred to, or one that there is not: *kase NULL. */
static xca_error_t *case_of_reference(xca_case_t **kase, xca_office_t *office, xca_bytes_t reference, apr_pool_t *pool) {
    const char *number = apr_pstrmemdup(pool, (const char *)reference.data, reference.length);
    xca_error_t *err;

    *kase = NULL;
    if (memchr(reference.data, '\0', reference.length) != NULL || xca_case_number_check(number, "reference", pool) != NULL) {
        number = xca_case_number_make(pool, 1, 0);
    }
    err = xca_case_read(kase, office->store, number, pool);
    return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
}

/* Where there is no secret, one that nobody knows is tried: an answer tells nothing by its time either. */
static xca_error_t *by_secret(xca_cmp_sender_t *sender, xca_office_t *office, const xca_cmp_message_t *message, int ended_too,
                              apr_time_t now, apr_pool_t *pool) {
    const xca_secret_t *secret;
    xca_secret_t *decoy = xca_secret_alloc(pool, DECOY_BYTES);
    xca_case_t *kase;
    int counts;
    xca_error_t *err = NULL;

    if (!message->is_mac_bounded) {
        return deny("cmp.mac-parameters", pool);
    }
    if (message->reference.length == 0) {
        return deny("cmp.secret", pool);
    }
    err = xca_random(decoy->bytes, decoy->length, pool);
    if (err == NULL) {
        err = case_of_reference(&kase, office, message->reference, pool);
    }
    if (err != NULL) {
        return err;
    }
    counts = kase != NULL && kase->device_secret != NULL && now < kase->device_secret_until && (ended_too || !xca_case_ended(kase->state));
    secret = counts ? kase->device_secret : decoy;
    if (xca_cmp_verify_mac(message, secret, pool) != NULL || !counts) {
        return deny("cmp.secret", pool);
    }
    sender->cert = NULL;
    sender->kase = kase;
    sender->secret = secret;
    return NULL;
}

static xca_error_t *by_signature(xca_cmp_sender_t *sender, xca_office_t *office, const xca_cmp_message_t *message, apr_time_t now,
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
        sender->secret = NULL;
    }
    return err;
}

xca_error_t *xca_cmp_sender(xca_cmp_sender_t *sender, xca_office_t *office, const xca_cmp_message_t *message, apr_time_t now,
                            apr_pool_t *pool) {
    return message->is_mac ? by_secret(sender, office, message, 0, now, pool) : by_signature(sender, office, message, now, pool);
}

xca_error_t *xca_cmp_witness(xca_cmp_sender_t *sender, xca_office_t *office, const xca_cmp_message_t *message, apr_time_t now,
                             apr_pool_t *pool) {
    return message->is_mac ? by_secret(sender, office, message, 1, now, pool) : by_signature(sender, office, message, now, pool);
}
