/* core SETTINGS search COUNT KEYWORD...      median time of a search in the OID tree, in milliseconds, a line a keyword
 *      SETTINGS number COUNT UBN              the same by unified number
 *      SETTINGS arcs COUNT OID AFTER          of a page of arcs below an OID
 *      SETTINGS sign COUNT KEY                of a signature by a key in a file or, by URI, in a token
 *      SETTINGS audit-JOB COUNT OUT           jobs of audit.h
 *      SETTINGS list ENTRIES OUT              makes and signs a revocation list; time in milliseconds
 * The operations themselves, without httpd: for make bench. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "audit.h"
#include "base/log.h"
#include "operations/key_open.h"
#include "operations/signer_open.h"
#include "outside/crypto_card.h"

#define SHOWN 50  /* matches a page shows */
#define ARCS  100 /* arcs a page shows */

typedef struct {
    const xca_settings_t *settings;
    xca_office_t *office;
    xca_key_t *key;
    apr_pool_t *pool;
} bench_t;

typedef xca_error_t *job_t(bench_t *bench, const char *const *arguments, apr_pool_t *scratch);

static xca_error_t *search_name(bench_t *bench, const char *const *arguments, apr_pool_t *scratch) {
    apr_array_header_t *orgs;
    int more;

    return xca_org_search(&orgs, &more, bench->office->store, arguments[0], NULL, SHOWN, scratch);
}

static xca_error_t *search_number(bench_t *bench, const char *const *arguments, apr_pool_t *scratch) {
    apr_array_header_t *orgs;
    int more;

    return xca_org_search(&orgs, &more, bench->office->store, NULL, arguments[0], SHOWN, scratch);
}

static xca_error_t *browse(bench_t *bench, const char *const *arguments, apr_pool_t *scratch) {
    apr_array_header_t *orgs;
    int more;

    return xca_org_children(&orgs, &more, bench->office->store, arguments[0], arguments[1], ARCS, scratch);
}

static int by_time(const void *a, const void *b) {
    apr_time_t left = *(const apr_time_t *)a, right = *(const apr_time_t *)b;

    return left < right ? -1 : left > right;
}

/* Once to warm up, then `count` times: the median. */
static xca_error_t *measure(bench_t *bench, job_t *job, int count, const char *const *arguments) {
    apr_time_t *times = apr_palloc(bench->pool, (apr_size_t)count * sizeof(*times));
    apr_pool_t *scratch;
    xca_error_t *err = job(bench, arguments, bench->pool);
    int i;

    apr_pool_create(&scratch, bench->pool);
    for (i = 0; err == NULL && i < count; i++) {
        apr_time_t began = apr_time_now();

        apr_pool_clear(scratch);
        err = job(bench, arguments, scratch);
        times[i] = apr_time_now() - began;
    }
    if (err == NULL) {
        qsort(times, (size_t)count, sizeof(*times), by_time);
        printf("%.3f\n", (double)times[count / 2] / 1000);
    }
    return err;
}

static xca_error_t *sign(bench_t *bench, const char *const *arguments, apr_pool_t *scratch) {
    static const char text[1500]; /* as long as a certificate */
    xca_bytes_t signature;

    return xca_key_sign(&signature, bench->key, text, sizeof(text), scratch);
}

static xca_error_t *make_list(bench_t *bench, long entries, const char *path) {
    xca_crl_entry_t *revoked = calloc((size_t)entries, sizeof(*revoked));
    xca_signer_t *signer;
    xca_bytes_t der;
    apr_time_t now = apr_time_now(), began;
    FILE *out = fopen(path, "wb");
    long i;
    xca_error_t *err = xca_signer_open(&signer, bench->settings, bench->pool);

    if (err != NULL || out == NULL || revoked == NULL) {
        return err != NULL ? err : xca_error_make(bench->pool, XCA_E_INTERNAL, "file.unwritable", "%s", path);
    }
    for (i = 0; i < entries; i++) { /* serials in an order that is not theirs */
        unsigned long scattered = (unsigned long)i * 2654435761UL % 4294967296UL;

        revoked[i].serial_length = 16;
        revoked[i].serial[0] = 0x41;
        memcpy(revoked[i].serial + 1, &scattered, 4);
        memcpy(revoked[i].serial + 5, &i, sizeof(i));
        revoked[i].reason = i % 2 == 0 ? XCA_REASON_UNSPECIFIED : XCA_REASON_CESSATION;
        revoked[i].when = now - apr_time_from_sec(i);
    }
    began = apr_time_now();
    err = xca_ca_crl(&der, signer->ca, revoked, (apr_size_t)entries, 1, now, now + apr_time_from_sec(86400), bench->pool);
    if (err == NULL) {
        printf("%.3f\n", (double)(apr_time_now() - began) / 1000);
        fwrite(der.data, 1, der.length, out);
    }
    fclose(out);
    free(revoked);
    return err;
}

static xca_error_t *run(bench_t *bench, int argc, const char *const argv[]) {
    const char *verb = argv[2];
    int count = atoi(argv[3]), i;
    xca_error_t *err = NULL;

    if (strncmp(verb, "audit-", 6) == 0) {
        return bench_audit(bench->settings, verb + 6, count, argv[4], bench->pool);
    }
    if (strcmp(verb, "list") == 0) {
        return make_list(bench, count, argv[4]);
    }
    if (strcmp(verb, "sign") == 0) {
        err = xca_key_open(&bench->key, bench->settings, argv[4], NULL, bench->pool);
        return err == NULL ? measure(bench, sign, count, argv + 4) : err;
    }
    err = xca_office_open(&bench->office, bench->settings, "portal", bench->pool);
    if (err == NULL && strcmp(verb, "arcs") == 0) {
        return measure(bench, browse, count, argv + 4);
    }
    for (i = 4; err == NULL && i < argc; i++) {
        err = measure(bench, strcmp(verb, "number") == 0 ? search_number : search_name, count, argv + i);
    }
    return err;
}

static void log_line(xca_log_level level, const char *line, void *baton) {
    fprintf(stderr, "%s\n", line);
}

int main(int argc, const char *const argv[]) {
    bench_t bench = {0};
    xca_settings_t *settings;
    xca_error_t *err;

    apr_app_initialize(&argc, &argv, NULL);
    atexit(apr_terminate);
    apr_pool_create(&bench.pool, NULL);
    xca_log_set_sink(log_line, NULL, XCA_LOG_WARNING);
    if (argc < 5) {
        fputs("usage: core SETTINGS search|number|arcs|sign|list COUNT ...\n", stderr);
        return 2;
    }
    err = xca_settings_read(&settings, argv[1], bench.pool);
    if (err == NULL) {
        bench.settings = settings;
        err = run(&bench, argc, argv);
    }
    xca_log_error("bench", err);
    return err != NULL;
}
