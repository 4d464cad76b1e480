/* What of the signer's work stands in the audit log: a card's life, decisions, officers and windows, and what others report. */
#include "card_bench.h"

#include "base/log.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "directory/mappings.h"
#include "directory/record.h"
#include "operations/audit_report.h"
#include "operations/signer_watch.h"
#include "outside/crypto_cms.h"

static apr_pool_t *pool;
static bench_t *b;

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

static const xca_audit_entry_t *last_of(const char *kind, const char *subject) {
    xca_audit_query_t query = {-1, kind, subject};
    apr_array_header_t *entries;

    assert_done(xca_audit_find(&entries, NULL, b->admin, &query, 0, pool));
    if (entries->nelts == 0) {
        fail_msg("no entry %s about %s", kind, subject != NULL ? subject : "anything");
    }
    return APR_ARRAY_IDX(entries, entries->nelts - 1, const xca_audit_entry_t *);
}

static const char *detail(const char *kind, const char *subject, const char *name) {
    const char *value = xca_audit_detail(last_of(kind, subject)->details, name, pool);

    return value != NULL ? value : "(none)";
}

static void assert_life_is_logged(const soft_card_t *card) {
    static const char *const steps[] = {"card-made", "card-dispatch", "card-activate", "card-confirm"};
    static const xca_use uses[] = {XCA_USE_SIGNATURE, XCA_USE_ENCRYPTION, XCA_USE_CARD_AUTH};
    size_t i;

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (log_entries(b, steps[i], card->number) != 1) {
            fail_msg("%s is logged %d times", steps[i], log_entries(b, steps[i], card->number));
        }
    }
    assert_int_equal(log_entries(b, "card-make", card->number), 2); /* its PUK was given out twice: for the proof too */
    assert_int_equal(log_entries(b, "certificate-accept", card->number), 3);
    assert_string_equal(last_of("card-make", card->number)->actor, "officer card-1");
    assert_string_equal(last_of("card-activate", card->number)->actor, "card");
    assert_int_equal(log_entries(b, "decision", card->case_number), 2);
    assert_string_equal(detail("decision", card->case_number, "verdict"), "counted");
    for (i = 0; i < 3; i++) {
        const xca_cert_t *cert = recorded_cert(b, card, uses[i]);

        assert_string_equal(detail("certificate-issue", cert->serial, "sha256"),
                            xca_sha256_hex(pool, cert->der.data, cert->der.length));
        assert_string_equal(last_of("certificate-issue", cert->serial)->organisation, ORG_OID);
    }
}

static void test_every_step_of_a_card_is_an_entry(void **state) {
    soft_card_t *card = card_active(b, "primary");

    assert_life_is_logged(card);
    assert_int_equal(log_entries(b, "certificate-issue", card->number), 3);
    assert_int_equal(log_entries(b, NULL, "officer card-1") > 3, 1);
}

static void live_with(fault_kind kind) {
    soft_card_t *card;

    faults = kind;
    card = card_active(b, "primary");
    faults = NONE;
    assert_true(faults_made > 10);
    assert_life_is_logged(card);
}

static void test_a_stop_before_any_write_leaves_the_log_whole(void **state) {
    live_with(BEFORE);
}

static void test_a_stop_behind_any_write_leaves_the_log_whole(void **state) {
    live_with(AFTER);
}

static void test_a_card_that_ends_is_logged_with_its_certificates(void **state) {
    const xca_cause_t cause = {.actor = "officers"};
    soft_card_t *card = card_active(b, "primary");

    assert_done(xca_signer_card_revoke(b->signer, recorded_card(b, card->number), XCA_REASON_KEY_COMPROMISE, "lost", &cause,
                                       b->now, pool));
    assert_int_equal(log_entries(b, "card-revoke", card->number), 1);
    assert_int_equal(log_entries(b, "certificate-revoke", card->number), 3);
    assert_string_equal(detail("certificate-revoke", card->number, "reason"), "lost");
    card = card_dispatched(b, "secondary");
    b->now += 91 * XCA_DAY;
    bench_sweep(b);
    assert_int_equal(log_entries(b, "card-lapse", card->number), 1);
    assert_string_equal(last_of("certificate-revoke", card->number)->actor, "time");
}

static void test_a_locked_code_is_logged_once(void **state) {
    soft_card_t *card = card_dispatched(b, "primary");
    const char *session;
    int i;

    for (i = 0; i < 12; i++) {
        (void)card_open(b, card, XCA_CARD_ACTIVATE, "wrong-code-1", &session);
    }
    assert_int_equal(recorded_card(b, card->number)->code_tries, XCA_CODE_TRIES);
    assert_int_equal(log_entries(b, "code-lock", card->number), 1);
}

/* Officers and windows ------------------------------------------------------------------------------------------ */

static void test_a_right_that_was_changed_is_logged_before_it_counts(void **state) {
    const char *number = bench_file(b, "primary", ORG_OID);
    xca_officer_t *officer;
    xca_audit_query_t all = {0, NULL, NULL};
    apr_array_header_t *entries;
    int i, changed = 0, decided = 0;

    assert_done(xca_officer_read(&officer, b->admin, "central-1", pool));
    officer->person = "staff-77"; /* whoever has xca-admin's password, behind xca-admin's back */
    assert_done(xca_officer_put(b->admin, officer, pool));
    bench_approve(b, number);
    assert_done(xca_audit_find(&entries, NULL, b->admin, &all, 0, pool));
    for (i = 0; i < entries->nelts; i++) {
        const xca_audit_entry_t *entry = APR_ARRAY_IDX(entries, i, const xca_audit_entry_t *);
        const char *who = xca_audit_detail(entry->details, "officer", pool);

        if (strcmp(entry->kind, "officer-change") == 0 && who != NULL && strcmp(who, "central-1") == 0) {
            changed = i;
        }
        if (strcmp(entry->kind, "decision") == 0 && strcmp(entry->actor, "officer central-1") == 0) {
            decided = i;
        }
        assert_null(strstr(entry->details != NULL ? entry->details : "", "staff-77")); /* the staff number itself is not told */
    }
    assert_true(changed > 0 && decided > changed);
}

static void test_officers_and_windows_are_logged_when_they_change_and_when_they_go(void **state) {
    xca_window_t *window;
    xca_officer_t *officer;
    int before;

    assert_done(xca_signer_people(b->signer, b->now, pool));
    before = log_entries(b, NULL, NULL);
    assert_int_equal(log_entries(b, "officer-change", "officer ra-tpe-edu"), 1);
    assert_int_equal(log_entries(b, "window-change", "window tpe-edu"), 1);
    assert_string_equal(detail("officer-change", "officer ra-tpe-edu", "role"), "ra");
    assert_done(xca_signer_people(b->signer, b->now, pool));
    b->signer->people = NULL; /* a signer that was started again */
    assert_done(xca_signer_people(b->signer, b->now, pool));
    assert_int_equal(log_entries(b, NULL, NULL), before);
    assert_done(xca_window_read(&window, b->admin, "tpe-edu", pool));
    window->name = "改名後的教育局";
    assert_done(xca_window_put(b->admin, window, pool));
    assert_done(xca_officer_read(&officer, b->admin, "ra-tpe-edu", pool));
    officer->active = 0;
    assert_done(xca_officer_put(b->admin, officer, pool));
    assert_done(xca_ldap_delete(b->admin->ldap, "uid=card-1,ou=officers," BASE, pool));
    assert_done(xca_signer_people(b->signer, b->now, pool));
    assert_int_equal(log_entries(b, NULL, NULL), before + 3);
    assert_string_equal(detail("officer-change", "officer ra-tpe-edu", "active"), "no");
    assert_string_equal(detail("officer-change", "officer card-1", "record"), "gone");
    officer->active = 1; /* and back, and off again: each is a change */
    b->now += apr_time_from_sec(1);
    assert_done(xca_officer_put(b->admin, officer, pool));
    assert_done(xca_signer_people(b->signer, b->now, pool));
    b->now += apr_time_from_sec(1);
    officer->active = 0;
    assert_done(xca_officer_put(b->admin, officer, pool));
    assert_done(xca_signer_people(b->signer, b->now, pool));
    assert_int_equal(log_entries(b, "officer-change", "officer ra-tpe-edu"), 4);
}

/* What others report -------------------------------------------------------------------------------------------- */

static apr_array_header_t *waiting(void) {
    xca_collect_t into = {apr_array_make(pool, 4, sizeof(void *)), xca_event_of_entry};

    assert_done(xca_ldap_search(b->signer->office->store->ldap, "ou=events," BASE, XCA_SCOPE_ONE, "(objectClass=xcaEventEntry)",
                                NULL, 0, NULL, xca_collect, &into, pool));
    return into.list;
}

/* Files it as `from`, and lets the signer take it over. */
static void report(xca_store_t *from, const char *kind, const char *actor, const char *details, xca_bytes_t cms) {
    xca_audit_event_t event = {0};
    apr_array_header_t *events;

    event.kind = kind;
    event.actor = actor;
    event.details = details;
    event.cms = cms;
    assert_done(xca_audit_report(from, &event, b->now, pool));
    events = waiting();
    assert_int_equal(events->nelts, 1);
    assert_done(xca_signer_event(b->signer, APR_ARRAY_IDX(events, 0, xca_event_t *)->id, b->now, pool));
    assert_int_equal(waiting()->nelts, 0);
}

static const xca_bytes_t nothing;

static void test_a_login_is_taken_over_with_what_the_officer_signed(void **state) {
    static const char challenge[] = "XCA-LOGIN-1\nnonce: 00\n";
    xca_bytes_t cms;

    assert_done(xca_cms_sign(&cms, challenge, strlen(challenge), b->central.key, b->central.certificate, pool));
    report(b->portal->store, "officer-login", "officer central-1", "address=192.0.2.7", cms);
    assert_string_equal(detail("officer-login", "officer central-1", "signature"), "valid");
    assert_string_equal(detail("officer-login", "officer central-1", "reported-by"), "portal");
    assert_string_equal(detail("officer-login", "officer central-1", "address"), "192.0.2.7");
    assert_int_equal(last_of("officer-login", NULL)->cms.length, cms.length);
    /* a broken-in portal says that another one has logged in */
    report(b->portal->store, "officer-login", "officer ra-tpe-edu", NULL, cms);
    assert_string_equal(detail("officer-login", "officer ra-tpe-edu", "signature"), "cms.signer");
    report(b->portal->store, "officer-login", "officer nobody", NULL, cms);
    assert_string_equal(detail("officer-login", "officer nobody", "signature"), "officer.not-found");
    assert_int_equal(log_entries(b, "officer-login", NULL), 3);
}

static void test_what_one_may_not_report_is_dropped(void **state) {
    report(b->portal->store, "certificate-issue", "officers", NULL, nothing);
    report(b->portal->store, "oid-import", "admin", NULL, nothing);
    report(b->admin, "officer-login", "officer central-1", NULL, nothing);
    assert_int_equal(log_entries(b, "certificate-issue", NULL) + log_entries(b, "oid-import", NULL) +
                         log_entries(b, "officer-login", NULL), 0);
    report(b->admin, "oid-import", "admin root", "added=5\nwrong=1", nothing);
    assert_string_equal(detail("oid-import", NULL, "added"), "5");
    assert_int_equal(log_entries(b, "oid-import", NULL), 1);
    report(b->admin, "content-change", "admin root", "what=faq\nid=one", nothing);
    assert_string_equal(detail("content-change", NULL, "reported-by"), "admin");
}

static void test_a_report_full_of_nonsense_is_made_one_that_the_log_takes(void **state) {
    char *nonsense = apr_palloc(pool, 6001);
    int i;

    for (i = 0; i < 6000; i++) {
        nonsense[i] = (char)(i % 61 == 0 ? '\n' : i % 7 == 0 ? '=' : i % 3 == 0 ? '\\' : "abc\x01\xe4\xff"[i % 6]);
    }
    nonsense[6000] = '\0';
    report(b->portal->store, "officer-logout", "officer \xe4\xb8\x80\n2", apr_pstrndup(pool, nonsense, 5900), nothing);
    report(b->portal->store, "officer-logout", "x", "no lines\n=\nA=1\nb", nothing);
    assert_int_equal(log_entries(b, "officer-logout", NULL), 2);
}

static void test_an_event_is_taken_over_once_whatever_fails(void **state) {
    xca_audit_event_t event = {.kind = "officer-logout", .actor = "officer central-1"};
    fault_kind kinds[] = {BEFORE, AFTER};
    int i;

    for (i = 0; i < 2; i++) {
        const char *id;

        assert_done(xca_audit_report(b->portal->store, &event, b->now, pool));
        id = APR_ARRAY_IDX(waiting(), 0, xca_event_t *)->id;
        faults = kinds[i];
        bench_take_event(b, id);
        faults = NONE;
        assert_int_equal(waiting()->nelts, 0);
        assert_int_equal(log_entries(b, "officer-logout", NULL), i + 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_step_of_a_card_is_an_entry, start, stop),
        cmocka_unit_test_setup_teardown(test_a_stop_before_any_write_leaves_the_log_whole, start, stop),
        cmocka_unit_test_setup_teardown(test_a_stop_behind_any_write_leaves_the_log_whole, start, stop),
        cmocka_unit_test_setup_teardown(test_a_card_that_ends_is_logged_with_its_certificates, start, stop),
        cmocka_unit_test_setup_teardown(test_a_locked_code_is_logged_once, start, stop),
        cmocka_unit_test_setup_teardown(test_a_right_that_was_changed_is_logged_before_it_counts, start, stop),
        cmocka_unit_test_setup_teardown(test_officers_and_windows_are_logged_when_they_change_and_when_they_go, start, stop),
        cmocka_unit_test_setup_teardown(test_a_login_is_taken_over_with_what_the_officer_signed, start, stop),
        cmocka_unit_test_setup_teardown(test_what_one_may_not_report_is_dropped, start, stop),
        cmocka_unit_test_setup_teardown(test_a_report_full_of_nonsense_is_made_one_that_the_log_takes, start, stop),
        cmocka_unit_test_setup_teardown(test_an_event_is_taken_over_once_whatever_fails, start, stop),
    };

    apr_initialize();
    xca_log_set_sink(NULL, NULL, XCA_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
