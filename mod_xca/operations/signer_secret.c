#include "operations/signer_secret.h"

#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/notices.h"
#include "outside/crypto.h"

#define SECRET_BYTES 20 /* 160 random bits */
#define SIGNS        (SECRET_BYTES * 8 / 5)
#define GROUP        4

/* Base32 (RFC 4648 section 6) in groups of four, for people who type it: "ABCD-EFGH-...". */
static xca_secret_t *in_groups(const xca_secret_t *drawn, apr_pool_t *pool) {
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    xca_secret_t *text = xca_secret_alloc(pool, SIGNS + SIGNS / GROUP - 1);
    unsigned char *to = text->bytes;
    unsigned int bits = 0, at = 0, i;

    for (i = 0; i < SIGNS; i++) {
        if (i > 0 && i % GROUP == 0) {
            *to++ = '-';
        }
        if (at < 5) {
            bits = (bits << 8 | drawn->bytes[(i * 5 + 4) / 8]) & 0xfff;
            at += 8;
        }
        at -= 5;
        *to++ = (unsigned char)signs[bits >> at & 31];
    }
    return text;
}

static xca_error_t *draw(xca_secret_t **secret, apr_pool_t *pool) {
    xca_secret_t *drawn = xca_secret_alloc(pool, SECRET_BYTES);
    xca_error_t *err = xca_random(drawn->bytes, drawn->length, pool);

    *secret = err == NULL ? in_groups(drawn, pool) : NULL;
    return err;
}

/* Wrong tries are counted where they are made: by the portal, which hands nothing in that it has not found right. */
static xca_error_t *check(const char **answer, const xca_case_t *kase, const xca_secret_t *code, apr_time_t now, apr_pool_t *pool) {
    int matches;
    xca_error_t *err;

    if (kase->code_locked_until > now || kase->code_hash == NULL) {
        *answer = "code.wrong-case";
        return NULL;
    }
    err = xca_code_verify(&matches, kase->code_hash, code, pool);
    if (err == NULL && !matches) {
        *answer = "code.wrong-case";
    } else if (err == NULL && kase->kind != XCA_CASE_CERTIFICATE) {
        *answer = "device-secret.kind";
    } else if (err == NULL && xca_case_ended(kase->state)) {
        *answer = "device-secret.over";
    }
    return err;
}

static xca_error_t *log_it(xca_signer_t *signer, const xca_case_t *kase, const xca_request_t *request, apr_time_t until, apr_time_t now,
                           apr_pool_t *pool) {
    xca_audit_event_t event = {0};

    event.kind = until != 0 ? "device-secret" : "device-secret-end";
    event.actor = "holder";
    event.case_number = kase->number;
    event.organisation = kase->assigned_oid != NULL ? kase->assigned_oid : kase->oid;
    event.key = request->id;
    event.details = xca_audit_details(pool, "until", until != 0 ? xca_date_format(pool, until, XCA_DATE_ISO) : NULL, NULL);
    return xca_audit_append(signer->audit, &event, now, pool);
}

/* Whoever has the secret gets the certificate: the contact hears of each that is made, at the address of the case. */
static xca_error_t *tell(xca_signer_t *signer, const xca_case_t *kase, const xca_request_t *request, apr_time_t until, apr_time_t now,
                         apr_pool_t *pool) {
    xca_notice_facts_t facts = {0};

    facts.event = "device-secret";
    facts.id = apr_psprintf(pool, "%s-device-secret-%s", kase->number, request->id);
    facts.to = kase->contact_email;
    facts.case_number = kase->number;
    facts.name = kase->org_name;
    facts.until = until;
    return xca_notify(signer, &facts, now, pool);
}

xca_error_t *xca_signer_secret(const char **answer, xca_signer_t *signer, const xca_request_t *request, const xca_secret_t *code,
                               apr_time_t now, apr_pool_t *pool) {
    apr_time_t until = request->kind == XCA_REQUEST_SECRET ? now + signer->device_secret_life : 0;
    xca_secret_t *secret = NULL;
    xca_case_t *kase;
    xca_error_t *err;

    *answer = NULL;
    if (request->case_number == NULL) {
        *answer = "request.unreadable";
        return NULL;
    }
    err = xca_case_read(&kase, signer->office->store, request->case_number, pool);
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        *answer = "case.not-found";
        return NULL;
    }
    if (err == NULL) {
        err = check(answer, kase, code, now, pool);
    }
    if (err != NULL || *answer != NULL) {
        return err;
    }
    err = until != 0 ? draw(&secret, pool) : NULL;
    if (err == NULL) {
        err = log_it(signer, kase, request, until, now, pool);
    }
    if (err == NULL && until != 0) {
        err = tell(signer, kase, request, until, now, pool);
    }
    return err != NULL ? err : xca_case_device_secret(signer->office->store, kase->number, secret, until, pool);
}

xca_error_t *xca_signer_secret_sweep(xca_signer_t *signer, apr_time_t now, apr_pool_t *pool) {
    apr_array_header_t *cases;
    int i;
    xca_error_t *err = xca_case_old_secrets(&cases, signer->office->store, now, pool);

    for (i = 0; err == NULL && i < cases->nelts; i++) {
        err = xca_case_device_secret(signer->office->store, APR_ARRAY_IDX(cases, i, const xca_case_t *)->number, NULL, 0, pool);
    }
    return err;
}
