#include "operations/card_relay.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_cms.h"
#include "wire/card_message.h"

static xca_error_t *malformed(apr_pool_t *pool) {
    return xca_error_make(pool, XCA_E_INVALID, "card.malformed", NULL);
}

/* The text that is signed, without a look at the signature. */
static xca_error_t *text_of(const char **text, apr_size_t *length, xca_bytes_t message,
                            apr_pool_t *pool) {
    unsigned char signature[1024];
    size_t signature_length = sizeof(signature);

    if (message.length > 0 && message.data[0] == 0x30) {
        return xca_cms_content(text, length, message, XCA_CARD_MESSAGE_MAX, pool);
    }
    *text = (const char *)message.data;
    return xca_card_envelope_split(*text, message.length, length, signature, &signature_length)
               ? NULL
               : malformed(pool);
}

xca_error_t *xca_card_relay_read(const char **nonce, int *brings_code, xca_bytes_t message,
                                 apr_pool_t *pool) {
    xca_card_message_t read;
    const char *text;
    apr_size_t length;
    xca_error_t *err = text_of(&text, &length, message, pool);

    if (err != NULL || length > XCA_CARD_MESSAGE_MAX ||
        !xca_lines_read(&read, apr_palloc(pool, length + 1), XCA_CARD_FIRST, xca_card_message_fields, text,
                        length) ||
        read.nonce == NULL) {
        return malformed(pool);
    }
    *nonce = read.nonce;
    *brings_code = read.operation != NULL && (strcmp(read.operation, XCA_CARD_ACTIVATE) == 0 ||
                                              strcmp(read.operation, XCA_CARD_UNLOCK) == 0);
    return NULL;
}

xca_error_t *xca_card_relay_hand_in(xca_office_t *office, const char *nonce, xca_bytes_t message,
                                    apr_time_t now, apr_pool_t *pool) {
    xca_request_t request = {0};
    xca_error_t *err;

    request.id = nonce;
    request.kind = XCA_REQUEST_CARD;
    request.state = XCA_REQUEST_WAITING;
    request.message = message;
    request.created = now;
    err = xca_request_add(office->store, &request, pool);
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? NULL : err;
}

xca_error_t *xca_card_relay_find(xca_request_t **request, xca_office_t *office, const char *nonce,
                                 apr_pool_t *pool) {
    xca_error_t *err = xca_request_read(request, office->store, nonce, pool);

    if (err == NULL && (*request)->kind != XCA_REQUEST_CARD) {
        err = xca_error_make(pool, XCA_E_NOT_FOUND, "request.not-found", NULL);
    }
    return err;
}

xca_error_t *xca_card_relay_session(const char **seal_key_proof, xca_bytes_t *chain,
                                    xca_office_t *office, apr_pool_t *pool) {
    xca_signer_status_t status;
    apr_array_header_t *certificates;
    xca_error_t *err = xca_signer_status_read(&status, office->store, pool);

    if (err == NULL) {
        err = xca_ca_read(&certificates, chain, office->store, pool);
    }
    if ((err != NULL && err->kind == XCA_E_NOT_FOUND) || (err == NULL && status.seal_proof == NULL)) {
        return xca_error_make(pool, XCA_E_UNAVAILABLE, "signer.never-ran", NULL);
    }
    *seal_key_proof = err == NULL ? status.seal_proof : NULL;
    return err;
}
