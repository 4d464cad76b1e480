/* Signatures that are half made beforehand: each is good, and none has the k of another, whoever asks: one that asks again and again,
 * threads, a process and its child. */
#include "crypto_fixture.h"

#include <sys/wait.h>
#include <apr_thread_proc.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include "outside/crypto_openssl.h"
#include "outside/crypto_presign.h"

#define TRIES   1000
#define THREADS 4
#define EACH    400
#define HALF    32 /* bytes of r */

typedef unsigned char half_t[HALF];

typedef struct {
    xca_key_t *key;
    xca_presigner_t *presigner;
} world_t;

static world_t make_world(void) {
    world_t w;

    assert_fine(xca_key_make(&w.key, "ec:P-256", test_pool));
    assert_fine(xca_presigner_make(&w.presigner, w.key, test_pool));
    return w;
}

/* The first half of a signature, which two that have one k in common share. */
static int half_of(half_t half, const unsigned char *der, apr_size_t length) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)length);
    int done = signature != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(signature), half, HALF) == HALF;

    ECDSA_SIG_free(signature);
    return done;
}

static int is_good(const world_t *w, const unsigned char *der, apr_size_t length, xca_bytes_t data) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, w->key->pkey) == 1 &&
               EVP_DigestVerify(context, der, length, data.data, data.length) == 1;

    EVP_MD_CTX_free(context);
    return good;
}

/* Signs the number and gives the signature's first half. Returns 0 if it is not good. */
static int sign_number(half_t half, const world_t *w, int number, apr_pool_t *pool) {
    unsigned char der[XCA_PRESIGN_MAX];
    xca_bytes_t data = {(const unsigned char *)&number, sizeof(number)};
    apr_size_t length = 0;

    return xca_presigner_sign(der, &length, w->presigner, data, pool) == NULL && length <= sizeof(der) &&
           is_good(w, der, length, data) && half_of(half, der, length);
}

/* Asks so often that a batch is made. */
static void make_it_prepare(const world_t *w) {
    half_t half;
    int i;

    for (i = 0; i < TRIES && xca_presigner_ready(w->presigner) == 0; i++) {
        assert_true(sign_number(half, w, i, test_pool));
    }
    assert_true(xca_presigner_ready(w->presigner) > 0);
}

static int by_bytes(const void *a, const void *b) {
    return memcmp(a, b, HALF);
}

static void assert_all_differ(half_t *halves, size_t count) {
    size_t i;

    qsort(halves, count, HALF, by_bytes);
    for (i = 1; i < count; i++) {
        assert_int_not_equal(memcmp(halves[i - 1], halves[i], HALF), 0);
    }
}

static void test_each_of_many_is_good_and_has_a_k_of_its_own(void **state) {
    world_t w = make_world();
    static half_t halves[EACH];
    int i, prepared = 0;

    for (i = 0; i < EACH; i++) {
        assert_true(sign_number(halves[i], &w, i, test_pool));
        prepared += xca_presigner_ready(w.presigner) > 0;
    }
    assert_true(prepared > 0);
    assert_all_differ(halves, EACH);
}

static void test_who_signs_seldom_leaves_nothing_prepared(void **state) {
    world_t w = make_world();
    half_t half;
    int i;

    for (i = 0; i < 3; i++) {
        assert_true(sign_number(half, &w, i, test_pool));
        assert_int_equal(xca_presigner_ready(w.presigner), 0);
        apr_sleep(apr_time_from_msec(30));
    }
    make_it_prepare(&w);
    apr_sleep(apr_time_from_msec(600));
    assert_int_equal(xca_presigner_ready(w.presigner), 0); /* and what was prepared is dropped */
    assert_true(sign_number(half, &w, i, test_pool));
}

static void sign_in_child(const world_t *w, int to) {
    half_t half;
    int i;

    for (i = 0; i < EACH; i++) {
        if (!sign_number(half, w, i, test_pool) || write(to, half, HALF) != HALF) {
            _exit(1);
        }
    }
    _exit(0);
}

static void test_a_child_has_none_of_its_parents(void **state) {
    world_t w = make_world();
    static half_t halves[2 * EACH];
    int ends[2], status, i;
    pid_t child;

    make_it_prepare(&w);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        sign_in_child(&w, ends[1]);
    }
    close(ends[1]);
    for (i = 0; i < EACH; i++) {
        assert_true(sign_number(halves[i], &w, i + EACH, test_pool));
    }
    for (; i < 2 * EACH; i++) { /* what is not read as one piece is read as two different ones */
        assert_int_equal(read(ends[0], halves[i], HALF), HALF);
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_all_differ(halves, 2 * EACH);
}

typedef struct {
    const world_t *w;
    apr_pool_t *pool;
    half_t *halves;
    int good;
} hand_t;

static void *APR_THREAD_FUNC sign_in_thread(apr_thread_t *thread, void *data) {
    hand_t *hand = data;

    while (hand->good < EACH && sign_number(hand->halves[hand->good], hand->w, hand->good, hand->pool)) {
        hand->good++;
    }
    return NULL;
}

static void test_threads_share_one(void **state) {
    world_t w = make_world();
    static half_t halves[THREADS * EACH];
    hand_t hands[THREADS];
    apr_thread_t *threads[THREADS];
    apr_status_t status;
    int i;

    for (i = 0; i < THREADS; i++) {
        hands[i] = (hand_t){&w, NULL, halves + i * EACH, 0};
        apr_pool_create(&hands[i].pool, test_pool);
        assert_int_equal(apr_thread_create(&threads[i], NULL, sign_in_thread, &hands[i], test_pool), APR_SUCCESS);
    }
    for (i = 0; i < THREADS; i++) {
        apr_thread_join(&status, threads[i]);
        assert_int_equal(hands[i].good, EACH);
    }
    assert_all_differ(halves, THREADS * EACH);
}

static void test_another_keys_are_refused(void **state) {
    xca_presigner_t *presigner;
    xca_key_t *key;

    assert_fine(xca_key_make(&key, "rsa:2048", test_pool));
    assert_string_equal(message_of(xca_presigner_make(&presigner, key, test_pool)), "crypto.key");
    assert_fine(xca_key_make(&key, "ec:P-384", test_pool));
    assert_string_equal(message_of(xca_presigner_make(&presigner, key, test_pool)), "crypto.key");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_each_of_many_is_good_and_has_a_k_of_its_own), TEST(test_who_signs_seldom_leaves_nothing_prepared),
        TEST(test_a_child_has_none_of_its_parents),             TEST(test_threads_share_one),
        TEST(test_another_keys_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
