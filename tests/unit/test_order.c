/* What central officers sign about officers and windows: the same order is the same text, and nothing else is an order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "wire/order.h"

#define DIGEST "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static xca_order_text_t officer_order(void) {
    xca_order_text_t o = {.order = "00112233445566778899aabbccddeeff",
                          .kind = "officer",
                          .subject = "ra-new",
                          .title = "臺北市政府教育局 初審承辦人",
                          .role = "ra",
                          .person = "P-1",
                          .active = "yes",
                          .certificate = DIGEST,
                          .window = "tpe-edu",
                          .officer = "central-1",
                          .time = "20261125T090000Z"};

    return o;
}

static xca_order_text_t window_order(void) {
    xca_order_text_t o = {.order = "00112233445566778899aabbccddeeff",
                          .kind = "window",
                          .subject = "tpe-edu",
                          .title = "臺北市政府教育局",
                          .county = "臺北市",
                          .classes = "school|foundation",
                          .address = "市府路1號\n八樓",
                          .phone = "02-27208889",
                          .officer = "central-1",
                          .time = "20261125T090000Z"};

    return o;
}

static size_t writes(const xca_order_text_t *o) {
    char text[XCA_ORDER_MAX];

    return xca_order_write(o, text, sizeof(text));
}

static void test_both_kinds_come_back_as_they_were(void **state) {
    xca_order_text_t orders[2], back;
    char text[XCA_ORDER_MAX], storage[XCA_ORDER_MAX];
    int i;

    orders[0] = officer_order();
    orders[1] = window_order();
    for (i = 0; i < 2; i++) {
        size_t length = xca_order_write(&orders[i], text, sizeof(text));

        assert_true(length > 0);
        assert_true(xca_order_read(&back, storage, text, length));
        assert_string_equal(back.subject, orders[i].subject);
        assert_string_equal(back.title, orders[i].title);
        assert_string_equal(back.address, orders[i].address != NULL ? orders[i].address : "");
        assert_false(xca_order_read(&back, storage, text, length - 1));
    }
}

static void test_what_belongs_to_the_other_kind_is_refused(void **state) {
    xca_order_text_t o = officer_order();

    o.phone = "02-1";
    assert_int_equal(writes(&o), 0);
    o = officer_order();
    o.county = "臺北市";
    assert_int_equal(writes(&o), 0);
    o = window_order();
    o.role = "central";
    assert_int_equal(writes(&o), 0);
    o = window_order();
    o.window = "tpe-soc";
    assert_int_equal(writes(&o), 0);
}

static void test_what_is_missing_or_not_of_its_form_is_refused(void **state) {
    xca_order_text_t o = officer_order();

    o.person = "";
    assert_int_equal(writes(&o), 0);
    o = officer_order();
    o.active = "maybe";
    assert_int_equal(writes(&o), 0);
    o = officer_order();
    o.certificate = "sha256:00";
    assert_int_equal(writes(&o), 0);
    o = officer_order();
    o.order = "0011";
    assert_int_equal(writes(&o), 0);
    o = officer_order();
    o.subject = "ra new";
    assert_int_equal(writes(&o), 0);
    o = officer_order();
    o.kind = "case";
    assert_int_equal(writes(&o), 0);
}

/* A title cannot bring a line of its own: it stays inside its line. */
static void test_a_line_end_in_a_value_makes_no_line(void **state) {
    xca_order_text_t o = officer_order(), back;
    char text[XCA_ORDER_MAX], storage[XCA_ORDER_MAX];
    size_t length;

    o.title = "x\nrole: central";
    length = xca_order_write(&o, text, sizeof(text));
    assert_true(length > 0 && xca_order_read(&back, storage, text, length));
    assert_string_equal(back.role, "ra");
    assert_string_equal(back.title, "x\nrole: central");
}

static void test_every_changed_byte_is_another_order_or_none(void **state) {
    xca_order_text_t o = officer_order(), back;
    char text[XCA_ORDER_MAX], storage[XCA_ORDER_MAX], again[XCA_ORDER_MAX];
    size_t length = xca_order_write(&o, text, sizeof(text)), i;

    for (i = 0; i < length; i++) {
        text[i] ^= 1;
        if (xca_order_read(&back, storage, text, length)) {
            assert_int_equal(xca_order_write(&back, again, sizeof(again)), length);
            assert_memory_equal(again, text, length);
        }
        text[i] ^= 1;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_kinds_come_back_as_they_were),
        cmocka_unit_test(test_what_belongs_to_the_other_kind_is_refused),
        cmocka_unit_test(test_what_is_missing_or_not_of_its_form_is_refused),
        cmocka_unit_test(test_a_line_end_in_a_value_makes_no_line),
        cmocka_unit_test(test_every_changed_byte_is_another_order_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
