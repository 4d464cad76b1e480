/* 憑證廢止 by case, with a real slapd: suspended first, revoked by two people, given back, overdue, and the three months
 * afterwards. */
#include "card_bench.h"

#include "base/log.h"
#include "domain/calendar.h"
#include "operations/acceptance.h"
#include "operations/application.h"
#include "operations/case_file.h"
#include "operations/revocation.h"
#include "operations/signer_revocation.h"

#define DAY apr_time_from_sec(86400)

static bench_t *b;
static apr_pool_t *pool;
static xca_office_t office; /* as xca-admin's identity */
static xca_officer_t *ra;

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    b = bench_make(pool);
    office = *b->portal;
    office.store = b->admin;
    return xca_officer_read(&ra, b->admin, b->ra.uid, pool) != NULL;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static int calm(void **state) {
    b->now = apr_time_now();
    b->signer->central_mail = "central@xca.example.tw";
    b->signer->holidays = NULL;
    bench_lift_bar(b);
    return 0;
}

static xca_holder_form_t order_of(const char *number, const char *reason) {
    xca_holder_form_t order = {0};

    order.number = number;
    order.reason = reason;
    order.letter = "北市教字第1150000001號";
    order.remark = strcmp(reason, "other") == 0 ? "不再使用" : NULL;
    return order;
}

static const char *file(const char *number, const char *reason) {
    xca_holder_form_t order = order_of(number, reason);
    xca_case_t *kase;

    assert_done(xca_revocation_file(&kase, &office, &order, ra, NULL, b->now, pool));
    assert_string_equal(kase->window, "tpe-edu");
    assert_string_equal(kase->letter_date, xca_date_format(pool, b->now, XCA_DATE_ISO));
    return kase->number;
}

static void assert_refused(const xca_holder_form_t *order, const char *field, const char *message) {
    xca_case_t *kase;
    xca_error_t *err = xca_revocation_file(&kase, &office, order, ra, NULL, b->now, pool);

    assert_non_null(err);
    assert_string_equal(err->message, message);
    assert_null(err->next);
    if (field != NULL) {
        assert_string_equal(err->field, field);
    }
}

static void assert_certs(const soft_card_t *card, xca_cert_state state, const char *note) {
    int use;

    for (use = 0; use < XCA_USE_COUNT; use++) {
        const xca_cert_t *cert = recorded_cert(b, card, (xca_use)use);

        assert_string_equal(xca_cert_state_id(cert->state), xca_cert_state_id(state));
        assert_string_equal(cert->reason_note != NULL ? cert->reason_note : "", note);
    }
}

static const char *ask(xca_request_kind kind, const char *card) {
    static int count;
    const char *id = apr_psprintf(pool, "%032x", 0x7000 + count++);
    xca_request_t *request;

    assert_done(xca_request_submit(b->portal, kind, NULL, card, xca_secret_make(pool, USER_CODE, strlen(USER_CODE)), id, b->now,
                                   pool));
    assert_done(xca_signer_request(b->signer, id, b->now, pool));
    assert_done(xca_request_read(&request, b->portal->store, id, pool));
    return request->answer;
}

static const char *state_of(const char *number) {
    return xca_case_state_id(recorded_case(b, number)->state);
}

static void test_a_card_is_suspended_when_the_window_has_passed_it_and_revoked_by_two_people(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *number = file(card->number, "lost");

    assert_certs(card, XCA_CERT_VALID, "");
    bench_decide(b, &b->ra, number, XCA_DECISION_ACCEPT);
    assert_string_equal(state_of(number), "reviewed");
    assert_certs(card, XCA_CERT_SUSPENDED, XCA_NOTE_REVOKING);
    assert_int_equal(notices_of(b, apr_pstrcat(pool, number, "-1-revocation-held", NULL)), 1);
    assert_true(b->signer->crl_due);
    assert_string_equal(ask(XCA_REQUEST_RESUME, card->number), "resume.revoking");
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, card->number), "request.done");
    assert_certs(card, XCA_CERT_SUSPENDED, XCA_NOTE_REVOKING);
    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
    assert_string_equal(state_of(number), "completed");
    assert_certs(card, XCA_CERT_REVOKED, "lost");
    assert_int_equal(recorded_cert(b, card, XCA_USE_SIGNATURE)->reason, XCA_REASON_KEY_COMPROMISE);
}

static void test_what_is_given_back_is_as_it_was(void **state) {
    soft_card_t *card = card_active(b, "secondary"), *held = card_active(b, "secondary");
    const char *number = file(card->number, "damaged"), *second = file(held->number, "damaged");

    assert_string_equal(ask(XCA_REQUEST_SUSPEND, held->number), "request.done");
    bench_decide(b, &b->ra, number, XCA_DECISION_ACCEPT);
    bench_decide(b, &b->ra, second, XCA_DECISION_ACCEPT);
    assert_certs(held, XCA_CERT_SUSPENDED, XCA_NOTE_REVOKING_HELD);
    assert_string_equal(ask(XCA_REQUEST_RESUME, held->number), "resume.revoking");
    bench_decide(b, &b->central, number, XCA_DECISION_RETURN);
    bench_decide(b, &b->central, second, XCA_DECISION_RETURN);
    assert_string_equal(state_of(number), "returned");
    assert_certs(card, XCA_CERT_VALID, "");
    assert_certs(held, XCA_CERT_SUSPENDED, "");
    assert_int_equal(notices_of(b, apr_pstrcat(pool, number, "-1-revocation-returned", NULL)), 1);
    assert_string_equal(ask(XCA_REQUEST_RESUME, held->number), "request.done");
    assert_certs(held, XCA_CERT_VALID, "");
}

static void test_a_window_that_returns_it_changes_nothing(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *number = file(recorded_cert(b, card, XCA_USE_ENCRYPTION)->serial, "other");

    bench_decide(b, &b->ra, number, XCA_DECISION_RETURN);
    assert_string_equal(state_of(number), "returned");
    assert_certs(card, XCA_CERT_VALID, "");
}

static void test_the_central_office_is_told_once_when_the_working_day_is_over(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *number, *notice;
    apr_time_t due;

    b->now = apr_time_now() + 30 * DAY;
    number = file(card->number, "abolished");
    notice = apr_pstrcat(pool, number, "-1-revocation-overdue", NULL);
    assert_int_equal(xca_revocation_due(recorded_case(b, number), NULL, pool), 0);
    bench_decide(b, &b->ra, number, XCA_DECISION_ACCEPT);
    due = xca_revocation_due(recorded_case(b, number), NULL, pool);
    assert_true(due > b->now && due < b->now + 5 * DAY);
    b->now = due - apr_time_from_sec(1);
    assert_done(xca_signer_revocation_sweep(b->signer, b->now, pool));
    assert_int_equal(notices_of(b, notice), 0);
    b->now = due;
    assert_done(xca_signer_revocation_sweep(b->signer, b->now, pool));
    assert_done(xca_signer_revocation_sweep(b->signer, b->now + DAY, pool));
    assert_int_equal(notices_of(b, notice), 1);
    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
    assert_certs(card, XCA_CERT_REVOKED, "abolished");
}

static apr_time_t barred_until(void) {
    apr_time_t until;
    xca_org_t *org;

    assert_done(xca_org_read(&org, b->portal->store, ORG_OID, pool));
    xca_org_barred(&until, org, b->now);
    return until;
}

static void assert_barred(const char *message) {
    const char *number;
    xca_error_t *err = bench_try_file(&number, b, "secondary", ORG_OID);

    if (message == NULL) {
        assert_done(err);
        return;
    }
    assert_non_null(err);
    assert_string_equal(err->message, message);
    assert_string_equal(err->field, "oid");
}

static void test_no_new_application_for_three_months_from_the_letter_of_a_lost_card(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *before = bench_file(b, "secondary", ORG_OID), *number;
    xca_holder_form_t order = order_of(card->number, "lost");
    xca_case_t *kase;
    apr_time_t letter = b->now - 10 * DAY;

    b->now += apr_time_from_sec(60);
    order.letter_date = xca_date_format(pool, letter, XCA_DATE_ISO);
    assert_done(xca_revocation_file(&kase, &office, &order, ra, NULL, b->now, pool));
    number = kase->number;
    bench_decide(b, &b->ra, number, XCA_DECISION_ACCEPT);
    assert_barred(NULL);
    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
    assert_barred("org.barred");
    assert_string_equal(xca_date_format(pool, barred_until(), XCA_DATE_ISO),
                        xca_date_format(pool, xca_date_add_months(letter, 3), XCA_DATE_ISO));
    /* The officers decide nothing about an application that the signer would have to refuse anyway. */
    bench_decide(b, &b->ra, before, XCA_DECISION_ACCEPT);
    bench_decide(b, &b->central, before, XCA_DECISION_ACCEPT);
    assert_string_equal(state_of(before), "returned");
    assert_string_equal(recorded_case(b, before)->problem, "org.barred");
    b->now = xca_date_add_months(letter, 3) + DAY;
    assert_barred(NULL);
}

static void test_who_applied_before_the_letter_is_not_barred(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *before = bench_file(b, "secondary", ORG_OID);
    const char *number;

    b->now += 2 * DAY;
    number = file(card->number, "lost");
    bench_approve(b, number);
    assert_barred("org.barred");
    bench_approve(b, before);
    assert_string_equal(state_of(before), "approved");
}

static void test_an_abolished_or_other_revocation_bars_nobody(void **state) {
    soft_card_t *card = card_active(b, "secondary"), *other = card_active(b, "secondary");

    bench_approve(b, file(card->number, "abolished"));
    bench_approve(b, file(other->number, "other"));
    assert_certs(other, XCA_CERT_REVOKED, "other");
    assert_int_equal(barred_until(), 0);
}

static void test_a_card_not_activated_in_time_bars_from_that_day(void **state) {
    soft_card_t *card = card_dispatched(b, "secondary");
    apr_time_t lapsed = recorded_card(b, card->number)->not_before + 90 * DAY;

    b->now += 91 * DAY;
    bench_sweep(b);
    assert_string_equal(xca_card_state_id(recorded_card(b, card->number)->state), "lapsed");
    assert_int_equal(barred_until(), xca_date_add_months(xca_day_begin(lapsed), 3));
    assert_barred("org.barred");
}

static void test_a_card_lost_in_the_mail_does_not_stand_in_the_way_of_another_when_the_ban_is_over(void **state) {
    soft_card_t *card = card_dispatched(b, "primary");
    const char *number;

    bench_approve(b, file(card->number, "lost"));
    assert_string_equal(state_of(card->case_number), "lapsed");
    assert_barred("org.barred");
    b->now = barred_until() - apr_time_from_sec(1);
    assert_barred("org.barred");
    b->now += apr_time_from_sec(1);
    assert_done(bench_try_file(&number, b, "primary", ORG_OID));
    bench_decide(b, &b->ra, number, XCA_DECISION_RETURN);
}

static void test_a_card_that_never_left_the_card_centre_bars_nobody_and_is_made_anew(void **state) {
    soft_card_t *card = card_begin(b, bench_approved(b, "secondary")), *next;

    assert_answered(card_send_keys(b, card));
    assert_answered(card_send_made(b, card));
    b->now += 91 * DAY;
    bench_sweep(b);
    assert_string_equal(xca_card_state_id(recorded_card(b, card->number)->state), "discarded");
    assert_int_equal(recorded_cert(b, card, XCA_USE_SIGNATURE)->state, XCA_CERT_REVOKED);
    assert_int_equal(barred_until(), 0);
    next = card_begin(b, card->case_number);
    assert_string_not_equal(next->number, card->number);
}

static void test_orders_that_cannot_be_carried_out_are_refused_with_their_field(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    xca_holder_form_t order = order_of("", "lost");
    xca_officer_t central = *ra;
    xca_error_t *err;
    xca_case_t *kase;

    assert_refused(&order, "number", "field.required");
    order.number = "zzz";
    assert_refused(&order, "number", "serial.form");
    order.number = "00ff";
    assert_refused(&order, "number", "certificate.not-found");
    order.number = "Xc99999999999999";
    assert_refused(&order, "number", "card.not-found");
    order.number = "Xc1";
    assert_refused(&order, "number", "card-number.form");
    order.number = card->number;
    order.reason = "boredom";
    assert_refused(&order, "revoke_reason", "field.choose");
    order.reason = "other";
    assert_refused(&order, "remark", "field.required");
    order.reason = "lost";
    order.letter_date = xca_date_format(pool, b->now + DAY, XCA_DATE_ISO);
    assert_refused(&order, "letter_date", "date.future");
    order.letter_date = xca_date_format(pool, b->now - 200 * DAY, XCA_DATE_ISO);
    assert_refused(&order, "letter_date", "date.too-old");
    order.letter_date = "昨天";
    assert_refused(&order, "letter_date", "date.form");
    order.letter_date = NULL;
    order.letter = "";
    assert_refused(&order, "letter", "decision.letter");
    order.letter = "北市教字第1150000001號";
    central.role = XCA_ROLE_CENTRAL;
    err = xca_revocation_file(&kase, &office, &order, &central, NULL, b->now, pool);
    assert_string_equal(err->message, "decision.role");
    assert_done(xca_revocation_file(&kase, &office, &order, ra, NULL, b->now, pool));
    assert_refused(&order, NULL, "revoke.under-way");
    order.number = recorded_cert(b, card, XCA_USE_ENCRYPTION)->serial; /* of the same card */
    assert_refused(&order, NULL, "revoke.under-way");
    bench_approve(b, kase->number);
    assert_refused(&order, NULL, "revoke.already");
}

static void test_what_has_expired_needs_no_revocation(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    xca_holder_form_t order = order_of(card->number, "lost");

    b->now = recorded_cert(b, card, XCA_USE_SIGNATURE)->not_after;
    assert_refused(&order, NULL, "revoke.expired");
}

static void test_the_same_form_sent_twice_is_one_case(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    xca_holder_form_t order = order_of(card->number, "damaged");
    xca_case_t *kase, *found;

    order.contact_name = "王小明";
    order.contact_phone = "02-27208889";
    assert_done(xca_revocation_file(&kase, b->portal, &order, ra, "ab12", b->now, pool));
    assert_string_equal(kase->contact_name, "王小明");
    assert_done(xca_case_filed(&found, b->portal, "ab12", pool));
    assert_string_equal(found->number, kase->number);
    assert_done(xca_case_filed(&found, b->portal, "ab13", pool));
    assert_null(found);
}

/* Filed by a portal that lets its officers do anything: the signer asks the same. */
static void test_another_windows_organisation_is_neither_filed_nor_suspended(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    xca_holder_form_t order = order_of(card->number, "lost");
    const xca_window_t away = {"khh-edu", "高雄市政府教育局", "高雄市", "foundation|school", NULL, NULL, 0};
    xca_officer_t other = *ra;
    xca_cert_t *cert;
    xca_case_t *kase;
    xca_error_t *err;

    assert_done(xca_window_put(b->admin, &away, pool));
    other.window = "khh-edu";
    err = xca_revocation_file(&kase, &office, &order, &other, NULL, b->now, pool);
    assert_non_null(err);
    assert_string_equal(err->message, "revoke.other-window");
    assert_string_equal(err->field, "number");
    assert_non_null(err->arg);
    other.window = "no-such";
    err = xca_revocation_file(&kase, &office, &order, &other, NULL, b->now, pool);
    assert_string_equal(err->message, "window.not-found");
    other.window = "khh-edu";
    assert_done(xca_cert_read(&cert, b->portal->store, recorded_cert(b, card, XCA_USE_SIGNATURE)->serial, pool));
    kase = xca_target_case(XCA_CASE_REVOCATION, cert, &order, b->now, pool);
    kase->window = other.window;
    assert_done(xca_case_file(&kase, b->portal, kase, NULL, b->now, pool));
    assert_done(xca_officer_put(b->admin, &other, pool)); /* a window's officer signs */
    bench_decide(b, &b->ra, kase->number, XCA_DECISION_ACCEPT);
    assert_done(xca_officer_put(b->admin, ra, pool));
    assert_string_equal(state_of(kase->number), "returned");
    assert_string_equal(recorded_case(b, kase->number)->problem, "revoke.not-this-window");
    assert_certs(card, XCA_CERT_VALID, "");
}

#define TEST(name) cmocka_unit_test_setup(name, calm)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_card_is_suspended_when_the_window_has_passed_it_and_revoked_by_two_people),
        TEST(test_what_is_given_back_is_as_it_was),
        TEST(test_a_window_that_returns_it_changes_nothing),
        TEST(test_the_central_office_is_told_once_when_the_working_day_is_over),
        TEST(test_no_new_application_for_three_months_from_the_letter_of_a_lost_card),
        TEST(test_who_applied_before_the_letter_is_not_barred),
        TEST(test_an_abolished_or_other_revocation_bars_nobody),
        TEST(test_a_card_not_activated_in_time_bars_from_that_day),
        TEST(test_what_has_expired_needs_no_revocation),
        TEST(test_the_same_form_sent_twice_is_one_case),
        TEST(test_another_windows_organisation_is_neither_filed_nor_suspended),
        TEST(test_a_card_lost_in_the_mail_does_not_stand_in_the_way_of_another_when_the_ban_is_over),
        TEST(test_a_card_that_never_left_the_card_centre_bars_nobody_and_is_made_anew),
        TEST(test_orders_that_cannot_be_carried_out_are_refused_with_their_field),
    };

    apr_initialize();
    xca_log_set_sink(NULL, NULL, XCA_LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
