#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "operations/key_open.h"
#include "operations/public_log.h"
#include "operations/signer_open.h"
#include "outside/crypto_audit.h"
#include "outside/crypto_card.h"
#include "wire/audit.h"

#define PAST (5 * 365 * XCA_DAY) /* how long ago the log begins */

typedef struct {
    xca_signer_t *signer;
    xca_key_t *key;
    apr_time_t begin;
    long count;
    char previous[XCA_AUDIT_HASH + 1];
    apr_pool_t *pool;
} bench_t;

/* What a certificate of two reviews leaves behind, and logins between. */
static const struct {
    const char *kind, *actor, *details;
} events[] = {
    {"officer-login", "officer central-1", "way=challenge\nreported-by=portal\nreported=2026-11-30T02:02:02Z\nsignature=valid"},
    {"decision", "officer ra-tpe-edu", "stage=first\ndecision=accept\nverdict=counted\nletter=1150000001\ncms="},
    {"decision", "officer central-1", "stage=second\ndecision=accept\nverdict=counted\ncms="},
    {"certificate-issue", "officers", "use=signature\nnot-before=2026-11-30T02:02:02Z\nnot-after=2031-11-30T02:02:02Z\nsha256="},
    {"certificate-accept", "holder", "from=pending\nsha256="},
};

#define EVENTS (sizeof(events) / sizeof(events[0]))

static const char *hash_of(const char *text, apr_pool_t *pool) {
    return xca_sha256_hex(pool, text, strlen(text));
}

static void fill(xca_audit_text_t *text, long number, apr_pool_t *pool) {
    const char *life = apr_psprintf(pool, "%ld", number / (long)EVENTS), *own = apr_psprintf(pool, "%ld", number);
    size_t i = (size_t)number % EVENTS;

    text->kind = events[i].kind;
    text->actor = events[i].actor;
    text->details = apr_pstrcat(pool, events[i].details, i > 0 ? hash_of(life, pool) : "", NULL);
    text->case_number = i > 0 ? apr_psprintf(pool, "00001%020ld", number / (long)EVENTS) : NULL;
    text->serial = i > 2 ? apr_psprintf(pool, "4a%.30s", hash_of(life, pool)) : NULL;
    text->event = hash_of(own, pool);
}

static xca_error_t *write_entry(bench_t *bench, FILE *out, long number, const char *certificate, apr_pool_t *pool) {
    char *buffer = apr_palloc(pool, XCA_AUDIT_MAX);
    xca_audit_text_t text = {0};
    xca_audit_entry_t entry = {0};
    xca_error_t *err;

    fill(&text, number, pool);
    if (certificate != NULL) {
        text.kind = "audit-key";
        text.actor = "signer";
        text.details = apr_pstrcat(pool, "certificate=", certificate, NULL);
        text.case_number = text.serial = NULL;
    }
    entry.number = number;
    entry.time = bench->begin + PAST / bench->count * (number - 1);
    text.number = apr_psprintf(pool, "%ld", number);
    text.time = xca_date_format(pool, entry.time, XCA_DATE_WIRE);
    text.previous = bench->previous;
    entry.kind = text.kind;
    entry.actor = text.actor;
    entry.details = text.details;
    entry.case_number = text.case_number;
    entry.serial = text.serial;
    entry.event = text.event;
    entry.text.length = xca_lines_write(buffer, XCA_AUDIT_MAX, XCA_AUDIT_FIRST, xca_audit_fields, &text);
    entry.text.data = (const unsigned char *)buffer;
    err = xca_key_sign(&entry.signature, bench->key, entry.text.data, entry.text.length, pool);
    if (err == NULL) {
        entry.hash = xca_sha256_hex(pool, entry.text.data, entry.text.length);
        apr_cpystrn(bench->previous, entry.hash, sizeof(bench->previous));
        fputs(xca_entry_ldif(pool, xca_audit_to_entry(bench->signer->office->store, &entry, pool)), out);
    }
    return err;
}

static xca_error_t *make_log(bench_t *bench, const char *path) {
    FILE *out = fopen(path, "w");
    xca_bytes_t certificate;
    apr_pool_t *scratch;
    long number;
    xca_error_t *err;

    if (out == NULL) {
        return xca_error_make(bench->pool, XCA_E_INTERNAL, "file.unwritable", "%s", path);
    }
    bench->begin = apr_time_now() - PAST;
    apr_cpystrn(bench->previous, XCA_AUDIT_NOTHING, sizeof(bench->previous));
    err = xca_audit_certify(&certificate, bench->signer->ca, bench->key, bench->begin, bench->pool);
    apr_pool_create(&scratch, bench->pool);
    for (number = 1; err == NULL && number <= bench->count; number++) {
        apr_pool_clear(scratch);
        err = write_entry(bench, out, number,
                          number == 1 ? xca_base64(scratch, certificate.data, certificate.length) : NULL, scratch);
    }
    fclose(out);
    return err;
}

static xca_error_t *append(bench_t *bench) {
    apr_time_t began = 0;
    apr_pool_t *scratch;
    long i;
    xca_error_t *err = NULL;

    apr_pool_create(&scratch, bench->pool);
    for (i = 0; err == NULL && i <= bench->count; i++) {
        xca_audit_event_t event = {0};
        xca_audit_text_t text = {0};

        apr_pool_clear(scratch);
        fill(&text, i, scratch);
        event.kind = text.kind;
        event.actor = text.actor;
        event.key = apr_psprintf(scratch, "bench %ld %" APR_TIME_T_FMT, i, apr_time_now());
        event.case_number = text.case_number;
        event.serial = text.serial;
        event.details = text.details;
        err = xca_audit_append(bench->signer->audit, &event, apr_time_now(), scratch);
        began = i == 0 ? apr_time_now() : began; /* the first finds the log's end */
    }
    if (err == NULL) {
        printf("%.3f\n", (double)(apr_time_now() - began) / 1000 / (double)bench->count);
    }
    return err;
}

static xca_error_t *peer(bench_t *bench) {
    xca_audit_signer_t *signer;
    xca_bytes_t certificate, text, signature;
    apr_time_t now = apr_time_now(), began;
    apr_pool_t *scratch;
    long i, good = 0;
    xca_bytes_t authority = xca_ca_certificate(bench->signer->ca);
    xca_error_t *err = xca_audit_certify(&certificate, bench->signer->ca, bench->key, now, bench->pool);

    text.data = apr_pcalloc(bench->pool, 600); /* as long as an entry is */
    text.length = 600;
    if (err == NULL) {
        err = xca_audit_signer_make(&signer, certificate, &authority, 1, bench->pool);
    }
    if (err == NULL) {
        err = xca_key_sign(&signature, bench->key, text.data, text.length, bench->pool);
    }
    if (err != NULL) {
        return err;
    }
    apr_pool_create(&scratch, bench->pool);
    began = apr_time_now();
    for (i = 0; i < bench->count; i++) {
        apr_pool_clear(scratch);
        good += xca_sha256_hex(scratch, text.data, text.length) != NULL && xca_audit_signed(signer, text, signature, now + apr_time_from_sec(1));
    }
    printf("%.3f\n", (double)(apr_time_now() - began) / 1000);
    return good == bench->count ? NULL : xca_error_make(bench->pool, XCA_E_INTERNAL, "audit.signature", "peer");
}

static xca_error_t *grow(bench_t *bench) {
    apr_time_t began = apr_time_now();
    apr_pool_t *scratch;
    int more = 1;
    xca_error_t *err = NULL;

    apr_pool_create(&scratch, bench->pool);
    while (err == NULL && more) {
        apr_pool_clear(scratch);
        err = xca_public_log_grow(&more, bench->signer->public_log, apr_time_now(), scratch);
    }
    if (err == NULL) {
        printf("%.3f\n", (double)(apr_time_now() - began) / 1000);
    }
    return err;
}

xca_error_t *bench_audit(const xca_settings_t *settings, const char *job, long count, const char *path, apr_pool_t *pool) {
    bench_t bench = {0};
    xca_error_t *err = xca_signer_open(&bench.signer, settings, pool);

    bench.count = count;
    bench.pool = pool;
    if (err == NULL) {
        err = xca_key_open(&bench.key, settings, xca_settings_get(settings, "audit-key-file", NULL), NULL, pool);
    }
    if (err != NULL) {
        return err;
    }
    return strcmp(job, "make") == 0     ? make_log(&bench, path)
           : strcmp(job, "append") == 0 ? append(&bench)
           : strcmp(job, "peer") == 0   ? peer(&bench)
                                        : grow(&bench);
}
