#include "bridge_operations.h"

#include <string.h>

void bridge_order_free(bridge_order_t *order) {
    int i;

    for (i = 0; i < order->text_count; i++) {
        bytes_free(&order->texts[i]);
    }
    bytes_free(&order->case_number);
    bytes_free(&order->envelope);
    bytes_free(&order->contact_storage);
    memset(order, 0, sizeof(*order));
}

void bridge_signed_free(bridge_signed_t *done) {
    int i;

    for (i = 0; i < BRIDGE_TEXTS; i++) {
        bytes_free(&done->cms[i]);
    }
}

static fault_t *readers(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done) {
    return operation_list(helper);
}

static fault_t *info(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done) {
    return operation_info(helper);
}

static fault_t *activate(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done) {
    return operation_activate(helper);
}

static fault_t *unlock(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done) {
    return operation_unlock(helper);
}

static fault_t *change_pin(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done) {
    return operation_change_pin(helper);
}

static fault_t *contact_show(const helper_t *helper, file_key_t *key, const bridge_order_t *order,
                             bridge_signed_t *done) {
    return operation_contact_show(helper);
}

static fault_t *contact_change(const helper_t *helper, file_key_t *key, const bridge_order_t *order,
                               bridge_signed_t *done) {
    return operation_contact_change(helper, &order->contact);
}

static fault_t *test(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done) {
    return operation_test(helper);
}

static fault_t *sign(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done) {
    return operation_sign_statements(helper, key, order->texts, order->text_count, done->cms);
}

static fault_t *login(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done) {
    return operation_login(helper, key, bytes_view(&order->texts[0]), &done->cms[0]);
}

static fault_t *open_code(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done) {
    bytes_t number = {NULL, 0, 0};
    fault_t *fault;

    bytes_set(&number, order->case_number.data, order->case_number.length);
    fault = operation_open_code(helper, key, bytes_text(&number), bytes_view(&order->envelope));
    bytes_free(&number);
    return fault;
}

static const bridge_operation_t operations[] = {
    {"readers", T_DO_READERS, 0, readers},
    {"info", T_DO_INFO, 0, info},
    {"activate", T_DO_ACTIVATE, 0, activate},
    {"unlock", T_DO_UNLOCK, 0, unlock},
    {"change-pin", T_DO_CHANGE_PIN, 0, change_pin},
    {"contact-show", T_DO_CONTACT_SHOW, 0, contact_show},
    {"contact-change", T_DO_CONTACT_CHANGE, 0, contact_change},
    {"test", T_DO_TEST, 0, test},
    {"sign", T_DO_SIGN, 1, sign},
    {"login", T_DO_LOGIN, 0, login},
    {"open-code", T_DO_OPEN_CODE, 1, open_code},
};

const bridge_operation_t *bridge_operation_find(const char *name) {
    size_t i;

    for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(operations[i].name, name) == 0) {
            return &operations[i];
        }
    }
    return NULL;
}
