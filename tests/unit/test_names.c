#include "domain_fixture.h"

#include "domain/names.h"

static const char *folded(const char *name) {
    return xca_name_fold(test_pool, name);
}

static void same(const char *a, const char *b) {
    assert_string_equal(folded(a), folded(b));
}

static void test_tai_is_the_same_in_both_ways_of_writing(void **state) {
    same("國立台灣大學", "國立臺灣大學");
    same("台北市", "臺北市");
    assert_string_equal(folded("台中"), "臺中");
}

static void test_common_variants_of_characters_are_the_same(void **state) {
    same("峯", "峰");
    same("人羣", "人群");
    same("那裏", "那裡");
    same("衞生所", "衛生所");
    same("敎育部", "教育部");
    same("爲公", "為公");
    same("眞理大學", "真理大學");
    same("屏東縣內埔鄉", "屏東縣内埔鄉");
    same("啓智", "啟智");
    same("温泉", "溫泉");
    same("凉山", "涼山");
    same("汙水", "污水");
    same("体育會", "體育會");
    same("恆春鎮", "恒春鎮");
    same("新竹巿", "新竹市"); /* U+5DFF looks like 市 */
    same("黃氏宗祠", "黄氏宗祠");
    same("德育", "徳育");
}

static void test_full_width_and_case_do_not_matter(void **state) {
    same("ＹＭＣＡ", "ymca");
    same("第１２３號", "第123號");
    assert_string_equal(folded("IEEE Taipei"), "ieeetaipei");
    same("École", "école");
}

static void test_brackets_punctuation_and_spaces_do_not_matter(void **state) {
    same("臺北市實永非營利幼兒園（委託財團法人彭婉如文教基金會辦理）",
         "臺北市實永非營利幼兒園(委託財團法人彭婉如文教基金會辦理)");
    same("圓覺宗智敏、慧華金剛上師", "圓覺宗智敏慧華金剛上師");
    same("「愛」‧心・會．a-b", "愛心會ab");
    same("  國立　臺灣 大學\t", "國立臺灣大學");
    assert_string_equal(folded("（）「」、・．-—…！？"), "");
    assert_string_equal(folded(""), "");
}

static void test_different_names_stay_different(void **state) {
    assert_string_not_equal(folded("中山國小"), folded("中正國小"));
    assert_string_not_equal(folded("第1分校"), folded("第2分校"));
    assert_string_not_equal(folded("〇"), folded("")); /* the numeral zero is no punctuation */
}

static void test_folding_twice_is_folding_once(void **state) {
    static const char *const names[] = {"國立台灣大學（夜）", "ＡＢＣ　温泉",
                                        "産業總工會",         "緑島鄉",
                                        "敎师会·学会",        "\xf0\xa0\x80\x80"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_string_equal(folded(folded(names[i])), folded(names[i]));
    }
}

static void test_every_character_folds_to_one_that_stays(void **state) {
    long c;

    for (c = 1; c <= 0x10ffff; c++) {
        long to = xca_name_fold_point(c);

        assert_true(to >= 0);
        assert_true(to == 0 || xca_name_fold_point(to) == to);
    }
    assert_int_equal(xca_name_fold_point(-1), 0);
}

static void test_broken_bytes_are_dropped(void **state) {
    assert_string_equal(folded("a\xff"
                               "b\xe4\xb8"),
                        "ab");
}

static const char *joined(apr_array_header_t *grams) {
    return apr_array_pstrcat(test_pool, grams, ' ');
}

static void test_name_is_indexed_by_its_singles_and_pairs(void **state) {
    assert_string_equal(joined(xca_name_grams(test_pool, "臺大")), "臺 大 臺大");
    assert_string_equal(joined(xca_name_grams(test_pool, "臺灣")), "臺 灣 臺灣");
    assert_string_equal(joined(xca_name_grams(test_pool, "abab")), "a b ab ba");
    assert_int_equal(xca_name_grams(test_pool, "")->nelts, 0);
}

static void test_keyword_asks_for_its_pairs_or_its_one_character(void **state) {
    assert_string_equal(joined(xca_keyword_grams(test_pool, "臺")), "臺");
    assert_string_equal(joined(xca_keyword_grams(test_pool, "臺灣大學")), "臺灣 灣大 大學");
    assert_string_equal(joined(xca_keyword_grams(test_pool, "aaaa")), "aa");
    assert_int_equal(xca_keyword_grams(test_pool, "")->nelts, 0);
}

static int holds(apr_array_header_t *grams, const char *wanted) {
    int i;

    for (i = 0; i < grams->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(grams, i, char *), wanted) == 0) {
            return 1;
        }
    }
    return 0;
}

static void test_every_part_of_a_name_finds_it(void **state) {
    const char *name = folded("財團法人台北市立心慈善基金會（ABC）");
    apr_array_header_t *has = xca_name_grams(test_pool, name);
    const char *from, *to;

    for (from = name; *from != '\0'; from++) {
        for (to = from + 1; ((unsigned char)*from & 0xc0) != 0x80; to++) {
            apr_array_header_t *asked;
            int i;

            if (((unsigned char)*to & 0xc0) == 0x80) {
                continue;
            }
            asked = xca_keyword_grams(test_pool,
                                      apr_pstrmemdup(test_pool, from, (apr_size_t)(to - from)));
            assert_true(asked->nelts > 0);
            for (i = 0; i < asked->nelts; i++) {
                assert_true(holds(has, APR_ARRAY_IDX(asked, i, char *)));
            }
            if (*to == '\0') {
                break;
            }
        }
    }
}

static void test_grams_of_an_endless_name_are_bounded(void **state) {
    char *name = apr_palloc(test_pool, 4 * 5000 + 1), *to = name;
    int i;

    for (i = 0; i < 5000; i++) {
        long c = 0x4e00 + i;

        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    *to = '\0';
    assert_int_equal(xca_name_grams(test_pool, name)->nelts, 2 * 200 - 1);
    assert_int_equal(xca_keyword_grams(test_pool, name)->nelts, XCA_KEYWORD_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_tai_is_the_same_in_both_ways_of_writing),
        TEST(test_common_variants_of_characters_are_the_same),
        TEST(test_full_width_and_case_do_not_matter),
        TEST(test_brackets_punctuation_and_spaces_do_not_matter),
        TEST(test_different_names_stay_different),
        TEST(test_folding_twice_is_folding_once),
        TEST(test_every_character_folds_to_one_that_stays),
        TEST(test_broken_bytes_are_dropped),
        TEST(test_name_is_indexed_by_its_singles_and_pairs),
        TEST(test_keyword_asks_for_its_pairs_or_its_one_character),
        TEST(test_every_part_of_a_name_finds_it),
        TEST(test_grams_of_an_endless_name_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
