/* Requests of those who know a user code: the signer opens the sealed code and checks it itself. What comes with a message goes elsewhere. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "directory/expiry_store.h"
#include "domain/codes.h"
#include "operations/notices.h"
#include "operations/sealing.h"
#include "operations/signer_card.h"
#include "operations/signer_code.h"
#include "operations/signer_confirm.h"
#include "operations/signer_issue.h"
#include "operations/signer_responder.h"
#include "operations/signer_revocation.h"
#include "operations/signer_secret.h"
#include "outside/crypto.h"
#include "wire/seal.h"

typedef struct {
    const char *answer; /* NULL: go on */
    int tries_left;
} verdict_t;

static xca_secret_t *open_code(xca_signer_t *signer, const xca_request_t *request,
                               apr_pool_t *pool) {
    xca_secret_t *code;
    const char *binding = xca_request_binding(pool, request->id, request->kind,
                                              xca_request_is_of_case(request->kind) ? request->case_number : request->serial,
                                              request->card_number);

    if (request->sealed_code.length < XCA_SEAL_OVERHEAD ||
        request->sealed_code.length > XCA_SEAL_OVERHEAD + xca_request_code_max(request->kind)) {
        return NULL;
    }
    code = xca_secret_alloc(pool, request->sealed_code.length - XCA_SEAL_OVERHEAD);
    if (!xca_unseal(code->bytes, request->sealed_code.data, request->sealed_code.length,
                    signer->seal_key->bytes, XCA_REQUEST_INFO, (const unsigned char *)binding,
                    strlen(binding))) {
        return NULL;
    }
    return code;
}

/* What a request is about: certificates, and the card that they are of, if any. */
typedef struct {
    apr_array_header_t *certs; /* xca_cert_t * */
    xca_card_t *card;          /* whose user code counts; NULL: the certificate's own */
} target_t;

static xca_error_t *by_serial(target_t *target, xca_signer_t *signer, const char *serial,
                              apr_pool_t *pool) {
    const xca_cert_t *cert;
    xca_error_t *err = xca_cert_search(&target->certs, NULL, signer->office->store, XCA_CERT_BY_SERIAL, serial,
                                       1, pool);

    if (err != NULL || target->certs->nelts == 0) {
        return err;
    }
    cert = APR_ARRAY_IDX(target->certs, 0, const xca_cert_t *);
    return cert->card_number != NULL
               ? xca_card_read(&target->card, signer->office->store, cert->card_number, pool)
               : NULL;
}

/* One by serial number; by card number all three that are on the card. */
static xca_error_t *targets(target_t *target, xca_signer_t *signer, const xca_request_t *request,
                            apr_pool_t *pool) {
    xca_cert_t *certs[XCA_USE_COUNT];
    int use;
    xca_error_t *err;

    memset(target, 0, sizeof(*target));
    if (request->serial != NULL) {
        return by_serial(target, signer, request->serial, pool);
    }
    target->certs = apr_array_make(pool, XCA_USE_COUNT, sizeof(xca_cert_t *));
    err = xca_card_read(&target->card, signer->office->store,
                        request->card_number != NULL ? request->card_number : "", pool);
    if (err != NULL) {
        return err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    err = xca_signer_card_certs(certs, signer, target->card, pool);
    for (use = 0; err == NULL && use < XCA_USE_COUNT; use++) {
        if (certs[use] != NULL) {
            APR_ARRAY_PUSH(target->certs, xca_cert_t *) = certs[use];
        }
    }
    return err;
}

/* Logged whenever it is told: whoever was stopped between the last try and the log writes it now. */
static xca_error_t *locked(verdict_t *verdict, xca_signer_t *signer, const xca_cert_t *cert, apr_time_t now,
                           apr_pool_t *pool) {
    verdict->answer = "code.locked-for-good";
    return xca_signer_log_lock(signer, cert->serial, NULL, cert->code_hash, now, pool);
}

static xca_error_t *check_code(verdict_t *verdict, xca_signer_t *signer, const xca_cert_t *cert,
                               const xca_secret_t *code, apr_time_t now, apr_pool_t *pool) {
    int matches, tries;
    xca_error_t *err;

    if (cert->code_tries >= XCA_CODE_TRIES) {
        return locked(verdict, signer, cert, now, pool);
    }
    if (cert->code_hash == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "code.no-hash", "%s", cert->serial);
    }
    err = xca_code_verify(&matches, cert->code_hash, code, pool);
    if (err != NULL) {
        return err;
    }
    if (matches) {
        return cert->code_tries > 0 ? xca_cert_code_right(signer->office->store, cert->serial, pool)
                                    : NULL;
    }
    err = xca_cert_code_wrong(&tries, signer->office->store, cert->serial, pool);
    if (err != NULL) {
        return err;
    }
    verdict->tries_left = tries < XCA_CODE_TRIES ? XCA_CODE_TRIES - tries : 0;
    verdict->answer = "code.wrong";
    return verdict->tries_left > 0 ? NULL : locked(verdict, signer, cert, now, pool);
}

/* The occasion of what a request does. */
static xca_cause_t cause_of(const xca_request_t *request) {
    xca_cause_t cause = {.actor = "holder", .key = request->id};

    return cause;
}

/* `event` NULL: the card has one notice for all its certificates. */
static xca_error_t *suspend(verdict_t *verdict, xca_signer_t *signer, const xca_cause_t *cause,
                            const xca_cert_t *cert, const char *event, apr_time_t now, apr_pool_t *pool) {
    if (cert->state != XCA_CERT_VALID && cert->state != XCA_CERT_SUSPENDED) {
        verdict->answer = "suspend.not-valid";
        return NULL;
    }
    return xca_signer_cert_state(signer, cert, XCA_CERT_SUSPENDED, XCA_REASON_HOLD, NULL, cause, event, now,
                                 pool);
}

static xca_error_t *resume(verdict_t *verdict, xca_signer_t *signer, const xca_cause_t *cause,
                           const xca_cert_t *cert, const char *event, apr_time_t now, apr_pool_t *pool) {
    if (cert->state != XCA_CERT_SUSPENDED && cert->state != XCA_CERT_VALID) {
        verdict->answer = "resume.not-suspended";
        return NULL;
    }
    if (xca_cert_is_revoking(cert)) {
        verdict->answer = "resume.revoking";
        return NULL;
    }
    return xca_signer_cert_state(signer, cert, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED, NULL, cause,
                                 cert->state == XCA_CERT_SUSPENDED ? event : NULL, now, pool);
}

static xca_error_t *carry_out(verdict_t *verdict, xca_signer_t *signer,
                              const xca_request_t *request, const apr_array_header_t *certs,
                              apr_time_t now, apr_pool_t *pool) {
    const xca_cause_t cause = cause_of(request);
    int whole_card = request->serial == NULL;
    xca_error_t *err = NULL;
    int i;

    for (i = 0; i < certs->nelts && err == NULL && verdict->answer == NULL; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(certs, i, const xca_cert_t *);

        if (cert->not_after <= now) {
            verdict->answer = "certificate.expired";
            return NULL;
        }
        switch (request->kind) {
        case XCA_REQUEST_SHOW:
            break;
        case XCA_REQUEST_ACCEPT:
            err = xca_signer_accept(&verdict->answer, signer, &cause, cert, now, pool);
            break;
        case XCA_REQUEST_REFUSE:
            err = xca_signer_refuse(&verdict->answer, signer, &cause, cert, now, pool);
            break;
        case XCA_REQUEST_SUSPEND:
            err = suspend(verdict, signer, &cause, cert, whole_card ? NULL : "suspended", now, pool);
            break;
        case XCA_REQUEST_RESUME:
            err = resume(verdict, signer, &cause, cert, whole_card ? NULL : "resumed", now, pool);
            break;
        case XCA_REQUEST_NOTICES_OFF:
        case XCA_REQUEST_NOTICES_ON:
            err = xca_cert_notices(signer->office->store, cert->serial, request->kind == XCA_REQUEST_NOTICES_OFF, pool);
            break;
        case XCA_REQUEST_CODE:
        case XCA_REQUEST_SECRET:
        case XCA_REQUEST_SECRET_OFF:
        case XCA_REQUEST_CARD:
        case XCA_REQUEST_RESPONDER:
        case XCA_REQUEST_CMP_SIGNER:
        case XCA_REQUEST_CONFIRM:
        case XCA_REQUEST_COUNT:
            verdict->answer = "request.unknown";
            break;
        }
    }
    return err;
}

static int is_of_notices(xca_request_kind kind) {
    return kind == XCA_REQUEST_NOTICES_OFF || kind == XCA_REQUEST_NOTICES_ON;
}

/* One card, one event, one notice; by the id of its request it is told once. */
static xca_error_t *tell_card(xca_signer_t *signer, const xca_request_t *request, const xca_card_t *card,
                              apr_time_t now, apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};

    facts.event = request->kind == XCA_REQUEST_SUSPEND ? "card-suspended" : "card-resumed";
    facts.id = apr_pstrcat(pool, card->number, "-", facts.event, "-", request->id, NULL);
    facts.to = card->contact_email;
    facts.case_number = card->case_number;
    facts.name = card->org_name;
    facts.card = card->number;
    return xca_notify(signer, &facts, now, pool);
}

/* One card, one code; a certificate without a card has its own. */
static xca_error_t *check_any_code(verdict_t *verdict, xca_signer_t *signer, const xca_request_t *request,
                                   const target_t *target, const xca_secret_t *code, apr_time_t now, apr_pool_t *pool) {
    if (target->card == NULL) {
        return check_code(verdict, signer, APR_ARRAY_IDX(target->certs, 0, const xca_cert_t *), code, now, pool);
    }
    return xca_signer_card_code(&verdict->answer, &verdict->tries_left, signer, target->card, code,
                                request->id, now, pool);
}

/* What a card's user code is good for here. */
static int is_of_cards(xca_request_kind kind) {
    return kind == XCA_REQUEST_SUSPEND || kind == XCA_REQUEST_RESUME || is_of_notices(kind);
}

/* Notices of a card go by all its certificates, by whatever number it was named. */
static xca_error_t *take_whole_card(target_t *target, xca_signer_t *signer, apr_pool_t *pool) {
    return xca_cert_search(&target->certs, NULL, signer->office->store, XCA_CERT_BY_CARD, target->card->number, 0, pool);
}

/* The present code and the new one, of a request that carries both. 0 if it does not. */
static int split_codes(xca_secret_t **present, xca_secret_t **fresh, const xca_secret_t *both,
                       apr_pool_t *pool) {
    const unsigned char *feed = memchr(both->bytes, '\n', both->length);
    apr_size_t length = feed != NULL ? (apr_size_t)(feed - both->bytes) : 0;

    if (feed == NULL) {
        return 0;
    }
    *present = xca_secret_make(pool, both->bytes, length);
    *fresh = xca_secret_make(pool, feed + 1, both->length - length - 1);
    return 1;
}

static int has_changed_it(const xca_request_t *request, const xca_code_holder_t *holder) {
    const char *nonce = holder->card != NULL ? holder->card->code_nonce : holder->cert->code_nonce;

    return nonce != NULL && strcmp(nonce, request->id) == 0;
}

static xca_error_t *change_code(verdict_t *verdict, xca_signer_t *signer, const xca_request_t *request,
                                const target_t *target, const xca_secret_t *both, apr_time_t now,
                                apr_pool_t *pool) {
    xca_code_holder_t holder = {target->card, APR_ARRAY_IDX(target->certs, 0, xca_cert_t *)};
    xca_secret_t *present, *fresh;
    int done = 0;
    xca_error_t *err = NULL;

    if (!split_codes(&present, &fresh, both, pool)) {
        verdict->answer = "request.unreadable";
        return NULL;
    }
    if (holder.cert->state == XCA_CERT_REVOKED || holder.cert->not_after <= now) {
        verdict->answer = "reset.revoked";
        return NULL;
    }
    if (has_changed_it(request, &holder)) { /* by a signer that was stopped before it answered */
        err = xca_code_verify(&done, holder.card != NULL ? holder.card->code_hash : holder.cert->code_hash,
                              fresh, pool);
    }
    if (err != NULL || done) {
        return err != NULL ? err : xca_signer_code_changed(signer, &holder, request->id, now, pool);
    }
    err = check_any_code(verdict, signer, request, target, present, now, pool);
    return err == NULL && verdict->answer == NULL
               ? xca_signer_code_change(&verdict->answer, signer, &holder, fresh, request->id, now, pool)
               : err;
}

static int must_be_changed(const target_t *target) {
    return target->card != NULL ? target->card->code_once
                                : APR_ARRAY_IDX(target->certs, 0, const xca_cert_t *)->code_once;
}

static xca_error_t *judge(verdict_t *verdict, xca_signer_t *signer, const xca_request_t *request,
                          apr_time_t now, apr_pool_t *pool) {
    target_t target;
    xca_secret_t *code = open_code(signer, request, pool);
    xca_error_t *err;

    if (code != NULL && xca_request_is_of_case(request->kind)) {
        return xca_signer_secret(&verdict->answer, signer, request, code, now, pool);
    }
    if (code == NULL || (request->serial == NULL && request->card_number == NULL)) {
        verdict->answer = "request.unreadable";
        return NULL;
    }
    err = targets(&target, signer, request, pool);
    if (err != NULL) {
        return err;
    }
    if (target.certs->nelts == 0) {
        verdict->answer = "certificate.not-found";
        return NULL;
    }
    if (request->kind == XCA_REQUEST_CODE) {
        return change_code(verdict, signer, request, &target, code, now, pool);
    }
    if (target.card != NULL && !is_of_cards(request->kind)) {
        verdict->answer = "accept.card"; /* a card is accepted by its activation alone */
        return NULL;
    }
    if (target.card != NULL && is_of_notices(request->kind)) {
        err = take_whole_card(&target, signer, pool);
        if (err != NULL) {
            return err;
        }
    }
    err = check_any_code(verdict, signer, request, &target, code, now, pool);
    if (err == NULL && verdict->answer == NULL && must_be_changed(&target)) {
        verdict->answer = "code.change-first";
    }
    if (err == NULL && verdict->answer == NULL) {
        err = carry_out(verdict, signer, request, target.certs, now, pool);
    }
    if (err == NULL && verdict->answer == NULL && request->serial == NULL && !is_of_notices(request->kind)) {
        err = tell_card(signer, request, target.card, now, pool);
    }
    return err;
}

xca_error_t *xca_signer_request(xca_signer_t *signer, const char *id, apr_time_t now,
                                apr_pool_t *pool) {
    xca_request_t *request;
    verdict_t verdict = {NULL, 0};
    xca_error_t *err = xca_request_read(&request, signer->office->store, id, pool);

    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return NULL;
    }
    if (err != NULL || request->state != XCA_REQUEST_WAITING) {
        return err;
    }
    if (request->kind == XCA_REQUEST_CARD) {
        return xca_signer_card_message(signer, request, now, pool);
    }
    if (request->kind == XCA_REQUEST_RESPONDER || request->kind == XCA_REQUEST_CMP_SIGNER) {
        return xca_signer_responder(signer, request, now, pool);
    }
    if (request->kind == XCA_REQUEST_CONFIRM) {
        return xca_signer_confirm(signer, request, now, pool);
    }
    err = judge(&verdict, signer, request, now, pool);
    if (err != NULL) {
        return err;
    }
    xca_log(XCA_LOG_INFO, "request %s (%s): %s", request->id, xca_request_kind_id(request->kind),
            verdict.answer != NULL ? verdict.answer : "done");
    return xca_request_answer(signer->office->store, request,
                              verdict.answer == NULL ? XCA_REQUEST_DONE : XCA_REQUEST_DENIED,
                              verdict.answer != NULL ? verdict.answer : "request.done",
                              verdict.tries_left, pool);
}
