/* Revocation lists with a real slapd: full, partitions and deltas by the clock and by changes, and a signer that is stopped at every
 * write. */
#include "card_bench.h"

#include <openssl/x509v3.h>
#include "base/log.h"
#include "directory/cert_store.h"
#include "directory/crl_store.h"
#include "domain/calendar.h"
#include "operations/signer_issue.h"
#include "operations/signer_lists.h"
#include "outside/crypto.h"

#define HOUR  apr_time_from_sec(3600)
#define PARTS 4

static bench_t *b;
static apr_pool_t *pool;
static const xca_cause_t cause = {.actor = "holder", .key = "test"};

static int start(void **state) {
    apr_pool_create(&pool, NULL);
    b = bench_make(pool);
    b->now = apr_time_from_sec(apr_time_sec(apr_time_now()));
    return 0;
}

static int stop(void **state) {
    apr_pool_destroy(pool);
    return 0;
}

/* The signer's next start: all that it has in memory is gone. */
static void restart(void) {
    xca_signer_lists_stop(b->signer);
    b->signer->crl_due = 1;
}

static void make(void) {
    assert_done(xca_signer_lists(b->signer, b->now, pool));
}

static xca_crl_record_t *published(const char *name, xca_crl_what what) {
    xca_crl_record_t *crl;

    assert_done(xca_crl_read(&crl, b->portal->store, name, what, pool));
    return crl;
}

static X509_CRL *list_of(const char *name, int delta) {
    xca_crl_record_t *crl = published(name, delta ? XCA_CRL_DELTA : XCA_CRL_COMPLETE);
    xca_bytes_t der = delta ? crl->delta : crl->der;
    const unsigned char *at = der.data;
    X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)der.length);

    assert_non_null(list);
    assert_true(at == der.data + der.length);
    return list;
}

static apr_int64_t number_in(X509_CRL *list, int nid) {
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(list, nid, NULL, NULL);
    apr_int64_t value = number != NULL ? ASN1_INTEGER_get(number) : -1;

    ASN1_INTEGER_free(number);
    return value;
}

/* The reason with which the list has the serial; -1: it does not have it. */
static int reason_on(const char *name, int delta, const char *serial) {
    X509_CRL *list = list_of(name, delta);
    BIGNUM *number = NULL;
    ASN1_INTEGER *wanted;
    X509_REVOKED *entry = NULL;
    ASN1_ENUMERATED *reason;
    int found, i, value = -1;

    assert_true(BN_hex2bn(&number, serial));
    wanted = BN_to_ASN1_INTEGER(number, NULL);
    for (i = 0, found = 0; i < sk_X509_REVOKED_num(X509_CRL_get_REVOKED(list)) && !found; i++) {
        entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(list), i);
        found = ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(entry), wanted) == 0;
    }
    if (found) {
        reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
        value = reason != NULL ? (int)ASN1_ENUMERATED_get(reason) : 0;
        ASN1_ENUMERATED_free(reason);
    }
    ASN1_INTEGER_free(wanted);
    BN_free(number);
    X509_CRL_free(list);
    return value;
}

static const char *partition_of(const char *serial) {
    xca_bytes_t *bytes = xca_text_unhex(pool, serial);
    xca_crl_scope_t scope = {XCA_CRL_PARTITION, PARTS, xca_crl_part(bytes->data, bytes->length, PARTS), 0};

    return xca_crl_scope_name(&scope, pool);
}

static const xca_cert_t *read_again(const xca_cert_t *cert) {
    xca_cert_t *there;

    assert_done(xca_cert_read(&there, b->signer->office->store, cert->serial, pool));
    return there;
}

static void change(const xca_cert_t *cert, xca_cert_state to, xca_crl_reason reason) {
    assert_done(xca_signer_cert_state(b->signer, read_again(cert), to, reason, NULL, &cause, NULL, b->now, pool));
}

static const xca_cert_t *a_certificate(void) {
    return recorded_cert(b, card_active(b, "secondary"), XCA_USE_SIGNATURE);
}

/* One without a partition, as earlier versions have issued them. */
static const xca_cert_t *an_old_certificate(void) {
    static int count;
    xca_cert_t cert = *a_certificate(), *made = apr_pmemdup(pool, &cert, sizeof(cert));

    made->serial = apr_psprintf(pool, "51%030x", ++count);
    made->state = XCA_CERT_PENDING;
    made->key_hash = apr_psprintf(pool, "%064x", count);
    made->crl_partitions = 0;
    assert_done(xca_cert_add(b->signer->office->store, made, pool));
    change(made, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED);
    return made;
}

static void test_all_lists_are_there_from_the_beginning_and_say_their_scope(void **state) {
    int part;
    X509_CRL *full;

    make();
    assert_false(b->signer->crl_due);
    full = list_of("full", 0);
    assert_true(X509_CRL_get_ext_by_NID(full, NID_issuing_distribution_point, -1) < 0);
    assert_true(X509_CRL_get_ext_by_NID(full, NID_freshest_crl, -1) >= 0);
    for (part = 0; part < PARTS; part++) {
        const char *name = apr_psprintf(pool, "%d-%d", PARTS, part);
        X509_CRL *complete = list_of(name, 0), *delta = list_of(name, 1);
        int critical = -1;
        ISSUING_DIST_POINT *point = X509_CRL_get_ext_d2i(complete, NID_issuing_distribution_point, &critical, NULL);
        const ASN1_IA5STRING *url = sk_GENERAL_NAME_value(point->distpoint->name.fullname, 0)->d.ia5;

        assert_int_equal(critical, 1);
        assert_string_equal((const char *)ASN1_STRING_get0_data(url),
                            apr_pstrcat(pool, "http://localhost:8080/repository/crl/", name, ".crl", NULL));
        assert_int_equal(number_in(complete, NID_crl_number), number_in(delta, NID_crl_number));
        assert_int_equal(number_in(delta, NID_delta_crl), number_in(complete, NID_crl_number));
        X509_CRL_free(complete);
        X509_CRL_free(delta);
        ISSUING_DIST_POINT_free(point);
    }
    X509_CRL_free(full);
}

static void test_a_change_is_on_its_lists_at_once_and_leaves_the_others_alone(void **state) {
    const xca_cert_t *cert = a_certificate();
    const char *own = partition_of(cert->serial);
    const char *other = strcmp(own, "4-0") == 0 ? "4-1" : "4-0";
    apr_uint64_t before, untouched;

    make();
    assert_int_equal(cert->crl_partitions, PARTS);
    before = published(own, XCA_CRL_HEAD)->number;
    untouched = published(other, XCA_CRL_HEAD)->number;
    change(cert, XCA_CERT_SUSPENDED, XCA_REASON_HOLD);
    assert_true(b->signer->crl_due);
    make();
    assert_false(b->signer->crl_due);
    assert_int_equal(reason_on("full", 0, cert->serial), XCA_REASON_HOLD);
    assert_int_equal(reason_on("full", 1, cert->serial), XCA_REASON_HOLD);
    assert_int_equal(reason_on(own, 0, cert->serial), XCA_REASON_HOLD);
    assert_int_equal(reason_on(own, 1, cert->serial), XCA_REASON_HOLD);
    assert_true(published(own, XCA_CRL_HEAD)->number > before);
    assert_true(published(other, XCA_CRL_HEAD)->number == untouched);
    assert_true(published(own, XCA_CRL_HEAD)->number == published("full", XCA_CRL_HEAD)->number);

    change(cert, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED);
    make();
    assert_int_equal(reason_on("full", 0, cert->serial), -1);
    assert_int_equal(reason_on(own, 0, cert->serial), -1);
    assert_int_equal(reason_on("full", 1, cert->serial), XCA_REASON_REMOVED);
    assert_int_equal(reason_on(own, 1, cert->serial), XCA_REASON_REMOVED);

    change(cert, XCA_CERT_REVOKED, XCA_REASON_SUPERSEDED);
    make();
    assert_int_equal(reason_on(own, 0, cert->serial), XCA_REASON_SUPERSEDED);
    assert_int_equal(reason_on(own, 1, cert->serial), XCA_REASON_SUPERSEDED);
    restart();
    make();
    assert_int_equal(reason_on("full", 1, cert->serial), XCA_REASON_SUPERSEDED);
}

static void test_nothing_is_made_while_nothing_is_due_and_none_is_ever_overdue(void **state) {
    apr_uint64_t number, base;
    apr_time_t began = b->now, life = b->signer->crl_life, end;

    make();
    b->now += life / 2;
    make();
    number = published("4-2", XCA_CRL_HEAD)->number;
    for (end = b->now + life / 2 - HOUR; b->now < end; b->now += HOUR) {
        make();
        assert_true(published("4-2", XCA_CRL_HEAD)->number == number);
        assert_true(published("4-2", XCA_CRL_HEAD)->next_update > b->now + life / 2);
    }
    b->now = end + HOUR;
    make();
    base = number;
    number = published("4-2", XCA_CRL_HEAD)->number;
    assert_true(number > base);
    /* The delta starts from the list on schedule before: who has that one can go on with it. */
    assert_true(published("4-2", XCA_CRL_HEAD)->base_number == base);
    /* The computer slept for three days: the first look makes all of them. */
    b->now += 3 * XCA_DAY;
    make();
    assert_true(published("4-2", XCA_CRL_HEAD)->number > number);
    assert_true(published("full", XCA_CRL_HEAD)->next_update == b->now + life);
    assert_true(published("4-2", XCA_CRL_HEAD)->base_number == number);
    /* A clock that was set back: lists from the future are replaced, and numbers still grow. */
    number = published("4-2", XCA_CRL_HEAD)->number;
    b->now = began + HOUR;
    make();
    assert_true(published("4-2", XCA_CRL_HEAD)->number > number);
    assert_true(published("4-2", XCA_CRL_HEAD)->this_update == b->now);
}

static void test_a_revoked_certificate_leaves_its_list_on_schedule_after_its_end(void **state) {
    const xca_cert_t *cert = a_certificate();
    const char *own = partition_of(cert->serial);
    apr_time_t began = b->now;

    change(cert, XCA_CERT_REVOKED, XCA_REASON_KEY_COMPROMISE);
    make();
    b->now = cert->not_after - HOUR;
    restart();
    make();
    assert_int_equal(reason_on(own, 0, cert->serial), XCA_REASON_KEY_COMPROMISE);
    /* RFC 5280 section 3.3: on one list on schedule behind its end, and not on the next. */
    b->now += 12 * HOUR;
    restart();
    make();
    assert_int_equal(reason_on(own, 0, cert->serial), XCA_REASON_KEY_COMPROMISE);
    b->now += 12 * HOUR;
    make();
    assert_int_equal(reason_on(own, 0, cert->serial), -1);
    assert_int_equal(reason_on("full", 0, cert->serial), -1);
    assert_int_equal(reason_on(own, 1, cert->serial), -1);
    b->now = began;
    restart();
    make();
    assert_int_equal(reason_on(own, 0, cert->serial), XCA_REASON_KEY_COMPROMISE);
}

static void test_a_certificate_that_names_no_partition_is_on_the_full_list_alone(void **state) {
    const xca_cert_t *old = an_old_certificate();
    apr_uint64_t before[PARTS];
    int part;

    make();
    for (part = 0; part < PARTS; part++) {
        before[part] = published(apr_psprintf(pool, "4-%d", part), XCA_CRL_HEAD)->number;
    }
    change(old, XCA_CERT_REVOKED, XCA_REASON_CESSATION);
    make();
    assert_int_equal(reason_on("full", 0, old->serial), XCA_REASON_CESSATION);
    for (part = 0; part < PARTS; part++) {
        assert_true(published(apr_psprintf(pool, "4-%d", part), XCA_CRL_HEAD)->number == before[part]);
        assert_int_equal(reason_on(apr_psprintf(pool, "4-%d", part), 0, old->serial), -1);
    }
}

static void test_a_full_list_that_would_be_too_large_makes_room_for_that_of_the_rest(void **state) {
    const xca_cert_t *cert = a_certificate(), *old = an_old_certificate();
    xca_crl_record_t *full;
    X509_CRL *rest;
    xca_error_t *err;

    change(cert, XCA_CERT_REVOKED, XCA_REASON_CESSATION);
    change(old, XCA_CERT_REVOKED, XCA_REASON_CESSATION);
    make();
    full = published("full", XCA_CRL_HEAD);
    b->signer->crl_bytes_max = 4096 + 49; /* of more than one entry */
    change(old, XCA_CERT_REVOKED, XCA_REASON_CESSATION);
    make();
    err = xca_crl_read(&full, b->portal->store, "full", XCA_CRL_HEAD, pool);
    assert_error(err, "crl.not-found");
    assert_int_equal(reason_on("rest", 0, old->serial), XCA_REASON_CESSATION);
    assert_int_equal(reason_on("rest", 0, cert->serial), -1);
    /* Nobody takes it for a list of everything. */
    rest = list_of("rest", 0);
    assert_true(X509_CRL_get_ext_by_critical(rest, 1, -1) >= 0);
    assert_true(X509_CRL_get_ext_by_NID(rest, NID_issuing_distribution_point, -1) >= 0);
    X509_CRL_free(rest);
    b->signer->crl_bytes_max = 0;
    restart();
    make();
    assert_int_equal(reason_on("full", 0, cert->serial), XCA_REASON_CESSATION);
    assert_true(published("full", XCA_CRL_HEAD)->number > 0);
    assert_error(xca_crl_read(&full, b->portal->store, "rest", XCA_CRL_HEAD, pool), "crl.not-found");
}

/* What has been seen of a scope: numbers only grow, and one number is one content. */
typedef struct {
    apr_uint64_t number;
    const char *digest;
} seen_t;

static void look(seen_t *seen, const char *name) {
    xca_crl_record_t *complete = published(name, XCA_CRL_COMPLETE), *delta = published(name, XCA_CRL_DELTA);
    const char *digest = apr_pstrcat(pool, xca_sha256_hex(pool, complete->der.data, complete->der.length),
                                     xca_sha256_hex(pool, delta->delta.data, delta->delta.length), NULL);
    X509_CRL *list = list_of(name, 0);

    assert_true((apr_uint64_t)number_in(list, NID_crl_number) == complete->number);
    X509_CRL_free(list);
    assert_true(complete->number >= seen->number);
    if (complete->number == seen->number && seen->digest != NULL) {
        assert_string_equal(digest, seen->digest);
    }
    seen->number = complete->number;
    seen->digest = digest;
}

static void stopped_at_every_write(fault_kind kind) {
    seen_t full = {0, NULL}, own = {0, NULL};
    const xca_cert_t *cert = a_certificate();
    const char *name = partition_of(cert->serial);
    int at, failed = 1;

    make();
    for (at = 1; failed; at++) {
        xca_cert_state to = at % 2 ? XCA_CERT_SUSPENDED : XCA_CERT_VALID;
        int wanted = at % 2 ? XCA_REASON_HOLD : -1;

        assert_in_range(at, 1, 20);
        look(&full, "full");
        look(&own, name);
        b->now += apr_time_from_sec(1);
        change(cert, to, to == XCA_CERT_SUSPENDED ? XCA_REASON_HOLD : XCA_REASON_UNSPECIFIED);
        faults = kind;
        failed = bench_lists_failing(b, at);
        faults = NONE;
        look(&full, "full");
        look(&own, name);
        restart();
        make();
        look(&full, "full");
        look(&own, name);
        assert_int_equal(reason_on("full", 0, cert->serial), wanted);
        assert_int_equal(reason_on(name, 0, cert->serial), wanted);
    }
    assert_true(at > 5);
    (void)log_entries(b, "list-sign", NULL);
}

static void test_a_signer_that_is_stopped_before_any_write_uses_no_number_twice(void **state) {
    stopped_at_every_write(BEFORE);
}

static void test_a_signer_that_is_stopped_behind_any_write_uses_no_number_twice(void **state) {
    stopped_at_every_write(AFTER);
}

static void test_another_signer_sees_what_this_one_has_changed(void **state) {
    const xca_cert_t *cert = a_certificate();
    struct xca_lists *ours;
    apr_uint64_t number;

    make();
    ours = b->signer->lists;
    restart();
    make(); /* the other one */
    change(cert, XCA_CERT_REVOKED, XCA_REASON_SUPERSEDED);
    make();
    number = published("full", XCA_CRL_HEAD)->number;
    b->signer->lists = ours; /* has old heads, and is told of the change by Content Sync */
    b->signer->crl_due = 1;
    b->now += 12 * HOUR;
    apr_sleep(apr_time_from_msec(300));
    make();
    make();
    assert_int_equal(reason_on("full", 0, cert->serial), XCA_REASON_SUPERSEDED);
    assert_true(published("full", XCA_CRL_HEAD)->number > number);
    assert_false(b->signer->crl_due);
}

static void test_certificates_of_an_earlier_number_of_partitions_keep_their_lists(void **state) {
    xca_profile_t more = *b->signer->profile;
    const xca_profile_t *before = b->signer->profile;
    const xca_cert_t *cert = a_certificate();
    const char *own = partition_of(cert->serial);

    make();
    more.crl_partitions = 8;
    b->signer->profile = &more;
    restart();
    change(cert, XCA_CERT_REVOKED, XCA_REASON_SUPERSEDED);
    make();
    assert_int_equal(reason_on(own, 0, cert->serial), XCA_REASON_SUPERSEDED);
    assert_true(published("8-7", XCA_CRL_HEAD)->entries == 0);
    b->now += 13 * HOUR;
    make();
    assert_true(published(own, XCA_CRL_HEAD)->this_update == b->now);
    b->signer->profile = before;
    restart();
}

/* A list that the lint refuses is not published; all others are, and the central office is told. */
static void test_what_the_lint_finds_stops_that_list_alone_and_is_told(void **state) {
    const xca_cert_t *cert = a_certificate();
    const char *own = partition_of(cert->serial);
    apr_uint64_t before;

    b->signer->central_mail = "central@xca.example.tw";
    make();
    change(cert, XCA_CERT_REVOKED, (xca_crl_reason)2); /* cACompromise: no reason of the profile */
    before = published(own, XCA_CRL_HEAD)->number;
    make();
    assert_true(published(own, XCA_CRL_HEAD)->number == before);
    assert_true(b->signer->crl_due);
    assert_int_equal(notices_of(b, apr_pstrcat(pool, "list-", own, "-refused", NULL)), 1);
    assert_int_equal(notices_of(b, "list-full-refused"), 1);
    change(cert, XCA_CERT_VALID, XCA_REASON_UNSPECIFIED); /* mended, as an operator would */
    restart();
    b->now += 13 * HOUR;
    make();
    assert_true(published(own, XCA_CRL_HEAD)->number > before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lists_are_there_from_the_beginning_and_say_their_scope),
        cmocka_unit_test(test_a_change_is_on_its_lists_at_once_and_leaves_the_others_alone),
        cmocka_unit_test(test_nothing_is_made_while_nothing_is_due_and_none_is_ever_overdue),
        cmocka_unit_test(test_a_revoked_certificate_leaves_its_list_on_schedule_after_its_end),
        cmocka_unit_test(test_a_certificate_that_names_no_partition_is_on_the_full_list_alone),
        cmocka_unit_test(test_a_full_list_that_would_be_too_large_makes_room_for_that_of_the_rest),
        cmocka_unit_test(test_a_signer_that_is_stopped_before_any_write_uses_no_number_twice),
        cmocka_unit_test(test_a_signer_that_is_stopped_behind_any_write_uses_no_number_twice),
        cmocka_unit_test(test_another_signer_sees_what_this_one_has_changed),
        cmocka_unit_test(test_certificates_of_an_earlier_number_of_partitions_keep_their_lists),
        cmocka_unit_test(test_what_the_lint_finds_stops_that_list_alone_and_is_told),
    };

    apr_initialize();
    xca_log_set_sink(NULL, NULL, XCA_LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
