/* 用戶代碼重設, with a real slapd: filed and decided by two central officers, a code for the second one's key alone, good for
 * nothing but choosing another, and the original that must follow; and the change of a code by its holder. */
#include "card_bench.h"

#include "base/log.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/acceptance.h"
#include "operations/code_reset.h"
#include "operations/decision.h"
#include "operations/signer_code.h"
#include "outside/crypto_cms.h"

#define DAY apr_time_from_sec(86400)

static bench_t *b;
static apr_pool_t *pool;
static xca_office_t office; /* as xca-admin's identity */
static xca_officer_t *one, *two;

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    b = bench_make(pool);
    office = *b->portal;
    office.store = b->admin;
    return xca_officer_read(&one, b->admin, b->central.uid, pool) != NULL ||
           xca_officer_read(&two, b->admin, b->central_two.uid, pool) != NULL;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static int calm(void **state) {
    faults = NONE;
    b->now = apr_time_now();
    bench_lift_bar(b);
    return 0;
}

static xca_holder_form_t order_of(const char *number) {
    xca_holder_form_t order = {0};

    order.number = number;
    order.contact_name = "王小明";
    order.contact_phone = "02-27208889";
    order.remark = "週一下午";
    return order;
}

static const char *file(const char *number) {
    xca_holder_form_t order = order_of(number);
    xca_case_t *kase;

    assert_done(xca_code_reset_file(&kase, &office, &order, one, NULL, b->now, pool));
    return kase->number;
}

static const char *state_of(const char *number) {
    return xca_case_state_id(recorded_case(b, number)->state);
}

/* What a request of the portal is answered. `fresh` NULL: no change of the code. */
static const char *ask(xca_request_kind kind, const char *card, const char *code, const char *fresh) {
    static int count;
    const char *id = apr_psprintf(pool, "%032x", 0x9000 + count++);
    const char *text = fresh != NULL ? apr_pstrcat(pool, code, "\n", fresh, NULL) : code;
    xca_request_t *request;

    assert_done(xca_request_submit(b->portal, kind, NULL, card, xca_secret_make(pool, text, strlen(text)), id, b->now, pool));
    assert_done(xca_signer_request(b->signer, id, b->now, pool));
    assert_done(xca_request_read(&request, b->portal->store, id, pool));
    return request->answer;
}

static const char *opened(const char *number, const xca_officer_t *officer, const person_t *who) {
    xca_secret_t *code;

    assert_done(xca_code_reset_open(&code, recorded_case(b, number), officer, who->key, pool));
    return apr_pstrmemdup(pool, (const char *)code->bytes, code->length);
}

static void lock(const soft_card_t *card) {
    int i;

    for (i = 0; i < XCA_CODE_TRIES; i++) {
        ask(XCA_REQUEST_SUSPEND, card->number, "Wrong-code-1", NULL);
    }
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, card->number, USER_CODE, NULL), "code.locked-for-good");
}

static void test_two_officers_set_a_code_that_must_be_changed_first(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *number, *code;
    xca_secret_t *none;
    xca_error_t *err;

    lock(card);
    number = file(card->number);
    assert_string_equal(state_of(number), "filed");
    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
    assert_string_equal(state_of(number), "reviewed");
    assert_int_equal(notices_of(b, apr_pstrcat(pool, number, "-1-reset-filed", NULL)), 1);
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, card->number, USER_CODE, NULL), "code.locked-for-good");
    bench_decide(b, &b->central_two, number, XCA_DECISION_ACCEPT);
    assert_string_equal(state_of(number), "issued");
    assert_int_equal(notices_of(b, apr_pstrcat(pool, number, "-1-reset-set", NULL)), 1);

    /* for the second officer's key alone */
    err = xca_code_reset_open(&none, recorded_case(b, number), one, b->central.key, pool);
    assert_string_equal(err->message, "cms.not-for-key");
    code = opened(number, two, &b->central_two);
    assert_int_equal(strlen(code), 10);

    assert_string_equal(ask(XCA_REQUEST_SUSPEND, card->number, code, NULL), "code.change-first");
    assert_answer(card_open(b, card, XCA_CARD_UNLOCK, code, NULL), "code.change-first");
    assert_string_equal(ask(XCA_REQUEST_CODE, card->number, USER_CODE, "Another-code-1"), "code.wrong");
    assert_string_equal(ask(XCA_REQUEST_CODE, card->number, code, code), "code.same");
    assert_string_equal(ask(XCA_REQUEST_CODE, card->number, code, "Another-code-1"), "request.done");
    assert_string_equal(ask(XCA_REQUEST_CODE, card->number, code, "Another-code-2"), "code.wrong");
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, card->number, "Another-code-1", NULL), "request.done");
    assert_string_equal(ask(XCA_REQUEST_RESUME, card->number, "Another-code-1", NULL), "request.done");
    assert_answered(card_open(b, card, XCA_CARD_UNLOCK, "Another-code-1", NULL));

    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT); /* the original has come */
    assert_string_equal(state_of(number), "completed");
    assert_int_equal(recorded_case(b, number)->envelope.length, 0);
    b->now += 15 * DAY;
    assert_done(xca_signer_reset_sweep(b->signer, b->now, pool));
    assert_int_equal(recorded_cert(b, card, XCA_USE_SIGNATURE)->state, XCA_CERT_VALID);
}

static void test_nobody_resets_alone_nor_without_being_of_the_central_office(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    xca_holder_form_t order = order_of(card->number);
    const char *number = file(card->number), *text;
    xca_officer_t *ra;
    xca_case_t *kase;
    xca_error_t *err;

    assert_done(xca_officer_read(&ra, b->admin, b->ra.uid, pool));
    err = xca_code_reset_file(&kase, &office, &order, ra, NULL, b->now, pool);
    assert_string_equal(err->message, "decision.role");
    err = xca_decision_statement(&text, recorded_case(b, number), ra, XCA_DECISION_ACCEPT, "1", NULL, b->now, pool);
    assert_string_equal(err->message, "decision.state");
    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
    b->now += apr_time_from_sec(2);
    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT); /* the same person again */
    assert_string_equal(state_of(number), "reviewed");
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, card->number, USER_CODE, NULL), "request.done");
}

static void test_a_returned_reset_changes_no_code(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *number = file(recorded_cert(b, card, XCA_USE_ENCRYPTION)->serial);

    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
    bench_decide(b, &b->central_two, number, XCA_DECISION_RETURN);
    assert_string_equal(state_of(number), "returned");
    assert_int_equal(notices_of(b, apr_pstrcat(pool, number, "-1-reset-returned", NULL)), 1);
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, card->number, USER_CODE, NULL), "request.done");
}

static const char *reset(const soft_card_t *card) {
    const char *number = file(card->number);

    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
    bench_decide(b, &b->central_two, number, XCA_DECISION_ACCEPT);
    assert_string_equal(state_of(number), "issued");
    return number;
}

static void test_without_the_original_the_contact_is_reminded_and_then_the_card_is_revoked(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *number = reset(card);
    const char *reminder = apr_pstrcat(pool, number, "-1-reset-reminder", NULL);
    apr_time_t set = b->now;

    b->now = set + 7 * DAY - apr_time_from_sec(60);
    assert_done(xca_signer_reset_sweep(b->signer, b->now, pool));
    assert_int_equal(notices_of(b, reminder), 0);
    b->now = set + 8 * DAY;
    assert_done(xca_signer_reset_sweep(b->signer, b->now, pool));
    assert_done(xca_signer_reset_sweep(b->signer, b->now + DAY, pool));
    assert_int_equal(notices_of(b, reminder), 1);
    b->now = set + 14 * DAY;
    assert_done(xca_signer_reset_sweep(b->signer, b->now, pool));
    assert_done(xca_signer_reset_sweep(b->signer, b->now, pool));
    assert_string_equal(state_of(number), "lapsed");
    assert_int_equal(notices_of(b, apr_pstrcat(pool, number, "-1-reset-lapsed", NULL)), 1);
    assert_int_equal(recorded_cert(b, card, XCA_USE_ENCRYPTION)->state, XCA_CERT_REVOKED);
    assert_string_equal(recorded_cert(b, card, XCA_USE_ENCRYPTION)->reason_note, "no-original");
    assert_string_equal(xca_card_state_id(recorded_card(b, card->number)->state), "revoked");
}

static void test_an_original_that_is_not_in_order_revokes_at_once(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *number = reset(card);

    bench_decide(b, &b->central_two, number, XCA_DECISION_RETURN);
    assert_string_equal(state_of(number), "lapsed");
    assert_string_equal(recorded_case(b, number)->return_reason, "印鑑不符");
    assert_int_equal(recorded_cert(b, card, XCA_USE_SIGNATURE)->state, XCA_CERT_REVOKED);
}

static void test_a_decision_for_later_does_not_count_before(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *number = file(card->number), *text;
    xca_case_t later;
    xca_bytes_t cms;

    later = *recorded_case(b, number);
    later.state = XCA_STATE_ISSUED; /* "the original has come", signed by somebody who is in a hurry */
    assert_done(xca_decision_statement(&text, &later, one, XCA_DECISION_ACCEPT, NULL, NULL, b->now, pool));
    assert_non_null(strstr(text, "stage: third"));
    assert_done(xca_cms_sign(&cms, text, strlen(text), b->central.key, b->central.certificate, pool));
    assert_done(xca_decision_submit(b->portal, number, cms, pool));
    assert_done(xca_signer_case(b->signer, number, b->now, pool));
    assert_string_equal(state_of(number), "filed");
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, card->number, USER_CODE, NULL), "request.done");
}

static void test_a_holder_changes_the_code_of_a_card(void **state) {
    soft_card_t *card = card_dispatched(b, "secondary");
    int i;

    assert_string_equal(ask(XCA_REQUEST_CODE, card->number, USER_CODE, "short"), "request.unreadable");
    assert_string_equal(ask(XCA_REQUEST_CODE, card->number, USER_CODE, NULL), "request.unreadable");
    assert_string_equal(ask(XCA_REQUEST_CODE, card->number, USER_CODE, "Chosen-code-1"), "request.done");
    assert_int_equal(notices_of(b, "-code-changed") > 0, 1);
    assert_answer(card_open(b, card, XCA_CARD_ACTIVATE, USER_CODE, NULL), "code.wrong");
    assert_answered(card_open(b, card, XCA_CARD_ACTIVATE, "Chosen-code-1", NULL));
    for (i = 0; i < XCA_CODE_TRIES; i++) {
        ask(XCA_REQUEST_CODE, card->number, "Wrong-code-1", "Chosen-code-2");
    }
    assert_string_equal(ask(XCA_REQUEST_CODE, card->number, "Chosen-code-1", "Chosen-code-2"), "code.locked-for-good");
}

/* The signer is stopped before it answers, and the request is looked at again. */
static void test_a_change_that_was_not_answered_is_done_once(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *text = USER_CODE "\nChosen-code-1";
    const char *id = apr_psprintf(pool, "%032x", 0xa000);
    xca_code_holder_t holder;
    xca_request_t *request;
    const char *answer;

    assert_done(xca_request_submit(b->portal, XCA_REQUEST_CODE, NULL, card->number, xca_secret_make(pool, text, strlen(text)), id,
                                   b->now, pool));
    holder.card = recorded_card(b, card->number);
    holder.cert = recorded_cert(b, card, XCA_USE_SIGNATURE);
    assert_done(xca_signer_code_change(&answer, b->signer, &holder, xca_secret_make(pool, "Chosen-code-1", 13), id, b->now, pool));
    assert_null(answer);
    assert_done(xca_signer_request(b->signer, id, b->now, pool));
    assert_done(xca_request_read(&request, b->portal->store, id, pool));
    assert_string_equal(request->answer, "request.done");
    assert_int_equal(recorded_card(b, card->number)->code_tries, 0);
    assert_int_equal(notices_of(b, apr_pstrcat(pool, id, "-code-changed", NULL)), 1);
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, card->number, "Chosen-code-1", NULL), "request.done");
}

/* Every write of the reset fails once before it is made, and once behind it. */
static void test_a_reset_that_is_stopped_anywhere_goes_on(void **state) {
    int kind;

    for (kind = BEFORE; kind <= AFTER; kind++) {
        soft_card_t *card = card_active(b, "secondary");
        const char *number = file(card->number), *code;

        b->now += apr_time_from_sec(1);
        bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
        faults = (fault_kind)kind;
        faults_made = 0;
        bench_decide(b, &b->central_two, number, XCA_DECISION_ACCEPT);
        faults = NONE;
        assert_string_equal(state_of(number), "issued");
        assert_true(faults_made > 2);
        code = opened(number, two, &b->central_two);
        assert_string_equal(ask(XCA_REQUEST_CODE, card->number, code, "Chosen-code-9"), "request.done");
        assert_int_equal(notices_of(b, apr_pstrcat(pool, number, "-1-reset-set", NULL)), 1);
        bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
        assert_string_equal(state_of(number), "completed");
    }
}

static void assert_refused(const xca_holder_form_t *order, const char *field, const char *message) {
    xca_case_t *kase;
    xca_error_t *err = xca_code_reset_file(&kase, &office, order, one, NULL, b->now, pool);

    assert_non_null(err);
    assert_string_equal(err->message, message);
    if (field != NULL) {
        assert_string_equal(err->field, field);
    }
}

static void test_orders_that_cannot_be_carried_out_are_refused_with_their_field(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    xca_holder_form_t order = order_of("00ff");

    assert_refused(&order, "number", "certificate.not-found");
    order.number = card->number;
    order.contact_name = NULL;
    assert_refused(&order, "contact_name", "field.required");
    order.contact_name = "王小明";
    order.contact_phone = NULL;
    assert_refused(&order, "contact_phone", "field.required");
    order.contact_phone = "call me";
    assert_refused(&order, "contact_phone", "phone.form");
    order.contact_phone = "02-27208889";
    order.letter_date = "2026-13-40";
    assert_refused(&order, "letter_date", "date.form");
    order.letter_date = NULL;
    file(card->number);
    assert_refused(&order, NULL, "reset.under-way");
}

#define TEST(name) cmocka_unit_test_setup(name, calm)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_two_officers_set_a_code_that_must_be_changed_first),
        TEST(test_nobody_resets_alone_nor_without_being_of_the_central_office),
        TEST(test_a_returned_reset_changes_no_code),
        TEST(test_without_the_original_the_contact_is_reminded_and_then_the_card_is_revoked),
        TEST(test_an_original_that_is_not_in_order_revokes_at_once),
        TEST(test_a_decision_for_later_does_not_count_before),
        TEST(test_a_holder_changes_the_code_of_a_card),
        TEST(test_a_change_that_was_not_answered_is_done_once),
        TEST(test_a_reset_that_is_stopped_anywhere_goes_on),
        TEST(test_orders_that_cannot_be_carried_out_are_refused_with_their_field),
    };

    apr_initialize();
    xca_log_set_sink(NULL, NULL, XCA_LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
