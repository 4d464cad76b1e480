/* The CA changes its key, with a real slapd: each key lists what it has issued, certifies responders for it, and ends when that is over;
 * whatever write fails in between. */
#include "card_bench.h"

#include <openssl/x509v3.h>
#include "base/log.h"
#include "directory/cert_store.h"
#include "directory/crl_store.h"
#include "domain/calendar.h"
#include "operations/audit_verify.h"
#include "operations/signer_ca.h"
#include "operations/signer_issue.h"
#include "operations/signer_lists.h"
#include "outside/crypto.h"
#include "outside/crypto_ocsp.h"
#include "outside/crypto_verify.h"
#include "outside/crypto_view.h"

#define HOUR  apr_time_from_sec(3600)
#define PARTS 4

static bench_t *b;
static apr_pool_t *pool;
static const xca_cert_t *old, *new;
static const xca_cause_t cause = {.actor = "holder", .key = "test"};

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

static void restart(void) {
    xca_signer_lists_stop(b->signer);
    b->signer->crl_due = 1;
    assert_done(xca_signer_publish_ca(b->signer, b->now, pool));
}

static void make(void) {
    assert_done(xca_signer_lists(b->signer, b->now, pool));
}

/* As a signer that finds the next key's certificate in its settings. */
static void roll(void) {
    xca_signer_t *signer = b->signer;
    xca_profile_t *next = apr_pmemdup(b->pool, signer->profile, sizeof(*next));
    xca_bytes_t certificate, chain[3];
    xca_key_t *key;

    next->generation = signer->generation + 1;
    assert_done(xca_key_make(&key, "ec:P-384", b->pool));
    assert_done(xca_setup_certificate(&certificate, XCA_SETUP_CA, "OU=組織及團體憑證管理中心,O=行政院,C=TW", NULL, NULL, key, b->root_key,
                                      b->root, b->now - XCA_DAY, b->now + 5000 * XCA_DAY, b->pool));
    signer->former[signer->generation++] = signer->ca;
    signer->profile = next;
    signer->certificates[signer->generation] = certificate;
    assert_done(xca_ca_open(&signer->ca, key, certificate, &b->root, 1, next, b->pool));
    chain[0] = certificate;
    chain[1] = b->root;
    chain[2] = signer->certificates[0];
    assert_done(xca_cert_p7b(&signer->chain_p7b, chain, 3, b->pool));
    xca_audit_trust(signer->audit, signer->certificates, signer->generation + 1);
    restart();
}

static const xca_cert_t *a_certificate(void) {
    return recorded_cert(b, card_active(b, "secondary"), XCA_USE_SIGNATURE);
}

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    b = bench_make(pool);
    b->now = apr_time_from_sec(apr_time_sec(apr_time_now()));
    old = a_certificate();
    make();
    roll();
    new = a_certificate();
    make();
    return 0;
}

static void change(const xca_cert_t *cert, xca_cert_state to, xca_crl_reason reason) {
    xca_cert_t *there;

    assert_done(xca_cert_read(&there, b->signer->office->store, cert->serial, pool));
    assert_done(xca_signer_cert_state(b->signer, there, to, reason, NULL, &cause, NULL, b->now, pool));
}

static xca_crl_record_t *published(const char *name, xca_crl_what what) {
    xca_crl_record_t *crl;

    assert_done(xca_crl_read(&crl, b->portal->store, name, what, pool));
    return crl;
}

static const char *partition_of(const xca_cert_t *cert) {
    xca_bytes_t *bytes = xca_text_unhex(pool, cert->serial);
    xca_crl_scope_t scope = {XCA_CRL_PARTITION, PARTS, xca_crl_part(bytes->data, bytes->length, PARTS), cert->generation};

    return xca_crl_scope_name(&scope, pool);
}

static X509 *x509_of(xca_bytes_t der) {
    const unsigned char *at = der.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.length);

    assert_non_null(x509);
    return x509;
}

/* Signed by the key of the generation, and with the serial on it or not. */
static void assert_listed(const char *name, xca_crl_what what, int generation, const xca_cert_t *cert, int listed) {
    xca_crl_record_t *crl = published(name, what);
    const unsigned char *at = what == XCA_CRL_DELTA ? crl->delta.data : crl->der.data;
    X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)(what == XCA_CRL_DELTA ? crl->delta.length : crl->der.length));
    X509 *issuer = x509_of(b->signer->certificates[generation]), *other = x509_of(b->signer->certificates[1 - generation]);
    X509 *x509 = x509_of(cert->der);
    X509_REVOKED *entry = NULL;
    AUTHORITY_KEYID *key = X509_CRL_get_ext_d2i(list, NID_authority_key_identifier, NULL, NULL);

    assert_int_equal(X509_CRL_verify(list, X509_get0_pubkey(issuer)), 1);
    assert_int_not_equal(X509_CRL_verify(list, X509_get0_pubkey(other)), 1);
    assert_int_equal(ASN1_OCTET_STRING_cmp(key->keyid, X509_get0_subject_key_id(issuer)), 0);
    assert_true(X509_CRL_get_ext_by_NID(list, NID_issuing_distribution_point, -1) >= 0);
    assert_int_equal(X509_CRL_get0_by_serial(list, &entry, X509_get_serialNumber(x509)) == 1, listed);
    AUTHORITY_KEYID_free(key);
    X509_free(issuer);
    X509_free(other);
    X509_free(x509);
    X509_CRL_free(list);
}

static void test_a_certificate_says_whose_it_is_and_where_its_lists_are(void **state) {
    X509 *x509 = x509_of(new->der), *issuer = x509_of(b->signer->certificates[1]);
    xca_cert_view_t *view;

    assert_int_equal(old->generation, 0);
    assert_int_equal(new->generation, 1);
    assert_int_equal(X509_verify(x509, X509_get0_pubkey(issuer)), 1);
    assert_done(xca_cert_view(&view, new->der, pool));
    assert_string_equal(APR_ARRAY_IDX(view->crl_urls, 0, const char *),
                        apr_pstrcat(pool, "http://localhost:8080/repository/crl/", partition_of(new), ".crl", NULL));
    assert_string_equal(APR_ARRAY_IDX(view->crl_urls, 1, const char *), "http://localhost:8080/repository/crl/g1-full.crl");
    assert_done(xca_cert_view(&view, old->der, pool));
    assert_string_equal(APR_ARRAY_IDX(view->crl_urls, 1, const char *), "http://localhost:8080/repository/crl/full.crl");
    X509_free(x509);
    X509_free(issuer);
}

static void test_each_key_lists_what_it_has_issued_and_nothing_else(void **state) {
    change(old, XCA_CERT_SUSPENDED, XCA_REASON_HOLD);
    change(new, XCA_CERT_SUSPENDED, XCA_REASON_HOLD);
    make();
    assert_listed("full", XCA_CRL_COMPLETE, 0, old, 1);
    assert_listed("full", XCA_CRL_COMPLETE, 0, new, 0);
    assert_listed("g1-full", XCA_CRL_COMPLETE, 1, new, 1);
    assert_listed("g1-full", XCA_CRL_COMPLETE, 1, old, 0);
    assert_listed(partition_of(old), XCA_CRL_DELTA, 0, old, 1);
    assert_listed(partition_of(new), XCA_CRL_DELTA, 1, new, 1);
    assert_listed(partition_of(new), XCA_CRL_COMPLETE, 1, new, 1);
    /* a signer that starts anew finds the same, and makes nothing twice */
    b->now += 2 * HOUR; /* behind the time in which a stopped signer may have left something undone */
    restart();
    make();
    b->now += HOUR;
    restart();
    make();
    assert_true(published("full", XCA_CRL_HEAD)->entries == 1 && published("g1-full", XCA_CRL_HEAD)->entries == 1);
}

static void test_the_entry_of_the_authority_has_all_certificates_and_lists(void **state) {
    static const char *const wanted[] = {"certificateRevocationList;binary", NULL};
    apr_array_header_t *certificates, *all, *chain;
    const xca_attr_t *lists;
    xca_entry_t *entry;
    xca_bytes_t p7b;

    assert_done(xca_ca_read(&certificates, &p7b, b->portal->store, pool));
    assert_int_equal(certificates->nelts, 2);
    assert_memory_equal(APR_ARRAY_IDX(certificates, 0, xca_bytes_t).data, b->signer->certificates[1].data, b->signer->certificates[1].length);
    assert_done(xca_ldap_read(&entry, b->portal->store->ldap, b->portal->store->ca_dn, wanted, pool));
    lists = xca_entry_attr(entry, wanted[0]);
    assert_int_equal(lists->count, 2);
    assert_memory_equal(lists->values[0].data, published("full", XCA_CRL_COMPLETE)->der.data, lists->values[0].length);
    assert_memory_equal(lists->values[1].data, published("g1-full", XCA_CRL_COMPLETE)->der.data, lists->values[1].length);
    /* the way up from each */
    assert_done(xca_p7b_read(&all, p7b, pool));
    assert_done(xca_chain_above(&chain, old->der, all, pool));
    assert_int_equal(chain->nelts, 2);
    assert_memory_equal(APR_ARRAY_IDX(chain, 0, xca_bytes_t).data, b->signer->certificates[0].data, b->signer->certificates[0].length);
    assert_done(xca_chain_above(&chain, new->der, all, pool));
    assert_int_equal(chain->nelts, 2);
    assert_memory_equal(APR_ARRAY_IDX(chain, 0, xca_bytes_t).data, b->signer->certificates[1].data, b->signer->certificates[1].length);
    assert_memory_equal(APR_ARRAY_IDX(chain, 1, xca_bytes_t).data, b->root.data, b->root.length);
}

/* The answer to a responder's request to the key of a generation. */
static xca_request_t *responder_of(xca_key_t *key, int generation) {
    static int count;
    xca_request_t request = {0}, *answered;

    request.id = apr_psprintf(pool, "%032x", ++count);
    request.kind = XCA_REQUEST_RESPONDER;
    request.generation = generation;
    request.created = b->now;
    assert_done(xca_ocsp_csr(&request.message, key, pool));
    assert_done(xca_request_add(b->portal->store, &request, pool));
    assert_done(xca_signer_request(b->signer, request.id, b->now, pool));
    assert_done(xca_request_read(&answered, b->portal->store, request.id, pool));
    return answered;
}

static void test_a_responder_is_certified_by_the_key_that_it_answers_for(void **state) {
    xca_profile_t profile = *b->signer->profile;
    const xca_profile_t *before = b->signer->profile;
    xca_bytes_t spki;
    xca_key_t *key;
    int i;

    profile.ocsp_url = "http://localhost/ocsp";
    b->signer->profile = &profile;
    b->signer->responder_life = 7 * XCA_DAY;
    assert_done(xca_key_make(&key, "ec:P-256", pool));
    assert_done(xca_key_spki(&spki, key, pool));
    for (i = 0; i < 2; i++) {
        xca_request_t *answered = responder_of(key, i);
        xca_cert_view_t *view;

        assert_int_equal(answered->state, XCA_REQUEST_DONE);
        assert_done(xca_cert_view(&view, answered->reply, pool));
        assert_done(xca_lint_responder(answered->reply, spki, b->signer->certificates[i], view->not_before, view->not_after, 1, pool));
        assert_non_null(xca_lint_responder(answered->reply, spki, b->signer->certificates[1 - i], view->not_before, view->not_after, 1, pool));
    }
    assert_string_equal(responder_of(key, 2)->answer, "responder.generation");
    b->signer->profile = before;
}

static void test_the_log_is_one_over_both_keys(void **state) {
    xca_audit_report_t report;
    int uses = log_entries(b, "key-use", NULL);

    assert_true(uses > 0); /* that the second key issues: logged once, however often it starts */
    restart();
    assert_int_equal(log_entries(b, "key-use", NULL), uses);
    assert_done(xca_audit_verify(&report, b->admin, &b->signer->certificates[1], 1, 1, NULL, 0, pool));
    assert_string_equal(report.wrong, "audit.key"); /* which the first one has certified */
}

/* A new signer, one of whose writes fails; all in turn. */
static void test_a_signer_that_is_stopped_at_any_write_makes_the_lists_of_both(void **state) {
    int at, failed = 1;

    for (at = 0; failed && at < 60; at++) {
        xca_cert_state to = at % 2 == 0 ? XCA_CERT_VALID : XCA_CERT_SUSPENDED;

        b->now += apr_time_from_sec(10);
        change(old, to, XCA_REASON_HOLD);
        change(new, to, XCA_REASON_HOLD);
        failed = bench_lists_failing(b, at);
        restart();
        make();
        assert_listed("full", XCA_CRL_COMPLETE, 0, old, at % 2);
        assert_listed("g1-full", XCA_CRL_COMPLETE, 1, new, at % 2);
        assert_listed(partition_of(new), XCA_CRL_COMPLETE, 1, new, at % 2);
    }
    assert_false(failed);
}

static void test_a_key_that_is_still_needed_cannot_be_left_out(void **state) {
    xca_ca_t *first = b->signer->former[0];
    xca_error_t *err;

    b->signer->former[0] = NULL;
    err = xca_signer_publish_ca(b->signer, b->now, pool);
    assert_error(err, "ca.generation.needed");
    assert_string_equal(err->arg, "0");
    b->signer->former[0] = first;
}

static void test_the_last_lists_of_a_key_come_when_all_has_expired(void **state) {
    const xca_cert_t *newer;
    apr_time_t last;

    change(old, XCA_CERT_REVOKED, XCA_REASON_SUPERSEDED);
    make();
    b->now += 4 * 365 * XCA_DAY;
    restart();
    make();
    newer = a_certificate();
    assert_false(published("full", XCA_CRL_HEAD)->is_last);
    assert_listed("full", XCA_CRL_COMPLETE, 0, old, 1);
    b->now = old->not_after + HOUR;
    restart();
    make(); /* on schedule behind its end: it is on it still */
    last = published("full", XCA_CRL_HEAD)->this_update;
    assert_true(last == b->now);
    assert_listed("full", XCA_CRL_COMPLETE, 0, old, 1);
    assert_false(published("full", XCA_CRL_HEAD)->is_last);
    b->now += 13 * HOUR;
    make();
    assert_true(published("full", XCA_CRL_HEAD)->is_last && published(partition_of(old), XCA_CRL_HEAD)->is_last);
    assert_true(published("full", XCA_CRL_HEAD)->this_update == last);
    assert_true(published("full", XCA_CRL_HEAD)->next_update == last + b->signer->crl_life);
    assert_false(published("g1-full", XCA_CRL_HEAD)->is_last);
    /* without the key all goes on */
    b->signer->former[0] = NULL;
    restart();
    change(newer, XCA_CERT_REVOKED, XCA_REASON_SUPERSEDED);
    b->now += 13 * HOUR;
    make();
    assert_false(b->signer->crl_due);
    assert_true(published("g1-full", XCA_CRL_HEAD)->this_update == b->now);
    assert_listed("g1-full", XCA_CRL_COMPLETE, 1, newer, 1);
    assert_true(published("full", XCA_CRL_HEAD)->this_update == last);
    assert_true(log_entries(b, "list-sign", NULL) > 0); /* which verifies the whole log */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_certificate_says_whose_it_is_and_where_its_lists_are),
        cmocka_unit_test(test_each_key_lists_what_it_has_issued_and_nothing_else),
        cmocka_unit_test(test_the_entry_of_the_authority_has_all_certificates_and_lists),
        cmocka_unit_test(test_a_responder_is_certified_by_the_key_that_it_answers_for),
        cmocka_unit_test(test_the_log_is_one_over_both_keys),
        cmocka_unit_test(test_a_signer_that_is_stopped_at_any_write_makes_the_lists_of_both),
        cmocka_unit_test(test_a_key_that_is_still_needed_cannot_be_left_out),
        cmocka_unit_test(test_the_last_lists_of_a_key_come_when_all_has_expired),
    };

    apr_initialize();
    xca_log_set_sink(NULL, NULL, XCA_LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
