/* OID changes by the XDS sheet: from the file to the tree, with the real slapd, as the identities of the programs. */
#include "card_bench.h"

#include <stdlib.h>
#include "directory/xds_store.h"
#include "domain/calendar.h"
#include "operations/decision.h"
#include "operations/signer_ending.h"
#include "operations/signer_xds.h"
#include "operations/xds.h"
#include "outside/crypto.h"
#include "outside/crypto_cms.h"

#define HEAD "異動形式,新組織(團體)機關代碼,統一編號,全稱,郵遞區號,地址,電話,傳真,E-mail,原組織(團體)全稱,連絡人,連絡人 Email,初審(主管)機關全稱\n"
#define OURS "臺北市政府教育局"

static apr_pool_t *pool;
static bench_t *b;

static int make(void **state) {
    apr_pool_create(&pool, NULL);
    b = bench_make(pool);
    faults = NONE;
    faults_made = 0;
    return 0;
}

static int unmake(void **state) {
    faults = NONE;
    slapd_remove(b->slapd);
    apr_pool_destroy(pool);
    return 0;
}

static void add_org(const char *oid, const char *name, const char *ubn, const char *county) {
    xca_org_t org = {0};

    org.oid = oid;
    org.name = name;
    org.class = xca_class_by_name(name);
    org.ubn = ubn;
    org.county = county;
    assert_done(xca_org_add_path(b->admin, oid, pool));
    assert_done(xca_org_add(b->admin, &org, pool));
}

static xca_org_t *org_at(const char *oid) {
    xca_org_t *org;

    assert_done(xca_org_read(&org, b->admin, oid, pool));
    return org;
}

static const xca_window_t *our_window(void) {
    xca_window_t *window;

    assert_done(xca_window_read(&window, b->admin, "tpe-edu", pool));
    return window;
}

static xca_xds_preview_t *preview(const char *rows) {
    const char *text = apr_pstrcat(pool, HEAD, rows, NULL);
    xca_xds_preview_t *made;

    assert_done(xca_xds_open(&made, text, strlen(text), NULL, b->portal->postal, pool));
    assert_done(xca_xds_check(made, b->portal, our_window(), pool));
    return made;
}

/* "2:- 3:former=xds.unknown ..." : what is wrong with each row. */
static const char *verdicts(const char *rows) {
    const xca_xds_preview_t *made = preview(rows);
    const char *all = "";
    int i;

    for (i = 0; i < made->lines->nelts; i++) {
        const xca_xds_line_t *line = &APR_ARRAY_IDX(made->lines, i, xca_xds_line_t);
        const xca_error_t *err;

        all = apr_psprintf(pool, "%s%s%d:", all, i > 0 ? " " : "", line->row.number);
        for (err = line->wrong; err != NULL; err = err->next) {
            all = apr_psprintf(pool, "%s%s=%s%s", all, err->field != NULL ? err->field : "", err->message,
                               err->next != NULL ? "," : "");
        }
        all = apr_pstrcat(pool, all, line->wrong == NULL ? "-" : "", NULL);
    }
    return all;
}

static const char *arg_of(const char *rows) {
    const xca_xds_line_t *line = &APR_ARRAY_IDX(preview(rows)->lines, 0, xca_xds_line_t);

    return line->wrong != NULL ? line->wrong->arg : NULL;
}

/* Files the rows as the window's officer does, with xca-admin's identity. */
static const char *file(const char *rows) {
    xca_office_t office = *b->portal;
    xca_case_t contact = {0}, *kase;

    office.store = b->admin;
    contact.contact_name = "承辦人";
    contact.contact_email = "clerk@example.gov.tw";
    assert_done(xca_xds_file(&kase, &office, preview(rows), our_window(), &contact, NULL, b->now, pool));
    return kase->number;
}

static const char *approved(const char *rows) {
    const char *number = file(rows);

    bench_approve(b, number);
    return number;
}

/* "2=done-add 3=unknown ...". */
static const char *results(const char *number) {
    apr_array_header_t *list;
    const char *all = "";
    int i;

    assert_done(xca_row_list(&list, b->admin, number, pool));
    for (i = 0; i < list->nelts; i++) {
        const xca_row_result_t *result = APR_ARRAY_IDX(list, i, const xca_row_result_t *);

        all = apr_psprintf(pool, "%s%s%d%s%s", all, i > 0 ? " " : "", result->row,
                           result->state == XCA_ROW_DONE      ? "="
                           : result->state == XCA_ROW_REFUSED ? "!"
                                                              : "?",
                           result->answer != NULL ? result->answer : "");
    }
    return all;
}

static const char *notice_body(const char *id) {
    apr_array_header_t *notices;
    int i;

    assert_done(xca_notice_list(&notices, b->admin, "waiting", 0, pool));
    for (i = 0; i < notices->nelts; i++) {
        const xca_notice_t *notice = APR_ARRAY_IDX(notices, i, const xca_notice_t *);

        if (strcmp(notice->id, id) == 0) {
            return apr_pstrcat(pool, notice->to, "\n", notice->body, NULL);
        }
    }
    return "";
}

static int count_named(const char *name) {
    apr_array_header_t *orgs;

    assert_done(xca_org_by_name(&orgs, b->admin, name, 100, pool));
    return orgs->nelts;
}

/* ---- Preview ---- */

static void test_each_row_gets_its_verdict_and_nothing_is_changed(void **state) {
    add_org("2.16.886.104.100009", "財團法人臺北同名基金會", NULL, "臺北市");
    add_org("2.16.886.104.100010", "財團法人臺北同名基金會", "04595257", "高雄市");
    add_org("2.16.886.104.100011", "財團法人高雄遠方基金會", NULL, "高雄市");
    assert_string_equal(
        verdicts("新增,,10458575,財團法人全新基金會,,臺北市信義區市府路1號,,,,,,," OURS "\n"
                 "新增,,04190875,財團法人測試基金會,,,,,,,,," OURS "\n"
                 "裁撤,,,,,,,,,財團法人測試基金,,,\n"
                 "裁撤,,,,,,,,,財團法人台北同名基金會,,,\n"
                 "裁撤,,,,,,,,,財團法人高雄遠方基金會,,,\n"
                 "改隸,,,,,,,,,財團法人測試基金會,,,不存在的機關\n"
                 "修改,,,財團法人測試基金會,,,,,,,,,\n"
                 "修改,,04190875,財團法人測試基金會,,,,,,,,,\n"),
        "2:- 3:name=xds.exists 4:former=xds.unknown-alike 5:former=xds.ambiguous 6:former=xds.other-window "
        "7:authority=xds.authority-unknown 8:kind=xds.nothing-to-change 9:kind=xds.changes-nothing");
    assert_string_equal(arg_of("裁撤,,,,,,,,,財團法人測試基金,,,\n"), "財團法人測試基金會");
    assert_string_equal(arg_of("新增,,04190875,財團法人測試基金會,,,,,,,,," OURS "\n"), ORG_OID);
    assert_string_equal(arg_of("裁撤,,,,,,,,,財團法人台北同名基金會,,,\n"), "2.16.886.104.100009、2.16.886.104.100010");
    /* The unified number tells two of one name apart; and then it is another county's. */
    assert_string_equal(verdicts("裁撤,,04595257,,,,,,,財團法人台北同名基金會,,,\n"), "2:former=xds.other-window");
    assert_int_equal(count_named("財團法人全新基金會"), 0);
    assert_int_equal(org_at(ORG_OID)->state, XCA_ORG_ACTIVE);
}

static void test_rows_that_repeat_or_contradict_each_other_are_told(void **state) {
    assert_string_equal(verdicts("裁撤,,,,,,,,,財團法人測試基金會,,,\n"
                                 "裁撤,,,,,,,,,財團法人測試基金會,,,\n"),
                        "2:- 3:=xds.duplicate");
    assert_string_equal(verdicts("裁撤,,,,,,,,,財團法人測試基金會,,,\n"
                                 "修改,,,,,,02-27377592,,,財團法人測試基金會,,,\n"),
                        "2:=xds.contradicts 3:=xds.contradicts");
    assert_string_equal(verdicts("新增,,10458575,臺北市立新設國民小學,,,,,,,,," OURS "\n"
                                 "新增,,04595257,台北市立新設國民小學,,,,,,,,," OURS "\n"),
                        "2:=xds.contradicts 3:=xds.contradicts");
}

static void test_an_authority_is_known_by_the_start_of_its_windows_name(void **state) {
    xca_window_t window = {"moe-high", "教育部(高教司)", "中央機關", "foundation", NULL, NULL, 0};

    assert_done(xca_window_put(b->admin, &window, pool));
    assert_string_equal(verdicts("改隸,,,,,,,,,財團法人測試基金會,,,教育部\n"), "2:-");
    window.classes = "school";
    assert_done(xca_window_put(b->admin, &window, pool));
    assert_string_equal(verdicts("改隸,,,,,,,,,財團法人測試基金會,,,教育部\n"), "2:authority=xds.authority-class");
}

static void test_only_right_rows_are_filed_and_none_of_them_without_one(void **state) {
    const char *number = file("新增,,10458575,財團法人全新基金會,,,,,,,,," OURS "\n裁撤,,,,,,,,,沒有這個,,,\n");
    xca_case_t *kase = recorded_case(b, number), contact = {0};
    apr_array_header_t *rows;
    xca_office_t office = *b->portal;

    assert_int_equal(kase->kind, XCA_CASE_OID_CHANGE);
    assert_string_equal(kase->sheet_rows, "1");
    assert_done(xca_xds_rows_of(&rows, b->signer->office, kase, pool));
    assert_int_equal(rows->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(rows, 0, xca_xds_row_t).values[XCA_XDS_NAME], "財團法人全新基金會");
    contact.contact_name = "承辦人";
    contact.contact_email = "clerk@example.gov.tw";
    assert_error(xca_xds_file(&kase, &office, preview("裁撤,,,,,,,,,沒有這個,,,\n"), our_window(), &contact, NULL, b->now, pool),
                 "xds.none-right");
}

static void test_the_same_form_twice_is_one_case(void **state) {
    static const char nonce[] = "00112233445566778899aabbccddeeff";
    xca_case_t contact = {0}, *first, *second;
    const xca_xds_preview_t *made = preview("新增,,10458575,財團法人全新基金會,,,,,,,,," OURS "\n");

    contact.contact_name = "承辦人";
    contact.contact_email = "clerk@example.gov.tw";
    assert_done(xca_xds_file(&first, b->portal, made, our_window(), &contact, nonce, b->now, pool));
    assert_done(xca_xds_file(&second, b->portal, made, our_window(), &contact, nonce, b->now, pool));
    assert_string_equal(first->number, second->number);
}

/* ---- Carrying out ---- */

#define FOUR                                                                                       \
    "新增,,10458575,財團法人全新基金會,110,臺北市信義區市府路1號,02-27208889,,new@example.org.tw,,王小姐,wang@example.org.tw," OURS "\n" \
    "改隸,,,,,,,,,財團法人改隸基金會,,,教育部\n"                                                   \
    "修改,,,財團法人已更名基金會,,,02-12345678,,,財團法人更名基金會,,,\n"                          \
    "裁撤,,,,,,,,,財團法人測試基金會,,wang@example.org.tw,\n"

static void make_four(void) {
    xca_window_t window = {"moe-high", "教育部(高教司)", "中央機關", "foundation", NULL, NULL, 0};

    assert_done(xca_window_put(b->admin, &window, pool));
    add_org("2.16.886.104.100020", "財團法人改隸基金會", NULL, "臺北市");
    add_org("2.16.886.104.100021", "財團法人更名基金會", NULL, "臺北市");
}

static void assert_four(const char *number) {
    xca_org_t *org;

    assert_string_equal(results(number), "2=xds.done-add 3=xds.done-move 4=xds.done-rename 5=xds.done-abolish");
    assert_int_equal(recorded_case(b, number)->state, XCA_STATE_COMPLETED);
    assert_int_equal(recorded_case(b, number)->rows_done, 4);
    assert_int_equal(count_named("財團法人全新基金會"), 1);
    org = org_at("2.16.886.104.100022"); /* behind the last number of its class's arc */
    assert_string_equal(org->name, "財團法人全新基金會");
    assert_int_equal(org->class, XCA_CLASS_FOUNDATION);
    assert_string_equal(org->ubn, "10458575");
    assert_string_equal(org->county, "臺北市");
    assert_string_equal(org->district, "信義區");
    assert_string_equal(org->authority, OURS);
    assert_string_equal(org->email, "new@example.org.tw");
    assert_string_equal(org_at("2.16.886.104.100020")->authority, "教育部");
    org = org_at("2.16.886.104.100021");
    assert_string_equal(org->name, "財團法人已更名基金會");
    assert_string_equal(org->phone, "02-12345678");
    assert_int_equal(count_named("財團法人已更名基金會"), 1); /* found by its new name, not by the old one */
    assert_int_equal(count_named("財團法人更名基金會"), 0);
    assert_int_equal(org_at(ORG_OID)->state, XCA_ORG_ABOLISHED);
    assert_string_equal(org_at(ORG_OID)->name, "財團法人測試基金會");
}

static void test_approved_rows_of_every_kind_are_carried_out_and_told(void **state) {
    const char *number, *body;

    make_four();
    number = approved(FOUR);
    assert_four(number);
    body = notice_body(apr_pstrcat(pool, number, "-done", NULL));
    assert_non_null(strstr(body, "clerk@example.gov.tw\n"));
    assert_non_null(strstr(body, "第 2 列 新增組織及團體「財團法人全新基金會」：已新增，OID 為 2.16.886.104.100022。"));
    assert_non_null(strstr(body, "Row 5, abolish, 財團法人測試基金會: abolished; certificates that are revoked in two weeks: 0."));
    /* Each contact learns of his own rows alone. */
    body = notice_body(apr_psprintf(pool, "%s-done-%.16s", number, xca_sha256_hex(pool, "wang@example.org.tw", 19)));
    assert_non_null(strstr(body, "wang@example.org.tw\n"));
    assert_non_null(strstr(body, "第 2 列"));
    assert_non_null(strstr(body, "第 5 列"));
    assert_null(strstr(body, "第 3 列"));
    bench_look(b, number); /* again is no change */
    assert_four(number);
    assert_int_equal(notices_of(b, apr_pstrcat(pool, number, "-done", NULL)), 2);
}

static void test_nothing_happens_before_both_reviews(void **state) {
    const char *number = file("裁撤,,,,,,,,,財團法人測試基金會,,,\n");

    bench_look(b, number);
    bench_decide(b, &b->ra, number, XCA_DECISION_ACCEPT);
    assert_int_equal(recorded_case(b, number)->state, XCA_STATE_REVIEWED);
    assert_int_equal(org_at(ORG_OID)->state, XCA_ORG_ACTIVE);
    bench_look(b, number);
    assert_int_equal(org_at(ORG_OID)->state, XCA_ORG_ACTIVE);
    bench_decide(b, &b->central, number, XCA_DECISION_ACCEPT);
    assert_int_equal(org_at(ORG_OID)->state, XCA_ORG_ABOLISHED);
}

static void test_a_row_that_has_become_wrong_is_refused_and_the_others_are_done(void **state) {
    const char *number = file("裁撤,,,,,,,,,財團法人測試基金會,,,\n新增,,10458575,財團法人全新基金會,,,,,,,,," OURS "\n");
    xca_org_t *before = org_at(ORG_OID), after = *before;

    after.name = "財團法人別名基金會";
    assert_done(xca_org_update(b->admin, before, &after, pool));
    bench_approve(b, number);
    assert_string_equal(results(number), "2!xds.unknown 3=xds.done-add");
    assert_int_equal(org_at(ORG_OID)->state, XCA_ORG_ACTIVE);
    assert_non_null(strstr(notice_body(apr_pstrcat(pool, number, "-done", NULL)), "第 2 列 組織及團體裁撤「財團法人測試基金會」：未辦理。原組織(團體)全稱 查無"));
}

static void test_a_number_that_someone_took_in_between_is_not_given_twice(void **state) {
    const char *number = file("新增,,10458575,財團法人全新基金會,,,,,,,,," OURS "\n");
    xca_row_result_t begun = {2, XCA_ROW_BEGUN, "2.16.886.104.100009", NULL, NULL, NULL, NULL};

    assert_done(xca_row_add(b->signer->office->store, number, &begun, pool)); /* a signer that stopped just here */
    add_org("2.16.886.104.100009", "財團法人插隊基金會", NULL, "臺北市");
    bench_approve(b, number);
    assert_string_equal(results(number), "2=xds.done-add");
    assert_string_equal(org_at("2.16.886.104.100009")->name, "財團法人插隊基金會");
    assert_string_equal(org_at("2.16.886.104.100010")->name, "財團法人全新基金會");
}

/* Handed in, and not looked at by the signer yet. */
static void sign_over(const person_t *who, const char *number) {
    xca_case_t *kase = recorded_case(b, number);
    xca_officer_t *officer;
    xca_bytes_t cms;
    const char *text;

    assert_done(xca_officer_read(&officer, b->admin, who->uid, pool));
    assert_done(xca_decision_statement(&text, kase, officer, XCA_DECISION_ACCEPT, "北市教字第1號", NULL, b->now, pool));
    assert_done(xca_cms_sign(&cms, text, strlen(text), who->key, who->certificate, pool));
    assert_done(xca_decision_submit(b->portal, number, cms, pool));
}

/* A sheet of every kind, in whose carrying out the at-th write to the directory fails. */
static int crash_at(fault_kind kind, int at) {
    const char *number, *oid = apr_psprintf(pool, "2.16.886.102.%d", 200000 + at * 10 + kind * 1000);
    xca_org_t *org;
    int came, i;

    for (i = 0; i < 3; i++) {
        add_org(apr_psprintf(pool, "%s%d", oid, i), apr_psprintf(pool, "財團法人第%d之%d基金會", at, i), NULL, "臺北市");
    }
    number = file(apr_psprintf(pool,
                               "新增,,10458575,財團法人第%d新基金會,,,,,,,,w@example.org.tw," OURS "\n"
                               "改隸,,,,,,,,,財團法人第%d之0基金會,,," OURS "\n"
                               "修改,,,財團法人第%d更名基金會,,,,,,財團法人第%d之1基金會,,,\n"
                               "裁撤,,,,,,,,,財團法人第%d之2基金會,,,\n",
                               at, at, at, at, at));
    bench_decide(b, &b->ra, number, XCA_DECISION_ACCEPT);
    sign_over(&b->central, number);
    faults = kind;
    came = bench_look_failing(b, number, at);
    faults = NONE;
    bench_look(b, number);
    assert_string_equal(results(number), "2=xds.done-add 3=xds.done-move 4=xds.done-rename 5=xds.done-abolish");
    assert_int_equal(recorded_case(b, number)->state, XCA_STATE_COMPLETED);
    assert_int_equal(count_named(apr_psprintf(pool, "財團法人第%d新基金會", at)), 1);
    assert_int_equal(count_named(apr_psprintf(pool, "財團法人第%d更名基金會", at)), 1);
    assert_string_equal(org_at(apr_pstrcat(pool, oid, "0", NULL))->authority, OURS);
    org = org_at(apr_pstrcat(pool, oid, "2", NULL));
    assert_int_equal(org->state, XCA_ORG_ABOLISHED);
    assert_int_equal(notices_of(b, apr_pstrcat(pool, number, "-done", NULL)), 2);
    return came;
}

static void crash(fault_kind kind) {
    int at = 1;

    while (crash_at(kind, at)) {
        at++;
    }
    assert_true(at > 15); /* verdict, two states, four rows with three writes each, notices, the end */
}

static void test_a_crash_before_any_write_goes_on(void **state) {
    crash(BEFORE);
}

static void test_a_crash_after_any_write_goes_on(void **state) {
    crash(AFTER);
}

static void test_many_rows_are_done_in_pieces(void **state) {
    const char *rows = "", *number;
    int i, looks;

    for (i = 0; i < 120; i++) {
        rows = apr_psprintf(pool, "%s新增,,10458575,財團法人第%d號基金會,,,,,,,,," OURS "\n", rows, i);
    }
    number = file(rows);
    bench_approve(b, number);
    assert_int_equal(recorded_case(b, number)->state, XCA_STATE_ISSUING);
    assert_int_equal(recorded_case(b, number)->rows_done, 50);
    for (looks = 0; recorded_case(b, number)->state == XCA_STATE_ISSUING && looks < 5; looks++) {
        bench_look(b, number);
    }
    assert_int_equal(recorded_case(b, number)->state, XCA_STATE_COMPLETED);
    assert_int_equal(recorded_case(b, number)->rows_done, 120);
    assert_string_equal(org_at("2.16.886.104.100128")->name, "財團法人第119號基金會");
}

/* ---- Certificates ---- */

static void end_and_revoke(const char *rows, const char *why, xca_crl_reason reason) {
    soft_card_t *card = card_active(b, "primary");
    const char *number = approved(rows);
    apr_time_t done = b->now;
    xca_cert_t *cert = recorded_cert(b, card, XCA_USE_SIGNATURE);
    xca_cert_t *encryption;

    assert_string_equal(strchr(results(number), '=') != NULL ? "done" : results(number), "done");
    assert_int_equal(cert->state, XCA_CERT_VALID); /* two weeks to ask for it oneself */
    assert_int_equal(apr_time_sec(cert->ends_on), apr_time_sec(done + 14 * XCA_DAY));
    assert_string_equal(cert->ends_why, why);
    assert_int_equal(notices_of(b, apr_pstrcat(pool, card->number, "-ends", NULL)), 1); /* at once, one for the card */
    b->now = done + 14 * XCA_DAY - apr_time_from_sec(60);
    bench_sweep(b);
    assert_int_equal(recorded_cert(b, card, XCA_USE_SIGNATURE)->state, XCA_CERT_VALID);
    b->now = done + 14 * XCA_DAY + apr_time_from_sec(60);
    bench_sweep(b);
    cert = recorded_cert(b, card, XCA_USE_SIGNATURE);
    encryption = recorded_cert(b, card, XCA_USE_ENCRYPTION);
    assert_int_equal(cert->state, XCA_CERT_REVOKED);
    assert_int_equal(cert->reason, reason);
    assert_string_equal(cert->reason_note, why);
    assert_int_equal(encryption->state, XCA_CERT_REVOKED);
    assert_int_equal(recorded_card(b, card->number)->state, XCA_CARD_STATE_REVOKED);
    assert_int_equal(notices_of(b, apr_pstrcat(pool, card->number, "-card-revoked", NULL)), 1);
    bench_sweep(b);
    assert_int_equal(notices_of(b, apr_pstrcat(pool, card->number, "-ends", NULL)), 1);
}

static void test_certificates_of_an_abolished_organisation_end_in_two_weeks(void **state) {
    end_and_revoke("裁撤,,,,,,,,,財團法人測試基金會,,,\n", "abolished", XCA_REASON_CESSATION);
}

static void test_certificates_of_a_moved_organisation_end_in_two_weeks(void **state) {
    end_and_revoke("改隸,,,,,,,,,財團法人測試基金會,,," OURS "\n", "moved", XCA_REASON_AFFILIATION_CHANGED);
}

static void test_certificates_of_a_renamed_organisation_end_in_two_weeks(void **state) {
    end_and_revoke("修改,,,財團法人新名基金會,,,,,,財團法人測試基金會,,,\n", "renamed", XCA_REASON_AFFILIATION_CHANGED);
}

static void test_a_crash_while_certificates_end_goes_on(void **state) {
    faults = AFTER;
    end_and_revoke("裁撤,,,,,,,,,財團法人測試基金會,,,\n", "abolished", XCA_REASON_CESSATION);
}

static void test_other_changes_leave_certificates_alone(void **state) {
    soft_card_t *card = card_active(b, "primary");

    approved("修改,,,,,,02-12345678,,,財團法人測試基金會,,,\n");
    assert_int_equal(recorded_cert(b, card, XCA_USE_SIGNATURE)->ends_on, 0);
    b->now += 20 * XCA_DAY;
    bench_sweep(b);
    assert_int_equal(recorded_cert(b, card, XCA_USE_SIGNATURE)->state, XCA_CERT_VALID);
}

static void test_the_first_day_stands_whatever_comes_later(void **state) {
    soft_card_t *card = card_active(b, "primary");
    apr_time_t first = b->now;

    approved("改隸,,,,,,,,,財團法人測試基金會,,," OURS "\n");
    b->now += 3 * XCA_DAY;
    approved("裁撤,,,,,,,,,財團法人測試基金會,,,\n");
    assert_int_equal(apr_time_sec(recorded_cert(b, card, XCA_USE_SIGNATURE)->ends_on), apr_time_sec(first + 14 * XCA_DAY));
    assert_int_equal(notices_of(b, apr_pstrcat(pool, card->number, "-ends", NULL)), 1);
}

/* ---- Who may write what ---- */

static void test_a_sheet_cannot_be_changed_and_another_text_is_not_believed(void **state) {
    const char *number = file("裁撤,,,,,,,,,財團法人測試基金會,,,\n");
    xca_case_t *kase = recorded_case(b, number), forged;
    xca_changes_t *changes = xca_changes_make(pool);
    const xca_bytes_t text = {(const unsigned char *)"row", 3};
    apr_array_header_t *rows;

    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaSheetText", "row");
    assert_error(xca_ldap_modify(b->portal->store->ldap,
                                 apr_pstrcat(pool, "xcaSheet=", kase->sheet, ",ou=sheets," BASE, NULL), changes, NULL, NULL,
                                 NULL, pool),
                 "ldap.access");
    forged = *kase;
    forged.sheet = xca_sha256_hex(pool, "another", 7);
    assert_done(xca_sheet_keep(b->portal->store, forged.sheet, text, b->now, pool));
    assert_error(xca_xds_rows_of(&rows, b->portal, &forged, pool), "xds.no-sheet");
}

static int is_kept(const char *hash) {
    xca_bytes_t text;
    xca_error_t *err = xca_sheet_fetch(&text, b->admin, hash, pool);

    assert_true(err == NULL || strcmp(err->message, "xds.no-sheet") == 0);
    return err == NULL;
}

static void test_sheets_that_are_never_filed_go_after_two_days_and_filed_ones_stay(void **state) {
    static const char again[] = "修改,,,,,,02-23456789,,,財團法人測試基金會,,,\n";
    xca_case_t *filed = recorded_case(b, file("裁撤,,,,,,,,,財團法人測試基金會,,,\n"));
    const apr_time_t kept_at = b->now;
    const char *hash;

    assert_done(xca_xds_keep(&hash, b->portal, preview(again), b->now, pool));
    assert_error(xca_sheet_expire(b->portal->store, b->now + XCA_DAY, pool), "ldap.access");
    b->now = kept_at + 47 * 3600 * APR_USEC_PER_SEC;
    assert_done(xca_signer_sweep(b->signer, b->now, pool));
    assert_true(is_kept(hash));
    b->now = kept_at + 48 * 3600 * APR_USEC_PER_SEC;
    assert_done(xca_signer_sweep(b->signer, b->now, pool));
    assert_false(is_kept(hash));
    assert_true(is_kept(filed->sheet));
    /* the same rows can be filed afterwards, and then they stay */
    filed = recorded_case(b, file(again));
    assert_string_equal(filed->sheet, hash);
    b->now += 30 * XCA_DAY;
    assert_done(xca_signer_sweep(b->signer, b->now, pool));
    assert_true(is_kept(hash));
}

static void test_portal_and_officers_cannot_say_what_has_become_of_a_row(void **state) {
    const char *number = file("裁撤,,,,,,,,,財團法人測試基金會,,,\n");
    xca_row_result_t begun = {2, XCA_ROW_BEGUN, ORG_OID, "abolished", NULL, NULL, NULL};

    assert_error(xca_row_add(b->portal->store, number, &begun, pool), "ldap.access");
    assert_error(xca_row_add(b->admin, number, &begun, pool), "ldap.access");
    assert_error(xca_case_rows_done(b->portal->store, number, 1, pool), "ldap.access");
}

static void test_the_signer_changes_organisations_but_no_number_and_deletes_none(void **state) {
    xca_changes_t *changes = xca_changes_make(pool);
    const char *dn = xca_org_dn(b->admin, ORG_OID, pool);

    assert_error(xca_ldap_delete(b->signer->office->store->ldap, dn, pool), "ldap.access");
    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaOid", "2.16.886.104.1");
    assert_error(xca_ldap_modify(b->signer->office->store->ldap, dn, changes, NULL, NULL, NULL, pool), "ldap.access");
    changes = xca_changes_make(pool);
    xca_changes_add(changes, XCA_CHANGE_REPLACE, "o", "x");
    assert_error(xca_ldap_modify(b->portal->store->ldap, dn, changes, NULL, NULL, NULL, pool), "ldap.access");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_each_row_gets_its_verdict_and_nothing_is_changed),
        TEST(test_rows_that_repeat_or_contradict_each_other_are_told),
        TEST(test_an_authority_is_known_by_the_start_of_its_windows_name),
        TEST(test_only_right_rows_are_filed_and_none_of_them_without_one),
        TEST(test_the_same_form_twice_is_one_case),
        TEST(test_approved_rows_of_every_kind_are_carried_out_and_told),
        TEST(test_nothing_happens_before_both_reviews),
        TEST(test_a_row_that_has_become_wrong_is_refused_and_the_others_are_done),
        TEST(test_a_number_that_someone_took_in_between_is_not_given_twice),
        TEST(test_a_crash_before_any_write_goes_on),
        TEST(test_a_crash_after_any_write_goes_on),
        TEST(test_many_rows_are_done_in_pieces),
        TEST(test_certificates_of_an_abolished_organisation_end_in_two_weeks),
        TEST(test_certificates_of_a_moved_organisation_end_in_two_weeks),
        TEST(test_certificates_of_a_renamed_organisation_end_in_two_weeks),
        TEST(test_a_crash_while_certificates_end_goes_on),
        TEST(test_other_changes_leave_certificates_alone),
        TEST(test_the_first_day_stands_whatever_comes_later),
        TEST(test_a_sheet_cannot_be_changed_and_another_text_is_not_believed),
        TEST(test_sheets_that_are_never_filed_go_after_two_days_and_filed_ones_stay),
        TEST(test_portal_and_officers_cannot_say_what_has_become_of_a_row),
        TEST(test_the_signer_changes_organisations_but_no_number_and_deletes_none),
    };

    apr_initialize();
    atexit(apr_terminate);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
