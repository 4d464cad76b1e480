/* What helper and signer say: the tables hold what the operations need, and an envelope is text and signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "wire/card_message.h"

#define NONCE "00112233445566778899aabbccddeeff"
#define KEY   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define TEXT  "XCA-CARD-1\noperation: confirm\nnonce: " NONCE "\n"

static char *filled(char c, size_t length) {
    char *text = malloc(length + 1);

    assert_non_null(text);
    memset(text, c, length);
    text[length] = '\0';
    return text;
}

static void test_an_activation_is_written_line_by_line(void **state) {
    xca_card_message_t m = {.operation = XCA_CARD_ACTIVATE, .nonce = NONCE, .issued = "20261125T040000Z",
                            .card = "Xc00000000000007", .helper_key = KEY, .sealed = "AAEC"};
    char text[XCA_CARD_MESSAGE_MAX];

    assert_int_not_equal(xca_lines_write(text, sizeof(text), XCA_CARD_FIRST, xca_card_message_fields, &m), 0);
    assert_string_equal(text, "XCA-CARD-1\noperation: activate\nnonce: " NONCE "\nissued: 20261125T040000Z\n"
                              "card: Xc00000000000007\nhelper-key: " KEY "\nsealed: AAEC\n");
}

/* The bounds of the fields and of the whole belong together: the longest record of every kind fits. */
static void longest_fits(const char *first, const xca_line_field_t *fields, size_t most, void *record, size_t size) {
    char *text = malloc(most + 1), *storage = malloc(most);
    void *back = calloc(1, size);
    const xca_line_field_t *field;
    size_t length;

    for (field = fields; field->name != NULL; field++) {
        char *value = field->form == XCA_LINE_CARD   ? strdup("Xc00000000000007")
                      : field->form == XCA_LINE_TIME ? strdup("20261125T040000Z")
                                                     : filled(field->form == XCA_LINE_BASE64 ? 'A' : '1', field->most);

        memcpy((char *)record + field->offset, &value, sizeof(value));
    }
    length = xca_lines_write(text, most + 1, first, fields, record);
    assert_true(length > 0 && length <= most);
    assert_int_equal(xca_lines_read(back, storage, first, fields, text, length), 1);
    for (field = fields; field->name != NULL; field++) {
        char *value, *read;

        memcpy(&value, (char *)record + field->offset, sizeof(value));
        memcpy(&read, (char *)back + field->offset, sizeof(read));
        assert_string_equal(value, read);
        free(value);
    }
    free(back);
    free(text);
    free(storage);
}

static void test_the_longest_records_fit(void **state) {
    xca_card_message_t message;
    xca_card_contact_t contact;
    xca_seal_key_proof_t proof;

    longest_fits(XCA_CARD_FIRST, xca_card_message_fields, XCA_CARD_MESSAGE_MAX, &message, sizeof(message));
    longest_fits(XCA_CONTACT_FIRST, xca_card_contact_fields, XCA_CONTACT_MAX, &contact, sizeof(contact));
    longest_fits(XCA_SEAL_KEY_FIRST, xca_seal_key_proof_fields, 512, &proof, sizeof(proof));
}

/* A reply of one operation never has all: certificates, or a queue, or a contact. */
static void test_the_longest_replies_fit(void **state) {
    char *certificate = filled('A', 6144), *queue = filled('1', 16384), *contact = filled('\n', XCA_CONTACT_MAX);
    xca_card_reply_t keys = {.card = "Xc00000000000007", .signature_certificate = certificate,
                             .encryption_certificate = certificate, .card_auth_certificate = certificate};
    xca_card_reply_t list = {.queue = queue}, shown = {.contact = contact};
    char text[XCA_CARD_MESSAGE_MAX];

    assert_true(xca_lines_write(text, sizeof(text), XCA_REPLY_FIRST, xca_card_reply_fields, &keys) > 0);
    assert_true(xca_lines_write(text, sizeof(text), XCA_REPLY_FIRST, xca_card_reply_fields, &list) > 0);
    assert_true(xca_lines_write(text, sizeof(text), XCA_REPLY_FIRST, xca_card_reply_fields, &shown) > 0);
    free(certificate);
    free(queue);
    free(contact);
}

static void test_what_is_sealed_is_bound_to_its_message(void **state) {
    xca_card_message_t m = {.operation = XCA_CARD_CONTACT_CHANGE, .nonce = NONCE, .card = "Xc00000000000007"};
    char binding[XCA_CARD_BINDING_MAX];

    assert_int_equal(xca_card_binding(binding, &m), strlen("contact-change\n" NONCE "\nXc00000000000007"));
    assert_string_equal(binding, "contact-change\n" NONCE "\nXc00000000000007");
    m.operation = XCA_CARD_QUEUE;
    m.card = NULL;
    xca_card_binding(binding, &m);
    assert_string_equal(binding, "queue\n" NONCE "\n");
}

static void test_an_envelope_is_split_where_it_was_joined(void **state) {
    unsigned char signature[1024], back[1024];
    char buffer[4096];
    size_t length, text_length, back_length, size;

    for (size = 1; size <= sizeof(signature); size++) {
        memset(signature, (int)size, size);
        memcpy(buffer, TEXT, strlen(TEXT));
        length = xca_card_envelope_join(buffer, sizeof(buffer), strlen(TEXT), signature, size);
        assert_true(length > strlen(TEXT));
        back_length = size;
        assert_int_equal(xca_card_envelope_split(buffer, length, &text_length, back, &back_length), 1);
        assert_int_equal(text_length, strlen(TEXT));
        assert_int_equal(back_length, size);
        assert_memory_equal(back, signature, size);
        back_length = size - 1;
        assert_int_equal(xca_card_envelope_split(buffer, length, &text_length, back, &back_length), 0);
    }
    assert_int_equal(xca_card_envelope_join(buffer, sizeof(buffer), 10, signature, 0), 0);
    assert_int_equal(xca_card_envelope_join(buffer, sizeof(buffer), 10, signature, 1025), 0);
    for (size = 0; size < 10 + 11 + 4 + 1; size++) {
        assert_int_equal(xca_card_envelope_join(buffer, size, 10, signature, 3), 0);
    }
    assert_int_equal(xca_card_envelope_join(buffer, size, 10, signature, 3), size);
}

static int splits(const char *envelope) {
    unsigned char signature[1024];
    size_t text, length = sizeof(signature);

    return xca_card_envelope_split(envelope, strlen(envelope), &text, signature, &length);
}

static void test_only_a_whole_canonical_signature_line_is_one(void **state) {
    assert_int_equal(splits(TEXT "signature: AAEC\n"), 1);
    assert_int_equal(splits(""), 0);
    assert_int_equal(splits("\n"), 0);
    assert_int_equal(splits(TEXT), 0);
    assert_int_equal(splits("signature: AAEC\n"), 0); /* of nothing */
    assert_int_equal(splits(TEXT "signature: AAEC"), 0);
    assert_int_equal(splits(TEXT "signature: AAEC\n\n"), 0);
    assert_int_equal(splits(TEXT "signature: \n"), 0);
    assert_int_equal(splits(TEXT "signature: AAE\n"), 0);
    assert_int_equal(splits(TEXT "signature: AB==\n"), 0);
    assert_int_equal(splits(TEXT "signature: AA=A\n"), 0);
    assert_int_equal(splits(TEXT "signature: ====\n"), 0);
    assert_int_equal(splits(TEXT "signature:  AAE\n"), 0);
    assert_int_equal(splits(TEXT "signature: AAE \n"), 0);
    assert_int_equal(splits(TEXT "Signature: AAEC\n"), 0);
    assert_int_equal(splits(TEXT "signature: AAECAAEC\nx\n"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_activation_is_written_line_by_line),
        cmocka_unit_test(test_the_longest_records_fit),
        cmocka_unit_test(test_the_longest_replies_fit),
        cmocka_unit_test(test_what_is_sealed_is_bound_to_its_message),
        cmocka_unit_test(test_an_envelope_is_split_where_it_was_joined),
        cmocka_unit_test(test_only_a_whole_canonical_signature_line_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
