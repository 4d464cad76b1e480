#include "operations/enrolment.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/cert_store.h"
#include "domain/codes.h"
#include "operations/acceptance.h"
#include "operations/application.h"
#include "outside/crypto.h"
#include "outside/crypto_csr.h"

#define CASE_DIGITS  25
#define NONCE_DIGITS 32

static xca_error_t *refuse(const char *message, const char *arg, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_CONFLICT, message, NULL);

    err->arg = arg;
    return err;
}

/* The number of the case that `name` stands for; of an unknown certificate one that there is not. */
static xca_error_t *case_of_name(const char **number, xca_cert_t **cert, xca_office_t *office, const char *name,
                                 apr_pool_t *pool) {
    const char *serial;
    xca_error_t *err;

    *cert = NULL;
    if (strlen(name) == CASE_DIGITS && name[strspn(name, "0123456789")] == '\0') {
        *number = name;
        return NULL;
    }
    err = xca_serial_parse(&serial, name, "name", pool);
    if (err == NULL) {
        err = xca_cert_read(cert, office->store, serial, pool);
    }
    if (err != NULL && err->kind != XCA_E_NOT_FOUND && err->kind != XCA_E_INVALID) {
        return err;
    }
    *number = err == NULL && (*cert)->case_number != NULL ? (*cert)->case_number : xca_case_number_make(pool, 1, 0);
    return NULL;
}

static int same_text(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The case for this key, whatever has become of it; *number NULL if there is none. */
static xca_error_t *case_of_key(const char **number, xca_office_t *office, const char *key_hash, apr_pool_t *pool) {
    apr_array_header_t *cases, *certs;
    xca_error_t *err = xca_case_by_key(&cases, office->store, key_hash, pool);

    *number = NULL;
    if (err == NULL && cases->nelts > 0) {
        *number = APR_ARRAY_IDX(cases, 0, const xca_case_t *)->number;
        return NULL;
    }
    if (err == NULL) {
        err = xca_cert_search(&certs, NULL, office->store, XCA_CERT_BY_KEY, key_hash, 1, pool);
    }
    if (err == NULL && certs->nelts > 0) {
        *number = APR_ARRAY_IDX(certs, 0, const xca_cert_t *)->case_number;
    }
    return err;
}

/* Another key for the organisation of a case that came to its end. The nonce is one for each case and key: however often the device
 * asks, it is one case. */
static xca_error_t *file(xca_case_t **filed, xca_office_t *office, const xca_case_t *known,
                         const xca_enrolment_order_t *order, const char *key_hash, apr_time_t now, apr_pool_t *pool) {
    xca_case_t *made = apr_pcalloc(pool, sizeof(*made));
    const char *text = apr_pstrcat(pool, "xca-enrol-1\n", known->number, "\n", key_hash, NULL);
    const char *nonce = apr_pstrndup(pool, xca_sha256_hex(pool, text, strlen(text)), NONCE_DIGITS);
    const xca_case_field_t *field;
    const char *number;
    xca_error_t *err;

    if (known->state != XCA_STATE_COMPLETED) {
        return refuse("enrol.not-completed", NULL, pool);
    }
    for (field = xca_case_fields; field->name != NULL; field++) {
        xca_case_set(made, field, xca_case_get(known, field));
    }
    made->kind = XCA_CASE_CERTIFICATE;
    made->code_hash = known->code_hash;
    made->oid = known->assigned_oid != NULL ? known->assigned_oid : known->oid;
    made->class = known->class;
    made->use = known->use;
    made->window = known->window;
    err = xca_application_check(office, made, &order->request, NULL, now, pool);
    if (err == NULL) {
        err = xca_application_file(&number, office, made, order->code, nonce, now, pool);
    }
    return err != NULL ? err : xca_case_read(filed, office->store, number, pool);
}

/* The signer publishes what is accepted with the right code. */
static xca_error_t *accept_it(int *accepted, xca_office_t *office, const char *serial, const xca_secret_t *code,
                           apr_interval_time_t wait, apr_time_t now, apr_pool_t *pool) {
    unsigned char random[NONCE_DIGITS / 2];
    const char *id;
    xca_request_t *request;
    xca_error_t *err = xca_random(random, sizeof(random), pool);

    *accepted = 0;
    if (err != NULL) {
        return err;
    }
    id = xca_text_hex(pool, random, sizeof(random));
    err = xca_request_submit(office, XCA_REQUEST_ACCEPT, serial, NULL, code, id, now, pool);
    if (err == NULL) {
        err = xca_request_await(&request, office, id, wait, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (request->state == XCA_REQUEST_DENIED) {
        return refuse("enrol.not-accepted", request->answer, pool);
    }
    *accepted = request->state == XCA_REQUEST_DONE;
    return NULL;
}

/* What is given to whoever has asked: also before it is accepted, to a device that will accept it (CMP). */
static xca_error_t *give(xca_enrolment_t *enrolment, xca_office_t *office, const char *serial, apr_pool_t *pool) {
    xca_cert_t *cert;
    xca_error_t *err = xca_cert_read(&cert, office->store, serial, pool);

    if (err != NULL) {
        return err;
    }
    if (cert->state == XCA_CERT_REVOKED) {
        return refuse("enrol.over", NULL, pool);
    }
    enrolment->serial = cert->serial;
    enrolment->certificate = cert->der;
    return NULL;
}

/* Where the case of this key stands. */
static xca_error_t *follow(xca_enrolment_t *enrolment, xca_office_t *office, const xca_case_t *kase,
                           const xca_secret_t *code, apr_interval_time_t wait, apr_time_t now, apr_pool_t *pool) {
    int accepted;
    xca_error_t *err;

    enrolment->case_number = kase->number;
    switch (kase->state) {
    case XCA_STATE_ISSUED:
        enrolment->issued = 1;
        if (code == NULL) {
            return give(enrolment, office, kase->serial, pool);
        }
        err = accept_it(&accepted, office, kase->serial, code, wait, now, pool);
        return err != NULL || !accepted ? err : give(enrolment, office, kase->serial, pool);
    case XCA_STATE_COMPLETED:
        return give(enrolment, office, kase->serial, pool);
    case XCA_STATE_RETURNED:
        return refuse("enrol.returned", kase->return_reason != NULL ? kase->return_reason : "-", pool);
    case XCA_STATE_REFUSED:
    case XCA_STATE_LAPSED:
        return refuse("enrol.over", NULL, pool);
    default:
        return NULL;
    }
}

static xca_error_t *check_renewal(xca_office_t *office, const xca_case_t *known, const xca_cert_t *named,
                                  const xca_csr_t *csr, apr_pool_t *pool) {
    const xca_cert_t *cert = named;
    xca_cert_t *own;
    xca_error_t *err = NULL;

    if (cert == NULL && known->serial == NULL) {
        return refuse("enrol.not-completed", NULL, pool);
    }
    if (cert == NULL) {
        err = xca_cert_read(&own, office->store, known->serial, pool);
        cert = own;
    }
    if (err == NULL && cert->state == XCA_CERT_REVOKED) {
        return refuse("enrol.over", NULL, pool);
    }
    if (err == NULL && same_text(cert->key_hash, csr->key_hash)) {
        return refuse("enrol.same-key", NULL, pool);
    }
    return err != NULL ? err : xca_csr_names(csr->der, cert->der, pool);
}

xca_error_t *xca_enrol(xca_enrolment_t **enrolment, xca_office_t *office, const xca_enrolment_order_t *order,
                       apr_interval_time_t wait, apr_time_t now, apr_pool_t *pool) {
    xca_enrolment_t *result = apr_pcalloc(pool, sizeof(*result));
    const char *number, *other;
    xca_cert_t *cert;
    xca_case_t *kase;
    xca_csr_t *csr;
    xca_error_t *err = xca_csr_read(&csr, order->request.data, order->request.length, pool);

    if (err == NULL) {
        err = case_of_name(&number, &cert, office, order->name, pool);
    }
    if (err == NULL) {
        err = xca_application_open(&kase, office, number, order->code, now, pool);
    }
    if (err == NULL && kase->kind != XCA_CASE_CERTIFICATE) {
        err = refuse("enrol.card", NULL, pool);
    }
    if (err == NULL && order->renewal) {
        err = check_renewal(office, kase, cert, csr, pool);
    }
    if (err == NULL && !same_text(kase->key_hash, csr->key_hash)) {
        err = case_of_key(&other, office, csr->key_hash, pool);
        if (err == NULL && other != NULL) {
            /* Whoever asks must know that case's code: it is the same, unless the key is a stranger's. */
            err = xca_application_open(&kase, office, other, order->code, now, pool);
        } else if (err == NULL) {
            err = file(&kase, office, kase, order, csr->key_hash, now, pool);
        }
    }
    if (err == NULL) {
        err = follow(result, office, kase, order->code, wait, now, pool);
    }
    *enrolment = result;
    return err;
}

int xca_enrol_is_of(const xca_case_t *known, const xca_case_t *kase) {
    return strcmp(known->number, kase->number) == 0 ||
           (known->kind == XCA_CASE_CERTIFICATE && kase->kind == XCA_CASE_CERTIFICATE && same_text(known->code_hash, kase->code_hash) &&
            same_text(known->assigned_oid != NULL ? known->assigned_oid : known->oid, kase->oid != NULL ? kase->oid : kase->assigned_oid));
}

/* The case of another key of the same holder; filed if there is none. */
static xca_error_t *other_case(xca_case_t **kase, xca_office_t *office, const xca_case_t *known, const xca_enrolment_order_t *order,
                               const char *key_hash, apr_time_t now, apr_pool_t *pool) {
    const char *number;
    xca_error_t *err = case_of_key(&number, office, key_hash, pool);

    if (err == NULL && number == NULL) {
        return file(kase, office, known, order, key_hash, now, pool);
    }
    if (err == NULL) {
        err = xca_case_read(kase, office->store, number, pool);
    }
    if (err == NULL && !xca_enrol_is_of(known, *kase)) {
        err = xca_error_make(pool, XCA_E_DENIED, "enrol.other-case", NULL);
    }
    return err;
}

xca_error_t *xca_enrol_by_secret(xca_enrolment_t **enrolment, xca_office_t *office, const xca_case_t *known, xca_bytes_t request,
                                 apr_time_t now, apr_pool_t *pool) {
    xca_enrolment_t *result = apr_pcalloc(pool, sizeof(*result));
    xca_csr_t *csr;
    xca_error_t *err = xca_csr_read(&csr, request.data, request.length, pool);

    if (err == NULL && !same_text(known->key_hash, csr->key_hash)) {
        err = xca_error_make(pool, XCA_E_DENIED, "enrol.secret-key", NULL);
    }
    if (err == NULL) {
        err = follow(result, office, known, NULL, 0, now, pool);
    }
    *enrolment = result;
    return err;
}

xca_error_t *xca_enrol_by_certificate(xca_enrolment_t **enrolment, xca_office_t *office, const xca_case_t *known, const xca_cert_t *cert,
                                      xca_bytes_t request, int renewal, apr_time_t now, apr_pool_t *pool) {
    xca_enrolment_order_t order = {cert->serial, NULL, request, renewal};
    xca_enrolment_t *result = apr_pcalloc(pool, sizeof(*result));
    xca_case_t *kase = NULL;
    xca_csr_t *csr;
    xca_error_t *err = xca_csr_read(&csr, request.data, request.length, pool);

    if (err == NULL && renewal) {
        err = check_renewal(office, known, cert, csr, pool);
    }
    if (err == NULL && same_text(known->key_hash, csr->key_hash)) {
        err = follow(result, office, known, NULL, 0, now, pool);
    } else if (err == NULL) {
        err = other_case(&kase, office, known, &order, csr->key_hash, now, pool);
        err = err == NULL ? follow(result, office, kase, NULL, 0, now, pool) : err;
    }
    *enrolment = result;
    return err;
}
