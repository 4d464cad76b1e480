/* ou=statistics: what the signer counts while certificates come, change and end, and what a stop at any moment leaves. */
#include "slapd_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "directory/cert_store.h"
#include "domain/calendar.h"
#include "operations/signer_statistics.h"
#include "operations/statistics.h"

#define NOW apr_time_from_sec(1795496700) /* 2026-11-24 */

static slapd_t *slapd;
static apr_pool_t *pool;
static xca_store_t *store; /* as the signer */
static xca_office_t office;
static xca_signer_t signer;
static xca_ldap_config_t config;

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    slapd = slapd_with_tree(pool);
    store = slapd_store(slapd, "signer", pool);
    config = slapd_config(slapd, "signer", pool);
    office.store = store;
    signer.office = &office;
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

/* slapd wants a certificate where one is named: a real one, whose content does not matter here. */
static xca_bytes_t some_certificate(void) {
    static unsigned char bytes[4096];
    static xca_bytes_t der = {bytes, 0};

    if (der.length == 0) {
        const char *path = apr_pstrcat(pool, slapd->home, "/made.der", NULL);
        FILE *file;

        assert_int_equal(system(apr_pstrcat(pool,
                                            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 "
                                            "-outform DER -keyout /dev/null -subj /CN=some -out ",
                                            path, " 2>/dev/null", NULL)),
                         0);
        file = fopen(path, "rb");
        assert_non_null(file);
        der.length = fread(bytes, 1, sizeof(bytes), file);
        fclose(file);
    }
    return der;
}

static xca_cert_t add(int number, const char *county, apr_time_t not_before) {
    xca_cert_t cert = {0};

    cert.serial = apr_psprintf(pool, "41%030x", number);
    cert.state = XCA_CERT_PENDING;
    cert.use = XCA_USE_SIGNATURE;
    cert.case_number = "0000100000000000000000001";
    cert.oid = "2.16.886.104.100001";
    cert.org_name = "財團法人海洋保育基金會";
    cert.class = XCA_CLASS_FOUNDATION;
    cert.county = county;
    cert.key_hash = apr_psprintf(pool, "%064x", number);
    cert.der = some_certificate();
    cert.not_before = not_before;
    cert.not_after = not_before + 1000 * XCA_DAY;
    assert_done(xca_cert_add(store, &cert, pool));
    return cert;
}

static void move(xca_cert_t *cert, xca_cert_state to, apr_time_t now) {
    xca_cert_t changed = *cert;

    changed.state = to;
    changed.revoked = to == XCA_CERT_REVOKED ? now : 0;
    assert_done(xca_cert_update(store, cert, &changed, pool));
    *cert = changed;
}

/* Lets the follower see everything that is there, and write. */
static void follow(xca_follower_t *follower, apr_time_t now) {
    int i;

    for (i = 0; i < 50 && (xca_follower_is_reading(follower) || i < 5); i++) {
        assert_done(xca_follower_poll(follower, now, pool));
        apr_sleep(apr_time_from_msec(20)); /* a change comes on its own connection */
    }
    assert_false(xca_follower_is_reading(follower));
    assert_done(xca_follower_write(follower, 0, now, pool));
}

/* The counts of a period as the portal reads them; "" if there are none. */
static const char *kept(const char *name) {
    apr_array_header_t *periods;
    int i;

    assert_done(xca_statistics_all(&periods, slapd_store(slapd, "portal", pool), pool));
    for (i = 0; i < periods->nelts; i++) {
        const xca_period_t *period = APR_ARRAY_IDX(periods, i, const xca_period_t *);

        if (strcmp(period->name, name) == 0) {
            return xca_statistics_text(period->texts, pool);
        }
    }
    return "";
}

static void assert_agrees(apr_time_t now) {
    xca_census_t *census;
    apr_array_header_t *differing;

    assert_done(xca_statistics_recount(&census, store, now, pool));
    assert_done(xca_statistics_compare(&differing, store, census, pool));
    assert_string_equal(apr_array_pstrcat(pool, differing, ' '), "");
}

static void test_each_change_is_counted_once_and_time_counts_too(void **state) {
    xca_follower_t *follower = xca_follower_make(&signer, &config, pool);
    xca_cert_t first = add(1, "臺北市", NOW), second = add(2, NULL, NOW);
    apr_time_t counted;

    follow(follower, NOW);
    assert_string_equal(kept("2026-11"), "foundation 1 1 0 0 0 0 0 0 -\nfoundation 1 1 0 0 0 0 0 0 臺北市");
    move(&first, XCA_CERT_VALID, NOW);
    follow(follower, NOW);
    follow(follower, NOW);
    assert_string_equal(kept("2026-11"), "foundation 1 0 1 0 0 0 0 0 臺北市\nfoundation 1 1 0 0 0 0 0 0 -");
    move(&second, XCA_CERT_REVOKED, NOW + 20 * XCA_DAY);
    follow(follower, NOW + 20 * XCA_DAY);
    assert_string_equal(kept("2026-12"), "foundation 0 0 0 0 0 0 1 0 -");
    assert_string_equal(kept("2026"), "foundation 1 0 0 0 1 0 1 0 -\nfoundation 1 0 1 0 0 0 0 0 臺北市");
    follow(follower, NOW + 1001 * XCA_DAY);
    assert_string_equal(kept("2026-11"), "foundation 1 0 0 0 0 1 0 0 臺北市\nfoundation 1 0 0 0 1 0 0 0 -");
    assert_string_equal(kept("2029-08"), "foundation 0 0 0 0 0 0 0 1 臺北市");
    assert_done(xca_statistics_counted(&counted, store, pool));
    assert_int_equal(counted, NOW + 1001 * XCA_DAY);
    assert_agrees(counted);
}

static void test_a_signer_that_stopped_before_it_wrote_is_made_good_by_the_next(void **state) {
    xca_follower_t *dead = xca_follower_make(&signer, &config, pool);
    xca_cert_t cert = add(3, "高雄市", NOW);

    follow(dead, NOW);
    move(&cert, XCA_CERT_VALID, NOW);
    assert_done(xca_follower_poll(dead, NOW, pool)); /* and is never heard of again */
    move(&cert, XCA_CERT_SUSPENDED, NOW);
    follow(xca_follower_make(&signer, &config, pool), NOW);
    assert_agrees(NOW);
    assert_non_null(strstr(kept("2026-11"), "foundation 1 0 0 1 0 0 0 0 高雄市"));
}

static void test_what_is_wrong_in_the_directory_is_put_right(void **state) {
    xca_follower_t *follower = xca_follower_make(&signer, &config, pool);
    apr_array_header_t *wrong = apr_array_make(pool, 1, sizeof(const char *));

    follow(follower, NOW);
    APR_ARRAY_PUSH(wrong, const char *) = "school 9 9 0 0 0 0 0 0 臺北市";
    assert_done(xca_statistics_put(store, "2026-11", wrong, pool));
    assert_done(xca_statistics_put(store, "2019", wrong, pool));
    assert_done(xca_follower_write(follower, 1, NOW, pool));
    assert_agrees(NOW);
    assert_string_equal(kept("2019"), "");
}

static void test_a_directory_that_goes_away_is_followed_again(void **state) {
    xca_follower_t *follower = xca_follower_make(&signer, &config, pool);
    xca_cert_t cert;
    xca_error_t *err = NULL;
    int i;

    follow(follower, NOW);
    slapd_kill(slapd);
    for (i = 0; i < 50 && err == NULL; i++) {
        err = xca_follower_poll(follower, NOW, pool);
        apr_sleep(apr_time_from_msec(20));
    }
    assert_error(err, "ldap.down");
    slapd_start(slapd);
    cert = add(4, "花蓮縣", NOW);
    move(&cert, XCA_CERT_VALID, NOW);
    follow(follower, NOW);
    assert_agrees(NOW);
    assert_non_null(strstr(kept("2026-11"), "foundation 1 0 1 0 0 0 0 0 花蓮縣"));
}

/* slapd closes connections that nobody has asked anything on: the follower goes on by itself, and misses nothing. */
static void test_a_connection_that_slapd_closes_for_idleness_is_made_again(void **state) {
    static const char *const impatient[] = {"idletimeout 3600", "idletimeout 1", NULL};
    xca_follower_t *follower = xca_follower_make(&signer, &config, pool);
    xca_cert_t cert;
    int i;

    slapd_stop(slapd);
    slapd_configure(slapd, impatient);
    slapd_start(slapd);
    follow(follower, NOW);
    for (i = 0; i < 60; i++) {
        (void)!xca_follower_poll(follower, NOW, pool); /* an error is taken up again by the next */
        apr_sleep(apr_time_from_msec(100));
    }
    cert = add(5, "基隆市", NOW);
    move(&cert, XCA_CERT_VALID, NOW);
    follow(follower, NOW);
    assert_agrees(NOW);
    assert_non_null(strstr(kept("2026-11"), "foundation 1 0 1 0 0 0 0 0 基隆市"));
    slapd_stop(slapd);
    slapd_configure(slapd, NULL);
    slapd_start(slapd);
}

static void test_only_the_signer_writes_and_anyone_reads(void **state) {
    apr_array_header_t *counts = apr_array_make(pool, 1, sizeof(const char *));
    apr_time_t counted;

    assert_done(xca_signer_statistics(&signer, NOW, pool));
    APR_ARRAY_PUSH(counts, const char *) = "school 9 9 0 0 0 0 0 0 -";
    assert_error(xca_statistics_put(slapd_store(slapd, "portal", pool), "2026", counts, pool), "ldap.access");
    assert_error(xca_statistics_put(slapd_store(slapd, "admin", pool), "2026", counts, pool), "ldap.access");
    assert_done(xca_statistics_counted(&counted, slapd_store(slapd, NULL, pool), pool));
    assert_int_equal(counted, NOW);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_change_is_counted_once_and_time_counts_too),
        cmocka_unit_test(test_a_signer_that_stopped_before_it_wrote_is_made_good_by_the_next),
        cmocka_unit_test(test_what_is_wrong_in_the_directory_is_put_right),
        cmocka_unit_test(test_a_directory_that_goes_away_is_followed_again),
        cmocka_unit_test(test_a_connection_that_slapd_closes_for_idleness_is_made_again),
        cmocka_unit_test(test_only_the_signer_writes_and_anyone_reads),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, start, stop);
}
