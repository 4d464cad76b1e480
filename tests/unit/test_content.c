#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "domain/content.h"
#include "domain/names.h"
#include "domain/question.h"

static apr_pool_t *pool;

static int start(void **state) {
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

static xca_content_t faq(void) {
    xca_content_t content = {0};

    content.id = "pin-locked";
    content.kind = XCA_CONTENT_FAQ;
    content.state = XCA_CONTENT_PUBLISHED;
    content.category = "pin";
    content.title[0] = "卡片鎖住了";
    content.title[1] = "The card is locked";
    content.body[0] = "解鎖\n重設";
    content.body[1] = "Unlock it";
    return content;
}

/* The fields that are wrong, with spaces between. */
static const char *wrong_fields(const xca_error_t *err) {
    const char *fields = "";

    for (; err != NULL; err = err->next) {
        fields = apr_pstrcat(pool, fields, *fields == '\0' ? "" : " ", err->field, NULL);
    }
    return fields;
}

static void test_content_needs_both_languages_before_it_is_published(void **state) {
    xca_content_t content = faq();

    assert_string_equal(wrong_fields(xca_content_check(&content, pool)), "");
    content.title[1] = NULL;
    content.body[1] = "";
    assert_string_equal(wrong_fields(xca_content_check(&content, pool)), "title_en body_en");
    content.state = XCA_CONTENT_DRAFT;
    assert_string_equal(wrong_fields(xca_content_check(&content, pool)), "");
}

static void test_ids_are_parts_of_addresses(void **state) {
    static const char *const bad[] = {"", "A", "a/b", "../a", "a b", "-a", "中文", "a.b",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    xca_content_t content = faq();
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        content.id = bad[i];
        assert_string_equal(wrong_fields(xca_content_check(&content, pool)), "id");
    }
}

static void test_categories_dates_and_lengths_are_checked(void **state) {
    xca_content_t content = faq();
    char *longest = apr_palloc(pool, XCA_CONTENT_BODY_MAX + 2);

    content.category = "cats";
    assert_string_equal(wrong_fields(xca_content_check(&content, pool)), "category");
    content = faq();
    content.kind = XCA_CONTENT_NEWS;
    assert_string_equal(wrong_fields(xca_content_check(&content, pool)), "dated");
    content = faq();
    memset(longest, 'a', XCA_CONTENT_BODY_MAX + 1);
    longest[XCA_CONTENT_BODY_MAX + 1] = '\0';
    content.body[0] = longest;
    content.title[1] = "two\nlines";
    assert_string_equal(wrong_fields(xca_content_check(&content, pool)), "title_en body_zh");
}

static int has_gram(const apr_array_header_t *grams, const char *gram) {
    int i;

    for (i = 0; i < grams->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(grams, i, const char *), gram) == 0) {
            return 1;
        }
    }
    return 0;
}

static void test_every_word_of_a_long_text_is_found_by_its_grams(void **state) {
    static const char *const words[] = {"卡片鎖住", "chip", "憑證廢止清冊"};
    const char *text = "";
    apr_array_header_t *grams;
    size_t w;
    int i;

    for (i = 0; i < 60; i++) {
        text = apr_pstrcat(pool, text, apr_itoa(pool, i), "有憑證", NULL);
    }
    /* one of the words lies over the edge of a window of 200 characters wherever it begins */
    for (i = 0; i < 20; i++) {
        const char *all = apr_pstrcat(pool, apr_pstrndup(pool, "xxxxxxxxxxxxxxxxxxxx", (apr_size_t)i), text, "卡片鎖住 Chip 憑證廢止清冊",
                                      text, NULL);

        grams = xca_text_grams(pool, all);
        for (w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
            apr_array_header_t *wanted = xca_keyword_grams(pool, words[w]);
            int j;

            for (j = 0; j < wanted->nelts; j++) {
                assert_true(has_gram(grams, APR_ARRAY_IDX(wanted, j, const char *)));
            }
        }
    }
    assert_int_equal(xca_text_grams(pool, "")->nelts, 0);
}

static void test_a_question_is_taken_apart_into_words(void **state) {
    apr_array_header_t *words = xca_search_words(pool, "　卡片  Locked ，、");

    assert_int_equal(words->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(words, 0, const char *), "卡片");
    assert_string_equal(APR_ARRAY_IDX(words, 1, const char *), "locked");
    assert_true(xca_text_has_words(pool, "The card is LOCKED. 卡 片", words));
    assert_false(xca_text_has_words(pool, "The card is locked", words));
    assert_int_equal(xca_search_words(pool, "a b c d e f g h")->nelts, 6);
    assert_int_equal(xca_search_words(pool, "、。")->nelts, 0);
}

static void test_a_year_is_that_of_taiwan(void **state) {
    /* 2026-12-31 16:30 UTC is the next year there */
    assert_int_equal(xca_content_year(apr_time_from_sec(1798734600)), 2027);
    assert_int_equal(xca_content_year(apr_time_from_sec(1798732799)), 2026);
}

static void test_news_are_scheduled_until_their_day_begins_in_taiwan(void **state) {
    xca_content_t content = faq();

    content.state = XCA_CONTENT_PUBLISHED;
    content.kind = XCA_CONTENT_NEWS;
    content.dated = apr_time_from_sec(1798776000); /* noon of 2027-01-01 there, which begins at 16:00 UTC */
    assert_true(xca_content_is_scheduled(&content, apr_time_from_sec(1798732799)));
    assert_false(xca_content_is_scheduled(&content, apr_time_from_sec(1798732800)));
    content.state = XCA_CONTENT_DRAFT;
    assert_false(xca_content_is_scheduled(&content, apr_time_from_sec(1798732799)));
}

static xca_question_t asked(void) {
    xca_question_t question = {0};

    question.topic = "other";
    question.name = " 王小明 ";
    question.mail = "wang＠example.org.tw";
    question.text = "\n\n附卡可以幾張？\n";
    return question;
}

static void test_a_question_is_trimmed_and_taken(void **state) {
    xca_question_t question = asked();

    assert_string_equal(wrong_fields(xca_question_check(&question, pool)), "");
    assert_string_equal(question.name, "王小明");
    assert_string_equal(question.mail, "wang@example.org.tw");
    assert_string_equal(question.text, "附卡可以幾張？");
    assert_null(question.phone);
}

static void test_each_field_of_a_question_tells_what_is_wrong(void **state) {
    xca_question_t question = {0};

    assert_string_equal(wrong_fields(xca_question_check(&question, pool)), "topic asker_name asker_mail question");
    question = asked();
    question.topic = "nothing";
    question.mail = "a@b\r\nBcc: c@example.org";
    question.organisation = "a\x01";
    question.text = "x\xef\xbf\xbdy";
    assert_string_equal(wrong_fields(xca_question_check(&question, pool)), "topic asker_organisation asker_mail question");
    question = asked();
    question.text = apr_psprintf(pool, "%2001d", 1);
    assert_string_equal(wrong_fields(xca_question_check(&question, pool)), "");
    question.text = apr_pstrcat(pool, "x", apr_psprintf(pool, "%2001d", 1), NULL);
    assert_string_equal(wrong_fields(xca_question_check(&question, pool)), "question");
    assert_string_equal(wrong_fields(xca_question_reply_check(" \n", pool)), "reply");
    assert_null(xca_question_reply_check("Any number.", pool));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_needs_both_languages_before_it_is_published),
        cmocka_unit_test(test_ids_are_parts_of_addresses),
        cmocka_unit_test(test_categories_dates_and_lengths_are_checked),
        cmocka_unit_test(test_every_word_of_a_long_text_is_found_by_its_grams),
        cmocka_unit_test(test_a_question_is_taken_apart_into_words),
        cmocka_unit_test(test_a_year_is_that_of_taiwan),
        cmocka_unit_test(test_news_are_scheduled_until_their_day_begins_in_taiwan),
        cmocka_unit_test(test_a_question_is_trimmed_and_taken),
        cmocka_unit_test(test_each_field_of_a_question_tells_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
