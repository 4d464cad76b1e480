#include "domain_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include "operations/import.h"

/* What came out of a file. */
typedef struct {
    xca_table table;
    apr_array_header_t *rows; /* xca_import_row_t * */
    apr_array_header_t *bad;  /* "line column message arg" */
} result_t;

static xca_error_t *import_text(result_t *result, const char *text, apr_size_t length) {
    xca_import_t *import = NULL;
    xca_error_t *err = xca_import_open(&import, text, length, read_postal(), test_pool);

    result->rows = apr_array_make(test_pool, 100, sizeof(const xca_import_row_t *));
    result->bad = apr_array_make(test_pool, 10, sizeof(const char *));
    if (err != NULL) {
        return err;
    }
    result->table = xca_import_table(import);
    for (;;) {
        const xca_import_row_t *row;
        int line = 0;

        err = xca_import_next(import, &row, &line, test_pool);
        if (err != NULL) {
            assert_null(row);
            APR_ARRAY_PUSH(result->bad, const char *) =
                apr_psprintf(test_pool, "%d %s %s %s", line, err->field ? err->field : "-",
                             err->message, err->arg ? err->arg : "-");
            continue;
        }
        if (row == NULL) {
            return NULL;
        }
        APR_ARRAY_PUSH(result->rows, const xca_import_row_t *) = row;
    }
}

static result_t import_lines(const char *text) {
    result_t result;

    assert_string_equal(message_of(import_text(&result, text, strlen(text))), "");
    return result;
}

static result_t import_file(const char *path) {
    apr_size_t length;
    const char *text = read_text(path, &length);
    result_t result;

    assert_string_equal(message_of(import_text(&result, text, length)), "");
    return result;
}

static const xca_import_row_t *row_at(const result_t *result, int i) {
    assert_true(i < result->rows->nelts);
    return APR_ARRAY_IDX(result->rows, i, const xca_import_row_t *);
}

static const char *bad_at(const result_t *result, int i) {
    return i < result->bad->nelts ? APR_ARRAY_IDX(result->bad, i, const char *) : "";
}

/* The row of the file with this name; fails if there is none. */
static const xca_import_row_t *row_named(const result_t *result, const char *name) {
    int i;

    for (i = 0; i < result->rows->nelts; i++) {
        if (strcmp(row_at(result, i)->org.name, name) == 0) {
            return row_at(result, i);
        }
    }
    fail_msg("no row %s", name);
    return NULL;
}

#define SCHOOLS                                                                                    \
    "school_year_roc,level,school_code,name,public_private,county,zip,address,phone,url,"          \
    "source\r\n"

static void test_university_is_numbered_right_below_the_arc_of_schools(void **state) {
    result_t result = import_file("tools/demo/data/schools.csv");
    const xca_import_row_t *row = row_named(&result, "國立臺灣大學");

    assert_int_equal(result.table, XCA_TABLE_SCHOOLS);
    assert_null(row->org.oid);
    assert_int_equal(row->org.class, XCA_CLASS_SCHOOL);
    assert_string_equal(row->org.source_key, "school:0003");
    assert_string_equal(row->org.county, "臺北市");
    assert_string_equal(row->org.district, "大安區");
    assert_string_equal(row->org.zip, "106");
    assert_string_equal(row->parent, "2.16.886.111");
}

static void test_other_schools_are_numbered_below_county_and_township(void **state) {
    result_t result = import_lines(
        SCHOOLS "114,國民小學,114732,市立新進國小,公立,臺南市,730,臺南市新營區中正路41號,(06)"
                "6322378,https://x.tw,s\r\n"
                "103,國民中學,124505,市立某某國中,公立,臺北市,,臺北市中山區中正路１號,,,s\r\n"
                "103,國民中學,034505,縣立某某國中,公立,桃園縣,,,,,s\r\n");
    const xca_org_t *org = &row_at(&result, 0)->org;

    assert_int_equal(result.bad->nelts, 0);
    assert_string_equal(row_at(&result, 0)->parent, "2.16.886.111.90015.90025");
    assert_string_equal(org->phone, "(06)6322378");
    assert_string_equal(org->url, "https://x.tw");
    assert_string_equal(row_at(&result, 1)->parent, "2.16.886.111.90001.90003");
    assert_string_equal(row_at(&result, 1)->org.address, "臺北市中山區中正路1號");
    assert_string_equal(row_at(&result, 1)->org.zip, "104");
    /* a county of before, and no address: the county is all that is known */
    assert_string_equal(row_at(&result, 2)->parent, "2.16.886.111.90007");
    assert_string_equal(row_at(&result, 2)->org.county, "桃園市");
    assert_null(row_at(&result, 2)->org.district);
}

static void test_localities_have_the_names_of_the_postal_table(void **state) {
    const xca_postal_t *postal = read_postal();

    assert_string_equal(xca_import_locality(postal, "2.16.886.111.90001"), "臺北市");
    assert_string_equal(xca_import_locality(postal, "2.16.886.111.90001.90003"), "中山區");
    assert_string_equal(xca_import_locality(postal, "2.16.886.111.90022"), "連江縣");
    assert_null(xca_import_locality(postal, "2.16.886.111"));
    assert_null(xca_import_locality(postal, "2.16.886.111.90000"));
    assert_null(xca_import_locality(postal, "2.16.886.111.90023"));
    assert_null(xca_import_locality(postal, "2.16.886.111.90001.90099"));
    assert_null(xca_import_locality(postal, "2.16.886.111.90001.90003.1"));
    assert_null(xca_import_locality(postal, "2.16.886.111.100000"));
    assert_null(xca_import_locality(postal, "2.16.886.1110.90001"));
    assert_null(xca_import_locality(postal, "2.16.886.104.90001"));
    assert_null(xca_import_locality(postal, ""));
}

static void test_of_several_school_years_the_newest_counts_wherever_it_stands(void **state) {
    result_t result = import_lines(SCHOOLS "114,國民小學,114732,新名國小,公立,臺南市,,,,,s\r\n"
                                           "106,國民小學,114732,舊名國小,公立,臺南市,,,,,s\r\n"
                                           "101,大專校院,0026,舊名大學,,高雄市,,,,,s\r\n"
                                           "108-109,大專校院,0026,新名大學,,高雄市,,,,,s\r\n"
                                           "103,國民小學,114733,先列國小,公立,臺南市,,,,,s\r\n"
                                           "103,國民小學,114733,後列國小,公立,臺南市,,,,,s\r\n");

    assert_int_equal(result.bad->nelts, 0);
    assert_int_equal(result.rows->nelts, 3);
    assert_string_equal(row_at(&result, 0)->org.name, "新名國小");
    assert_string_equal(row_at(&result, 1)->org.name, "新名大學");
    assert_string_equal(row_at(&result, 2)->org.name, "後列國小"); /* of one year the later line */
}

static void test_complete_high_school_is_one_school_by_its_code(void **state) {
    result_t result = import_file("tools/demo/data/schools.csv");
    int i, j;

    assert_int_equal(result.bad->nelts, 0);
    assert_true(result.rows->nelts > 900 && result.rows->nelts < 998);
    for (i = 0; i < result.rows->nelts; i++) {
        for (j = 0; j < i; j++) {
            assert_string_not_equal(row_at(&result, i)->org.source_key,
                                    row_at(&result, j)->org.source_key);
        }
    }
}

static void test_school_rows_with_wrong_data_are_named_and_the_others_go_in(void **state) {
    result_t result = import_lines(SCHOOLS "114,國民小學,114732,市立新進國小,公立,臺南市,,,,,s\r\n"
                                           "114,國民小學,11473,市立甲國小,公立,臺南市,,,,,s\r\n"
                                           "114,國民小學,,市立乙國小,公立,臺南市,,,,,s\r\n"
                                           "114,國民小學,114735,,公立,臺南市,,,,,s\r\n"
                                           "114,國民小學,114736,市立?國小,公立,臺南市,,,,,s\r\n"
                                           "114,國民小學,114737,市立丁國小,公立,滿洲國,,,,,s\r\n"
                                           "114,國民小學,114738,市立戊國小,公立,臺南市,,,\r\n"
                                           "114,國民小學,114739,\"市立己國小,公立,臺南市,,,,,s\r\n"
                                           "114,國民小學,114740,市立\xa4國小,公立,臺南市,,,,,s\r\n"
                                           "114,國民小學,114741,市立庚國小,公立,臺南市,,,,,s\r\n");

    assert_int_equal(result.rows->nelts, 2);
    assert_string_equal(row_at(&result, 1)->org.name, "市立庚國小");
    assert_int_equal(result.bad->nelts, 8);
    assert_string_equal(bad_at(&result, 0), "3 school_code import.code 11473");
    assert_string_equal(bad_at(&result, 1), "4 school_code field.required -");
    assert_string_equal(bad_at(&result, 2), "5 name field.required -");
    assert_string_equal(bad_at(&result, 3), "6 name import.damaged-name -");
    assert_string_equal(bad_at(&result, 4), "7 county address.county -");
    assert_string_equal(bad_at(&result, 5), "8 - import.columns 9");
    assert_string_equal(bad_at(&result, 6), "9 - csv.quote 9:4");
    assert_string_equal(bad_at(&result, 7), "10 - csv.utf8 10:4");
}

static void test_schools_full_names_bring_unified_numbers(void **state) {
    result_t result = import_file("tools/demo/data/schools_2014_full_names.csv");
    const xca_import_row_t *row = row_named(&result, "中原大學");

    assert_int_equal(result.table, XCA_TABLE_SCHOOL_NAMES);
    assert_int_equal(result.rows->nelts, 8);
    assert_int_equal(result.bad->nelts, 0);
    assert_string_equal(row->org.ubn, "45002502");
    assert_string_equal(row->org.source_key, "ubn:45002502");
    assert_string_equal(row->org.county, "桃園市"); /* 桃園縣中壢市 then */
    assert_string_equal(row->org.district, "中壢區");
    assert_string_equal(row->parent, "2.16.886.111");
}

static void test_school_without_any_number_is_found_again_by_name_and_place(void **state) {
    result_t result = import_lines("name,category,address,business_no\r\n"
                                   "市立仁愛國小,公立國民小學,臺北市大安區安和路1段60號,\r\n"
                                   "市立仁愛國小,公立國民小學,台中市北區某路1號,\r\n"
                                   "市立仁愛國小,公立國民小學,臺北市大安區別路2號,\r\n");

    assert_int_equal(result.rows->nelts, 2);
    assert_string_equal(row_at(&result, 0)->org.source_key,
                        "name:school:市立仁愛國小:臺北市大安區");
    assert_string_equal(row_at(&result, 1)->org.source_key, "name:school:市立仁愛國小:臺中市北區");
    assert_string_equal(bad_at(&result, 0), "4 name import.duplicate 2");
}

static void test_love_code_list_has_numbers_classes_and_counties(void **state) {
    result_t result = import_file("tools/demo/data/npo_ubn.csv");
    const xca_import_row_t *row = row_named(&result, "社團法人世界和平婦女會台灣總會");
    int i, damaged = 0, twice = 0;

    assert_int_equal(result.table, XCA_TABLE_NPO);
    assert_string_equal(row->org.source_key, "ubn:77128504");
    assert_string_equal(row->org.ubn, "77128504");
    assert_int_equal(row->org.class, XCA_CLASS_ASSOCIATION);
    assert_string_equal(row->org.county, "臺北市");
    assert_string_equal(row->parent, "2.16.886.103");
    assert_int_equal(row_named(&result, "財團法人地球公民基金會")->org.class, XCA_CLASS_FOUNDATION);
    assert_int_equal(row_named(&result, "中華動物希望協會")->org.class, XCA_CLASS_OTHER);
    for (i = 0; i < result.bad->nelts; i++) {
        damaged += strstr(bad_at(&result, i), " name import.damaged-name") != NULL;
        twice += strstr(bad_at(&result, i), " name import.duplicate") != NULL;
    }
    assert_int_equal(damaged, 25);
    assert_int_equal(twice, 1);
    assert_int_equal(result.rows->nelts, 798 - 26);
}

static void test_wrong_unified_number_is_told_by_its_column(void **state) {
    result_t result = import_lines("name,business_no,county,kind_by_name\n"
                                   "財團法人甲基金會,12345678,臺北市,財團法人\n"
                                   "財團法人乙基金會,123,臺北市,財團法人\n"
                                   "財團法人丙基金會,０４１３０３７９,,財團法人\n");

    assert_string_equal(bad_at(&result, 0), "2 business_no ubn.check -");
    assert_string_equal(bad_at(&result, 1), "3 business_no ubn.digits -");
    assert_string_equal(row_at(&result, 0)->org.ubn, "04130379");
    assert_null(row_at(&result, 0)->org.county);
}

static void test_names_of_the_courts_register_are_found_again_by_name(void **state) {
    result_t result = import_file("tools/demo/data/foundations_associations_names.csv");
    const xca_import_row_t *row = row_at(&result, 0);
    int i;

    assert_int_equal(result.table, XCA_TABLE_LEGAL_NAMES);
    assert_int_equal(result.rows->nelts + result.bad->nelts, 600);
    assert_non_null(row->parent);
    for (i = 0; i < result.rows->nelts; i++) {
        const char *key = row_at(&result, i)->org.source_key;

        assert_int_equal(strncmp(key, "name:", 5), 0);
        assert_null(strstr(key, "台"));
    }
}

static void test_name_that_differs_only_in_tai_is_the_same_organisation(void **state) {
    result_t result = import_lines("name,registered_on,kind_by_name\n"
                                   "財團法人台灣觀光協會,,財團法人\n"
                                   "財團法人臺灣觀光協會,,財團法人\n");

    assert_int_equal(result.rows->nelts, 1);
    assert_string_equal(row_at(&result, 0)->org.source_key, "name:foundation:財團法人臺灣觀光協會");
    assert_string_equal(row_at(&result, 0)->org.name, "財團法人台灣觀光協會");
    assert_string_equal(bad_at(&result, 0), "3 name import.duplicate 2");
}

static void test_pharmacies_are_professional_offices(void **state) {
    result_t result = import_file("tools/demo/data/pharmacies_clinics.csv");
    const xca_import_row_t *row = row_at(&result, 0);
    int i;

    assert_int_equal(result.table, XCA_TABLE_NHI);
    assert_int_equal(result.rows->nelts, 300);
    assert_int_equal(result.bad->nelts, 0);
    assert_string_equal(row->parent, "2.16.886.106");
    for (i = 0; i < 300; i++) {
        const xca_org_t *org = &row_at(&result, i)->org;

        assert_int_equal(org->class, XCA_CLASS_PROFESSIONAL);
        assert_int_equal(strncmp(org->source_key, "nhi:", 4), 0);
        assert_null(strstr(org->address, "１")); /* full-width digits are made half-width */
    }
}

static void test_health_stations_are_the_governments(void **state) {
    result_t result = import_lines(
        "nhi_code,name,kind,address,phone\n"
        "2331170017,新北市林口區衛生所,衛生所,新北市林口區忠孝二路５５號,(02)26068760\n"
        "0291010010,連江縣立醫院,醫療院所,連江縣南竿鄉復興村２１７號,(083)623995\n"
        "291010010,某醫院,醫療院所,連江縣南竿鄉復興村２１７號,\n");

    assert_int_equal(row_at(&result, 0)->org.class, XCA_CLASS_NONE);
    assert_string_equal(row_at(&result, 0)->parent, "2.16.886.101");
    assert_int_equal(row_at(&result, 1)->org.class, XCA_CLASS_OTHER);
    assert_string_equal(bad_at(&result, 0), "4 nhi_code import.code 291010010");
}

static void test_cram_schools_get_whole_addresses(void **state) {
    result_t result = import_lines("name,category,county,district,address\n"
                                   "甲短期補習班,文理,台北市,士林區,士林區文林路546號9樓\n"
                                   "乙短期補習班,文理,高雄市,鳳山市,高雄市鳳山區中山路1號\n"
                                   "丙短期補習班,外語,台北市,大安區,羅斯福路1號\n"
                                   "丁短期補習班,外語,台北市,七堵區,羅斯福路1號\n");

    assert_string_equal(row_at(&result, 0)->org.address, "臺北市士林區文林路546號9樓");
    assert_string_equal(row_at(&result, 0)->org.source_key, "name:other:甲短期補習班:臺北市士林區");
    assert_string_equal(row_at(&result, 0)->parent, "2.16.886.110");
    assert_string_equal(row_at(&result, 1)->org.address, "高雄市鳳山區中山路1號");
    assert_string_equal(row_at(&result, 1)->org.district, "鳳山區");
    assert_string_equal(row_at(&result, 2)->org.address, "臺北市大安區羅斯福路1號");
    assert_string_equal(bad_at(&result, 0), "5 district address.district -");
}

static void test_all_cram_schools_of_the_demo_go_in(void **state) {
    result_t result = import_file("tools/demo/data/cram_schools_sample.csv");
    int i;

    assert_int_equal(result.table, XCA_TABLE_CRAM_SCHOOLS);
    assert_int_equal(result.rows->nelts, 100);
    for (i = 0; i < 100; i++) {
        assert_int_equal(row_at(&result, i)->org.class, XCA_CLASS_OTHER);
        assert_non_null(row_at(&result, i)->org.county);
        assert_non_null(row_at(&result, i)->org.district);
    }
}

static void test_government_units_keep_their_numbers(void **state) {
    result_t result = import_file("tools/demo/data/gov_oid.csv");
    const xca_import_row_t *row = row_named(&result, "監察院");

    assert_int_equal(result.table, XCA_TABLE_GOV_OID);
    assert_int_equal(result.rows->nelts, 78);
    assert_string_equal(row->org.oid, "2.16.886.101.20007");
    assert_string_equal(row->org.source_key, "gov:2.16.886.101.20007");
    assert_int_equal(row->org.class, XCA_CLASS_NONE);
    assert_null(row->parent);
    assert_null(row->org.county); /* a national body, though its address is in 臺北市 */
}

static void test_government_unit_of_a_township_has_its_place_from_its_dn(void **state) {
    result_t result =
        import_lines("oid,dn,name,org_code,address\n"
                     "2.16.886.101.90010.90013,\"o=鄉公所,l=花壇鄉,l=彰化縣,c=TW\",花壇鄉公所,,\n"
                     ",\"ou=甲,c=TW\",甲,,\n"
                     "2.16.886.101.x,\"ou=乙,c=TW\",乙,,\n"
                     "1.2.3,\"ou=丙,c=TW\",丙,,\n"
                     "2.16.886.101.90010.90013,\"o=鄉公所,l=花壇鄉,l=彰化縣,c=TW\",花壇鄉公所,,\n");

    assert_string_equal(row_at(&result, 0)->org.county, "彰化縣");
    assert_string_equal(row_at(&result, 0)->org.district, "花壇鄉");
    assert_string_equal(bad_at(&result, 0), "3 oid field.required -");
    assert_string_equal(bad_at(&result, 1), "4 oid oid.form 2.16.886");
    assert_string_equal(bad_at(&result, 2), "5 oid oid.form 2.16.886");
    assert_string_equal(bad_at(&result, 3), "6 oid import.duplicate 2");
}

static void test_agency_codes_tell_schools_from_other_agencies(void **state) {
    result_t result = import_lines("org_code,name\n"
                                   "376450400A,苗栗縣苗栗地政事務所\n"
                                   "A095C0000Q,國立臺灣海洋大學\n"
                                   "379070100Y,臺北市信義區永春國民小學\n"
                                   "XC02750963,財團法人工業技術研究院\n"
                                   "XC02750960,財團法人甲研究院\n"
                                   "3290100005,行政院國家發展基金管理會\n");

    assert_int_equal(row_at(&result, 0)->org.class, XCA_CLASS_NONE);
    assert_string_equal(row_at(&result, 0)->org.source_key, "org-code:376450400A");
    assert_string_equal(row_at(&result, 0)->org.county, "苗栗縣");
    assert_string_equal(row_at(&result, 1)->org.school_code, "A095C0000Q");
    assert_string_equal(row_at(&result, 1)->parent, "2.16.886.111");
    assert_string_equal(row_at(&result, 2)->parent, "2.16.886.111.90001.90007");
    assert_string_equal(row_at(&result, 3)->org.ubn, "02750963");
    assert_int_equal(row_at(&result, 3)->org.class, XCA_CLASS_FOUNDATION);
    assert_string_equal(bad_at(&result, 0), "6 org_code ubn.check -");
    assert_string_equal(bad_at(&result, 1), "7 org_code import.code 3290100005");
}

static void test_table_is_recognised_by_its_columns_in_any_order(void **state) {
    result_t result = import_lines("\xef\xbb\xbf"
                                   " district ,address,name,category,extra,county\n"
                                   "士林區,文林路1號,甲短期補習班,文理,x,台北市\n");

    assert_int_equal(result.table, XCA_TABLE_CRAM_SCHOOLS);
    assert_string_equal(row_at(&result, 0)->org.district, "士林區");
}

static void test_file_that_is_no_known_table_is_refused_whole(void **state) {
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "a,b,c\n1,2,3\n",
                                        "dn,name,level,parent_dn\n",
                                        "zipcode,county,district\n",
                                        "<html>\n"};
    result_t result;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_string_equal(message_of(import_text(&result, texts[i], strlen(texts[i]))),
                            "import.unknown-table");
    }
    assert_string_equal(message_of(import_text(&result, "\"oid", 4)), "csv.quote");
}

/* All that an export has of a record, as one text. */
static const char *all_of(const xca_org_t *org) {
    return xca_import_export_line(test_pool, org);
}

static void test_export_comes_back_by_import_as_it_was(void **state) {
    static const char *const files[] = {"schools.csv", "npo_ubn.csv", "gov_oid.csv",
                                        "cram_schools_sample.csv", "pharmacies_clinics.csv"};
    size_t f;

    for (f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
        result_t first = import_file(apr_pstrcat(test_pool, "tools/demo/data/", files[f], NULL));
        apr_array_header_t *lines = apr_array_make(test_pool, 1000, sizeof(const char *));
        result_t again;
        int i;

        APR_ARRAY_PUSH(lines, const char *) = XCA_IMPORT_EXPORT_HEADER;
        for (i = 0; i < first.rows->nelts; i++) {
            xca_org_t *org = (xca_org_t *)&row_at(&first, i)->org;

            if (org->oid == NULL) {
                org->oid = apr_psprintf(test_pool, "2.16.886.104.%d", 100000 + i);
            }
            APR_ARRAY_PUSH(lines, const char *) = all_of(org);
        }
        again = import_lines(apr_array_pstrcat(test_pool, lines, '\0'));
        assert_int_equal(again.table, XCA_TABLE_EXPORT);
        assert_int_equal(again.bad->nelts, 0);
        assert_int_equal(again.rows->nelts, first.rows->nelts);
        for (i = 0; i < first.rows->nelts; i++) {
            assert_string_equal(all_of(&row_at(&again, i)->org), all_of(&row_at(&first, i)->org));
            assert_null(row_at(&again, i)->parent);
        }
    }
}

static void test_export_keeps_awkward_texts_states_and_nameless_arcs(void **state) {
    xca_org_t org = {.oid = "2.16.886.104.100008",
                     .name = "=財團法人\"甲\",乙基金會",
                     .name_en = "'+x",
                     .class = XCA_CLASS_FOUNDATION,
                     .state = XCA_ORG_UNIT,
                     .ubn = "04130379",
                     .phone = "+886-2-27377592",
                     .authority = "教育部(高教司)",
                     .note = "單位不得申請憑證, 詳見說明"};
    xca_org_t arc = {.oid = "2.16.886.111.90001", .class = XCA_CLASS_NONE};
    result_t result = import_lines(
        apr_pstrcat(test_pool, XCA_IMPORT_EXPORT_HEADER, all_of(&org), all_of(&arc), NULL));

    assert_int_equal(result.bad->nelts, 0);
    assert_int_equal(xca_org_differences(test_pool, &row_at(&result, 0)->org, &org)->nelts, 0);
    assert_string_equal(row_at(&result, 0)->org.name, org.name);
    assert_int_equal(row_at(&result, 0)->org.state, XCA_ORG_UNIT);
    assert_int_equal(xca_org_differences(test_pool, &row_at(&result, 1)->org, &arc)->nelts, 0);
}

static void test_export_rows_with_wrong_data_are_named(void **state) {
    result_t result = import_lines(XCA_IMPORT_EXPORT_HEADER
                                   ",甲,,other,active,,,,,,,,,,,,\r\n"
                                   "2.16.886.110.x,甲,,other,active,,,,,,,,,,,,\r\n"
                                   "2.16.886.110.1,甲,,club,active,,,,,,,,,,,,\r\n"
                                   "2.16.886.110.2,甲,,,active,,,,,,,,,,,,\r\n"
                                   "2.16.886.110.3,甲,,other,gone,,,,,,,,,,,,\r\n"
                                   "2.16.886.110.4,,,other,active,,,,,,,,,,,,\r\n"
                                   "2.16.886.110.5,甲,,other,active,12345678,,,,,,,,,,,\r\n"
                                   "2.16.886.110.6,甲,,school,active,,0001,,,,,,,,,,\r\n"
                                   "2.16.886.110.7,甲,,none,active,,,,,,,,,,,,\r\n");

    assert_string_equal(bad_at(&result, 0), "2 oid field.required -");
    assert_string_equal(bad_at(&result, 1), "3 oid oid.form 2.16.886");
    assert_string_equal(bad_at(&result, 2), "4 class import.class club");
    assert_string_equal(bad_at(&result, 3), "5 class import.class -");
    assert_string_equal(bad_at(&result, 4), "6 state import.state gone");
    assert_string_equal(bad_at(&result, 5), "7 name field.required -");
    assert_string_equal(bad_at(&result, 6), "8 ubn ubn.check -");
    assert_string_equal(bad_at(&result, 7), "9 school_code school-code.form -");
    assert_int_equal(result.rows->nelts, 1);
}

static void test_two_tables_tell_of_one_organisation(void **state) {
    xca_org_t school = {.name = "國立臺灣大學", .class = XCA_CLASS_SCHOOL, .county = "臺北市"};
    xca_org_t other = {.name = "國立台灣大學", .class = XCA_CLASS_SCHOOL, .ubn = "03734301"};

    assert_true(xca_import_same(&school, &other, test_pool));
    other.county = "雲林縣";
    assert_false(xca_import_same(&school, &other, test_pool));
    other.county = "臺北市";
    school.ubn = "03807654";
    assert_false(xca_import_same(&school, &other, test_pool));
    school.ubn = NULL;
    other.class = XCA_CLASS_OTHER;
    assert_false(xca_import_same(&school, &other, test_pool));
    school.class = other.class = XCA_CLASS_NONE; /* units of the government often share a name */
    assert_false(xca_import_same(&school, &other, test_pool));
}

static void test_pharmacies_of_one_name_in_one_town_stay_two(void **state) {
    xca_org_t one = {.name = "大樹藥局",
                     .class = XCA_CLASS_PROFESSIONAL,
                     .county = "高雄市",
                     .district = "前鎮區",
                     .source_key = "nhi:5907360619"};
    xca_org_t other = one, new_one = one;

    other.source_key = "nhi:5907360620";
    assert_false(xca_import_same(&one, &other, test_pool));
    new_one.source_key = NULL; /* one that registered itself */
    assert_true(xca_import_same(&one, &new_one, test_pool));
    new_one.district = "三民區";
    assert_false(xca_import_same(&one, &new_one, test_pool));
    new_one.district = NULL;
    new_one.source_key = "ubn:19310645";
    assert_true(xca_import_same(&one, &new_one, test_pool));
}

static void test_second_table_fills_what_is_empty_and_the_own_table_wins(void **state) {
    xca_org_t record = {.oid = "2.16.886.111.100000",
                        .name = "中原大學",
                        .class = XCA_CLASS_SCHOOL,
                        .address = "桃園市中壢區中北路200號",
                        .source_key = "school:1008"};
    xca_org_t names = {.name = "中原大學 ",
                       .class = XCA_CLASS_SCHOOL,
                       .ubn = "45002502",
                       .address = "桃園縣中壢市中北路200號",
                       .source_key = "ubn:45002502"};
    xca_org_t newer = {.name = "中原大學",
                       .class = XCA_CLASS_SCHOOL,
                       .phone = "(03)2659999",
                       .address = "桃園市中壢區新路1號",
                       .source_key = "school:1008"};
    xca_org_t *merged = xca_import_merge(test_pool, &record, &names, XCA_TABLE_SCHOOL_NAMES);
    xca_org_t *again;

    assert_string_equal(merged->ubn, "45002502");
    assert_string_equal(merged->name, "中原大學");
    assert_string_equal(merged->address, "桃園市中壢區中北路200號");
    assert_string_equal(merged->source_key, "school:1008");
    merged = xca_import_merge(test_pool, merged, &newer, XCA_TABLE_SCHOOLS);
    assert_string_equal(merged->address, "桃園市中壢區新路1號");
    assert_string_equal(merged->phone, "(03)2659999");
    assert_string_equal(merged->ubn, "45002502"); /* the table has none: it stays */
    again = xca_import_merge(test_pool, merged, &names, XCA_TABLE_SCHOOL_NAMES);
    again = xca_import_merge(test_pool, again, &newer, XCA_TABLE_SCHOOLS);
    assert_int_equal(xca_org_differences(test_pool, merged, again)->nelts, 0);
}

static void test_abolished_organisation_stays_so_and_export_replaces_all(void **state) {
    xca_org_t record = {.oid = "2.16.886.111.100000",
                        .name = "甲",
                        .class = XCA_CLASS_SCHOOL,
                        .state = XCA_ORG_ABOLISHED,
                        .fax = "02-1",
                        .source_key = "school:0001"};
    xca_org_t row = {.name = "甲", .class = XCA_CLASS_SCHOOL, .source_key = "school:0001"};

    assert_int_equal(xca_import_merge(test_pool, &record, &row, XCA_TABLE_SCHOOLS)->state,
                     XCA_ORG_ABOLISHED);
    row.oid = record.oid;
    assert_int_equal(xca_import_merge(test_pool, &record, &row, XCA_TABLE_EXPORT)->state,
                     XCA_ORG_ACTIVE);
    assert_null(xca_import_merge(test_pool, &record, &row, XCA_TABLE_EXPORT)->fax);
}

static void test_the_authority_is_cleared_by_an_export_that_has_the_column_empty(void **state) {
    static const char old[] = "oid,name,name_en,class,state,ubn,school_code,county,district,zip,address,phone,fax,url,note,source_key\r\n"
                              "2.16.886.111.100000,甲,,school,active,,,,,,,,,,,\r\n";
    xca_org_t record = {.oid = "2.16.886.111.100000", .name = "甲", .class = XCA_CLASS_SCHOOL, .authority = "教育部"};
    xca_org_t none = {.oid = "2.16.886.111.100000", .name = "甲", .class = XCA_CLASS_SCHOOL};
    result_t without = import_lines(old);
    result_t empty = import_lines(apr_pstrcat(test_pool, XCA_IMPORT_EXPORT_HEADER, all_of(&none), NULL));
    result_t named = import_lines(apr_pstrcat(test_pool, XCA_IMPORT_EXPORT_HEADER, all_of(&record), NULL));

    assert_string_equal(xca_import_merge(test_pool, &record, &row_at(&without, 0)->org, XCA_TABLE_EXPORT)->authority, "教育部");
    assert_string_equal(xca_import_merge(test_pool, &record, &row_at(&empty, 0)->org, XCA_TABLE_EXPORT)->authority, "");
    assert_string_equal(xca_import_merge(test_pool, &none, &row_at(&named, 0)->org, XCA_TABLE_EXPORT)->authority, "教育部");
}

/* A file of schools with `rows` rows, each code twice. */
static char *many_schools(int rows, apr_size_t *length) {
    char *text = malloc((size_t)rows * 80 + 200), *at = text;
    int i;

    at += sprintf(at, "%s", SCHOOLS);
    for (i = 0; i < rows; i++) {
        at += sprintf(at, "%d,國民小學,%06d,國小%d,公立,臺南市,,,,,s\n", 100 + i % 2, i / 2, i);
    }
    *length = (apr_size_t)(at - text);
    return text;
}

static int count_rows(const char *text, apr_size_t length) {
    const xca_postal_t *postal = read_postal();
    xca_import_t *import = NULL;
    apr_pool_t *row_pool;
    int rows = 0;

    assert_null(xca_import_open(&import, text, length, postal, test_pool));
    apr_pool_create(&row_pool, test_pool);
    for (;; rows++) {
        const xca_import_row_t *row;
        int line;

        apr_pool_clear(row_pool);
        assert_null(xca_import_next(import, &row, &line, row_pool));
        if (row == NULL) {
            return rows;
        }
    }
}

static void test_two_hundred_thousand_rows_are_read(void **state) {
    apr_size_t length;
    char *text = many_schools(200000, &length);

    assert_int_equal(count_rows(text, length), 100000);
    free(text);
}

static void test_more_rows_than_the_limit_are_refused_before_anything_comes_out(void **state) {
    apr_size_t length;
    char *text = many_schools(XCA_IMPORT_ROWS_MAX + 1, &length);
    xca_import_t *import = NULL;
    xca_error_t *err = xca_import_open(&import, text, length, read_postal(), test_pool);

    assert_string_equal(message_of(err), "import.too-many-rows");
    assert_int_equal(err->kind, XCA_E_TOO_LARGE);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_university_is_numbered_right_below_the_arc_of_schools),
        TEST(test_other_schools_are_numbered_below_county_and_township),
        TEST(test_localities_have_the_names_of_the_postal_table),
        TEST(test_of_several_school_years_the_newest_counts_wherever_it_stands),
        TEST(test_complete_high_school_is_one_school_by_its_code),
        TEST(test_school_rows_with_wrong_data_are_named_and_the_others_go_in),
        TEST(test_schools_full_names_bring_unified_numbers),
        TEST(test_school_without_any_number_is_found_again_by_name_and_place),
        TEST(test_love_code_list_has_numbers_classes_and_counties),
        TEST(test_wrong_unified_number_is_told_by_its_column),
        TEST(test_names_of_the_courts_register_are_found_again_by_name),
        TEST(test_name_that_differs_only_in_tai_is_the_same_organisation),
        TEST(test_pharmacies_are_professional_offices),
        TEST(test_health_stations_are_the_governments),
        TEST(test_cram_schools_get_whole_addresses),
        TEST(test_all_cram_schools_of_the_demo_go_in),
        TEST(test_government_units_keep_their_numbers),
        TEST(test_government_unit_of_a_township_has_its_place_from_its_dn),
        TEST(test_agency_codes_tell_schools_from_other_agencies),
        TEST(test_table_is_recognised_by_its_columns_in_any_order),
        TEST(test_file_that_is_no_known_table_is_refused_whole),
        TEST(test_export_comes_back_by_import_as_it_was),
        TEST(test_export_keeps_awkward_texts_states_and_nameless_arcs),
        TEST(test_export_rows_with_wrong_data_are_named),
        TEST(test_two_tables_tell_of_one_organisation),
        TEST(test_pharmacies_of_one_name_in_one_town_stay_two),
        TEST(test_second_table_fills_what_is_empty_and_the_own_table_wins),
        TEST(test_abolished_organisation_stays_so_and_export_replaces_all),
        TEST(test_the_authority_is_cleared_by_an_export_that_has_the_column_empty),
        TEST(test_two_hundred_thousand_rows_are_read),
        TEST(test_more_rows_than_the_limit_are_refused_before_anything_comes_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
