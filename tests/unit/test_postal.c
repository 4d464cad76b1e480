#include "domain_fixture.h"

static const char *place(const char *address, const char *zip) {
    const xca_district_t *found = xca_postal_of_address(read_postal(), address, zip, test_pool);

    return found == NULL ? ""
                         : apr_pstrcat(test_pool, found->zip, found->county, found->district, NULL);
}

static void test_counties_are_offered_in_the_lists_order(void **state) {
    const apr_array_header_t *counties = xca_postal_counties(read_postal());

    assert_int_equal(counties->nelts, 22);
    assert_string_equal(APR_ARRAY_IDX(counties, 0, const xca_district_t *)->county, "臺北市");
    assert_string_equal(APR_ARRAY_IDX(counties, 0, const xca_district_t *)->county_en,
                        "Taipei City");
    assert_string_equal(APR_ARRAY_IDX(counties, 21, const xca_district_t *)->county, "連江縣");
}

static void test_districts_of_a_county_come_with_their_postal_codes(void **state) {
    const xca_postal_t *postal = read_postal();
    const apr_array_header_t *districts = xca_postal_districts(postal, "基隆市");

    assert_int_equal(districts->nelts, 7);
    assert_string_equal(xca_postal_find(postal, "基隆市", "七堵區")->zip, "206");
    assert_int_equal(xca_postal_districts(postal, "台北市")->nelts, 12);
    assert_int_equal(xca_postal_districts(postal, "臺北縣")->nelts, 0);
    assert_int_equal(xca_postal_districts(postal, "")->nelts, 0);
    assert_int_equal(xca_postal_districts(postal, NULL)->nelts, 0);
}

static void test_district_of_another_county_is_not_found(void **state) {
    const xca_postal_t *postal = read_postal();

    assert_string_equal(xca_postal_find(postal, "台東縣", "台東市")->county, "臺東縣");
    assert_null(xca_postal_find(postal, "基隆市", "大安區"));
    assert_null(xca_postal_find(postal, "基隆市", "七堵"));
    assert_null(xca_postal_find(postal, "基隆市", "七堵區x"));
    assert_null(xca_postal_find(postal, NULL, "七堵區"));
    assert_null(xca_postal_find(postal, "基隆市", NULL));
}

static void test_place_is_taken_from_the_start_of_an_address(void **state) {
    assert_string_equal(place("臺北市大安區羅斯福路四段1號", NULL), "106臺北市大安區");
    assert_string_equal(place("台北市大安區羅斯福路4段1號", NULL), "106臺北市大安區");
    assert_string_equal(place("206基隆市七堵區明德一路1號", NULL), "206基隆市七堵區");
    assert_string_equal(place("10617 臺北市 大安區 羅斯福路四段1號", NULL), "106臺北市大安區");
    assert_string_equal(place("台灣省花蓮縣壽豐鄉志學村大學路二段1號", NULL), "974花蓮縣壽豐鄉");
    assert_string_equal(place("新北市林口區忠孝二路５５號", NULL), "244新北市林口區");
}

static void test_addresses_from_before_the_counties_were_merged_are_understood(void **state) {
    assert_string_equal(place("桃園縣中壢市中北路200號", NULL), "320桃園市中壢區");
    assert_string_equal(place("臺北縣板橋市府中路29之2號", NULL), "220新北市板橋區");
    assert_string_equal(place("高雄縣鳳山市青年路1段100號", NULL), "830高雄市鳳山區");
    assert_string_equal(place("台南縣永康市中山路1號", NULL), "710臺南市永康區");
}

static void test_postal_code_decides_where_the_address_leaves_it_open(void **state) {
    assert_string_equal(place("台北市忠孝東路1段2號", "100"), "100臺北市中正區");
    assert_string_equal(place("台北市忠孝東路1段2號", "10051"), "100臺北市中正區");
    assert_string_equal(place("台北市忠孝東路1段2號", NULL), "");
    assert_string_equal(place("", "206"), "206基隆市七堵區");
    assert_string_equal(place("新竹市光復路二段101號", "300"), ""); /* three districts share it */
    assert_string_equal(place("新竹市東區光復路二段101號", "300"), "300新竹市東區");
}

static void test_address_wins_over_a_postal_code_that_contradicts_it(void **state) {
    assert_string_equal(place("臺北市大安區羅斯福路四段1號", "206"), "106臺北市大安區");
    assert_string_equal(place("臺北市羅斯福路四段1號", "206"), "");
}

static void test_address_that_starts_with_its_district_is_found_if_there_is_one_such(void **state) {
    assert_string_equal(place("屏東市民生路30巷2號", NULL), "900屏東縣屏東市");
    assert_string_equal(place("士林區文林路546號9樓", NULL), "111臺北市士林區");
    assert_string_equal(place("信義區莊敬路325巷37號", NULL), ""); /* Taipei and Keelung */
    assert_string_equal(place("信義區莊敬路325巷37號", "110"), "110臺北市信義區");
}

static void test_address_that_tells_nothing_has_no_place(void **state) {
    assert_string_equal(place("", NULL), "");
    assert_string_equal(place(NULL, NULL), "");
    assert_string_equal(place("test", NULL), "");
    assert_string_equal(place("臺北市", NULL), "");
    assert_string_equal(place("東京都千代田區", "1000001"), "");
    assert_string_equal(place(long_text(100000, '1'), "999"), "");
}

static void test_county_is_told_also_by_its_former_name(void **state) {
    const xca_postal_t *postal = read_postal();

    assert_string_equal(xca_postal_county(postal, "台北市")->county, "臺北市");
    assert_string_equal(xca_postal_county(postal, "桃園縣")->county, "桃園市");
    assert_string_equal(xca_postal_county(postal, "臺北縣政府")->county, "新北市");
    assert_null(xca_postal_county(postal, "中央機關"));
    assert_null(xca_postal_county(postal, ""));
    assert_null(xca_postal_county(postal, NULL));
}

static void test_every_place_of_the_table_is_found_by_its_own_address(void **state) {
    const xca_postal_t *postal = read_postal();
    const apr_array_header_t *counties = xca_postal_counties(postal);
    int i, j;

    for (i = 0; i < counties->nelts; i++) {
        const char *county = APR_ARRAY_IDX(counties, i, const xca_district_t *)->county;
        const apr_array_header_t *districts = xca_postal_districts(postal, county);

        for (j = 0; j < districts->nelts; j++) {
            const xca_district_t *here = APR_ARRAY_IDX(districts, j, const xca_district_t *);
            const char *address =
                apr_pstrcat(test_pool, here->county, here->district, "中山路1號", NULL);

            assert_ptr_equal(xca_postal_of_address(postal, address, NULL, test_pool), here);
            assert_ptr_equal(xca_postal_find(postal, here->county, here->district), here);
        }
    }
}

static void test_table_with_a_wrong_row_is_refused_by_its_line(void **state) {
    static const char *const wrong[] = {
        "zipcode,county,district\n100,臺北市,中正區\n10,臺北市,大同區\n",
        "zipcode,county,district\n100,臺北市,中正區\nabc,臺北市,大同區\n",
        "zipcode,county,district\n100,臺北市,中正區\n103,,大同區\n",
        "zipcode,county,district\n100,臺北市,中正區\n103,臺北市\n",
        "zipcode,county,district\n100,臺北市,中正區\n103,\"臺北市\n"};
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        xca_postal_t *postal = NULL;
        xca_error_t *err = xca_postal_make(&postal, wrong[i], strlen(wrong[i]), test_pool);

        assert_string_equal(message_of(err), "csv.row");
        assert_string_equal(err->arg, "3");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_counties_are_offered_in_the_lists_order),
        TEST(test_districts_of_a_county_come_with_their_postal_codes),
        TEST(test_district_of_another_county_is_not_found),
        TEST(test_place_is_taken_from_the_start_of_an_address),
        TEST(test_addresses_from_before_the_counties_were_merged_are_understood),
        TEST(test_postal_code_decides_where_the_address_leaves_it_open),
        TEST(test_address_wins_over_a_postal_code_that_contradicts_it),
        TEST(test_address_that_starts_with_its_district_is_found_if_there_is_one_such),
        TEST(test_address_that_tells_nothing_has_no_place),
        TEST(test_county_is_told_also_by_its_former_name),
        TEST(test_every_place_of_the_table_is_found_by_its_own_address),
        TEST(test_table_with_a_wrong_row_is_refused_by_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
