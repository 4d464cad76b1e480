#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "portal/html.h"

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

static const xca_markup_t *parsed(const char *text) {
    const xca_markup_t *document;

    assert_null(xca_markup_parse(&document, text, strlen(text), pool));
    return document;
}

static const char *html(const char *text) {
    return xca_html_markup_text(parsed(text), pool);
}

static const char *refusal(const char *text) {
    xca_error_t *err = xca_markup_check(text, "body", pool);

    if (err == NULL) {
        return "";
    }
    assert_string_equal(err->field, "body");
    return err->message;
}

static void test_what_officers_write_becomes_these_elements(void **state) {
    assert_string_equal(html("# A\n\nb *c* **d** `e`\n\n- f\n- g\n"),
                        "<h2>A</h2><p>b <em>c</em> <strong>d</strong> <code>e</code></p><ul><li>f</li><li>g</li></ul>");
    assert_string_equal(html("3. a\n4. b\n"), "<ol start=\"3\"><li>a</li><li>b</li></ol>");
    assert_string_equal(html("- a\n\n- b\n"), "<ul><li><p>a</p></li><li><p>b</p></li></ul>");
    assert_string_equal(html("> q\n\n---\n\n    x < y\n"), "<blockquote><p>q</p></blockquote><hr><pre>\nx &lt; y\n</pre>");
    assert_string_equal(html("[FAQ](/faq) <https://example.org/?a=1&b=2>"),
                        "<p><a href=\"/faq\">FAQ</a> <a href=\"https://example.org/?a=1&amp;b=2\">https://example.org/?a=1&amp;b=2</a></p>");
    assert_string_equal(html("a  \nb"), "<p>a<br>b</p>");
    assert_string_equal(refusal("# A\n\n[b](mailto:a@example.org) *c*"), "");
}

static void test_lines_of_chinese_are_joined_without_a_space(void **state) {
    assert_string_equal(html("憑證管理\n中心"), "<p>憑證管理中心</p>");
    assert_string_equal(html("two\nlines"), "<p>two lines</p>");
}

static void test_html_is_shown_as_the_text_it_is_and_refused(void **state) {
    const char *page = html("<script>alert(1)</script>\n\na <b onclick=x>b</b> &lt;i&gt;");

    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<b "));
    assert_non_null(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_non_null(strstr(page, "&lt;b onclick=x&gt;b&lt;/b&gt; &lt;i&gt;"));
    assert_string_equal(refusal("<div>x</div>"), "markup.html");
    assert_string_equal(refusal("a <br> b"), "markup.html");
    assert_string_equal(refusal("![x](https://example.org/x.png)"), "markup.image");
    assert_string_equal(html("![picture](https://example.org/x.png)"), "<p>picture</p>");
}

static void test_links_lead_to_safe_places_alone(void **state) {
    static const char *const bad[] = {"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//example.org/", "file:///etc/passwd",
                                      "vbscript:x", "ftp://example.org/", "relative", "/\\\\example.org", "\\\\example.org"};
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *text = apr_pstrcat(pool, "[here](", bad[i], ")", NULL);

        assert_null(strstr(html(text), "<a"));
        assert_string_equal(refusal(text), "markup.link");
    }
    assert_null(strstr(html("[a](javascript&#58;alert(1))"), "<a"));
    assert_null(strstr(html("<javascript:alert(1)>"), "<a"));
    assert_non_null(strstr(html("[a](/x \"title\\\" onmouseover=x\")"), "<a href=\"/x\">a</a>"));
    assert_true(xca_markup_link_safe("#place"));
    assert_false(xca_markup_link_safe("https://example.org/a b"));
    assert_false(xca_markup_link_safe(""));
}

static void test_no_reference_brings_in_a_character_that_texts_may_not_hold(void **state) {
    static const char text[] = "a&#29;b&#x202e;c&#x85;d&#0;e [l](/x&#x202e;y)";

    assert_string_equal(html(text), "<p>a\xEF\xBF\xBD" "b\xEF\xBF\xBD" "c\xEF\xBF\xBD" "d\xEF\xBF\xBD" "e l</p>");
    assert_string_equal(refusal("[l](/x&#x202e;y)"), "markup.link");
    assert_string_equal(xca_markup_plain(parsed("&#27;[31m"), pool), "\xEF\xBF\xBD[31m");
}

static void test_size_depth_and_alphabet_are_bounded(void **state) {
    char *text = apr_palloc(pool, XCA_MARKUP_MAX + 2);
    const xca_markup_t *document;
    xca_error_t *err;

    memset(text, 'a', XCA_MARKUP_MAX + 1);
    text[XCA_MARKUP_MAX + 1] = '\0';
    assert_string_equal(refusal(text), "markup.too-large");
    text[XCA_MARKUP_MAX] = '\0';
    assert_string_equal(refusal(text), "");
    memset(text, '>', XCA_MARKUP_MAX);
    assert_string_equal(refusal(text), "markup.deep");
    (void)html(text);
    memset(text, '[', XCA_MARKUP_MAX);
    (void)html(text);
    err = xca_markup_parse(&document, "a\xff", 2, pool);
    assert_string_equal(err->message, "field.characters");
    err = xca_markup_parse(&document, "a\0b", 3, pool);
    assert_string_equal(err->message, "field.characters");
}

static void test_the_plain_text_reads_well_in_a_mail(void **state) {
    assert_string_equal(xca_markup_plain(parsed("# A\n\nb *c*\n\n1. d\n2. e\n   - f\n\n[g](/h)"), pool),
                        "A\n\nb c\n\n1. d\n2. e\n  - f\n\ng </h>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_officers_write_becomes_these_elements),
        cmocka_unit_test(test_lines_of_chinese_are_joined_without_a_space),
        cmocka_unit_test(test_html_is_shown_as_the_text_it_is_and_refused),
        cmocka_unit_test(test_links_lead_to_safe_places_alone),
        cmocka_unit_test(test_no_reference_brings_in_a_character_that_texts_may_not_hold),
        cmocka_unit_test(test_size_depth_and_alphabet_are_bounded),
        cmocka_unit_test(test_the_plain_text_reads_well_in_a_mail),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
