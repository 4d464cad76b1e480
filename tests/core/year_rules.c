/* The table of a year: what should be of every organisation, card, certificate, case and notice, and what time does to it. Written
 * from features.md and the guide, without the product's rules and dates. */
#include "year.h"

#include <stdlib.h>
#include <time.h>

#define EIGHT_HOURS (8 * 3600)
#define DAY         apr_time_from_sec(86400)

static struct tm taiwan(apr_time_t when) {
    time_t seconds = (time_t)apr_time_sec(when) + EIGHT_HOURS;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    return tm;
}

apr_int64_t taiwan_day(apr_time_t when) {
    return (apr_time_sec(when) + EIGHT_HOURS) / 86400;
}

int taiwan_month(apr_time_t when) {
    struct tm tm = taiwan(when);

    return (tm.tm_year + 1900) * 12 + tm.tm_mon;
}

apr_time_t taiwan_time(int year, int month, int day, int hour, int minute) {
    struct tm tm = {0};

    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    return apr_time_from_sec(timegm(&tm) - EIGHT_HOURS);
}

const char *taiwan_date(apr_pool_t *pool, apr_time_t when) {
    struct tm tm = taiwan(when);
    char text[16];

    strftime(text, sizeof(text), "%Y-%m-%d", &tm);
    return apr_pstrdup(pool, text);
}

apr_time_t five_years_on(apr_time_t when) {
    time_t seconds = (time_t)apr_time_sec(when);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    tm.tm_year += 5;
    if (tm.tm_mon == 1 && tm.tm_mday == 29) {
        tm.tm_mday = 28; /* no year five after a leap year is one */
    }
    return apr_time_from_sec(timegm(&tm) - 1);
}

apr_time_t ban_over(apr_time_t from) {
    struct tm tm = taiwan(from);
    int month = tm.tm_mon + 3, mday = tm.tm_mday, year = tm.tm_year + 1900 + month / 12;
    apr_time_t over = taiwan_time(year, month % 12 + 1, mday, 0, 0);

    while (taiwan(over).tm_mon != month % 12) { /* 30 February: mktime went on into March */
        over = taiwan_time(year, month % 12 + 1, --mday, 0, 0);
    }
    return over;
}

apr_time_t next_working_day_over(apr_time_t when, const char *holidays) {
    apr_time_t next = when;
    struct tm tm;
    char date[16];

    do {
        next += DAY;
        tm = taiwan(next);
        strftime(date, sizeof(date), "%Y-%m-%d", &tm);
    } while (tm.tm_wday == 0 || tm.tm_wday == 6 || strstr(holidays, date) != NULL);
    return taiwan_time(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, 23, 59) + apr_time_from_sec(59);
}

void expect_notice(year_t *y, const char *id, const char *to) {
    apr_hash_set(y->notices, apr_pstrdup(y->pool, id), APR_HASH_KEY_STRING, to);
}

void expect_logged(year_t *y, const char *kind, const char *subject) {
    const char *key = apr_pstrcat(y->pool, kind, " ", subject, NULL);
    int *count = apr_hash_get(y->log, key, APR_HASH_KEY_STRING);

    if (count == NULL) {
        count = apr_pcalloc(y->pool, sizeof(*count));
        apr_hash_set(y->log, key, APR_HASH_KEY_STRING, count);
    }
    ++*count;
}

int in_force(const holding_t *h, apr_time_t now) {
    return h->count > 0 && h->papers[0].state == XCA_CERT_VALID && now <= h->not_after;
}

int is_barred(const body_t *body, apr_time_t now) {
    return body->barred_from != 0 && now >= body->barred_from && now < ban_over(body->barred_from);
}

static const char *change_of(xca_cert_state from, xca_cert_state to) {
    return to == XCA_CERT_REVOKED     ? "certificate-revoke"
           : to == XCA_CERT_SUSPENDED ? "certificate-suspend"
           : from == XCA_CERT_PENDING ? "certificate-accept"
                                      : "certificate-resume";
}

void papers_become(year_t *y, holding_t *h, xca_cert_state state, int reason, const char *note) {
    int i;

    for (i = 0; i < h->count; i++) {
        paper_t *paper = &h->papers[i];

        if (paper->state == XCA_CERT_REVOKED) {
            continue;
        }
        expect_logged(y, change_of(paper->state, state), paper->serial);
        paper->state = state;
        paper->reason = reason;
        paper->note = note;
        if (state == XCA_CERT_VALID) {
            paper->accepted = paper->accepted != 0 ? paper->accepted : y->b->now;
            paper->suspended = 0;
        } else if (state == XCA_CERT_SUSPENDED) {
            paper->suspended = paper->suspended != 0 ? paper->suspended : y->b->now;
        } else {
            paper->revoked = y->b->now;
            paper->suspended = 0;
        }
    }
}

static const char *id(year_t *y, const char *subject, const char *event) {
    return apr_pstrcat(y->pool, subject, "-", event, NULL);
}

static const char *id_when(year_t *y, const char *subject, const char *event) {
    return apr_psprintf(y->pool, "%s-%s-%" APR_INT64_T_FMT, subject, event, apr_time_sec(y->b->now));
}

static const char *number_of(const holding_t *h) {
    return h->card != NULL ? h->card->number : h->papers[0].serial;
}

void holding_revoked(year_t *y, holding_t *h, int reason, const char *note, int told) {
    papers_become(y, h, XCA_CERT_REVOKED, reason, note);
    if (h->card != NULL) {
        h->state = XCA_CARD_STATE_REVOKED;
        expect_logged(y, "card-revoke", h->card->number);
        expect_notice(y, id(y, h->card->number, "card-revoked"), h->body->contact);
    } else if (told) {
        expect_notice(y, id_when(y, h->papers[0].serial, "revoked"), h->body->contact);
    }
    if (h->kase->state != XCA_STATE_COMPLETED) {
        h->kase->state = XCA_STATE_LAPSED;
    }
}

static void bar(body_t *body, apr_time_t from) {
    body->barred_from = from > body->barred_from ? from : body->barred_from;
}

static void lapse_card(year_t *y, holding_t *h) {
    expect_logged(y, "card-lapse", h->card->number);
    if (h->state != XCA_CARD_STATE_DISPATCHED) { /* it never left the card centre, which makes another one */
        papers_become(y, h, XCA_CERT_REVOKED, XCA_REASON_SUPERSEDED, "discarded");
        h->state = XCA_CARD_STATE_DISCARDED;
        h->kase->state = XCA_STATE_APPROVED;
        return;
    }
    papers_become(y, h, XCA_CERT_REVOKED, XCA_REASON_UNSPECIFIED, "lapsed");
    h->state = XCA_CARD_STATE_LAPSED;
    h->kase->state = XCA_STATE_LAPSED;
    bar(h->body, h->not_before + 90 * DAY);
    expect_notice(y, id(y, h->card->number, "card-lapsed"), h->body->contact);
}

static int waits(const holding_t *h) {
    return h->count > 0 && h->papers[0].state == XCA_CERT_PENDING &&
           (h->card == NULL || h->state == XCA_CARD_STATE_MAKING || h->state == XCA_CARD_STATE_MADE ||
            h->state == XCA_CARD_STATE_DISPATCHED);
}

static void lapses(year_t *y, holding_t *h) {
    apr_time_t end = h->not_before + 90 * DAY;
    apr_int64_t left = taiwan_day(end) - taiwan_day(y->b->now);

    if (!waits(h)) {
        return;
    }
    if (y->b->now >= end && h->card != NULL) {
        lapse_card(y, h);
    } else if (y->b->now >= end) {
        papers_become(y, h, XCA_CERT_REVOKED, XCA_REASON_UNSPECIFIED, "lapsed");
        h->kase->state = XCA_STATE_LAPSED;
        expect_notice(y, id_when(y, h->papers[0].serial, "lapsed"), h->body->contact);
    } else if (left <= 60 && (h->card == NULL || h->state == XCA_CARD_STATE_DISPATCHED)) {
        expect_notice(y, id(y, number_of(h), left <= 7 ? "lapsing-7" : left <= 30 ? "lapsing-30" : "lapsing-60"), h->body->contact);
    }
}

static int has_successor(const year_t *y, const holding_t *h) {
    int i;

    for (i = 0; i < y->holdings->nelts; i++) {
        const holding_t *other = APR_ARRAY_IDX(y->holdings, i, const holding_t *);

        if (other != h && other->body == h->body && in_force(other, y->b->now) && (other->card != NULL) == (h->card != NULL) &&
            (h->card != NULL ? strcmp(other->rank, h->rank) == 0 : other->papers[0].use == h->papers[0].use) &&
            other->not_before >= h->not_after - 90 * DAY) {
            return 1;
        }
    }
    return 0;
}

static void ends(year_t *y, holding_t *h) {
    apr_int64_t left = taiwan_day(h->not_after) - taiwan_day(y->b->now);
    int stage = left <= 30 ? 30 : left <= 60 ? 60 : 90;

    if (h->count == 0 || h->papers[0].state == XCA_CERT_PENDING || h->papers[0].state == XCA_CERT_REVOKED || left > 90 ||
        y->b->now > h->not_after || (h->noticed != 0 && h->noticed <= stage)) {
        return;
    }
    h->noticed = stage;
    if (!has_successor(y, h) && (!h->quiet || stage == 30)) {
        expect_notice(y, apr_psprintf(y->pool, "%s-ending-%d", number_of(h), stage), h->body->contact);
    }
}

static void changed_body(year_t *y, holding_t *h) {
    if (h->ends_on == 0 || y->b->now < h->ends_on) {
        return;
    }
    if (h->papers[0].state != XCA_CERT_REVOKED && h->not_after > y->b->now) {
        holding_revoked(y, h, strcmp(h->ends_why, "abolished") == 0 ? XCA_REASON_CESSATION : XCA_REASON_AFFILIATION_CHANGED,
                        h->ends_why, 1);
    }
    h->ends_on = 0;
}

static void case_waits(year_t *y, kase_t *kase) {
    apr_int64_t passed = y->b->now - kase->since;

    if (kase->kind == XCA_CASE_REVOCATION && kase->state == XCA_STATE_REVIEWED &&
        y->b->now >= next_working_day_over(kase->since, y->b->signer->holidays)) {
        expect_notice(y, id(y, kase->number, "1-revocation-overdue"), CENTRAL_MAIL);
    }
    if (kase->kind != XCA_CASE_CODE_RESET || kase->state != XCA_STATE_ISSUED) {
        return;
    }
    if (passed >= 14 * DAY) {
        kase->state = XCA_STATE_LAPSED;
        holding_revoked(y, kase->about, XCA_REASON_UNSPECIFIED, "no-original", 0);
        expect_notice(y, id(y, kase->number, "1-reset-lapsed"), kase->about->body->contact);
    } else if (passed >= 7 * DAY) {
        expect_notice(y, id(y, kase->number, "1-reset-reminder"), kase->about->body->contact);
    }
}

/* What ends something comes before what is told of it. */
void time_passes(year_t *y) {
    int i;

    for (i = 0; i < y->cases->nelts; i++) {
        case_waits(y, APR_ARRAY_IDX(y->cases, i, kase_t *));
    }
    for (i = 0; i < y->holdings->nelts; i++) {
        lapses(y, APR_ARRAY_IDX(y->holdings, i, holding_t *));
        changed_body(y, APR_ARRAY_IDX(y->holdings, i, holding_t *));
    }
    for (i = 0; i < y->holdings->nelts; i++) {
        ends(y, APR_ARRAY_IDX(y->holdings, i, holding_t *));
    }
}
