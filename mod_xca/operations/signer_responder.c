#include "operations/signer_responder.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/calendar.h"
#include "outside/crypto_cmp.h"
#include "outside/crypto_csr.h"
#include "outside/crypto_ocsp.h"
#include "outside/crypto_view.h"

#define HOUR       apr_time_from_sec(3600)
#define SKEW       apr_time_from_sec(300) /* clocks of hosts and relying parties may differ that much */
#define CSR_LENGTH 1024                   /* one of RSA-2048 has some 600 bytes */

static int is_cmp(const xca_request_t *request) {
    return request->kind == XCA_REQUEST_CMP_SIGNER;
}

/* NULL if the key may be certified; otherwise why not. */
static const char *refusal(const xca_signer_t *signer, xca_csr_t **csr, const xca_request_t *request, apr_pool_t *pool) {
    xca_error_t *err;

    if (!is_cmp(request) && xca_signer_ca(signer, request->generation) == NULL) {
        return "responder.generation";
    }
    if (!is_cmp(request) && signer->profile->ocsp_url == NULL) {
        return "responder.off";
    }
    if (request->message.length > CSR_LENGTH) {
        return "csr.too-large";
    }
    err = xca_csr_read(csr, request->message.data, request->message.length, pool);
    if (err != NULL) {
        return err->message;
    }
    return (is_cmp(request) ? strcmp((*csr)->key_text, "EC P-256") == 0 : xca_ocsp_takes_key((*csr)->key_text)) ? NULL : "responder.key";
}

static int too_many(xca_certified_t *certified, apr_time_t now) {
    if (now >= certified->since + HOUR || now < certified->since) {
        certified->since = now;
        certified->count = 0;
    }
    return certified->count >= XCA_RESPONDERS_AN_HOUR;
}

static xca_error_t *log_certificate(xca_signer_t *signer, const xca_request_t *request, const xca_csr_t *csr,
                                    xca_bytes_t certificate, apr_time_t now, apr_pool_t *pool) {
    xca_audit_event_t event = {0};
    const char *digest = xca_sha256_hex(pool, certificate.data, certificate.length);
    xca_cert_view_t *view;
    xca_error_t *err = xca_cert_view(&view, certificate, pool);

    if (err != NULL) {
        return err;
    }
    event.kind = is_cmp(request) ? "cmp-signer-issue" : "responder-issue";
    event.actor = "portal";
    event.key = apr_pstrcat(pool, request->id, "\n", digest, NULL);
    event.details = xca_audit_details(pool, "serial", view->serial, "sha256", digest, "not-before",
                                      xca_date_format(pool, view->not_before, XCA_DATE_RFC3339), "not-after",
                                      xca_date_format(pool, view->not_after, XCA_DATE_RFC3339), "key", csr->key_hash, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

/* Of a responder: by the key that has issued what it is asked about (RFC 6960 section 4.2.2.2). Within the CA's own life. */
static xca_error_t *certify(xca_request_t *request, const xca_signer_t *signer, xca_bytes_t spki, apr_time_t now,
                            apr_pool_t *pool) {
    const xca_ca_t *issuer = is_cmp(request) ? signer->ca : xca_signer_ca(signer, request->generation);
    xca_cert_view_t *ca;
    apr_time_t from = now - SKEW, until = now + signer->responder_life;
    xca_error_t *err = xca_cert_view(&ca, xca_ca_certificate(issuer), pool);

    if (err != NULL) {
        return err;
    }
    return (is_cmp(request) ? xca_cmp_certify : xca_ocsp_certify)(
        &request->reply, issuer, spki, from > ca->not_before ? from : ca->not_before, until < ca->not_after ? until : ca->not_after, pool);
}

xca_error_t *xca_signer_responder(xca_signer_t *signer, xca_request_t *request, apr_time_t now, apr_pool_t *pool) {
    xca_certified_t *certified = is_cmp(request) ? &signer->cmp_signers : &signer->responders;
    xca_csr_t *csr = NULL;
    const char *why = refusal(signer, &csr, request, pool);
    xca_error_t *err = NULL;

    if (why == NULL && too_many(certified, now)) {
        why = "responder.too-many";
    }
    if (why == NULL) {
        err = certify(request, signer, csr->spki, now, pool);
    }
    if (err == NULL && why == NULL) {
        err = log_certificate(signer, request, csr, request->reply, now, pool);
    }
    if (err != NULL) {
        return err;
    }
    certified->count += why == NULL;
    xca_log(why == NULL ? XCA_LOG_INFO : XCA_LOG_WARNING, "request %s (%s): %s", request->id,
            xca_request_kind_id(request->kind), why != NULL ? why : "done");
    return xca_request_answer(signer->office->store, request, why == NULL ? XCA_REQUEST_DONE : XCA_REQUEST_DENIED,
                              why != NULL ? why : "request.done", 0, pool);
}
