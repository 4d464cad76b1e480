/* A year of the authority, and the five years' end, in days: some dozens of organisations of all six classes live their lives, a signer
 * that stops, starts, sleeps for forty days and does everything twice looks after them, and whatever the directory, the list, the
 * statistics, the outbox and the audit log say is compared with a table that the test keeps by rules of its own (year.h). */
#include "year.h"

#include "base/log.h"
#include "domain/calendar.h"

#define DAYS(y, m, d) taiwan_day(taiwan_time(y, m, d, 0, 0))

/* ---- Lives ---- */

#define CARD_TO_THE_TABLE {AFTER_LAST, 0, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves}, {AFTER_LAST, 2, made}
#define CARD_IN_THE_MAIL  CARD_TO_THE_TABLE, {AFTER_LAST, 2, sent}
#define CARD              CARD_IN_THE_MAIL, {AFTER_LAST, 4, activated}
#define NEW_CARD(days)    {BEFORE_END, days, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves}, {AFTER_LAST, 2, made}, \
                          {AFTER_LAST, 1, sent}, {AFTER_LAST, 4, activated}
#define CERTIFICATE       {AFTER_LAST, 0, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves}, {AFTER_LAST, 3, accepted}
#define REVOKED(how)      {AFTER_LAST, 20, how}, {AFTER_LAST, 1, revocation_passed}, {AFTER_LAST, 1, revocation_approved}
#define CARD_AFTER_BAN    {AFTER_LAST, 0, is_barred_still}, {AFTER_BAN, -1, is_barred_still}, {AFTER_BAN, 0, applies}, \
                          {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves}, {AFTER_LAST, 2, made}, {AFTER_LAST, 2, sent}, \
                          {AFTER_LAST, 4, activated}
#define RESET             {AFTER_LAST, 15, asks_reset}, {AFTER_LAST, 1, reset_passed}, {AFTER_LAST, 1, reset_approved}
#define END               {AFTER_LAST, 0, NULL}

static const step_t card[] = {CARD, END};
static const step_t card_renewed_early[] = {CARD, {BEFORE_END, 91, cannot_apply}, NEW_CARD(89), END};
static const step_t card_renewed_late[] = {CARD, NEW_CARD(50), END};
static const step_t card_renewed_not_activated[] = {CARD, {BEFORE_END, 85, applies}, {AFTER_LAST, 1, passes}, {AFTER_LAST, 1, approves},
    {AFTER_LAST, 1, made}, {AFTER_LAST, 1, sent}, {AFTER_LAST, 62, activated}, END};
static const step_t card_quiet[] = {CARD, {AFTER_LAST, 30, wants_quiet}, END};
static const step_t card_quiet_and_not[] = {CARD, {AFTER_LAST, 30, wants_quiet}, {BEFORE_END, 75, wants_all}, END};
static const step_t card_suspended_at_the_end[] = {CARD, {BEFORE_END, 70, suspends}, END};
static const step_t card_revoked_at_the_end[] = {CARD, {BEFORE_END, 78, gives_up}, {AFTER_LAST, 1, revocation_passed},
    {AFTER_LAST, 1, revocation_approved}, END};
static const step_t card_revoked_in_the_last_week[] = {CARD, {BEFORE_END, 6, other_reason}, {AFTER_LAST, 1, revocation_passed},
    {BEFORE_END, 2, revocation_approved}, END};
static const step_t card_revoked_too_late[] = {CARD, {BEFORE_END, 6, loses}, {AFTER_LAST, 1, revocation_passed},
    {BEFORE_END, -2, revocation_too_late}, {AFTER_LAST, 1, cannot_be_revoked}, END};
static const step_t card_never_activated[] = {CARD_IN_THE_MAIL, {AFTER_LAST, 95, is_barred_still}, CARD_AFTER_BAN, END};
static const step_t card_never_sent[] = {CARD_TO_THE_TABLE, {AFTER_LAST, 95, made}, {AFTER_LAST, 2, sent}, {AFTER_LAST, 5, activated}, END};
static const step_t card_lost[] = {CARD, REVOKED(loses), CARD_AFTER_BAN, END};
static const step_t card_lost_in_november[] = {CARD, {ON_DAY, 20271130, loses}, {AFTER_LAST, 1, revocation_passed},
    {AFTER_LAST, 1, revocation_approved}, CARD_AFTER_BAN, END};
static const step_t card_damaged[] = {CARD, REVOKED(damages), CARD_AFTER_BAN, END};
static const step_t card_lost_in_the_mail[] = {CARD_IN_THE_MAIL, REVOKED(loses), CARD_AFTER_BAN, END};
static const step_t card_of_no_more_use[] = {CARD, REVOKED(other_reason), {AFTER_LAST, 3, applies}, {AFTER_LAST, 1, passes},
    {AFTER_LAST, 1, approves}, {AFTER_LAST, 1, made}, {AFTER_LAST, 1, sent}, {AFTER_LAST, 1, activated}, END};
static const step_t card_not_revoked[] = {CARD, {AFTER_LAST, 9, other_reason}, {AFTER_LAST, 1, revocation_passed},
    {AFTER_LAST, 1, revocation_returned}, {AFTER_LAST, 5, suspends}, {AFTER_LAST, 5, other_reason}, {AFTER_LAST, 1, revocation_passed},
    {AFTER_LAST, 2, revocation_returned}, {AFTER_LAST, 3, resumes}, REVOKED(gives_up), END};
static const step_t card_revoked_late[] = {CARD, {ON_DAY, 20271229, other_reason}, {AFTER_LAST, 1, revocation_passed},
    {AFTER_LAST, 10, revocation_approved}, END};
static const step_t card_returned[] = {{AFTER_LAST, 0, applies}, {AFTER_LAST, 2, window_returns}, {AFTER_LAST, 3, corrects},
    {AFTER_LAST, 1, passes}, {AFTER_LAST, 1, central_returns}, {AFTER_LAST, 9, corrects}, {AFTER_LAST, 1, passes}, {AFTER_LAST, 1, approves},
    {AFTER_LAST, 3, made}, {AFTER_LAST, 1, sent}, {AFTER_LAST, 85, activated}, END};
static const step_t card_suspended[] = {CARD, {AFTER_LAST, 40, suspends}, {AFTER_LAST, 3, resumes}, {AFTER_LAST, 60, suspends},
    {AFTER_LAST, 30, resumes}, END};
static const step_t card_reset[] = {CARD, RESET, {AFTER_LAST, 1, changes_code}, {AFTER_LAST, 9, original_came}, {AFTER_LAST, 5, suspends},
    {AFTER_LAST, 2, resumes}, END};
static const step_t card_reset_without_original[] = {CARD, RESET, {AFTER_LAST, 1, changes_code}, END};
static const step_t card_reset_with_bad_original[] = {CARD, RESET, {AFTER_LAST, 8, original_wrong}, END};
static const step_t card_not_reset[] = {CARD, {AFTER_LAST, 15, asks_reset}, {AFTER_LAST, 1, reset_passed}, {AFTER_LAST, 1, reset_returned}, END};
static const step_t card_renamed[] = {CARD, {AFTER_LAST, 30, is_renamed}, {AFTER_LAST, 2, applies}, {AFTER_LAST, 1, passes},
    {AFTER_LAST, 1, approves}, {AFTER_LAST, 1, made}, {AFTER_LAST, 1, sent}, {AFTER_LAST, 3, activated}, END};
static const step_t card_renamed_in_the_mail[] = {CARD_IN_THE_MAIL, {AFTER_LAST, 3, is_renamed}, {AFTER_LAST, 16, applies},
    {AFTER_LAST, 1, passes}, {AFTER_LAST, 1, approves}, {AFTER_LAST, 1, made}, {AFTER_LAST, 1, sent}, {AFTER_LAST, 3, activated}, END};
static const step_t card_moved[] = {CARD, {AFTER_LAST, 30, is_moved}, END};
static const step_t card_abolished[] = {CARD, {AFTER_LAST, 30, is_abolished}, {AFTER_LAST, 3, cannot_apply}, END};
static const step_t card_abolished_on_the_table[] = {{AFTER_LAST, 0, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves},
    {AFTER_LAST, 2, made_begun}, {AFTER_LAST, 1, abolished_on_the_table}, END};

static const step_t bare[] = {CERTIFICATE, END};
static const step_t bare_renewed[] = {CERTIFICATE, {BEFORE_END, 80, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves},
    {AFTER_LAST, 3, accepted}, END};
static const step_t bare_declined[] = {{AFTER_LAST, 0, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves}, {AFTER_LAST, 3, declined}, END};
static const step_t bare_never_accepted[] = {{AFTER_LAST, 0, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves},
    {AFTER_LAST, 95, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves}, {AFTER_LAST, 50, accepted}, END};
static const step_t bare_suspended[] = {CERTIFICATE, {AFTER_LAST, 40, suspends}, {AFTER_LAST, 3, resumes}, {BEFORE_END, 70, suspends},
    {BEFORE_END, 50, resumes}, END};
static const step_t bare_lost[] = {CERTIFICATE, REVOKED(loses), CERTIFICATE, END};
static const step_t bare_revoked_unaccepted[] = {{AFTER_LAST, 0, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves}, REVOKED(loses), END};
static const step_t bare_reset[] = {CERTIFICATE, RESET, {AFTER_LAST, 6, changes_code}, {AFTER_LAST, 7, original_came}, END};
static const step_t bare_reset_without_original[] = {CERTIFICATE, RESET, END};
static const step_t bare_renamed[] = {CERTIFICATE, {AFTER_LAST, 30, is_renamed}, {AFTER_LAST, 5, applies}, {AFTER_LAST, 1, passes},
    {AFTER_LAST, 1, approves}, {AFTER_LAST, 1, accepted}, END};
static const step_t bare_abolished_unaccepted[] = {{AFTER_LAST, 0, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, approves},
    {AFTER_LAST, 1, is_abolished}, END};
static const step_t bare_quiet[] = {CERTIFICATE, {AFTER_LAST, 5, wants_quiet}, END};
static const step_t bare_returned[] = {{AFTER_LAST, 0, applies}, {AFTER_LAST, 2, passes}, {AFTER_LAST, 1, central_returns}, END};

#define PRIMARY   "primary", XCA_USE_SIGNATURE
#define SECONDARY "secondary", XCA_USE_SIGNATURE
#define SIGNING   NULL, XCA_USE_SIGNATURE
#define SEALING   NULL, XCA_USE_ENCRYPTION
#define FOREIGN   1 /* of no county */
#define TAIPEI    2
#define NEWCOMER  3 /* comes into the tree with its application */

static const struct {
    const step_t *steps;
    const char *rank;
    xca_use use;
    xca_class class;
    int kind;
    int month, day, hour; /* of the beginning; month 0: somewhere in the year */
} plan[] = {
    {card, PRIMARY, XCA_CLASS_SCHOOL, 0, 3, 1, 10},
    {card, PRIMARY, XCA_CLASS_ADMINISTRATIVE, FOREIGN, 0, 0, 10},
    {card, PRIMARY, XCA_CLASS_OTHER, 0, 12, 26, 10},       /* made on 31 December */
    {card, SECONDARY, XCA_CLASS_PROFESSIONAL, 0, 12, 27, 0}, /* 1 January 00:30 in Taiwan, the year before in UTC */
    {card, PRIMARY, XCA_CLASS_ASSOCIATION, 0, 14, 24, 10}, /* 29 February 2028 */
    {card, PRIMARY, XCA_CLASS_FOUNDATION, 0, 14, 25, 0},   /* 1 March in Taiwan, 29 February in UTC */
    {card, PRIMARY, XCA_CLASS_FOUNDATION, NEWCOMER, 0, 0, 10},
    {card_renewed_early, PRIMARY, XCA_CLASS_FOUNDATION, 0, 0, 0, 10},
    {card_renewed_early, SECONDARY, XCA_CLASS_SCHOOL, 0, 0, 0, 10},
    {card_renewed_late, PRIMARY, XCA_CLASS_PROFESSIONAL, 0, 0, 0, 10},
    {card_renewed_not_activated, PRIMARY, XCA_CLASS_ASSOCIATION, 0, 0, 0, 10},
    {card_quiet, PRIMARY, XCA_CLASS_ADMINISTRATIVE, 0, 0, 0, 10},
    {card_quiet_and_not, SECONDARY, XCA_CLASS_OTHER, 0, 0, 0, 10},
    {card_suspended_at_the_end, PRIMARY, XCA_CLASS_SCHOOL, 0, 0, 0, 10},
    {card_revoked_at_the_end, PRIMARY, XCA_CLASS_FOUNDATION, 0, 0, 0, 10},
    {card_revoked_in_the_last_week, PRIMARY, XCA_CLASS_OTHER, 0, 4, 21, 10},
    {card_revoked_too_late, PRIMARY, XCA_CLASS_SCHOOL, 0, 4, 20, 10},
    {card_never_activated, PRIMARY, XCA_CLASS_ASSOCIATION, 0, 5, 8, 10}, /* lapses while the signer sleeps */
    {card_never_activated, SECONDARY, XCA_CLASS_ADMINISTRATIVE, FOREIGN, 3, 9, 10},
    {card_never_sent, PRIMARY, XCA_CLASS_PROFESSIONAL, 0, 4, 1, 10},
    {card_lost, PRIMARY, XCA_CLASS_SCHOOL, 0, 0, 0, 10},
    {card_lost, SECONDARY, XCA_CLASS_OTHER, 0, 0, 0, 10},
    {card_lost_in_november, PRIMARY, XCA_CLASS_ASSOCIATION, 0, 6, 3, 10},
    {card_damaged, PRIMARY, XCA_CLASS_PROFESSIONAL, 0, 0, 0, 10},
    {card_lost_in_the_mail, PRIMARY, XCA_CLASS_FOUNDATION, 0, 0, 0, 10},
    {card_of_no_more_use, PRIMARY, XCA_CLASS_OTHER, FOREIGN, 0, 0, 10},
    {card_not_revoked, PRIMARY, XCA_CLASS_SCHOOL, 0, 0, 0, 10},
    {card_revoked_late, PRIMARY, XCA_CLASS_ADMINISTRATIVE, 0, 6, 8, 10},
    {card_returned, PRIMARY, XCA_CLASS_ASSOCIATION, 0, 0, 0, 10},
    {card_suspended, PRIMARY, XCA_CLASS_PROFESSIONAL, 0, 0, 0, 10},
    {card_reset, PRIMARY, XCA_CLASS_OTHER, 0, 0, 0, 10},
    {card_reset_without_original, SECONDARY, XCA_CLASS_FOUNDATION, 0, 0, 0, 10},
    {card_reset_with_bad_original, PRIMARY, XCA_CLASS_SCHOOL, 0, 0, 0, 10},
    {card_not_reset, PRIMARY, XCA_CLASS_ASSOCIATION, 0, 0, 0, 10},
    {card_renamed, PRIMARY, XCA_CLASS_FOUNDATION, TAIPEI, 0, 0, 10},
    {card_renamed_in_the_mail, PRIMARY, XCA_CLASS_OTHER, TAIPEI, 0, 0, 10},
    {card_moved, PRIMARY, XCA_CLASS_FOUNDATION, TAIPEI, 0, 0, 10},
    {card_abolished, PRIMARY, XCA_CLASS_ASSOCIATION, TAIPEI, 0, 0, 10},
    {card_abolished_on_the_table, PRIMARY, XCA_CLASS_FOUNDATION, TAIPEI, 0, 0, 10},
    {bare, SIGNING, XCA_CLASS_FOUNDATION, 0, 3, 31, 10},
    {bare, SEALING, XCA_CLASS_PROFESSIONAL, 0, 14, 26, 0}, /* 29 February in Taiwan, 28 in UTC */
    {bare_renewed, SEALING, XCA_CLASS_FOUNDATION, 0, 0, 0, 10},
    {bare_declined, SIGNING, XCA_CLASS_PROFESSIONAL, 0, 0, 0, 10},
    {bare_never_accepted, SEALING, XCA_CLASS_FOUNDATION, FOREIGN, 5, 20, 10}, /* lapses while the signer sleeps */
    {bare_never_accepted, SIGNING, XCA_CLASS_PROFESSIONAL, 0, 3, 2, 10},
    {bare_suspended, SEALING, XCA_CLASS_PROFESSIONAL, 0, 0, 0, 10},
    {bare_lost, SEALING, XCA_CLASS_FOUNDATION, 0, 0, 0, 10},
    {bare_revoked_unaccepted, SIGNING, XCA_CLASS_FOUNDATION, 0, 0, 0, 10},
    {bare_reset, SEALING, XCA_CLASS_PROFESSIONAL, 0, 0, 0, 10},
    {bare_reset_without_original, SIGNING, XCA_CLASS_FOUNDATION, 0, 0, 0, 10},
    {bare_renamed, SEALING, XCA_CLASS_FOUNDATION, TAIPEI, 0, 0, 10},
    {bare_abolished_unaccepted, SIGNING, XCA_CLASS_FOUNDATION, TAIPEI, 0, 0, 10},
    {bare_quiet, SEALING, XCA_CLASS_PROFESSIONAL, FOREIGN, 0, 0, 10},
    {bare_returned, SIGNING, XCA_CLASS_FOUNDATION, 0, 0, 0, 10},
};

#define LIVES (sizeof(plan) / sizeof(plan[0]))

static year_t *y;
static life_t lives[LIVES];

static const char *name_of(xca_class class, int i) {
    static const char *const stems[] = {"甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"};
    static const char *const branches[] = {"子", "丑", "寅", "卯", "辰", "巳", "午", "未", "申", "酉", "戌", "亥"};
    const char *own = apr_pstrcat(y->pool, stems[i % 10], branches[i % 12], NULL);

    switch (class) {
    case XCA_CLASS_SCHOOL:
        return apr_pstrcat(y->pool, "私立", own, "高級中學", NULL);
    case XCA_CLASS_FOUNDATION:
        return apr_pstrcat(y->pool, "財團法人", own, "文教基金會", NULL);
    case XCA_CLASS_ASSOCIATION:
        return apr_pstrcat(y->pool, "社團法人", own, "協會", NULL);
    case XCA_CLASS_ADMINISTRATIVE:
        return apr_pstrcat(y->pool, "行政法人", own, "中心", NULL);
    case XCA_CLASS_PROFESSIONAL:
        return apr_pstrcat(y->pool, own, "會計師事務所", NULL);
    default:
        return apr_pstrcat(y->pool, own, "同鄉會", NULL);
    }
}

static body_t *new_body(int i) {
    static const char *const arcs[] = {NULL, "111", "104", "103", "105", "112", "113"};
    static const char *const counties[] = {"臺北市", "高雄市", "花蓮縣", "澎湖縣"};
    body_t *body = apr_pcalloc(y->pool, sizeof(*body));
    xca_org_t org = {0};

    body->class = plan[i].class;
    body->name = name_of(body->class, i);
    body->county = plan[i].kind == FOREIGN ? NULL : plan[i].kind != 0 ? "臺北市" : counties[i % 4];
    body->contact = apr_psprintf(y->pool, "contact-%d@body%d.example.tw", i, i);
    body->mail = apr_psprintf(y->pool, "office@body%d.example.tw", i);
    APR_ARRAY_PUSH(y->bodies, body_t *) = body;
    if (plan[i].kind == NEWCOMER) {
        return body;
    }
    org.oid = body->oid = apr_psprintf(y->pool, "2.16.886.%s.%d", arcs[body->class], 200000 + i);
    org.name = body->name;
    org.class = body->class;
    org.county = body->county;
    assert_done(xca_org_add_path(y->b->admin, org.oid, y->pool));
    assert_done(xca_org_add(y->b->admin, &org, y->pool));
    return body;
}

static void make_lives(void) {
    apr_size_t i;

    for (i = 0; i < LIVES; i++) {
        life_t *life = &lives[i];

        life->body = new_body((int)i);
        life->rank = plan[i].rank;
        life->use = plan[i].use;
        life->steps = plan[i].steps;
        life->hour = plan[i].hour;
        life->since = plan[i].month != 0 ? DAYS(2027 + (plan[i].month - 1) / 12, (plan[i].month - 1) % 12 + 1, plan[i].day)
                                         : DAYS(2027, 3, 4) + (int)(i * 43 % 260);
    }
}

/* ---- Days ---- */

/* What is due at this hour; whoever is late is served now. */
static int people(int hour) {
    apr_size_t i;
    int acted = 0;

    for (i = 0; i < LIVES; i++) {
        if (lives[i].hour == hour) {
            acted += life_goes_on(y, &lives[i]);
        }
    }
    return acted;
}

static void at(apr_int64_t day, int hour, int minute) {
    y->b->now = apr_time_from_sec(day * 86400 - 8 * 3600 + hour * 3600 + minute * 60);
}

/* The signer looks in the night and during the day; on some days it is another one, or every write fails once. */
static void one_day(apr_int64_t day) {
    static const fault_kind kinds[] = {BEFORE, AFTER};
    int acted;

    faults = day % 11 == 0 ? kinds[day % 2] : NONE;
    at(day, 0, 20);
    year_work(y);
    faults = NONE;
    acted = people(0);
    at(day, 10, 0);
    year_work(y);
    acted += people(10);
    if (acted > 0) {
        y->b->now += 61 * MINUTE; /* notices are looked for once an hour */
        year_work(y);
    }
    if (day % 13 == 0) {
        year_restart(y);
        year_work(y);
    }
    if (acted > 0 || day % 3 == 0) {
        year_compare(y);
    }
    if (day % 31 == 0) {
        year_count(y);
    }
}

static void days(apr_int64_t from, apr_int64_t until, int step) {
    apr_int64_t day;

    for (day = from; day < until; day += step) {
        one_day(day);
    }
}

static void test_a_year_and_the_end_of_it_five_years_later(void **state) {
    apr_size_t i;

    days(DAYS(2027, 3, 1), DAYS(2027, 8, 10), 1);
    days(DAYS(2027, 9, 19), DAYS(2028, 4, 20), 1); /* forty days in which the signer slept */
    days(DAYS(2028, 4, 20), DAYS(2031, 12, 1), 30);
    days(DAYS(2031, 12, 1), DAYS(2032, 6, 1), 2);
    days(DAYS(2032, 7, 11), DAYS(2033, 5, 1), 2);
    for (i = 0; i < LIVES; i++) {
        if (lives[i].steps[lives[i].step].act != NULL) {
            fail_msg("life %d has not come to its end: step %d", (int)i, lives[i].step);
        }
    }
    year_count(y);
    year_finish(y);
}

static int start(void **state) {
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    y = year_make(pool, taiwan_time(2027, 3, 1, 0, 5));
    y->b->signer->holidays = "2027-12-31 2028-01-03 2028-02-28";
    make_lives();
    return 0;
}

static int stop(void **state) {
    faults = NONE;
    apr_pool_destroy(y->pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_year_and_the_end_of_it_five_years_later, start, stop),
    };

    apr_initialize();
    xca_log_set_sink(NULL, NULL, XCA_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
