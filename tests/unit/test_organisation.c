#include "domain_fixture.h"

#include <apr_file_io.h>
#include "domain/organisation.h"

static void told_by_name(xca_class class, const char *name) {
    if (xca_class_by_name(name) != class) {
        fail_msg("%s is not %s but %s", name, xca_class_get(class)->id,
                 xca_class_get(xca_class_by_name(name))->id);
    }
}

static void test_class_is_guessed_from_the_full_name(void **state) {
    told_by_name(XCA_CLASS_SCHOOL, "國立臺灣大學");
    told_by_name(XCA_CLASS_SCHOOL, "臺北市立建國高級中學");
    told_by_name(XCA_CLASS_SCHOOL, "臺北市松山區松山國民小學");
    told_by_name(XCA_CLASS_SCHOOL, "市立新進國小");
    told_by_name(XCA_CLASS_SCHOOL, "國立花蓮高工");
    told_by_name(XCA_CLASS_SCHOOL, "新北市私立茁壯園中和幼兒園");
    told_by_name(XCA_CLASS_SCHOOL, "慈濟學校財團法人慈濟大學");
    told_by_name(XCA_CLASS_FOUNDATION, "財團法人臺灣觀光協會");
    told_by_name(XCA_CLASS_FOUNDATION, "慈濟學校財團法人");
    told_by_name(XCA_CLASS_FOUNDATION, "國立臺中第二高級中學校友文教基金會");
    told_by_name(XCA_CLASS_ASSOCIATION, "社團法人世界和平婦女會台灣總會");
    told_by_name(XCA_CLASS_ASSOCIATION, "屏東縣理燙髮美容職業工會");
    told_by_name(XCA_CLASS_ASSOCIATION, "臺北縣板橋市農會");
    told_by_name(XCA_CLASS_ASSOCIATION, "有限責任臺灣區漁船產物保險合作社");
    told_by_name(XCA_CLASS_ADMINISTRATIVE, "行政法人國家災害防救科技中心");
    told_by_name(XCA_CLASS_PROFESSIONAL, "聯誠會計師事務所");
    told_by_name(XCA_CLASS_PROFESSIONAL, "仁杏藥師藥局");
    told_by_name(XCA_CLASS_OTHER, "高雄市私立敦煌英語短期補習班");
    told_by_name(XCA_CLASS_OTHER, "中華溝通分析協會");
    told_by_name(XCA_CLASS_OTHER, "大川醫院");
    told_by_name(XCA_CLASS_OTHER, "");
}

static void test_offices_of_the_government_are_no_professional_offices(void **state) {
    told_by_name(XCA_CLASS_OTHER, "苗栗縣苗栗地政事務所");
    told_by_name(XCA_CLASS_OTHER, "福建省連江縣北竿鄉戶政事務所");
}

static void test_only_foundations_and_professional_offices_go_without_a_card(void **state) {
    int i;

    for (i = 0; i < XCA_CLASS_COUNT; i++) {
        assert_int_equal(xca_class_get((xca_class)i)->card_less,
                         i == XCA_CLASS_FOUNDATION || i == XCA_CLASS_PROFESSIONAL);
    }
}

static void test_arcs_of_schools_and_foundations_are_the_registrys(void **state) {
    assert_string_equal(xca_class_get(XCA_CLASS_SCHOOL)->arc, "111");
    assert_string_equal(xca_class_get(XCA_CLASS_FOUNDATION)->arc, "104");
    assert_string_equal(xca_class_get(XCA_CLASS_SCHOOL)->subject_type, "2.16.886.1.100.3.2.11");
}

static void test_every_class_and_state_is_found_by_its_id(void **state) {
    int i;

    for (i = 0; i < XCA_CLASS_COUNT; i++) {
        assert_int_equal(xca_class_by_id(xca_class_get((xca_class)i)->id), i);
    }
    for (i = 0; i < XCA_ORG_STATE_COUNT; i++) {
        assert_int_equal(xca_org_state_by_id(xca_org_state_id((xca_org_state)i)), i);
    }
    assert_int_equal(xca_class_by_id("university"), XCA_CLASS_NONE);
    assert_int_equal(xca_class_by_id(NULL), XCA_CLASS_NONE);
    assert_int_equal(xca_org_state_by_id("gone"), XCA_ORG_STATE_COUNT);
    assert_int_equal(xca_org_state_by_id(NULL), XCA_ORG_STATE_COUNT);
}

/* Reads settings from a text. */
static xca_settings_t *settings_of(const char *text) {
    const char *folder;
    char *path;
    apr_file_t *file;
    xca_settings_t *settings = NULL;

    assert_int_equal(apr_temp_dir_get(&folder, test_pool), APR_SUCCESS);
    path = apr_pstrcat(test_pool, folder, "/xca-settings-XXXXXX", NULL);
    assert_int_equal(apr_file_mktemp(&file, path, 0, test_pool), APR_SUCCESS);
    assert_int_equal(apr_file_write_full(file, text, strlen(text), NULL), APR_SUCCESS);
    assert_null(xca_settings_read(&settings, path, test_pool)); /* the file goes with the pool */
    return settings;
}

/* The last test: what it sets is gone with its pool. */
static void test_arcs_and_subject_types_can_be_set(void **state) {
    xca_settings_t *changed =
        settings_of("class.other.arc = 120.5\nclass.other.subject-type = 2.16.886.1.100.3.2.99\n");

    assert_null(xca_classes_configure(changed, test_pool));
    assert_string_equal(xca_class_get(XCA_CLASS_OTHER)->arc, "120.5");
    assert_string_equal(xca_class_get(XCA_CLASS_OTHER)->subject_type, "2.16.886.1.100.3.2.99");
    assert_string_equal(xca_class_get(XCA_CLASS_SCHOOL)->arc, "111");
}

static void test_arc_setting_that_is_none_is_refused_by_name(void **state) {
    xca_error_t *err =
        xca_classes_configure(settings_of("class.school.arc = schools\n"), test_pool);

    assert_string_equal(message_of(err), "settings.oid");
    assert_string_equal(err->arg, "class.school.arc");
    err = xca_classes_configure(settings_of("class.other.subject-type = x\n"), test_pool);
    assert_string_equal(message_of(err), "settings.oid");
    assert_string_equal(err->arg, "class.other.subject-type");
    assert_string_equal(xca_class_get(XCA_CLASS_SCHOOL)->arc, "111");
}

static const char *differences(const xca_org_t *a, const xca_org_t *b) {
    return apr_array_pstrcat(test_pool, xca_org_differences(test_pool, a, b), ' ');
}

static void test_changed_fields_of_an_organisation_are_named(void **state) {
    xca_org_t a = {.oid = "2.16.886.111.100000", .name = "國立臺灣大學", .class = XCA_CLASS_SCHOOL};
    xca_org_t b = a;

    assert_string_equal(differences(&a, &b), "");
    b.fax = "";
    assert_string_equal(differences(&a, &b), "");
    b.name = "國立台灣大學";
    b.phone = "(02)33663366";
    b.state = XCA_ORG_ABOLISHED;
    assert_string_equal(differences(&a, &b), "name state phone");
    b = a;
    b.name_en = b.ubn = b.school_code = b.source_key = b.county = b.district = b.zip = b.address =
        b.phone = b.fax = b.url = b.note = "x";
    b.class = XCA_CLASS_OTHER;
    assert_string_equal(differences(&a, &b), "name_en class ubn school_code source_key county "
                                             "district zip address phone fax url note");
}

static void test_what_no_import_sets_is_no_difference(void **state) {
    xca_org_t a = {.oid = "2.16.886.111.100000", .name = "國立臺灣大學"};
    xca_org_t b = a;

    b.email = "office@example.tw";
    b.has_children = 1;
    b.modified = 5;
    assert_string_equal(differences(&a, &b), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_class_is_guessed_from_the_full_name),
        TEST(test_offices_of_the_government_are_no_professional_offices),
        TEST(test_only_foundations_and_professional_offices_go_without_a_card),
        TEST(test_arcs_of_schools_and_foundations_are_the_registrys),
        TEST(test_every_class_and_state_is_found_by_its_id),
        TEST(test_arc_setting_that_is_none_is_refused_by_name),
        TEST(test_changed_fields_of_an_organisation_are_named),
        TEST(test_what_no_import_sets_is_no_difference),
        TEST(test_arcs_and_subject_types_can_be_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
