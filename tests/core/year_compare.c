/* The world of a year, and the comparison of all that the directory says with the table. */
#include "year.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include "directory/crl_store.h"
#include "domain/calendar.h"
#include "operations/audit_read.h"
#include "operations/audit_verify.h"
#include "operations/signer_open.h"
#include "operations/statistics.h"

#define CRL_LIFE XCA_DAY

#define differs(y, ...) fail_msg("%s: %s", xca_date_format((y)->pool, (y)->b->now, XCA_DATE_ISO_TIME), apr_psprintf((y)->pool, __VA_ARGS__))

static void same_text(year_t *y, const char *what, const char *of, const char *there, const char *wanted) {
    if (strcmp(there != NULL ? there : "", wanted != NULL ? wanted : "") != 0) {
        differs(y, "%s of %s is %s, not %s", what, of, there != NULL ? there : "(none)", wanted != NULL ? wanted : "(none)");
    }
}

static void same_time(year_t *y, const char *what, const char *of, apr_time_t there, apr_time_t wanted) {
    same_text(y, what, of, there != 0 ? xca_date_format(y->pool, there, XCA_DATE_RFC3339) : NULL,
              wanted != 0 ? xca_date_format(y->pool, wanted, XCA_DATE_RFC3339) : NULL);
}

static void same_number(year_t *y, const char *what, const char *of, apr_int64_t there, apr_int64_t wanted) {
    if (there != wanted) {
        differs(y, "%s of %s is %" APR_INT64_T_FMT ", not %" APR_INT64_T_FMT, what, of, there, wanted);
    }
}

/* ---- The world ---- */

year_t *year_make(apr_pool_t *pool, apr_time_t now) {
    year_t *y = apr_pcalloc(pool, sizeof(*y));
    static const char all[] = "foundation|school|association|administrative|professional|other";
    xca_window_t ours = {"tpe-edu", "臺北市政府教育局", "臺北市", all, NULL, NULL, 0};
    xca_window_t ministry = {"moe", "教育部", "中央機關", all, NULL, NULL, 0};
    xca_mail_config_t *mail = apr_pcalloc(pool, sizeof(*mail));

    y->pool = pool;
    y->b = bench_make_at(pool, now);
    assert_done(xca_window_put(y->b->admin, &ours, pool));
    assert_done(xca_window_put(y->b->admin, &ministry, pool));
    y->office = *y->b->portal;
    y->office.store = y->b->admin;
    assert_done(xca_officer_read(&y->ra, y->b->admin, y->b->ra.uid, pool));
    assert_done(xca_officer_read(&y->central, y->b->admin, y->b->central.uid, pool));
    y->bodies = apr_array_make(pool, 64, sizeof(body_t *));
    y->holdings = apr_array_make(pool, 128, sizeof(holding_t *));
    y->cases = apr_array_make(pool, 256, sizeof(kase_t *));
    y->notices = apr_hash_make(pool);
    y->log = apr_hash_make(pool);
    y->outbox = apr_pstrcat(pool, y->b->slapd->home, "/outbox", NULL);
    assert_int_equal(mkdir(y->outbox, 0700), 0);
    mail->url = apr_pstrcat(pool, "folder:", y->outbox, NULL);
    mail->from = "xca@example.org";
    y->b->signer->mail = mail;
    y->b->signer->central_mail = CENTRAL_MAIL;
    y->ldap = slapd_config(y->b->slapd, "signer", pool);
    year_restart(y);
    return y;
}

/* What is read of the directory in a day need not stay. */
static apr_pool_t *begin_scratch(year_t *y, apr_pool_t **kept) {
    apr_pool_t *scratch;

    *kept = y->pool;
    apr_pool_create(&scratch, y->pool);
    y->pool = y->b->pool = scratch;
    return scratch;
}

static void end_scratch(year_t *y, apr_pool_t *kept) {
    apr_pool_t *scratch = y->pool;

    y->pool = y->b->pool = kept;
    apr_pool_destroy(scratch);
}

static int list_number(year_t *y, apr_pool_t *pool) {
    xca_crl_record_t *crl;
    xca_error_t *err = xca_crl_read(&crl, y->b->portal->store, "full", XCA_CRL_HEAD, pool);

    if (err != NULL) {
        assert_error(err, "crl.not-found");
        return 0;
    }
    if (crl->number != y->list_number) {
        y->list_before = y->list_next != 0 ? y->list_next - CRL_LIFE : 0;
        y->list_number = crl->number;
        y->list_next = crl->next_update;
    }
    return (int)crl->number;
}

void year_work(year_t *y) {
    apr_pool_t *kept;
    int before, i;

    time_passes(y); /* its notices stay */
    before = list_number(y, begin_scratch(y, &kept));
    bench_sweep(y->b);
    assert_done(xca_signer_lists(y->b->signer, y->b->now, y->pool));
    same_number(y, "lists more", "this look", list_number(y, y->pool) - before <= 1, 1);
    for (i = 0; i < 10; i++) {
        assert_done(xca_signer_post(y->b->signer, y->b->now, 50, y->pool));
    }
    end_scratch(y, kept);
}

void year_restart(year_t *y) {
    bench_restart(y->b);
    y->follower = xca_follower_make(y->b->signer, &y->ldap, y->pool);
    year_work(y);
}

/* ---- Certificates ---- */

static void compare_paper(year_t *y, const holding_t *h, const paper_t *paper) {
    xca_cert_t *cert;
    const char *serial = paper->serial;
    int is_mail = paper->use != XCA_USE_CARD_AUTH;

    assert_done(xca_cert_read(&cert, y->b->admin, serial, y->pool));
    same_text(y, "state", serial, xca_cert_state_id(cert->state), xca_cert_state_id(paper->state));
    same_text(y, "use", serial, xca_use_id(cert->use), xca_use_id(paper->use));
    same_text(y, "OID", serial, cert->oid, h->body->oid);
    same_text(y, "name", serial, cert->org_name, h->name);
    same_text(y, "county", serial, cert->county, h->county);
    same_text(y, "address", serial, cert->email, is_mail ? h->body->mail : NULL);
    same_text(y, "card", serial, cert->card_number, h->card != NULL ? h->card->number : NULL);
    same_text(y, "case", serial, cert->case_number, h->kase->number);
    same_text(y, "note", serial, cert->reason_note, paper->note);
    same_number(y, "class", serial, cert->class, h->body->class);
    same_number(y, "reason", serial, cert->reason, paper->reason);
    same_time(y, "begin", serial, cert->not_before, h->not_before);
    same_time(y, "end", serial, cert->not_after, h->not_after);
    same_text(y, "last day", serial, cert->expires, taiwan_date(y->pool, h->not_after));
    same_time(y, "acceptance", serial, cert->accepted, paper->accepted);
    same_time(y, "suspension", serial, cert->suspended, paper->suspended);
    same_time(y, "revocation", serial, cert->revoked, paper->revoked);
    same_number(y, "being published", serial, cert->published, paper->accepted != 0);
    if (h->ends_on != 0) {
        same_time(y, "day of the change", serial, cert->ends_on, h->ends_on);
    }
}

static xca_error_t *count_cert(void *baton, const xca_cert_t *cert, apr_pool_t *scratch) {
    ++*(int *)baton;
    return NULL;
}

static void compare_certificates(year_t *y) {
    int there = 0, wanted = 0, i, j;

    for (i = 0; i < y->holdings->nelts; i++) {
        const holding_t *h = APR_ARRAY_IDX(y->holdings, i, const holding_t *);

        for (j = 0; j < h->count; j++, wanted++) {
            compare_paper(y, h, &h->papers[j]);
        }
        if (h->card != NULL) {
            const xca_card_t *card = recorded_card(y->b, h->card->number);

            same_text(y, "state", card->number, xca_card_state_id(card->state), xca_card_state_id(h->state));
            same_number(y, "unfinished work", card->number, card->unfinished, 0);
            same_text(y, "contact", card->number, card->contact_email, h->body->contact);
        }
    }
    assert_done(xca_cert_walk(y->b->admin, count_cert, &there, y->pool));
    same_number(y, "certificates", "the directory", there, wanted);
}

/* ---- ou=mail, cases, organisations ---- */

static xca_error_t *see_mail(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    apr_hash_t *there = baton;
    apr_pool_t *keep = apr_hash_pool_get(there);

    if (xca_entry_text(entry, "xcaSerial") != NULL) {
        apr_hash_set(there, apr_pstrcat(keep, xca_entry_text(entry, "mail"), " ", xca_entry_text(entry, "xcaUse"), NULL),
                     APR_HASH_KEY_STRING, apr_pstrdup(keep, xca_entry_text(entry, "xcaSerial")));
    }
    return NULL;
}

static void compare_mail(year_t *y) {
    apr_hash_t *there = apr_hash_make(y->pool), *wanted = apr_hash_make(y->pool), *since = apr_hash_make(y->pool);
    apr_hash_index_t *at;
    int i, j;

    assert_done(xca_ldap_search(y->b->admin->ldap, "ou=mail," BASE, XCA_SCOPE_ONE, "(objectClass=xcaMailEntry)", NULL, 0, NULL,
                                see_mail, there, y->pool));
    for (i = 0; i < y->holdings->nelts; i++) {
        const holding_t *h = APR_ARRAY_IDX(y->holdings, i, const holding_t *);

        for (j = 0; j < h->count; j++) {
            const paper_t *paper = &h->papers[j];
            const char *key = apr_pstrcat(y->pool, h->body->mail, " ", xca_use_id(paper->use), NULL);
            const holding_t *other = apr_hash_get(since, key, APR_HASH_KEY_STRING);

            if (paper->use != XCA_USE_CARD_AUTH && paper->state == XCA_CERT_VALID && y->b->now <= h->not_after &&
                (other == NULL || other->not_before < h->not_before)) {
                apr_hash_set(wanted, key, APR_HASH_KEY_STRING, paper->serial);
                apr_hash_set(since, key, APR_HASH_KEY_STRING, h);
            }
        }
    }
    same_number(y, "entries", "ou=mail", apr_hash_count(there), apr_hash_count(wanted));
    for (at = apr_hash_first(y->pool, wanted); at != NULL; at = apr_hash_next(at)) {
        const void *key;
        void *serial;

        apr_hash_this(at, &key, NULL, &serial);
        same_text(y, "the certificate for mail", key, apr_hash_get(there, key, APR_HASH_KEY_STRING), serial);
    }
}

static void compare_cases(year_t *y) {
    apr_array_header_t *all;
    int i;

    for (i = 0; i < y->cases->nelts; i++) {
        const kase_t *kase = APR_ARRAY_IDX(y->cases, i, const kase_t *);
        const xca_case_t *recorded = recorded_case(y->b, kase->number);

        same_text(y, "state", kase->number, xca_case_state_id(recorded->state), xca_case_state_id(kase->state));
        same_text(y, "problem", kase->number, recorded->problem, kase->problem);
    }
    assert_done(xca_case_list(&all, NULL, y->b->admin, XCA_STATE_COUNT, NULL, NULL, 0, y->pool));
    same_number(y, "cases", "the directory", all->nelts, y->cases->nelts);
    for (i = 0; i < y->bodies->nelts; i++) {
        const body_t *body = APR_ARRAY_IDX(y->bodies, i, const body_t *);
        xca_org_t *org;

        if (body->oid == NULL) {
            continue;
        }
        assert_done(xca_org_read(&org, y->b->admin, body->oid, y->pool));
        same_text(y, "name", body->oid, org->name, body->name);
        if (body->barred_from == APR_INT64_MAX) {
            same_text(y, "state", body->oid, xca_org_state_id(org->state), "abolished");
        } else {
            same_time(y, "ban", body->oid, org->banned_from, body->barred_from);
        }
    }
}

/* ---- Notices ---- */

static void compare_outbox(year_t *y) {
    apr_array_header_t *sent;
    struct dirent *file;
    DIR *folder = opendir(y->outbox);
    int files = 0, i;
    apr_hash_t *there = apr_hash_make(y->pool);
    apr_hash_index_t *at;

    assert_done(xca_notice_list(&sent, y->b->signer->office->store, "sent", 0, y->pool));
    for (i = 0; i < sent->nelts; i++) {
        const xca_notice_t *notice = APR_ARRAY_IDX(sent, i, const xca_notice_t *);
        const char *to = apr_hash_get(y->notices, notice->id, APR_HASH_KEY_STRING);

        if (to == NULL) {
            differs(y, "nobody should have been told %s: %s", notice->id, notice->subject);
        }
        same_text(y, "the address", notice->id, notice->to, to);
        same_number(y, "sendings", notice->id, notice->tries, 1);
        apr_hash_set(there, notice->id, APR_HASH_KEY_STRING, notice);
    }
    for (at = apr_hash_first(y->pool, y->notices); at != NULL; at = apr_hash_next(at)) {
        const void *id;

        apr_hash_this(at, &id, NULL, NULL);
        if (apr_hash_get(there, id, APR_HASH_KEY_STRING) == NULL) {
            differs(y, "%s was never told", (const char *)id);
        }
    }
    assert_non_null(folder);
    while ((file = readdir(folder)) != NULL) {
        files += file->d_name[0] != '.';
    }
    closedir(folder);
    same_number(y, "messages", "the outbox", files, (apr_int64_t)apr_hash_count(y->notices));
}

/* ---- The list ---- */

static apr_time_t time_of(const ASN1_TIME *time) {
    struct tm tm;

    assert_int_equal(ASN1_TIME_to_tm(time, &tm), 1);
    return apr_time_from_sec(timegm(&tm));
}

/* RFC 5280 section 3.3: what is on a list leaves it only when it was on one that was made on schedule behind its end. */
static int belongs_on(const year_t *y, const holding_t *h, const paper_t *paper, apr_time_t this_update, int *may) {
    apr_time_t before = y->list_before != 0 ? y->list_before : this_update;

    *may = paper->state == XCA_CERT_REVOKED || paper->state == XCA_CERT_SUSPENDED;
    if (h->not_after < this_update - 2 * CRL_LIFE && h->not_after < before - 2 * CRL_LIFE) {
        *may = 0;
    }
    return *may && (h->not_after >= this_update || h->not_after >= before);
}

static void compare_entry(year_t *y, const holding_t *h, const paper_t *paper, X509_CRL *crl, apr_time_t this_update, int *found) {
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial;
    X509_REVOKED *entry = NULL;
    ASN1_ENUMERATED *reason;
    int is_there, may, must = belongs_on(y, h, paper, this_update, &may);

    assert_true(BN_hex2bn(&number, paper->serial) > 0);
    serial = BN_to_ASN1_INTEGER(number, NULL);
    is_there = X509_CRL_get0_by_serial(crl, &entry, serial) == 1;
    ASN1_INTEGER_free(serial);
    BN_free(number);
    if ((must && !is_there) || (is_there && !may)) {
        differs(y, "%s (%s, until %s) is %s the list of %s", paper->serial, xca_cert_state_id(paper->state),
                xca_date_format(y->pool, h->not_after, XCA_DATE_RFC3339), is_there ? "on" : "not on",
                xca_date_format(y->pool, this_update, XCA_DATE_RFC3339));
    }
    if (!is_there) {
        return;
    }
    ++*found;
    same_time(y, "date on the list", paper->serial, time_of(X509_REVOKED_get0_revocationDate(entry)),
              apr_time_from_sec(apr_time_sec(paper->state == XCA_CERT_REVOKED ? paper->revoked : paper->suspended)));
    reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    same_number(y, "reason on the list", paper->serial, reason != NULL ? ASN1_ENUMERATED_get(reason) : 0, paper->reason);
    ASN1_ENUMERATED_free(reason);
}

static void compare_list(year_t *y) {
    xca_bytes_t issuer = xca_ca_certificate(y->b->signer->ca);
    const unsigned char *at;
    xca_crl_record_t *record;
    X509 *ca;
    X509_CRL *crl;
    apr_time_t this_update;
    int found = 0, i, j;

    assert_done(xca_crl_read(&record, y->b->portal->store, "full", XCA_CRL_COMPLETE, y->pool));
    at = record->der.data;
    crl = d2i_X509_CRL(NULL, &at, (long)record->der.length);
    at = issuer.data;
    ca = d2i_X509(NULL, &at, (long)issuer.length);
    assert_non_null(crl);
    assert_non_null(ca);
    assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(ca)), 1);
    this_update = time_of(X509_CRL_get0_lastUpdate(crl));
    same_time(y, "nextUpdate", "the list", time_of(X509_CRL_get0_nextUpdate(crl)), this_update + CRL_LIFE);
    if (this_update > y->b->now || this_update + CRL_LIFE / 2 < y->b->now) {
        differs(y, "the list is of %s", xca_date_format(y->pool, this_update, XCA_DATE_RFC3339));
    }
    for (i = 0; i < y->holdings->nelts; i++) {
        const holding_t *h = APR_ARRAY_IDX(y->holdings, i, const holding_t *);

        for (j = 0; j < h->count; j++) {
            compare_entry(y, h, &h->papers[j], crl, this_update, &found);
        }
    }
    same_number(y, "entries", "the list", sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)) > 0 ? sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)) : 0,
                found);
    X509_free(ca);
    X509_CRL_free(crl);
}

void year_compare(year_t *y) {
    apr_pool_t *kept;

    begin_scratch(y, &kept);
    list_number(y, y->pool);
    compare_certificates(y);
    compare_mail(y);
    compare_cases(y);
    compare_outbox(y);
    compare_list(y);
    end_scratch(y, kept);
}
