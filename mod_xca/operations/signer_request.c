/* Requests of those who know a user code: the signer opens the sealed code and checks it itself. */
#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/codes.h"
#include "operations/sealing.h"
#include "operations/signer_issue.h"
#include "outside/crypto.h"
#include "wire/seal.h"

typedef struct {
    const char *answer; /* NULL: go on */
    int tries_left;
} verdict_t;

static xca_secret_t *open_code(xca_signer_t *signer, const xca_request_t *request,
                               apr_pool_t *pool) {
    xca_secret_t *code;
    const char *binding = xca_request_binding(pool, request->id, request->kind, request->serial,
                                              request->card_number);

    if (request->sealed_code.length < XCA_SEAL_OVERHEAD ||
        request->sealed_code.length > XCA_SEAL_OVERHEAD + XCA_USER_CODE_MAX * 4) {
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

/* The certificates a request is about: one by serial, all of a card by its number. */
static xca_error_t *targets(apr_array_header_t **certs, xca_signer_t *signer,
                            const xca_request_t *request, apr_pool_t *pool) {
    xca_cert_key key = request->serial != NULL ? XCA_CERT_BY_SERIAL : XCA_CERT_BY_CARD;
    const char *value = request->serial != NULL ? request->serial : request->card_number;

    return xca_cert_search(certs, NULL, signer->office->store, key, value, 8, pool);
}

static xca_error_t *check_code(verdict_t *verdict, xca_signer_t *signer, const xca_cert_t *cert,
                               const xca_secret_t *code, apr_pool_t *pool) {
    int matches, tries;
    xca_error_t *err;

    if (cert->code_tries >= XCA_CODE_TRIES) {
        verdict->answer = "code.locked-for-good";
        return NULL;
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
    verdict->answer = verdict->tries_left > 0 ? "code.wrong" : "code.locked-for-good";
    return NULL;
}

/* The case behind a certificate moves along; that it has done so before is fine. */
static xca_error_t *close_case(xca_signer_t *signer, const xca_cert_t *cert, xca_case_state to,
                               apr_time_t now, apr_pool_t *pool) {
    xca_case_t *kase;
    xca_error_t *err;

    if (cert->case_number == NULL) {
        return NULL;
    }
    err = xca_case_read(&kase, signer->office->store, cert->case_number, pool);
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return NULL;
    }
    if (err != NULL || kase->state != XCA_STATE_ISSUED) {
        return err;
    }
    return xca_case_move(signer->office->store, kase, to, NULL, now, pool);
}

static xca_error_t *accept_certificate(verdict_t *verdict, xca_signer_t *signer,
                                       const xca_cert_t *cert, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    if (cert->state != XCA_CERT_PENDING && cert->state != XCA_CERT_VALID) {
        verdict->answer = "accept.not-pending";
        return NULL;
    }
    err = xca_signer_cert_state(signer, cert, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED, NULL,
                                "accepted", now, pool);
    if (err != NULL) {
        return err;
    }
    return close_case(signer, cert, XCA_STATE_COMPLETED, now, pool);
}

static xca_error_t *refuse_certificate(verdict_t *verdict, xca_signer_t *signer,
                                       const xca_cert_t *cert, apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;
    int refused_before = cert->state == XCA_CERT_REVOKED && cert->reason_note != NULL &&
                         strcmp(cert->reason_note, "refused") == 0;

    if (cert->state != XCA_CERT_PENDING && !refused_before) {
        verdict->answer = "accept.not-pending";
        return NULL;
    }
    err = xca_signer_cert_state(signer, cert, XCA_CERT_REVOKED, XCA_REASON_UNSPECIFIED, "refused",
                                "refused", now, pool);
    if (err != NULL) {
        return err;
    }
    return close_case(signer, cert, XCA_STATE_REFUSED, now, pool);
}

static xca_error_t *suspend(verdict_t *verdict, xca_signer_t *signer, const xca_cert_t *cert,
                            apr_time_t now, apr_pool_t *pool) {
    if (cert->state != XCA_CERT_VALID && cert->state != XCA_CERT_SUSPENDED) {
        verdict->answer = "suspend.not-valid";
        return NULL;
    }
    return xca_signer_cert_state(signer, cert, XCA_CERT_SUSPENDED, XCA_REASON_HOLD, NULL,
                                 "suspended", now, pool);
}

static xca_error_t *resume(verdict_t *verdict, xca_signer_t *signer, const xca_cert_t *cert,
                           apr_time_t now, apr_pool_t *pool) {
    if (cert->state != XCA_CERT_SUSPENDED && cert->state != XCA_CERT_VALID) {
        verdict->answer = "resume.not-suspended";
        return NULL;
    }
    return xca_signer_cert_state(signer, cert, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED, NULL,
                                 cert->state == XCA_CERT_SUSPENDED ? "resumed" : NULL, now, pool);
}

static xca_error_t *carry_out(verdict_t *verdict, xca_signer_t *signer,
                              const xca_request_t *request, const apr_array_header_t *certs,
                              apr_time_t now, apr_pool_t *pool) {
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
            err = accept_certificate(verdict, signer, cert, now, pool);
            break;
        case XCA_REQUEST_REFUSE:
            err = refuse_certificate(verdict, signer, cert, now, pool);
            break;
        case XCA_REQUEST_SUSPEND:
            err = suspend(verdict, signer, cert, now, pool);
            break;
        case XCA_REQUEST_RESUME:
            err = resume(verdict, signer, cert, now, pool);
            break;
        case XCA_REQUEST_COUNT:
            verdict->answer = "request.unknown";
            break;
        }
    }
    return err;
}

static xca_error_t *judge(verdict_t *verdict, xca_signer_t *signer, const xca_request_t *request,
                          apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *certs;
    xca_secret_t *code = open_code(signer, request, pool);
    xca_error_t *err;

    if (code == NULL || (request->serial == NULL && request->card_number == NULL)) {
        verdict->answer = "request.unreadable";
        return NULL;
    }
    err = targets(&certs, signer, request, pool);
    if (err != NULL) {
        return err;
    }
    if (certs->nelts == 0) {
        verdict->answer = "certificate.not-found";
        return NULL;
    }
    /* One card, one code: the first certificate's counts for all of them. */
    err = check_code(verdict, signer, APR_ARRAY_IDX(certs, 0, const xca_cert_t *), code, pool);
    if (err != NULL || verdict->answer != NULL) {
        return err;
    }
    return carry_out(verdict, signer, request, certs, now, pool);
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
