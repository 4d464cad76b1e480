#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "base/text.h"
#include "portal/template.h"

static apr_pool_t *pool;
static const char *folder;

static int set_up(void **state) {
    const char *temp;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    assert_int_equal(apr_temp_dir_get(&temp, pool), APR_SUCCESS);
    folder = apr_psprintf(pool, "%s/xca-templates-%d", temp, (int)getpid());
    assert_int_equal(apr_dir_make(folder, APR_FPROT_OS_DEFAULT, pool), APR_SUCCESS);
    assert_int_equal(apr_dir_make(apr_pstrcat(pool, folder, "/catalogue", NULL), APR_FPROT_OS_DEFAULT, pool),
                     APR_SUCCESS);
    return 0;
}

static void remove_all(const char *path) {
    apr_dir_t *dir;
    apr_finfo_t info;

    assert_int_equal(apr_dir_open(&dir, path, pool), APR_SUCCESS);
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (info.name[0] != '.') {
            apr_file_remove(apr_pstrcat(pool, path, "/", info.name, NULL), pool);
        }
    }
    apr_dir_close(dir);
}

static int tear_down(void **state) {
    remove_all(apr_pstrcat(pool, folder, "/catalogue", NULL));
    apr_dir_remove(apr_pstrcat(pool, folder, "/catalogue", NULL), pool);
    remove_all(folder);
    apr_dir_remove(folder, pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

static int clean_folder(void **state) {
    remove_all(folder);
    return 0;
}

static void write_file(const char *name, const char *content) {
    FILE *file = fopen(apr_pstrcat(pool, folder, "/", name, NULL), "w");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void write_template(const char *name, const char *content) {
    write_file(apr_pstrcat(pool, name, ".xhtml", NULL), content);
}

static xca_error_t *collect(void *baton, const char *data, apr_size_t length) {
    const char **page = baton;

    *page = apr_pstrcat(pool, *page, apr_pstrmemdup(pool, data, length), NULL);
    return NULL;
}

static xca_error_t *read_templates(xca_templates_t **templates) {
    xca_catalogue_t *catalogue;

    write_file("catalogue/t.xml",
               "<catalogue><m id=\"hello\"><zh>\xE6\x82\xA8\xE5\xA5\xBD {who}</zh><en>Hello "
               "{who}</en></m><m id=\"plain\"><zh>\xE5\xB9\xB3</zh><en>plain</en></m></catalogue>");
    assert_null(xca_catalogue_read(&catalogue, apr_pstrcat(pool, folder, "/catalogue", NULL), pool));
    return xca_templates_read(templates, folder, catalogue, pool);
}

static const char *page_in(const char *name, const xca_value_t *model, xca_language language) {
    xca_templates_t *templates;
    const char *page = "";

    assert_null(read_templates(&templates));
    assert_null(xca_template_write(templates, name, model, language, collect, &page, pool));
    assert_true(strncmp(page, "<!DOCTYPE html>\n", 16) == 0);
    return page + 16;
}

static const char *page_of(const char *content, const xca_value_t *model) {
    write_template("page", content);
    return page_in("page", model, XCA_EN);
}

static void is_refused(const char *content) {
    xca_templates_t *templates;
    xca_error_t *err;

    write_template("page", content);
    err = read_templates(&templates);
    assert_non_null(err);
    assert_string_equal(err->message, "template.broken");
    assert_string_equal(err->arg, "page.xhtml:1");
}

static void test_values_are_escaped_in_text_and_attributes(void **state) {
    xca_value_t *model = xca_map(pool);

    xca_map_text(model, "v", "<b title='x'>&\"</b>\x01\r");
    assert_string_equal(page_of("<p title=\"a {v}\">{v}</p>", model),
                        "<p title=\"a &lt;b title=&#39;x&#39;&gt;&amp;&quot;&lt;/b&gt;\xEF\xBF\xBD&#13;\">"
                        "&lt;b title=&#39;x&#39;&gt;&amp;&quot;&lt;/b&gt;\xEF\xBF\xBD&#13;</p>");
}

static void test_values_are_one_component_inside_addresses(void **state) {
    xca_value_t *model = xca_map(pool);

    xca_map_text(model, "v", "a/b?c=d&e#f \xE8\x87\xBA\"");
    assert_string_equal(
        page_of("<a href=\"/oid/{v}?name={v}\">x</a>", model),
        "<a href=\"/oid/a%2Fb%3Fc%3Dd%26e%23f%20%E8%87%BA%22?name=a%2Fb%3Fc%3Dd%26e%23f%20%E8%87%BA%22\">x</a>");
}

static void test_a_whole_address_must_lead_where_it_may(void **state) {
    static const char *const bad[] = {"javascript:alert(1)", "//evil.example", "/\\evil.example",
                                      "JAVASCRIPT:x", " javascript:x", "data:text/html,x",
                                      "/\t/evil.example", "", NULL};
    xca_value_t *model = xca_map(pool);
    int i;

    for (i = 0; bad[i] != NULL; i++) {
        const char *page;

        xca_map_text(model, "v", bad[i]);
        page = page_of("<a href=\"{v}\">x</a>", model);
        if (strcmp(bad[i], "/\\evil.example") == 0) {
            assert_string_equal(page, "<a href=\"/%5Cevil.example\">x</a>");
        } else if (strcmp(bad[i], "/\t/evil.example") == 0) {
            assert_string_equal(page, "<a href=\"/%09/evil.example\">x</a>");
        } else {
            assert_string_equal(page, "<a>x</a>");
        }
    }
    xca_map_text(model, "v", "https://example.org/?a=b&c=\"");
    assert_string_equal(page_of("<a href=\"{v}\">x</a>", model),
                        "<a href=\"https://example.org/?a=b&amp;c=%22\">x</a>");
}

static void test_an_empty_component_cannot_make_an_address_of_another_host(void **state) {
    xca_value_t *model = xca_map(pool);

    xca_map_text(model, "a", "");
    xca_map_text(model, "b", "evil.example");
    assert_string_equal(page_of("<a href=\"/{a}/{b}\">x</a>", model), "<a>x</a>");
}

static void test_if_unless_each_text_and_msg(void **state) {
    xca_value_t *model = xca_map(pool);
    xca_value_t *list = xca_map_list(model, "list");

    xca_map_true(model, "yes", 1);
    xca_map_true(model, "no", 0);
    xca_map_text(xca_list_map(list), "n", "1");
    xca_map_text(xca_list_map(list), "n", "2");
    xca_map_text(model, "who", "<you>");
    assert_string_equal(
        page_of("<ul><li x:if=\"no\">a</li><li x:unless=\"no\">b</li><li x:each=\"i in list\" "
                "x:text=\"i.n\"/><x:block x:if=\"yes\" x:msg=\"hello\"/><i x:msg=\"plain\"/></ul>",
                model),
        "<ul><li>b</li><li>1</li><li>2</li>Hello &lt;you&gt;<i>plain</i></ul>");
}

static void test_each_item_is_seen_by_its_condition(void **state) {
    xca_value_t *model = xca_map(pool);
    xca_value_t *list = xca_map_list(model, "list");
    xca_value_t *item = xca_list_map(list);

    xca_map_text(item, "n", "1");
    item = xca_list_map(list);
    xca_map_text(item, "n", "2");
    xca_map_true(item, "shown", 1);
    assert_string_equal(
        page_of("<ul><li x:each=\"i in list\" x:if=\"i.shown\">{i.n}</li></ul>", model),
        "<ul><li>2</li></ul>");
}

static void test_layout_and_bound_names(void **state) {
    xca_value_t *model = xca_map(pool);

    xca_map_text(xca_list_map(xca_map_list(model, "list")), "n", "7");
    write_template("layout", "<html><title>{title}</title><x:content/></html>");
    write_template("row", "<b x:each=\"i in rows\">{i.n}{label}</b>");
    assert_string_equal(page_of("<x:use file=\"layout\" title=\"{#plain}!\"><p>{title}</p><x:include "
                                "file=\"row\" rows=\"{list}\" label=\"&lt;\"/></x:use>",
                                model),
                        "<html><title>plain!</title><p></p><b>7&lt;</b></html>");
}

static void test_pages_that_exist_once_a_language(void **state) {
    write_template("terms.zh", "<p>zh</p>");
    write_template("terms.en", "<p>en</p>");
    write_template("page", "<div><x:include file=\"terms\"/></div>");
    assert_string_equal(page_in("page", xca_map(pool), XCA_ZH), "<div><p>zh</p></div>");
    assert_string_equal(page_in("page", xca_map(pool), XCA_EN), "<div><p>en</p></div>");
    assert_string_equal(page_in("terms", xca_map(pool), XCA_EN), "<p>en</p>");
}

static void test_message_whose_id_is_a_value(void **state) {
    xca_value_t *model = xca_map(pool);

    xca_map_text(model, "id", "hello");
    xca_map_text(model, "who", "Wang");
    assert_string_equal(page_of("<p>{@id}, {@none}</p>", model), "<p>Hello Wang, </p>");
}

static void test_several_messages_are_told_as_one(void **state) {
    xca_error_t *errors = xca_error_append(xca_error_make(pool, XCA_E_INTERNAL, "plain", NULL), xca_error_make(pool, XCA_E_INTERNAL, "none", NULL));
    xca_value_t *model = xca_map(pool);
    int i;

    errors = xca_error_append(errors, xca_error_make(pool, XCA_E_INTERNAL, "plain", "of another field"));
    xca_map_text(model, "ids", xca_error_ids(errors, pool));
    assert_string_equal(xca_error_ids(errors, pool), "plain none");
    assert_string_equal(page_of("<p>{@ids}</p>", model), "<p>plain; none</p>");
    assert_string_equal(xca_error_ids(NULL, pool), "");
    for (i = 0; i < 2 * XCA_ERROR_IDS; i++) {
        errors = xca_error_append(errors, xca_error_make(pool, XCA_E_INTERNAL, apr_itoa(pool, i), NULL));
    }
    assert_non_null(strstr(xca_error_ids(errors, pool), " 9"));
    assert_null(strstr(xca_error_ids(errors, pool), " 10"));
}

static void test_boolean_and_void(void **state) {
    xca_value_t *model = xca_map(pool);

    xca_map_true(model, "on", 1);
    xca_map_text(model, "off", "");
    assert_string_equal(page_of("<p><input checked=\"{on}\" disabled=\"{off}\" required=\"required\" "
                                "value=\"{off}\" id=\"{missing}\"/><br/><i/></p>",
                                model),
                        "<p><input checked required value=\"\"><br><i></i></p>");
}

static void test_a_first_line_break_of_a_text_area_stays(void **state) {
    xca_value_t *model = xca_map(pool);

    xca_map_text(model, "v", "\nx</textarea><script>");
    assert_string_equal(page_of("<textarea>{v}</textarea>", model),
                        "<textarea>\n\nx&lt;/textarea&gt;&lt;script&gt;</textarea>");
}

static void test_what_could_run_or_load_is_refused_when_read(void **state) {
    is_refused("<p onclick=\"x\"/>");
    is_refused("<p style=\"{v}\"/>");
    is_refused("<style>a</style>");
    is_refused("<script>alert(1)</script>");
    is_refused("<iframe src=\"/x\"/>");
    is_refused("<a href=\"javascript:x\"/>");
    is_refused("<a href=\"{a}{b}\"/>");
    is_refused("<meta http-equiv=\"refresh\" content=\"0\"/>");
    is_refused("<svg/>");
    is_refused("<DIV/>");
}

static void test_mistakes_are_told_when_read(void **state) {
    is_refused("<p x:fi=\"a\"/>");
    is_refused("<p x:each=\"a of b\"/>");
    is_refused("<p x:msg=\"no.such.text\"/>");
    is_refused("<p>{#no.such.text}</p>");
    is_refused("<p>{a b}</p>");
    is_refused("<p>{a</p>");
    is_refused("<x:include file=\"nowhere\"/>");
    is_refused("<p><x:include file=\"page\"/></p>");
    is_refused("<br>x</br>");
    is_refused("<x:blokc/>");
    is_refused("<p>");
}

static void test_markup_becomes_elements_and_is_a_text_elsewhere(void **state) {
    static const char source[] = "*a* <b>";
    const xca_markup_t *markup;
    xca_value_t *model = xca_map(pool);

    assert_null(xca_markup_parse(&markup, source, sizeof(source) - 1, pool));
    xca_map_markup(model, "m", markup, source);
    xca_map_text(model, "t", "<i>");
    assert_string_equal(page_of("<div x:markup=\"m\"/>", model), "<div><p><em>a</em> &lt;b&gt;</p></div>");
    assert_string_equal(page_of("<p title=\"{m}\">{m}</p>", model),
                        "<p title=\"*a* &lt;b&gt;\">*a* &lt;b&gt;</p>");
    /* a text that is no markup is not taken for one */
    assert_string_equal(page_of("<div x:markup=\"t\"/>", model), "<div></div>");
    is_refused("<br x:markup=\"m\"/>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_values_are_escaped_in_text_and_attributes, clean_folder),
        cmocka_unit_test_setup(test_values_are_one_component_inside_addresses, clean_folder),
        cmocka_unit_test_setup(test_a_whole_address_must_lead_where_it_may, clean_folder),
        cmocka_unit_test_setup(test_an_empty_component_cannot_make_an_address_of_another_host,
                               clean_folder),
        cmocka_unit_test_setup(test_if_unless_each_text_and_msg, clean_folder),
        cmocka_unit_test_setup(test_each_item_is_seen_by_its_condition, clean_folder),
        cmocka_unit_test_setup(test_layout_and_bound_names, clean_folder),
        cmocka_unit_test_setup(test_pages_that_exist_once_a_language, clean_folder),
        cmocka_unit_test_setup(test_message_whose_id_is_a_value, clean_folder),
        cmocka_unit_test_setup(test_several_messages_are_told_as_one, clean_folder),
        cmocka_unit_test_setup(test_boolean_and_void, clean_folder),
        cmocka_unit_test_setup(test_a_first_line_break_of_a_text_area_stays, clean_folder),
        cmocka_unit_test_setup(test_what_could_run_or_load_is_refused_when_read, clean_folder),
        cmocka_unit_test_setup(test_mistakes_are_told_when_read, clean_folder),
        cmocka_unit_test_setup(test_markup_becomes_elements_and_is_a_text_elsewhere, clean_folder),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
