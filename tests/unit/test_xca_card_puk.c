/* Which PUK a card gets to see: none before it has proved its key, at most one wrong one, never the last try on a guess. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "xca_card_script.h"
#include "card_info.h"
#include "piv.h"
#include "reset_pin.h"
#include "tlv.h"

/* A card that knows a PUK and has a P-256 key in 9E. */
typedef struct little_card {
    EVP_PKEY *key;
    char puk[9], pin[9];
    int left, yubico, lies; /* lies: it signs with a key of its own */
    int pukcommands;
} little_card_t;

static void answer(unsigned char *receive, size_t *received, const bytes_t *data, unsigned status) {
    memcpy(receive, data->data != NULL ? data->data : (const unsigned char *)"", data->length);
    receive[data->length] = (unsigned char)(status >> 8);
    receive[data->length + 1] = (unsigned char)status;
    *received = data->length + 2;
}

static void sign(const little_card_t *card, const unsigned char *command, bytes_t *data) {
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(card->lies ? own : card->key, NULL);
    unsigned char signature[80];
    size_t length = sizeof(signature), mark;

    /* 7C len 82 00 81 20 digest */
    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_sign(context, signature, &length, command + 5 + 6, 32), 1);
    mark = tlv_open(data, 0x7c);
    tlv_put(data, 0x82, signature, length);
    tlv_close(data, mark);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(own);
}

static unsigned try_puk(little_card_t *card, const unsigned char *puk) {
    card->pukcommands++;
    if (card->left == 0) {
        return 0x6983;
    }
    if (memcmp(puk, card->puk, 8) != 0) {
        card->left--;
        return 0x63c0 | (unsigned)card->left;
    }
    card->left = 3;
    return 0x9000;
}

static fault_t *exchange(void *baton, const unsigned char *send, size_t length, unsigned char *receive,
                         size_t *received) {
    little_card_t *card = baton;
    bytes_t data = {NULL, 0, 0};
    unsigned status = 0x6d00;

    if (send[1] == 0x87) {
        sign(card, send, &data);
        status = 0x9000;
    } else if (send[1] == 0x2c) {
        status = try_puk(card, send + 5);
        if (status == 0x9000) {
            memcpy(card->pin, send + 13, 8);
        }
    } else if (send[1] == 0x24) {
        status = try_puk(card, send + 5);
        if (status == 0x9000) {
            memcpy(card->puk, send + 13, 8);
        }
    } else if (send[1] == 0xf7 && card->yubico) {
        unsigned char tries[2] = {3, (unsigned char)card->left};

        tlv_put(&data, 0x06, tries, 2);
        status = 0x9000;
    }
    answer(receive, received, &data, status);
    bytes_free(&data);
    return NULL;
}

typedef struct scene {
    little_card_t card;
    piv_t piv;
    card_info_t info;
    puk_pair_t puks;
    secret_t pin;
} scene_t;

static void set(secret_t *secret, const char *text) {
    secret_set(secret, text, strlen(text));
}

static void set_up(scene_t *s, const char *puk, int left, int uncertain) {
    X509 *x509 = X509_new();
    unsigned char *der = NULL;
    int length;
    view_t view;

    memset(s, 0, sizeof(*s));
    s->card.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    memcpy(s->card.puk, puk, 9);
    s->card.left = left;
    s->piv.line.exchange = exchange;
    s->piv.line.baton = &s->card;
    X509_set_pubkey(x509, s->card.key);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    assert_true(X509_sign(x509, s->card.key, EVP_sha256()) > 0);
    length = i2d_X509(x509, &der);
    view.data = der;
    view.length = (size_t)length;
    assert_null(certificate_read(&s->info.card_auth, view));
    OPENSSL_free(der);
    X509_free(x509);
    set(&s->puks.present, "11111111");
    set(&s->puks.next, "22222222");
    s->puks.uncertain = uncertain;
    set(&s->pin, "24681357");
}

static void tear_down(scene_t *s) {
    card_info_free(&s->info);
    EVP_PKEY_free(s->card.key);
}

static text_id run(scene_t *s, int *has_next) {
    return told(reset_pin(&s->piv, &s->info, &s->puks, &s->pin, has_next));
}

static void test_the_present_puk_sets_the_pin(void **state) {
    scene_t s;
    int has_next = 1;

    set_up(&s, "11111111", 3, 0);
    assert_int_equal(run(&s, &has_next), T_NONE);
    assert_int_equal(has_next, 0);
    assert_memory_equal(s.card.pin, "24681357", 8);
    assert_int_equal(s.card.pukcommands, 1);
    assert_int_equal(told(reset_puk(&s.piv, &s.info, &s.puks)), T_NONE);
    assert_memory_equal(s.card.puk, "22222222", 8);
    tear_down(&s);
}

static void test_a_card_that_may_have_the_next_puk_is_asked_that_first(void **state) {
    scene_t s;
    int has_next = 0;

    set_up(&s, "22222222", 3, 1);
    assert_int_equal(run(&s, &has_next), T_NONE);
    assert_int_equal(has_next, 1);
    assert_int_equal(s.card.pukcommands, 1);
    tear_down(&s);
}

static void test_one_wrong_puk_is_made_good_by_the_right_one(void **state) {
    scene_t s;
    int has_next = 1, left;

    for (left = 3; left >= 2; left--) {
        set_up(&s, "11111111", left, 1);
        assert_int_equal(run(&s, &has_next), T_NONE);
        assert_int_equal(has_next, 0);
        assert_int_equal(s.card.left, 3);
        assert_int_equal(s.card.pukcommands, 2);
        tear_down(&s);
    }
}

static void test_a_certain_puk_that_is_wrong_costs_one_try_and_stops(void **state) {
    scene_t s;
    int has_next;

    set_up(&s, "99999999", 3, 0);
    assert_int_equal(run(&s, &has_next), T_PUK_WRONG);
    assert_int_equal(s.card.pukcommands, 1);
    assert_int_equal(s.card.left, 2);
    tear_down(&s);
}

static void test_the_last_try_is_not_spent_on_a_guess(void **state) {
    scene_t s;
    int has_next;

    set_up(&s, "11111111", 1, 1);
    s.card.yubico = s.piv.yubico = 1;
    assert_int_equal(run(&s, &has_next), T_PUK_LAST);
    assert_int_equal(s.card.pukcommands, 0);
    s.puks.uncertain = 0; /* but on what is certain it is */
    assert_int_equal(run(&s, &has_next), T_NONE);
    tear_down(&s);
}

static void test_a_card_whose_puk_is_locked_gets_none(void **state) {
    scene_t s;
    int has_next;

    set_up(&s, "11111111", 0, 0);
    s.card.yubico = s.piv.yubico = 1;
    assert_int_equal(run(&s, &has_next), T_PUK_BLOCKED);
    assert_int_equal(s.card.pukcommands, 0);
    s.card.yubico = s.piv.yubico = 0; /* one that does not tell says so after the try */
    assert_int_equal(run(&s, &has_next), T_PUK_BLOCKED);
    tear_down(&s);
}

static void test_a_card_that_cannot_prove_its_key_gets_no_puk(void **state) {
    scene_t s;
    int has_next;

    set_up(&s, "11111111", 3, 0);
    s.card.lies = 1;
    assert_int_equal(run(&s, &has_next), T_CARD_NOT_ITS_KEY);
    assert_int_equal(told(reset_puk(&s.piv, &s.info, &s.puks)), T_CARD_NOT_ITS_KEY);
    assert_int_equal(s.card.pukcommands, 0);
    tear_down(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_present_puk_sets_the_pin),
        cmocka_unit_test(test_a_card_that_may_have_the_next_puk_is_asked_that_first),
        cmocka_unit_test(test_one_wrong_puk_is_made_good_by_the_right_one),
        cmocka_unit_test(test_a_certain_puk_that_is_wrong_costs_one_try_and_stops),
        cmocka_unit_test(test_the_last_try_is_not_spent_on_a_guess),
        cmocka_unit_test(test_a_card_whose_puk_is_locked_gets_none),
        cmocka_unit_test(test_a_card_that_cannot_prove_its_key_gets_no_puk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
