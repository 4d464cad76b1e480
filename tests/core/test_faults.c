/* slapd down, killed, slow, read-only, full, speaking nonsense: every operation ends in time with an error that says
 * which, and goes on when slapd does. */
#include "slapd_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "directory/case_store.h"
#include "directory/org_store.h"

#define SECOND apr_time_from_sec(1)

static apr_pool_t *pool;

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static xca_ldap_t *quick_client(const slapd_t *slapd, const char *identity, apr_pool_t *own) {
    xca_ldap_config_t config = slapd_config(slapd, identity, own);
    xca_ldap_t *ldap;

    config.timeout = SECOND;
    assert_done(xca_ldap_make(&ldap, &config, own));
    return ldap;
}

static xca_error_t *read_base(xca_ldap_t *ldap, apr_pool_t *own) {
    xca_entry_t *entry;

    return xca_ldap_read(&entry, ldap, BASE, NULL, own);
}

static xca_error_t *add_nonce(xca_ldap_t *ldap, const char *nonce, apr_pool_t *own) {
    const char *taken;

    return xca_nonce_take(&taken, xca_store_make(ldap, "c=TW", CA_DN, own), nonce,
                          "0000100000000000000000001", apr_time_from_sec(1), own);
}

static void test_down_is_told_at_once_and_up_again_is_found(void **state) {
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_t *ldap = slapd_client(slapd, "portal", pool);
    apr_time_t began;

    assert_done(read_base(ldap, pool));
    slapd_stop(slapd);
    began = apr_time_now();
    assert_error(read_base(ldap, pool), "ldap.down");
    assert_error(add_nonce(ldap, "aa01", pool), "ldap.down");
    assert_true(apr_time_now() - began < SECOND);
    slapd_start(slapd);
    assert_done(read_base(ldap, pool));
    assert_done(add_nonce(ldap, "aa01", pool));
}

/* The connection from before the restart is dead; neither a read nor a write may fail for it. */
static void test_a_restart_between_two_operations_is_not_noticed(void **state) {
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_t *ldap = slapd_client(slapd, "portal", pool);

    assert_done(read_base(ldap, pool));
    slapd_kill(slapd);
    slapd_start(slapd);
    assert_done(add_nonce(ldap, "aa02", pool));
    slapd_kill(slapd);
    slapd_start(slapd);
    assert_done(read_base(ldap, pool));
}

static void test_a_slow_server_costs_the_timeout_and_no_more(void **state) {
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_t *ldap = quick_client(slapd, "portal", pool);
    xca_ldap_t *unused = quick_client(slapd, "portal", pool), *writing = quick_client(slapd, "portal", pool);
    const char *taken;
    apr_time_t began;

    assert_done(read_base(ldap, pool));
    assert_done(read_base(writing, pool));
    slapd_freeze(slapd);
    began = apr_time_now();
    assert_error(read_base(ldap, pool), "ldap.down");
    assert_true(apr_time_now() - began < 2 * SECOND);
    began = apr_time_now();
    assert_error(add_nonce(unused, "aa03", pool), "ldap.down");
    assert_true(apr_time_now() - began < 2 * SECOND);
    began = apr_time_now();
    assert_error(add_nonce(writing, "aa04", pool), "ldap.unsure"); /* it was sent: */
    assert_true(apr_time_now() - began < 2 * SECOND);
    slapd_thaw(slapd);
    assert_done(read_base(ldap, pool));
    assert_done(xca_nonce_take(&taken, xca_store_make(writing, "c=TW", CA_DN, pool), "aa04", "0000100000000000000000002",
                               apr_time_from_sec(1), pool));
    assert_string_equal(taken, "0000100000000000000000001"); /* and it was done */
}

typedef struct worker {
    xca_ldap_t *ldap;
    int number, good, down, other;
    volatile int *go_on;
} worker_t;

static void *work(void *data) {
    worker_t *worker = data;
    apr_pool_t *own;
    int i;

    apr_pool_create(&own, NULL);
    for (i = 0; *worker->go_on; i++) {
        xca_error_t *err = i % 2 ? read_base(worker->ldap, own)
                                 : add_nonce(worker->ldap,
                                             apr_psprintf(own, "bb%02d%06d", worker->number, i), own);

        worker->good += err == NULL;
        worker->down += xca_ldap_is_away(err);
        worker->other += err != NULL && !xca_ldap_is_away(err);
        if (err != NULL) {
            usleep(20000);
        }
        apr_pool_clear(own);
    }
    apr_pool_destroy(own);
    return NULL;
}

#define WORKERS 12

/* Twelve threads on eight connections while slapd is killed and started: nothing but "down" is ever said. */
static void test_killed_under_load_nothing_hangs_or_crashes(void **state) {
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_t *ldap = slapd_client(slapd, "portal", pool);
    pthread_t threads[WORKERS];
    worker_t workers[WORKERS];
    volatile int go_on = 1;
    int i, good = 0, down = 0;

    for (i = 0; i < WORKERS; i++) {
        worker_t worker = {ldap, i, 0, 0, 0, &go_on};

        workers[i] = worker;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (i = 0; i < 5; i++) {
        usleep(200000);
        slapd_kill(slapd);
        usleep(100000);
        slapd_start(slapd);
    }
    usleep(200000);
    go_on = 0;
    for (i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        good += workers[i].good;
        down += workers[i].down;
        assert_int_equal(workers[i].other, 0);
        assert_true(workers[i].good > 0);
    }
    print_message("%d done, %d told down\n", good, down);
    assert_true(down > 0);
}

static void test_read_only_is_told(void **state) {
    static const char *const read_only[] = {"add_content_acl on", "add_content_acl on\nreadonly on",
                                            NULL};
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_t *ldap;

    slapd_stop(slapd);
    slapd_configure(slapd, read_only);
    slapd_start(slapd);
    ldap = slapd_client(slapd, "portal", pool);
    assert_error(add_nonce(ldap, "aa04", pool), "ldap.read-only");
    assert_done(read_base(ldap, pool));
}

static void test_full_is_told_and_what_was_there_stays(void **state) {
    static const char *const small[] = {"maxsize   34359738368", "maxsize 600000", NULL};
    slapd_t *slapd = slapd_make(pool, small);
    xca_ldap_t *ldap;
    xca_error_t *err = NULL;
    int i, added = 0;

    slapd_start(slapd);
    assert_done(xca_store_prepare(slapd_store(slapd, "admin", pool), pool));
    ldap = slapd_client(slapd, "portal", pool);
    for (i = 0; err == NULL && i < 5000; i++) {
        err = add_nonce(ldap, apr_psprintf(pool, "cc%06d", i), pool);
        added += err == NULL;
    }
    assert_error(err, "ldap.full");
    assert_true(added > 10);
    assert_done(read_base(ldap, pool));
    slapd_stop(slapd);
    slapd_configure(slapd, NULL);
    slapd_start(slapd);
    for (i = 0; i < added; i++) {
        const char *taken;

        assert_done(xca_nonce_take(&taken, xca_store_make(ldap, "c=TW", CA_DN, pool),
                                   apr_psprintf(pool, "cc%06d", i), "0", 1, pool));
        assert_non_null(taken);
    }
    assert_done(add_nonce(ldap, "cc999999", pool));
}

static void test_a_wrong_password_is_no_connection(void **state) {
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_config_t config = slapd_config(slapd, "portal", pool);
    xca_ldap_t *ldap;

    config.password = xca_secret_make(pool, "wrong", 5);
    assert_done(xca_ldap_make(&ldap, &config, pool));
    assert_error(read_base(ldap, pool), "ldap.access");
    config.password = NULL;
    assert_error(xca_ldap_make(&ldap, &config, pool), "ldap.fault");
    config.uri = "ldap://127.0.0.1:1";
    config.bind_dn = NULL;
    assert_done(xca_ldap_make(&ldap, &config, pool));
    assert_error(read_base(ldap, pool), "ldap.down");
    config.uri = "nonsense";
    assert_done(xca_ldap_make(&ldap, &config, pool));
    assert_error(read_base(ldap, pool), "ldap.fault");
}

/* A server of ours that accepts and says what the test gives it. */
typedef struct liar {
    int socket;
    const char *says;
    size_t length;
} liar_t;

static void *lie(void *data) {
    liar_t *liar = data;
    char heard[512];
    int client;

    while ((client = accept(liar->socket, NULL, NULL)) >= 0) {
        if (recv(client, heard, sizeof(heard), 0) > 0) {
            send(client, liar->says, liar->length, MSG_NOSIGNAL);
            recv(client, heard, sizeof(heard), 0); /* until the client has gone */
        }
        close(client);
    }
    return NULL;
}

static void assert_liar_is_left(const char *says, size_t length) {
    struct sockaddr_un address = {AF_UNIX, ""};
    xca_ldap_config_t config;
    pthread_t thread;
    liar_t liar = {socket(AF_UNIX, SOCK_STREAM, 0), says, length};
    xca_ldap_t *ldap;
    apr_pool_t *own;
    apr_time_t began = apr_time_now();
    xca_error_t *err;

    apr_pool_create(&own, pool);
    memset(&config, 0, sizeof(config));
    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/xca-liar-%d", (int)getpid());
    unlink(address.sun_path);
    assert_int_equal(bind(liar.socket, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(liar.socket, 4), 0);
    assert_int_equal(pthread_create(&thread, NULL, lie, &liar), 0);
    config.uri = apr_psprintf(own, "ldapi://%%2Ftmp%%2Fxca-liar-%d", (int)getpid());
    config.timeout = SECOND;
    assert_done(xca_ldap_make(&ldap, &config, own));
    err = read_base(ldap, own);
    assert_non_null(err);
    assert_true(err->kind == XCA_E_UNAVAILABLE || err->kind == XCA_E_INTERNAL);
    assert_true(apr_time_now() - began < 3 * SECOND);
    apr_pool_destroy(own);
    shutdown(liar.socket, SHUT_RDWR);
    close(liar.socket);
    pthread_join(thread, NULL);
    unlink(address.sun_path);
}

static void test_a_server_that_speaks_nonsense_is_left_in_time(void **state) {
    static const char bound[] = "\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";
    static const char half[] = "\x30\x0c\x02\x01\x01\x61";
    static const char huge[] = "\x30\x84\x7f\xff\xff\xff\x02\x01\x01\x61";
    static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    static const char endless[] = "\x30\x80\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";

    assert_liar_is_left(bound, sizeof(bound) - 1); /* a login, then silence */
    assert_liar_is_left(half, sizeof(half) - 1);
    assert_liar_is_left(huge, sizeof(huge) - 1);
    assert_liar_is_left(http, sizeof(http) - 1);
    assert_liar_is_left(endless, sizeof(endless) - 1);
    assert_liar_is_left("", 0);
}

/* The callback of a search may itself search, with one connection and with a paged walk. */
static xca_error_t *read_inside(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    xca_entry_t *again;

    return xca_ldap_read(&again, baton, entry->dn, NULL, scratch);
}

static void test_a_search_inside_a_search_needs_no_second_connection(void **state) {
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_config_t config = slapd_config(slapd, "admin", pool);
    xca_ldap_t *ldap;
    int more;

    config.connections = 1;
    assert_done(xca_ldap_make(&ldap, &config, pool));
    assert_done(xca_ldap_search(ldap, BASE, XCA_SCOPE_ONE, "(ou=*)", NULL, 3, &more, read_inside,
                                ldap, pool));
    assert_int_equal(more, 1);
    assert_done(xca_ldap_search(ldap, "ou=oid," BASE, XCA_SCOPE_SUBTREE, "(xcaArc=*)", NULL, 0, NULL,
                                read_inside, ldap, pool));
    assert_error(xca_ldap_search(ldap, BASE, XCA_SCOPE_ONE, "(broken", NULL, 0, NULL, read_inside,
                                 ldap, pool),
                 "ldap.fault");
    assert_error(xca_ldap_search(ldap, "ou=nothing," BASE, XCA_SCOPE_ONE, "(ou=*)", NULL, 0, NULL,
                                 read_inside, ldap, pool),
                 "ldap.no-entry");
}

static xca_error_t *count_entry(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) {
    (*(int *)baton)++;
    return NULL;
}

/* A page has 500 (outside/ldap.c). One that the last match of a database fills is not the last page of a search over both databases:
 * ou=mail is in the second. */
static void test_a_search_over_both_databases_is_complete_behind_a_full_page(void **state) {
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_t *ldap = slapd_client(slapd, "portal", pool), *reader = slapd_client(slapd, "signer", pool);
    int count;

    for (count = 1; count <= 1001; count++) {
        int found = 0, again;

        assert_done(add_nonce(ldap, apr_psprintf(pool, "%032x", count), pool));
        for (again = 0; count % 500 <= 1 && again < 2; again++) {
            found = 0;
            assert_done(xca_ldap_search(reader, BASE, XCA_SCOPE_SUBTREE, "(|(objectClass=xcaNonceEntry)(ou=mail))", NULL, 0, NULL,
                                        count_entry, &found, pool));
            assert_int_equal(found, count + 1);
        }
    }
}

static void test_errors_of_writes_have_their_names(void **state) {
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_t *ldap = slapd_client(slapd, "admin", pool);
    const char *dn = "cn=case,ou=counters," BASE;
    static const char *const wanted[] = {"xcaCounter", NULL};
    xca_changes_t *changes = xca_changes_make(pool);
    xca_entry_t *post;

    xca_changes_add(changes, XCA_CHANGE_DELETE, "xcaCounter", "77");
    xca_changes_add(changes, XCA_CHANGE_ADD, "xcaCounter", "78");
    assert_error(xca_ldap_modify(ldap, dn, changes, NULL, NULL, NULL, pool), "ldap.changed");
    changes = xca_changes_make(pool);
    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaCounter", "5");
    assert_error(xca_ldap_modify(ldap, dn, changes, "(xcaCounter=4)", NULL, NULL, pool),
                 "ldap.changed");
    assert_error(xca_ldap_modify(ldap, dn, changes, "(broken", NULL, NULL, pool), "ldap.fault");
    assert_done(xca_ldap_modify(ldap, dn, changes, "(xcaCounter=0)", wanted, &post, pool));
    assert_int_equal(xca_entry_number(post, "xcaCounter", -1), 5);
    assert_error(xca_ldap_modify(ldap, "cn=nothing,ou=counters," BASE, changes, NULL, NULL, NULL,
                                 pool),
                 "ldap.no-entry");
    assert_done(xca_ldap_delete(ldap, "cn=nothing,ou=counters," BASE, pool)); /* gone already */
}

/* ---- Content Sync ---- */

typedef struct seen {
    int entries, deleted, refreshed;
    const char *last;
} seen_t;

static xca_error_t *on_change(void *baton, const char *dn, const xca_entry_t *entry,
                              apr_pool_t *scratch) {
    seen_t *seen = baton;

    seen->entries += entry != NULL;
    seen->deleted += dn != NULL && entry == NULL;
    seen->refreshed += dn == NULL;
    if (dn != NULL) {
        seen->last = apr_pstrdup(pool, dn);
    }
    return NULL;
}

static void poll_until(xca_ldap_sync_t *sync, const int *number, int wanted) {
    int i;

    for (i = 0; i < 50 && *number < wanted; i++) {
        assert_done(xca_ldap_sync_poll(sync, apr_time_from_msec(100), pool));
    }
    assert_int_equal(*number, wanted);
}

static void test_sync_tells_what_is_there_and_what_changes(void **state) {
    slapd_t *slapd = slapd_with_tree(pool);
    xca_ldap_config_t config = slapd_config(slapd, "signer", pool);
    xca_ldap_t *portal = slapd_client(slapd, "portal", pool);
    xca_ldap_t *signer = slapd_client(slapd, "signer", pool);
    xca_ldap_sync_t *sync;
    seen_t seen = {0, 0, 0, NULL};
    apr_time_t began;
    int i;

    for (i = 0; i < 30; i++) {
        assert_done(add_nonce(portal, apr_psprintf(pool, "dd%02d", i), pool));
    }
    assert_done(xca_ldap_sync_start(&sync, &config, BASE, "(xcaNonce=*)", NULL, on_change, &seen,
                                    pool));
    poll_until(sync, &seen.refreshed, 1);
    assert_int_equal(seen.entries, 30);
    assert_done(add_nonce(portal, "ddff", pool));
    poll_until(sync, &seen.entries, 31);
    assert_string_equal(seen.last, "xcaNonce=ddff,ou=nonces," BASE);
    assert_done(xca_ldap_delete(signer, "xcaNonce=dd00,ou=nonces," BASE, pool));
    poll_until(sync, &seen.deleted, 1);
    assert_string_equal(seen.last, "xcaNonce=dd00,ou=nonces," BASE);
    began = apr_time_now();
    assert_done(xca_ldap_sync_poll(sync, apr_time_from_msec(200), pool));
    assert_in_range(apr_time_as_msec(apr_time_now() - began), 190, 900);
    assert_int_equal(seen.refreshed, 1);
    slapd_kill(slapd);
    assert_error(xca_ldap_sync_poll(sync, SECOND, pool), "ldap.down");
    xca_ldap_sync_stop(sync);
    assert_error(xca_ldap_sync_start(&sync, &config, BASE, "(xcaNonce=*)", NULL, on_change, &seen,
                                     pool),
                 "ldap.down");
    slapd_start(slapd);
    seen.entries = 0;
    assert_done(xca_ldap_sync_start(&sync, &config, BASE, "(xcaNonce=*)", NULL, on_change, &seen,
                                    pool));
    poll_until(sync, &seen.refreshed, 2);
    assert_int_equal(seen.entries, 30);
    xca_ldap_sync_stop(sync);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_down_is_told_at_once_and_up_again_is_found, start, stop),
        cmocka_unit_test_setup_teardown(test_a_restart_between_two_operations_is_not_noticed, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_a_slow_server_costs_the_timeout_and_no_more, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_killed_under_load_nothing_hangs_or_crashes, start, stop),
        cmocka_unit_test_setup_teardown(test_read_only_is_told, start, stop),
        cmocka_unit_test_setup_teardown(test_full_is_told_and_what_was_there_stays, start, stop),
        cmocka_unit_test_setup_teardown(test_a_wrong_password_is_no_connection, start, stop),
        cmocka_unit_test_setup_teardown(test_a_server_that_speaks_nonsense_is_left_in_time, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_a_search_inside_a_search_needs_no_second_connection,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_a_search_over_both_databases_is_complete_behind_a_full_page,
                                        start, stop),
        cmocka_unit_test_setup_teardown(test_errors_of_writes_have_their_names, start, stop),
        cmocka_unit_test_setup_teardown(test_sync_tells_what_is_there_and_what_changes, start, stop),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
