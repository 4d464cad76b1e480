#include "domain_fixture.h"

#include "outside/mail_bounce.h"

#define FROM "組織及團體憑證管理中心 <xca@example.tw>"

static const char *corpus(const char *name, apr_size_t *length) {
    const char *data;

    assert_null(xca_file_read(&data, length, apr_pstrcat(test_pool, "tests/fuzz/corpus/bounce/", name, NULL), 65536, test_pool));
    return data;
}

static xca_error_t *report(xca_bounce_t *bounce, const char *text) {
    return xca_bounce_read(bounce, text, strlen(text), FROM, test_pool);
}

static void assert_the_notice(const char *name, int failed) {
    xca_bounce_t bounce;
    apr_size_t length;
    const char *message = corpus(name, &length);

    assert_string_equal(message_of(xca_bounce_read(&bounce, message, length, FROM, test_pool)), "");
    assert_string_equal(bounce.notice, "41000000000000000000000000000001-ending-90");
    assert_string_equal(bounce.recipient, "contact@school.example.tw");
    assert_int_equal(bounce.failed, failed);
}

static void test_a_report_of_postfix_tells_notice_status_and_reason(void **state) {
    xca_bounce_t bounce;
    apr_size_t length;
    const char *message = corpus("postfix", &length);

    assert_the_notice("postfix", 1);
    assert_null(xca_bounce_read(&bounce, message, length, FROM, test_pool));
    assert_string_equal(bounce.status, "5.1.1");
    assert_string_equal(bounce.reason, "550 5.1.1 <contact@school.example.tw>: Recipient address rejected: User unknown");
}

static void test_other_forms_of_the_same_are_read(void **state) {
    assert_the_notice("lf-rfc822", 1);      /* bare line feeds, a boundary without quotes, the whole message with it */
    assert_the_notice("two-recipients", 1); /* the one that failed counts */
    assert_the_notice("delayed", 0);
}

static void test_what_is_no_report_or_not_about_us_is_refused(void **state) {
    xca_bounce_t bounce;
    apr_size_t length;
    const char *message = corpus("forwarded", &length);

    assert_string_equal(message_of(xca_bounce_read(&bounce, message, length, FROM, test_pool)), "bounce.not-ours");
    message = corpus("no-report", &length);
    assert_string_equal(message_of(xca_bounce_read(&bounce, message, length, FROM, test_pool)), "bounce.no-report");
    assert_string_equal(message_of(report(&bounce, "")), "bounce.no-report");
    assert_string_equal(message_of(report(&bounce, "Content-Type: multipart/report\n\n--\n")), "bounce.malformed");
    assert_string_equal(message_of(report(&bounce, "Content-Type: multipart/report; boundary=b\n\n--b\n\nx\n--b--\n")), "bounce.malformed");
}

static void test_an_id_that_is_none_is_not_taken(void **state) {
    static const char *const ids[] = {"<a b@example.tw>", "<../x@example.tw>", "<@example.tw>", "a@example.tw", "<a@example.tw",
                                      "<a*)(xcaNotice=b@example.tw>"};
    xca_bounce_t bounce;
    size_t i;

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        const char *text = apr_pstrcat(test_pool, "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
                                                  "\nAction: failed\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: ",
                                       ids[i], "\n\n--b--\n", NULL);

        assert_string_equal(message_of(report(&bounce, text)), "bounce.not-ours");
    }
}

static void test_the_words_of_a_stranger_are_one_line_of_text(void **state) {
    xca_bounce_t bounce;

    assert_null(report(&bounce, "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
                                   "Reporting-MTA: dns; x\n\nAction: failed\nDiagnostic-Code: smtp; \x1b[31mred\xff\t\xe2\x80\xaeover\n"
                                   "\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <n-1@EXAMPLE.tw>\n\nbody\n--b--\n"));
    assert_string_equal(bounce.notice, "n-1");
    assert_string_equal(bounce.reason, "[31mred over");
    assert_null(bounce.recipient);
}

/* A megabyte of nothing much comes to its end at once. */
static void test_much_of_the_same_takes_no_time(void **state) {
    static const char *const repeated[] = {"--b\n", "Action: x\n\n", " folded\n", "\n"};
    size_t i;

    for (i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++) {
        apr_size_t length = strlen(repeated[i]), at;
        char *text = apr_palloc(test_pool, 2 * XCA_BOUNCE_MAX);
        const char *head = "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n";
        apr_time_t began = apr_time_now();
        xca_bounce_t bounce;

        memcpy(text, head, strlen(head));
        for (at = strlen(head); at + length < 2 * XCA_BOUNCE_MAX; at += length) {
            memcpy(text + at, repeated[i], length);
        }
        assert_non_null(xca_bounce_read(&bounce, text, at, FROM, test_pool));
        assert_true(apr_time_now() - began < apr_time_from_sec(2));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_report_of_postfix_tells_notice_status_and_reason),
        TEST(test_other_forms_of_the_same_are_read),
        TEST(test_what_is_no_report_or_not_about_us_is_refused),
        TEST(test_an_id_that_is_none_is_not_taken),
        TEST(test_the_words_of_a_stranger_are_one_line_of_text),
        TEST(test_much_of_the_same_takes_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
