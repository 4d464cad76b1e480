#include "domain_fixture.h"

#include "domain/codes.h"
#include "domain/xds.h"
#include "operations/xds_template.h"

/* A row of column ids and values, ended by NULL, checked. */
static xca_error_t *check(xca_xds_row_t *row, const char *const *fields) {
    memset(row, 0, sizeof(*row));
    row->number = 5;
    for (; *fields != NULL; fields += 2) {
        row->values[xca_xds_column_by_id(fields[0])] = fields[1];
    }
    return xca_xds_row_check(row, read_postal(), test_pool);
}

#define CHECK(row, ...) check(row, (const char *const[]){__VA_ARGS__, NULL})

static const xca_org_t foundation = {.oid = "2.16.886.104.100008",
                                     .name = "財團法人測試基金會",
                                     .class = XCA_CLASS_FOUNDATION,
                                     .ubn = "04595257",
                                     .county = "臺北市",
                                     .district = "大安區",
                                     .zip = "106",
                                     .address = "臺北市大安區和平東路二段106號",
                                     .phone = "02-27377592"};

static void test_headings_are_known_in_any_form(void **state) {
    static const struct {
        const char *heading;
        xca_xds_column column;
    } cases[] = {
        {"異動形式", XCA_XDS_KIND},
        {"新組織(團體)\n機關代碼", XCA_XDS_SCHOOL_CODE},
        {"新組織（團體） 統一編號", XCA_XDS_UBN},
        {"新組織(團體)全稱", XCA_XDS_NAME},
        {"全稱", XCA_XDS_NAME},
        {"原組織(團體) 全稱", XCA_XDS_FORMER},
        {"原名稱", XCA_XDS_FORMER},
        {"新組織(團體)Ｅ－ｍａｉｌ", XCA_XDS_EMAIL},
        {"連絡人 Email", XCA_XDS_CONTACT_EMAIL},
        {"聯絡人 E-mail", XCA_XDS_CONTACT_EMAIL},
        {"聯絡人", XCA_XDS_CONTACT},
        {"初審(主管)機關\n全稱", XCA_XDS_AUTHORITY},
        {"Kind of change", XCA_XDS_KIND},
        {"CONTACT'S E-MAIL", XCA_XDS_CONTACT_EMAIL},
        {"Former full name", XCA_XDS_FORMER},
        {"備註", XCA_XDS_COLUMN_COUNT},
        {"", XCA_XDS_COLUMN_COUNT},
        {"新組織(團體)", XCA_XDS_COLUMN_COUNT},
    };
    size_t i;
    int column;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(xca_xds_column_of(cases[i].heading, test_pool), cases[i].column);
    }
    for (column = 0; column < XCA_XDS_COLUMN_COUNT; column++) { /* and all that we write ourselves */
        assert_int_equal(xca_xds_column_of(xca_xds_heading((xca_xds_column)column), test_pool), column);
        assert_int_equal(xca_xds_column_by_id(xca_xds_column_id((xca_xds_column)column)), column);
    }
}

static void test_kinds_are_known_in_the_sheets_words_shorter_ones_and_english(void **state) {
    static const char *const words[XCA_XDS_KIND_COUNT][4] = {{"新增組織及團體", "新增", "add", "ＡＤＤ"},
                                                             {"組織及團體改隸", "改隸", "move", " Move "},
                                                             {"修改組織及團體屬性資料", "修改屬性資料", "修改", "change"},
                                                             {"組織及團體裁撤", "裁撤", "裁 撤", "abolish"}};
    int kind, i;

    for (kind = 0; kind < XCA_XDS_KIND_COUNT; kind++) {
        for (i = 0; i < 4; i++) {
            assert_int_equal(xca_xds_kind_of(words[kind][i], test_pool), kind);
        }
    }
    assert_int_equal(xca_xds_kind_of("撤銷", test_pool), XCA_XDS_KIND_COUNT);
    assert_int_equal(xca_xds_kind_of("新增裁撤", test_pool), XCA_XDS_KIND_COUNT);
}

static void test_a_right_row_of_each_kind_is_right(void **state) {
    xca_xds_row_t row;

    assert_null(CHECK(&row, "kind", "新增", "name", "財團法人新基金會", "ubn", "０４５９５２５７", "authority", "法務部", "address",
                      "臺北市大安區和平東路二段106號", "zip", "106", "contact_email", "a@example.org.tw"));
    assert_int_equal(row.kind, XCA_XDS_ADD);
    assert_string_equal(row.values[XCA_XDS_UBN], "04595257");
    assert_null(CHECK(&row, "kind", "新增", "name", "臺北市立建國高級中學", "ubn", "04595257", "authority", "臺北市政府教育局",
                      "school_code", "379051000u"));
    assert_string_equal(row.values[XCA_XDS_SCHOOL_CODE], "379051000U");
    assert_null(CHECK(&row, "kind", "改隸", "former", "財團法人測試基金會", "authority", "教育部"));
    assert_null(CHECK(&row, "kind", "修改", "former", "財團法人測試基金會", "phone", "02-27377592"));
    assert_null(CHECK(&row, "kind", "修改", "name", "財團法人測試基金會", "phone", "02-27377592"));
    assert_null(CHECK(&row, "kind", "裁撤", "former", "財團法人測試基金會"));
    assert_null(CHECK(&row, "kind", "裁撤", "name", "財團法人測試基金會"));
    assert_null(CHECK(&row, "kind", "裁撤", "name", "財團法人測試基金會", "former", "財團法人 測試基金會"));
}

static void test_what_is_wrong_is_told_by_column(void **state) {
    xca_xds_row_t row;
    xca_error_t *err = CHECK(&row, "kind", "撤銷", "ubn", "12345678", "name", "財團法人?基金會", "address", "和平東路二段106號", "zip",
                             "10", "phone", "1", "email", "a", "contact_email", "a@b", "school_code", "1");

    assert_string_equal(message_for(err, "kind"), "xds.kind");
    assert_string_equal(message_for(err, "ubn"), "ubn.check");
    assert_string_equal(message_for(err, "name"), "import.damaged-name");
    assert_string_equal(message_for(err, "address"), "xds.address-county");
    assert_string_equal(message_for(err, "zip"), "xds.zip");
    assert_string_equal(message_for(err, "phone"), "phone.form");
    assert_string_equal(message_for(err, "email"), "email.form");
    assert_string_equal(message_for(err, "contact_email"), "email.form");
    assert_string_equal(message_for(err, "school_code"), "school-code.form");
    assert_int_equal(count_errors(err), 9);
}

static void test_each_kind_says_what_it_needs(void **state) {
    xca_xds_row_t row;
    xca_error_t *err = CHECK(&row, "kind", "新增", "former", "甲");

    assert_string_equal(message_for(err, "name"), "field.required");
    assert_string_equal(message_for(err, "ubn"), "field.required");
    assert_string_equal(message_for(err, "authority"), "field.required");
    assert_string_equal(message_for(err, "former"), "xds.not-with-add");
    err = CHECK(&row, "kind", "改隸");
    assert_string_equal(message_for(err, "former"), "xds.former-needed");
    assert_string_equal(message_for(err, "authority"), "field.required");
    assert_string_equal(message_for(CHECK(&row, "kind", "修改", "phone", "02-27377592"), "former"), "xds.former-needed");
    assert_string_equal(message_for(CHECK(&row, "kind", "修改", "former", "甲"), "kind"), "xds.nothing-to-change");
    assert_string_equal(message_for(CHECK(&row, "kind", "修改", "name", "甲"), "kind"), "xds.nothing-to-change");
    assert_string_equal(message_for(CHECK(&row, "kind", "裁撤"), "former"), "xds.former-needed");
    assert_string_equal(message_for(CHECK(&row, "kind", "裁撤", "former", "甲", "name", "乙"), "name"), "xds.two-names");
    assert_string_equal(message_for(CHECK(&row, "former", "甲"), "kind"), "field.required");
    assert_string_equal(message_for(CHECK(&row, "kind", "新增", "name", "甲診所", "ubn", "04595257", "authority", "乙", "school_code",
                                          "379051000U"),
                                    "school_code"),
                        "school-code.only-schools");
    assert_string_equal(message_for(CHECK(&row, "kind", "修改", "former", "甲", "address", "臺北市大安區和平東路1號", "zip", "802"), "zip"),
                        "xds.zip-elsewhere");
}

static void test_long_and_broken_values_are_told(void **state) {
    xca_xds_row_t row;

    assert_string_equal(message_for(CHECK(&row, "kind", "裁撤", "former", long_text(201, 'a')), "former"), "field.too-long");
    assert_string_equal(message_for(CHECK(&row, "kind", "裁撤", "former", "a\xe2\x80\xae"), "former"), "field.characters");
    assert_string_equal(message_for(CHECK(&row, "kind", "裁撤", "former", "   "), "former"), "xds.former-needed");
}

static void test_empty_cells_change_nothing(void **state) {
    xca_xds_row_t row;
    xca_org_t *after;

    assert_null(CHECK(&row, "kind", "修改", "former", "財團法人測試基金會", "phone", "02-12345678", "email", "new@example.org.tw"));
    after = xca_xds_apply(&row, &foundation, read_postal(), test_pool);
    assert_string_equal(after->phone, "02-12345678");
    assert_string_equal(after->email, "new@example.org.tw");
    assert_string_equal(after->name, foundation.name);
    assert_string_equal(after->address, foundation.address);
    assert_string_equal(after->oid, foundation.oid);
    assert_int_equal(after->state, XCA_ORG_ACTIVE);
    assert_null(xca_xds_ends(&row, &foundation, test_pool));
    assert_int_equal(xca_org_differences(test_pool, after, xca_xds_apply(&row, after, read_postal(), test_pool))->nelts, 0);
}

static void test_an_address_in_another_county_moves_the_place(void **state) {
    xca_xds_row_t row;
    xca_org_t *after;

    assert_null(CHECK(&row, "kind", "修改", "former", "財團法人測試基金會", "address", "高雄市鳳山區光復路二段132號"));
    after = xca_xds_apply(&row, &foundation, read_postal(), test_pool);
    assert_string_equal(after->county, "高雄市");
    assert_string_equal(after->district, "鳳山區");
    assert_string_equal(after->zip, "830");
}

static void test_a_new_organisation_gets_class_place_and_arc(void **state) {
    xca_xds_row_t row;
    xca_org_t *org;

    assert_null(CHECK(&row, "kind", "新增", "name", "臺北市立建國高級中學", "ubn", "04595257", "authority", "臺北市政府教育局"));
    org = xca_xds_apply(&row, NULL, read_postal(), test_pool);
    assert_int_equal(org->class, XCA_CLASS_SCHOOL);
    assert_string_equal(org->county, "臺北市"); /* by its name: there is no address */
    assert_string_equal(org->authority, "臺北市政府教育局");
    assert_string_equal(xca_xds_parent(org, test_pool), "2.16.886.111");
    assert_null(xca_xds_ends(&row, NULL, test_pool));
}

static void test_moving_renaming_and_abolishing_end_certificates(void **state) {
    xca_xds_row_t row;
    xca_org_t *after;

    assert_null(CHECK(&row, "kind", "改隸", "former", "財團法人測試基金會", "authority", "教育部"));
    assert_string_equal(xca_xds_ends(&row, &foundation, test_pool), "moved");
    after = xca_xds_apply(&row, &foundation, read_postal(), test_pool);
    assert_string_equal(after->authority, "教育部");
    assert_string_equal(after->oid, foundation.oid);
    assert_null(CHECK(&row, "kind", "修改", "former", "財團法人測試基金會", "name", "財團法人新測試基金會"));
    assert_string_equal(xca_xds_ends(&row, &foundation, test_pool), "renamed");
    assert_null(CHECK(&row, "kind", "裁撤", "former", "財團法人測試基金會", "phone", "02-12345678"));
    assert_string_equal(xca_xds_ends(&row, &foundation, test_pool), "abolished");
    after = xca_xds_apply(&row, &foundation, read_postal(), test_pool);
    assert_int_equal(after->state, XCA_ORG_ABOLISHED);
    assert_string_equal(after->phone, foundation.phone);
}

static void test_rows_come_back_from_their_text(void **state) {
    apr_array_header_t *rows = apr_array_make(test_pool, 2, sizeof(xca_xds_row_t)), *again;
    xca_xds_row_t row;
    const char *text;

    assert_null(CHECK(&row, "kind", "新增", "name", "甲,\"乙\"會", "ubn", "04595257", "authority", "=部", "phone", "+886-2-27377592"));
    APR_ARRAY_PUSH(rows, xca_xds_row_t) = row;
    assert_null(CHECK(&row, "kind", "裁撤", "former", "財團法人測試基金會"));
    row.number = 7;
    row.oid = foundation.oid;
    APR_ARRAY_PUSH(rows, xca_xds_row_t) = row;
    text = xca_xds_write(test_pool, rows);
    assert_string_equal(text, "row,oid,kind,school_code,ubn,name,zip,address,phone,fax,email,former,contact,contact_email,authority\r\n"
                              "5,,add,,04595257,\"甲,\"\"乙\"\"會\",,,'+886-2-27377592,,,,,,'=部\r\n"
                              "7,2.16.886.104.100008,abolish,,,,,,,,,財團法人測試基金會,,,\r\n");
    assert_null(xca_xds_read(&again, text, strlen(text), test_pool));
    assert_int_equal(again->nelts, 2);
    assert_string_equal(xca_xds_write(test_pool, again), text);
    assert_true(xca_xds_same(&APR_ARRAY_IDX(again, 0, xca_xds_row_t), &APR_ARRAY_IDX(rows, 0, xca_xds_row_t)));
    assert_false(xca_xds_same(&APR_ARRAY_IDX(again, 0, xca_xds_row_t), &APR_ARRAY_IDX(rows, 1, xca_xds_row_t)));
}

static void test_a_text_that_we_did_not_write_is_refused(void **state) {
#define HEAD "row,oid,kind,school_code,ubn,name,zip,address,phone,fax,email,former,contact,contact_email,authority\r\n"
    static const char *const texts[] = {"",
                                        "row,oid\r\n",
                                        HEAD "x,,add,,,,,,,,,,,,\r\n",
                                        HEAD "1,,give,,,,,,,,,,,,\r\n",
                                        HEAD "1,,add,,\r\n",
                                        HEAD "1,1.2.3,abolish,,,,,,,,,,,,\r\n",
                                        HEAD "0,,add,,,,,,,,,,,,\r\n",
                                        HEAD "2,,add,,,,,,,,,,,,\r\n1,,add,,,,,,,,,,,,\r\n",
                                        HEAD "1,,add,,\xff,,,,,,,,,,\r\n"};
    apr_array_header_t *rows;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_string_equal(message_of(xca_xds_read(&rows, texts[i], strlen(texts[i]), test_pool)), "xds.unreadable");
    }
    assert_null(xca_xds_read(&rows, HEAD, strlen(HEAD), test_pool));
    assert_int_equal(rows->nelts, 0);
}

static xca_error_t *open_sheet(xca_xds_preview_t **preview, xca_bytes_t file) {
    return xca_xds_open(preview, file.data, file.length, NULL, read_postal(), test_pool);
}

static const xca_catalogue_t *read_texts(void) {
    xca_catalogue_t *texts;

    assert_null(xca_catalogue_read(&texts, "htdocs/catalogue", test_pool));
    return texts;
}

static void test_the_empty_sheet_reads_back_in_both_languages_and_formats(void **state) {
    static const xca_sheet_format formats[] = {XCA_SHEET_XLSX, XCA_SHEET_ODS};
    const xca_catalogue_t *texts = read_texts();
    apr_array_header_t *rows = apr_array_make(test_pool, 1, sizeof(xca_xds_row_t));
    xca_xds_row_t row;
    int i, column;

    assert_null(CHECK(&row, "kind", "改隸", "former", "財團法人測試基金會", "authority", "教育部", "phone", "02-27377592"));
    APR_ARRAY_PUSH(rows, xca_xds_row_t) = row;
    for (i = 0; i < 4; i++) {
        xca_language language = i % 2 == 0 ? XCA_ZH : XCA_EN;
        xca_xds_preview_t *preview;
        xca_bytes_t file;

        assert_null(xca_xds_template(&file, formats[i / 2], texts, language, NULL, test_pool));
        assert_string_equal(message_of(open_sheet(&preview, file)), "xds.empty");
        assert_null(xca_xds_template(&file, formats[i / 2], texts, language, rows, test_pool));
        assert_null(open_sheet(&preview, file));
        assert_string_equal(preview->table, "異動表");
        assert_int_equal(preview->unknown->nelts, 0);
        assert_int_equal(preview->right, 1);
        assert_true(xca_xds_same(&APR_ARRAY_IDX(preview->lines, 0, xca_xds_line_t).row, &row));
        for (column = 0; column < XCA_XDS_COLUMN_COUNT; column++) {
            assert_int_equal(preview->places[column], column);
        }
    }
}

static const char *open_text(const char *text) {
    const xca_bytes_t bytes = {(const unsigned char *)text, strlen(text)};
    xca_xds_preview_t *preview;
    xca_error_t *err = open_sheet(&preview, bytes);

    return err != NULL ? err->message : apr_psprintf(test_pool, "%d+%d", preview->right, preview->wrong);
}

static void test_columns_may_stand_in_any_order_and_titles_above_them(void **state) {
    assert_string_equal(open_text("備註,原名稱,異動形式\n,財團法人測試基金會,裁撤\n"), "1+0");
    assert_string_equal(open_text("某某機關異動申請表\n115年\n異動形式,原名稱\n裁撤,甲\n,\n撤銷,乙\n"), "1+1");
    assert_string_equal(open_text("甲,乙\n1,2\n"), "xds.no-headings");
    assert_string_equal(open_text("全稱,地址\n1,2\n"), "xds.no-kind");
    assert_string_equal(open_text("異動形式,全稱,全稱\n裁撤,甲,乙\n"), "xds.heading-twice");
    assert_string_equal(open_text("異動形式,全稱\n"), "xds.empty");
}

static void test_cells_that_cannot_be_taken_are_told_by_name(void **state) {
    apr_size_t length;
    const char *data = read_text("tests/data/sheets/cells.xlsx", &length);
    xca_xds_preview_t *preview;
    const xca_xds_line_t *lines;

    assert_null(xca_xds_open(&preview, data, length, NULL, read_postal(), test_pool));
    lines = (const xca_xds_line_t *)preview->lines->elts;
    assert_int_equal(preview->lines->nelts, 5);
    assert_string_equal(message_for(lines[0].wrong, "ubn"), "xds.zero-lost");
    assert_string_equal(message_for(lines[0].wrong, "phone"), "xds.zero-lost");
    assert_string_equal(message_for(lines[1].wrong, "former"), "xds.cell-formula");
    assert_string_equal(message_for(lines[2].wrong, "former"), "xds.cell-date");
    assert_string_equal(message_for(lines[3].wrong, "former"), "xds.cell-merged");
    assert_string_equal(message_for(lines[4].wrong, "former"), "xds.cell-merged");
}

static void test_more_rows_than_a_sheet_may_have_are_told(void **state) {
    apr_array_header_t *pieces = apr_array_make(test_pool, 2002, sizeof(const char *));
    int i;

    APR_ARRAY_PUSH(pieces, const char *) = "異動形式,全稱\n";
    for (i = 0; i <= XCA_XDS_ROWS_MAX; i++) {
        APR_ARRAY_PUSH(pieces, const char *) = "裁撤,甲\n";
    }
    assert_string_equal(open_text(apr_array_pstrcat(test_pool, pieces, '\0')), "sheet.too-many-rows");
    pieces->nelts--;
    assert_string_equal(open_text(apr_array_pstrcat(test_pool, pieces, '\0')), "2000+0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_headings_are_known_in_any_form),
        TEST(test_kinds_are_known_in_the_sheets_words_shorter_ones_and_english),
        TEST(test_a_right_row_of_each_kind_is_right),
        TEST(test_what_is_wrong_is_told_by_column),
        TEST(test_each_kind_says_what_it_needs),
        TEST(test_long_and_broken_values_are_told),
        TEST(test_empty_cells_change_nothing),
        TEST(test_an_address_in_another_county_moves_the_place),
        TEST(test_a_new_organisation_gets_class_place_and_arc),
        TEST(test_moving_renaming_and_abolishing_end_certificates),
        TEST(test_rows_come_back_from_their_text),
        TEST(test_a_text_that_we_did_not_write_is_refused),
        TEST(test_the_empty_sheet_reads_back_in_both_languages_and_formats),
        TEST(test_columns_may_stand_in_any_order_and_titles_above_them),
        TEST(test_cells_that_cannot_be_taken_are_told_by_name),
        TEST(test_more_rows_than_a_sheet_may_have_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
