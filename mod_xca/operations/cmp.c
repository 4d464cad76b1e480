#include "operations/cmp.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/transaction_store.h"
#include "operations/acceptance.h"
#include "operations/cmp_sender.h"
#include "operations/enrolment.h"
#include "operations/revocation.h"

#define SIGNER_WAIT apr_time_from_sec(8)
#define ID_DIGITS   32

/* One message on its way. */
typedef struct {
    const xca_cmp_service_t *service;
    xca_cmp_message_t *message;
    xca_cmp_sender_t sender;
    const char *id;                 /* of the transaction */
    xca_transaction_t *transaction; /* NULL: none yet */
    xca_cmp_message_t *first;       /* of it */
    xca_error_t *refused;           /* what the sender is told */
    apr_time_t now;
    apr_pool_t *pool;
} visit_t;

static int begins_one(int body) {
    return body == XCA_CMP_IR || body == XCA_CMP_CR || body == XCA_CMP_P10CR || body == XCA_CMP_KUR;
}

static int goes_on(int body) {
    return body == XCA_CMP_POLLREQ || body == XCA_CMP_CERTCONF;
}

/* How errors are told ---- */

static xca_cmp_failure failure_of(const xca_error_t *err) {
    static const struct {
        const char *message;
        xca_cmp_failure failure;
    } known[] = {{"cmp.unsigned", XCA_CMP_BAD_MESSAGE_CHECK},    {"cmp.protection", XCA_CMP_BAD_MESSAGE_CHECK},
                 {"cmp.sender", XCA_CMP_SIGNER_NOT_TRUSTED},     {"cmp.sender-expired", XCA_CMP_SIGNER_NOT_TRUSTED},
                 {"cmp.sender-use", XCA_CMP_SIGNER_NOT_TRUSTED},
                 {"cmp.sender-revoked", XCA_CMP_CERT_REVOKED},   {"cmp.nonce", XCA_CMP_BAD_RECIPIENT_NONCE},
                 {"transaction.changed", XCA_CMP_BAD_RECIPIENT_NONCE}, {"cmp.in-use", XCA_CMP_TRANSACTION_IN_USE},
                 {"cmp.hash", XCA_CMP_BAD_CERT_ID},              {"cmp.old-certificate", XCA_CMP_BAD_CERT_ID},
                 {"cmp.not-own", XCA_CMP_NOT_AUTHORIZED},        {"enrol.other-case", XCA_CMP_NOT_AUTHORIZED},
                 {"enrol.card", XCA_CMP_NOT_AUTHORIZED},         {"csr.bad-signature", XCA_CMP_BAD_POP},
                 {"crmf.proof", XCA_CMP_BAD_POP},                {"cmp.not-confirmed", XCA_CMP_BAD_CERT_ID},
                 {"cmp.secret", XCA_CMP_BAD_MESSAGE_CHECK},      {"cmp.mac-parameters", XCA_CMP_BAD_ALG},
                 {"cmp.needs-signature", XCA_CMP_WRONG_INTEGRITY}, {"enrol.secret-key", XCA_CMP_NOT_AUTHORIZED}};
    apr_size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(err->message, known[i].message) == 0) {
            return known[i].failure;
        }
    }
    if (err->kind == XCA_E_UNAVAILABLE) {
        return XCA_CMP_SYSTEM_UNAVAILABLE;
    }
    if (err->kind == XCA_E_INTERNAL) {
        return XCA_CMP_SYSTEM_FAILURE;
    }
    return strncmp(err->message, "csr.", 4) == 0 || strncmp(err->message, "crmf.", 5) == 0 ? XCA_CMP_BAD_CERT_TEMPLATE
                                                                                            : XCA_CMP_BAD_REQUEST;
}

/* All that is wrong, a line each. */
static const char *text_of(const xca_error_t *err, const visit_t *visit) {
    const char *text = "";

    for (; err != NULL; err = err->next) {
        text = apr_pstrcat(visit->pool, text, *text != '\0' ? "\n" : "",
                           xca_catalogue_error(visit->service->texts, err, visit->service->language, visit->pool), NULL);
    }
    return text;
}

static const char *tell(xca_cmp_failure *failure, const xca_error_t *err, void *baton) {
    *failure = failure_of(err);
    return text_of(err, baton);
}

/* What is asked for ---- */

static xca_error_t *enrol(xca_enrolment_t **enrolment, visit_t *visit) {
    const xca_cmp_message_t *first = visit->first != NULL ? visit->first : visit->message;

    if (visit->sender.cert == NULL) {
        return xca_enrol_by_secret(enrolment, visit->service->office, visit->sender.kase, first->request, visit->now, visit->pool);
    }
    return xca_enrol_by_certificate(enrolment, visit->service->office, visit->sender.kase, visit->sender.cert, first->request,
                                    first->body == XCA_CMP_KUR, visit->now, visit->pool);
}

static xca_error_t *judge_request(xca_cmp_verdict_t *verdict, visit_t *visit) {
    const xca_cmp_service_t *service = visit->service;
    xca_enrolment_t *enrolment;
    xca_error_t *err = enrol(&enrolment, visit);

    if (err != NULL) {
        return err;
    }
    verdict->certificate = enrolment->certificate;
    if (enrolment->certificate.length == 0) {
        verdict->waits = service->ask_again;
        verdict->text = apr_psprintf(visit->pool, "%s %s", xca_catalogue_text(service->texts, "est.waiting", service->language),
                                     enrolment->case_number);
    }
    return NULL;
}

/* The signer accepts or refuses the certificate, with the message as evidence. */
static xca_error_t *judge_confirmation(visit_t *visit) {
    xca_office_t *office = visit->service->office;
    xca_request_t request = {0}, *answered;
    unsigned char id[ID_DIGITS / 2];
    xca_enrolment_t *enrolment;
    xca_error_t *err = enrol(&enrolment, visit);

    if (err == NULL && (enrolment->certificate.length == 0 ||
                        !xca_cmp_hash_is(visit->message->hash, enrolment->certificate, visit->pool))) {
        err = xca_error_make(visit->pool, XCA_E_INVALID, "cmp.hash", NULL);
    }
    if (err == NULL) {
        err = xca_random(id, sizeof(id), visit->pool);
    }
    if (err != NULL) {
        return err;
    }
    request.id = xca_text_hex(visit->pool, id, sizeof(id));
    request.kind = XCA_REQUEST_CONFIRM;
    request.serial = enrolment->serial;
    request.message = visit->message->whole;
    request.created = visit->now;
    err = xca_request_add(office->store, &request, visit->pool);
    if (err == NULL) {
        err = xca_request_await(&answered, office, request.id, SIGNER_WAIT, visit->pool);
    }
    if (err == NULL && answered->state == XCA_REQUEST_WAITING) {
        err = xca_error_make(visit->pool, XCA_E_UNAVAILABLE, "cmp.confirm-later", NULL);
    }
    if (err == NULL && answered->state == XCA_REQUEST_DENIED) {
        err = xca_error_make(visit->pool, XCA_E_CONFLICT, "cmp.not-confirmed", NULL);
        err->arg = answered->answer != NULL ? xca_catalogue_text(visit->service->texts, answered->answer, visit->service->language) : NULL;
    }
    return err;
}

/* A device speaks for its own certificate alone: RFC 9483 section 4.2. */
static xca_error_t *judge_revocation(xca_cmp_verdict_t *verdict, visit_t *visit) {
    const xca_cmp_service_t *service = visit->service;
    const char *number;
    xca_error_t *err;

    if (visit->message->revoked == NULL || strcmp(visit->message->revoked, visit->sender.cert->serial) != 0) {
        return xca_error_make(visit->pool, XCA_E_DENIED, "cmp.not-own", NULL);
    }
    err = xca_revocation_by_holder(&number, service->office, visit->sender.cert, visit->sender.kase, visit->message->reason,
                                   apr_pstrndup(visit->pool, visit->id, ID_DIGITS), visit->now, visit->pool);
    if (err == NULL) {
        verdict->warns = 1;
        verdict->text = apr_psprintf(visit->pool, "%s %s", xca_catalogue_text(service->texts, "cmp.revoking", service->language), number);
    }
    return err;
}

static xca_error_t *judge(xca_cmp_verdict_t *verdict, void *baton) {
    visit_t *visit = baton;

    switch (visit->message->body) {
    case XCA_CMP_IR:
    case XCA_CMP_CR:
    case XCA_CMP_P10CR:
    case XCA_CMP_KUR:
    case XCA_CMP_POLLREQ:
        visit->refused = judge_request(verdict, visit);
        break;
    case XCA_CMP_CERTCONF:
        visit->refused = judge_confirmation(visit);
        break;
    case XCA_CMP_RR:
        visit->refused = judge_revocation(verdict, visit);
        break;
    default:
        break;
    }
    return visit->refused;
}

/* The transaction ---- */

/* By serial number, or the case's. */
static const char *sender_name(const visit_t *visit) {
    return visit->sender.cert != NULL ? visit->sender.cert->serial : visit->sender.kase->number;
}

/* Each sender has names of his own: nobody takes another's, and who has another secret is another. */
static const char *transaction_id(const visit_t *visit) {
    const xca_secret_t *secret = visit->sender.secret;
    xca_bytes_t transaction = visit->message->transaction;
    const char *text = apr_pstrcat(visit->pool, "xca-cmp-1\n", sender_name(visit), "\n",
                                   secret != NULL ? xca_sha256_hex(visit->pool, secret->bytes, secret->length) : "", secret != NULL ? "\n" : "",
                                   xca_text_hex(visit->pool, transaction.data, transaction.length), NULL);

    return xca_sha256_hex(visit->pool, text, strlen(text));
}

static xca_error_t *take_up(visit_t *visit, xca_cmp_exchange_t *exchange) {
    xca_bytes_t *nonce;
    xca_error_t *err = xca_transaction_read(&visit->transaction, visit->service->office->store, visit->id, visit->pool);

    if (err != NULL) {
        return err;
    }
    if (visit->transaction != NULL && begins_one(visit->message->body)) {
        return xca_error_make(visit->pool, XCA_E_CONFLICT, "cmp.in-use", NULL);
    }
    if (!goes_on(visit->message->body)) {
        return NULL;
    }
    if (visit->transaction == NULL) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "cmp.no-transaction", NULL);
    }
    nonce = xca_text_unhex(visit->pool, visit->transaction->nonce);
    if (nonce == NULL) {
        return xca_error_make(visit->pool, XCA_E_INTERNAL, "ldap.fault", "transaction %s", visit->id);
    }
    exchange->nonce = *nonce;
    err = xca_cmp_read(&visit->first, visit->transaction->first, visit->pool);
    exchange->first = visit->first;
    return err;
}

/* Recorded before the answer goes out. What was confirmed, or refused for good, is over. */
static xca_error_t *go_on(const visit_t *visit, xca_bytes_t answer) {
    xca_store_t *store = visit->service->office->store;
    xca_transaction_t made = {0};
    xca_bytes_t nonce;
    xca_error_t *err;

    if (!begins_one(visit->message->body) && !goes_on(visit->message->body)) {
        return NULL;
    }
    if (visit->refused != NULL || visit->message->body == XCA_CMP_CERTCONF) {
        return visit->transaction != NULL ? xca_transaction_end(store, visit->id, visit->pool) : NULL;
    }
    err = xca_cmp_nonce(&nonce, answer, visit->pool);
    if (err != NULL) {
        return err;
    }
    made.nonce = xca_text_hex(visit->pool, nonce.data, nonce.length);
    if (visit->transaction != NULL) {
        return xca_transaction_move(store, visit->transaction, made.nonce, visit->now, visit->pool);
    }
    made.id = visit->id;
    made.serial = sender_name(visit);
    made.first = visit->message->whole;
    made.began = made.seen = visit->now;
    err = xca_transaction_add(store, &made, visit->pool);
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? xca_error_make(visit->pool, XCA_E_CONFLICT, "cmp.in-use", NULL) : err;
}

/* What a certificate is needed for is signed by its key. */
static xca_error_t *check_protection(const visit_t *visit) {
    int body = visit->message->body;

    return visit->sender.cert == NULL && (body == XCA_CMP_KUR || body == XCA_CMP_RR)
               ? xca_error_make(visit->pool, XCA_E_DENIED, "cmp.needs-signature", NULL)
               : NULL;
}

static xca_error_t *answer_sender(xca_bytes_t *answer, visit_t *visit, xca_cmp_exchange_t *exchange) {
    xca_error_t *err = xca_cmp_signer_take(exchange, visit->service->signer, visit->service->office, SIGNER_WAIT, visit->now, visit->pool);

    if (visit->sender.cert != NULL) {
        exchange->sender = visit->sender.cert->der;
    }
    exchange->secret = visit->sender.secret;
    visit->id = transaction_id(visit);
    if (err == NULL) {
        err = check_protection(visit);
    }
    if (err == NULL) {
        err = take_up(visit, exchange);
    }
    if (err == NULL) {
        err = xca_cmp_exchange(answer, exchange, visit->pool);
    }
    return err == NULL ? go_on(visit, *answer) : err;
}

xca_error_t *xca_cmp_answer(xca_bytes_t *answer, xca_error_t **refused, const xca_cmp_service_t *service, xca_bytes_t message,
                            apr_time_t now, apr_pool_t *pool) {
    visit_t visit = {0};
    xca_cmp_exchange_t exchange = {0};
    xca_error_t *err = xca_cmp_read(&visit.message, message, pool);

    *refused = NULL;
    if (err != NULL) {
        return err;
    }
    visit.service = service;
    visit.now = now;
    visit.pool = pool;
    exchange.message = visit.message;
    exchange.judge = judge;
    exchange.tell = tell;
    exchange.baton = &visit;
    err = xca_cmp_sender(&visit.sender, service->office, visit.message, now, pool);
    if (err == NULL) {
        err = answer_sender(answer, &visit, &exchange);
    }
    *refused = err != NULL ? err : visit.refused;
    if (err == NULL) {
        return NULL;
    }
    err = xca_cmp_signer_take(&exchange, service->signer, service->office, 0, now, pool);
    return err != NULL ? err
                       : xca_cmp_refuse(answer, visit.message, &exchange, failure_of(*refused), text_of(*refused, &visit), now, pool);
}
