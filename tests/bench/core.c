/* core SETTINGS search COUNT KEYWORD...      median time of a search in the OID tree, in milliseconds, a line a keyword
 *      SETTINGS number COUNT UBN              the same by unified number
 *      SETTINGS arcs COUNT OID AFTER          of a page of arcs below an OID
 *      SETTINGS sign COUNT KEY                of a signature by a key in a file or, by URI, in a token
 *      SETTINGS sweep COUNT -                 of the signer's look at all deadlines
 *      SETTINGS audit-JOB COUNT OUT           jobs of audit.h
 *      SETTINGS list ENTRIES OUT              makes and signs one revocation list of all; time in milliseconds
 *      SETTINGS change ENTRIES PARTITIONS     with so many revoked in memory, one more is: its partition's list and delta, and the full
 *                                             one and its delta if it is below 10 MB; processor time in milliseconds, then the most
 *                                             memory that the process had, in megabytes
 * The operations themselves, without httpd: for make bench. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "audit.h"
#include "base/log.h"
#include "operations/key_open.h"
#include "operations/revoked.h"
#include "operations/signer_open.h"
#include "outside/crypto_card.h"

#define SHOWN 50  /* matches a page shows */
#define ARCS  100 /* arcs a page shows */

typedef struct {
    const xca_settings_t *settings;
    xca_office_t *office;
    xca_key_t *key;
    xca_signer_t *signer;
    apr_pool_t *pool;
} bench_t;

typedef xca_error_t *job_t(bench_t *bench, const char *const *arguments, apr_pool_t *scratch);

static xca_error_t *search_name(bench_t *bench, const char *const *arguments, apr_pool_t *scratch) {
    apr_array_header_t *orgs;
    int more;

    return xca_org_search_all(&orgs, &more, bench->office->store, arguments[0], NULL, SHOWN, scratch);
}

static xca_error_t *search_number(bench_t *bench, const char *const *arguments, apr_pool_t *scratch) {
    apr_array_header_t *orgs;
    int more;

    return xca_org_search_all(&orgs, &more, bench->office->store, NULL, arguments[0], SHOWN, scratch);
}

static xca_error_t *browse(bench_t *bench, const char *const *arguments, apr_pool_t *scratch) {
    apr_array_header_t *orgs;
    int more;

    xca_error_t *err = xca_org_children(&orgs, &more, bench->office->store, arguments[0], arguments[1], ARCS, scratch);

    return err == NULL && orgs->nelts != ARCS ? xca_error_make(scratch, XCA_E_INTERNAL, "bench.arcs", "%d", orgs->nelts) : err;
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

static xca_error_t *sweep(bench_t *bench, const char *const *arguments, apr_pool_t *scratch) {
    return xca_signer_sweep(bench->signer, apr_time_now(), scratch);
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

/* Processor time of this process in milliseconds. */
static double processor_time(void) {
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

static xca_revoked_item_t some_item(long i, int parts, apr_time_t now) {
    unsigned long scattered = (unsigned long)i * 2654435761UL % 4294967296UL;
    xca_revoked_item_t item = {.length = 16, .reason = XCA_REASON_CESSATION, .parts = (unsigned int)parts & 0x7ff};

    item.serial[0] = (unsigned char)(0x40 | (scattered >> 26 & 0x3f));
    memcpy(item.serial + 1, &scattered, 3);
    memcpy(item.serial + 4, &i, sizeof(i));
    item.when = (apr_uint32_t)(apr_time_sec(now) - 90000 - i % 80000000);
    item.not_after = (apr_uint32_t)(apr_time_sec(now) + 86400 + i % 100000000);
    return item;
}

static xca_error_t *make_both(const bench_t *bench, const xca_signer_t *signer, xca_revoked_t *set,
                              const xca_crl_scope_t *scope, apr_time_t now) {
    const char *url = signer->profile->crl_url;
    xca_list_order_t order = {.number = 2, .this_update = now, .next_update = now + apr_time_from_sec(86400), .base = 1};
    xca_revoked_pass_t pass;
    xca_list_t list;
    xca_error_t *err = NULL;

    order.next = xca_revoked_next;
    order.baton = &pass;
    order.bytes_max = XCA_CRL_BYTES_MAX;
    order.point = scope->kind == XCA_CRL_FULL ? NULL : xca_crl_url(url, scope, 0, bench->pool);
    for (order.is_delta = 0; err == NULL && order.is_delta < 2; order.is_delta++) {
        order.freshest = order.is_delta ? NULL : xca_crl_url(url, scope, 1, bench->pool);
        order.count = xca_revoked_pass(&pass, set, scope, now, order.is_delta, now - apr_time_from_sec(50000));
        err = xca_ca_list(&list, signer->ca, &order, bench->pool);
    }
    return err;
}

/* In megabytes. Not getrusage's: that begins with the memory of whoever started the program. */
static double peak_memory(void) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kilobytes = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kilobytes = strtol(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)kilobytes / 1024;
}

static xca_error_t *change(bench_t *bench, long entries, int parts) {
    apr_time_t now = apr_time_from_sec(apr_time_sec(apr_time_now()));
    xca_revoked_t *set = xca_revoked_make(bench->pool);
    xca_crl_scope_t scope = {XCA_CRL_PARTITION, parts, 0, 0}, full = {XCA_CRL_FULL, 0, 0, 0};
    xca_revoked_item_t item, before;
    xca_signer_t *signer;
    double began;
    long i;
    xca_error_t *err = xca_signer_open(&signer, bench->settings, bench->pool);

    xca_revoked_reading(set);
    for (i = 0; i < entries; i++) {
        item = some_item(i, parts, now);
        (void)xca_revoked_take(set, &item, &before);
    }
    xca_revoked_read(set);
    began = processor_time();
    item = some_item(entries, parts, now);
    item.when = (apr_uint32_t)apr_time_sec(now);
    (void)xca_revoked_take(set, &item, &before);
    scope.part = xca_revoked_part(&item);
    if (err == NULL) {
        err = make_both(bench, signer, set, &scope, now);
    }
    if (err == NULL && entries * 49 < XCA_CRL_BYTES_MAX - 4096) {
        err = make_both(bench, signer, set, &full, now);
    }
    if (err == NULL) {
        printf("%.3f\n", processor_time() - began);
        printf("%.3f\n", peak_memory());
    }
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
    if (strcmp(verb, "sweep") == 0) {
        err = xca_signer_open(&bench->signer, bench->settings, bench->pool);
        if (err == NULL) {
            err = xca_signer_begin(bench->signer, apr_time_now(), bench->pool);
        }
        return err == NULL ? measure(bench, sweep, count, argv + 4) : err;
    }
    if (strcmp(verb, "change") == 0) {
        return change(bench, count, atoi(argv[4]));
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
        fputs("usage: core SETTINGS search|number|arcs|sign|sweep|list|change COUNT ...\n", stderr);
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
