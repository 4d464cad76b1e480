#include "domain_fixture.h"

#include "domain/csv.h"

/* What a text reads as: fields joined by |, rows by /, an error as its message and place. */
static const char *rows_of(const char *text, apr_size_t length) {
    xca_csv_t *csv = xca_csv_open(test_pool, text, length);
    const char *all = "";
    int rows;

    for (rows = 0; rows < 10000; rows++) {
        const char **fields;
        int count, line, i;
        xca_error_t *err = xca_csv_next(csv, &fields, &count, &line, test_pool);

        if (err != NULL) {
            all = apr_pstrcat(test_pool, all, "/", err->message, "@", err->arg, NULL);
            continue;
        }
        if (count == 0) {
            return *all != '\0' ? all + 1 : all;
        }
        all = apr_pstrcat(test_pool, all, "/", NULL);
        for (i = 0; i < count; i++) {
            all = apr_pstrcat(test_pool, all, i > 0 ? "|" : "", fields[i], NULL);
        }
    }
    return "endless";
}

static const char *rows(const char *text) {
    return rows_of(text, strlen(text));
}

static void test_rows_end_with_lf_or_crlf_or_the_file(void **state) {
    assert_string_equal(rows("a,b\nc,d\n"), "a|b/c|d");
    assert_string_equal(rows("a,b\r\nc,d\r\n"), "a|b/c|d");
    assert_string_equal(rows("a,b\r\nc,d"), "a|b/c|d");
    assert_string_equal(rows(""), "");
    assert_string_equal(rows("a"), "a");
}

static void test_byte_order_mark_is_no_part_of_the_first_column(void **state) {
    assert_string_equal(rows("\xef\xbb\xbfoid,name\n1,2\n"), "oid|name/1|2");
    assert_string_equal(rows("\xef\xbb\xbf"), "");
    assert_string_equal(rows("\xef\xbb\xbf\"oid\",name\n"), "oid|name");
}

static void test_empty_fields_stay_and_empty_lines_go(void **state) {
    assert_string_equal(rows(",\n"), "|");
    assert_string_equal(rows("a,,c\n,,\n"), "a||c/||");
    assert_string_equal(rows("a\n\n\r\nb\n"), "a/b");
    assert_string_equal(rows("\"\"\n"), "");
}

static void test_quoted_fields_hold_commas_quotes_and_line_breaks(void **state) {
    assert_string_equal(rows("\"a,b\",c\n"), "a,b|c");
    assert_string_equal(rows("\"a\"\"b\"\n"), "a\"b");
    assert_string_equal(rows("\"\"\"\"\n"), "\"");
    assert_string_equal(rows("\"a\nb\",c\nd,e\n"), "a\nb|c/d|e");
    assert_string_equal(rows("\"ou=x,c=TW\",監察院\n"), "ou=x,c=TW|監察院");
}

static void test_wrong_quote_is_told_by_line_and_column_and_the_rest_is_read(void **state) {
    assert_string_equal(rows("a,b\"c,d\ne,f,g\n"), "csv.quote@1:2/e|f|g");
    assert_string_equal(rows("a,\"b\"c,d\ne,f,g\n"), "csv.quote@1:2/e|f|g");
    assert_string_equal(rows("a,b\n\"c,d\ne,f\ng,h\n"), "a|b/csv.quote@2:1/e|f/g|h");
    assert_string_equal(rows("\""), "csv.quote@1:1");
}

static void test_forgotten_quote_costs_one_row_not_the_rest_of_the_file(void **state) {
    const char *text = "1,a\n2,\"b\n3,c\n4,\"d\"\n5,e\n";

    assert_string_equal(rows(text), "1|a/csv.quote@2:2/3|c/4|d/5|e");
}

static void test_row_that_is_not_utf8_is_told_and_passed_over(void **state) {
    assert_string_equal(rows("a,b\n\xa4\xa4,c\nd,e\n"), "a|b/csv.utf8@2:1/d|e");
    assert_string_equal(rows("a,\"\xff\n\"\nd,e\n"), "csv.utf8@1:2/d|e");
    assert_string_equal(rows_of("a,\0b\nc,d\n", 9), "csv.utf8@1:2/c|d");
    assert_string_equal(rows("a,\x1b[31m\nc,d\n"), "csv.utf8@1:2/c|d");
}

static void test_more_than_64_columns_are_told(void **state) {
    char *row = long_text(70, ',');

    assert_string_equal(rows(apr_pstrcat(test_pool, row, "\nc,d\n", NULL)), "csv.columns@1:65/c|d");
    assert_int_equal(strlen(rows(long_text(63, ','))), 63);
}

static void test_field_longer_than_16_kib_is_told(void **state) {
    const char *fits = long_text(XCA_CSV_FIELD_MAX, 'x');
    const char *too_long = long_text(XCA_CSV_FIELD_MAX + 1, 'x');

    assert_int_equal(strlen(rows(apr_pstrcat(test_pool, fits, "\n", NULL))), XCA_CSV_FIELD_MAX);
    assert_string_equal(rows(apr_pstrcat(test_pool, "a,", too_long, "\nc,d\n", NULL)),
                        "csv.field-long@1:2/c|d");
    assert_string_equal(rows(apr_pstrcat(test_pool, "a,\"", too_long, "\"\nc,d\n", NULL)),
                        "csv.field-long@1:2/c|d");
}

static void test_rows_are_numbered_by_the_lines_of_the_file(void **state) {
    const char *text = "a\n\n\"b\nc\"\nd\n\"e\n\xff\nf\n";
    static const int expected[] = {1, 3, 5, 6, 7, 8};
    xca_csv_t *csv = xca_csv_open(test_pool, text, strlen(text));
    int i;

    for (i = 0; i < 6; i++) {
        const char **fields;
        int count, line;
        xca_error_t *err = xca_csv_next(csv, &fields, &count, &line, test_pool);

        assert_int_equal(line, expected[i]);
        assert_int_equal(err != NULL, i == 3 || i == 4);
    }
}

static void test_hostile_quotes_cost_little_more_than_their_length(void **state) {
    apr_size_t length = 4 * 1024 * 1024, i;
    char *text = long_text(length, '"');
    xca_csv_t *csv;
    int calls = 0;

    for (i = 0; i < length; i += 5) { /* every line leaves a field open */
        memcpy(text + i, "a,\"b\n", length - i < 5 ? length - i : 5);
    }
    csv = xca_csv_open(test_pool, text, length);
    for (;;) {
        const char **fields;
        int count, line;
        apr_pool_t *row_pool;
        xca_error_t *err;

        apr_pool_create(&row_pool, test_pool);
        err = xca_csv_next(csv, &fields, &count, &line, row_pool);
        apr_pool_destroy(row_pool);
        calls++;
        if (err == NULL && count == 0) {
            break;
        }
        assert_true(calls < 1000000);
    }
}

static const char *quoted(const char *field) {
    return xca_csv_quote(test_pool, field);
}

static void test_written_fields_are_quoted_where_they_must_be(void **state) {
    assert_string_equal(quoted(""), "");
    assert_string_equal(quoted("國立臺灣大學"), "國立臺灣大學");
    assert_string_equal(quoted("a,b"), "\"a,b\"");
    assert_string_equal(quoted("a\"b"), "\"a\"\"b\"");
    assert_string_equal(quoted("a\nb"), "\"a\nb\"");
}

static void test_written_formulas_are_harmless_in_a_spreadsheet(void **state) {
    assert_string_equal(quoted("=1+1"), "'=1+1");
    assert_string_equal(quoted("+886-2-27377592"), "'+886-2-27377592");
    assert_string_equal(quoted("-1"), "'-1");
    assert_string_equal(quoted("@SUM(A1)"), "'@SUM(A1)");
    assert_string_equal(quoted("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
}

static void test_what_was_written_is_read_back(void **state) {
    static const char *const fields[] = {"",     "a",      "a,b\"c\r\nd", "=1",     "'=1",
                                         "''=1", "'a",     "'",           "\"",     "\"\"",
                                         "+",    "監察院", "@x,y",        "'\"=\"", "-\n-"};
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *text = apr_pstrcat(test_pool, "x,", quoted(fields[i]), "\r\n", NULL);
        xca_csv_t *csv = xca_csv_open(test_pool, text, strlen(text));
        const char **read;
        int count, line;

        assert_null(xca_csv_next(csv, &read, &count, &line, test_pool));
        assert_int_equal(count, 2);
        assert_string_equal(xca_csv_unguard(read[1]), fields[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rows_end_with_lf_or_crlf_or_the_file),
        TEST(test_byte_order_mark_is_no_part_of_the_first_column),
        TEST(test_empty_fields_stay_and_empty_lines_go),
        TEST(test_quoted_fields_hold_commas_quotes_and_line_breaks),
        TEST(test_wrong_quote_is_told_by_line_and_column_and_the_rest_is_read),
        TEST(test_forgotten_quote_costs_one_row_not_the_rest_of_the_file),
        TEST(test_row_that_is_not_utf8_is_told_and_passed_over),
        TEST(test_more_than_64_columns_are_told),
        TEST(test_field_longer_than_16_kib_is_told),
        TEST(test_rows_are_numbered_by_the_lines_of_the_file),
        TEST(test_hostile_quotes_cost_little_more_than_their_length),
        TEST(test_written_fields_are_quoted_where_they_must_be),
        TEST(test_written_formulas_are_harmless_in_a_spreadsheet),
        TEST(test_what_was_written_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
