#include "domain_fixture.h"

#include "domain/calendar.h"
#include "domain/review.h"

#define NOW    apr_time_from_sec(1795496700)
#define MINUTE apr_time_from_sec(60)
#define DIGEST "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
#define NUMBER "0000100000000000000044722"

/* A case on its way, its officers and their decisions: all as it should be. */
typedef struct {
    xca_case_t kase;
    xca_officer_t ra, central;
    xca_decision_t first, second;
} review_t;

static review_t right_review(void) {
    review_t review = {
        .kase = {.number = NUMBER,
                 .state = XCA_STATE_FILED,
                 .window = "tpe-edu",
                 .filed = NOW - XCA_DAY + 500000},
        .ra = {.uid = "ra-1",
               .person = "1001",
               .role = XCA_ROLE_RA,
               .window = "tpe-edu",
               .active = 1},
        .central = {.uid = "central-1", .person = "2001", .role = XCA_ROLE_CENTRAL, .active = 1},
        .first = {.case_number = NUMBER,
                  .content_digest = DIGEST,
                  .stage = XCA_STAGE_FIRST,
                  .kind = XCA_DECISION_ACCEPT,
                  .letter = "北市教終字第1153000001號",
                  .officer = "ra-1",
                  .time = NOW - 60 * MINUTE},
        .second = {.case_number = NUMBER,
                   .content_digest = DIGEST,
                   .stage = XCA_STAGE_SECOND,
                   .kind = XCA_DECISION_ACCEPT,
                   .officer = "central-1",
                   .time = NOW},
    };

    return review;
}

static const char *judge_first(const review_t *review) {
    return message_of(xca_decision_judge(&review->first, &review->ra, &review->kase, DIGEST, NULL,
                                         NULL, NOW, test_pool));
}

static const char *judge_second(const review_t *review) {
    xca_case_t reviewed = review->kase;

    reviewed.state = XCA_STATE_REVIEWED;
    return message_of(xca_decision_judge(&review->second, &review->central, &reviewed, DIGEST,
                                         &review->first, &review->ra, NOW, test_pool));
}

static void test_two_officers_who_accept_in_turn_count(void **state) {
    review_t review = right_review();

    assert_string_equal(judge_first(&review), "");
    assert_string_equal(judge_second(&review), "");
}

static void test_each_stage_is_decided_by_its_own_role(void **state) {
    review_t review = right_review();

    review.ra.role = XCA_ROLE_CENTRAL;
    assert_string_equal(judge_first(&review), "decision.role");
    review.ra.role = XCA_ROLE_NONE;
    assert_string_equal(judge_first(&review), "decision.role");
    review = right_review();
    review.central.role = XCA_ROLE_RA;
    assert_string_equal(judge_second(&review), "decision.role");
}

static void test_an_auditor_decides_nothing(void **state) {
    review_t review = right_review();

    review.ra.role = xca_role_by_id("auditor");
    assert_int_equal(review.ra.role, XCA_ROLE_AUDITOR);
    assert_string_equal(xca_role_id(review.ra.role), "auditor");
    assert_string_equal(judge_first(&review), "decision.role");
    review = right_review();
    review.central.role = XCA_ROLE_AUDITOR;
    assert_string_equal(judge_second(&review), "decision.role");
}

static void test_decision_in_the_name_of_another_officer_does_not_count(void **state) {
    review_t review = right_review();

    review.first.officer = "ra-2";
    assert_string_equal(judge_first(&review), "decision.role");
    review.first.officer = NULL;
    assert_string_equal(judge_first(&review), "decision.role");
}

static void test_officer_who_left_does_not_count(void **state) {
    review_t review = right_review();

    review.ra.active = 0;
    assert_string_equal(judge_first(&review), "decision.inactive");
    review.central.active = 0;
    assert_string_equal(judge_second(&review), "decision.inactive");
}

static void test_ra_officer_decides_for_the_own_window_only(void **state) {
    review_t review = right_review();

    review.ra.window = "khh-edu";
    assert_string_equal(judge_first(&review), "decision.window");
    review.ra.window = NULL;
    assert_string_equal(judge_first(&review), "decision.window");
    review.kase.window = NULL; /* two missing windows are not the same one */
    assert_string_equal(judge_first(&review), "decision.window");
}

static void test_case_must_wait_for_just_this_decision(void **state) {
    int i;

    for (i = 0; i < XCA_STATE_COUNT; i++) {
        review_t review = right_review();
        xca_case_t kase = review.kase;
        const char *first, *second;

        kase.state = (xca_case_state)i;
        first = message_of(xca_decision_judge(&review.first, &review.ra, &kase, DIGEST, NULL, NULL,
                                              NOW, test_pool));
        second = message_of(xca_decision_judge(&review.second, &review.central, &kase, DIGEST,
                                               &review.first, &review.ra, NOW, test_pool));
        assert_string_equal(first, i == XCA_STATE_FILED ? "" : "decision.state");
        assert_string_equal(second, i == XCA_STATE_REVIEWED ? "" : "decision.state");
    }
}

static void test_decision_on_content_that_changed_since_is_stale(void **state) {
    review_t review = right_review();

    review.first.content_digest = "00";
    assert_string_equal(judge_first(&review), "decision.stale");
    assert_string_equal(judge_second(&review),
                        "decision.stale"); /* the first was on other content */
    review = right_review();
    review.second.content_digest = NULL;
    assert_string_equal(judge_second(&review), "decision.stale");
}

static void test_decision_of_another_case_does_not_count(void **state) {
    review_t review = right_review();

    review.first.case_number = "0000100000000000000044723";
    assert_string_equal(judge_first(&review), "decision.stale");
    assert_string_equal(judge_second(&review),
                        "decision.state"); /* no first decision of this case */
    review.first.case_number = NULL;
    assert_string_equal(judge_first(&review), "decision.stale");
}

static void test_decision_from_before_the_filing_or_correction_does_not_count(void **state) {
    review_t review = right_review();

    review.first.time = review.kase.filed - MINUTE;
    assert_string_equal(judge_first(&review), "decision.time");
    review = right_review();
    review.kase.corrected = NOW - 30 * MINUTE;
    assert_string_equal(judge_first(&review), "decision.time");
}

static void test_decision_in_the_second_of_the_filing_counts(void **state) {
    review_t review = right_review();

    review.first.time = apr_time_from_sec(apr_time_sec(review.kase.filed));
    assert_string_equal(judge_first(&review), "");
}

static void test_decision_five_minutes_ahead_counts_and_not_more(void **state) {
    review_t review = right_review();

    review.first.time = NOW + 5 * MINUTE;
    assert_string_equal(judge_first(&review), "");
    review.first.time = NOW + 5 * MINUTE + 1;
    assert_string_equal(judge_first(&review), "decision.time");
}

static void test_one_person_with_two_offices_is_not_two_people(void **state) {
    review_t review = right_review();

    review.central.person = "1001";
    assert_string_equal(judge_second(&review), "decision.same-person");
}

static void test_officers_without_a_number_cannot_be_told_apart(void **state) {
    review_t review = right_review();

    review.central.person = NULL;
    assert_string_equal(judge_second(&review), "decision.same-person");
    review = right_review();
    review.ra.person = "";
    assert_string_equal(judge_second(&review), "decision.same-person");
}

static void test_second_review_needs_a_first_that_accepted(void **state) {
    review_t review = right_review();
    xca_case_t reviewed = review.kase;

    reviewed.state = XCA_STATE_REVIEWED;
    assert_string_equal(message_of(xca_decision_judge(&review.second, &review.central, &reviewed,
                                                      DIGEST, NULL, NULL, NOW, test_pool)),
                        "decision.state");
    review.first.kind = XCA_DECISION_RETURN;
    assert_string_equal(judge_second(&review), "decision.state");
    review = right_review();
    review.first.stage = XCA_STAGE_SECOND;
    assert_string_equal(judge_second(&review), "decision.state");
}

static void test_first_acceptance_names_the_official_letter(void **state) {
    review_t review = right_review();

    review.first.letter = NULL;
    assert_string_equal(judge_first(&review), "decision.letter");
    review.first.letter = "";
    assert_string_equal(judge_first(&review), "decision.letter");
    review.first.kind = XCA_DECISION_RETURN;
    review.first.reason = "印鑑不清楚";
    assert_string_equal(judge_first(&review), "");
}

static void test_return_gives_its_reason_at_both_stages(void **state) {
    review_t review = right_review();

    review.first.kind = XCA_DECISION_RETURN;
    assert_string_equal(judge_first(&review), "decision.reason");
    review = right_review();
    review.second.kind = XCA_DECISION_RETURN;
    assert_string_equal(judge_second(&review), "decision.reason");
    review.second.reason = "統一編號與登記不符";
    assert_string_equal(judge_second(&review), "");
}

static const char *judge_reset(xca_stage stage, xca_case_state state, const xca_officer_t *officer) {
    review_t review = right_review();
    xca_decision_t *decision = stage == XCA_STAGE_SECOND ? &review.second : &review.first;
    xca_officer_t other = review.central;

    other.uid = "central-2";
    other.person = "2002";
    review.kase.kind = XCA_CASE_CODE_RESET;
    review.kase.state = state;
    review.kase.window = NULL;
    review.first.letter = NULL;
    decision->stage = stage;
    decision->officer = officer->uid;
    return message_of(xca_decision_judge(decision, officer, &review.kase, DIGEST,
                                         stage == XCA_STAGE_SECOND ? &review.first : NULL, &other, NOW, test_pool));
}

static void test_a_code_reset_is_a_matter_of_the_central_office(void **state) {
    review_t review = right_review();

    assert_string_equal(judge_reset(XCA_STAGE_FIRST, XCA_STATE_FILED, &review.central), ""); /* it comes without an official letter */
    assert_string_equal(judge_reset(XCA_STAGE_FIRST, XCA_STATE_FILED, &review.ra), "decision.role");
    assert_string_equal(judge_reset(XCA_STAGE_SECOND, XCA_STATE_REVIEWED, &review.central), "");
    review.central.person = "2002"; /* who decided first */
    assert_string_equal(judge_reset(XCA_STAGE_SECOND, XCA_STATE_REVIEWED, &review.central), "decision.same-person");
    assert_string_equal(judge_reset(XCA_STAGE_THIRD, XCA_STATE_ISSUED, &review.central), "");
    assert_string_equal(judge_reset(XCA_STAGE_THIRD, XCA_STATE_REVIEWED, &review.central), "decision.state");
    assert_string_equal(judge_reset(XCA_STAGE_THIRD, XCA_STATE_ISSUED, &review.ra), "decision.role");
}

static void test_no_other_case_has_a_third_stage(void **state) {
    xca_stage stage;

    assert_int_equal(xca_stage_role(XCA_CASE_CARD, XCA_STAGE_THIRD), XCA_ROLE_NONE);
    assert_int_equal(xca_stage_role(XCA_CASE_REVOCATION, XCA_STAGE_THIRD), XCA_ROLE_NONE);
    assert_false(xca_stage_of_state(&stage, XCA_CASE_CERTIFICATE, XCA_STATE_ISSUED));
    assert_false(xca_stage_of_state(&stage, XCA_CASE_CODE_RESET, XCA_STATE_APPROVED));
    assert_true(xca_stage_of_state(&stage, XCA_CASE_CODE_RESET, XCA_STATE_ISSUED));
    assert_int_equal(stage, XCA_STAGE_THIRD);
}

static void test_window_takes_the_classes_it_lists(void **state) {
    xca_window_t window = {.id = "tpe-edu", .classes = "school|foundation"};

    assert_true(xca_window_takes(&window, XCA_CLASS_SCHOOL));
    assert_true(xca_window_takes(&window, XCA_CLASS_FOUNDATION));
    assert_false(xca_window_takes(&window, XCA_CLASS_ASSOCIATION));
    assert_false(xca_window_takes(&window, XCA_CLASS_NONE));
    window.classes = "other|";
    assert_true(xca_window_takes(&window, XCA_CLASS_OTHER));
    window.classes = "schools|preschool";
    assert_false(xca_window_takes(&window, XCA_CLASS_SCHOOL));
    window.classes = NULL;
    assert_false(xca_window_takes(&window, XCA_CLASS_SCHOOL));
}

static void test_roles_are_found_by_their_ids(void **state) {
    assert_int_equal(xca_role_by_id(xca_role_id(XCA_ROLE_RA)), XCA_ROLE_RA);
    assert_int_equal(xca_role_by_id(xca_role_id(XCA_ROLE_CENTRAL)), XCA_ROLE_CENTRAL);
    assert_int_equal(xca_role_by_id(xca_role_id(XCA_ROLE_NONE)), XCA_ROLE_NONE);
    assert_int_equal(xca_role_by_id("admin"), XCA_ROLE_NONE);
    assert_int_equal(xca_role_by_id(NULL), XCA_ROLE_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_two_officers_who_accept_in_turn_count),
        TEST(test_each_stage_is_decided_by_its_own_role),
        TEST(test_an_auditor_decides_nothing),
        TEST(test_decision_in_the_name_of_another_officer_does_not_count),
        TEST(test_officer_who_left_does_not_count),
        TEST(test_ra_officer_decides_for_the_own_window_only),
        TEST(test_case_must_wait_for_just_this_decision),
        TEST(test_decision_on_content_that_changed_since_is_stale),
        TEST(test_decision_of_another_case_does_not_count),
        TEST(test_decision_from_before_the_filing_or_correction_does_not_count),
        TEST(test_decision_in_the_second_of_the_filing_counts),
        TEST(test_decision_five_minutes_ahead_counts_and_not_more),
        TEST(test_one_person_with_two_offices_is_not_two_people),
        TEST(test_officers_without_a_number_cannot_be_told_apart),
        TEST(test_second_review_needs_a_first_that_accepted),
        TEST(test_first_acceptance_names_the_official_letter),
        TEST(test_return_gives_its_reason_at_both_stages),
        TEST(test_a_code_reset_is_a_matter_of_the_central_office),
        TEST(test_no_other_case_has_a_third_stage),
        TEST(test_window_takes_the_classes_it_lists),
        TEST(test_roles_are_found_by_their_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
