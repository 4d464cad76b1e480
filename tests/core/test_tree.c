/* The fixed tree, counters, the OID tree: numbers, order, search. */
#include "slapd_fixture.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "directory/org_store.h"

static slapd_t *slapd;
static xca_store_t *store; /* as admin */
static apr_pool_t *pool;

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    slapd = slapd_with_tree(pool);
    store = slapd_store(slapd, "admin", pool);
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static void test_preparing_again_changes_nothing(void **state) {
    xca_entry_t *ca;

    assert_done(xca_store_prepare(store, pool));
    assert_done(xca_ldap_read(&ca, store->ldap, CA_DN, NULL, pool));
    assert_string_equal(xca_entry_text(ca, "ou"), "組織及團體憑證管理中心");
}

#define THREADS 8
#define NUMBERS 50

static void *count(void *data) {
    apr_int64_t *numbers = data;
    apr_pool_t *own;
    int i;

    apr_pool_create(&own, NULL);
    for (i = 0; i < NUMBERS; i++) {
        if (xca_counter_next(&numbers[i], store, "case", own) != NULL) {
            numbers[i] = -1;
        }
    }
    apr_pool_destroy(own);
    return NULL;
}

static void test_eight_threads_get_different_numbers(void **state) {
    static apr_int64_t numbers[THREADS][NUMBERS];
    static char seen[THREADS * NUMBERS + 1];
    pthread_t threads[THREADS];
    int i, j;

    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count, numbers[i]), 0);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (i = 0; i < THREADS; i++) {
        for (j = 0; j < NUMBERS; j++) {
            assert_in_range(numbers[i][j], 1, THREADS * NUMBERS);
            assert_int_equal(seen[numbers[i][j]], 0);
            seen[numbers[i][j]] = 1;
        }
    }
}

static void test_oid_and_dn_are_one(void **state) {
    char *dn = xca_org_dn(store, "2.16.886.111.100000", pool);

    assert_string_equal(dn, "xcaArc=100000,xcaArc=111,ou=oid,ou=XCA,c=TW");
    assert_string_equal(xca_org_oid_of_dn(store, dn, pool), "2.16.886.111.100000");
    assert_string_equal(xca_org_dn(store, "2.16.886", pool), "ou=oid,ou=XCA,c=TW");
    assert_null(xca_org_dn(store, "2.16.887.1", pool));
    assert_null(xca_org_dn(store, "2.16.886.", pool));
    assert_null(xca_org_dn(store, "2.16.886.01", pool));
    assert_null(xca_org_dn(store, "2.16.886.1,ou=x", pool));
    assert_null(xca_org_dn(store, "2.16.8861", pool));
    assert_null(xca_org_dn(store, "2.16.886.2147483648", pool));
    assert_null(xca_org_oid_of_dn(store, "xcaArc=1,ou=cases,ou=XCA,c=TW", pool));
}

static xca_org_t *school(const char *name) {
    xca_org_t *org = apr_pcalloc(pool, sizeof(*org));

    org->name = name;
    org->class = XCA_CLASS_SCHOOL;
    org->ubn = "10458570";
    org->school_code = "0001";
    org->source_key = apr_pstrcat(pool, "test:", name, NULL);
    org->county = "臺北市";
    org->district = "大安區";
    org->zip = "106";
    org->address = "臺北市大安區羅斯福路四段1號";
    org->phone = "02-33663366 轉 1";
    org->fax = "02-23627651";
    org->url = "https://www.example.edu.tw/";
    org->email = "office@example.edu.tw";
    org->note = "附註，有逗號\n和換行";
    org->name_en = "Example University";
    return org;
}

static void test_an_organisation_comes_back_as_it_was_added(void **state) {
    xca_org_t *org = school("國立測試大學"), *back;

    assert_done(xca_org_add_next(store, org, "2.16.886.111", pool));
    assert_string_equal(org->oid, "2.16.886.111.100000");
    assert_done(xca_org_read(&back, store, org->oid, pool));
    assert_int_equal(xca_org_differences(pool, org, back)->nelts, 0);
    assert_string_equal(back->email, org->email);
    assert_int_equal(back->has_children, 0);
    assert_true(back->modified > 0);
    assert_done(xca_org_by_source_key(&back, store, "test:國立測試大學", pool));
    assert_string_equal(back->oid, org->oid);
    assert_done(xca_org_by_source_key(&back, store, "test:*", pool));
    assert_null(back);
    assert_error(xca_org_read(&back, store, "2.16.886.111.4711", pool), "org.not-found");
    assert_error(xca_org_read(&back, store, "1.2.3", pool), "org.not-found");
    assert_error(xca_org_add(store, org, pool), "ldap.exists");
}

static void test_an_update_writes_what_differs(void **state) {
    xca_org_t *org = school("更名前國小"), *back;
    xca_org_t changed;
    apr_array_header_t *found;
    int more;

    assert_done(xca_org_add_next(store, org, "2.16.886.111", pool));
    changed = *org;
    changed.name = "更名後國民小學";
    changed.fax = NULL;
    changed.state = XCA_ORG_ABOLISHED;
    assert_done(xca_org_update(store, org, &changed, pool));
    assert_done(xca_org_read(&back, store, org->oid, pool));
    assert_int_equal(xca_org_differences(pool, &changed, back)->nelts, 0);
    assert_done(xca_org_search(&found, &more, store, "更名前", NULL, 10, pool));
    assert_int_equal(found->nelts, 0);
    assert_done(xca_org_search(&found, &more, store, "更名後", NULL, 10, pool));
    assert_int_equal(found->nelts, 1);
    assert_done(xca_org_update(store, back, back, pool));
}

/* Arcs far apart, in an order that is not theirs: hundreds, ten thousands and millions are all crossed. */
static void test_children_come_in_numeric_order(void **state) {
    static const long arcs[] = {250123, 99,     2147483647, 100000, 7,        100099, 90001,
                                100100, 199999, 1,          200000, 30000000, 100001, 1000000};
    static const long in_order[] = {1,      7,      99,     90001,  100000,  100001,   100099,
                                    100100, 199999, 200000, 250123, 1000000, 30000000, 2147483647};
    const int count_all = sizeof(arcs) / sizeof(arcs[0]);
    apr_array_header_t *orgs;
    const char *after = NULL;
    int i, more, got = 0;

    for (i = 0; i < count_all; i++) {
        xca_org_t arc;

        memset(&arc, 0, sizeof(arc));
        arc.oid = apr_psprintf(pool, "2.16.886.101.%ld", arcs[i]);
        assert_done(xca_org_add(store, &arc, pool));
    }
    do {
        assert_done(xca_org_children(&orgs, &more, store, "2.16.886.101", after, 3, pool));
        assert_true(orgs->nelts > 0 && orgs->nelts <= 3);
        for (i = 0; i < orgs->nelts; i++) {
            const char *oid = APR_ARRAY_IDX(orgs, i, xca_org_t *)->oid;

            assert_string_equal(oid, apr_psprintf(pool, "2.16.886.101.%ld", in_order[got++]));
            after = strrchr(oid, '.') + 1;
        }
    } while (more);
    assert_int_equal(got, count_all);
    assert_done(xca_org_children(&orgs, &more, store, "2.16.886.101.7", NULL, 3, pool));
    assert_int_equal(orgs->nelts, 0);
    assert_error(xca_org_children(&orgs, &more, store, "2.16.886.999", NULL, 3, pool),
                 "org.not-found");
    assert_done(xca_org_children(&orgs, &more, store, "2.16.886", NULL, 100, pool));
    assert_string_equal(APR_ARRAY_IDX(orgs, 0, xca_org_t *)->oid, "2.16.886.101");
    assert_int_equal(APR_ARRAY_IDX(orgs, 0, xca_org_t *)->has_children, 1);
}

static void test_no_number_is_given_behind_the_last_one(void **state) {
    xca_org_t *org = school("滿");

    assert_error(xca_org_add_next(store, org, "2.16.886.101", pool), "org.no-number");
    assert_error(xca_org_add_next(store, org, "2.16.886.999", pool), "org.not-found");
}

static void *add_some(void *data) {
    apr_pool_t *own;
    int i, added = 0;

    apr_pool_create(&own, NULL);
    for (i = 0; i < 20; i++) {
        xca_org_t org;

        memset(&org, 0, sizeof(org));
        org.name = "同時登記的協會";
        org.class = XCA_CLASS_ASSOCIATION;
        if (xca_org_add_next(store, &org, "2.16.886.103", own) == NULL) {
            added++;
        }
    }
    apr_pool_destroy(own);
    *(int *)data = added;
    return NULL;
}

static void test_numbers_taken_at_the_same_time_are_different_and_without_gaps(void **state) {
    pthread_t threads[4];
    apr_array_header_t *orgs;
    int added[4], i, more;

    for (i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_some, &added[i]), 0);
    }
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(added[i], 20);
    }
    assert_done(xca_org_children(&orgs, &more, store, "2.16.886.103", NULL, 200, pool));
    assert_int_equal(orgs->nelts, 80);
    assert_string_equal(APR_ARRAY_IDX(orgs, 79, xca_org_t *)->oid, "2.16.886.103.100079");
}

typedef xca_error_t *search(apr_array_header_t **orgs, int *more, xca_store_t *store, const char *keyword, const char *ubn, int limit,
                            apr_pool_t *own);

static const char *names_by(search *with, const char *keyword, const char *ubn, int limit, int *more) {
    apr_array_header_t *orgs;
    const char *names = "";
    int i;

    assert_done(with(&orgs, more, store, keyword, ubn, limit, pool));
    for (i = 0; i < orgs->nelts; i++) {
        names = apr_pstrcat(pool, names, i > 0 ? " " : "", APR_ARRAY_IDX(orgs, i, xca_org_t *)->name,
                            NULL);
    }
    return names;
}

static const char *names_found(const char *keyword, const char *ubn, int limit, int *more) {
    return names_by(xca_org_search, keyword, ubn, limit, more);
}

static void test_search_gives_the_exact_name_first_then_beginnings(void **state) {
    static const char *const names[] = {"新竹縣仁愛國小", "仁愛國小附設幼兒園", "仁愛國小",
                                        "愛仁國小",       "仁愛小國",           "臺南仁愛堂"};
    int i, more;

    for (i = 0; i < 6; i++) {
        xca_org_t *org = school(names[i]);

        org->ubn = i == 5 ? "04595257" : NULL;
        assert_done(xca_org_add_next(store, org, "2.16.886.111", pool));
    }
    assert_string_equal(names_found("仁愛國小", NULL, 10, &more),
                        "仁愛國小 仁愛國小附設幼兒園 新竹縣仁愛國小");
    assert_int_equal(more, 0);
    assert_string_equal(names_found("仁愛國小", NULL, 2, &more), "仁愛國小 仁愛國小附設幼兒園");
    assert_int_equal(more, 1);
    assert_string_equal(names_found("台南", NULL, 10, &more), "臺南仁愛堂");
    assert_string_equal(names_found("堂", NULL, 10, &more), "臺南仁愛堂");
    assert_string_equal(names_found(NULL, "０４５９５２５７", 10, &more), "臺南仁愛堂");
    assert_string_equal(names_found("仁愛", "04595257", 10, &more), "臺南仁愛堂");
    assert_string_equal(names_found("國小", "04595257", 10, &more), "");
    assert_string_equal(names_found("", "", 10, &more), "");
    assert_string_equal(names_found("*)(xcaOid=*", NULL, 10, &more), "");
    assert_string_equal(names_found("學校", NULL, 10, &more), ""); /* an arc's name is no organisation */
}

static void add_agency(const char *oid, const char *name) {
    xca_org_t *org = apr_pcalloc(pool, sizeof(*org));

    org->oid = oid;
    org->name = name;
    assert_done(xca_org_add_path(store, oid, pool));
    assert_done(xca_org_add(store, org, pool));
}

static void test_agencies_are_found_behind_those_who_may_apply(void **state) {
    int more;
    xca_org_t *org = school("財團法人水務署獎學金基金會");

    org->class = XCA_CLASS_FOUNDATION;
    assert_done(xca_org_add_next(store, org, "2.16.886.104", pool));
    add_agency("2.16.886.101.20003.70001", "水務署");
    add_agency("2.16.886.101.20003.70002", "水務署第一分署");
    add_agency("2.16.886.101.20003.70003", "經濟部水務署");
    add_agency("2.16.886.114.70004", "水務署登記類"); /* a registration arc of another branch */
    add_agency("2.16.886.101.90077", "水務署縣");     /* a place, no agency */
    assert_string_equal(names_by(xca_org_search_all, "水務署", NULL, 10, &more),
                        "水務署 財團法人水務署獎學金基金會 水務署第一分署 經濟部水務署");
    assert_int_equal(more, 0);
    assert_string_equal(names_by(xca_org_search_all, "水務署", NULL, 2, &more), "水務署 財團法人水務署獎學金基金會");
    assert_int_equal(more, 1);
    assert_string_equal(names_by(xca_org_search_all, "學校", NULL, 10, &more), "");
    assert_string_equal(names_by(xca_org_search_all, "仁愛", "04595257", 10, &more), "臺南仁愛堂");
    assert_string_equal(names_by(xca_org_search_all, NULL, "04595257", 10, &more), "臺南仁愛堂");
    /* where a like name is warned of, they are not asked for */
    assert_string_equal(names_found("水務署", NULL, 10, &more), "財團法人水務署獎學金基金會");
}

/* A long keyword is asked for by one question, unless there are more than are wanted: the order must be the same. */
static void test_a_long_keyword_gives_the_same_order_whatever_the_limit(void **state) {
    static const char *const in_order[] = {"海岸林復育協進會", "海岸林復育協進會", "海岸林復育協進會東部分會", "海岸林復育協進會附設苗圃中心",
                                           "臺東縣海岸林復育協進會", "社團法人海岸林復育協進會", "海岸林復育協進會聯絡處", "農業部海岸林復育協進會"};
    static const int added[] = {7, 4, 6, 3, 0, 5, 2}; /* 1 is the agency of 0's name */
    const char *all = "";
    int i, limit, more;

    for (i = 0; i < 7; i++) {
        if (added[i] > 5) {
            add_agency(apr_psprintf(pool, "2.16.886.101.20004.%d", 70000 + i), in_order[added[i]]);
        } else {
            assert_done(xca_org_add_next(store, school(in_order[added[i]]), "2.16.886.111", pool));
        }
    }
    add_agency("2.16.886.101.20004.70100", in_order[1]);
    for (limit = 1; limit <= 8; limit++) {
        all = apr_pstrcat(pool, all, limit > 1 ? " " : "", in_order[limit - 1], NULL);
        assert_string_equal(names_by(xca_org_search_all, "海岸林復育協進會", NULL, limit, &more), all);
        assert_int_equal(more, limit < 8);
    }
    assert_string_equal(names_found("海岸林復育協進會", NULL, 10, &more),
                        "海岸林復育協進會 海岸林復育協進會東部分會 海岸林復育協進會附設苗圃中心 臺東縣海岸林復育協進會 社團法人海岸林復育協進會");
    assert_string_equal(names_found("海岸林復育協進會東部", NULL, 10, &more), "海岸林復育協進會東部分會");
    assert_string_equal(names_found("海岸林復育協會進", NULL, 10, &more), "");
    assert_string_equal(names_found("海岸林復育協進會", "04595257", 10, &more), "");
}

typedef struct walked {
    apr_array_header_t *oids;
} walked_t;

static xca_error_t *remember(void *baton, const xca_org_t *org, apr_pool_t *scratch) {
    walked_t *walked = baton;

    APR_ARRAY_PUSH(walked->oids, const char *) = apr_pstrdup(pool, org->oid);
    return NULL;
}

static void test_a_walk_gives_parents_first_and_all(void **state) {
    walked_t walked = {apr_array_make(pool, 100, sizeof(char *))};
    int i, j;

    assert_done(xca_org_walk(store, remember, &walked, pool));
    assert_true(walked.oids->nelts > 100);
    for (i = 0; i < walked.oids->nelts; i++) {
        const char *oid = APR_ARRAY_IDX(walked.oids, i, const char *);
        const char *parent = apr_pstrmemdup(pool, oid, (apr_size_t)(strrchr(oid, '.') - oid));

        for (j = 0; j < i && strcmp(APR_ARRAY_IDX(walked.oids, j, const char *), parent) != 0; j++) {
        }
        assert_true(j < i || strcmp(parent, "2.16.886") == 0);
        assert_true(i == 0 || strcmp(APR_ARRAY_IDX(walked.oids, i - 1, const char *), oid) != 0);
    }
}

static void *thaw_later(void *unused) {
    usleep(2500000);
    slapd_thaw(slapd);
    return NULL;
}

static pthread_t thawing;

/* The directory stands still once, for longer than a question may take. */
static xca_error_t *remember_and_stall(void *baton, const xca_org_t *org, apr_pool_t *scratch) {
    walked_t *walked = baton;

    if (walked->oids->nelts == 0) {
        slapd_freeze(slapd);
        assert_int_equal(pthread_create(&thawing, NULL, thaw_later, NULL), 0);
    }
    return remember(baton, org, scratch);
}

static void test_a_walk_outlasts_a_directory_that_is_slow(void **state) {
    walked_t quick = {apr_array_make(pool, 100, sizeof(char *))}, slow = {apr_array_make(pool, 100, sizeof(char *))};
    xca_ldap_config_t config = slapd_config(slapd, "admin", pool);
    xca_ldap_t *ldap;

    config.timeout = APR_USEC_PER_SEC;
    assert_done(xca_ldap_make(&ldap, &config, pool));
    assert_done(xca_org_walk(store, remember, &quick, pool));
    assert_done(xca_org_walk(xca_store_make(ldap, "c=TW", CA_DN, pool), remember_and_stall, &slow, pool));
    pthread_join(thawing, NULL);
    assert_string_equal(apr_array_pstrcat(pool, slow.oids, ' '), apr_array_pstrcat(pool, quick.oids, ' '));
}

static void test_missing_arcs_above_are_made(void **state) {
    xca_org_t *org = school("深處的學校");

    org->oid = "2.16.886.111.90003.90002.100000";
    assert_error(xca_org_add(store, org, pool), "ldap.no-entry");
    assert_done(xca_org_add_path(store, org->oid, pool));
    assert_done(xca_org_add_path(store, org->oid, pool));
    assert_done(xca_org_add(store, org, pool));
}

static xca_error_t *count_one(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    (void)entry;
    (void)scratch;
    ++*(int *)baton;
    return NULL;
}

static int entries_walked(xca_store_t *portal) {
    int count = 0;

    assert_done(xca_ldap_search(portal->ldap, xca_branch_dn(portal, "nonces", pool), XCA_SCOPE_ONE, "(objectClass=xcaNonceEntry)",
                                NULL, 0, NULL, count_one, &count, pool));
    return count;
}

/* slapd says of a last page that is just full that more comes, and refuses to give it. */
static void test_entries_that_fill_their_pages_exactly_are_walked_to_the_end(void **state) {
    xca_store_t *portal = slapd_store(slapd, "portal", pool);
    int i;

    for (i = 0; i < 1000; i++) {
        xca_entry_t *entry = xca_entry_make(
            pool, apr_psprintf(pool, "xcaNonce=%032x,%s", i, xca_branch_dn(portal, "nonces", pool)));

        xca_entry_add(pool, entry, "objectClass", "xcaNonceEntry");
        xca_entry_add(pool, entry, "xcaNonce", apr_psprintf(pool, "%032x", i));
        xca_entry_add(pool, entry, "xcaCaseNumber", "0000100000000000000000001");
        xca_entry_add(pool, entry, "xcaFiled", "20261125000000Z");
        assert_done(xca_ldap_add(portal->ldap, entry, pool));
        if (i == 499) {
            assert_int_equal(entries_walked(portal), 500);
        }
    }
    assert_int_equal(entries_walked(portal), 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_preparing_again_changes_nothing),
        cmocka_unit_test(test_eight_threads_get_different_numbers),
        cmocka_unit_test(test_oid_and_dn_are_one),
        cmocka_unit_test(test_an_organisation_comes_back_as_it_was_added),
        cmocka_unit_test(test_an_update_writes_what_differs),
        cmocka_unit_test(test_children_come_in_numeric_order),
        cmocka_unit_test(test_no_number_is_given_behind_the_last_one),
        cmocka_unit_test(test_numbers_taken_at_the_same_time_are_different_and_without_gaps),
        cmocka_unit_test(test_search_gives_the_exact_name_first_then_beginnings),
        cmocka_unit_test(test_a_long_keyword_gives_the_same_order_whatever_the_limit),
        cmocka_unit_test(test_agencies_are_found_behind_those_who_may_apply),
        cmocka_unit_test(test_a_walk_gives_parents_first_and_all),
        cmocka_unit_test(test_a_walk_outlasts_a_directory_that_is_slow),
        cmocka_unit_test(test_missing_arcs_above_are_made),
        cmocka_unit_test(test_entries_that_fill_their_pages_exactly_are_walked_to_the_end),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, start, stop);
}
