/* RSA moduli that are known to be weak by their form. Nothing here is secret, so nothing needs
 * constant time; everything is bounded. */
#include <openssl/bn.h>
#include <openssl/err.h>
#include "outside/crypto_csr_parts.h"

#define SMALL_FACTORS 65536 /* trial division below this */
#define FERMAT_ROUNDS 100   /* CA/Browser Forum baseline requirements, section 6.1.1.3 */

/* The numbers of one test, freed together. */
typedef struct weak_test {
    BN_CTX *context;
    BIGNUM *n;
} weak_test_t;

static int is_small_prime(BN_ULONG number) {
    BN_ULONG divisor;

    for (divisor = 3; divisor * divisor <= number; divisor += 2) {
        if (number % divisor == 0) {
            return 0;
        }
    }
    return 1;
}

static int has_small_factor(const weak_test_t *test) {
    BN_ULONG divisor;

    if (!BN_is_odd(test->n)) {
        return 1;
    }
    for (divisor = 3; divisor < SMALL_FACTORS; divisor += 2) {
        if (BN_mod_word(test->n, divisor) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Infineon's primes (CVE-2017-15361) are k * M + (65537^a mod M), M the product of the first primes: for
 * each of these n lies in the group that 65537 generates. For other keys this holds for all primes up to
 * 167 once in some hundred million (Nemec and others, "The Return of Coppersmith's Attack", section 4.2). */
static int has_roca_form(const weak_test_t *test) {
    BN_ULONG prime;

    for (prime = 3; prime <= 167; prime += 2) {
        BN_ULONG residue = BN_mod_word(test->n, prime);
        BN_ULONG power = 1, i;
        int found = residue == 1;

        if (!is_small_prime(prime)) {
            continue;
        }
        for (i = 0; i < prime && !found; i++) {
            power = power * (65537 % prime) % prime;
            found = power == residue;
        }
        if (!found) {
            return 0;
        }
    }
    return 1;
}

/* A base-2 Fermat test is enough: no product of two large primes passes it by chance. 1 if it passes, -1 on
 * failure of the library. */
static int is_prime(const weak_test_t *test) {
    BIGNUM *base, *exponent, *power;
    int result = -1;

    BN_CTX_start(test->context);
    base = BN_CTX_get(test->context);
    exponent = BN_CTX_get(test->context);
    power = BN_CTX_get(test->context);
    if (power != NULL && BN_set_word(base, 2) && BN_copy(exponent, test->n) != NULL &&
        BN_sub_word(exponent, 1) && BN_mod_exp(power, base, exponent, test->n, test->context)) {
        result = BN_is_one(power);
    }
    BN_CTX_end(test->context);
    return result;
}

/* The integer square root of a positive number by Newton's method, from above. */
static int square_root(BIGNUM *root, const BIGNUM *square, BN_CTX *context) {
    BIGNUM *next;
    int done;

    BN_CTX_start(context);
    next = BN_CTX_get(context);
    done = next != NULL && BN_one(next) && BN_lshift(next, next, (BN_num_bits(square) + 1) / 2);
    do {
        done = done && BN_copy(root, next) != NULL && BN_div(next, NULL, square, root, context) &&
               BN_add(next, next, root) && BN_rshift1(next, next);
    } while (done && BN_cmp(next, root) < 0);
    BN_CTX_end(context);
    return done;
}

/* 1 if it is a perfect square, -1 on failure. Squares are 0, 1, 4 or 9 modulo 16. */
static int is_square(const BIGNUM *number, BN_CTX *context) {
    BN_ULONG low = BN_mod_word(number, 16);
    BIGNUM *root, *square;
    int result = -1;

    if (BN_is_zero(number)) {
        return 1;
    }
    if (low != 0 && low != 1 && low != 4 && low != 9) {
        return 0;
    }
    BN_CTX_start(context);
    root = BN_CTX_get(context);
    square = BN_CTX_get(context);
    if (square != NULL && square_root(root, number, context) && BN_sqr(square, root, context)) {
        result = BN_cmp(square, number) == 0;
    }
    BN_CTX_end(context);
    return result;
}

/* Fermat's factorisation: a² - n is a square for an a just above the root of n if the two primes are close
 * (CVE-2022-26320). 1 if they are, -1 on failure. */
static int has_close_primes(const weak_test_t *test) {
    BIGNUM *a, *rest;
    int round, result = -1;

    BN_CTX_start(test->context);
    a = BN_CTX_get(test->context);
    rest = BN_CTX_get(test->context);
    if (rest != NULL && square_root(a, test->n, test->context)) {
        result = 0;
    }
    for (round = 0; round <= FERMAT_ROUNDS && result == 0; round++) {
        if (!BN_sqr(rest, a, test->context) || !BN_sub(rest, rest, test->n)) {
            result = -1;
        } else if (!BN_is_negative(rest)) {
            result = is_square(rest, test->context);
        }
        if (!BN_add_word(a, 1)) {
            result = -1;
        }
    }
    BN_CTX_end(test->context);
    return result;
}

static const char *judge(const weak_test_t *test) {
    int close, prime;

    if (has_small_factor(test)) {
        return "small factor";
    }
    if (has_roca_form(test)) {
        return "ROCA";
    }
    close = has_close_primes(test);
    prime = close == 0 ? is_prime(test) : 0;
    if (close < 0 || prime < 0) {
        return "could not be tested";
    }
    return close ? "close primes" : prime ? "prime" : NULL;
}

const char *xca_weak_modulus(xca_bytes_t modulus) {
    weak_test_t test = {BN_CTX_new(), BN_bin2bn(modulus.data, (int)modulus.length, NULL)};
    const char *why =
        test.context != NULL && test.n != NULL ? judge(&test) : "could not be tested";

    BN_free(test.n);
    BN_CTX_free(test.context);
    ERR_clear_error();
    return why;
}
