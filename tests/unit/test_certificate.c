#include "domain_fixture.h"

#include "domain/calendar.h"
#include "domain/certificate.h"
#include "domain/request.h"

#define NOW apr_time_from_sec(1795496700)

static xca_cert_t certificate(xca_cert_state state) {
    return (xca_cert_t){.state = state,
                        .not_before = NOW - XCA_DAY,
                        .not_after = NOW + XCA_DAY,
                        .published = state == XCA_CERT_VALID || state == XCA_CERT_SUSPENDED};
}

static void test_pages_show_the_recorded_state_while_it_is_in_time(void **state) {
    xca_cert_t pending = certificate(XCA_CERT_PENDING), valid = certificate(XCA_CERT_VALID);
    xca_cert_t suspended = certificate(XCA_CERT_SUSPENDED), revoked = certificate(XCA_CERT_REVOKED);

    assert_string_equal(xca_cert_shown(&pending, NOW), "pending");
    assert_string_equal(xca_cert_shown(&valid, NOW), "valid");
    assert_string_equal(xca_cert_shown(&suspended, NOW), "suspended");
    assert_string_equal(xca_cert_shown(&revoked, NOW), "revoked");
}

static void test_expired_wins_over_valid_and_suspended_but_not_over_revoked(void **state) {
    xca_cert_t valid = certificate(XCA_CERT_VALID), suspended = certificate(XCA_CERT_SUSPENDED);
    xca_cert_t revoked = certificate(XCA_CERT_REVOKED);
    apr_time_t later = NOW + 2 * XCA_DAY;

    assert_string_equal(xca_cert_shown(&valid, later), "expired");
    assert_string_equal(xca_cert_shown(&suspended, later), "expired");
    assert_string_equal(xca_cert_shown(&revoked, later), "revoked");
}

static void test_certificate_is_valid_up_to_and_in_its_last_moment(void **state) {
    xca_cert_t valid = certificate(XCA_CERT_VALID);

    assert_string_equal(xca_cert_shown(&valid, valid.not_after), "valid");
    assert_string_equal(xca_cert_shown(&valid, valid.not_after + 1), "expired");
}

static void test_revocation_list_has_the_revoked_and_suspended(void **state) {
    xca_cert_t pending = certificate(XCA_CERT_PENDING), valid = certificate(XCA_CERT_VALID);
    xca_cert_t suspended = certificate(XCA_CERT_SUSPENDED), revoked = certificate(XCA_CERT_REVOKED);

    assert_false(xca_cert_listed(&pending, NOW));
    assert_false(xca_cert_listed(&valid, NOW));
    assert_true(xca_cert_listed(&suspended, NOW));
    assert_true(xca_cert_listed(&revoked, NOW)); /* also one that was never accepted */
}

static void test_expired_certificates_leave_the_revocation_list(void **state) {
    xca_cert_t suspended = certificate(XCA_CERT_SUSPENDED), revoked = certificate(XCA_CERT_REVOKED);

    assert_false(xca_cert_listed(&suspended, NOW + 2 * XCA_DAY));
    assert_false(xca_cert_listed(&revoked, NOW + 2 * XCA_DAY));
}

static void test_every_use_and_state_is_found_by_its_id(void **state) {
    int i;

    for (i = 0; i < XCA_USE_COUNT; i++) {
        assert_int_equal(xca_use_by_id(xca_use_id((xca_use)i)), i);
    }
    for (i = 0; i < XCA_CERT_STATE_COUNT; i++) {
        assert_int_equal(xca_cert_state_by_id(xca_cert_state_id((xca_cert_state)i)), i);
    }
    assert_int_equal(xca_use_by_id("sign"), XCA_USE_COUNT);
    assert_int_equal(xca_use_by_id(NULL), XCA_USE_COUNT);
    assert_int_equal(xca_cert_state_by_id("Valid"), XCA_CERT_STATE_COUNT);
    assert_int_equal(xca_cert_state_by_id(NULL), XCA_CERT_STATE_COUNT);
}

static void test_every_request_to_the_signer_is_found_by_its_id(void **state) {
    int i;

    for (i = 0; i < XCA_REQUEST_COUNT; i++) {
        assert_int_equal(xca_request_kind_by_id(xca_request_kind_id((xca_request_kind)i)), i);
    }
    assert_int_equal(xca_request_kind_by_id("revoke"), XCA_REQUEST_COUNT);
    assert_int_equal(xca_request_kind_by_id(NULL), XCA_REQUEST_COUNT);
    assert_string_equal(xca_request_state_id(XCA_REQUEST_WAITING), "waiting");
    assert_string_equal(xca_request_state_id(XCA_REQUEST_DONE), "done");
    assert_string_equal(xca_request_state_id(XCA_REQUEST_DENIED), "denied");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_pages_show_the_recorded_state_while_it_is_in_time),
        TEST(test_expired_wins_over_valid_and_suspended_but_not_over_revoked),
        TEST(test_certificate_is_valid_up_to_and_in_its_last_moment),
        TEST(test_revocation_list_has_the_revoked_and_suspended),
        TEST(test_expired_certificates_leave_the_revocation_list),
        TEST(test_every_use_and_state_is_found_by_its_id),
        TEST(test_every_request_to_the_signer_is_found_by_its_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
