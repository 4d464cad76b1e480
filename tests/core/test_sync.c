/* Content Sync with a real slapd: from where it stood on, and the sign of life. */
#include "slapd_fixture.h"

#include <string.h>
#include "directory/cert_store.h"
#include "outside/crypto_ca.h"

static apr_pool_t *pool;
static slapd_t *slapd;
static xca_store_t *store;
static xca_ldap_config_t config;
static xca_bytes_t der;

typedef struct {
    int told, gone, refreshed;
    const char *last; /* DN */
} seen_t;

static int start(void **state) {
    xca_bytes_t none = {NULL, 0};
    xca_key_t *key;

    apr_pool_create(&pool, NULL);
    slapd = slapd_with_tree(pool);
    store = slapd_store(slapd, "signer", pool);
    config = slapd_config(slapd, "portal", pool);
    assert_done(xca_key_make(&key, "ec:P-256", pool));
    assert_done(xca_setup_certificate(&der, XCA_SETUP_ROOT, "CN=x", NULL, NULL, key, NULL, none, apr_time_now(),
                                      apr_time_now() + apr_time_from_sec(86400), pool));
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

/* The entry alone: which certificate it is does not matter here. */
static void add(const char *serial) {
    xca_entry_t *entry = xca_entry_make(pool, xca_cert_dn(store, serial, pool));

    xca_entry_add(pool, entry, "objectClass", "xcaCertificate");
    xca_entry_add(pool, entry, "xcaSerial", serial);
    xca_entry_add(pool, entry, "xcaState", xca_cert_state_id(XCA_CERT_VALID));
    xca_entry_add_bytes(pool, entry, "userCertificate;binary", der);
    assert_done(xca_ldap_add(store->ldap, entry, pool));
}

static void suspend(const char *serial) {
    xca_cert_t *cert, changed;

    assert_done(xca_cert_read(&cert, store, serial, pool));
    changed = *cert;
    changed.state = XCA_CERT_SUSPENDED;
    changed.suspended = apr_time_now();
    assert_done(xca_cert_update(store, cert, &changed, pool));
}

static xca_error_t *see(void *baton, const char *dn, const xca_entry_t *entry, apr_pool_t *scratch) {
    seen_t *seen = baton;

    if (dn == NULL) {
        seen->refreshed = 1;
    } else if (entry == NULL) {
        seen->gone++;
    } else {
        seen->told++;
        seen->last = apr_pstrdup(pool, dn);
    }
    return NULL;
}

static xca_ldap_sync_t *resume(seen_t *seen, xca_bytes_t cookie, apr_pool_t *life) {
    xca_ldap_sync_t *sync;

    memset(seen, 0, sizeof(*seen));
    assert_done(xca_ldap_sync_resume(&sync, &config, xca_branch_dn(store, "certificates", life), XCA_CERT_FILTER, xca_cert_status_attrs,
                                     cookie, see, seen, life));
    return sync;
}

/* Polls until so many were told, five seconds at most; then a moment longer, for what should not come. */
static void poll_for(xca_ldap_sync_t *sync, const seen_t *seen, int told) {
    int i;

    for (i = 0; i < 50 && (seen->told < told || !seen->refreshed); i++) {
        assert_done(xca_ldap_sync_poll(sync, apr_time_from_msec(100), pool));
    }
    assert_done(xca_ldap_sync_poll(sync, apr_time_from_msec(200), pool));
    assert_int_equal(seen->told, told);
    assert_true(seen->refreshed);
}

static xca_bytes_t kept(const xca_ldap_sync_t *sync) {
    xca_bytes_t cookie = xca_ldap_sync_cookie(sync);

    assert_true(cookie.length > 0);
    cookie.data = apr_pmemdup(pool, cookie.data, cookie.length);
    return cookie;
}

static void test_a_sync_goes_on_where_it_stood(void **state) {
    xca_bytes_t none = {NULL, 0}, cookie;
    xca_ldap_sync_t *sync;
    seen_t seen;

    add("4a01");
    add("4a02");
    add("4a03");
    sync = resume(&seen, none, pool);
    poll_for(sync, &seen, 3);
    suspend("4a01"); /* in the persist phase, where the cookie moves on too */
    poll_for(sync, &seen, 4);
    cookie = kept(sync);
    xca_ldap_sync_stop(sync);

    sync = resume(&seen, cookie, pool);
    poll_for(sync, &seen, 0);
    xca_ldap_sync_stop(sync);
    suspend("4a02");
    add("4a04");
    sync = resume(&seen, cookie, pool);
    poll_for(sync, &seen, 2);
    cookie = kept(sync);
    suspend("4a03");
    poll_for(sync, &seen, 3);
    assert_non_null(strstr(seen.last, "4a03"));
    xca_ldap_sync_stop(sync);

    /* slapd's own log of what has changed goes with it: all the same, nothing is told twice for nothing and nothing is missed */
    slapd_stop(slapd);
    slapd_start(slapd);
    sync = resume(&seen, cookie, pool);
    poll_for(sync, &seen, 1);
    assert_non_null(strstr(seen.last, "4a03"));
    xca_ldap_sync_stop(sync);
    sync = resume(&seen, none, pool);
    poll_for(sync, &seen, 4);
    xca_ldap_sync_stop(sync);
}

static void test_a_cookie_that_is_none_is_an_error_and_not_a_gap(void **state) {
    xca_bytes_t nonsense = {(const unsigned char *)"nonsense", 8};
    xca_ldap_sync_t *sync;
    xca_error_t *err;
    seen_t seen = {0};
    int i;

    err = xca_ldap_sync_resume(&sync, &config, xca_branch_dn(store, "certificates", pool), XCA_CERT_FILTER, xca_cert_status_attrs, nonsense,
                               see, &seen, pool);
    for (i = 0; err == NULL && i < 20 && !seen.refreshed; i++) {
        err = xca_ldap_sync_poll(sync, apr_time_from_msec(100), pool);
    }
    if (err == NULL) {
        assert_int_equal(seen.told, 4); /* or slapd takes it for none, and tells all */
        xca_ldap_sync_stop(sync);
    }
}

static void test_the_sign_of_life(void **state) {
    xca_bytes_t none = {NULL, 0};
    xca_ldap_sync_t *sync;
    seen_t seen;
    apr_time_t began;

    sync = resume(&seen, none, pool);
    assert_done(xca_ldap_sync_probe(sync, apr_time_from_sec(5), pool)); /* also while changes wait to be taken */
    poll_for(sync, &seen, 4);
    slapd_freeze(slapd);
    began = apr_time_now();
    assert_error(xca_ldap_sync_probe(sync, apr_time_from_msec(300), pool), "ldap.down");
    assert_true(apr_time_now() - began < apr_time_from_sec(2));
    slapd_thaw(slapd);
    xca_ldap_sync_stop(sync);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sync_goes_on_where_it_stood),
        cmocka_unit_test(test_a_cookie_that_is_none_is_an_error_and_not_a_gap),
        cmocka_unit_test(test_the_sign_of_life),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, start, stop);
    apr_terminate();
    return failed;
}
