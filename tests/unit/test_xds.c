#include "domain_fixture.h"

#include "domain/codes.h"
#include "domain/xds.h"

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
