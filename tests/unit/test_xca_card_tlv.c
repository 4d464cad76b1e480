/* What a card writes in BER-TLV is read within its bounds, and what is written is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tlv.h"

static view_t view(const void *data, size_t length) {
    view_t v = {data, length};

    return v;
}

#define VIEW(bytes) view(bytes, sizeof(bytes) - 1)

static void test_tags_of_one_to_three_bytes_are_read(void **state) {
    view_t rest = VIEW("\x53\x01\xaa\x7f\x49\x00\x5f\xc1\x02\x02\x01\x02");
    tlv_t tlv;

    assert_int_equal(tlv_next(&tlv, &rest), 1);
    assert_int_equal(tlv.tag, 0x53);
    assert_int_equal(tlv.value.length, 1);
    assert_int_equal(tlv_next(&tlv, &rest), 1);
    assert_int_equal(tlv.tag, 0x7f49);
    assert_int_equal(tlv.value.length, 0);
    assert_int_equal(tlv_next(&tlv, &rest), 1);
    assert_int_equal(tlv.tag, 0x5fc102);
    assert_memory_equal(tlv.value.data, "\x01\x02", 2);
    assert_int_equal(tlv_next(&tlv, &rest), 0);
}

static void test_a_length_longer_than_need_be_is_read(void **state) {
    view_t value;

    assert_int_equal(tlv_only(&value, 0x53, VIEW("\x53\x82\x00\x01\xaa")), 1);
    assert_int_equal(value.length, 1);
}

static void test_what_ends_too_early_is_malformed(void **state) {
    static const char whole[] = "\x7f\x49\x82\x00\x03\x01\x02\x03";
    size_t length;

    for (length = 1; length < sizeof(whole) - 1; length++) {
        view_t rest = view(whole, length);
        tlv_t tlv;

        assert_int_equal(tlv_next(&tlv, &rest), -1);
        assert_int_equal(rest.length, 0);
    }
}

static void test_indefinite_and_huge_lengths_are_malformed(void **state) {
    view_t value;

    assert_int_equal(tlv_only(&value, 0x30, VIEW("\x30\x80\x00\x00")), 0);
    assert_int_equal(tlv_only(&value, 0x30, VIEW("\x30\x84\xff\xff\xff\xff\x00")), 0);
    assert_int_equal(tlv_only(&value, 0x30, VIEW("\x30\x83\xff\xff\xff\x00")), 0);
}

static void test_a_tag_without_end_is_malformed(void **state) {
    view_t value;

    assert_int_equal(tlv_find(&value, 0x53, VIEW("\x5f\x81\x81\x01\x00")), -1);
}

static void test_a_second_element_is_not_only_one(void **state) {
    view_t value;

    assert_int_equal(tlv_only(&value, 0x53, VIEW("\x53\x00\x53\x00")), 0);
    assert_int_equal(tlv_find(&value, 0x53, VIEW("\x54\x01\x00\x53\x01\x07")), 1);
    assert_int_equal(value.data[0], 7);
    assert_int_equal(tlv_find(&value, 0x55, VIEW("\x54\x01\x00\x53\x01\x07")), 0);
}

static void test_what_was_written_is_read_back_at_every_length(void **state) {
    static unsigned char data[70000];
    static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 70000};
    size_t i;

    memset(data, 0x5a, sizeof(data));
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        bytes_t written = {NULL, 0, 0};
        size_t mark = tlv_open(&written, 0x7f49);
        view_t outer, inner;

        tlv_put(&written, 0x5fc102, data, lengths[i]);
        tlv_close(&written, mark);
        assert_int_equal(tlv_only(&outer, 0x7f49, bytes_view(&written)), 1);
        assert_int_equal(tlv_only(&inner, 0x5fc102, outer), 1);
        assert_int_equal(inner.length, lengths[i]);
        assert_memory_equal(inner.data, data, lengths[i]);
        bytes_free(&written);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags_of_one_to_three_bytes_are_read),
        cmocka_unit_test(test_a_length_longer_than_need_be_is_read),
        cmocka_unit_test(test_what_ends_too_early_is_malformed),
        cmocka_unit_test(test_indefinite_and_huge_lengths_are_malformed),
        cmocka_unit_test(test_a_tag_without_end_is_malformed),
        cmocka_unit_test(test_a_second_element_is_not_only_one),
        cmocka_unit_test(test_what_was_written_is_read_back_at_every_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
