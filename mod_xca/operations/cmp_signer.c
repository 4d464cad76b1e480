#include "operations/cmp_signer.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include "base/log.h"
#include "operations/acceptance.h"
#include "operations/generation.h"
#include "outside/crypto_ocsp.h"
#include "outside/crypto_view.h"

#define KEY_TYPE  "ec:P-256"
#define ASK_AGAIN apr_time_from_sec(10)

struct xca_cmp_signer {
    xca_key_t *key;
    apr_array_header_t *chain; /* xca_bytes_t: the CA's certificate, and those above it */
    apr_pool_t *pool;          /* of the child */
    apr_thread_mutex_t *mutex;
    xca_bytes_t certificate;   /* length 0: none yet */
    apr_time_t from, until, ask_due;
};

/* Of the key that issues now: it certifies ours, as it does everything new (generation.h). */
static xca_error_t *read_chain(xca_cmp_signer_t *signer, const xca_settings_t *settings, apr_pool_t *pool) {
    apr_array_header_t *generations;
    xca_generation_t *last;
    xca_error_t *err = xca_generations_read(&generations, settings, pool);

    if (err != NULL) {
        return err;
    }
    last = &APR_ARRAY_IDX(generations, generations->nelts - 1, xca_generation_t);
    err = xca_generation_read_chain(last, pool);
    if (err == NULL) {
        signer->chain = apr_array_make(pool, 1 + last->chain->nelts, sizeof(xca_bytes_t));
        APR_ARRAY_PUSH(signer->chain, xca_bytes_t) = last->certificate;
        apr_array_cat(signer->chain, last->chain);
    }
    return err;
}

xca_error_t *xca_cmp_signer_make(xca_cmp_signer_t **signer, const xca_settings_t *settings, apr_pool_t *pool) {
    xca_cmp_signer_t *result = apr_pcalloc(pool, sizeof(*result));
    xca_error_t *err = xca_key_make(&result->key, KEY_TYPE, pool);

    if (err == NULL) {
        err = read_chain(result, settings, pool);
    }
    *signer = result;
    return err;
}

xca_error_t *xca_cmp_signer_child(xca_cmp_signer_t *signer, apr_pool_t *child_pool) {
    signer->pool = child_pool;
    signer->certificate.length = 0;
    signer->ask_due = 0;
    if (apr_thread_mutex_create(&signer->mutex, APR_THREAD_MUTEX_DEFAULT, child_pool) != APR_SUCCESS) {
        return xca_error_make(child_pool, XCA_E_INTERNAL, "cmp.mutex", NULL);
    }
    return NULL;
}

static int is_good(const xca_cmp_signer_t *signer, apr_time_t now) {
    return signer->certificate.length > 0 && signer->from <= now && now < signer->until;
}

static int is_due(const xca_cmp_signer_t *signer, apr_time_t now) {
    return !is_good(signer, now) || now > signer->from + (signer->until - signer->from) / 2;
}

/* Believed no further than what it says: the key is ours, the CA has signed it, and it is for this. */
static xca_error_t *take(xca_cmp_signer_t *signer, xca_bytes_t certificate, apr_pool_t *pool) {
    xca_cert_view_t *view;
    xca_bytes_t spki;
    xca_error_t *err = xca_cert_view(&view, certificate, pool);

    if (err == NULL) {
        err = xca_key_spki(&spki, signer->key, pool);
    }
    if (err == NULL) {
        err = xca_lint_cmp(certificate, spki, APR_ARRAY_IDX(signer->chain, 0, xca_bytes_t), view->not_before, view->not_after, 1, pool);
    }
    if (err != NULL) {
        return err;
    }
    signer->certificate.data = apr_pmemdup(signer->pool, certificate.data, certificate.length); /* some in a year */
    signer->certificate.length = certificate.length;
    signer->from = view->not_before;
    signer->until = view->not_after;
    return NULL;
}

static xca_error_t *ask(xca_cmp_signer_t *signer, xca_office_t *office, apr_interval_time_t wait, apr_time_t now, apr_pool_t *pool) {
    xca_request_t request = {0}, *answered;
    unsigned char id[16];
    xca_error_t *err = xca_random(id, sizeof(id), pool);

    if (err == NULL) {
        err = xca_ocsp_csr(&request.message, signer->key, pool);
    }
    if (err != NULL) {
        return err;
    }
    request.id = xca_text_hex(pool, id, sizeof(id));
    request.kind = XCA_REQUEST_CMP_SIGNER;
    request.created = now;
    err = xca_request_add(office->store, &request, pool);
    if (err == NULL) {
        err = xca_request_await(&answered, office, request.id, wait, pool);
    }
    if (err == NULL && answered->state != XCA_REQUEST_DONE) {
        err = xca_error_make(pool, XCA_E_UNAVAILABLE, "cmp.no-signer", "%s", answered->answer != NULL ? answered->answer : "no answer yet");
    }
    return err != NULL ? err : take(signer, answered->reply, pool);
}

static xca_error_t *see_to_it(xca_cmp_signer_t *signer, xca_office_t *office, apr_interval_time_t wait, apr_time_t now, apr_pool_t *pool) {
    apr_time_t tick = apr_time_now();
    xca_error_t *err = NULL;

    if (is_due(signer, now) && tick >= signer->ask_due) {
        err = ask(signer, office, wait, now, pool);
        signer->ask_due = err != NULL ? tick + ASK_AGAIN : 0;
        xca_log_error("CMP: certificate of the key that signs messages", err);
    }
    if (is_good(signer, now)) {
        return NULL;
    }
    return err != NULL ? err : xca_error_make(pool, XCA_E_UNAVAILABLE, "cmp.no-signer", NULL);
}

xca_error_t *xca_cmp_signer_take(xca_cmp_exchange_t *ours, xca_cmp_signer_t *signer, xca_office_t *office, apr_interval_time_t wait,
                                 apr_time_t now, apr_pool_t *pool) {
    xca_error_t *err;

    apr_thread_mutex_lock(signer->mutex);
    err = wait > 0 ? see_to_it(signer, office, wait, now, pool) : NULL;
    ours->key = signer->key;
    ours->chain = signer->chain;
    ours->certificate = signer->certificate;
    ours->certificate.length = is_good(signer, now) ? ours->certificate.length : 0;
    apr_thread_mutex_unlock(signer->mutex);
    return err;
}
