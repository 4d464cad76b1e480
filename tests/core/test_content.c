/* What officers publish, and questions of visitors, in a real directory. */
#include "slapd_fixture.h"

#include <string.h>
#include "base/settings.h"
#include "directory/mappings.h"
#include "directory/record.h"
#include "operations/content.h"
#include "operations/notices.h"
#include "operations/question.h"

#define NOW   apr_time_from_sec(1795000000)
#define ACTOR "officer central-1" /* of the audit log */

static slapd_t *slapd;
static apr_pool_t *pool;
static xca_office_t admin, portal, signer_office;
static xca_signer_t signer;

static void add_officer(const char *uid, xca_role role, int active) {
    xca_officer_t officer = {0};
    const char *der;
    apr_size_t length;

    assert_done(xca_file_read(&der, &length, "tests/data/certs/taiwan/GRCA-G1_root.der", 65536, pool));
    officer.uid = uid;
    officer.role = role;
    officer.title = uid;
    officer.person = uid;
    officer.active = active;
    officer.certificate.data = (const unsigned char *)der;
    officer.certificate.length = length;
    assert_done(xca_officer_put(admin.store, &officer, pool));
}

static int start(void **state) {
    xca_catalogue_t *texts;

    apr_pool_create(&pool, NULL);
    slapd = slapd_with_tree(pool);
    admin.store = slapd_store(slapd, "admin", pool);
    portal.store = slapd_store(slapd, "portal", pool);
    signer_office.store = slapd_store(slapd, "signer", pool);
    assert_done(xca_catalogue_read(&texts, "htdocs/catalogue", pool));
    memset(&signer, 0, sizeof(signer));
    signer.office = &signer_office;
    signer.texts = texts;
    signer.portal_url = "https://xca.example/";
    signer.question_mail = "officers@example.org.tw";
    add_officer("central-1", XCA_ROLE_CENTRAL, 1);
    add_officer("central-gone", XCA_ROLE_CENTRAL, 0);
    add_officer("ra-1", XCA_ROLE_RA, 1);
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static xca_content_counts_t import_text(const char *text, const char *author, int replace) {
    xca_content_counts_t counts = {0};

    assert_done(xca_content_import(&counts, &admin, text, strlen(text), author, ACTOR, replace, NOW, pool));
    return counts;
}

static xca_content_counts_t import_file(const char *name) {
    const char *data;
    apr_size_t length;

    assert_done(xca_file_read(&data, &length, apr_pstrcat(pool, "conf/content/", name, NULL), XCA_CONTENT_FILE_MAX, pool));
    return import_text(data, "import", 0);
}

static apr_array_header_t *listed(xca_content_kind kind, int year) {
    xca_content_query_t query = {0};
    apr_array_header_t *contents;

    query.kind = kind;
    query.state = XCA_CONTENT_PUBLISHED;
    query.year = year;
    assert_done(xca_content_list(&contents, portal.store, &query, pool));
    return contents;
}

static void test_the_first_content_is_complete_and_imported_once(void **state) {
    static const char *const files[] = {"news.xml", "faq.xml", "uses.xml", "fees.xml"};
    xca_content_counts_t counts;
    apr_array_header_t *news, *years;
    size_t i;
    int all[4];

    for (i = 0; i < 4; i++) {
        counts = import_file(files[i]);
        all[i] = counts.added;
        assert_int_equal(counts.changed + counts.unchanged + counts.kept, 0);
    }
    assert_in_range(all[0], 8, 1000);
    assert_in_range(all[1], 25, 1000);
    for (i = 0; i < 4; i++) {
        counts = import_file(files[i]);
        assert_int_equal(counts.unchanged, all[i]);
        assert_int_equal(counts.added + counts.changed + counts.kept, 0);
    }
    news = listed(XCA_CONTENT_NEWS, 2026);
    assert_int_equal(news->nelts, all[0]);
    assert_true(APR_ARRAY_IDX(news, 0, const xca_content_t *)->dated > APR_ARRAY_IDX(news, 1, const xca_content_t *)->dated);
    assert_int_equal(listed(XCA_CONTENT_NEWS, 2025)->nelts, 0);
    assert_done(xca_content_years(&years, portal.store, NOW, pool));
    assert_int_equal(years->nelts, 1);
    assert_int_equal(APR_ARRAY_IDX(years, 0, int), 2026);
}

static const char *one(const char *title, const char *more) {
    return apr_pstrcat(pool, "<contents><faq id=\"one\" category=\"pin\" order=\"1\"", more, "><title><zh>", title,
                       "</zh><en>One</en></title><body><zh>甲</zh><en>a</en></body></faq></contents>", NULL);
}

static void test_what_an_officer_has_changed_survives_the_next_import(void **state) {
    xca_content_t *content;

    assert_int_equal(import_text(one("一", ""), "import", 0).added, 1);
    assert_int_equal(import_text(one("壹", ""), "import", 0).changed, 1);
    assert_done(xca_content_read(&content, portal.store, "one", pool));
    assert_int_equal(content->revision, 2);
    content->title[0] = "officer's";
    assert_done(xca_content_save(&portal, content, "central-1", ACTOR, NOW, pool));
    assert_int_equal(import_text(one("二", ""), "import", 0).kept, 1);
    assert_done(xca_content_read(&content, portal.store, "one", pool));
    assert_string_equal(content->title[0], "officer's");
    assert_string_equal(content->author, "central-1");
    assert_int_equal(import_text(one("二", ""), "central-2", 1).changed, 1);
    assert_done(xca_content_read(&content, portal.store, "one", pool));
    assert_string_equal(content->title[0], "二");
}

static void test_of_two_who_change_the_same_the_later_is_told(void **state) {
    xca_content_t *first, *second;

    import_text(one("一", ""), "import", 0);
    assert_done(xca_content_read(&first, portal.store, "one", pool));
    assert_done(xca_content_read(&second, portal.store, "one", pool));
    first->title[0] = "first";
    second->title[0] = "second";
    assert_done(xca_content_save(&portal, first, "central-1", ACTOR, NOW, pool));
    assert_error(xca_content_save(&portal, second, "central-2", ACTOR, NOW, pool), "content.changed");
    second->revision = 0;
    assert_error(xca_content_save(&portal, second, "central-2", ACTOR, NOW, pool), "content.exists");
    assert_error(xca_content_read(&second, portal.store, "none", pool), "content.not-found");
}

/* How many reports for the audit log have these lines in their details. */
static int reported(const char *lines) {
    xca_collect_t into = {apr_array_make(pool, 4, sizeof(void *)), xca_event_of_entry};
    int i, count = 0;

    assert_done(xca_ldap_search(signer_office.store->ldap, "ou=events," BASE, XCA_SCOPE_ONE, "(xcaAuditKind=content-change)", NULL, 0,
                                NULL, xca_collect, &into, pool));
    for (i = 0; i < into.list->nelts; i++) {
        const xca_event_t *event = APR_ARRAY_IDX(into.list, i, const xca_event_t *);

        assert_string_equal(event->actor, ACTOR);
        count += strstr(event->details, lines) != NULL;
    }
    return count;
}

static void test_each_change_is_reported_for_the_audit_log_and_none_that_is_refused(void **state) {
    xca_content_t *content, *late;

    import_text(one("一", ""), "import", 0);
    import_text(one("一", ""), "import", 0);
    assert_int_equal(reported(""), 1);
    assert_int_equal(reported("what=faq\nid=one\ntitle=一\nto=published\nrevision=1\nauthor=import"), 1);
    assert_done(xca_content_read(&content, portal.store, "one", pool));
    assert_done(xca_content_read(&late, portal.store, "one", pool));
    content->state = XCA_CONTENT_WITHDRAWN;
    assert_done(xca_content_save(&portal, content, "central-1", ACTOR, NOW, pool));
    assert_int_equal(reported("what=faq\nid=one\ntitle=一\nfrom=published\nto=withdrawn\nrevision=2\nauthor=central-1"), 1);
    assert_error(xca_content_save(&portal, late, "central-1", ACTOR, NOW, pool), "content.changed");
    late->revision = 0;
    assert_error(xca_content_save(&portal, late, "central-1", ACTOR, NOW, pool), "content.exists");
    content->state = XCA_CONTENT_PUBLISHED;
    content->title[1] = NULL;
    assert_error(xca_content_save(&portal, content, "central-1", ACTOR, NOW, pool), "field.required");
    assert_int_equal(reported(""), 2);
}

static void test_a_file_with_a_fault_stores_nothing(void **state) {
    static const char *const bad[] = {
        "<contents><faq id=\"x\" category=\"pin\"><title><zh>一</zh></title><body><zh>a</zh><en>a</en></body></faq></contents>",
        "<contents><cat id=\"x\"/></contents>",
        "<contents><faq id=\"x\" category=\"pin\"><heading/></faq></contents>",
        "<other/>",
        "<contents><news id=\"x\" date=\"2026-13-01\"><title><zh>一</zh><en>1</en></title><body><zh>a</zh><en>a</en></body></news></contents>",
        "<contents><faq id=\"x\" category=\"pin\"><title><zh>一</zh><en>1</en></title><body><zh>a</zh><en>&lt;b>a</en></body></faq></contents>",
    };
    static const char *const told[] = {"field.required", "content.element", "content.element",
                                       "content.element", "field.required", "markup.html"};
    size_t i;

    for (i = 0; i < 6; i++) {
        xca_content_counts_t counts = {0};
        const char *text = apr_pstrcat(pool, bad[i], NULL);

        assert_error(xca_content_import(&counts, &admin, text, strlen(text), "import", ACTOR, 0, NOW, pool), told[i]);
        assert_int_equal(counts.added, 0);
    }
    assert_int_equal(listed(XCA_CONTENT_KINDS, 0)->nelts, 0);
}

static void test_what_is_exported_can_be_imported_again(void **state) {
    xca_content_t *content, *again;
    apr_array_header_t *contents = apr_array_make(pool, 1, sizeof(xca_content_t *));
    xca_bytes_t xml;

    import_text(one("甲 &lt;乙&gt; &amp;", " state=\"withdrawn\""), "import", 0);
    assert_done(xca_content_read(&content, portal.store, "one", pool));
    APR_ARRAY_PUSH(contents, xca_content_t *) = content;
    assert_done(xca_content_export(&xml, contents, pool));
    assert_int_equal(import_text((const char *)xml.data, "import", 0).unchanged, 1);
    assert_done(xca_content_read(&again, portal.store, "one", pool));
    assert_string_equal(again->title[0], "甲 <乙> &");
    assert_int_equal(listed(XCA_CONTENT_FAQ, 0)->nelts, 0); /* withdrawn */
}

static int found(const char *typed) {
    apr_array_header_t *contents;

    assert_done(xca_content_search(&contents, &portal, xca_search_words(pool, typed), pool));
    return contents->nelts;
}

static void test_answers_are_found_by_words_in_both_languages(void **state) {
    import_file("faq.xml");
    assert_in_range(found("鎖卡 解碼"), 1, 5);
    assert_in_range(found("thunderbird"), 1, 5);
    assert_in_range(found("卡"), 5, 100); /* one character */
    assert_int_equal(found("查無此事"), 0);
    assert_int_equal(found("卡鎖"), 0); /* its pairs are there, together nowhere */
    assert_in_range(found("PIN 碼"), 3, 100);
}

static xca_question_t asked(const char *id) {
    xca_question_t question = {0};

    question.id = id;
    question.topic = "other";
    question.organisation = "財團法人書面審查基金會";
    question.name = "王小明";
    question.mail = "wang@example.org.tw";
    question.text = "附卡可以幾張？\n急。";
    question.language = "zh";
    return question;
}

static const xca_notice_t *notice(const char *id) {
    apr_array_header_t *notices;
    int i;

    assert_done(xca_notice_list(&notices, signer_office.store, "waiting", 0, pool));
    for (i = 0; i < notices->nelts; i++) {
        const xca_notice_t *each = APR_ARRAY_IDX(notices, i, const xca_notice_t *);

        if (strcmp(each->id, id) == 0) {
            return each;
        }
    }
    fail_msg("no notice %s", id);
    return NULL;
}

static void test_a_question_goes_to_the_officers_and_the_answer_to_the_visitor(void **state) {
    xca_question_t question = asked("0123456789abcdef0123456789abcdef");
    xca_question_t *read;
    const char *faq;
    xca_content_t *draft;

    assert_done(xca_question_file(&portal, &question, NOW, pool));
    assert_done(xca_question_file(&portal, &question, NOW, pool)); /* the same form again */
    assert_done(xca_signer_questions(&signer, NOW, 50, pool));
    assert_done(xca_signer_questions(&signer, NOW, 50, pool));
    assert_string_equal(notice("0123456789abcdef0123456789abcdef-question")->to, "officers@example.org.tw");
    assert_non_null(strstr(notice("0123456789abcdef0123456789abcdef-question")->body, "附卡可以幾張？\n急。"));

    assert_error(xca_question_answer(&read, &admin, question.id, " ", "central-1", ACTOR, NOW, pool), "field.required");
    assert_done(xca_question_answer(&read, &admin, question.id, "張數不限。", "central-1", ACTOR, NOW, pool));
    assert_error(xca_question_answer(&read, &admin, question.id, "幾張都可以。", "central-2", ACTOR, NOW, pool), "question.answered");
    assert_done(xca_signer_questions(&signer, NOW, 50, pool));
    assert_string_equal(notice("0123456789abcdef0123456789abcdef-answer")->to, "wang@example.org.tw");
    assert_non_null(strstr(notice("0123456789abcdef0123456789abcdef-answer")->body, "張數不限。"));
    assert_done(xca_question_read(&read, admin.store, question.id, pool));
    assert_int_equal(read->state, XCA_QUESTION_CLOSED);

    assert_done(xca_question_to_faq(&faq, &admin, read, "cards", "central-1", ACTOR, NOW, pool));
    assert_done(xca_content_read(&draft, admin.store, faq, pool));
    assert_int_equal(draft->state, XCA_CONTENT_DRAFT);
    assert_string_equal(draft->title[0], "附卡可以幾張？");
    assert_string_equal(draft->body[0], "張數不限。");
    assert_null(draft->title[1]);
    /* of what the visitor has written nothing stays in the audit log */
    assert_int_equal(reported(""), 2);
    assert_int_equal(reported("what=question\nid=0123456789abcdef0123456789abcdef\ntopic=other\nfrom=open\nto=answered\nauthor=central-1"), 1);
    assert_int_equal(reported("what=faq\nid=q-0123456789ab\nto=draft\nrevision=1\nauthor=central-1"), 1);
    draft->state = XCA_CONTENT_PUBLISHED; /* not without English */
    assert_error(xca_content_save(&admin, draft, "central-1", ACTOR, NOW, pool), "field.required");
}

static void test_questions_leave_when_they_are_old(void **state) {
    xca_question_t open = asked("0123456789abcdef0123456789abcde0"), closed = asked("0123456789abcdef0123456789abcde1");
    xca_question_t *read;

    assert_done(xca_question_file(&portal, &open, NOW, pool));
    assert_done(xca_question_file(&portal, &closed, NOW, pool));
    assert_done(xca_question_answer(&read, &admin, closed.id, "是。", "central-1", ACTOR, NOW, pool));
    assert_done(xca_signer_questions(&signer, NOW, 50, pool));
    assert_done(xca_signer_old_questions(&signer, NOW + XCA_QUESTION_LIFE - XCA_DAY, pool));
    assert_done(xca_question_read(&read, admin.store, closed.id, pool));
    assert_done(xca_signer_old_questions(&signer, NOW + XCA_QUESTION_LIFE + XCA_DAY, pool));
    assert_error(xca_question_read(&read, admin.store, closed.id, pool), "question.not-found");
    assert_done(xca_question_read(&read, admin.store, open.id, pool));
}

static void test_what_was_asked_and_replied_is_never_changed(void **state) {
    xca_question_t question = asked("0123456789abcdef0123456789abcde2");
    xca_question_t *read;
    xca_changes_t *other = xca_changes_make(pool), *again = xca_changes_make(pool), *closed = xca_changes_make(pool);
    const char *dn = apr_pstrcat(pool, "xcaQuestion=", question.id, ",ou=questions," BASE, NULL);

    assert_done(xca_question_file(&portal, &question, NOW, pool));
    assert_done(xca_question_answer(&read, &portal, question.id, "張數不限。", "central-1", ACTOR, NOW, pool));
    xca_changes_add(other, XCA_CHANGE_REPLACE, "xcaContactMail", "other@example.org");
    assert_error(xca_ldap_modify(portal.store->ldap, dn, other, NULL, NULL, NULL, pool), "ldap.access");
    assert_error(xca_ldap_modify(admin.store->ldap, dn, other, NULL, NULL, NULL, pool), "ldap.access");
    xca_changes_add(again, XCA_CHANGE_REPLACE, "xcaReplyText", "Send money.");
    assert_error(xca_ldap_modify(portal.store->ldap, dn, again, NULL, NULL, NULL, pool), "ldap.access");
    assert_error(xca_ldap_modify(admin.store->ldap, dn, again, NULL, NULL, NULL, pool), "ldap.access");
    xca_changes_swap(closed, "xcaState", "answered", "open");
    assert_error(xca_ldap_modify(portal.store->ldap, dn, closed, NULL, NULL, NULL, pool), "ldap.access");
    assert_error(xca_ldap_delete(portal.store->ldap, dn, pool), "ldap.access");
}

static void test_only_what_active_central_officers_have_said_is_mailed(void **state) {
    static const char *const uids[] = {"ra-1", "central-gone", "nobody"};
    xca_question_t *read;
    apr_array_header_t *notices;
    int i;

    for (i = 0; i < 3; i++) {
        xca_question_t question = asked(apr_psprintf(pool, "0123456789abcdef0123456789abcd%02d", i));

        assert_done(xca_question_file(&portal, &question, NOW, pool));
        assert_done(xca_question_answer(&read, &portal, question.id, "Send money.", uids[i], ACTOR, NOW, pool));
        assert_done(xca_signer_questions(&signer, NOW, 50, pool));
        assert_done(xca_question_read(&read, portal.store, question.id, pool));
        assert_int_equal(read->state, XCA_QUESTION_OPEN);
        assert_null(read->reply);
    }
    assert_done(xca_notice_list(&notices, signer_office.store, "waiting", 0, pool));
    assert_int_equal(notices->nelts, 0); /* not even the officers were told: they were answered before */
}

static void test_answers_are_mailed_sixty_an_hour(void **state) {
    apr_array_header_t *notices;
    xca_question_t *read;
    int i;

    for (i = 0; i < XCA_ANSWERS_AN_HOUR + 5; i++) {
        xca_question_t question = asked(apr_psprintf(pool, "0123456789abcdef0123456789abcd%02d", i));

        assert_done(xca_question_file(&portal, &question, NOW, pool));
        assert_done(xca_question_answer(&read, &portal, question.id, "Yes.", "central-1", ACTOR, NOW, pool));
    }
    for (i = 0; i < 3; i++) {
        assert_done(xca_signer_questions(&signer, NOW + apr_time_from_sec(i), 50, pool));
    }
    assert_done(xca_notice_list(&notices, signer_office.store, "waiting", 0, pool));
    assert_int_equal(notices->nelts, XCA_ANSWERS_AN_HOUR);
    assert_done(xca_signer_questions(&signer, NOW + apr_time_from_sec(3601), 50, pool));
    assert_done(xca_notice_list(&notices, signer_office.store, "waiting", 0, pool));
    assert_int_equal(notices->nelts, XCA_ANSWERS_AN_HOUR + 5);
}

static void test_nobody_reads_drafts_and_questions_over_ldap(void **state) {
    xca_store_t *anyone = slapd_store(slapd, NULL, pool);
    xca_question_t question = asked("0123456789abcdef0123456789abcde3");
    xca_question_t *read;
    xca_content_t *content;

    import_text(one("一", ""), "import", 0);
    assert_done(xca_question_file(&portal, &question, NOW, pool));
    assert_error(xca_content_read(&content, anyone, "one", pool), "content.not-found");
    assert_error(xca_question_read(&read, anyone, question.id, pool), "question.not-found");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_first_content_is_complete_and_imported_once, start, stop),
        cmocka_unit_test_setup_teardown(test_what_an_officer_has_changed_survives_the_next_import, start, stop),
        cmocka_unit_test_setup_teardown(test_of_two_who_change_the_same_the_later_is_told, start, stop),
        cmocka_unit_test_setup_teardown(test_each_change_is_reported_for_the_audit_log_and_none_that_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(test_a_file_with_a_fault_stores_nothing, start, stop),
        cmocka_unit_test_setup_teardown(test_what_is_exported_can_be_imported_again, start, stop),
        cmocka_unit_test_setup_teardown(test_answers_are_found_by_words_in_both_languages, start, stop),
        cmocka_unit_test_setup_teardown(test_a_question_goes_to_the_officers_and_the_answer_to_the_visitor, start, stop),
        cmocka_unit_test_setup_teardown(test_questions_leave_when_they_are_old, start, stop),
        cmocka_unit_test_setup_teardown(test_what_was_asked_and_replied_is_never_changed, start, stop),
        cmocka_unit_test_setup_teardown(test_only_what_active_central_officers_have_said_is_mailed, start, stop),
        cmocka_unit_test_setup_teardown(test_answers_are_mailed_sixty_an_hour, start, stop),
        cmocka_unit_test_setup_teardown(test_nobody_reads_drafts_and_questions_over_ldap, start, stop),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
