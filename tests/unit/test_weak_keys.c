/* Keys that are known to be weak, made here as the faulty programs made them. OpenSSL's numbers are used
 * to make them. */
#include "crypto_fixture.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include "outside/crypto.h"
#include "outside/crypto_csr.h"
#include "outside/crypto_csr_parts.h"

static BN_CTX *context;

static xca_bytes_t bytes_of(const BIGNUM *n) {
    unsigned char *data = apr_palloc(test_pool, (apr_size_t)BN_num_bytes(n));
    xca_bytes_t bytes = {data, (apr_size_t)BN_bn2bin(n, data)};

    return bytes;
}

static const char *judge(const BIGNUM *n) {
    const char *why = xca_weak_modulus(bytes_of(n));

    return why != NULL ? why : "";
}

/* A random prime of `bits` bits whose two highest are set, so that products have full length. */
static BIGNUM *random_prime(int bits) {
    BIGNUM *p = BN_new();

    do {
        BN_rand(p, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
    } while (BN_check_prime(p, context, NULL) != 1);
    return p;
}

static BIGNUM *next_prime(const BIGNUM *from) {
    BIGNUM *p = BN_dup(from);

    do {
        BN_add_word(p, 2);
    } while (BN_check_prime(p, context, NULL) != 1);
    return p;
}

static BIGNUM *product(const BIGNUM *p, const BIGNUM *q) {
    BIGNUM *n = BN_new();

    BN_mul(n, p, q, context);
    return n;
}

/* A request signed with the RSA key of these primes, DER. */
static xca_bytes_t request_for(const BIGNUM *p, const BIGNUM *q) {
    BIGNUM *n = product(p, q), *e = BN_new(), *d = BN_new(), *p1 = BN_dup(p), *q1 = BN_dup(q), *phi;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params;
    EVP_PKEY *pkey = NULL;
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;
    xca_bytes_t bytes;
    int length;

    BN_set_word(e, 65537);
    BN_sub_word(p1, 1);
    BN_sub_word(q1, 1);
    phi = product(p1, q1);
    assert_non_null(BN_mod_inverse(d, e, phi, context));
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, d);
    params = OSSL_PARAM_BLD_to_param(builder);
    assert_int_equal(EVP_PKEY_fromdata_init(maker), 1);
    assert_int_equal(EVP_PKEY_fromdata(maker, &pkey, EVP_PKEY_KEYPAIR, params), 1);
    X509_REQ_set_pubkey(request, pkey);
    assert_true(X509_REQ_sign(request, pkey, EVP_sha256()) > 0);
    length = i2d_X509_REQ(request, &der);
    assert_true(length > 0);
    bytes.data = apr_pmemdup(test_pool, der, (apr_size_t)length);
    bytes.length = (apr_size_t)length;
    OPENSSL_free(der);
    X509_REQ_free(request);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n), BN_free(e), BN_free(d), BN_free(p1), BN_free(q1), BN_free(phi);
    return bytes;
}

static const char *refusal(xca_bytes_t der) {
    xca_csr_t *csr;

    return message_of(xca_csr_read(&csr, der.data, der.length, test_pool));
}

static void test_a_key_of_two_neighbouring_primes_is_refused(void **state) {
    BIGNUM *p = random_prime(1024), *q = next_prime(p), *n = product(p, q), *square = product(p, p);

    assert_string_equal(judge(n), "close primes");
    assert_string_equal(judge(square), "close primes");
    assert_string_equal(refusal(request_for(p, q)), "csr.weak-key");
    BN_free(p), BN_free(q), BN_free(n), BN_free(square);
}

/* Infineon's form: p = k * M + (65537^a mod M), M the product of the first 126 primes. */
static BIGNUM *roca_prime(const BIGNUM *m) {
    BIGNUM *p = BN_new(), *a = BN_new(), *base = BN_new();

    BN_set_word(base, 65537);
    do {
        BN_rand(a, 200, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
        BN_mod_exp(p, base, a, m, context);
        BN_rand(a, 1024 - BN_num_bits(m), BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ANY);
        BN_mul(a, a, m, context);
        BN_add(p, p, a);
    } while (BN_num_bits(p) != 1024 || BN_check_prime(p, context, NULL) != 1);
    BN_free(a), BN_free(base);
    return p;
}

static void test_a_key_of_infineons_chips_of_2017_is_refused(void **state) {
    BIGNUM *m = BN_new(), *p, *q, *n;
    BN_ULONG prime, divisor;

    BN_one(m);
    for (prime = 2; prime <= 701; prime++) { /* 701 is the 126th */
        for (divisor = 2; divisor * divisor <= prime && prime % divisor != 0; divisor++) {
        }
        if (divisor * divisor > prime) {
            BN_mul_word(m, prime);
        }
    }
    assert_int_equal(BN_num_bits(m), 971);
    p = roca_prime(m), q = roca_prime(m), n = product(p, q);
    assert_string_equal(judge(n), "ROCA");
    assert_string_equal(refusal(request_for(p, q)), "csr.weak-key");
    BN_free(m), BN_free(p), BN_free(q), BN_free(n);
}

static void test_a_modulus_with_a_small_factor_or_none_is_refused(void **state) {
    BIGNUM *p = random_prime(2048), *n = BN_dup(p);

    assert_string_equal(judge(p), "prime");
    BN_mul_word(n, 65521);
    assert_string_equal(judge(n), "small factor");
    BN_copy(n, p);
    BN_lshift1(n, n);
    assert_string_equal(judge(n), "small factor");
    BN_free(p), BN_free(n);
}

static void test_good_keys_are_not_taken_for_weak(void **state) {
    int i;

    for (i = 0; i < 10; i++) {
        BIGNUM *p = random_prime(1024), *q = random_prime(1024), *n = product(p, q);

        assert_string_equal(judge(n), "");
        BN_free(p), BN_free(q), BN_free(n);
    }
}

static void test_listed_keys_are_refused(void **state) {
    BIGNUM *p = random_prime(1024), *q = random_prime(1024), *r = random_prime(1024);
    xca_bytes_t by_key = request_for(p, q), by_modulus = request_for(p, r), good = request_for(q, r);
    xca_csr_t *csr;
    const char *list;

    assert_string_equal(refusal(by_modulus), "");
    assert_fine(xca_csr_read(&csr, by_key.data, by_key.length, test_pool));
    write_file("modulus.der", by_modulus.data, by_modulus.length);
    list = apr_pstrcat(test_pool, "# made here\r\n\n", csr->key_hash, "\r\n",
                       run_well("openssl req -inform DER -in modulus.der -noout -modulus | sha1sum | "
                                "cut -c21-40"), NULL);
    assert_fine(xca_csr_weak_list(write_file("list", list, strlen(list)), test_pool));
    assert_string_equal(refusal(by_key), "csr.weak-key");
    assert_string_equal(refusal(by_modulus), "csr.weak-key");
    assert_string_equal(refusal(good), "");
    /* a second list adds to the first */
    list = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_fine(xca_csr_weak_list(write_file("second", list, strlen(list)), test_pool));
    assert_string_equal(refusal(by_key), "csr.weak-key");
    BN_free(p), BN_free(q), BN_free(r);
}

static void test_a_list_with_a_bad_line_is_named(void **state) {
    xca_error_t *err;

    err = xca_csr_weak_list(write_file("list", "# a\n0123456789abcdef0123\nabc\n", 29), test_pool);
    assert_string_equal(message_of(err), "weak-list.line");
    assert_string_equal(err->arg, "3");
    err = xca_csr_weak_list(test_path("none"), test_pool);
    assert_string_equal(message_of(err), "file.unreadable");
}

static void test_elliptic_curve_keys_can_be_listed_too(void **state) {
    const char *text, *list;
    apr_size_t length;
    xca_csr_t *csr;

    run_well("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -subj /CN=a "
             "-out r.pem");
    assert_null(xca_file_read(&text, &length, test_path("r.pem"), 65536, test_pool));
    assert_fine(xca_csr_read(&csr, text, length, test_pool));
    list = csr->key_hash;
    assert_fine(xca_csr_weak_list(write_file("list", list, strlen(list)), test_pool));
    assert_string_equal(message_of(xca_csr_read(&csr, text, length, test_pool)), "csr.weak-key");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_of_two_neighbouring_primes_is_refused),
        TEST(test_a_key_of_infineons_chips_of_2017_is_refused),
        TEST(test_a_modulus_with_a_small_factor_or_none_is_refused),
        TEST(test_good_keys_are_not_taken_for_weak),
        TEST(test_listed_keys_are_refused),
        TEST(test_a_list_with_a_bad_line_is_named),
        TEST(test_elliptic_curve_keys_can_be_listed_too),
    };
    int failed;

    context = BN_CTX_new();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    BN_CTX_free(context);
    return failed;
}
