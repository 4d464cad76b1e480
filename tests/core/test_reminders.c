/* Notices before an end, with a real slapd and a moved clock: each once, whatever is cut; none for what was renewed or revoked;
 * the last one for everyone. */
#include "card_bench.h"

#include "base/log.h"
#include "domain/calendar.h"
#include "operations/acceptance.h"
#include "operations/signer_issue.h"

#define DAY apr_time_from_sec(86400)

static bench_t *b;
static apr_pool_t *pool;

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    b = bench_make(pool);
    return 0;
}

static int stop(void **state) {
    faults = NONE;
    apr_pool_destroy(pool);
    return 0;
}

static apr_time_t end_of(const soft_card_t *card) {
    return recorded_cert(b, card, XCA_USE_SIGNATURE)->not_after;
}

/* The sweep so many days before the end. */
static void sweep_before(apr_time_t end, int days) {
    b->now = end - days * DAY;
    bench_sweep(b);
}

static int told(const char *number, const char *what) {
    return notices_of(b, apr_pstrcat(pool, number, "-", what, NULL));
}

static const xca_notice_t *notice(const char *id) {
    apr_array_header_t *notices;
    int i;

    assert_done(xca_notice_list(&notices, b->signer->office->store, "waiting", 0, pool));
    for (i = 0; i < notices->nelts; i++) {
        const xca_notice_t *one = APR_ARRAY_IDX(notices, i, const xca_notice_t *);

        if (strcmp(one->id, id) == 0) {
            return one;
        }
    }
    fail_msg("no notice %s", id);
    return NULL;
}

static const char *ask(xca_request_kind kind, const char *serial, const char *card) {
    static int count;
    const char *id = apr_psprintf(pool, "%032x", 0x9000 + count++);
    xca_request_t *request;

    assert_done(xca_request_submit(b->portal, kind, serial, card, xca_secret_make(pool, USER_CODE, strlen(USER_CODE)), id, b->now,
                                   pool));
    assert_done(xca_signer_request(b->signer, id, b->now, pool));
    assert_done(xca_request_read(&request, b->portal->store, id, pool));
    return request->answer;
}

static void each_notice_comes_once(fault_kind kind) {
    soft_card_t *card = card_active(b, "primary");
    apr_time_t end = end_of(card);
    int hour;

    faults = kind;
    sweep_before(end, 91);
    assert_int_equal(told(card->number, "ending"), 0);
    for (hour = 0; hour < 30; hour++) {
        b->now = end - 90 * DAY + apr_time_from_sec(hour * 3600);
        bench_sweep(b);
        assert_int_equal(told(card->number, "ending-90"), 1);
    }
    sweep_before(end, 60);
    sweep_before(end, 59);
    sweep_before(end, 30);
    sweep_before(end, 1);
    sweep_before(end, -1);
    assert_int_equal(told(card->number, "ending"), 3);
    assert_int_equal(told(card->number, "ending-60"), 1);
    assert_int_equal(told(card->number, "ending-30"), 1);
    assert_true(kind == NONE || faults_made > 0);
}

static void test_each_notice_comes_once(void **state) {
    each_notice_comes_once(NONE);
}

static void test_each_notice_comes_once_when_writes_fail(void **state) {
    each_notice_comes_once(BEFORE);
}

static void test_each_notice_comes_once_when_answers_are_lost(void **state) {
    each_notice_comes_once(AFTER);
}

static void test_a_signer_that_was_away_sends_the_one_that_is_due_and_not_those_before(void **state) {
    soft_card_t *card = card_active(b, "primary");

    sweep_before(end_of(card), 45);
    assert_int_equal(told(card->number, "ending"), 1);
    assert_int_equal(told(card->number, "ending-60"), 1);
}

static void test_a_notice_says_what_ends_when_and_what_to_do_in_both_languages(void **state) {
    soft_card_t *card = card_active(b, "primary");
    apr_time_t end = end_of(card);
    const char *until = xca_date_format(pool, end, XCA_DATE_ISO);
    const xca_notice_t *one;

    sweep_before(end, 90);
    one = notice(apr_pstrcat(pool, card->number, "-ending-90", NULL));
    assert_string_equal(one->to, OLD_MAIL);
    assert_string_equal(one->subject, apr_pstrcat(pool, "憑證 IC 卡將於 ", until, " 到期，請重新申請 / Your card ends on ", until,
                                                  ": please apply for a new one", NULL));
    assert_non_null(strstr(one->body, apr_pstrcat(pool, "（卡號 ", card->number, "）的憑證將於 ", until, " 到期，還有 90 天。", NULL)));
    assert_non_null(strstr(one->body, apr_pstrcat(pool, "end on ", until, ", in 90 days.", NULL)));
    assert_non_null(strstr(one->body, "https://localhost/apply/card\n"));
    assert_non_null(strstr(one->body, apr_pstrcat(pool, "https://localhost/expiring/notices?number=", card->number, "\n", NULL)));
    sweep_before(end, 12);
    one = notice(apr_pstrcat(pool, card->number, "-ending-30", NULL));
    assert_non_null(strstr(one->subject, "最後通知"));
    assert_non_null(strstr(one->body, "in 12 days"));
    assert_null(strstr(one->body, "expiring/notices")); /* nobody can do without it */
}

static void test_a_new_card_of_the_rank_ends_the_notices_of_the_old_and_one_of_another_does_not(void **state) {
    soft_card_t *first = card_active(b, "primary"), *second = card_active(b, "secondary"), *fresh;
    apr_time_t end = end_of(first);

    sweep_before(end, 90);
    b->now = end - 80 * DAY;
    fresh = card_dispatched(b, "secondary");
    sweep_before(end, 60); /* it is not activated yet */
    assert_int_equal(told(second->number, "ending-60"), 1);
    b->now = end - 50 * DAY;
    {
        const char *session;
        answer_t puks = card_open(b, fresh, XCA_CARD_ACTIVATE, USER_CODE, &session);

        assert_answered(puks);
        card_run_on(b, fresh, &puks, session);
    }
    sweep_before(end, 30);
    assert_int_equal(told(second->number, "ending"), 2);
    assert_int_equal(told(first->number, "ending"), 3);
    assert_int_equal(told(fresh->number, "ending"), 0);
}

static void test_what_is_revoked_has_no_notice_and_what_is_suspended_has(void **state) {
    soft_card_t *revoked = card_active(b, "secondary"), *held = card_active(b, "secondary");
    apr_time_t end = end_of(revoked);

    assert_string_equal(ask(XCA_REQUEST_SUSPEND, NULL, held->number), "request.done");
    assert_done(xca_signer_card_revoke(b->signer, recorded_card(b, revoked->number), XCA_REASON_SUPERSEDED, "damaged",
                                       &(xca_cause_t){.actor = "officers"}, b->now, pool));
    sweep_before(end, 90);
    sweep_before(end, 30);
    assert_int_equal(told(revoked->number, "ending"), 0);
    assert_int_equal(told(held->number, "ending"), 2);
}

static void test_who_wants_no_notices_has_the_last_one_only(void **state) {
    soft_card_t *card = card_active(b, "secondary"), *other = card_active(b, "secondary");
    apr_time_t end = end_of(card);

    assert_string_equal(ask(XCA_REQUEST_NOTICES_OFF, NULL, card->number), "request.done");
    assert_string_equal(ask(XCA_REQUEST_NOTICES_OFF, recorded_cert(b, other, XCA_USE_ENCRYPTION)->serial, NULL), "request.done");
    assert_int_equal(notices_of(b, "card-resumed"), 0);
    sweep_before(end, 90);
    assert_int_equal(told(card->number, "ending"), 0);
    assert_int_equal(told(other->number, "ending"), 0);
    b->now = end - 80 * DAY;
    assert_string_equal(ask(XCA_REQUEST_NOTICES_ON, NULL, other->number), "request.done");
    sweep_before(end, 60);
    sweep_before(end, 30);
    assert_int_equal(told(card->number, "ending"), 1);
    assert_int_equal(told(card->number, "ending-30"), 1);
    assert_int_equal(told(other->number, "ending"), 2);
    assert_string_equal(ask(XCA_REQUEST_NOTICES_OFF, NULL, "Xc99999999999999"), "certificate.not-found");
}

static void test_a_card_nobody_activates_is_warned_of_three_times_before_it_lapses(void **state) {
    soft_card_t *card = card_dispatched(b, "secondary"), *active = card_active(b, "secondary");
    apr_time_t lapse;
    const xca_notice_t *one;

    lapse = recorded_card(b, card->number)->not_before + 90 * DAY;
    faults = AFTER;
    sweep_before(lapse, 61);
    assert_int_equal(told(card->number, "lapsing"), 0);
    sweep_before(lapse, 60);
    sweep_before(lapse, 59);
    assert_int_equal(told(card->number, "lapsing"), 1);
    one = notice(apr_pstrcat(pool, card->number, "-lapsing-60", NULL));
    assert_non_null(strstr(one->body, "再過 60 天"));
    assert_non_null(strstr(one->body, "is not activated within 60 days"));
    assert_non_null(strstr(one->body, "https://localhost/card/activate"));
    sweep_before(lapse, 30);
    sweep_before(lapse, 7);
    sweep_before(lapse, 6);
    assert_int_equal(told(card->number, "lapsing"), 3);
    sweep_before(lapse, -1);
    assert_int_equal(told(card->number, "lapsing"), 3);
    assert_int_equal(told(card->number, "card-lapsed"), 1);
    assert_int_equal(told(active->number, "lapsing"), 0);
}

static void test_messages_that_wait_for_another_try_hold_up_no_others(void **state) {
    xca_mail_config_t *mail = apr_pcalloc(pool, sizeof(*mail));
    xca_notice_t waiting = {NULL, "a@example.org.tw", "x", "x", "waiting", NULL, 1, b->now, b->now + apr_time_from_sec(600)};
    apr_array_header_t *sent;
    int i;

    mail->url = apr_pstrcat(pool, "folder:", b->slapd->home, NULL);
    mail->from = "xca@example.org";
    b->signer->mail = mail;
    for (i = 0; i < 60; i++) {
        waiting.id = apr_psprintf(pool, "wait-%02d", i);
        assert_done(xca_notice_add(b->signer->office->store, &waiting, pool));
    }
    waiting.id = "zz-now";
    waiting.next_try = b->now;
    assert_done(xca_notice_add(b->signer->office->store, &waiting, pool));
    assert_done(xca_signer_post(b->signer, b->now, 50, pool));
    assert_done(xca_notice_list(&sent, b->signer->office->store, "sent", 0, pool));
    assert_int_equal(sent->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(sent, 0, const xca_notice_t *)->id, "zz-now");
    for (i = 0; i < 2; i++) {
        assert_done(xca_signer_post(b->signer, b->now + apr_time_from_sec(600), 50, pool));
    }
    assert_done(xca_notice_list(&sent, b->signer->office->store, "sent", 0, pool));
    assert_int_equal(sent->nelts, 61);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_notice_comes_once, start, stop),
        cmocka_unit_test_setup_teardown(test_each_notice_comes_once_when_writes_fail, start, stop),
        cmocka_unit_test_setup_teardown(test_each_notice_comes_once_when_answers_are_lost, start, stop),
        cmocka_unit_test_setup_teardown(test_a_signer_that_was_away_sends_the_one_that_is_due_and_not_those_before, start, stop),
        cmocka_unit_test_setup_teardown(test_a_notice_says_what_ends_when_and_what_to_do_in_both_languages, start, stop),
        cmocka_unit_test_setup_teardown(test_a_new_card_of_the_rank_ends_the_notices_of_the_old_and_one_of_another_does_not, start, stop),
        cmocka_unit_test_setup_teardown(test_what_is_revoked_has_no_notice_and_what_is_suspended_has, start, stop),
        cmocka_unit_test_setup_teardown(test_who_wants_no_notices_has_the_last_one_only, start, stop),
        cmocka_unit_test_setup_teardown(test_a_card_nobody_activates_is_warned_of_three_times_before_it_lapses, start, stop),
        cmocka_unit_test_setup_teardown(test_messages_that_wait_for_another_try_hold_up_no_others, start, stop),
    };

    apr_initialize();
    xca_log_set_sink(NULL, NULL, XCA_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
