/* A PKIMessage taken apart strictly (RFC 4210 section 5.1, X.690 DER), before OpenSSL sees it. */
#include <apr_strings.h>
#include "domain/codes.h"
#include "outside/crypto_cmp.h"
#include "outside/crypto_der.h"

#define NESTING_MAX    32
#define PKI_CONF       19
#define REASON_UNKNOWN (-1)
#define REASON_MAX     10 /* RFC 5280 section 5.3.1 */

#define TAGGED(number) (XCA_DER_CONSTRUCTED | (number))

static xca_error_t *unreadable(apr_pool_t *pool, const char *what) {
    return xca_error_make(pool, XCA_E_INVALID, "cmp.unreadable", "%s", what);
}

/* The OID of an AlgorithmIdentifier, and what comes behind it. 0 if it is none. */
static int take_algorithm(xca_der_item_t *oid, xca_der_at_t *parameters, const xca_der_item_t *identifier) {
    *parameters = xca_der_at(identifier->content);
    return xca_der_take(parameters, XCA_DER_OID, oid);
}

static int is_one_of(const xca_der_item_t *oid, const char *const *known) {
    for (; *known != NULL && !xca_der_oid_is(oid->content, *known); known++) {
    }
    return *known != NULL;
}

/* iterationCount: 1 to XCA_CMP_MAC_ROUNDS_MAX. */
static int is_count_bounded(xca_bytes_t count) {
    apr_size_t i;
    long value = 0;

    if (count.length == 0 || count.length > 4 || count.data[0] >= 0x80) {
        return 0;
    }
    for (i = 0; i < count.length; i++) {
        value = value * 256 + count.data[i];
    }
    return value > 0 && value <= XCA_CMP_MAC_ROUNDS_MAX;
}

/* PBMParameter: salt, owf, iterationCount, mac (RFC 4210 section 5.1.3.1, RFC 9481 section 6.1.1). */
static int is_mac_bounded(xca_der_at_t at) {
    static const char *const hashes[] = {"1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3", NULL};
    static const char *const macs[] = {"1.3.6.1.5.5.8.1.2", "1.2.840.113549.2.7", "1.2.840.113549.2.9", "1.2.840.113549.2.10", "1.2.840.113549.2.11", NULL};
    xca_der_item_t parameters, salt, hash, count, mac, oid;
    xca_der_at_t rest;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &parameters) || !xca_der_ended(&at)) {
        return 0;
    }
    at = xca_der_at(parameters.content);
    if (!xca_der_take(&at, XCA_DER_OCTET_STRING, &salt) || !xca_der_take(&at, XCA_DER_SEQUENCE, &hash) ||
        !xca_der_take(&at, XCA_DER_INTEGER, &count) || !xca_der_take(&at, XCA_DER_SEQUENCE, &mac) || !xca_der_ended(&at)) {
        return 0;
    }
    return salt.content.length >= XCA_CMP_MAC_SALT_MIN && salt.content.length <= XCA_CMP_MAC_SALT_MAX && is_count_bounded(count.content) &&
           take_algorithm(&oid, &rest, &hash) && is_one_of(&oid, hashes) && take_algorithm(&oid, &rest, &mac) && is_one_of(&oid, macs);
}

/* protectionAlg: signatures of SHA-256, SHA-384 or SHA-512 (RFC 9481 section 3), or a MAC by a password. */
static void take_protection(xca_cmp_message_t *message, const xca_der_item_t *algorithm) {
    static const char *const signatures[] = {"1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13",
                                             "1.2.840.10045.4.3.2",   "1.2.840.10045.4.3.3",   "1.2.840.10045.4.3.4", NULL};
    xca_der_at_t at = xca_der_at(algorithm->content), parameters;
    xca_der_item_t identifier, oid;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &identifier) || !xca_der_ended(&at) || !take_algorithm(&oid, &parameters, &identifier)) {
        return;
    }
    message->is_signed = is_one_of(&oid, signatures);
    message->is_mac = xca_der_oid_is(oid.content, "1.2.840.113533.7.66.13");
    message->is_mac_bounded = message->is_mac && is_mac_bounded(parameters);
}

/* [n] EXPLICIT OCTET STRING of 1 to XCA_CMP_NONCE_MAX bytes. */
static int take_octets(xca_bytes_t *bytes, const xca_der_item_t *field) {
    xca_der_at_t at = xca_der_at(field->content);
    xca_der_item_t octets;

    if (!xca_der_take(&at, XCA_DER_OCTET_STRING, &octets) || !xca_der_ended(&at) || octets.content.length == 0 ||
        octets.content.length > XCA_CMP_NONCE_MAX) {
        return 0;
    }
    *bytes = octets.content;
    return 1;
}

/* The fields behind the names: [0] messageTime to [8] generalInfo, in this order. */
static int take_fields(xca_cmp_message_t *message, xca_der_at_t *at) {
    xca_der_item_t field;
    int last = -1;

    while (xca_der_next(at, &field)) {
        int number = field.tag - XCA_DER_CONSTRUCTED, fine = 1;

        if (number <= last || number > 8) {
            return 0;
        }
        last = number;
        if (number == 1) {
            take_protection(message, &field);
        } else if (number == 2) {
            (void)take_octets(&message->reference, &field); /* what cannot be a reference is none */
        } else if (number == 4) {
            fine = take_octets(&message->transaction, &field);
        } else if (number == 5) {
            fine = take_octets(&message->sender_nonce, &field);
        } else if (number == 6) {
            fine = take_octets(&message->recipient_nonce, &field);
        }
        if (!fine) {
            return 0;
        }
    }
    return xca_der_ended(at) && message->transaction.length > 0 && message->sender_nonce.length > 0;
}

/* pvno 2 (cmp2000), or 3 (RFC 9480 section 2.20); sender and recipient are GeneralNames, the sender's is a directoryName [4]. */
static int take_header(xca_cmp_message_t *message, const xca_der_item_t *header) {
    xca_der_at_t at = xca_der_at(header->content), within;
    xca_der_item_t version, sender, name, recipient;

    if (!xca_der_take(&at, XCA_DER_INTEGER, &version) || version.content.length != 1 || version.content.data[0] < 2 ||
        version.content.data[0] > 3 || !xca_der_take(&at, TAGGED(4), &sender) || !xca_der_next(&at, &recipient)) {
        return 0;
    }
    within = xca_der_at(sender.content);
    if (!xca_der_take(&within, XCA_DER_SEQUENCE, &name) || !xca_der_ended(&within)) {
        return 0;
    }
    message->sender = name.whole;
    return take_fields(message, &at);
}

/* The one element of a SEQUENCE OF; *several if there are more. */
static int take_one(xca_der_item_t *element, int *several, const xca_der_item_t *list) {
    xca_der_at_t at = xca_der_at(list->content);

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, element)) {
        return 0;
    }
    *several = !xca_der_ended(&at);
    return 1;
}

/* crlEntryDetails: the reasonCode among the extensions, RFC 5280 section 5.3.1. */
static int reason_in(const xca_der_item_t *extensions) {
    xca_der_at_t at = xca_der_at(extensions->content);
    xca_der_item_t extension, oid, value = {0}, code;

    while (xca_der_take(&at, XCA_DER_SEQUENCE, &extension)) {
        xca_der_at_t within = xca_der_at(extension.content);

        if (!xca_der_take(&within, XCA_DER_OID, &oid) || !xca_der_oid_is(oid.content, "2.5.29.21")) {
            continue;
        }
        while (xca_der_next(&within, &value) && value.tag != XCA_DER_OCTET_STRING) {
        }
        if (value.tag != XCA_DER_OCTET_STRING) {
            return REASON_UNKNOWN;
        }
        within = xca_der_at(value.content);
        return xca_der_take(&within, XCA_DER_ENUMERATED, &code) && code.content.length == 1 && code.content.data[0] <= REASON_MAX
                   ? code.content.data[0]
                   : REASON_UNKNOWN;
    }
    return REASON_UNKNOWN;
}

/* RevDetails: certDetails with its serialNumber [1] IMPLICIT, and crlEntryDetails. */
static int take_revocation(xca_cmp_message_t *message, const xca_der_item_t *details, apr_pool_t *pool) {
    xca_der_at_t at = xca_der_at(details->content), within;
    xca_der_item_t template, field, extensions;

    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &template)) {
        return 0;
    }
    within = xca_der_at(template.content);
    while (xca_der_next(&within, &field)) {
        if (field.tag == (XCA_DER_CONTEXT | 1) && field.content.length > 0 && field.content.length <= XCA_SERIAL_MAX) {
            message->revoked = xca_text_hex(pool, field.content.data, field.content.length);
        }
    }
    if (xca_der_ended(&at)) {
        return 1;
    }
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &extensions) || !xca_der_ended(&at)) {
        return 0;
    }
    message->reason = reason_in(&extensions);
    return 1;
}

/* CertStatus: certHash, certReqId, statusInfo; without the last it is accepted (RFC 4210 section 5.3.18). */
static int take_confirmation(xca_cmp_message_t *message, const xca_der_item_t *confirmation) {
    xca_der_at_t at = xca_der_at(confirmation->content);
    xca_der_item_t hash, number, info, status;

    if (!xca_der_take(&at, XCA_DER_OCTET_STRING, &hash) || hash.content.length > 64 || !xca_der_take(&at, XCA_DER_INTEGER, &number)) {
        return 0;
    }
    message->hash = hash.content;
    message->confirms = 1;
    if (xca_der_peek(&at) == XCA_DER_SEQUENCE) {
        if (!xca_der_next(&at, &info)) {
            return 0;
        }
        at = xca_der_at(info.content);
        if (!xca_der_take(&at, XCA_DER_INTEGER, &status) || status.content.length != 1) {
            return 0;
        }
        message->confirms = status.content.data[0] == 0;
        return 1;
    }
    return xca_der_ended(&at); /* hashAlg is for signatures without a hash: ours have one */
}

static xca_error_t *take_body(xca_cmp_message_t *message, const xca_der_item_t *body, apr_pool_t *pool) {
    xca_der_at_t at = xca_der_at(body->content);
    xca_der_item_t content, one;
    int several = 0, fine = 1;

    message->body = body->tag - XCA_DER_CONSTRUCTED;
    message->reason = REASON_UNKNOWN;
    /* OpenSSL takes a SEQUENCE without the bit of constructed ones, too. */
    if (!xca_der_take(&at, message->body == PKI_CONF ? XCA_DER_NULL : XCA_DER_SEQUENCE, &content) || !xca_der_ended(&at)) {
        return unreadable(pool, "body");
    }
    switch (message->body) {
    case XCA_CMP_P10CR:
        message->request = content.whole;
        return NULL;
    case XCA_CMP_IR:
    case XCA_CMP_CR:
    case XCA_CMP_KUR:
        fine = take_one(&one, &several, &content);
        message->request = one.whole;
        break;
    case XCA_CMP_RR:
        fine = take_one(&one, &several, &content) && take_revocation(message, &one, pool);
        break;
    case XCA_CMP_CERTCONF:
        fine = take_one(&one, &several, &content) && take_confirmation(message, &one);
        break;
    case XCA_CMP_POLLREQ:
        fine = take_one(&one, &several, &content);
        break;
    default:
        break;
    }
    if (!fine) {
        return unreadable(pool, "body");
    }
    return several ? xca_error_make(pool, XCA_E_INVALID, "cmp.several", NULL) : NULL;
}

/* Behind the body: protection [0], extraCerts [1]. */
static int take_rest(xca_cmp_message_t *message, xca_der_at_t *at) {
    xca_der_item_t item, list, certificate;

    if (xca_der_peek(at) == TAGGED(0) && !xca_der_next(at, &item)) {
        return 0;
    }
    if (xca_der_ended(at)) {
        return 1;
    }
    if (!xca_der_take(at, TAGGED(1), &item) || !xca_der_ended(at)) {
        return 0;
    }
    *at = xca_der_at(item.content);
    if (!xca_der_take(at, XCA_DER_SEQUENCE, &list) || !xca_der_ended(at)) {
        return 0;
    }
    *at = xca_der_at(list.content);
    if (xca_der_take(at, XCA_DER_SEQUENCE, &certificate)) {
        message->certificate = certificate.whole;
    }
    return 1;
}

xca_error_t *xca_cmp_read(xca_cmp_message_t **result, xca_bytes_t der, apr_pool_t *pool) {
    xca_cmp_message_t *message = apr_pcalloc(pool, sizeof(*message));
    xca_der_at_t at = xca_der_at(der);
    xca_der_item_t outer, header, body;
    xca_error_t *err;

    if (der.length > XCA_CMP_MAX) {
        return xca_error_make(pool, XCA_E_TOO_LARGE, "cmp.too-large", NULL);
    }
    if (!xca_der_well_formed(der, NESTING_MAX) || !xca_der_take(&at, XCA_DER_SEQUENCE, &outer) || !xca_der_ended(&at)) {
        return unreadable(pool, "no DER");
    }
    message->whole = der;
    at = xca_der_at(outer.content);
    if (!xca_der_take(&at, XCA_DER_SEQUENCE, &header) || !take_header(message, &header)) {
        return unreadable(pool, "header");
    }
    if (!xca_der_next(&at, &body) || (body.tag & 0xe0) != XCA_DER_CONSTRUCTED || body.tag - XCA_DER_CONSTRUCTED > 26) {
        return unreadable(pool, "body");
    }
    err = take_body(message, &body, pool);
    if (err != NULL) {
        return err;
    }
    if (!take_rest(message, &at)) {
        return unreadable(pool, "protection or certificates");
    }
    *result = message;
    return NULL;
}

xca_error_t *xca_cmp_nonce(xca_bytes_t *nonce, xca_bytes_t answer, apr_pool_t *pool) {
    xca_der_at_t at = xca_der_at(answer);
    xca_cmp_message_t message = {0};
    xca_der_item_t outer, header;

    if (xca_der_take(&at, XCA_DER_SEQUENCE, &outer)) {
        at = xca_der_at(outer.content);
        if (xca_der_take(&at, XCA_DER_SEQUENCE, &header) && take_header(&message, &header)) {
            nonce->data = apr_pmemdup(pool, message.sender_nonce.data, message.sender_nonce.length);
            nonce->length = message.sender_nonce.length;
            return NULL;
        }
    }
    return xca_error_make(pool, XCA_E_INTERNAL, "cmp.unreadable", "an answer of ours");
}
