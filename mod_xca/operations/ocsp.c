#include "operations/ocsp.h"

#include <string.h>
#include <apr_strings.h>
#include "base/log.h"
#include "operations/generation.h"
#include "outside/crypto_view.h"

#define TABLE_POWER  24          /* 2^24 slots: some ten million certificates */
#define CACHE_PLACES (1UL << 18) /* 80 MiB, used as it fills */
#define PAGE         4096
#define KEPT_MAX     300 /* seconds that caches may keep an answer: a revocation may come at any moment */

static apr_size_t table_size(void) {
    return (xca_status_table_size(TABLE_POWER) + PAGE - 1) / PAGE * PAGE;
}

apr_size_t xca_ocsp_memory(void) {
    return table_size() + xca_status_cache_size(CACHE_PLACES);
}

int xca_ocsp_is_wanted(const xca_settings_t *settings) {
    return xca_settings_get(settings, "ocsp-url", NULL) != NULL;
}

xca_error_t *xca_ocsp_key_type(const char **type, const xca_settings_t *settings, apr_pool_t *pool) {
    *type = xca_settings_get(settings, "ocsp-key-type", "ec:P-256");
    if (strcmp(*type, "ec:P-256") != 0 && strcmp(*type, "rsa:2048") != 0) {
        xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "key.type", "ocsp-key-type = %s", *type);

        err->arg = *type;
        return err;
    }
    return NULL;
}

xca_error_t *xca_ocsp_identity(const char **identity, const xca_settings_t *settings, apr_pool_t *pool) {
    apr_array_header_t *cas;
    const char *type;
    xca_error_t *err = xca_generations_certificates(&cas, settings, pool);

    if (err == NULL) {
        err = xca_ocsp_key_type(&type, settings, pool);
    }
    if (err == NULL) {
        xca_bytes_t ca = APR_ARRAY_IDX(cas, 0, xca_bytes_t);

        *identity = apr_pstrcat(pool, type, " ", xca_settings_get(settings, "ldap-uri", ""), " ", xca_settings_get(settings, "suffix", ""), " ",
                                xca_sha256_hex(pool, ca.data, ca.length), NULL);
    }
    return err;
}

/* A responder for each key of the CA: it answers with a certificate of that key (RFC 6960 section 4.2.2.2). */
static xca_error_t *make_responders(xca_ocsp_t *ocsp, const xca_settings_t *settings, const xca_key_t *key, apr_pool_t *pool) {
    apr_array_header_t *cas;
    int i;
    xca_error_t *err = xca_generations_certificates(&cas, settings, pool);

    for (i = 0; err == NULL && i < cas->nelts; i++) {
        xca_ocsp_responder_t *responder;

        ocsp->cas[i] = APR_ARRAY_IDX(cas, i, xca_bytes_t);
        err = xca_ocsp_responder_make(&responder, key, ocsp->cas[i], pool);
        ocsp->responders[i] = err == NULL ? responder : NULL;
        ocsp->generations = i + 1;
    }
    return err;
}

xca_error_t *xca_ocsp_make(xca_ocsp_t **result, const xca_settings_t *settings, const xca_key_t *key, void *memory,
                           apr_pool_t *pool) {
    xca_ocsp_t *ocsp = apr_pcalloc(pool, sizeof(*ocsp));
    long behind, valid, offset;
    xca_error_t *err = xca_settings_number(settings, "ocsp-behind-seconds", &behind, 60, 3, 86400, pool);

    if (err == NULL) {
        err = xca_settings_number(settings, "ocsp-valid-minutes", &valid, 60, 2, 24 * 60, pool);
    }
    if (err == NULL) {
        err = xca_settings_number(settings, "clock-offset", &offset, 0, -4000000000L, 4000000000L, pool);
    }
    if (err == NULL) {
        err = make_responders(ocsp, settings, key, pool);
    }
    if (err != NULL) {
        return err;
    }
    ocsp->settings = settings;
    ocsp->key = key;
    ocsp->table = xca_status_table_make(memory, TABLE_POWER);
    ocsp->cache = xca_status_cache_make((unsigned char *)memory + table_size(), CACHE_PLACES);
    ocsp->behind = apr_time_from_sec(behind);
    ocsp->valid = apr_time_from_sec(valid * 60);
    ocsp->clock_offset = apr_time_from_sec(offset);
    *result = ocsp;
    return NULL;
}

/* One answer in the making. */
typedef struct {
    const xca_ocsp_t *ocsp;
    apr_time_t now;
    xca_ocsp_request_t request;
    xca_status_t statuses[XCA_OCSP_IDS_MAX];
    int generation; /* of the CA's key that is asked about */
    int form;       /* in which the first one names the CA */
    unsigned char certificate[XCA_STATUS_CERTIFICATE_MAX];
    xca_bytes_t signer;
    apr_uint64_t version;
    apr_time_t not_after;
} answer_t;

#define FORMS 16 /* in which a generation can be named, at most */

/* Which of the CA's keys the CertID names, and in which form; 0: none. */
static int names_key(int *generation, const xca_ocsp_t *ocsp, const xca_ocsp_id_t *id) {
    int i;

    for (i = 0; i < ocsp->generations; i++) {
        int form = xca_ocsp_names_ca(ocsp->responders[i], id);

        if (form != 0) {
            *generation = i;
            return form + i * FORMS;
        }
    }
    return 0;
}

/* What others have issued is unknown here; a request about nothing else is not ours to answer (RFC 6960 section 2.3), nor is one about
 * what two of our keys have issued: one signature cannot speak for both (section 4.2.2.2). A serial number is that of a
 * certificate of the key that is named, or of none. */
static xca_ocsp_verdict look_up(answer_t *answer) {
    static const xca_status_t unknown = {XCA_STATUS_UNKNOWN, XCA_REASON_UNSPECIFIED, 0, 0};
    int i, ours = 0;

    answer->generation = -1;
    for (i = 0; i < answer->request.count; i++) {
        const xca_ocsp_id_t *id = &answer->request.ids[i];
        int generation = -1, form = names_key(&generation, answer->ocsp, id);

        if (i == 0) {
            answer->form = form;
        }
        if (form != 0 && ours > 0 && generation != answer->generation) {
            return XCA_OCSP_UNAUTHORIZED;
        }
        answer->statuses[i] = form != 0 ? xca_status_get(answer->ocsp->table, id->serial.data, id->serial.length) : unknown;
        if (form != 0) {
            ours++;
            answer->generation = generation;
            answer->statuses[i] = answer->statuses[i].generation == generation ? answer->statuses[i] : unknown;
        }
    }
    return ours > 0 ? XCA_OCSP_SUCCESSFUL : XCA_OCSP_UNAUTHORIZED;
}

static int find_certificate(answer_t *answer) {
    apr_time_t not_before;

    answer->signer.data = answer->certificate;
    answer->signer.length = xca_status_certificate(answer->certificate, &not_before, &answer->not_after, &answer->version,
                                                   answer->ocsp->table, answer->generation);
    return answer->signer.length > 0 && not_before <= answer->now && answer->now < answer->not_after;
}

/* The time without its fraction: what is written is what is kept. */
static apr_time_t second_of(apr_time_t time) {
    return time - apr_time_usec(time);
}

/* Good until half of the signature's time is over, so that whoever gets it can use it for the other half. */
static int is_good_still(const xca_status_made_t *made, const answer_t *answer) {
    return made->produced <= answer->now && answer->now < made->produced + answer->ocsp->valid / 2;
}

static void tell_caches(xca_ocsp_reply_t *reply, const xca_ocsp_answer_t *answer, const xca_ocsp_signature_t *signature,
                        apr_time_t now, apr_pool_t *pool) {
    apr_int64_t left = apr_time_sec(answer->next_update - now) - 1;

    reply->may_be_kept = left > 0;
    reply->this_update = answer->this_update;
    reply->next_update = answer->next_update;
    reply->max_age = left > KEPT_MAX ? KEPT_MAX : (long)left;
    reply->etag = apr_pstrcat(pool, "\"", xca_text_hex(pool, signature->der + signature->length - 16, 16), "\"", NULL);
}

static xca_error_t *write_answer(xca_ocsp_reply_t *reply, answer_t *with, apr_time_t this_update, apr_pool_t *pool) {
    const xca_ocsp_t *ocsp = with->ocsp;
    int plain = with->request.count == 1 && with->request.nonce.length == 0;
    xca_status_answer_t name = {with->request.ids[0].serial, with->form, with->statuses[0], with->version};
    xca_status_made_t made = {second_of(with->now), second_of(this_update), 0, {0}};
    xca_ocsp_answer_t answer = {&with->request, with->statuses, 0, 0, 0};
    xca_ocsp_signature_t signature = {0, {0}};
    xca_error_t *err;

    if (plain && xca_status_cache_get(&made, ocsp->cache, &name)) {
        if (is_good_still(&made, with)) {
            signature.length = made.length;
            memcpy(signature.der, made.signature, made.length);
        } else {
            made.produced = second_of(with->now);
            made.this_update = second_of(this_update);
            made.length = 0;
        }
    }
    answer.produced = made.produced;
    answer.this_update = made.this_update;
    answer.next_update = made.this_update + ocsp->valid;
    if (answer.next_update > with->not_after) {
        answer.next_update = with->not_after;
    }
    err = xca_ocsp_write(&reply->body, ocsp->responders[with->generation], &answer, with->signer, &signature, pool);
    if (err == NULL && plain && made.length == 0) {
        made.length = signature.length;
        memcpy(made.signature, signature.der, signature.length);
        xca_status_cache_put(ocsp->cache, &name, &made);
    }
    if (err == NULL && plain) {
        tell_caches(reply, &answer, &signature, with->now, pool);
    }
    return err;
}

void xca_ocsp_reply(xca_ocsp_reply_t *reply, const xca_ocsp_t *ocsp, xca_bytes_t request, apr_time_t tick, apr_pool_t *pool) {
    answer_t *answer = apr_palloc(pool, sizeof(*answer));
    xca_ocsp_verdict verdict = xca_ocsp_read(&answer->request, request);
    apr_time_t fresh = xca_status_fresh(ocsp->table);
    xca_error_t *err;
    int i;

    memset(reply, 0, sizeof(*reply));
    answer->ocsp = ocsp;
    answer->now = tick + ocsp->clock_offset;
    if (verdict == XCA_OCSP_SUCCESSFUL) {
        verdict = look_up(answer);
    }
    if (verdict == XCA_OCSP_SUCCESSFUL && (fresh == 0 || fresh < tick - ocsp->behind || !find_certificate(answer))) {
        verdict = XCA_OCSP_TRY_LATER;
    }
    if (verdict == XCA_OCSP_SUCCESSFUL) {
        /* What is answered was so at this time, not after it (RFC 6960 section 4.2.2.1). */
        err = write_answer(reply, answer, (fresh < tick ? fresh : tick) + ocsp->clock_offset, pool);
        if (err != NULL) {
            xca_log_error("OCSP", err);
            verdict = XCA_OCSP_INTERNAL;
        }
    }
    reply->verdict = verdict;
    if (verdict != XCA_OCSP_SUCCESSFUL) {
        reply->body = xca_ocsp_refusal(verdict);
        return;
    }
    for (i = 0; i < answer->request.count; i++) {
        reply->told[answer->statuses[i].kind]++;
    }
}
