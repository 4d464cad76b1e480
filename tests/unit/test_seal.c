/* Sealed messages: the published vector for exactly this suite, and what happens to changed ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "wire/seal.h"

#define CONTENT "Abc-12345"
#define SEALED  (sizeof(CONTENT) - 1 + XCA_SEAL_OVERHEAD)
#define AAD     "4f00112233445566778899aabbccddee"

typedef struct message {
    unsigned char public_key[XCA_SEAL_KEY], private_key[XCA_SEAL_KEY];
    unsigned char sealed[SEALED];
} message_t;

static size_t unhex(unsigned char *to, const char *hex) {
    static const char digits[] = "0123456789abcdef";
    size_t length = 0;

    for (; *hex != '\0'; hex += 2) {
        to[length++] = (unsigned char)((strchr(digits, hex[0]) - digits) << 4 |
                                       (strchr(digits, hex[1]) - digits));
    }
    return length;
}

static message_t seal(void) {
    message_t m;

    assert_int_equal(xca_seal_keypair(m.public_key, m.private_key), 1);
    assert_int_equal(xca_seal(m.sealed, (const unsigned char *)CONTENT, strlen(CONTENT),
                              m.public_key, "xca-request-1", (const unsigned char *)AAD,
                              strlen(AAD)),
                     1);
    return m;
}

static int opens(const message_t *m, const char *info, const char *aad) {
    unsigned char opened[sizeof(CONTENT)];
    int ok = xca_unseal(opened, m->sealed, SEALED, m->private_key, info, (const unsigned char *)aad,
                        strlen(aad));

    if (ok) {
        assert_memory_equal(opened, CONTENT, strlen(CONTENT));
    }
    return ok;
}

/* The test vectors published with RFC 9180: base mode, KEM 0x0020, KDF 0x0001, AEAD 0x0002, the first
 * message. */
static void test_the_published_message_of_this_suite_is_opened(void **state) {
    unsigned char private_key[32], public_key[32], wanted[32], sealed[128], opened[64];
    size_t length;

    unhex(private_key, "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d");
    unhex(wanted, "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c");
    length = unhex(sealed, "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256"
                           "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be99319"
                           "80a41de125a925cdad859d5b7a");
    assert_int_equal(xca_seal_public(public_key, private_key), 1);
    assert_memory_equal(public_key, wanted, 32);
    assert_int_equal(xca_unseal(opened, sealed, length, private_key, "Ode on a Grecian Urn",
                                (const unsigned char *)"Count-0", 7),
                     1);
    assert_int_equal(length - XCA_SEAL_OVERHEAD, 29);
    assert_memory_equal(opened, "Beauty is truth, truth beauty", 29);
}

/* The same in authenticated mode; the vector is of draft 8 of the RFC, whose scheme is the RFC's. */
static void test_the_published_authenticated_message_is_opened(void **state) {
    unsigned char private_key[32], sender[32], sender_public[32], wanted[32], sealed[128], opened[64];
    size_t length;

    unhex(private_key, "de1b7aec456fc43d6f5c5a83cca23fe1cf6037ca7dcb8f331016272cf752ba75");
    unhex(sender, "fe3184b8589464f694322961a6660307dca66485c53d1b9f3f71362b16e85eb2");
    unhex(wanted, "8420f244a6d9f2ed5951912f66310d8b078932b511953272a6986904a08ea51c");
    length = unhex(sealed, "b2522dca3e0f209dd6c28d654605c308a79829effa5fe608e5820d149a85eb1c"
                           "3d83a89c1ddc05f73d4762be65e38ade112af135e3a01d30e52674be7361e95f"
                           "5ff679af7095a799a0d5582912");
    assert_int_equal(xca_seal_public(sender_public, sender), 1);
    assert_memory_equal(sender_public, wanted, 32);
    assert_int_equal(xca_unseal_auth(opened, sealed, length, private_key, sender_public,
                                     "Ode on a Grecian Urn", (const unsigned char *)"Count-0", 7),
                     1);
    assert_memory_equal(opened, "Beauty is truth, truth beauty", 29);
    assert_int_equal(xca_unseal(opened, sealed, length, private_key, "Ode on a Grecian Urn",
                                (const unsigned char *)"Count-0", 7),
                     0);
}

static void test_a_reply_is_only_of_its_sender(void **state) {
    message_t to = seal(), from = seal(), other = seal();
    unsigned char sealed[SEALED], opened[SEALED];

    assert_int_equal(xca_seal_auth(sealed, (const unsigned char *)CONTENT, strlen(CONTENT),
                                   to.public_key, from.private_key, "xca-card-reply-1",
                                   (const unsigned char *)AAD, strlen(AAD)),
                     1);
    assert_int_equal(xca_unseal_auth(opened, sealed, SEALED, to.private_key, from.public_key,
                                     "xca-card-reply-1", (const unsigned char *)AAD, strlen(AAD)),
                     1);
    assert_memory_equal(opened, CONTENT, strlen(CONTENT));
    assert_int_equal(xca_unseal_auth(opened, sealed, SEALED, to.private_key, other.public_key,
                                     "xca-card-reply-1", (const unsigned char *)AAD, strlen(AAD)),
                     0);
    assert_int_equal(xca_unseal_auth(opened, sealed, SEALED, other.private_key, from.public_key,
                                     "xca-card-reply-1", (const unsigned char *)AAD, strlen(AAD)),
                     0);
    /* base mode is no way around the sender: a sealed message of anyone is no reply */
    assert_int_equal(xca_unseal_auth(opened, to.sealed, SEALED, to.private_key, from.public_key,
                                     "xca-request-1", (const unsigned char *)AAD, strlen(AAD)),
                     0);
    memset(other.public_key, 0, XCA_SEAL_KEY);
    assert_int_equal(xca_unseal_auth(opened, sealed, SEALED, to.private_key, other.public_key,
                                     "xca-card-reply-1", (const unsigned char *)AAD, strlen(AAD)),
                     0);
}

static void test_a_sealed_code_is_opened_by_the_holder_of_the_key(void **state) {
    message_t m = seal();

    assert_int_equal(opens(&m, "xca-request-1", AAD), 1);
}

static void test_the_same_code_never_looks_the_same(void **state) {
    message_t m = seal();
    unsigned char again[SEALED];

    assert_int_equal(xca_seal(again, (const unsigned char *)CONTENT, strlen(CONTENT), m.public_key,
                              "xca-request-1", (const unsigned char *)AAD, strlen(AAD)),
                     1);
    assert_memory_not_equal(again, m.sealed, XCA_SEAL_KEY);
    assert_memory_not_equal(again + XCA_SEAL_KEY, m.sealed + XCA_SEAL_KEY, strlen(CONTENT));
}

static void test_another_use_place_or_key_does_not_open_it(void **state) {
    message_t m = seal(), other = seal();

    assert_int_equal(opens(&m, "xca-request-2", AAD), 0);
    assert_int_equal(opens(&m, "xca-request-1", "another serial"), 0);
    assert_int_equal(opens(&m, "xca-request-1", ""), 0);
    memcpy(m.private_key, other.private_key, XCA_SEAL_KEY);
    assert_int_equal(opens(&m, "xca-request-1", AAD), 0);
}

static void test_a_message_with_any_bit_changed_is_not_opened(void **state) {
    message_t m = seal();
    size_t bit;

    for (bit = 0; bit < SEALED * 8; bit++) {
        m.sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
        /* The top bit of an X25519 key does not count (RFC 7748 section 5), but HPKE hashes it. */
        assert_int_equal(opens(&m, "xca-request-1", AAD), 0);
        m.sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_int_equal(opens(&m, "xca-request-1", AAD), 1);
}

static void test_a_message_cut_short_is_not_opened(void **state) {
    message_t m = seal();
    unsigned char opened[SEALED];
    size_t length;

    for (length = 0; length < SEALED; length++) {
        assert_int_equal(xca_unseal(opened, m.sealed, length, m.private_key, "xca-request-1",
                                    (const unsigned char *)AAD, strlen(AAD)),
                         0);
    }
}

/* RFC 7748 section 6.1, RFC 9180 section 7.1.4: a key of small order gives everyone the same secret. */
static void test_a_key_that_gives_no_secret_is_refused(void **state) {
    message_t m = seal();

    memset(m.public_key, 0, XCA_SEAL_KEY);
    assert_int_equal(xca_seal(m.sealed, (const unsigned char *)CONTENT, strlen(CONTENT),
                              m.public_key, "xca-request-1", NULL, 0),
                     0);
    memset(m.sealed, 0, XCA_SEAL_KEY);
    assert_int_equal(opens(&m, "xca-request-1", AAD), 0);
}

static void test_an_empty_message_can_be_sealed(void **state) {
    unsigned char public_key[32], private_key[32], sealed[XCA_SEAL_OVERHEAD], opened[1];

    assert_int_equal(xca_seal_keypair(public_key, private_key), 1);
    assert_int_equal(xca_seal(sealed, opened, 0, public_key, "", NULL, 0), 1);
    assert_int_equal(xca_unseal(opened, sealed, sizeof(sealed), private_key, "", NULL, 0), 1);
    sealed[40] ^= 1;
    assert_int_equal(xca_unseal(opened, sealed, sizeof(sealed), private_key, "", NULL, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_published_message_of_this_suite_is_opened),
        cmocka_unit_test(test_the_published_authenticated_message_is_opened),
        cmocka_unit_test(test_a_reply_is_only_of_its_sender),
        cmocka_unit_test(test_a_sealed_code_is_opened_by_the_holder_of_the_key),
        cmocka_unit_test(test_the_same_code_never_looks_the_same),
        cmocka_unit_test(test_another_use_place_or_key_does_not_open_it),
        cmocka_unit_test(test_a_message_with_any_bit_changed_is_not_opened),
        cmocka_unit_test(test_a_message_cut_short_is_not_opened),
        cmocka_unit_test(test_a_key_that_gives_no_secret_is_refused),
        cmocka_unit_test(test_an_empty_message_can_be_sealed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
