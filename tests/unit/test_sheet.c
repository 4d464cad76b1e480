#include "domain_fixture.h"

#include <stdlib.h>
#include "outside/sheet.h"
#include "outside/sheet_write.h"
#include "outside/xls_marks.h"

#define assert_error(call, expected) assert_string_equal(message_of(call), expected)
#define SAMPLES "tests/data/sheets/"

/* The program beside the tests, wherever they were built. */
static const char *xls_program(void) {
    const char *build = getenv("BUILD");

    return apr_pstrcat(test_pool, build != NULL ? build : "build", "/xca-xls", NULL);
}

static xca_error_t *read_bytes(xca_sheet_t **sheet, const void *data, apr_size_t length, const char *preferred) {
    xca_sheet_options_t *options = apr_pcalloc(test_pool, sizeof(*options));

    options->preferred = preferred;
    options->xls_program = xls_program();
    return xca_sheet_read(sheet, data, length, options, test_pool);
}

static xca_error_t *read_sample(xca_sheet_t **sheet, const char *name, const char *preferred) {
    const char *data;
    apr_size_t length;

    assert_null(xca_file_read(&data, &length, apr_pstrcat(test_pool, SAMPLES, name, NULL), XCA_SHEET_FILE_MAX, test_pool));
    return read_bytes(sheet, data, length, preferred);
}

/* "1:text|text/3:..." with a letter before what is no text: n number, d date, f formula, e error. */
static const char *shown(const xca_sheet_t *sheet) {
    static const char letters[] = " ndfe";
    const char *all = "";
    int i, j;

    for (i = 0; i < sheet->rows->nelts; i++) {
        const xca_sheet_row_t *row = &APR_ARRAY_IDX(sheet->rows, i, xca_sheet_row_t);

        all = apr_psprintf(test_pool, "%s%s%d:", all, i > 0 ? "/" : "", row->number);
        if (row->wrong != NULL) {
            all = apr_pstrcat(test_pool, all, "!", row->wrong->message, NULL);
        }
        for (j = 0; j < row->count; j++) {
            const xca_cell_t *cell = &row->cells[j];
            const char letter[] = {letters[cell->kind], '\0'};

            all = apr_pstrcat(test_pool, all, j > 0 ? "|" : "", cell->kind != XCA_CELL_TEXT ? letter : "", cell->text, NULL);
        }
    }
    return all;
}

static const char *sample(const char *name) {
    xca_sheet_t *sheet;
    xca_error_t *err = read_sample(&sheet, name, NULL);

    return err != NULL ? err->arg != NULL ? apr_pstrcat(test_pool, err->message, " ", err->arg, NULL) : err->message
                       : shown(sheet);
}

static void test_the_guides_sheet_reads_the_same_from_every_format(void **state) {
    static const char *const names[] = {"guide.xls", "guide.xlsx", "guide.ods"};
    xca_sheet_t *first, *sheet;
    size_t i;

    assert_null(read_sample(&first, names[0], "異動表"));
    assert_string_equal(first->name, "異動表");
    assert_int_equal(first->rows->nelts, 5);
    assert_int_equal(APR_ARRAY_IDX(first->rows, 0, xca_sheet_row_t).count, 13);
    assert_non_null(strstr(shown(first), "2:新增組織及團體|379051000U|12345678|臺北市立建國高級中學||"));
    for (i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_null(read_sample(&sheet, names[i], "異動表"));
        assert_string_equal(sheet->name, "異動表");
        assert_string_equal(shown(sheet), shown(first));
    }
}

static void test_without_the_preferred_table_the_first_is_read(void **state) {
    assert_string_equal(sample("guide.xls"), "1:讀我");
    assert_string_equal(sample("guide.xlsx"), "1:讀我");
    assert_string_equal(sample("guide.ods"), "1:讀我");
}

static void test_numbers_dates_formulas_and_merged_cells_are_told(void **state) {
    static const char *const names[] = {"special.xls", "special-lo.xls", "special.xlsx", "special.ods"};
    size_t i;

    assert_string_equal(sample("special.xls"), "1:標題/2:n1234567|f|d2020-06-18|n1234567|f/3:合併/5:|n1.5|末");
    assert_string_equal(sample("special-lo.xls"), sample("special.xls"));
    /* A format of zeros is kept by these two: what people see is what is read. */
    assert_string_equal(sample("special.xlsx"), "1:標題/2:n1234567|fab|d44000|01234567|f#DIV/0!/3:合併/5:|n1.5|末");
    assert_string_equal(sample("special.ods"), "1:標題/2:n1234567|fab|d2020-06-18|01234567|f#DIV/0!/3:合併/5:|n1.5|末");
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        xca_sheet_t *sheet;

        assert_null(read_sample(&sheet, names[i], NULL));
        assert_int_equal(sheet->merges->nelts, 1);
        assert_true(xca_sheet_merged(sheet, 3, 0));
        assert_true(xca_sheet_merged(sheet, 4, 1));
        assert_false(xca_sheet_merged(sheet, 2, 0));
        assert_false(xca_sheet_merged(sheet, 5, 0));
        assert_false(xca_sheet_merged(sheet, 3, 2));
    }
}

static void test_bombs_are_bounded_and_told(void **state) {
    assert_string_equal(sample("bomb.xlsx"), "sheet.too-large");
    assert_string_equal(sample("empty-bomb.xlsx"), "sheet.unpacks");
    assert_string_equal(sample("long-text-bomb.xlsx"), "sheet.damaged"); /* libxml2's bound of a text */
    assert_string_equal(sample("entities.xlsx"), "sheet.entities");
    assert_string_equal(sample("outside-entity.xlsx"), "sheet.entities");
    assert_string_equal(sample("deep.xlsx"), "sheet.damaged");
    assert_string_equal(sample("many-entries.xlsx"), "sheet.unpacks");
    assert_string_equal(sample("many-rows.xlsx"), "sheet.too-many-rows 100000");
    assert_string_equal(sample("many-rows.ods"), "sheet.too-many-rows 100000");
    assert_string_equal(sample("many-columns.xlsx"), "sheet.too-many-columns BI1");
    assert_string_equal(sample("many-columns.ods"), "sheet.too-many-columns BI1");
    assert_string_equal(sample("long-cell.xlsx"), "sheet.cell-long A1");
}

static void test_passwords_and_macros_are_told(void **state) {
    assert_string_equal(sample("password.xls"), "sheet.encrypted");
    assert_string_equal(sample("password.xlsx"), "sheet.encrypted");
    assert_string_equal(sample("password.ods"), "sheet.encrypted");
    assert_string_equal(sample("macros.xls"), "sheet.macros");
    assert_string_equal(sample("macros.xlsx"), "sheet.macros");
    assert_string_equal(sample("macros.ods"), "sheet.macros");
}

static void test_what_is_no_sheet_is_told(void **state) {
    xca_sheet_t *sheet;

    assert_string_equal(sample("cut.xls"), "sheet.damaged");
    assert_string_equal(sample("cut.xlsx"), "sheet.damaged");
    assert_string_equal(sample("no-book.xls"), "sheet.damaged");
    assert_string_equal(sample("wrong-string.xlsx"), "sheet.damaged");
    assert_string_equal(sample("picture.zip"), "sheet.unknown");
    assert_error(read_bytes(&sheet, "", 0, NULL), "sheet.unknown");
    assert_error(read_bytes(&sheet, "a\0b", 3, NULL), "sheet.unknown");
    assert_error(read_bytes(&sheet, "\xa4\xa4,a\n", 5, NULL), "csv.utf8"); /* Big5 */
}

static void test_reading_aids_and_comments_are_no_content(void **state) {
    assert_string_equal(sample("phonetic.xlsx"), "3:|東京");
    assert_string_equal(sample("comment.ods"), "5:one two\nthree");
}

static void test_csv_rows_that_cannot_be_read_are_told_and_the_others_read(void **state) {
    static const char text[] = "\xef\xbb\xbfKind,Name\n\n\"a\"b,c\nd,'=e\n";
    xca_sheet_t *sheet;

    assert_null(read_bytes(&sheet, text, strlen(text), NULL));
    assert_string_equal(shown(sheet), "1:Kind|Name/3:!csv.quote/4:d|=e");
}

static void test_without_xca_xls_old_workbooks_are_refused_in_words(void **state) {
    xca_sheet_options_t options = {0, NULL, NULL};
    const char *data;
    apr_size_t length;
    xca_sheet_t *sheet;

    assert_null(xca_file_read(&data, &length, SAMPLES "guide.xls", XCA_SHEET_FILE_MAX, test_pool));
    assert_error(xca_sheet_read(&sheet, data, length, &options, test_pool), "sheet.no-xls");
    options.xls_program = "/nonexistent/xca-xls";
    assert_error(xca_sheet_read(&sheet, data, length, &options, test_pool), "sheet.busy");
    options.xls_program = "/bin/false"; /* dies without an answer */
    assert_error(xca_sheet_read(&sheet, data, length, &options, test_pool), "sheet.damaged");
}

static void test_a_sheet_that_we_make_reads_back(void **state) {
    static const xca_sheet_column_t columns[] = {{"異動形式", "請選擇", 20}, {"統一編號", NULL, 12}, {"A & B <\"c\">", "x", 30}};
    static const char *const choices[] = {"新增", "裁撤"};
    static const char *const row1[] = {"新增", "01234567", "a & b"}, *const row2[] = {"裁撤", NULL, " = 1 "};
    static const char *const *const rows[] = {row1, row2};
    static const char *const notes[] = {"第一", "second <line>"};
    const xca_sheet_plan_t plan = {"異動表", columns, 3, choices, 2, 100, rows, 2, "說明", notes, 2};
    static const xca_sheet_format formats[] = {XCA_SHEET_XLSX, XCA_SHEET_ODS};
    int i;

    for (i = 0; i < 2; i++) {
        xca_bytes_t file, again;
        xca_sheet_t *sheet;

        assert_null(xca_sheet_write(&file, formats[i], &plan, test_pool));
        assert_null(xca_sheet_write(&again, formats[i], &plan, test_pool));
        assert_int_equal(file.length, again.length);
        assert_memory_equal(file.data, again.data, file.length);
        assert_null(read_bytes(&sheet, file.data, file.length, "異動表"));
        assert_int_equal(sheet->format, formats[i]);
        assert_string_equal(shown(sheet), formats[i] == XCA_SHEET_XLSX
                                              ? "1:異動形式|統一編號|A & B <\"c\">/2:新增|01234567|a & b/3:裁撤|| = 1 "
                                              : "1:異動形式|統一編號|A & B <\"c\">/2:新增|01234567|a & b/3:裁撤|| = 1 ");
        assert_null(read_bytes(&sheet, file.data, file.length, "說明"));
        assert_string_equal(shown(sheet), "1:第一/2:second <line>");
    }
}

static void test_columns_have_letters(void **state) {
    assert_string_equal(xca_column_name(test_pool, 0), "A");
    assert_string_equal(xca_column_name(test_pool, 25), "Z");
    assert_string_equal(xca_column_name(test_pool, 26), "AA");
    assert_string_equal(xca_column_name(test_pool, 60), "BI");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_guides_sheet_reads_the_same_from_every_format),
        TEST(test_without_the_preferred_table_the_first_is_read),
        TEST(test_numbers_dates_formulas_and_merged_cells_are_told),
        TEST(test_bombs_are_bounded_and_told),
        TEST(test_passwords_and_macros_are_told),
        TEST(test_what_is_no_sheet_is_told),
        TEST(test_reading_aids_and_comments_are_no_content),
        TEST(test_csv_rows_that_cannot_be_read_are_told_and_the_others_read),
        TEST(test_without_xca_xls_old_workbooks_are_refused_in_words),
        TEST(test_a_sheet_that_we_make_reads_back),
        TEST(test_columns_have_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
