#include "domain_fixture.h"

#include "domain/case.h"
#include "domain/codes.h"

/* An application of a foundation that has its OID, filled in rightly. */
static xca_case_t known_organisation(void) {
    return (xca_case_t){.kind = XCA_CASE_CERTIFICATE,
                        .oid = "2.16.886.104.100008",
                        .class = XCA_CLASS_FOUNDATION,
                        .org_name = "財團法人臺灣觀光協會",
                        .email = "office@example.org.tw",
                        .contact_name = "測試聯絡人",
                        .contact_email = "contact@example.org.tw",
                        .contact_county = "基隆市",
                        .contact_district = "七堵區",
                        .contact_street = "明德一路1號",
                        .contact_phone = "02-12345678",
                        .use = XCA_USE_SIGNATURE,
                        .window = "central-tourism"};
}

/* An application of an organisation that has none. */
static xca_case_t new_organisation(void) {
    xca_case_t kase = known_organisation();

    kase.oid = NULL;
    kase.class = XCA_CLASS_PROFESSIONAL;
    kase.org_name = "聯誠會計師事務所";
    kase.ubn = "19310645";
    kase.org_county = "臺中市";
    kase.org_district = "北區";
    kase.org_street = "忠明路54號3樓";
    kase.org_phone = "04-23148812";
    return kase;
}

static xca_error_t *check(xca_case_t *kase) {
    return xca_case_check(kase, read_postal(), test_pool);
}

static const xca_case_field_t *field_of(const char *name) {
    const xca_case_field_t *field = xca_case_fields;

    while (field->name != NULL && strcmp(field->name, name) != 0) {
        field++;
    }
    assert_non_null(field->name);
    return field;
}

/* Checks the case with one field typed otherwise; that field alone must get the message. */
static void wrong_alone(xca_case_t kase, const char *name, const char *typed, const char *message) {
    xca_error_t *err;

    xca_case_set(&kase, field_of(name), typed);
    err = check(&kase);
    if (strcmp(message_for(err, name), message) != 0 || count_errors(err) != 1) {
        fail_msg("%s \"%s\": %d errors, first %s %s", name, typed ? typed : "(none)",
                 count_errors(err), err != NULL ? err->field : "", message_of(err));
    }
}

static void test_rightly_filled_in_applications_pass(void **state) {
    xca_case_t known = known_organisation(), new_one = new_organisation();

    assert_string_equal(message_of(check(&known)), "");
    assert_string_equal(message_of(check(&new_one)), "");
}

static void test_known_organisation_needs_only_mail_contact_and_delivery_address(void **state) {
    static const char *const needed[] = {"email", "contact_name", "contact_email", "contact_street",
                                         "contact_phone"};
    size_t i;

    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        wrong_alone(known_organisation(), needed[i], NULL, "field.required");
        wrong_alone(known_organisation(), needed[i], "", "field.required");
        wrong_alone(known_organisation(), needed[i], " 　 ", "field.required");
    }
    wrong_alone(known_organisation(), "contact_county", NULL, "field.choose");
    wrong_alone(known_organisation(), "contact_district", NULL, "field.choose");
}

static void test_new_organisation_needs_name_number_address_and_telephone_too(void **state) {
    static const char *const needed[] = {"org_name",  "ubn",   "org_street",
                                         "org_phone", "email", "contact_name"};
    xca_case_t no_class = new_organisation();
    size_t i;

    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        wrong_alone(new_organisation(), needed[i], NULL, "field.required");
    }
    wrong_alone(new_organisation(), "org_county", NULL, "field.choose");
    wrong_alone(new_organisation(), "org_district", NULL, "field.choose");
    no_class.class = XCA_CLASS_NONE;
    assert_string_equal(message_for(check(&no_class), "class"), "field.choose");
}

static void test_title_fax_remark_and_school_code_may_be_empty(void **state) {
    xca_case_t kase = new_organisation();

    kase.contact_title = kase.contact_fax = kase.org_fax = kase.remark = kase.school_code = "";
    assert_null(check(&kase));
    assert_null(kase.contact_title);
    assert_null(kase.remark);
}

static void test_empty_form_names_every_missing_field_at_once(void **state) {
    xca_case_t kase = {.kind = XCA_CASE_CERTIFICATE, .use = XCA_USE_COUNT};
    xca_error_t *err = check(&kase);

    assert_int_equal(count_errors(err), 13);
    assert_string_equal(message_for(err, "org_name"), "field.required");
    assert_string_equal(message_for(err, "ubn"), "field.required");
    assert_string_equal(message_for(err, "org_county"), "field.choose");
    assert_string_equal(message_for(err, "org_street"), "field.required");
    assert_string_equal(message_for(err, "contact_county"), "field.choose");
    assert_string_equal(message_for(err, "class"), "field.choose");
    assert_string_equal(message_for(err, "use"), "field.choose");
}

static void test_every_field_that_is_too_long_says_so_alone(void **state) {
    const xca_case_field_t *field;

    for (field = xca_case_fields; field->name != NULL; field++) {
        xca_case_t kase = new_organisation();
        xca_error_t *err;

        xca_case_set(&kase, field, long_text(field->max + 1, '1'));
        err = check(&kase);
        assert_string_equal(message_for(err, field->name), "field.too-long");
        assert_int_equal(count_errors(err), 1);
        assert_string_equal(err->arg, apr_psprintf(test_pool, "%d", (int)field->max));
        xca_case_set(&kase, field, long_text(1000000, ' '));
        assert_string_equal(message_for(check(&kase), field->name), "field.too-long");
    }
}

static void test_every_field_with_hidden_characters_says_so_alone(void **state) {
    static const char *const typed[] = {"a\x01"
                                        "b",
                                        "\xff\xfe",
                                        "a\xe2\x80\xae"
                                        "b"};
    const xca_case_field_t *field;
    size_t i;

    for (field = xca_case_fields; field->name != NULL; field++) {
        for (i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
            wrong_alone(new_organisation(), field->name, typed[i], "field.characters");
        }
    }
}

static void test_wrong_codes_are_told_each_by_its_own_message(void **state) {
    wrong_alone(new_organisation(), "ubn", "12345678", "ubn.check");
    wrong_alone(new_organisation(), "ubn", "1931064", "ubn.digits");
    wrong_alone(new_organisation(), "email", "test@test", "email.form");
    wrong_alone(new_organisation(), "contact_email", "contact", "email.form");
    wrong_alone(new_organisation(), "org_phone", "電話", "phone.form");
    wrong_alone(new_organisation(), "org_fax", "12", "phone.form");
    wrong_alone(new_organisation(), "contact_phone", "abc-defghi", "phone.form");
    wrong_alone(new_organisation(), "contact_fax", "x", "phone.form");
    wrong_alone(known_organisation(), "oid", "2.16.840.1", "oid.form");
    wrong_alone(known_organisation(), "oid", "國立臺灣大學", "oid.form");
    wrong_alone(known_organisation(), "ubn", "12345678", "ubn.check");
}

static void test_county_and_district_must_belong_together(void **state) {
    wrong_alone(new_organisation(), "org_county", "臺北縣", "address.county");
    wrong_alone(new_organisation(), "org_district", "七堵區", "address.district");
    wrong_alone(known_organisation(), "contact_county", "東京都", "address.county");
    wrong_alone(known_organisation(), "contact_district", "大安區", "address.district");
}

static void test_postal_code_follows_from_the_district_whatever_was_sent(void **state) {
    xca_case_t kase = new_organisation();

    kase.org_zip = "999";
    kase.contact_zip = NULL;
    kase.org_county = "台中市";
    assert_null(check(&kase));
    assert_string_equal(kase.org_zip, "404");
    assert_string_equal(kase.org_county, "臺中市");
    assert_string_equal(kase.contact_zip, "206");
}

static void test_numbers_typed_full_width_are_taken(void **state) {
    xca_case_t kase = new_organisation();

    kase.ubn = " １９３１０６４５ ";
    kase.org_phone = "（０４）２３１４８８１２＃１２";
    kase.contact_phone = "０２－１２３４５６７８";
    kase.email = "ｏｆｆｉｃｅ＠ｅｘａｍｐｌｅ．ｔｗ";
    kase.contact_email = "　contact@example.tw　";
    assert_string_equal(message_of(check(&kase)), "");
    assert_string_equal(kase.ubn, "19310645");
    assert_string_equal(kase.org_phone, "(04)23148812#12");
    assert_string_equal(kase.contact_phone, "02-12345678");
    assert_string_equal(kase.email, "office@example.tw");
    assert_string_equal(kase.contact_email, "contact@example.tw");
}

static void test_names_and_streets_keep_their_characters(void **state) {
    xca_case_t kase = new_organisation();

    kase.org_name = "  中華（台灣）　協會 ";
    kase.org_street = "忠明路５４號３樓";
    assert_null(check(&kase));
    assert_string_equal(kase.org_name, "中華（台灣） 協會");
    assert_string_equal(kase.org_street, "忠明路５４號３樓");
}

static void test_what_was_typed_wrongly_is_still_there_to_be_corrected(void **state) {
    xca_case_t kase = new_organisation();

    kase.ubn = "1234";
    kase.org_name = long_text(201, 'a');
    assert_non_null(check(&kase));
    assert_string_equal(kase.ubn, "1234");
    assert_int_equal(strlen(kase.org_name), 201);
}

static void test_school_agency_code_is_for_schools_only(void **state) {
    xca_case_t school = new_organisation();

    school.kind = XCA_CASE_CARD;
    school.rank = "primary";
    school.class = XCA_CLASS_SCHOOL;
    school.school_code = "３７９０５１０００u";
    assert_null(check(&school));
    assert_string_equal(school.school_code, "379051000U");
    wrong_alone(school, "school_code", "0001", "school-code.form");
    wrong_alone(new_organisation(), "school_code", "379051000U", "school-code.only-schools");
}

static void test_only_foundations_and_professional_offices_apply_without_a_card(void **state) {
    int class;

    for (class = XCA_CLASS_SCHOOL; class < XCA_CLASS_COUNT; class ++) {
        xca_case_t kase = known_organisation(), card = known_organisation();
        int may = class == XCA_CLASS_FOUNDATION || class == XCA_CLASS_PROFESSIONAL;

        kase.class = card.class = (xca_class) class;
        card.kind = XCA_CASE_CARD;
        card.rank = "secondary";
        assert_string_equal(message_for(check(&kase), "class"),
                            may ? "" : "case.class-not-card-less");
        assert_null(check(&card));
    }
}

static void test_oid_of_no_organisation_of_ours_gets_no_certificate(void **state) {
    xca_case_t kase = known_organisation();

    kase.oid = "2.16.886.101.20003";
    kase.class = XCA_CLASS_NONE;
    assert_string_equal(message_for(check(&kase), "oid"), "case.class-not-card-less");
}

static void test_a_card_is_primary_or_secondary_and_nothing_else_has_a_rank(void **state) {
    xca_case_t card = known_organisation(), kase = known_organisation();

    card.kind = XCA_CASE_CARD;
    assert_string_equal(message_for(check(&card), "rank"), "field.choose");
    card.rank = "third";
    assert_string_equal(message_for(check(&card), "rank"), "field.choose");
    card.rank = " primary ";
    assert_null(check(&card));
    assert_non_null(strstr(xca_case_canonical(test_pool, &card), "\nrank: primary\n"));
    assert_null(strstr(xca_case_canonical(test_pool, &card), "\nuse: "));
    kase.rank = "primary";
    assert_null(check(&kase));
    assert_null(kase.rank);
}

static void test_a_contact_alone_is_checked_like_that_of_an_application(void **state) {
    xca_case_t kase = known_organisation();

    assert_null(xca_contact_check(&kase, read_postal(), test_pool));
    assert_null(kase.oid);
    kase.contact_email = "nobody";
    kase.contact_name = NULL;
    assert_string_equal(message_for(xca_contact_check(&kase, read_postal(), test_pool), "contact_email"), "email.form");
    assert_string_equal(message_for(xca_contact_check(&kase, read_postal(), test_pool), "contact_name"), "field.required");
}

static void test_certificate_is_for_signature_or_encryption(void **state) {
    xca_case_t kase = known_organisation();

    kase.use = XCA_USE_ENCRYPTION;
    assert_null(check(&kase));
    kase.use = XCA_USE_CARD_AUTH;
    assert_string_equal(message_for(check(&kase), "use"), "field.choose");
    kase.use = XCA_USE_COUNT;
    assert_string_equal(message_for(check(&kase), "use"), "field.choose");
}

static void test_revocation_needs_serial_number_and_reason(void **state) {
    xca_case_t kase = {.kind = XCA_CASE_REVOCATION,
                       .oid = "2.16.886.104.100008",
                       .target_serial = "0A:1B:２Ｃ",
                       .revoke_reason = "lost",
                       .use = XCA_USE_COUNT};

    assert_null(check(&kase));
    assert_string_equal(kase.target_serial, "0a1b2c");
    wrong_alone(kase, "target_serial", NULL, "field.required");
    wrong_alone(kase, "target_serial", "xyz", "serial.form");
    wrong_alone(kase, "revoke_reason", NULL, "field.choose");
    wrong_alone(kase, "revoke_reason", "boredom", "field.choose");
    wrong_alone(kase, "letter_date", "115-11-24", "date.form");
    wrong_alone(kase, "letter_date", "2026-02-30", "date.form");
    wrong_alone(kase, "contact_email", "x", "email.form");
    kase.revoke_reason = "abolished";
    assert_null(check(&kase));
}

static void test_applicant_may_correct_while_filed_or_returned(void **state) {
    int i;

    for (i = 0; i < XCA_STATE_COUNT; i++) {
        assert_int_equal(xca_case_correctable((xca_case_state)i),
                         i == XCA_STATE_FILED || i == XCA_STATE_RETURNED);
    }
}

static void test_every_kind_and_state_is_found_by_its_id(void **state) {
    int i;

    for (i = 0; i < XCA_STATE_COUNT; i++) {
        assert_int_equal(xca_case_state_by_id(xca_case_state_id((xca_case_state)i)), i);
    }
    for (i = 0; i < XCA_CASE_KIND_COUNT; i++) {
        assert_int_equal(xca_case_kind_by_id(xca_case_kind_id((xca_case_kind)i)), i);
    }
    assert_int_equal(xca_case_state_by_id("done"), XCA_STATE_COUNT);
    assert_int_equal(xca_case_state_by_id(NULL), XCA_STATE_COUNT);
    assert_int_equal(xca_case_kind_by_id(NULL), XCA_CASE_KIND_COUNT);
}

static void test_canonical_text_has_the_whole_content_in_a_fixed_order(void **state) {
    static const unsigned char der[] = {0x30, 0x03, 0x02, 0x01, 0x00};
    xca_case_t kase = known_organisation();

    kase.number = "0000100000000000000044722";
    kase.revision = 2;
    kase.filed = apr_time_from_sec(1795496700);
    kase.remark = "a\\b\nemail: x@y.tw";
    kase.csr = (xca_bytes_t){der, sizeof(der)};
    assert_string_equal(xca_case_canonical(test_pool, &kase),
                        "XCA-CASE-1\n"
                        "kind: certificate\n"
                        "number: 0000100000000000000044722\n"
                        "revision: 2\n"
                        "filed: 2026-11-24T05:05:00Z\n"
                        "class: foundation\n"
                        "use: signature\n"
                        "oid: 2.16.886.104.100008\n"
                        "org_name: 財團法人臺灣觀光協會\n"
                        "email: office@example.org.tw\n"
                        "remark: a\\\\b\\nemail: x@y.tw\n"
                        "contact_name: 測試聯絡人\n"
                        "contact_email: contact@example.org.tw\n"
                        "contact_county: 基隆市\n"
                        "contact_district: 七堵區\n"
                        "contact_street: 明德一路1號\n"
                        "contact_phone: 02-12345678\n"
                        "window: central-tourism\n"
                        "csr: MAMCAQA=\n");
}

static void test_any_change_of_content_changes_the_canonical_text(void **state) {
    static const unsigned char der[] = {0x30, 0x00};
    const xca_case_field_t *field;
    xca_case_t kase = known_organisation(), changed;
    const char *before;

    kase.number = "0000100000000000000044722";
    before = xca_case_canonical(test_pool, &kase);
    for (field = xca_case_fields; field->name != NULL; field++) {
        changed = kase;
        xca_case_set(&changed, field, "x");
        assert_string_not_equal(xca_case_canonical(test_pool, &changed), before);
    }
    changed = kase, changed.kind = XCA_CASE_CARD;
    assert_string_not_equal(xca_case_canonical(test_pool, &changed), before);
    changed = kase, changed.class = XCA_CLASS_OTHER;
    assert_string_not_equal(xca_case_canonical(test_pool, &changed), before);
    changed = kase, changed.use = XCA_USE_ENCRYPTION;
    assert_string_not_equal(xca_case_canonical(test_pool, &changed), before);
    changed = kase, changed.revision = 9;
    assert_string_not_equal(xca_case_canonical(test_pool, &changed), before);
    changed = kase, changed.filed = apr_time_from_sec(1);
    assert_string_not_equal(xca_case_canonical(test_pool, &changed), before);
    changed = kase, changed.csr = (xca_bytes_t){der, 2};
    assert_string_not_equal(xca_case_canonical(test_pool, &changed), before);
}

static void test_what_the_authority_writes_later_changes_no_canonical_text(void **state) {
    xca_case_t kase = new_organisation();
    const char *before;

    kase.number = "0400100000000000000015448";
    before = xca_case_canonical(test_pool, &kase);
    kase.state = XCA_STATE_ISSUED;
    kase.state_changed = 5;
    kase.assigned_oid = "2.16.886.106.100001"; /* of a new organisation, at approval */
    kase.serial = "0a1b";
    kase.problem = "key.used-elsewhere";
    kase.code_tries = 2;
    assert_string_equal(xca_case_canonical(test_pool, &kase), before);
}

static void test_a_state_is_told_in_the_words_of_the_kind(void **state) {
    static const struct {
        xca_case_kind kind;
        xca_case_state state;
        const char *label, *short_label;
    } said[] = {
        {XCA_CASE_CERTIFICATE, XCA_STATE_ISSUING, "state.issuing", "office.state.issuing"},
        {XCA_CASE_CERTIFICATE, XCA_STATE_RETURNED, "state.returned", "office.state.returned"},
        {XCA_CASE_CARD, XCA_STATE_APPROVED, "state.card.approved", "office.state.approved"},
        {XCA_CASE_CARD, XCA_STATE_ISSUING, "state.card.issuing", "office.state.card.issuing"},
        {XCA_CASE_CARD, XCA_STATE_COMPLETED, "state.completed", "office.state.completed"},
        {XCA_CASE_OID_CHANGE, XCA_STATE_APPROVED, "state.oid-change.issuing", "office.state.oid-change.issuing"},
        {XCA_CASE_OID_CHANGE, XCA_STATE_ISSUING, "state.oid-change.issuing", "office.state.oid-change.issuing"},
        {XCA_CASE_OID_CHANGE, XCA_STATE_RETURNED, "state.oid-change.returned", "office.state.returned"},
        {XCA_CASE_REVOCATION, XCA_STATE_APPROVED, "state.revocation.issuing", "office.state.revocation.issuing"},
        {XCA_CASE_CODE_RESET, XCA_STATE_ISSUING, "state.code-reset.issuing", "office.state.code-reset.issuing"},
        {XCA_CASE_CODE_RESET, XCA_STATE_ISSUED, "state.code-reset.issued", "office.state.code-reset.issued"},
    };
    size_t i;

    for (i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        const xca_case_t kase = {.kind = said[i].kind, .state = said[i].state};

        assert_string_equal(xca_case_state_label(&kase), said[i].label);
        assert_string_equal(xca_case_state_short(&kase), said[i].short_label);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rightly_filled_in_applications_pass),
        TEST(test_a_state_is_told_in_the_words_of_the_kind),
        TEST(test_known_organisation_needs_only_mail_contact_and_delivery_address),
        TEST(test_new_organisation_needs_name_number_address_and_telephone_too),
        TEST(test_title_fax_remark_and_school_code_may_be_empty),
        TEST(test_empty_form_names_every_missing_field_at_once),
        TEST(test_every_field_that_is_too_long_says_so_alone),
        TEST(test_every_field_with_hidden_characters_says_so_alone),
        TEST(test_wrong_codes_are_told_each_by_its_own_message),
        TEST(test_county_and_district_must_belong_together),
        TEST(test_postal_code_follows_from_the_district_whatever_was_sent),
        TEST(test_numbers_typed_full_width_are_taken),
        TEST(test_names_and_streets_keep_their_characters),
        TEST(test_what_was_typed_wrongly_is_still_there_to_be_corrected),
        TEST(test_school_agency_code_is_for_schools_only),
        TEST(test_only_foundations_and_professional_offices_apply_without_a_card),
        TEST(test_oid_of_no_organisation_of_ours_gets_no_certificate),
        TEST(test_a_card_is_primary_or_secondary_and_nothing_else_has_a_rank),
        TEST(test_a_contact_alone_is_checked_like_that_of_an_application),
        TEST(test_certificate_is_for_signature_or_encryption),
        TEST(test_revocation_needs_serial_number_and_reason),
        TEST(test_applicant_may_correct_while_filed_or_returned),
        TEST(test_every_kind_and_state_is_found_by_its_id),
        TEST(test_canonical_text_has_the_whole_content_in_a_fixed_order),
        TEST(test_any_change_of_content_changes_the_canonical_text),
        TEST(test_what_the_authority_writes_later_changes_no_canonical_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
