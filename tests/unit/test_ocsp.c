/* OCSP questions and answers beside OpenSSL's own: what it asks is read, what we answer it believes; and the responder's certificate. */
#include "crypto_fixture.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include "outside/crypto_csr.h"
#include "outside/crypto_der.h"
#include "outside/crypto_ocsp.h"

#define HOUR apr_time_from_sec(3600)

typedef struct {
    test_authority_t authority;
    xca_key_t *key;
    xca_bytes_t certificate;
    xca_ocsp_responder_t *responder;
    X509 *ca, *root;
} world_t;

static world_t make_world_with(const char *ca_key_type, const char *key_type) {
    world_t w;
    xca_bytes_t spki;

    w.authority = make_authority(ca_key_type, &test_profile);
    assert_fine(xca_key_make(&w.key, key_type, test_pool));
    assert_fine(xca_key_spki(&spki, w.key, test_pool));
    assert_fine(xca_ocsp_certify(&w.certificate, w.authority.ca, spki, TEST_NOW - HOUR, TEST_NOW + 7 * TEST_DAY, test_pool));
    assert_fine(xca_ocsp_responder_make(&w.responder, w.key, w.authority.certificate, test_pool));
    w.ca = d2i_X509(NULL, &(const unsigned char *){w.authority.certificate.data}, (long)w.authority.certificate.length);
    w.root = d2i_X509(NULL, &(const unsigned char *){w.authority.root.data}, (long)w.authority.root.length);
    assert_non_null(w.ca);
    assert_non_null(w.root);
    return w;
}

static world_t make_world(const char *ca_key_type) {
    return make_world_with(ca_key_type, "ec:P-256");
}

static void drop_world(world_t *w) {
    X509_free(w->ca);
    X509_free(w->root);
}

static OCSP_CERTID *id_of(const world_t *w, const EVP_MD *hash, const char *serial) {
    ASN1_INTEGER *number = s2i_ASN1_INTEGER(NULL, apr_pstrcat(test_pool, "0x", serial, NULL));
    OCSP_CERTID *id = OCSP_cert_id_new(hash, X509_get_subject_name(w->ca), X509_get0_pubkey_bitstr(w->ca), number);

    ASN1_INTEGER_free(number);
    assert_non_null(id);
    return id;
}

static xca_bytes_t bytes_of(OCSP_REQUEST *request) {
    unsigned char *der = NULL;
    int length = i2d_OCSP_REQUEST(request, &der);
    xca_bytes_t bytes = {apr_pmemdup(test_pool, der, (apr_size_t)length), (apr_size_t)length};

    OPENSSL_free(der);
    return bytes;
}

static xca_bytes_t ask(const world_t *w, const EVP_MD *hash, const char *serial, int nonce_length) {
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    xca_bytes_t bytes;

    assert_non_null(OCSP_request_add0_id(request, id_of(w, hash, serial)));
    if (nonce_length > 0) {
        assert_int_equal(OCSP_request_add1_nonce(request, NULL, nonce_length), 1);
    }
    bytes = bytes_of(request);
    OCSP_REQUEST_free(request);
    return bytes;
}

static xca_bytes_t answer(const world_t *w, const xca_ocsp_request_t *request, const xca_status_t *statuses) {
    xca_ocsp_answer_t what = {request, statuses, TEST_NOW, TEST_NOW - apr_time_from_sec(2), TEST_NOW + HOUR};
    xca_ocsp_signature_t signature = {0, {0}};
    xca_bytes_t response;

    assert_fine(xca_ocsp_write(&response, w->responder, &what, w->certificate, &signature, test_pool));
    assert_true(signature.length > 60);
    return response;
}

/* OpenSSL reads it, and believes it with the root and the CA alone. */
static OCSP_BASICRESP *believe(const world_t *w, xca_bytes_t response) {
    const unsigned char *at = response.data;
    OCSP_RESPONSE *read = d2i_OCSP_RESPONSE(NULL, &at, (long)response.length);
    OCSP_BASICRESP *basic;
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    X509_VERIFY_PARAM *when = X509_STORE_get0_param(store);

    assert_non_null(read);
    assert_ptr_equal(at, response.data + response.length);
    assert_int_equal(OCSP_response_status(read), OCSP_RESPONSE_STATUS_SUCCESSFUL);
    basic = OCSP_response_get1_basic(read);
    assert_non_null(basic);
    X509_STORE_add_cert(store, w->root);
    X509_VERIFY_PARAM_set_time(when, (time_t)apr_time_sec(TEST_NOW));
    sk_X509_push(others, w->ca);
    if (OCSP_basic_verify(basic, others, store, 0) != 1) {
        ERR_print_errors_fp(stderr);
        fail_msg("OpenSSL does not believe it");
    }
    sk_X509_free(others);
    X509_STORE_free(store);
    OCSP_RESPONSE_free(read);
    return basic;
}

static int status_in(OCSP_BASICRESP *basic, OCSP_CERTID *id, int *reason, ASN1_GENERALIZEDTIME **revoked) {
    int status = -1;
    ASN1_GENERALIZEDTIME *from, *until;
    time_t now = (time_t)apr_time_sec(TEST_NOW);

    assert_int_equal(OCSP_resp_find_status(basic, id, &status, reason, revoked, &from, &until), 1);
    assert_int_equal(X509_cmp_time(from, &now), -1);
    assert_int_equal(X509_cmp_time(until, &now), 1);
    OCSP_CERTID_free(id);
    return status;
}

static void test_openssl_believes_good_revoked_and_unknown(void **state) {
    static const struct {
        xca_status_t status;
        int openssl, reason;
    } cases[] = {{{XCA_STATUS_GOOD, 0, 0, 0}, V_OCSP_CERTSTATUS_GOOD, -1},
                 {{XCA_STATUS_UNKNOWN, 0, 0, 0}, V_OCSP_CERTSTATUS_UNKNOWN, -1},
                 {{XCA_STATUS_REVOKED, XCA_REASON_HOLD, TEST_NOW - TEST_DAY, 0}, V_OCSP_CERTSTATUS_REVOKED, 6},
                 {{XCA_STATUS_REVOKED, XCA_REASON_KEY_COMPROMISE, TEST_NOW - TEST_DAY, 0}, V_OCSP_CERTSTATUS_REVOKED, 1},
                 {{XCA_STATUS_REVOKED, XCA_REASON_UNSPECIFIED, TEST_NOW - TEST_DAY, 0}, V_OCSP_CERTSTATUS_REVOKED, -1}};
    const char *const keys[][2] = {{"rsa:2048", "ec:P-256"}, {"ec:P-384", "ec:P-256"}, {"rsa:2048", "rsa:2048"}};
    size_t i, k;

    for (k = 0; k < 3; k++) {
        world_t w = make_world_with(keys[k][0], keys[k][1]);

        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            const EVP_MD *hash = i % 2 == 0 ? EVP_sha1() : EVP_sha256();
            xca_bytes_t der = ask(&w, hash, "4f00112233445566778899aabbccddee", i == 2 ? 0 : 32);
            xca_ocsp_request_t request;
            OCSP_REQUEST *asked = d2i_OCSP_REQUEST(NULL, &(const unsigned char *){der.data}, (long)der.length);
            OCSP_BASICRESP *basic;
            ASN1_GENERALIZEDTIME *revoked = NULL;
            int reason = -2;
            time_t day_ago = (time_t)apr_time_sec(TEST_NOW - TEST_DAY);

            assert_int_equal(xca_ocsp_read(&request, der), XCA_OCSP_SUCCESSFUL);
            assert_int_equal(request.count, 1);
            assert_int_equal(request.nonce.length, i == 2 ? 0 : 32);
            assert_true(xca_ocsp_names_ca(w.responder, &request.ids[0]));
            basic = believe(&w, answer(&w, &request, &cases[i].status));
            assert_int_equal(OCSP_check_nonce(asked, basic), i == 2 ? 2 : 1);
            assert_int_equal(status_in(basic, id_of(&w, hash, "4f00112233445566778899aabbccddee"), &reason, &revoked), cases[i].openssl);
            if (cases[i].openssl == V_OCSP_CERTSTATUS_REVOKED) {
                assert_int_equal(reason, cases[i].reason);
                assert_true(X509_cmp_time(revoked, &(time_t){day_ago - 1}) == 1 && X509_cmp_time(revoked, &day_ago) == -1);
            }
            OCSP_BASICRESP_free(basic);
            OCSP_REQUEST_free(asked);
        }
        drop_world(&w);
    }
}

static void test_several_are_answered_in_one(void **state) {
    world_t w = make_world("ec:P-256");
    xca_status_t statuses[XCA_OCSP_IDS_MAX];
    OCSP_REQUEST *asked = OCSP_REQUEST_new();
    xca_ocsp_request_t request;
    OCSP_BASICRESP *basic;
    char serial[33];
    int i, reason;
    ASN1_GENERALIZEDTIME *revoked;

    for (i = 0; i < XCA_OCSP_IDS_MAX; i++) {
        snprintf(serial, sizeof(serial), "4f%030x", i);
        OCSP_request_add0_id(asked, id_of(&w, i % 3 == 0 ? EVP_sha1() : EVP_sha256(), serial));
        statuses[i] = (xca_status_t){i % 2 == 0 ? XCA_STATUS_GOOD : XCA_STATUS_REVOKED, XCA_REASON_SUPERSEDED, TEST_NOW - HOUR, 0};
    }
    assert_int_equal(xca_ocsp_read(&request, bytes_of(asked)), XCA_OCSP_SUCCESSFUL);
    assert_int_equal(request.count, XCA_OCSP_IDS_MAX);
    basic = believe(&w, answer(&w, &request, statuses));
    assert_int_equal(OCSP_resp_count(basic), XCA_OCSP_IDS_MAX);
    for (i = 0; i < XCA_OCSP_IDS_MAX; i++) {
        snprintf(serial, sizeof(serial), "4f%030x", i);
        assert_int_equal(status_in(basic, id_of(&w, i % 3 == 0 ? EVP_sha1() : EVP_sha256(), serial), &reason, &revoked),
                         i % 2 == 0 ? V_OCSP_CERTSTATUS_GOOD : V_OCSP_CERTSTATUS_REVOKED);
    }
    OCSP_BASICRESP_free(basic);
    OCSP_request_add0_id(asked, id_of(&w, EVP_sha1(), "77"));
    assert_int_equal(xca_ocsp_read(&request, bytes_of(asked)), XCA_OCSP_MALFORMED);
    OCSP_REQUEST_free(asked);
    drop_world(&w);
}

static void test_the_same_signature_gives_the_same_answer(void **state) {
    world_t w = make_world("ec:P-256");
    xca_bytes_t der = ask(&w, EVP_sha1(), "4f01", 0), first, second;
    xca_ocsp_request_t request;
    xca_status_t good = {XCA_STATUS_GOOD, 0, 0, 0};
    xca_ocsp_answer_t what = {&request, &good, TEST_NOW, TEST_NOW, TEST_NOW + HOUR};
    xca_ocsp_signature_t signature = {0, {0}};

    assert_int_equal(xca_ocsp_read(&request, der), XCA_OCSP_SUCCESSFUL);
    assert_fine(xca_ocsp_write(&first, w.responder, &what, w.certificate, &signature, test_pool));
    assert_fine(xca_ocsp_write(&second, w.responder, &what, w.certificate, &signature, test_pool));
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
    OCSP_BASICRESP_free(believe(&w, second));
    drop_world(&w);
}

static void test_another_issuer_is_not_ours(void **state) {
    world_t w = make_world("ec:P-256"), stranger = make_world("ec:P-256");
    xca_ocsp_request_t request;

    assert_int_equal(xca_ocsp_read(&request, ask(&stranger, EVP_sha1(), "4f01", 0)), XCA_OCSP_SUCCESSFUL);
    assert_false(xca_ocsp_names_ca(w.responder, &request.ids[0])); /* the same name, another key */
    assert_int_equal(xca_ocsp_read(&request, ask(&w, EVP_sha512(), "4f01", 0)), XCA_OCSP_SUCCESSFUL);
    assert_false(xca_ocsp_names_ca(w.responder, &request.ids[0]));
    assert_int_equal(xca_ocsp_read(&request, ask(&w, EVP_sha256(), "4f01", 0)), XCA_OCSP_SUCCESSFUL);
    assert_true(xca_ocsp_names_ca(w.responder, &request.ids[0]));
    drop_world(&w);
    drop_world(&stranger);
}

/* RFC 9654: 1 to 128 bytes. OpenSSL's own function writes any. */
static void test_nonces_of_1_to_128_bytes_are_taken_and_no_others(void **state) {
    world_t w = make_world("ec:P-256");
    xca_status_t good = {XCA_STATUS_GOOD, 0, 0, 0};
    int length;

    for (length = 1; length <= 130; length++) {
        xca_bytes_t der = ask(&w, EVP_sha1(), "4f01", length);
        xca_ocsp_request_t request;

        assert_int_equal(xca_ocsp_read(&request, der), length <= XCA_OCSP_NONCE_MAX ? XCA_OCSP_SUCCESSFUL : XCA_OCSP_MALFORMED);
        if (length == 1 || length == 128) {
            OCSP_REQUEST *asked = d2i_OCSP_REQUEST(NULL, &(const unsigned char *){der.data}, (long)der.length);
            OCSP_BASICRESP *basic = believe(&w, answer(&w, &request, &good));

            assert_int_equal(OCSP_check_nonce(asked, basic), 1);
            OCSP_BASICRESP_free(basic);
            OCSP_REQUEST_free(asked);
        }
    }
    drop_world(&w);
}

/* A request by hand: `extensions` as they stand in requestExtensions. */
static xca_bytes_t by_hand(const world_t *w, const char *nonce_hex, int critical_stranger, const char *version_hex) {
    xca_der_t *der = xca_der_make(test_pool);
    xca_bytes_t plain = ask(w, EVP_sha1(), "4f01", 0), result, *hex;
    xca_der_at_t at = xca_der_at(plain);
    xca_der_item_t outer, tbs, list;

    assert_int_equal(xca_der_take(&at, XCA_DER_SEQUENCE, &outer), 1);
    at = xca_der_at(outer.content);
    assert_int_equal(xca_der_take(&at, XCA_DER_SEQUENCE, &tbs), 1);
    at = xca_der_at(tbs.content);
    assert_int_equal(xca_der_take(&at, XCA_DER_SEQUENCE, &list), 1);
    xca_der_open(der, XCA_DER_SEQUENCE);
    xca_der_open(der, XCA_DER_SEQUENCE);
    if (version_hex != NULL) {
        hex = xca_text_unhex(test_pool, version_hex);
        xca_der_put(der, XCA_DER_CONSTRUCTED | 0, hex->data, hex->length);
    }
    xca_der_put_raw(der, list.whole);
    if (nonce_hex != NULL || critical_stranger >= 0) {
        xca_der_open(der, XCA_DER_CONSTRUCTED | 2);
        xca_der_open(der, XCA_DER_SEQUENCE);
        if (nonce_hex != NULL) {
            hex = xca_text_unhex(test_pool, nonce_hex);
            xca_der_open(der, XCA_DER_SEQUENCE);
            xca_der_put_oid(der, "1.3.6.1.5.5.7.48.1.2");
            xca_der_put(der, XCA_DER_OCTET_STRING, hex->data, hex->length);
            xca_der_close(der);
        }
        if (critical_stranger >= 0) {
            xca_der_open(der, XCA_DER_SEQUENCE);
            xca_der_put_oid(der, "1.3.6.1.4.1.99999.1");
            if (critical_stranger) {
                xca_der_put_true(der);
            }
            xca_der_put(der, XCA_DER_OCTET_STRING, "x", 1);
            xca_der_close(der);
        }
        xca_der_close(der);
        xca_der_close(der);
    }
    xca_der_close(der);
    xca_der_close(der);
    assert_fine(xca_der_finish(&result, der, test_pool));
    return result;
}

static xca_ocsp_verdict verdict_of(xca_bytes_t der) {
    xca_ocsp_request_t request;

    return xca_ocsp_read(&request, der);
}

static void test_what_is_wrong_in_a_request_is_malformed(void **state) {
    world_t w = make_world("ec:P-256");
    xca_bytes_t whole = ask(&w, EVP_sha256(), "4f00112233445566778899aabbccddee", 32), cut;
    unsigned char *more = apr_palloc(test_pool, whole.length + 1);

    assert_int_equal(verdict_of(by_hand(&w, NULL, -1, NULL)), XCA_OCSP_SUCCESSFUL);
    assert_int_equal(verdict_of(by_hand(&w, "0401aa", -1, NULL)), XCA_OCSP_SUCCESSFUL);
    assert_int_equal(verdict_of(by_hand(&w, "0400", -1, NULL)), XCA_OCSP_MALFORMED);     /* empty nonce */
    assert_int_equal(verdict_of(by_hand(&w, "aabbcc", -1, NULL)), XCA_OCSP_MALFORMED);   /* no OCTET STRING */
    assert_int_equal(verdict_of(by_hand(&w, "0401aa00", -1, NULL)), XCA_OCSP_MALFORMED); /* and something behind it */
    assert_int_equal(verdict_of(by_hand(&w, NULL, 0, NULL)), XCA_OCSP_SUCCESSFUL);
    assert_int_equal(verdict_of(by_hand(&w, NULL, 1, NULL)), XCA_OCSP_MALFORMED);
    assert_int_equal(verdict_of(by_hand(&w, NULL, -1, "020100")), XCA_OCSP_SUCCESSFUL);
    assert_int_equal(verdict_of(by_hand(&w, NULL, -1, "020101")), XCA_OCSP_MALFORMED);
    for (cut = whole; cut.length > 0; cut.length--) {
        assert_int_equal(verdict_of((xca_bytes_t){cut.data, cut.length - 1}), XCA_OCSP_MALFORMED);
    }
    memcpy(more, whole.data, whole.length);
    more[whole.length] = 0;
    assert_int_equal(verdict_of((xca_bytes_t){more, whole.length + 1}), XCA_OCSP_MALFORMED);
    drop_world(&w);
}

static void test_serials_of_every_kind_are_read(void **state) {
    world_t w = make_world("ec:P-256");
    xca_ocsp_request_t request;

    assert_int_equal(xca_ocsp_read(&request, ask(&w, EVP_sha1(), "ff", 0)), XCA_OCSP_SUCCESSFUL);
    assert_int_equal(request.ids[0].serial.length, 2);
    assert_int_equal(xca_ocsp_read(&request, ask(&w, EVP_sha1(), "00", 0)), XCA_OCSP_SUCCESSFUL);
    assert_int_equal(request.ids[0].serial.length, 1);
    assert_int_equal(xca_ocsp_read(&request, ask(&w, EVP_sha1(), "-4f", 0)), XCA_OCSP_SUCCESSFUL);
    drop_world(&w);
}

/* The signature of a request is not needed, and no harm. */
static void test_a_signed_request_is_answered(void **state) {
    world_t w = make_world("ec:P-256");
    OCSP_REQUEST *asked = OCSP_REQUEST_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");

    X509 *asker = X509_new();

    X509_set_pubkey(asker, key);
    X509_set_subject_name(asker, X509_get_subject_name(w.ca));
    OCSP_request_add0_id(asked, id_of(&w, EVP_sha1(), "4f01"));
    assert_int_equal(OCSP_request_sign(asked, asker, key, EVP_sha256(), NULL, OCSP_NOCERTS), 1);
    assert_int_equal(verdict_of(bytes_of(asked)), XCA_OCSP_SUCCESSFUL);
    X509_free(asker);
    EVP_PKEY_free(key);
    OCSP_REQUEST_free(asked);
    drop_world(&w);
}

static void test_refusals_are_what_openssl_reads(void **state) {
    static const struct {
        xca_ocsp_verdict verdict;
        int openssl;
    } cases[] = {{XCA_OCSP_MALFORMED, OCSP_RESPONSE_STATUS_MALFORMEDREQUEST},
                 {XCA_OCSP_INTERNAL, OCSP_RESPONSE_STATUS_INTERNALERROR},
                 {XCA_OCSP_TRY_LATER, OCSP_RESPONSE_STATUS_TRYLATER},
                 {XCA_OCSP_UNAUTHORIZED, OCSP_RESPONSE_STATUS_UNAUTHORIZED}};
    size_t i;

    for (i = 0; i < 4; i++) {
        xca_bytes_t bytes = xca_ocsp_refusal(cases[i].verdict);
        OCSP_RESPONSE *read = d2i_OCSP_RESPONSE(NULL, &(const unsigned char *){bytes.data}, (long)bytes.length);

        assert_non_null(read);
        assert_int_equal(OCSP_response_status(read), cases[i].openssl);
        OCSP_RESPONSE_free(read);
    }
}

/* Requests of every length, in both alphabets, with and without percent signs and padding. */
static void test_paths_are_read(void **state) {
    unsigned char data[200], back[XCA_OCSP_REQUEST_MAX];
    apr_size_t length;

    RAND_bytes(data, sizeof(data));
    for (length = 1; length <= sizeof(data); length++) {
        char *plain = xca_base64(test_pool, data, length), *at;
        const char *encoded = "", *bare;
        char *other = apr_pstrdup(test_pool, plain);
        xca_bytes_t found;

        for (at = plain; *at != '\0'; at++) {
            encoded = apr_pstrcat(test_pool, encoded,
                                  strchr("/+=", *at) != NULL ? apr_psprintf(test_pool, length % 2 ? "%%%02X" : "%%%02x", *at)
                                                             : apr_pstrmemdup(test_pool, at, 1),
                                  NULL);
        }
        for (at = other; *at != '\0'; at++) {
            *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
        }
        bare = apr_pstrmemdup(test_pool, other, strcspn(other, "="));
        found = xca_ocsp_path(back, plain);
        assert_int_equal(found.length, length);
        assert_memory_equal(found.data, data, length);
        found = xca_ocsp_path(back, encoded);
        assert_int_equal(found.length, length);
        assert_memory_equal(found.data, data, length);
        found = xca_ocsp_path(back, bare);
        assert_int_equal(found.length, length);
        assert_memory_equal(found.data, data, length);
    }
    assert_int_equal(xca_ocsp_path(back, "").length, 0);
    assert_int_equal(xca_ocsp_path(back, "A").length, 0);
    assert_int_equal(xca_ocsp_path(back, "AA=").length, 0);
    assert_int_equal(xca_ocsp_path(back, "AA==A").length, 0);
    assert_int_equal(xca_ocsp_path(back, "AA===").length, 0);
    assert_int_equal(xca_ocsp_path(back, "AA*A").length, 0);
    assert_int_equal(xca_ocsp_path(back, "AA%4").length, 0);
    assert_int_equal(xca_ocsp_path(back, "AA%").length, 0);
    assert_int_equal(xca_ocsp_path(back, "AA%00AA").length, 0);
    assert_int_equal(xca_ocsp_path(back, "AA%FFA").length, 0);
}

static void test_a_path_longer_than_any_request_is_none(void **state) {
    unsigned char *back = apr_palloc(test_pool, XCA_OCSP_REQUEST_MAX);
    apr_size_t fits = (apr_size_t)XCA_OCSP_REQUEST_MAX / 3 * 4;
    char *path = apr_palloc(test_pool, fits + 9);

    memset(path, 'A', fits + 8);
    path[fits] = '\0';
    assert_int_equal(xca_ocsp_path(back, path).length, XCA_OCSP_REQUEST_MAX / 3 * 3);
    path[fits] = 'A';
    path[fits + 8] = '\0';
    assert_int_equal(xca_ocsp_path(back, path).length, 0);
}

/* The responder's certificate ------------------------------------------------------------------------------------------- */

static void assert_says(const char *text, const char *wanted) {
    if (strstr(text, wanted) == NULL) {
        print_error("not found: %s\nin %s\n", wanted, text);
    }
    assert_non_null(strstr(text, wanted));
}

static void test_a_responder_certificate_says_what_the_profile_says(void **state) {
    world_t w = make_world("rsa:2048");
    const char *text;

    write_file("responder.der", w.certificate.data, w.certificate.length);
    run_well("openssl x509 -inform DER -in responder.der -out responder.pem");
    text = run_well("openssl x509 -in responder.pem -noout -text -nameopt utf8,sep_comma_plus,sname");
    assert_says(text, "Subject: C=TW,O=行政院,OU=組織及團體憑證管理中心,CN=OCSP\n");
    assert_says(text, "Issuer: C=TW,O=行政院,OU=組織及團體憑證管理中心\n");
    assert_says(text, "Not Before: Nov 24 04:05:00 2026 GMT");
    assert_says(text, "Not After : Dec  1 05:05:00 2026 GMT");
    assert_says(text, "X509v3 Key Usage: critical\n                Digital Signature\n");
    assert_says(text, "X509v3 Extended Key Usage: \n                OCSP Signing\n");
    assert_says(text, "OCSP No Check");
    assert_says(text, "X509v3 Authority Key Identifier");
    assert_null(strstr(text, "Basic Constraints"));
    assert_null(strstr(text, "CRL Distribution"));
    run_well("openssl verify -no_check_time -CAfile root.pem -untrusted ca.pem responder.pem");
    drop_world(&w);
}

static xca_bytes_t resigned(const world_t *w, const char *from_hex, const char *to_hex) {
    xca_bytes_t *from = xca_text_unhex(test_pool, from_hex), *to = xca_text_unhex(test_pool, to_hex);
    unsigned char *copy = apr_pmemdup(test_pool, w->certificate.data, w->certificate.length);
    unsigned char *at = memmem(copy, w->certificate.length, from->data, from->length);

    assert_non_null(at);
    assert_int_equal(from->length, to->length);
    memcpy(at, to->data, to->length);
    return (xca_bytes_t){copy, w->certificate.length};
}

static const char *lint(const world_t *w, xca_bytes_t certificate, const xca_key_t *key, apr_time_t until, int is_signed) {
    xca_bytes_t spki;

    assert_fine(xca_key_spki(&spki, key, test_pool));
    return message_of(xca_lint_responder(certificate, spki, w->authority.certificate, TEST_NOW - HOUR, until, is_signed, test_pool));
}

static void test_the_lint_finds_what_is_no_responder_s(void **state) {
    world_t w = make_world("rsa:2048"), other = make_world("rsa:2048");
    apr_time_t until = TEST_NOW + 7 * TEST_DAY;
    xca_cert_order_t order = make_order("ec:P-256");
    xca_bytes_t subscriber;

    assert_string_equal(lint(&w, w.certificate, w.key, until, 1), "");
    assert_string_equal(lint(&w, w.certificate, other.key, until, 1), "lint.key");
    assert_string_equal(lint(&w, w.certificate, w.key, until + TEST_DAY, 1), "lint.validity");
    assert_string_equal(lint(&other, w.certificate, w.key, until, 1), "lint.authority-key");
    /* a bit of the signature; id-kp-OCSPSigning made id-kp-timeStamping; digitalSignature made keyCertSign; nocheck made something else */
    {
        unsigned char *copy = apr_pmemdup(test_pool, w.certificate.data, w.certificate.length);

        copy[w.certificate.length - 1] ^= 1;
        assert_string_equal(lint(&w, (xca_bytes_t){copy, w.certificate.length}, w.key, until, 1), "lint.signature");
        assert_string_equal(lint(&w, (xca_bytes_t){copy, w.certificate.length}, w.key, until, 0), "");
    }
    assert_string_equal(lint(&w, resigned(&w, "06082b06010505070309", "06082b06010505070308"), w.key, until, 0), "lint.ext-key-usage");
    assert_string_equal(lint(&w, resigned(&w, "0603551d0f0101ff040403020780", "0603551d0f0101ff040403020204"), w.key, until, 0),
                        "lint.key-usage");
    assert_string_equal(lint(&w, resigned(&w, "2b0601050507300105", "2b0601050507300106"), w.key, until, 0), "lint.extensions");
    assert_string_equal(lint(&w, resigned(&w, "4f435350", "58435350"), w.key, until, 0), "lint.subject");
    order.not_before = TEST_NOW;
    assert_fine(xca_ca_issue(&subscriber, w.authority.ca, &order, test_pool));
    assert_string_not_equal(lint(&w, subscriber, w.key, until, 1), "");
    drop_world(&w);
    drop_world(&other);
}

static void test_no_other_key_and_no_longer_life_is_certified(void **state) {
    world_t w = make_world("rsa:2048");
    const char *const types[] = {"rsa:3072", "ec:P-384"};
    xca_bytes_t spki, certificate;
    xca_key_t *key;
    int i;

    for (i = 0; i < 2; i++) {
        assert_fine(xca_key_make(&key, types[i], test_pool));
        assert_fine(xca_key_spki(&spki, key, test_pool));
        assert_string_equal(message_of(xca_ocsp_certify(&certificate, w.authority.ca, spki, TEST_NOW, TEST_NOW + TEST_DAY, test_pool)),
                            "lint.key");
        assert_non_null(xca_ocsp_responder_make(&w.responder, key, w.authority.certificate, test_pool));
    }
    assert_fine(xca_key_spki(&spki, w.key, test_pool));
    assert_string_equal(message_of(xca_ocsp_certify(&certificate, w.authority.ca, spki, TEST_NOW, TEST_NOW + 32 * TEST_DAY, test_pool)),
                        "lint.validity");
    drop_world(&w);
}

static void test_the_request_proves_the_key(void **state) {
    world_t w = make_world("ec:P-256");
    xca_bytes_t der, spki;
    xca_csr_t *csr;
    xca_secret_t *private;
    xca_key_t *again;
    unsigned char *forged;

    assert_fine(xca_key_private(&private, w.key, test_pool));
    assert_fine(xca_key_of_private(&again, private, test_pool));
    assert_fine(xca_ocsp_csr(&der, again, test_pool));
    assert_fine(xca_csr_read(&csr, der.data, der.length, test_pool));
    assert_fine(xca_key_spki(&spki, w.key, test_pool));
    assert_int_equal(csr->spki.length, spki.length);
    assert_memory_equal(csr->spki.data, spki.data, spki.length);
    assert_string_equal(csr->key_text, "EC P-256");
    forged = apr_pmemdup(test_pool, der.data, der.length);
    forged[der.length - 1] ^= 1;
    assert_non_null(xca_csr_read(&csr, forged, der.length, test_pool));
    drop_world(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_openssl_believes_good_revoked_and_unknown),
        TEST(test_several_are_answered_in_one),
        TEST(test_the_same_signature_gives_the_same_answer),
        TEST(test_another_issuer_is_not_ours),
        TEST(test_nonces_of_1_to_128_bytes_are_taken_and_no_others),
        TEST(test_what_is_wrong_in_a_request_is_malformed),
        TEST(test_serials_of_every_kind_are_read),
        TEST(test_a_signed_request_is_answered),
        TEST(test_refusals_are_what_openssl_reads),
        TEST(test_paths_are_read),
        TEST(test_a_path_longer_than_any_request_is_none),
        TEST(test_a_responder_certificate_says_what_the_profile_says),
        TEST(test_the_lint_finds_what_is_no_responder_s),
        TEST(test_no_other_key_and_no_longer_life_is_certified),
        TEST(test_the_request_proves_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
