/* Real tables of organisations into a real directory and out again. */
#include "slapd_fixture.h"

#include <stdio.h>
#include <string.h>
#include "directory/record.h"
#include "operations/oid_import.h"

static slapd_t *slapd;
static xca_office_t office;
static apr_pool_t *pool;

static const char *const tables[] = {
    "tools/demo/data/gov_oid.csv",
    "tools/demo/data/schools.csv",
    "tools/demo/data/schools_2014_full_names.csv",
    "tools/demo/data/npo_ubn.csv",
    "tools/demo/data/foundations_associations_names.csv",
    "tools/demo/data/pharmacies_clinics.csv",
    "tools/demo/data/cram_schools_sample.csv",
};
#define TABLES (int)(sizeof(tables) / sizeof(tables[0]))

static const char *file(const char *path, apr_size_t *length) {
    const char *text;

    assert_done(xca_file_read(&text, length, path, 16 * 1024 * 1024, pool));
    return text;
}

static int start(void **state) {
    xca_postal_t *postal;
    const char *text;
    apr_size_t length;

    apr_pool_create(&pool, NULL);
    slapd = slapd_with_tree(pool);
    text = file("htdocs/data/postal3.csv", &length);
    assert_done(xca_postal_make(&postal, text, length, pool));
    office.store = slapd_store(slapd, "admin", pool);
    office.postal = postal;
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static void show_wrong(void *baton, int line, const xca_error_t *err) {
    apr_array_header_t *lines = baton;

    APR_ARRAY_PUSH(lines, const char *) =
        apr_psprintf(pool, "%d %s %s", line, err->field ? err->field : "-", err->message);
}

static xca_import_report_t import_text(const char *text, apr_size_t length,
                                       apr_array_header_t *wrong) {
    xca_import_report_t report;
    apr_pool_t *own;

    apr_pool_create(&own, pool);
    assert_done(xca_oid_import(&report, &office, text, length, show_wrong, wrong, own));
    apr_pool_destroy(own);
    return report;
}

static xca_import_report_t import_table(const char *path) {
    apr_size_t length;
    const char *text = file(path, &length);

    return import_text(text, length, apr_array_make(pool, 16, sizeof(char *)));
}

static xca_error_t *append(void *baton, const char *text, apr_size_t length) {
    APR_ARRAY_PUSH((apr_array_header_t *)baton, const char *) = apr_pstrmemdup(pool, text, length);
    return NULL;
}

static const char *exported(xca_export_format format) {
    apr_array_header_t *parts = apr_array_make(pool, 5000, sizeof(char *));

    assert_done(xca_oid_export(&office, format, append, parts, pool));
    return apr_array_pstrcat(pool, parts, '\0');
}

static void test_tables_go_in_and_again_change_nothing(void **state) {
    int i, rows = 0;
    apr_time_t began = apr_time_now();
    const char *before;

    for (i = 0; i < TABLES; i++) {
        xca_import_report_t report = import_table(tables[i]);

        print_message("%s: %d added, %d changed, %d unchanged, %d wrong\n", tables[i], report.added,
                      report.changed, report.unchanged, report.wrong);
        rows += report.added + report.changed + report.unchanged;
        assert_true(report.added > 0);
    }
    print_message("%d rows in %d ms\n", rows, (int)apr_time_as_msec(apr_time_now() - began));
    before = exported(XCA_EXPORT_CSV);
    for (i = TABLES - 1; i >= 0; i--) {
        xca_import_report_t report = import_table(tables[i]);

        assert_int_equal(report.added, 0);
        assert_int_equal(report.changed, 0);
    }
    assert_string_equal(exported(XCA_EXPORT_CSV), before);
}

static void test_the_export_read_again_changes_nothing(void **state) {
    const char *csv = exported(XCA_EXPORT_CSV);
    apr_array_header_t *wrong = apr_array_make(pool, 4, sizeof(char *));
    xca_import_report_t report = import_text(csv, strlen(csv), wrong);

    assert_int_equal(report.added, 0);
    assert_int_equal(report.changed, 0);
    if (wrong->nelts > 0) {
        fail_msg("%s", APR_ARRAY_IDX(wrong, 0, const char *));
    }
}

static void test_the_competent_authority_is_exported_and_read_back(void **state) {
    apr_array_header_t *wrong = apr_array_make(pool, 4, sizeof(char *)), *found;
    const char *csv, *without;
    xca_org_t *org, changed;

    assert_done(xca_org_search(&found, NULL, office.store, "藥局", NULL, 1, pool));
    org = APR_ARRAY_IDX(found, 0, xca_org_t *);
    without = exported(XCA_EXPORT_CSV);
    changed = *org;
    changed.authority = "衛生福利部";
    assert_done(xca_org_update(office.store, org, &changed, pool));
    csv = exported(XCA_EXPORT_CSV);
    assert_non_null(strstr(csv, ",衛生福利部\r\n"));
    assert_non_null(strstr(exported(XCA_EXPORT_JSON), "\"authority\":\"衛生福利部\""));
    assert_non_null(strstr(exported(XCA_EXPORT_LDIF), "xcaAuthority:: 6KGb55Sf56aP5Yip6YOo"));
    assert_int_equal(import_text(csv, strlen(csv), wrong).changed, 0);
    assert_int_equal(import_text(without, strlen(without), wrong).changed, 1); /* as it was before */
    assert_string_equal(exported(XCA_EXPORT_CSV), without);
    assert_int_equal(import_text(csv, strlen(csv), wrong).changed, 1);
    assert_string_equal(exported(XCA_EXPORT_CSV), csv);
    assert_int_equal(wrong->nelts, 0);
}

static void test_the_same_tables_give_the_same_tree(void **state) {
    const char *first = exported(XCA_EXPORT_CSV);
    xca_store_t *first_store = office.store;
    slapd_t *second = slapd_with_tree(pool);
    int i;

    office.store = slapd_store(second, "admin", pool);
    for (i = 0; i < TABLES; i++) {
        import_table(tables[i]);
    }
    assert_string_equal(exported(XCA_EXPORT_CSV), first);
    office.store = first_store;
    slapd_remove(second);
}

static void test_wrong_rows_are_told_and_the_others_go_in(void **state) {
    static const char text[] = "name,business_no,county,kind_by_name,love_code,short_name,"
                               "check_mod10,check_mod5\r\n"
                               "財團法人匯入測試基金會,12345678,臺北市,財團法人,1,,,\r\n"
                               "財團法人匯入正確基金會,10458570,臺北市,財團法人,2,,,\r\n"
                               "\"沒有結束的引號,1,2\r\n";
    apr_array_header_t *wrong = apr_array_make(pool, 4, sizeof(char *));
    xca_import_report_t report = import_text(text, sizeof(text) - 1, wrong);
    xca_org_t *org;
    apr_array_header_t *found;

    assert_int_equal(report.added, 1);
    assert_int_equal(report.wrong, 2);
    assert_string_equal(APR_ARRAY_IDX(wrong, 0, const char *), "2 business_no ubn.check");
    assert_done(xca_org_search(&found, NULL, office.store, "匯入正確", NULL, 2, pool));
    assert_int_equal(found->nelts, 1);
    org = APR_ARRAY_IDX(found, 0, xca_org_t *);
    assert_string_equal(org->ubn, "10458570");
    assert_non_null(strstr(org->oid, "2.16.886.104."));
}

static void test_a_changed_row_updates_its_organisation(void **state) {
    static const char text[] = "nhi_code,name,kind,address,phone\r\n"
                               "5901234567,匯入藥局,藥局,臺北市大安區和平東路１號,02-1\r\n";
    static const char changed[] = "nhi_code,name,kind,address,phone\r\n"
                                  "5901234567,匯入大藥局,藥局,臺北市大安區和平東路２號,02-1\r\n";
    apr_array_header_t *wrong = apr_array_make(pool, 4, sizeof(char *)), *found;
    xca_import_report_t report = import_text(text, sizeof(text) - 1, wrong);

    assert_int_equal(report.added, 1);
    report = import_text(changed, sizeof(changed) - 1, wrong);
    assert_int_equal(report.added, 0);
    assert_int_equal(report.changed, 1);
    assert_done(xca_org_search(&found, NULL, office.store, "匯入大藥局", NULL, 2, pool));
    assert_int_equal(found->nelts, 1);
    assert_done(xca_org_search(&found, NULL, office.store, "匯入藥局", NULL, 2, pool));
    assert_int_equal(found->nelts, 0);
}

static void test_an_agency_that_is_not_found_yet_is_once_its_row_is_read_again(void **state) {
    static const char text[] = "oid,dn,name,org_code,parent_path,zip,address,phone,fax,url,name_en,effective\r\n"
                               "2.16.886.101.20099,\"o=匯入院,c=TW\",匯入院,900000000A,,100,台北市重慶南路1段122號,02-23113731,,,,\r\n";
    apr_array_header_t *wrong = apr_array_make(pool, 4, sizeof(char *)), *found;
    xca_changes_t *changes = xca_changes_make(pool);

    assert_int_equal(import_text(text, sizeof(text) - 1, wrong).added, 1);
    xca_changes_text(changes, "xcaNameKey", NULL); /* as earlier versions left it */
    xca_changes_text(changes, "xcaNameGram", NULL);
    assert_done(xca_ldap_modify(office.store->ldap, xca_org_dn(office.store, "2.16.886.101.20099", pool), changes, NULL, NULL, NULL, pool));
    assert_done(xca_org_search_all(&found, NULL, office.store, "匯入院", NULL, 2, pool));
    assert_int_equal(found->nelts, 0);
    assert_int_equal(import_text(text, sizeof(text) - 1, wrong).changed, 1);
    assert_done(xca_org_search_all(&found, NULL, office.store, "匯入院", NULL, 2, pool));
    assert_int_equal(found->nelts, 1);
    assert_int_equal(import_text(text, sizeof(text) - 1, wrong).unchanged, 1);
}

static int count_of(const char *text, const char *part) {
    int count = 0;

    for (; (text = strstr(text, part)) != NULL; text++) {
        count++;
    }
    return count;
}

static void test_the_three_exports_have_the_same_arcs(void **state) {
    const char *csv = exported(XCA_EXPORT_CSV);
    int arcs = count_of(csv, "\n2.16.886.");

    assert_true(arcs > 2000);
    assert_int_equal(count_of(exported(XCA_EXPORT_LDIF), "dn: xcaArc="), arcs);
    assert_int_equal(count_of(exported(XCA_EXPORT_JSON), "\"oid\":\"2.16.886."), arcs);
    assert_null(strstr(csv, "office@"));
}

/* A second directory, filled with LDIF by slapadd, has the same tree. */
static void slapadd_gives_the_same_tree(const char *options, const char *ldif, const char *csv) {
    xca_store_t *first_store = office.store;
    slapd_t *second = slapd_with_tree(pool);
    FILE *pipe;

    slapd_stop(second);
    pipe = popen(apr_psprintf(pool, "PATH=$PATH:/usr/sbin slapadd %s -f %s/slapd.conf 2>%s/slapadd.log", options,
                              second->home, second->home),
                 "w");
    assert_non_null(pipe);
    assert_true(fputs(ldif, pipe) >= 0);
    pclose(pipe);
    slapd_start(second);
    office.store = slapd_store(second, "admin", pool);
    assert_string_equal(exported(XCA_EXPORT_CSV), csv);
    office.store = first_store;
    slapd_remove(second);
}

static void test_a_table_as_ldif_loads_with_slapadd(void **state) {
    const char *csv = exported(XCA_EXPORT_CSV);
    apr_array_header_t *parts = apr_array_make(pool, 5000, sizeof(char *));
    apr_array_header_t *wrong = apr_array_make(pool, 4, sizeof(char *));
    xca_import_report_t report;

    assert_done(xca_oid_ldif(&report, &office, csv, strlen(csv), show_wrong, wrong, append, parts,
                             pool));
    assert_int_equal(report.wrong, 0);
    slapadd_gives_the_same_tree("-q", apr_array_pstrcat(pool, parts, '\0'), csv);
}

/* It has the first arcs, too, which are there: -c goes on behind them. */
static void test_the_export_as_ldif_loads_with_slapadd(void **state) {
    slapadd_gives_the_same_tree("-c", exported(XCA_EXPORT_LDIF), exported(XCA_EXPORT_CSV));
}

static void test_an_import_into_a_directory_that_is_down_says_so(void **state) {
    xca_import_report_t report;
    apr_size_t length;
    const char *text = file(tables[1], &length);
    apr_array_header_t *wrong = apr_array_make(pool, 4, sizeof(char *));

    slapd_kill(slapd);
    assert_error(xca_oid_import(&report, &office, text, length, show_wrong, wrong, pool),
                 "ldap.down");
    slapd_start(slapd);
    assert_int_equal(import_table(tables[1]).added, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_go_in_and_again_change_nothing),
        cmocka_unit_test(test_the_export_read_again_changes_nothing),
        cmocka_unit_test(test_the_same_tables_give_the_same_tree),
        cmocka_unit_test(test_the_competent_authority_is_exported_and_read_back),
        cmocka_unit_test(test_wrong_rows_are_told_and_the_others_go_in),
        cmocka_unit_test(test_a_changed_row_updates_its_organisation),
        cmocka_unit_test(test_an_agency_that_is_not_found_yet_is_once_its_row_is_read_again),
        cmocka_unit_test(test_the_three_exports_have_the_same_arcs),
        cmocka_unit_test(test_a_table_as_ldif_loads_with_slapadd),
        cmocka_unit_test(test_the_export_as_ldif_loads_with_slapadd),
        cmocka_unit_test(test_an_import_into_a_directory_that_is_down_says_so),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, start, stop);
}
