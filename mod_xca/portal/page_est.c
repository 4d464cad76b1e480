#include "portal/page_est.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "base/log.h"
#include "domain/codes.h"
#include "operations/enrolment.h"
#include "outside/crypto.h"
#include "outside/crypto_csr.h"
#include "outside/crypto_der.h"
#include "outside/crypto_view.h"
#include "portal/api.h"
#include "portal/code_door.h"
#include "portal/engine.h"
#include "portal/request_view.h"

#define BASIC_MAX   1024    /* bytes of a header's credentials */
#define ASK_SOON    "5"     /* the certificate is being accepted */
#define CHALLENGE   "Basic realm=\"XCA\", charset=\"UTF-8\""
#define CERTIFICATES "application/pkcs7-mime; smime-type=certs-only"

int xca_basic_read(const char **name, xca_secret_t **password, const char *header, apr_pool_t *pool) {
    xca_bytes_t *plain;
    char *text, *colon;

    if (header == NULL || strncasecmp(header, "Basic ", 6) != 0 || strlen(header) > BASIC_MAX) {
        return 0;
    }
    plain = xca_unbase64(pool, header + 6, strlen(header + 6));
    if (plain == NULL || memchr(plain->data, '\0', plain->length) != NULL) {
        return 0;
    }
    text = apr_pstrmemdup(pool, (const char *)plain->data, plain->length);
    xca_wipe((void *)(apr_uintptr_t)plain->data, plain->length);
    colon = strchr(text, ':');
    if (colon != NULL) {
        *colon = '\0';
        *name = apr_pstrdup(pool, text);
        *password = xca_secret_make(pool, colon + 1, strlen(colon + 1));
        xca_wipe(colon + 1, strlen(colon + 1));
    }
    return colon != NULL;
}

xca_error_t *xca_est_body(xca_bytes_t *request, const char *body, apr_size_t length, apr_pool_t *pool) {
    xca_bytes_t *decoded;

    if (length > XCA_CSR_MAX * 2) {
        return xca_error_make(pool, XCA_E_TOO_LARGE, "csr.too-large", NULL);
    }
    if (length > 0 && (body[0] == 0x30 || body[0] == '-')) {
        request->data = (const unsigned char *)body;
        request->length = length;
        return NULL;
    }
    decoded = length > 0 ? xca_unbase64(pool, body, length) : NULL;
    if (decoded == NULL) {
        return xca_error_make(pool, XCA_E_INVALID, "est.body", NULL);
    }
    *request = *decoded;
    return NULL;
}

/* Answers ---- */

/* RFC 8951 section 3.1: in one line, which every client reads; strongSwan's reads nothing else. */
static void give_base64(xca_visit_t *visit, xca_bytes_t der, const char *type) {
    xca_visit_give_text(visit, xca_base64(visit->pool, der.data, der.length), type);
    apr_table_setn(visit->headers, "Content-Transfer-Encoding", "base64");
}

static void give_words(xca_visit_t *visit, const char *text) {
    xca_visit_give_text(visit, text, "text/plain; charset=utf-8");
    apr_table_setn(visit->headers, "Content-Language", visit->language == XCA_EN ? "en" : "zh-Hant-TW");
}

static int is_wrong_login(const xca_error_t *err) {
    return err->kind == XCA_E_DENIED && strncmp(err->message, "code.", 5) == 0;
}

/* Text, section 4.2.3; all that is wrong, a line each. */
static xca_error_t *tell(xca_visit_t *visit, xca_error_t *err) {
    const char *text = "";

    xca_log_error(visit->request->path, err);
    visit->status = xca_status_of(err);
    if (is_wrong_login(err)) {
        visit->status = 401;
        apr_table_setn(visit->headers, "WWW-Authenticate", CHALLENGE);
    } else if (err->kind == XCA_E_INVALID) {
        visit->status = 400;
    } else if (err->kind == XCA_E_LOCKED || err->kind == XCA_E_UNAVAILABLE) {
        apr_table_setn(visit->headers, "Retry-After", xca_api_wait(visit, err));
    }
    for (; err != NULL; err = err->next) {
        text = apr_pstrcat(visit->pool, text, xca_catalogue_error(visit->portal->texts, err, visit->language, visit->pool),
                           "\n", NULL);
    }
    give_words(visit, text);
    return NULL;
}

/* What anyone may have ---- */

xca_error_t *xca_page_est_cacerts(xca_visit_t *visit) {
    const xca_repository_state_t *state;
    xca_error_t *err =
        xca_repository_get(&state, visit->portal->repository, visit->office->store, visit->now, visit->pool);

    if (err == NULL && state->chain.length == 0) {
        err = xca_error_make(visit->pool, XCA_E_NOT_FOUND, "ca.not-found", NULL);
    }
    if (err != NULL) {
        return tell(visit, err);
    }
    give_base64(visit, state->chain, CERTIFICATES);
    return NULL;
}

static void put_key_kind(xca_der_t *der, const char *oid, const char *const *curves) {
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_put_oid(der, oid);
    xca_der_open(der, XCA_DER_SET);
    if (curves == NULL) {
        xca_der_put_number(der, 2048);
    }
    for (; curves != NULL && *curves != NULL; curves++) {
        xca_der_put_oid(der, *curves);
    }
    xca_der_close(der);
    xca_der_close(der);
}

/* CsrAttrs: the keys that profile.md takes, and the digest to sign with. */
xca_error_t *xca_page_est_csrattrs(xca_visit_t *visit) {
    static const char *const curves[] = {"1.2.840.10045.3.1.7", "1.3.132.0.34", NULL};
    xca_der_t *der = xca_der_make(visit->pool);
    xca_bytes_t bytes;
    xca_error_t *err;

    xca_der_open(der, XCA_DER_SEQUENCE);
    put_key_kind(der, "1.2.840.113549.1.1.1", NULL); /* rsaEncryption */
    put_key_kind(der, "1.2.840.10045.2.1", curves);  /* id-ecPublicKey */
    xca_der_put_oid(der, "1.2.840.113549.1.1.11");   /* sha256WithRSAEncryption */
    xca_der_put_oid(der, "1.2.840.10045.4.3.2");     /* ecdsa-with-SHA256 */
    xca_der_close(der);
    err = xca_der_finish(&bytes, der, visit->pool);
    if (err != NULL) {
        return tell(visit, err);
    }
    give_base64(visit, bytes, "application/csrattrs");
    return NULL;
}

/* Enrolment ---- */

static xca_error_t *check_type(xca_visit_t *visit) {
    const char *type = visit->request->content_type;
    xca_error_t *err;

    if (type != NULL && strncasecmp(type, "application/pkcs10", 18) == 0 && strchr("; \t", type[18]) != NULL) {
        return NULL;
    }
    err = xca_error_make(visit->pool, XCA_E_TYPE, "api.type", NULL);
    err->arg = "application/pkcs10";
    return err;
}

static xca_error_t *read_login(xca_enrolment_order_t *order, xca_visit_t *visit) {
    xca_secret_t *code;
    xca_error_t *err;

    if (!xca_basic_read(&order->name, &code, visit->request->authorization, visit->pool) || *order->name == '\0') {
        return xca_error_make(visit->pool, XCA_E_DENIED, "code.est-login", NULL);
    }
    order->code = code;
    err = xca_user_code_check(code, "code", visit->pool);
    return err != NULL ? err : xca_code_door_open(visit);
}

static xca_error_t *enroll(xca_visit_t *visit, int renewal) {
    xca_enrolment_order_t order = {0};
    xca_enrolment_t *enrolment;
    xca_bytes_t chain;
    xca_error_t *err = check_type(visit);

    order.renewal = renewal;
    if (err == NULL) {
        err = xca_api_limit(visit);
    }
    if (err == NULL) {
        err = read_login(&order, visit);
    }
    if (err == NULL) {
        err = xca_est_body(&order.request, visit->request->body, visit->request->body_length, visit->pool);
    }
    if (err == NULL) {
        err = xca_code_door_close(
            visit, xca_enrol(&enrolment, visit->office, &order, XCA_ANSWER_WAIT, visit->now, visit->pool));
    }
    if (err == NULL && enrolment->certificate.length > 0) {
        err = xca_cert_p7b(&chain, &enrolment->certificate, 1, visit->pool);
    }
    if (err != NULL) {
        return tell(visit, err);
    }
    if (enrolment->certificate.length > 0) {
        give_base64(visit, chain, CERTIFICATES);
        return NULL;
    }
    visit->status = 202;
    apr_table_setn(visit->headers, "Retry-After", enrolment->issued ? ASK_SOON : visit->portal->enrol_retry);
    give_words(visit, apr_psprintf(visit->pool, "%s %s\n",
                                   xca_catalogue_text(visit->portal->texts, "est.waiting", visit->language), enrolment->case_number));
    return NULL;
}

xca_error_t *xca_page_est_enroll(xca_visit_t *visit) {
    return enroll(visit, 0);
}

xca_error_t *xca_page_est_reenroll(xca_visit_t *visit) {
    return enroll(visit, 1);
}
