/* The signer's side of cards, with a real slapd and cards whose keys are in memory: production, activation, unlocking,
 * contact, the rules, what is refused, and what is cut. */
#include "card_bench.h"

#include "base/log.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "operations/acceptance.h"
#include "operations/application.h"
#include "operations/signer_issue.h"
#include "operations/signer_open.h"
#include "outside/crypto_card.h"
#include "outside/crypto_view.h"

#define DAY    apr_time_from_sec(86400)
#define MINUTE apr_time_from_sec(60)

static bench_t *b;
static apr_pool_t *pool;

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    b = bench_make(pool);
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static int calm(void **state) {
    assert_true(log_entries(b, NULL, NULL) > 0);
    faults = NONE;
    b->now = apr_time_now();
    bench_lift_bar(b);
    b->key_type = b->signer->card_key_type = "ec:P-256";
    return 0;
}

static int mail_entries(const char *mail) {
    apr_array_header_t *certs;
    int i, count = 0;

    assert_done(xca_cert_search(&certs, NULL, b->portal->store, XCA_CERT_BY_EMAIL, mail, 0, pool));
    for (i = 0; i < certs->nelts; i++) {
        count += APR_ARRAY_IDX(certs, i, const xca_cert_t *)->published;
    }
    return count;
}

static void assert_states(const soft_card_t *card, xca_card_state state, xca_case_state kase, xca_cert_state cert) {
    int use;

    assert_string_equal(xca_card_state_id(recorded_card(b, card->number)->state), xca_card_state_id(state));
    assert_string_equal(xca_case_state_id(recorded_case(b, card->case_number)->state), xca_case_state_id(kase));
    assert_false(recorded_card(b, card->number)->unfinished);
    for (use = 0; use < XCA_USE_COUNT; use++) {
        assert_string_equal(xca_cert_state_id(recorded_cert(b, card, (xca_use)use)->state), xca_cert_state_id(cert));
    }
}

static const char *notice(const soft_card_t *card, const char *event) {
    return apr_pstrcat(pool, card->number, event, NULL);
}

/* Production to use ------------------------------------------------------------------------------------------- */

static void walk_from_the_queue_to_a_changed_contact(void) {
    static const char contact[] = "XCA-CONTACT-1\nname: 李大華\nemail: new@foundation.example.tw\ncounty: 高雄市\n"
                                  "district: 前金區\nstreet: 中正四路211號\nphone: 07-3368333\nnotices: last\n";
    static const char kept[] = "XCA-CONTACT-1\nname: 李大華\nemail: new@foundation.example.tw\ncounty: 高雄市\n"
                               "district: 前金區\nstreet: 中正四路211號\nphone: 07-3368333\n";
    static const char wrong[] = "XCA-CONTACT-1\nname: 李大華\nemail: new@foundation.example.tw\ncounty: 高雄市\n"
                                "district: 前金區\nstreet: 中正四路211號\nphone: 07-3368333\nnotices: none\n";
    xca_card_message_t m;
    const char *number = bench_approved(b, "secondary"), *session;
    soft_card_t *card;
    answer_t answer;

    message_begin(b, &m, XCA_CARD_QUEUE);
    answer = send_operator(b, &b->operator, &m);
    assert_answered(answer);
    assert_non_null(strstr(answer.reply.queue, apr_pstrcat(pool, number, " secondary foundation " ORG_OID " 財團法人", NULL)));
    card = card_begin(b, number);
    assert_string_equal(recorded_case(b, number)->card_number, card->number);
    assert_answered(card_send_keys(b, card));
    assert_states(card, XCA_CARD_STATE_MAKING, XCA_STATE_ISSUING, XCA_CERT_PENDING);
    assert_answered(card_send_made(b, card));
    assert_states(card, XCA_CARD_STATE_MADE, XCA_STATE_MADE, XCA_CERT_PENDING);
    assert_answer(card_open(b, card, XCA_CARD_ACTIVATE, USER_CODE, NULL), "card.not-dispatched");
    assert_answered(card_send_dispatch(b, card));
    assert_states(card, XCA_CARD_STATE_DISPATCHED, XCA_STATE_DISPATCHED, XCA_CERT_PENDING);
    assert_string_equal(recorded_card(b, card->number)->mail_number, "12345678901234");
    assert_int_equal(notices_of(b, notice(card, "-card-dispatched")), 1);

    assert_answer(card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, NULL), "card.not-active");
    answer = card_open(b, card, XCA_CARD_ACTIVATE, USER_CODE, &session);
    assert_answered(answer);
    assert_string_equal(answer.reply.puk, card->puk);
    assert_string_equal(answer.reply.puk_order, "current");
    assert_string_not_equal(answer.reply.next_puk, card->puk);
    assert_false(recorded_cert(b, card, XCA_USE_SIGNATURE)->published);
    card_run_on(b, card, &answer, session);
    assert_states(card, XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_VALID);
    assert_true(recorded_cert(b, card, XCA_USE_CARD_AUTH)->published);
    assert_null(recorded_cert(b, card, XCA_USE_CARD_AUTH)->email);
    assert_true(mail_entries("office@foundation.example.tw") > 0);
    assert_int_equal(notices_of(b, notice(card, "-card-activated")), 1);

    assert_answer(card_open(b, card, XCA_CARD_ACTIVATE, USER_CODE, NULL), "card.active-already");
    answer = card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, &session);
    assert_answered(answer);
    assert_string_equal(answer.reply.puk, card->puk);
    card_run_on(b, card, &answer, session);
    assert_answered(card_say(b, card, XCA_CARD_CONFIRM, session)); /* said again */
    assert_int_equal(notices_of(b, notice(card, "-unlocked-")), 1);

    message_begin(b, &m, XCA_CARD_CONTACT_CHANGE);
    m.card = card->number;
    message_seal(b, &m, contact);
    answer = send_card(b, card->keys[XCA_USE_SIGNATURE], &m);
    assert_answered(answer);
    assert_string_equal(recorded_card(b, card->number)->contact_name, "李大華");
    assert_string_equal(recorded_cert(b, card, XCA_USE_ENCRYPTION)->contact_email, "new@foundation.example.tw");
    assert_int_equal(notices_of(b, notice(card, "-contact-")), 2);
    message_begin(b, &m, XCA_CARD_CONTACT_SHOW);
    m.card = card->number;
    answer = send_card(b, card->keys[XCA_USE_SIGNATURE], &m);
    assert_answered(answer);
    assert_non_null(strstr(answer.reply.contact, "zip: 801\n"));
    assert_non_null(strstr(answer.reply.contact, "notices: last\n"));
    assert_true(recorded_cert(b, card, XCA_USE_ENCRYPTION)->notices_off && recorded_cert(b, card, XCA_USE_SIGNATURE)->notices_off);
    message_begin(b, &m, XCA_CARD_CONTACT_CHANGE);
    m.card = card->number;
    message_seal(b, &m, kept); /* a change that does not speak of them */
    assert_answered(send_card(b, card->keys[XCA_USE_SIGNATURE], &m));
    assert_true(recorded_cert(b, card, XCA_USE_SIGNATURE)->notices_off);
    message_begin(b, &m, XCA_CARD_CONTACT_CHANGE);
    m.card = card->number;
    message_seal(b, &m, wrong);
    assert_answer(send_card(b, card->keys[XCA_USE_SIGNATURE], &m), "card.malformed");
}

static void test_a_card_is_made_activated_unlocked_and_its_contact_changed(void **state) {
    walk_from_the_queue_to_a_changed_contact();
}

static void test_the_same_with_rsa_keys(void **state) {
    b->key_type = b->signer->card_key_type = "rsa:2048";
    walk_from_the_queue_to_a_changed_contact();
}

static void test_the_three_certificates_say_what_the_profile_says(void **state) {
    soft_card_t *card = card_begin(b, bench_approved(b, "secondary"));
    xca_cert_view_t *view;

    assert_answered(card_send_keys(b, card));
    assert_done(xca_cert_view(&view, card->certs[XCA_USE_CARD_AUTH], pool));
    assert_non_null(strstr(view->subject, card->number));
    assert_null(view->email);
    assert_string_equal(APR_ARRAY_IDX(view->key_usage, 0, const char *), "digitalSignature");
    assert_string_equal(view->org_oid, ORG_OID);
    assert_done(xca_cert_view(&view, card->certs[XCA_USE_SIGNATURE], pool));
    assert_null(strstr(view->subject, card->number));
    assert_string_equal(view->email, "office@foundation.example.tw");
    assert_non_null(memmem(card->certs[XCA_USE_SIGNATURE].data, card->certs[XCA_USE_SIGNATURE].length, "\x13\tsecondary", 11));
}

static void test_a_new_organisation_has_its_oid_before_its_card(void **state) {
    const char *number = bench_file(b, "primary", NULL), *oid;
    soft_card_t *card;

    bench_approve(b, number);
    oid = recorded_case(b, number)->assigned_oid;
    assert_non_null(oid);
    assert_string_equal(xca_case_state_id(recorded_case(b, number)->state), "approved");
    card = card_begin(b, number);
    assert_string_equal(recorded_card(b, card->number)->oid, oid);
    assert_answered(card_send_keys(b, card));
}

/* Rules ------------------------------------------------------------------------------------------------------- */

static void refused_as(const char *message, const char *rank) {
    const char *number;
    xca_error_t *err = bench_try_file(&number, b, rank, ORG_OID);

    assert_error(err, message);
    assert_string_equal(err->field, "rank");
    assert_non_null(err->arg);
}

static void test_one_primary_card_an_organisation(void **state) {
    const char *first = bench_file(b, "primary", ORG_OID), *number, *session;
    soft_card_t *card;
    xca_card_t *recorded;
    answer_t puks;

    refused_as("card.primary-under-way", "primary");
    assert_done(bench_try_file(&number, b, "secondary", ORG_OID));
    bench_approve(b, first);
    card = card_begin(b, first);
    refused_as("card.primary-exists", "primary");
    assert_answered(card_send_keys(b, card));
    assert_answered(card_send_made(b, card));
    assert_answered(card_send_dispatch(b, card));
    puks = card_open(b, card, XCA_CARD_ACTIVATE, USER_CODE, &session);
    card_run_on(b, card, &puks, session);
    refused_as("card.primary-exists", "primary");
    /* From 90 days before the end of its certificates it stands in nobody's way. */
    b->now += 5 * 365 * DAY - 80 * DAY;
    assert_done(bench_try_file(&number, b, "primary", ORG_OID));
    b->now = apr_time_now();
    recorded = recorded_card(b, card->number);
    assert_done(xca_signer_card_revoke(b->signer, recorded, XCA_REASON_KEY_COMPROMISE, "lost",
                                       &(xca_cause_t){.actor = "officers"}, b->now, pool));
    assert_states(card, XCA_CARD_STATE_REVOKED, XCA_STATE_COMPLETED, XCA_CERT_REVOKED);
    assert_int_equal(notices_of(b, notice(card, "-card-revoked")), 1);
    refused_as("card.primary-under-way", "primary"); /* the application of before */
}

static void test_two_primary_applications_at_once_give_one_card(void **state) {
    xca_case_t *twin = recorded_case(b, bench_file(b, "secondary", ORG_OID));
    const char *first, *second;
    xca_changes_t *changes;
    xca_card_message_t m;

    /* What a portal that does not look would file. */
    second = twin->number;
    changes = xca_changes_make(pool);
    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaRank", "primary");
    b->now += MINUTE;
    assert_done(xca_ldap_modify(b->portal->store->ldap, xca_case_dn(b->portal->store, second, pool), changes, NULL, NULL, NULL, pool));
    {
        /* the other case of before is in the way of filing: it is returned first */
        apr_array_header_t *cases;
        int i;

        assert_done(xca_case_list(&cases, NULL, b->signer->office->store, XCA_STATE_FILED, NULL, ORG_OID, 0, pool));
        for (i = 0; i < cases->nelts; i++) {
            const xca_case_t *kase = APR_ARRAY_IDX(cases, i, const xca_case_t *);

            if (kase->kind == XCA_CASE_CARD && strcmp(kase->number, second) != 0 && strcmp(kase->rank, "primary") == 0) {
                assert_done(xca_case_move(b->signer->office->store, kase, XCA_STATE_RETURNED, NULL, b->now, pool));
            }
        }
    }
    first = bench_file(b, "secondary", ORG_OID);
    assert_done(xca_ldap_modify(b->portal->store->ldap, xca_case_dn(b->portal->store, first, pool), changes, NULL, NULL, NULL, pool));
    bench_approve(b, first);
    bench_approve(b, second);
    assert_string_equal(xca_case_state_id(recorded_case(b, first)->state), "approved");
    assert_string_equal(xca_case_state_id(recorded_case(b, second)->state), "returned");
    assert_string_equal(recorded_case(b, second)->problem, "card.primary-under-way");
    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = second;
    assert_answer(send_operator(b, &b->operator, &m), "card.case-state");
    card_begin(b, first);
}

static void test_wrong_codes_lock_the_card_and_its_certificates(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    xca_secret_t *code = xca_secret_make(pool, "not-the-code", 12);
    xca_request_t *request;
    answer_t answer;
    int i;

    answer = card_open(b, card, XCA_CARD_UNLOCK, "Test-code-2", NULL);
    assert_answer(answer, "code.wrong");
    assert_int_equal(answer.tries_left, 2);
    answer = card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, NULL);
    assert_answered(answer); /* the right one gives all tries back */
    assert_int_equal(recorded_card(b, card->number)->code_tries, 0);
    assert_answer(card_open(b, card, XCA_CARD_UNLOCK, "test-code-1", NULL), "code.wrong");
    /* By serial number of one of its certificates it is the same count, and the same lock. */
    for (i = 0; i < 2; i++) {
        const char *id = apr_psprintf(pool, "%032x", 0x1000 + i);

        assert_done(xca_request_submit(b->portal, XCA_REQUEST_SUSPEND, recorded_cert(b, card, XCA_USE_ENCRYPTION)->serial, NULL,
                                       code, id, b->now, pool));
        assert_done(xca_signer_request(b->signer, id, b->now, pool));
        assert_done(xca_request_read(&request, b->portal->store, id, pool));
        assert_string_equal(request->answer, i == 0 ? "code.wrong" : "code.locked-for-good");
    }
    assert_answer(card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, NULL), "code.locked-for-good");
    assert_states(card, XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_VALID);
}

static const char *ask(xca_request_kind kind, const char *serial, const char *number) {
    static int count;
    const char *id = apr_psprintf(pool, "%032x", 0x2000 + count++);
    xca_request_t *request;

    assert_done(xca_request_submit(b->portal, kind, serial, number, xca_secret_make(pool, USER_CODE, strlen(USER_CODE)), id,
                                   b->now, pool));
    assert_done(xca_signer_request(b->signer, id, b->now, pool));
    assert_done(xca_signer_request(b->signer, id, b->now, pool)); /* answered: nothing more */
    assert_done(xca_request_read(&request, b->portal->store, id, pool));
    return request->answer;
}

static void test_a_card_is_suspended_and_resumed_as_a_whole(void **state) {
    soft_card_t *card = card_active(b, "secondary"), *waiting = card_dispatched(b, "secondary");

    assert_string_equal(ask(XCA_REQUEST_SUSPEND, NULL, card->number), "request.done");
    assert_states(card, XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_SUSPENDED);
    assert_int_equal(notices_of(b, notice(card, "-card-suspended-")), 1);
    assert_answer(card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, NULL), "card.suspended");
    assert_string_equal(ask(XCA_REQUEST_RESUME, NULL, card->number), "request.done");
    assert_states(card, XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_VALID);
    assert_int_equal(notices_of(b, notice(card, "-card-resumed-")), 1);
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, recorded_cert(b, card, XCA_USE_ENCRYPTION)->serial, NULL), "request.done");
    assert_int_equal(recorded_cert(b, card, XCA_USE_ENCRYPTION)->state, XCA_CERT_SUSPENDED);
    assert_int_equal(recorded_cert(b, card, XCA_USE_SIGNATURE)->state, XCA_CERT_VALID);
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, NULL, "Xc99999999999999"), "certificate.not-found");
    /* A card is accepted by its activation, and by nothing else. */
    assert_string_equal(ask(XCA_REQUEST_ACCEPT, recorded_cert(b, waiting, XCA_USE_SIGNATURE)->serial, NULL), "accept.card");
    assert_string_equal(ask(XCA_REQUEST_SUSPEND, NULL, waiting->number), "suspend.not-valid");
    assert_states(waiting, XCA_CARD_STATE_DISPATCHED, XCA_STATE_DISPATCHED, XCA_CERT_PENDING);
}

static void test_a_revocation_case_of_one_certificate_revokes_the_card(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    xca_case_t kase = {0};

    kase.number = "0000100000000000000099999";
    kase.kind = XCA_CASE_REVOCATION;
    kase.state = XCA_STATE_FILED;
    kase.revision = 1;
    kase.filed = kase.state_changed = b->now;
    kase.use = XCA_USE_COUNT;
    kase.oid = ORG_OID;
    kase.org_name = recorded_card(b, card->number)->org_name;
    kase.target_serial = recorded_cert(b, card, XCA_USE_ENCRYPTION)->serial;
    kase.revoke_reason = "lost";
    kase.window = "tpe-edu";
    assert_done(xca_case_add(b->admin, &kase, pool));
    bench_approve(b, kase.number);
    assert_string_equal(xca_case_state_id(recorded_case(b, kase.number)->state), "completed");
    assert_states(card, XCA_CARD_STATE_REVOKED, XCA_STATE_COMPLETED, XCA_CERT_REVOKED);
    assert_int_equal(recorded_cert(b, card, XCA_USE_CARD_AUTH)->reason, XCA_REASON_KEY_COMPROMISE);
    assert_int_equal(notices_of(b, notice(card, "-card-revoked")), 1);
    assert_answer(card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, NULL), "card.revoked");
}

static void test_a_card_not_activated_in_90_days_is_revoked(void **state) {
    soft_card_t *card = card_dispatched(b, "secondary"), *making = card_begin(b, bench_approved(b, "secondary"));

    assert_answered(card_send_keys(b, making));
    b->now += 89 * DAY;
    bench_sweep(b);
    assert_states(card, XCA_CARD_STATE_DISPATCHED, XCA_STATE_DISPATCHED, XCA_CERT_PENDING);
    b->now += 2 * DAY;
    faults = AFTER; /* stopped behind each write in turn: the next sweep takes it up */
    bench_sweep(b);
    faults = NONE;
    assert_true(faults_made > 0);
    bench_sweep(b);
    assert_states(card, XCA_CARD_STATE_LAPSED, XCA_STATE_LAPSED, XCA_CERT_REVOKED);
    assert_int_equal(notices_of(b, notice(card, "")), 3); /* dispatched, warned of (at 89 days), lapsed */
    assert_answer(card_open(b, card, XCA_CARD_ACTIVATE, USER_CODE, NULL), "card.lapsed");
    assert_states(making, XCA_CARD_STATE_DISCARDED, XCA_STATE_APPROVED, XCA_CERT_REVOKED);
    assert_int_equal(notices_of(b, notice(making, "")), 0);
}

static void test_a_blank_that_was_given_up_makes_room_for_another(void **state) {
    soft_card_t *card = card_begin(b, bench_approved(b, "secondary")), *next;
    xca_card_message_t m;

    assert_answered(card_send_keys(b, card));
    message_begin(b, &m, XCA_CARD_DISCARD);
    m.case_number = card->case_number;
    m.card = card->number;
    m.reason = "晶片無法寫入";
    faults = AFTER;
    assert_answered(send_operator(b, &b->operator, &m));
    faults = NONE;
    assert_states(card, XCA_CARD_STATE_DISCARDED, XCA_STATE_APPROVED, XCA_CERT_REVOKED);
    assert_false(recorded_cert(b, card, XCA_USE_SIGNATURE)->published);
    assert_null(recorded_case(b, card->case_number)->card_number);
    assert_answer(card_send_made(b, card), "card.state");
    next = card_begin(b, card->case_number);
    assert_string_not_equal(next->number, card->number);
    /* The keys of the given-up card are spent. */
    memcpy(next->keys, card->keys, sizeof(next->keys));
    assert_answer(card_send_keys(b, next), "key.revoked");
    /* Begun again, it is the same card; keys made again get certificates of their own. */
    next = card_begin(b, next->case_number);
    assert_answered(card_send_keys(b, next));
    {
        soft_card_t *again = card_begin(b, next->case_number);
        const char *first = recorded_card(b, next->number)->serials[0];
        xca_cert_t *cert;

        assert_string_equal(again->number, next->number);
        assert_string_equal(again->puk, next->puk);
        assert_answered(card_send_keys(b, again));
        assert_string_not_equal(recorded_card(b, next->number)->serials[0], first);
        assert_done(xca_cert_read(&cert, b->signer->office->store, first, pool));
        assert_int_equal(cert->state, XCA_CERT_REVOKED);
        assert_answer(card_send_made(b, next), "card.digest");
        assert_answered(card_send_made(b, again));
        assert_answered(card_send_made(b, again));
    }
}

/* What is refused --------------------------------------------------------------------------------------------- */

static void test_only_the_right_key_speaks_for_a_card(void **state) {
    soft_card_t *card = card_dispatched(b, "secondary"), *other = card_dispatched(b, "secondary");
    xca_card_message_t m;
    xca_key_t *stranger;
    xca_bytes_t envelope;

    assert_done(xca_key_make(&stranger, "ec:P-256", pool));
    message_begin(b, &m, XCA_CARD_ACTIVATE);
    m.card = card->number;
    message_seal(b, &m, USER_CODE);
    assert_answer(send_card(b, stranger, &m), "card.signature");
    message_begin(b, &m, XCA_CARD_ACTIVATE);
    m.card = card->number;
    message_seal(b, &m, USER_CODE);
    assert_answer(send_card(b, other->keys[XCA_USE_CARD_AUTH], &m), "card.signature");
    message_begin(b, &m, XCA_CARD_ACTIVATE);
    m.card = card->number;
    message_seal(b, &m, USER_CODE);
    assert_answer(send_card(b, card->keys[XCA_USE_SIGNATURE], &m), "card.signature"); /* needs the PIN: not this one */
    message_begin(b, &m, XCA_CARD_CONTACT_SHOW);
    m.card = card->number;
    assert_answer(send_card(b, card->keys[XCA_USE_CARD_AUTH], &m), "card.signature"); /* no PIN was asked for this one */
    message_begin(b, &m, XCA_CARD_ACTIVATE);
    m.card = "Xc99999999999999";
    message_seal(b, &m, USER_CODE);
    assert_answer(send_card(b, stranger, &m), "card.not-found");
    /* Any byte of it changed. */
    message_begin(b, &m, XCA_CARD_ACTIVATE);
    m.card = card->number;
    message_seal(b, &m, USER_CODE);
    envelope = envelope_of(b, card->keys[XCA_USE_CARD_AUTH], &m);
    {
        unsigned char *changed = apr_pmemdup(pool, envelope.data, envelope.length);
        unsigned char *at = memmem(changed, envelope.length, "helper-key: ", 12);

        at[12] = at[12] == 'A' ? 'B' : 'A';
        envelope.data = changed;
    }
    assert_answer(hand_in(b, m.nonce, envelope, &m), "card.signature");
    assert_states(card, XCA_CARD_STATE_DISPATCHED, XCA_STATE_DISPATCHED, XCA_CERT_PENDING);
    assert_int_equal(recorded_card(b, card->number)->code_tries, 0);
}

static void test_a_message_is_for_its_own_request_and_its_own_time(void **state) {
    soft_card_t *card = card_dispatched(b, "secondary");
    apr_time_t now = b->now;
    xca_card_message_t m;
    xca_bytes_t envelope;

    message_begin(b, &m, XCA_CARD_ACTIVATE);
    m.card = card->number;
    message_seal(b, &m, USER_CODE);
    envelope = envelope_of(b, card->keys[XCA_USE_CARD_AUTH], &m);
    assert_answer(hand_in(b, "00000000000000000000000000003001", envelope, &m), "card.nonce");
    b->now = now + 16 * MINUTE;
    assert_answer(hand_in(b, m.nonce, envelope, &m), "card.stale");
    b->now = now + 6 * MINUTE;
    message_begin(b, &m, XCA_CARD_CHANGING);
    b->now = now;
    m.card = card->number;
    m.session = m.nonce;
    assert_answer(send_card(b, card->keys[XCA_USE_CARD_AUTH], &m), "card.stale"); /* of the future */
    /* A code sealed for another message, card or operation opens nothing. */
    message_begin(b, &m, XCA_CARD_UNLOCK);
    m.card = card->number;
    message_seal(b, &m, USER_CODE);
    m.operation = XCA_CARD_ACTIVATE;
    assert_answer(send_card(b, card->keys[XCA_USE_CARD_AUTH], &m), "card.unreadable");
    assert_int_equal(recorded_card(b, card->number)->code_tries, 0);
}

static void test_nonsense_is_answered_and_nothing_else(void **state) {
    static const char *const nonsense[] = {"x", "XCA-CARD-1\n", "0", "\x30\x80\x00", "XCA-CARD-1\nsignature: AAEC\n",
                                           "XCA-CARD-1\noperation: format\nsignature: AAEC\n"};
    xca_card_message_t m;
    soft_card_t *card = card_dispatched(b, "secondary");
    size_t i;

    for (i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        xca_bytes_t bytes = {(const unsigned char *)nonsense[i], strlen(nonsense[i])};
        answer_t answer = hand_in(b, apr_psprintf(pool, "%032x", 0x4000 + (int)i), bytes, NULL);

        assert_int_equal(answer.state, XCA_REQUEST_DENIED);
    }
    message_begin(b, &m, XCA_CARD_ACTIVATE);
    m.card = card->number;
    assert_answer(send_card(b, card->keys[XCA_USE_CARD_AUTH], &m), "card.malformed"); /* no code */
    message_begin(b, &m, "format");
    m.card = card->number;
    assert_answer(send_card(b, card->keys[XCA_USE_CARD_AUTH], &m), "card.operation");
    message_begin(b, &m, XCA_CARD_CHANGING);
    m.card = card->number;
    m.session = m.nonce;
    m.helper_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; /* gives everyone the same secret */
    assert_answer(send_card(b, card->keys[XCA_USE_CARD_AUTH], &m), "card.helper-key");
}

static void test_only_an_active_operator_of_the_card_centre_makes_cards(void **state) {
    const char *number = bench_approved(b, "secondary");
    xca_card_message_t m;
    xca_officer_t *officer;
    person_t impostor = b->operator;
    soft_card_t *card = card_active(b, "secondary");

    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = number;
    assert_answer(send_operator(b, &b->central, &m), "card.operator");
    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = number;
    m.officer = "card-1";
    assert_answer(send_operator(b, &b->central, &m), "cms.signer"); /* another's name under one's own key */
    assert_done(xca_key_make(&impostor.key, "ec:P-256", pool));
    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = number;
    m.officer = "nobody";
    assert_answer(send_operator(b, &b->operator, &m), "officer.not-found");
    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = number;
    assert_answer(send_card(b, card->keys[XCA_USE_CARD_AUTH], &m), "card.operator");
    message_begin(b, &m, XCA_CARD_ACTIVATE);
    m.card = card->number;
    message_seal(b, &m, USER_CODE);
    assert_answer(send_operator(b, &b->operator, &m), "card.operator"); /* nor does the centre open cards */
    message_begin(b, &m, XCA_CARD_DISCARD);
    m.case_number = number;
    m.card = card->number;
    m.reason = "x";
    assert_answer(send_operator(b, &b->operator, &m), "card.other-case");
    message_begin(b, &m, XCA_CARD_QUEUE);
    m.card = card->number; /* a card of no case */
    assert_answer(send_operator(b, &b->operator, &m), "card.other-case");
    message_begin(b, &m, XCA_CARD_DISCARD);
    m.case_number = card->case_number;
    m.card = card->number;
    m.reason = "x";
    assert_answer(send_operator(b, &b->operator, &m), "card.state");
    assert_done(xca_officer_read(&officer, b->admin, "card-1", pool));
    officer->active = 0;
    assert_done(xca_officer_put(b->admin, officer, pool));
    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = number;
    assert_answer(send_operator(b, &b->operator, &m), "card.operator");
    officer->active = 1;
    assert_done(xca_officer_put(b->admin, officer, pool));
    assert_string_equal(xca_case_state_id(recorded_case(b, number)->state), "approved");
}

static void test_a_case_that_two_officers_did_not_approve_gets_no_card(void **state) {
    xca_card_message_t m;
    const char *number = bench_file(b, "secondary", ORG_OID);
    xca_case_t *kase;

    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = number;
    assert_answer(send_operator(b, &b->operator, &m), "review.not-borne-out");
    kase = recorded_case(b, number);
    assert_done(xca_case_move(b->signer->office->store, kase, XCA_STATE_APPROVED, NULL, b->now, pool));
    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = number;
    assert_answer(send_operator(b, &b->operator, &m), "review.not-borne-out");
    message_begin(b, &m, XCA_CARD_MAKE);
    m.case_number = "0000199999999999999999999";
    assert_answer(send_operator(b, &b->operator, &m), "case.not-found");
}

static void test_a_key_without_proof_of_possession_gets_no_certificate(void **state) {
    soft_card_t *card = card_begin(b, bench_approved(b, "secondary"));
    xca_card_message_t m;
    xca_bytes_t spki;

    assert_answered(card_send_keys(b, card)); /* with a proof it does */
    assert_done(xca_key_spki(&spki, card->keys[XCA_USE_ENCRYPTION], pool));
    message_begin(b, &m, XCA_CARD_KEYS);
    m.case_number = card->case_number;
    m.card = card->number;
    m.signature_request = m.card_auth_request = m.encryption_request = xca_base64(pool, spki.data, spki.length);
    assert_answer(send_operator(b, &b->operator, &m), "csr.not-a-request");
    assert_error(xca_pop_check(b->signer->card_key, card->number, spki, (xca_bytes_t){(const unsigned char *)"", 0}, pool), "card.pop");
    assert_error(xca_pop_check(b->signer->card_key, card->number, spki,
                               (xca_bytes_t){(const unsigned char *)"00112233445566778899aabbccddeeff", 32}, pool), "card.pop");
}

/* Cuts -------------------------------------------------------------------------------------------------------- */

/* Keys, and what the operator is told of two findings of the lint; mended, the same card is finished. */
static void test_a_finding_of_the_lint_is_told_to_the_operator(void **state) {
    soft_card_t *card = card_begin(b, bench_approved(b, "secondary"));
    xca_profile_t right = *b->profile;
    answer_t answer;

    b->profile->crl_url = "https://localhost:8443/repository/xca.crl";
    b->profile->ca_issuers_url = "https://localhost:8443/repository/chain.p7b";
    answer = card_send_keys(b, card);
    *b->profile = right;
    assert_int_equal(answer.state, XCA_REQUEST_DENIED);
    assert_answer(answer, "card.issue lint.rule.list-http lint.rule.access-http");
    assert_string_equal(xca_card_state_id(recorded_card(b, card->number)->state), "making");
    assert_answered(card_send_keys(b, card));
    assert_states(card, XCA_CARD_STATE_MAKING, XCA_STATE_ISSUING, XCA_CERT_PENDING);
}

static void test_runs_that_end_without_a_word_never_take_the_last_try(void **state) {
    soft_card_t *card = card_active(b, "secondary");
    const char *session, *late;
    answer_t answer = card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, &late);
    int run;

    assert_answered(answer);
    answer = card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, &session);
    assert_answer(card_say(b, card, XCA_CARD_CHANGING, late), "card.session"); /* of the run before */
    assert_answer(card_say(b, card, XCA_CARD_CONFIRM, session), "card.session"); /* nothing was changed */
    assert_true(card_takes(card, answer.reply.puk));
    assert_answered(card_say(b, card, XCA_CARD_CHANGING, session));
    /* Pulled before the PUK was changed. Two runs end behind the wrong try that follows. */
    for (run = 0; run < 2; run++) {
        answer = card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, &session);
        assert_answered(answer);
        assert_string_equal(answer.reply.puk_order, "next");
        assert_false(card_takes(card, answer.reply.next_puk));
    }
    assert_int_equal(card->tries, 1);
    assert_answer(card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, NULL), "card.to-centre");
    /* The run that is still open may go on behind its wrong try. */
    assert_true(card_takes(card, answer.reply.puk));
    assert_answered(card_say(b, card, XCA_CARD_CHANGING, session));
    apr_cpystrn(card->puk, answer.reply.next_puk, sizeof(card->puk));
    assert_answered(card_say(b, card, XCA_CARD_CONFIRM, session));
    assert_int_equal(card->tries, 3);
    answer = card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, &session);
    assert_string_equal(answer.reply.puk, card->puk);
    assert_string_equal(answer.reply.puk_order, "current");
}

/* The whole life of a card, each of its messages cut at every write of the signer and looked at again, as after a restart. */
static void life_with_faults(void) {
    soft_card_t *card;
    answer_t answer;
    const char *session, *number = bench_approved(b, "secondary");
    int tries;

    faults_made = 0;
    card = card_begin(b, number);
    assert_answered(card_send_keys(b, card));
    assert_answered(card_send_made(b, card));
    assert_answered(card_send_dispatch(b, card));
    assert_answer(card_open(b, card, XCA_CARD_ACTIVATE, "wrong-code", NULL), "code.wrong");
    tries = recorded_card(b, card->number)->code_tries;
    answer = card_open(b, card, XCA_CARD_ACTIVATE, USER_CODE, &session);
    assert_answered(answer);
    card_run_on(b, card, &answer, session);
    answer = card_open(b, card, XCA_CARD_UNLOCK, USER_CODE, &session);
    assert_answered(answer);
    card_run_on(b, card, &answer, session);
    assert_int_equal(tries, 1);
    assert_states(card, XCA_CARD_STATE_ACTIVE, XCA_STATE_COMPLETED, XCA_CERT_VALID);
    assert_string_equal(recorded_case(b, number)->card_number, card->number);
    assert_int_equal(notices_of(b, notice(card, "")), 3); /* dispatched, activated, unlocked: each once */
    {
        apr_array_header_t *certs, *cards;

        assert_done(xca_cert_search(&certs, NULL, b->signer->office->store, XCA_CERT_BY_CASE, number, 0, pool));
        assert_int_equal(certs->nelts, XCA_USE_COUNT); /* none twice */
        assert_done(xca_card_search(&cards, NULL, b->signer->office->store, XCA_CARD_BY_CASE, number, 0, pool));
        assert_int_equal(cards->nelts, 1);
    }
    print_message("%d faults in a card's life\n", faults_made);
    assert_true(faults_made > 20);
}

static void test_a_stop_before_any_write_loses_nothing_and_doubles_nothing(void **state) {
    faults = BEFORE;
    life_with_faults();
    walk_from_the_queue_to_a_changed_contact();
}

static void test_a_stop_behind_any_write_loses_nothing_and_doubles_nothing(void **state) {
    faults = AFTER;
    life_with_faults();
    walk_from_the_queue_to_a_changed_contact();
}

/* Who may see and write --------------------------------------------------------------------------------------- */

static void test_the_portal_sees_no_secret_and_writes_no_card(void **state) {
    soft_card_t *card = card_dispatched(b, "secondary");
    xca_card_t *seen, changed;
    xca_changes_t *changes = xca_changes_make(pool);
    xca_store_t *stores[2];
    const char *dn = apr_pstrcat(pool, "xcaCardNumber=", card->number, ",ou=cards," BASE, NULL);
    int i;

    stores[0] = b->portal->store;
    stores[1] = b->admin;
    for (i = 0; i < 2; i++) {
        assert_done(xca_card_read(&seen, stores[i], card->number, pool));
        assert_int_equal(seen->state, XCA_CARD_STATE_DISPATCHED);
        assert_string_equal(seen->mail_number, "12345678901234");
        assert_int_equal(seen->secrets.length, 0);
        assert_null(seen->code_hash);
        assert_null(seen->contact_name);
        assert_null(seen->contact_email);
        changed = *seen;
        changed.state = XCA_CARD_STATE_ACTIVE;
        assert_error(xca_card_update(stores[i], seen, &changed, pool), "ldap.access");
        changed.number = "Xc99999999999998";
        assert_error(xca_card_add(stores[i], &changed, pool), "ldap.access");
        assert_error(xca_ldap_delete(stores[i]->ldap, dn, pool), "ldap.access");
    }
    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaUnfinished", "TRUE");
    assert_error(xca_ldap_modify(b->portal->store->ldap, dn, changes, NULL, NULL, NULL, pool), "ldap.access");
    assert_error(xca_card_read(&seen, slapd_store(b->slapd, NULL, pool), card->number, pool), "card.not-found");
}

static void test_the_sealing_key_is_vouched_for_by_the_ca(void **state) {
    xca_signer_status_t status;
    xca_seal_key_proof_t proof;
    unsigned char bytes[1024];
    char storage[2048];
    xca_bytes_t signature = {bytes, sizeof(bytes)}, *key;
    size_t text, length;
    const char *first;

    assert_done(xca_signer_alive(b->signer, b->now, pool));
    assert_done(xca_signer_status_read(&status, b->portal->store, pool));
    first = status.seal_proof;
    assert_non_null(first);
    length = strlen(first);
    assert_int_equal(xca_card_envelope_split(first, length, &text, bytes, &signature.length), 1);
    assert_done(xca_signature_check(xca_ca_certificate(b->signer->ca), first, text, signature, pool));
    assert_int_equal(xca_lines_read(&proof, storage, XCA_SEAL_KEY_FIRST, xca_seal_key_proof_fields, first, text), 1);
    key = xca_unbase64(pool, proof.key, strlen(proof.key));
    assert_memory_equal(key->data, status.seal_key, 32);
    /* It lasts 30 days and is renewed when half of them are over. */
    assert_done(xca_signer_alive(b->signer, b->now + 14 * DAY, pool));
    assert_done(xca_signer_status_read(&status, b->portal->store, pool));
    assert_string_equal(status.seal_proof, first);
    assert_done(xca_signer_alive(b->signer, b->now + 16 * DAY, pool));
    assert_done(xca_signer_status_read(&status, b->portal->store, pool));
    assert_string_not_equal(status.seal_proof, first);
}

#define TEST(name) cmocka_unit_test_setup(name, calm)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_card_is_made_activated_unlocked_and_its_contact_changed),
        TEST(test_the_same_with_rsa_keys),
        TEST(test_the_three_certificates_say_what_the_profile_says),
        TEST(test_a_new_organisation_has_its_oid_before_its_card),
        TEST(test_one_primary_card_an_organisation),
        TEST(test_two_primary_applications_at_once_give_one_card),
        TEST(test_wrong_codes_lock_the_card_and_its_certificates),
        TEST(test_a_card_is_suspended_and_resumed_as_a_whole),
        TEST(test_a_revocation_case_of_one_certificate_revokes_the_card),
        TEST(test_a_card_not_activated_in_90_days_is_revoked),
        TEST(test_a_blank_that_was_given_up_makes_room_for_another),
        TEST(test_only_the_right_key_speaks_for_a_card),
        TEST(test_a_message_is_for_its_own_request_and_its_own_time),
        TEST(test_nonsense_is_answered_and_nothing_else),
        TEST(test_only_an_active_operator_of_the_card_centre_makes_cards),
        TEST(test_a_case_that_two_officers_did_not_approve_gets_no_card),
        TEST(test_a_key_without_proof_of_possession_gets_no_certificate),
        TEST(test_a_finding_of_the_lint_is_told_to_the_operator),
        TEST(test_runs_that_end_without_a_word_never_take_the_last_try),
        TEST(test_a_stop_before_any_write_loses_nothing_and_doubles_nothing),
        TEST(test_a_stop_behind_any_write_loses_nothing_and_doubles_nothing),
        TEST(test_the_portal_sees_no_secret_and_writes_no_card),
        TEST(test_the_sealing_key_is_vouched_for_by_the_ca),
    };

    apr_initialize();
    xca_log_set_sink(NULL, NULL, XCA_LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
