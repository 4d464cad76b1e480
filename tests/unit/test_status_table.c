/* The status table and the cache of signatures, with a writer beside readers in other processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include "domain/status_cache.h"

#define POWER  21
#define PLACES 1024
#define NOW    apr_time_from_sec(1795496700)

static void *map(apr_size_t length) {
    void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

static int given_back;

static void give_back(void *memory, apr_size_t length) {
    given_back++;
    (void)madvise(memory, length, MADV_REMOVE);
}

static xca_status_table_t *make_table(void) {
    xca_status_table_t *table = xca_status_table_make(map(xca_status_table_size(POWER)), POWER);

    xca_status_writer(table, give_back);
    return table;
}

static void drop_table(xca_status_table_t *table) {
    munmap(table, xca_status_table_size(POWER));
}

/* The i-th of our serial numbers. */
static const unsigned char *serial(unsigned int i) {
    static unsigned char bytes[16];

    memset(bytes, 0, sizeof(bytes));
    bytes[0] = 0x4a;
    bytes[12] = (unsigned char)(i >> 24);
    bytes[13] = (unsigned char)(i >> 16);
    bytes[14] = (unsigned char)(i >> 8);
    bytes[15] = (unsigned char)i;
    return bytes;
}

static const xca_status_t good = {XCA_STATUS_GOOD, XCA_REASON_UNSPECIFIED, 0, 0};

static void put(xca_status_table_t *table, unsigned int i, xca_status_t status) {
    assert_int_equal(xca_status_put(table, serial(i), 16, &status), 1);
}

static xca_status_kind kind_of(const xca_status_table_t *table, unsigned int i) {
    return xca_status_get(table, serial(i), 16).kind;
}

static void test_what_is_put_is_found_and_nothing_else(void **state) {
    xca_status_table_t *table = make_table();
    xca_status_t revoked = {XCA_STATUS_REVOKED, XCA_REASON_CESSATION, NOW, 0}, found;

    assert_int_equal(kind_of(table, 1), XCA_STATUS_UNKNOWN);
    put(table, 1, good);
    put(table, 2, revoked);
    assert_int_equal(kind_of(table, 1), XCA_STATUS_GOOD);
    found = xca_status_get(table, serial(2), 16);
    assert_int_equal(found.kind, XCA_STATUS_REVOKED);
    assert_int_equal(found.reason, XCA_REASON_CESSATION);
    assert_int_equal(found.when, NOW);
    assert_int_equal(found.generation, 0);
    revoked.generation = XCA_GENERATIONS_MAX - 1;
    put(table, 2, revoked);
    found = xca_status_get(table, serial(2), 16);
    assert_true(found.generation == XCA_GENERATIONS_MAX - 1 && found.kind == XCA_STATUS_REVOKED && found.when == NOW);
    assert_int_equal(kind_of(table, 3), XCA_STATUS_UNKNOWN);
    put(table, 1, revoked);
    put(table, 2, good);
    assert_int_equal(kind_of(table, 1), XCA_STATUS_REVOKED);
    assert_int_equal(kind_of(table, 2), XCA_STATUS_GOOD);
    xca_status_forget(table, serial(2), 16);
    assert_int_equal(kind_of(table, 2), XCA_STATUS_UNKNOWN);
    assert_int_equal(xca_status_count(table), 2);
    drop_table(table);
}

static void test_a_serial_is_a_number_however_it_is_written(void **state) {
    static const unsigned char with_sign[] = {0, 0xca, 1}, bare[] = {0xca, 1}, zero[] = {0};
    static const unsigned char long_one[17] = {1};
    xca_status_table_t *table = make_table();

    assert_int_equal(xca_status_put(table, bare, sizeof(bare), &good), 1);
    assert_int_equal(xca_status_get(table, with_sign, sizeof(with_sign)).kind, XCA_STATUS_GOOD);
    assert_int_equal(xca_status_put(table, long_one, sizeof(long_one), &good), 0);
    assert_int_equal(xca_status_get(table, long_one, sizeof(long_one)).kind, XCA_STATUS_UNKNOWN);
    assert_int_equal(xca_status_put(table, zero, sizeof(zero), &good), 0);
    assert_int_equal(xca_status_get(table, zero, 0).kind, XCA_STATUS_UNKNOWN);
    drop_table(table);
}

static void test_states_are_told_as_the_profile_says(void **state) {
    xca_cert_t cert = {0};
    xca_status_t status;

    cert.state = XCA_CERT_PENDING;
    assert_int_equal(xca_status_of_cert(&cert).kind, XCA_STATUS_UNKNOWN);
    cert.state = XCA_CERT_VALID;
    assert_int_equal(xca_status_of_cert(&cert).kind, XCA_STATUS_GOOD);
    cert.state = XCA_CERT_SUSPENDED;
    cert.suspended = NOW;
    assert_int_equal(xca_status_of_cert(&cert).kind, XCA_STATUS_UNKNOWN);
    cert.published = 1;
    status = xca_status_of_cert(&cert);
    assert_int_equal(status.kind, XCA_STATUS_REVOKED);
    assert_int_equal(status.reason, XCA_REASON_HOLD);
    assert_int_equal(status.when, NOW);
    cert.state = XCA_CERT_REVOKED;
    cert.revoked = NOW + 1;
    cert.reason = XCA_REASON_SUPERSEDED;
    status = xca_status_of_cert(&cert);
    assert_int_equal(status.kind, XCA_STATUS_REVOKED);
    assert_int_equal(status.reason, XCA_REASON_SUPERSEDED);
}

/* The limit of the issue: a million certificates in 64 MB. */
static void test_a_million_fit_into_64_megabytes(void **state) {
    xca_status_table_t *table = make_table();
    unsigned char resident[1 << 16];
    apr_size_t size = xca_status_table_size(POWER), pages = size / 4096, used = 0, i;
    unsigned int n;

    given_back = 0;
    for (n = 0; n < 1000000; n++) {
        xca_status_t status = n % 10 == 0 ? (xca_status_t){XCA_STATUS_REVOKED, XCA_REASON_SUPERSEDED, apr_time_from_sec(n), 0} : good;

        put(table, n, status);
    }
    for (n = 0; n < 1000000; n++) {
        xca_status_t found = xca_status_get(table, serial(n), 16);

        if (found.kind != (n % 10 == 0 ? XCA_STATUS_REVOKED : XCA_STATUS_GOOD) || (n % 10 == 0 && apr_time_sec(found.when) != n)) {
            fail_msg("certificate %u", n);
        }
    }
    assert_int_equal(kind_of(table, 1000001), XCA_STATUS_UNKNOWN);
    assert_int_equal(xca_status_count(table), 1000000);
    assert_true(given_back > 5);
    assert_true(pages <= sizeof(resident));
    assert_int_equal(mincore(table, size, resident), 0);
    for (i = 0; i < pages; i++) {
        used += resident[i] & 1;
    }
    print_message("%zu bytes a certificate\n", used * 4096 / 1000000);
    assert_true(used * 4096 <= 64000000);
    drop_table(table);
}

static void test_a_table_that_cannot_grow_says_so(void **state) {
    xca_status_table_t *table = xca_status_table_make(map(xca_status_table_size(10)), 10);
    unsigned int n;

    xca_status_writer(table, NULL);
    for (n = 0; n < 1024; n++) {
        put(table, n, good);
    }
    assert_int_equal(xca_status_put(table, serial(1024), 16, &good), 0);
    assert_int_equal(kind_of(table, 1024), XCA_STATUS_UNKNOWN);
    assert_int_equal(kind_of(table, 1023), XCA_STATUS_GOOD);
}

static void test_what_a_refresh_does_not_tell_is_forgotten(void **state) {
    xca_status_table_t *table = make_table();
    int round;

    for (round = 0; round < 70000; round += 23333) { /* also where the count of refreshes begins anew */
        put(table, 1, good);
        put(table, 2, good);
        xca_status_tell_all(table);
        put(table, 2, good);
        assert_int_equal(kind_of(table, 1), XCA_STATUS_GOOD); /* until the refresh is over */
        xca_status_told(table);
        assert_int_equal(kind_of(table, 1), XCA_STATUS_UNKNOWN);
        assert_int_equal(kind_of(table, 2), XCA_STATUS_GOOD);
    }
    drop_table(table);
}

static void test_another_writer_goes_on_in_the_same_memory(void **state) {
    xca_status_table_t *table = make_table(), *again;
    unsigned char der[XCA_STATUS_CERTIFICATE_MAX];
    apr_time_t from, until;
    apr_uint64_t version;
    unsigned int n;

    for (n = 0; n < 5000; n++) {
        put(table, n, good);
    }
    xca_status_in_step(table, NOW);
    xca_status_cookie_put(table, (xca_bytes_t){(const unsigned char *)"rid=1", 5});
    assert_int_equal(xca_status_certificate(der, &from, &until, &version, table, 0), 0);
    xca_status_certificate_put(table, 0, (xca_bytes_t){(const unsigned char *)"certificate", 11}, NOW, NOW + 1);
    again = xca_status_table_make(table, POWER);
    assert_ptr_equal(again, table);
    assert_int_equal(kind_of(again, 4999), XCA_STATUS_GOOD);
    xca_status_writer(again, give_back);
    assert_int_equal(xca_status_count(again), 5000);
    assert_int_equal(xca_status_fresh(again), NOW);
    assert_int_equal(xca_status_cookie(again).length, 5);
    assert_int_equal(xca_status_certificate(der, &from, &until, &version, again, 0), 11);
    assert_memory_equal(der, "certificate", 11);
    assert_int_equal(until, NOW + 1);
    xca_status_cookie_put(again, (xca_bytes_t){NULL, 0});
    assert_int_equal(xca_status_cookie(again).length, 0);
    drop_table(again);
}

/* Readers in another process, while the writer changes states, adds and grows: certificate n is good, or revoked at second n with
 * reason n % 7; 0 to 999 are always there. */
static int read_on(const xca_status_table_t *table) {
    unsigned int n = 0;
    apr_uint64_t reads;

    for (reads = 0; xca_status_fresh(table) == 0; reads++, n = (n + 7) % 200000) {
        xca_status_t found = xca_status_get(table, serial(n), 16);

        if ((n < 1000 && found.kind == XCA_STATUS_UNKNOWN) ||
            (found.kind == XCA_STATUS_REVOKED && (apr_time_sec(found.when) != n || (unsigned int)found.reason != n % 7)) ||
            (found.kind != XCA_STATUS_REVOKED && (found.when != 0 || found.reason != 0))) {
            return 1;
        }
    }
    return reads > 1000 ? 0 : 2;
}

static void test_readers_never_see_a_mixture(void **state) {
    xca_status_table_t *table = make_table();
    pid_t readers[2];
    int i, status;
    unsigned int n, round;

    for (n = 0; n < 1000; n++) {
        put(table, n, good);
    }
    for (i = 0; i < 2; i++) {
        readers[i] = fork();
        if (readers[i] == 0) {
            _exit(read_on(table));
        }
    }
    for (round = 0; round < 6; round++) {
        for (n = 0; n < 200000; n++) {
            xca_status_t revoked = {XCA_STATUS_REVOKED, (xca_crl_reason)(n % 7), apr_time_from_sec(n), 0};

            put(table, n, (n + round) % 2 == 0 ? revoked : good);
        }
    }
    xca_status_in_step(table, NOW);
    for (i = 0; i < 2; i++) {
        assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    drop_table(table);
}

/* Killed at any moment, also while it grows: what was put before is there, and the next writer goes on. */
static void test_a_writer_that_is_killed_leaves_a_table(void **state) {
    int round;

    for (round = 0; round < 20; round++) {
        xca_status_table_t *table = make_table();
        pid_t writer;
        unsigned int n;

        for (n = 0; n < 500; n++) {
            put(table, n, good);
        }
        writer = fork();
        if (writer == 0) {
            for (n = 500;; n++) {
                put(table, n, good);
            }
        }
        usleep((unsigned int)round * 700);
        kill(writer, SIGKILL);
        waitpid(writer, NULL, 0);
        for (n = 0; n < 500; n++) {
            assert_int_equal(kind_of(table, n), XCA_STATUS_GOOD);
        }
        xca_status_writer(table, give_back);
        for (n = 0; n < 3000; n++) {
            put(table, 1000000 + n, good);
        }
        for (n = 0; n < 500; n++) {
            assert_int_equal(kind_of(table, n), XCA_STATUS_GOOD);
        }
        drop_table(table);
    }
}

/* Signatures -------------------------------------------------------------------------------------------------------------- */

static xca_status_answer_t answer_about(unsigned int i) {
    xca_status_answer_t answer = {{NULL, 16}, 1, good, 3};

    answer.serial.data = serial(i);
    return answer;
}

static xca_status_made_t made_at(apr_time_t when, int byte, apr_size_t length) {
    xca_status_made_t made = {when, when - apr_time_from_sec(1), length, {0}};

    memset(made.signature, byte, length);
    return made;
}

static void test_an_answer_is_found_again_as_long_as_nothing_of_it_changes(void **state) {
    xca_status_cache_t *cache = xca_status_cache_make(map(xca_status_cache_size(PLACES)), PLACES);
    xca_status_answer_t answer = answer_about(7), other;
    xca_status_made_t made = made_at(NOW, 0xab, 256), found;

    assert_int_equal(xca_status_cache_get(&found, cache, &answer), 0);
    xca_status_cache_put(cache, &answer, &made);
    assert_int_equal(xca_status_cache_get(&found, cache, &answer), 1);
    assert_int_equal(found.produced, NOW);
    assert_int_equal(found.this_update, NOW - apr_time_from_sec(1));
    assert_int_equal(found.length, 256);
    assert_memory_equal(found.signature, made.signature, 256);
    other = answer;
    other.form = 2;
    assert_int_equal(xca_status_cache_get(&found, cache, &other), 0);
    other = answer;
    other.signer = 4;
    assert_int_equal(xca_status_cache_get(&found, cache, &other), 0);
    other = answer;
    other.status.kind = XCA_STATUS_REVOKED;
    assert_int_equal(xca_status_cache_get(&found, cache, &other), 0);
    xca_status_cache_put(cache, &other, &made);
    other.status.when = NOW;
    assert_int_equal(xca_status_cache_get(&found, cache, &other), 0);
    other = answer_about(8);
    assert_int_equal(xca_status_cache_get(&found, cache, &other), 0);
    other.serial = (xca_bytes_t){(const unsigned char *)"\0\x4a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7\7", 18};
    xca_status_cache_put(cache, &other, &made);
    assert_int_equal(xca_status_cache_get(&found, cache, &other), 0);
}

static int is_kept(const xca_status_cache_t *cache, unsigned int n) {
    xca_status_answer_t answer = answer_about(n);
    xca_status_made_t found;

    return xca_status_cache_get(&found, cache, &answer) && found.signature[0] == n;
}

static void keep(xca_status_cache_t *cache, unsigned int n, apr_time_t when) {
    xca_status_answer_t answer = answer_about(n);
    xca_status_made_t made = made_at(when, (int)n, 70);

    xca_status_cache_put(cache, &answer, &made);
}

static void test_two_answers_stand_side_by_side_and_a_third_takes_the_older_ones_place(void **state) {
    xca_status_cache_t *cache = xca_status_cache_make(map(xca_status_cache_size(2)), 2);
    apr_time_t second = apr_time_from_sec(1);

    keep(cache, 1, NOW);
    keep(cache, 2, NOW + second);
    assert_true(is_kept(cache, 1) && is_kept(cache, 2));
    keep(cache, 1, NOW + 2 * second); /* in its own place */
    assert_true(is_kept(cache, 1) && is_kept(cache, 2));
    keep(cache, 3, NOW + 3 * second);
    assert_true(is_kept(cache, 1) && is_kept(cache, 3));
    assert_false(is_kept(cache, 2));
}

/* A process was killed while it wrote: its place has an odd counter for ever. */
static void test_beside_a_place_that_is_lost_the_other_one_is_used(void **state) {
    unsigned char *memory = map(xca_status_cache_size(2));
    xca_status_cache_t *cache = xca_status_cache_make(memory, 2);
    apr_uint64_t *counter = (apr_uint64_t *)(memory + xca_status_cache_size(2) - 2 * (xca_status_cache_size(2) - xca_status_cache_size(1)));

    keep(cache, 1, NOW);
    assert_int_equal(*counter, 2);
    *counter = 3;
    assert_false(is_kept(cache, 1));
    keep(cache, 2, NOW);
    assert_true(is_kept(cache, 2));
    keep(cache, 3, NOW - 1);
    assert_true(is_kept(cache, 3));
}

/* Three processes write and read what falls on few places: a signature is always the one that belongs to its answer. */
static int write_and_read(xca_status_cache_t *cache, unsigned int seed) {
    unsigned int i, hits = 0;

    for (i = 0; i < 400000; i++) {
        unsigned int n = (i * 7 + seed) % 64;
        xca_status_answer_t answer = answer_about(n);
        xca_status_made_t found, made = made_at(NOW + apr_time_from_sec(n), (int)n, 64 + n % 9);

        if (xca_status_cache_get(&found, cache, &answer)) {
            hits++;
            if (found.length != made.length || found.produced != made.produced ||
                memcmp(found.signature, made.signature, made.length) != 0) {
                return 1;
            }
        } else {
            xca_status_cache_put(cache, &answer, &made);
        }
    }
    return hits > 100 ? 0 : 2;
}

static void test_a_signature_is_never_half_of_another(void **state) {
    xca_status_cache_t *cache = xca_status_cache_make(map(xca_status_cache_size(64)), 64);
    pid_t children[3];
    int i, status;

    for (i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            _exit(write_and_read(cache, (unsigned int)i * 11));
        }
    }
    for (i = 0; i < 3; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_is_found_and_nothing_else),
        cmocka_unit_test(test_a_serial_is_a_number_however_it_is_written),
        cmocka_unit_test(test_states_are_told_as_the_profile_says),
        cmocka_unit_test(test_a_million_fit_into_64_megabytes),
        cmocka_unit_test(test_a_table_that_cannot_grow_says_so),
        cmocka_unit_test(test_what_a_refresh_does_not_tell_is_forgotten),
        cmocka_unit_test(test_another_writer_goes_on_in_the_same_memory),
        cmocka_unit_test(test_readers_never_see_a_mixture),
        cmocka_unit_test(test_a_writer_that_is_killed_leaves_a_table),
        cmocka_unit_test(test_an_answer_is_found_again_as_long_as_nothing_of_it_changes),
        cmocka_unit_test(test_two_answers_stand_side_by_side_and_a_third_takes_the_older_ones_place),
        cmocka_unit_test(test_beside_a_place_that_is_lost_the_other_one_is_used),
        cmocka_unit_test(test_a_signature_is_never_half_of_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
