/* CMP messages as OpenSSL's client writes them: read, verified, their requests judged; our answers, read and verified by OpenSSL; and the certificate of
 * who signs them. */
#include "crypto_fixture.h"

#include <time.h>

#include "outside/crypto_cmp.h"
#include "outside/crypto_csr.h"
#include "outside/crypto_ocsp.h"

#define CORPUS "tests/fuzz/corpus/cmp/"

static xca_bytes_t corpus(const char *name) {
    FILE *file = fopen(apr_pstrcat(test_pool, CORPUS, name, NULL), "rb");
    unsigned char *data = apr_palloc(test_pool, XCA_CMP_MAX);
    size_t length;

    assert_non_null(file);
    length = fread(data, 1, XCA_CMP_MAX, file);
    fclose(file);
    return (xca_bytes_t){data, length};
}

static xca_cmp_message_t *read_well(const char *name) {
    xca_cmp_message_t *message;

    assert_fine(xca_cmp_read(&message, corpus(name), test_pool));
    return message;
}

static void test_messages_of_the_client_are_read(void **state) {
    static const struct {
        const char *name;
        int body, has_request;
    } wanted[] = {{"ir", XCA_CMP_IR, 1}, {"cr", XCA_CMP_CR, 1},       {"kur", XCA_CMP_KUR, 1},          {"p10cr", XCA_CMP_P10CR, 1},
                  {"rr", XCA_CMP_RR, 0}, {"genm", XCA_CMP_GENM, 0}, {"cr-conf", XCA_CMP_CERTCONF, 0}, {"poll", XCA_CMP_POLLREQ, 0}};
    apr_size_t i;

    for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const xca_cmp_message_t *message = read_well(wanted[i].name);

        assert_int_equal(message->body, wanted[i].body);
        assert_true(message->is_signed);
        assert_int_equal(message->transaction.length, 16);
        assert_int_equal(message->sender_nonce.length, 16);
        assert_int_equal(message->request.length > 0, wanted[i].has_request);
        assert_true(message->certificate.length > 0);
        assert_int_equal(message->recipient_nonce.length, wanted[i].body >= XCA_CMP_CERTCONF ? 16 : 0);
    }
    assert_int_equal(read_well("rr")->reason, 1);
    assert_non_null(read_well("rr")->revoked);
    assert_int_equal(read_well("cr-conf")->hash.length, 32);
    assert_false(read_well("cr-conf")->confirms); /* the mock server gave a certificate of another key */
    assert_false(read_well("mac")->is_signed);
    assert_false(read_well("cr")->is_mac);
}

static void test_what_is_cut_or_longer_is_no_message(void **state) {
    const xca_bytes_t whole = corpus("cr");
    unsigned char *longer = apr_pcalloc(test_pool, XCA_CMP_MAX + 1);
    xca_cmp_message_t *message;
    apr_size_t length;

    for (length = 0; length < whole.length; length++) {
        assert_string_equal(message_of(xca_cmp_read(&message, (xca_bytes_t){whole.data, length}, test_pool)), "cmp.unreadable");
    }
    memcpy(longer, whole.data, whole.length);
    assert_string_equal(message_of(xca_cmp_read(&message, (xca_bytes_t){longer, whole.length + 1}, test_pool)), "cmp.unreadable");
    assert_string_equal(message_of(xca_cmp_read(&message, (xca_bytes_t){longer, XCA_CMP_MAX + 1}, test_pool)), "cmp.too-large");
}

static void test_every_changed_bit_of_what_is_protected_is_found(void **state) {
    const xca_cmp_message_t *message = read_well("cr");
    const xca_bytes_t whole = message->whole;
    apr_size_t certificates = (apr_size_t)(message->certificate.data - whole.data), at;
    xca_bytes_t certificate = message->certificate;

    assert_fine(xca_cmp_verify(message, certificate, test_pool));
    assert_string_equal(message_of(xca_cmp_verify(read_well("mac"), certificate, test_pool)), "cmp.protection");
    for (at = 0; at < certificates * 8; at++) {
        unsigned char *copy = apr_pmemdup(test_pool, whole.data, whole.length);
        xca_cmp_message_t *changed;

        copy[at / 8] ^= (unsigned char)(1 << at % 8);
        if (xca_cmp_read(&changed, (xca_bytes_t){copy, whole.length}, test_pool) == NULL) {
            assert_string_equal(message_of(xca_cmp_verify(changed, certificate, test_pool)), "cmp.protection");
        }
    }
}

/* As the client in the corpus has it. */
static xca_secret_t *shared_secret(void) {
    static const char text[] = "ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567";

    return xca_secret_make(test_pool, text, sizeof(text) - 1);
}

static void test_messages_under_a_secret_are_read_and_verified(void **state) {
    static const struct {
        const char *name;
        int body;
    } wanted[] = {{"mac-ir", XCA_CMP_IR}, {"mac-p10cr", XCA_CMP_P10CR}, {"mac-poll", XCA_CMP_POLLREQ}, {"mac-conf", XCA_CMP_CERTCONF}};
    const char *number = "0000114000000000000000001";
    apr_size_t i;

    for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const xca_cmp_message_t *message = read_well(wanted[i].name);

        assert_int_equal(message->body, wanted[i].body);
        assert_true(message->is_mac && message->is_mac_bounded && !message->is_signed);
        assert_int_equal(message->reference.length, strlen(number));
        assert_memory_equal(message->reference.data, number, strlen(number));
        assert_fine(xca_cmp_verify_mac(message, shared_secret(), test_pool));
        assert_string_equal(message_of(xca_cmp_verify_mac(message, xca_secret_make(test_pool, "ABCD", 4), test_pool)), "cmp.protection");
    }
    assert_true(read_well("mac-conf")->confirms);
    assert_string_equal(message_of(xca_cmp_verify_mac(read_well("cr"), shared_secret(), test_pool)), "cmp.protection");
}

/* The message with a part of its MAC's parameters replaced by bytes of the same length. */
static xca_cmp_message_t *with_bytes(const char *old, const char *now, apr_size_t length) {
    const xca_bytes_t whole = corpus("mac-ir");
    unsigned char *copy = apr_pmemdup(test_pool, whole.data, whole.length), *at = memmem(copy, whole.length, old, length);
    xca_cmp_message_t *message;

    assert_non_null(at);
    memcpy(at, now, length);
    assert_fine(xca_cmp_read(&message, (xca_bytes_t){copy, whole.length}, test_pool));
    return message;
}

static void test_what_a_mac_may_cost_is_bounded(void **state) {
    static const char rounds[] = "\x02\x02\x01\xf4", none[] = "\x02\x02\x00\x00", negative[] = "\x02\x02\xff\xff";
    static const char sha2[] = "\x65\x03\x04\x02\x01", sha3[] = "\x65\x03\x04\x02\x08";
    static const char sha1[] = "\x06\x08\x2b\x06\x01\x05\x05\x08\x01\x02", md5[] = "\x06\x08\x2b\x06\x01\x05\x05\x08\x01\x01";
    xca_cmp_message_t *message = read_well("mac-rounds"); /* 2^31 of them: minutes, if they were done */
    time_t began = time(NULL);

    assert_true(message->is_mac && !message->is_mac_bounded);
    assert_string_equal(message_of(xca_cmp_verify_mac(message, shared_secret(), test_pool)), "cmp.protection");
    assert_true(time(NULL) - began < 10);
    assert_true(with_bytes(rounds, rounds, 4)->is_mac_bounded);
    assert_false(with_bytes(rounds, none, 4)->is_mac_bounded);
    assert_false(with_bytes(rounds, negative, 4)->is_mac_bounded);
    assert_false(with_bytes(sha2, sha3, 5)->is_mac_bounded);
    assert_false(with_bytes(sha1, md5, 10)->is_mac_bounded);
}

static void test_a_crmf_request_is_judged_like_any_other(void **state) {
    const xca_cmp_message_t *message = read_well("cr");
    unsigned char *copy = apr_pmemdup(test_pool, message->request.data, message->request.length);
    xca_csr_t *csr, *same;

    assert_fine(xca_csr_read(&csr, message->request.data, message->request.length, test_pool));
    assert_string_equal(csr->key_text, "EC P-256");
    assert_int_equal(csr->der.length, message->request.length);
    assert_fine(xca_csr_key_read(&same, csr->spki.data, csr->spki.length, test_pool));
    assert_string_equal(csr->key_hash, same->key_hash);
    /* what it names */
    assert_fine(xca_csr_names(message->request, message->certificate, test_pool));
    message = read_well("p10cr");
    assert_string_equal(message_of(xca_csr_names(message->request, message->certificate, test_pool)), "csr.other-names");
    /* the proof */
    copy[csr->der.length - 1] ^= 1;
    assert_string_equal(message_of(xca_csr_read(&csr, copy, csr->der.length, test_pool)), "csr.bad-signature");
    message = read_well("raverified");
    assert_string_equal(message_of(xca_csr_read(&csr, message->request.data, message->request.length, test_pool)), "crmf.proof");
    message = read_well("nopop");
    assert_string_equal(message_of(xca_csr_read(&csr, message->request.data, message->request.length, test_pool)), "crmf.proof");
    message = read_well("ir"); /* without a subject */
    assert_string_equal(message_of(xca_csr_read(&csr, message->request.data, message->request.length, test_pool)), "crmf.template");
}

/* Ours ---- */

typedef struct {
    test_authority_t authority;
    xca_key_t *key;
    xca_cmp_exchange_t exchange;
    int asked;
    xca_cmp_verdict_t verdict;
    const char *fails;
} world_t;

static xca_error_t *judge(xca_cmp_verdict_t *verdict, void *baton) {
    world_t *w = baton;

    w->asked++;
    *verdict = w->verdict;
    return w->fails != NULL ? xca_error_make(test_pool, XCA_E_INVALID, w->fails, NULL) : NULL;
}

static const char *tell(xca_cmp_failure *failure, const xca_error_t *err, void *baton) {
    *failure = XCA_CMP_BAD_CERT_TEMPLATE;
    return err->message;
}

static void make_world(world_t *w, const char *name) {
    apr_array_header_t *chain = apr_array_make(test_pool, 2, sizeof(xca_bytes_t));
    xca_bytes_t spki;

    memset(w, 0, sizeof(*w));
    w->authority = make_authority("ec:P-384", &test_profile);
    assert_fine(xca_key_make(&w->key, "ec:P-256", test_pool));
    assert_fine(xca_key_spki(&spki, w->key, test_pool));
    assert_fine(xca_cmp_certify(&w->exchange.certificate, w->authority.ca, spki, TEST_NOW, TEST_NOW + 7 * TEST_DAY, test_pool));
    APR_ARRAY_PUSH(chain, xca_bytes_t) = w->authority.certificate;
    APR_ARRAY_PUSH(chain, xca_bytes_t) = w->authority.root;
    w->exchange.chain = chain;
    w->exchange.key = w->key;
    w->exchange.message = read_well(name);
    w->exchange.sender = w->exchange.message->certificate;
    w->exchange.judge = judge;
    w->exchange.tell = tell;
    w->exchange.baton = w;
}

static void assert_signed_by_us(const world_t *w, xca_bytes_t answer, int body) {
    xca_cmp_message_t *read;
    xca_bytes_t nonce;

    assert_fine(xca_cmp_read(&read, answer, test_pool));
    assert_int_equal(read->body, body);
    assert_fine(xca_cmp_verify(read, w->exchange.certificate, test_pool));
    assert_int_equal(read->transaction.length, w->exchange.message->transaction.length);
    assert_memory_equal(read->transaction.data, w->exchange.message->transaction.data, read->transaction.length);
    assert_memory_equal(read->recipient_nonce.data, w->exchange.message->sender_nonce.data, read->recipient_nonce.length);
    assert_fine(xca_cmp_nonce(&nonce, answer, test_pool));
    assert_memory_equal(nonce.data, read->sender_nonce.data, nonce.length);
}

static void test_a_request_is_answered_waiting_accepted_or_rejected(void **state) {
    xca_bytes_t answer;
    world_t w;

    make_world(&w, "cr");
    w.verdict.waits = 5;
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_signed_by_us(&w, answer, 3); /* cp */
    w.verdict.waits = 0;
    w.verdict.certificate = w.authority.certificate;
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_signed_by_us(&w, answer, 3);
    assert_non_null(memmem(answer.data, answer.length, w.authority.certificate.data, w.authority.certificate.length));
    w.fails = "the reason";
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_signed_by_us(&w, answer, 3);
    assert_non_null(memmem(answer.data, answer.length, "the reason", 10));
    assert_int_equal(w.asked, 3);
    /* another's key: nobody is asked */
    w.exchange.sender = w.authority.certificate;
    assert_string_equal(message_of(xca_cmp_exchange(&answer, &w.exchange, test_pool)), "cmp.protection");
    assert_int_equal(w.asked, 3);
}

static void test_revocations_and_questions_are_answered(void **state) {
    xca_bytes_t answer;
    world_t w;

    make_world(&w, "rr");
    w.verdict.warns = 1;
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_signed_by_us(&w, answer, 12); /* rp */
    make_world(&w, "genm");
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_signed_by_us(&w, answer, 22); /* genp */
    assert_non_null(memmem(answer.data, answer.length, w.authority.root.data, w.authority.root.length));
}

static void test_what_goes_on_needs_what_began_it_and_its_nonce(void **state) {
    xca_cmp_message_t *first;
    xca_bytes_t answer;
    world_t w;

    make_world(&w, "cr-conf");
    assert_string_equal(message_of(xca_cmp_exchange(&answer, &w.exchange, test_pool)), "cmp.body");
    first = read_well("cr");
    w.exchange.first = first;
    w.exchange.nonce = (xca_bytes_t){(const unsigned char *)"0123456789abcdef", 16};
    assert_string_equal(message_of(xca_cmp_exchange(&answer, &w.exchange, test_pool)), "cmp.nonce");
    w.exchange.nonce = w.exchange.message->recipient_nonce;
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_signed_by_us(&w, answer, 19); /* pkiConf */
    w.fails = "not now";
    assert_string_equal(message_of(xca_cmp_exchange(&answer, &w.exchange, test_pool)), "not now");
    assert_int_equal(w.asked, 2);
}

static void assert_under_the_secret(const world_t *w, xca_bytes_t answer, int body) {
    xca_cmp_message_t *read;

    assert_fine(xca_cmp_read(&read, answer, test_pool));
    assert_int_equal(read->body, body);
    assert_true(read->is_mac_bounded);
    assert_fine(xca_cmp_verify_mac(read, shared_secret(), test_pool));
    assert_memory_equal(read->transaction.data, w->exchange.message->transaction.data, read->transaction.length);
    assert_memory_equal(read->reference.data, w->exchange.message->reference.data, read->reference.length);
}

static void test_who_has_a_secret_is_answered_under_it(void **state) {
    xca_bytes_t answer;
    world_t w;

    make_world(&w, "mac-ir");
    w.exchange.secret = shared_secret();
    w.verdict.waits = 5;
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_under_the_secret(&w, answer, 1); /* ip */
    w.exchange.first = w.exchange.message;
    w.exchange.message = read_well("mac-poll");
    w.exchange.nonce = w.exchange.message->recipient_nonce;
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_under_the_secret(&w, answer, 26); /* pollRep */
    w.verdict.waits = 0;
    w.verdict.certificate = w.authority.certificate;
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_under_the_secret(&w, answer, 1);
    assert_non_null(memmem(answer.data, answer.length, w.authority.root.data, w.authority.root.length)); /* caPubs */
    w.exchange.message = read_well("mac-conf");
    w.exchange.nonce = w.exchange.message->recipient_nonce;
    assert_fine(xca_cmp_exchange(&answer, &w.exchange, test_pool));
    assert_under_the_secret(&w, answer, 19); /* pkiConf */
    assert_int_equal(w.asked, 4);
    assert_fine(xca_cmp_refuse(&answer, w.exchange.message, &w.exchange, XCA_CMP_WRONG_INTEGRITY, "because", TEST_NOW, test_pool));
    assert_under_the_secret(&w, answer, XCA_CMP_ERROR);
}

static void test_one_protection_does_not_do_for_the_other(void **state) {
    xca_bytes_t answer;
    world_t w;

    make_world(&w, "mac-ir");
    assert_string_equal(message_of(xca_cmp_exchange(&answer, &w.exchange, test_pool)), "cmp.protection");
    w.exchange.secret = xca_secret_make(test_pool, "ABCD", 4);
    assert_string_equal(message_of(xca_cmp_exchange(&answer, &w.exchange, test_pool)), "cmp.protection");
    w.exchange.secret = shared_secret();
    w.exchange.message = read_well("cr");
    assert_string_equal(message_of(xca_cmp_exchange(&answer, &w.exchange, test_pool)), "cmp.protection");
    w.exchange.message = read_well("mac-rounds");
    assert_string_equal(message_of(xca_cmp_exchange(&answer, &w.exchange, test_pool)), "cmp.protection");
    assert_int_equal(w.asked, 0);
}

static void test_an_error_message_is_signed_and_says_why(void **state) {
    xca_bytes_t answer;
    xca_cmp_message_t *read;
    world_t w;

    make_world(&w, "cr");
    assert_fine(xca_cmp_refuse(&answer, w.exchange.message, &w.exchange, XCA_CMP_SIGNER_NOT_TRUSTED, "because", TEST_NOW, test_pool));
    assert_signed_by_us(&w, answer, XCA_CMP_ERROR);
    assert_non_null(memmem(answer.data, answer.length, "because", 7));
    assert_non_null(memmem(answer.data, answer.length, "\x03\x04\x03\x00\x00\x08", 6)); /* bit 20 */
    w.exchange.certificate.length = 0;
    assert_fine(xca_cmp_refuse(&answer, w.exchange.message, &w.exchange, XCA_CMP_BAD_MESSAGE_CHECK, "because", TEST_NOW, test_pool));
    assert_fine(xca_cmp_read(&read, answer, test_pool));
    assert_false(read->is_signed);
}

static void test_the_certificate_of_who_signs(void **state) {
    xca_bytes_t spki, other;
    const char *text;
    xca_key_t *rsa;
    world_t w;

    make_world(&w, "cr");
    write_file("cmp.der", w.exchange.certificate.data, w.exchange.certificate.length);
    run_well("openssl x509 -inform DER -in cmp.der -out cmp.pem");
    text = run_well("openssl x509 -in cmp.pem -noout -text -nameopt utf8,sep_comma_plus,sname");
    assert_non_null(strstr(text, "Subject: C=TW,O=行政院,OU=組織及團體憑證管理中心,CN=CMP\n"));
    assert_non_null(strstr(text, "X509v3 Extended Key Usage: \n                CMC Registration Authority\n"));
    assert_non_null(strstr(text, "X509v3 No Revocation Available"));
    assert_non_null(strstr(text, "X509v3 Key Usage: critical\n                Digital Signature\n"));
    assert_null(strstr(text, "OCSP No Check"));
    run_well("openssl verify -no_check_time -CAfile root.pem -untrusted ca.pem cmp.pem");
    assert_fine(xca_key_spki(&spki, w.key, test_pool));
    assert_fine(xca_lint_cmp(w.exchange.certificate, spki, w.authority.certificate, TEST_NOW, TEST_NOW + 7 * TEST_DAY, 1, test_pool));
    assert_true(has_finding(xca_lint_responder(w.exchange.certificate, spki, w.authority.certificate, TEST_NOW, TEST_NOW + 7 * TEST_DAY, 1, test_pool),
                            "lint.ext-key-usage"));
    assert_fine(xca_key_make(&rsa, "rsa:2048", test_pool));
    assert_fine(xca_key_spki(&spki, rsa, test_pool));
    assert_string_equal(message_of(xca_cmp_certify(&other, w.authority.ca, spki, TEST_NOW, TEST_NOW + TEST_DAY, test_pool)), "lint.key");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_messages_of_the_client_are_read),
        TEST(test_what_is_cut_or_longer_is_no_message),
        TEST(test_every_changed_bit_of_what_is_protected_is_found),
        TEST(test_messages_under_a_secret_are_read_and_verified),
        TEST(test_what_a_mac_may_cost_is_bounded),
        TEST(test_a_crmf_request_is_judged_like_any_other),
        TEST(test_a_request_is_answered_waiting_accepted_or_rejected),
        TEST(test_revocations_and_questions_are_answered),
        TEST(test_what_goes_on_needs_what_began_it_and_its_nonce),
        TEST(test_who_has_a_secret_is_answered_under_it),
        TEST(test_one_protection_does_not_do_for_the_other),
        TEST(test_an_error_message_is_signed_and_says_why),
        TEST(test_the_certificate_of_who_signs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
