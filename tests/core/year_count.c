/* What a year's table says of statistics and of the audit log, and every certificate's own bytes. */
#include "year.h"

#include <stdlib.h>
#include <openssl/x509.h>
#include "domain/calendar.h"
#include "operations/audit_read.h"
#include "operations/audit_verify.h"
#include "operations/statistics.h"

#define TALLIES 8

#define differs(y, ...) fail_msg("%s: %s", xca_date_format((y)->pool, (y)->b->now, XCA_DATE_ISO_TIME), apr_psprintf((y)->pool, __VA_ARGS__))

/* ---- Statistics ---- */

/* period -> ("class county" -> eight numbers) */
static void tally(year_t *y, apr_hash_t *periods, int month, const holding_t *h, int which) {
    static const char *const classes[] = {"none", "school", "foundation", "association", "administrative", "professional", "other"};
    const char *names[2];
    int i;

    names[0] = apr_psprintf(y->pool, "%04d-%02d", month / 12, month % 12 + 1);
    names[1] = apr_psprintf(y->pool, "%04d", month / 12);
    for (i = 0; i < 2; i++) {
        const char *cell = apr_pstrcat(y->pool, classes[h->body->class], " ", h->county != NULL ? h->county : "-", NULL);
        apr_hash_t *cells = apr_hash_get(periods, names[i], APR_HASH_KEY_STRING);
        int *counts;

        if (cells == NULL) {
            cells = apr_hash_make(y->pool);
            apr_hash_set(periods, names[i], APR_HASH_KEY_STRING, cells);
        }
        counts = apr_hash_get(cells, cell, APR_HASH_KEY_STRING);
        if (counts == NULL) {
            counts = apr_pcalloc(y->pool, TALLIES * sizeof(*counts));
            apr_hash_set(cells, cell, APR_HASH_KEY_STRING, counts);
        }
        counts[which]++;
    }
}

static void tally_paper(year_t *y, apr_hash_t *periods, const holding_t *h, const paper_t *paper) {
    int month = taiwan_month(h->not_before);
    int expired = paper->state != XCA_CERT_REVOKED && paper->state != XCA_CERT_PENDING && y->b->now > h->not_after;

    tally(y, periods, month, h, 0);
    tally(y, periods, month, h, expired ? 5 : 1 + (int)paper->state);
    if (paper->state == XCA_CERT_REVOKED) {
        tally(y, periods, taiwan_month(paper->revoked), h, 6);
    }
    if (expired) {
        tally(y, periods, taiwan_month(h->not_after), h, 7);
    }
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *lines_of(apr_hash_t *cells, apr_pool_t *pool) {
    apr_array_header_t *lines = apr_array_make(pool, 8, sizeof(const char *));
    apr_hash_index_t *at;

    for (at = apr_hash_first(pool, cells); at != NULL; at = apr_hash_next(at)) {
        const void *cell;
        void *counts;
        const char *space, *line;
        int i;

        apr_hash_this(at, &cell, NULL, &counts);
        space = strchr(cell, ' ');
        line = apr_pstrmemdup(pool, cell, (apr_size_t)(space - (const char *)cell));
        for (i = 0; i < TALLIES; i++) {
            line = apr_psprintf(pool, "%s %d", line, ((int *)counts)[i]);
        }
        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(pool, line, space, NULL);
    }
    qsort(lines->elts, (size_t)lines->nelts, sizeof(const char *), by_text);
    return apr_array_pstrcat(pool, lines, '\n');
}

static void follow(year_t *y) {
    int i;

    for (i = 0; i < 100 && (xca_follower_is_reading(y->follower) || i < 3); i++) {
        assert_done(xca_follower_poll(y->follower, y->b->now, y->pool));
        apr_sleep(apr_time_from_msec(5)); /* a change comes on its own connection */
    }
    assert_done(xca_follower_write(y->follower, 0, y->b->now, y->pool));
}

static const char *period_differs(year_t *y, apr_hash_t *wanted) {
    apr_array_header_t *periods;
    const char *differing = NULL;
    int found = 0, i;

    assert_done(xca_statistics_all(&periods, y->b->portal->store, y->pool));
    for (i = 0; i < periods->nelts; i++) {
        const xca_period_t *period = APR_ARRAY_IDX(periods, i, const xca_period_t *);
        apr_hash_t *cells = apr_hash_get(wanted, period->name, APR_HASH_KEY_STRING);
        const char *lines = cells != NULL ? lines_of(cells, y->pool) : "", *kept = xca_statistics_text(period->texts, y->pool);

        found += cells != NULL;
        if (strcmp(kept, lines) != 0) {
            differing = apr_psprintf(y->pool, "statistics of %s are\n%s\nnot\n%s", period->name, kept, lines);
        }
    }
    return found != (int)apr_hash_count(wanted) ? "statistics of a period are missing" : differing;
}

/* The follower counts what slapd has told it by then: a change may be on its way. */
static void compare_statistics(year_t *y) {
    apr_hash_t *wanted = apr_hash_make(y->pool);
    const char *differing = NULL;
    int i, j;

    for (i = 0; i < y->holdings->nelts; i++) {
        const holding_t *h = APR_ARRAY_IDX(y->holdings, i, const holding_t *);

        for (j = 0; j < h->count; j++) {
            tally_paper(y, wanted, h, &h->papers[j]);
        }
    }
    for (i = 0; i < 100 && (i == 0 || differing != NULL); i++) {
        follow(y);
        differing = period_differs(y, wanted);
    }
    if (differing != NULL) {
        differs(y, "%s", differing);
    }
}

/* ---- The audit log ---- */

typedef struct {
    year_t *y;
    apr_hash_t *there; /* "kind subject" -> int * */
    apr_hash_t *lists;
} reading_t;

static const char *subject_of(const xca_audit_entry_t *entry) {
    static const char *const by_card[] = {"card-make", "card-made", "card-dispatch", "card-activate", "card-confirm",
                                          "card-revoke", "card-lapse", NULL};
    static const char *const by_case[] = {"decision", "case-return", "oid-change", NULL};
    int i;

    for (i = 0; by_card[i] != NULL; i++) {
        if (strcmp(entry->kind, by_card[i]) == 0) {
            return entry->card;
        }
    }
    for (i = 0; by_case[i] != NULL; i++) {
        if (strcmp(entry->kind, by_case[i]) == 0) {
            return entry->case_number;
        }
    }
    return strncmp(entry->kind, "code-", 5) == 0 ? (entry->card != NULL ? entry->card : entry->serial)
           : strncmp(entry->kind, "certificate-", 12) == 0 ? entry->serial
                                                           : NULL;
}

/* Each decision counts once. */
static xca_error_t *see_entry(void *baton, const xca_audit_entry_t *entry, apr_pool_t *scratch) {
    static const char *const others[] = {"key-use", "audit-key", "officer-change", "window-change", NULL};
    reading_t *reading = baton;
    const char *subject = subject_of(entry), *key, *verdict;
    int *count, i;

    verdict = xca_audit_detail(entry->details, "verdict", reading->y->pool);
    if (verdict != NULL && strcmp(verdict, "counted") != 0) {
        return NULL; /* it no longer stands, because the content was corrected */
    }
    if (strcmp(entry->kind, "list-sign") == 0) {
        subject = xca_audit_detail(entry->details, "number", reading->y->pool);
        apr_hash_set(reading->lists, subject, APR_HASH_KEY_STRING, subject);
        return NULL;
    }
    if (subject == NULL) {
        for (i = 0; others[i] != NULL && strcmp(others[i], entry->kind) != 0; i++) {
        }
        if (others[i] == NULL) {
            differs(reading->y, "the log has %s", entry->kind);
        }
        return NULL;
    }
    key = apr_pstrcat(reading->y->pool, entry->kind, " ", subject, NULL);
    count = apr_hash_get(reading->there, key, APR_HASH_KEY_STRING);
    if (count == NULL) {
        count = apr_pcalloc(reading->y->pool, sizeof(*count));
        apr_hash_set(reading->there, key, APR_HASH_KEY_STRING, count);
    }
    ++*count;
    return NULL;
}

static void nothing_more(year_t *y, apr_hash_t *a, apr_hash_t *b, const char *where) {
    apr_hash_index_t *at;

    for (at = apr_hash_first(y->pool, a); at != NULL; at = apr_hash_next(at)) {
        const void *key;
        void *count;
        const int *other;

        apr_hash_this(at, &key, NULL, &count);
        other = apr_hash_get(b, key, APR_HASH_KEY_STRING);
        if (other == NULL || *other != *(int *)count) {
            differs(y, "%s: %d times %s, %d on the other side", (const char *)key, *(int *)count, where, other != NULL ? *other : 0);
        }
    }
}

static void compare_log(year_t *y) {
    reading_t reading = {y, apr_hash_make(y->pool), apr_hash_make(y->pool)};
    xca_audit_filter_t all = {0};

    assert_done(xca_audit_walk(y->b->admin, &all, 1, see_entry, &reading, y->pool));
    nothing_more(y, reading.there, y->log, "in the log");
    nothing_more(y, y->log, reading.there, "in the table");
    assert_int_equal(apr_hash_count(reading.lists), y->list_number); /* each list that was ever made */
}

static void verify_log(year_t *y, apr_int64_t from) {
    xca_audit_report_t report;

    assert_done(xca_audit_verify(&report, y->b->admin, y->b->signer->certificates, 1, from, NULL, 0, y->pool));
    if (report.bad != 0) {
        differs(y, "entry %" APR_INT64_T_FMT " of the log: %s", report.bad, report.wrong);
    }
    y->verified = report.last;
}

void year_count(year_t *y) {
    apr_pool_t *kept = y->pool, *scratch;

    apr_pool_create(&scratch, kept);
    y->pool = y->b->pool = scratch;
    compare_statistics(y);
    verify_log(y, y->verified + 1);
    compare_log(y);
    y->pool = y->b->pool = kept;
    apr_pool_destroy(scratch);
}

static apr_time_t time_of(const ASN1_TIME *time) {
    struct tm tm;

    assert_int_equal(ASN1_TIME_to_tm(time, &tm), 1);
    return apr_time_from_sec(timegm(&tm));
}

void year_finish(year_t *y) {
    int i, j;

    verify_log(y, 1);
    for (i = 0; i < y->holdings->nelts; i++) {
        const holding_t *h = APR_ARRAY_IDX(y->holdings, i, const holding_t *);

        for (j = 0; j < h->count; j++) {
            const unsigned char *at;
            xca_cert_t *cert;
            X509 *x509;
            BIGNUM *number;
            char *hex;

            assert_done(xca_cert_read(&cert, y->b->admin, h->papers[j].serial, y->pool));
            at = cert->der.data;
            x509 = d2i_X509(NULL, &at, (long)cert->der.length);
            assert_non_null(x509);
            assert_int_equal(time_of(X509_get0_notBefore(x509)), h->not_before);
            assert_int_equal(time_of(X509_get0_notAfter(x509)), h->not_after);
            number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
            hex = BN_bn2hex(number);
            assert_true(strcasecmp(hex, h->papers[j].serial) == 0);
            OPENSSL_free(hex);
            BN_free(number);
            X509_free(x509);
        }
    }
}
