#include "bridge_operations.h"

#include <string.h>
#include "command.h"

void bridge_order_free(bridge_order_t *order) {
    bytes_free(&order->text);
    bytes_free(&order->contact_storage);
    memset(order, 0, sizeof(*order));
}

static fault_t *readers(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order, bytes_t *cms) {
    return operation_list(helper);
}

static fault_t *info(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order, bytes_t *cms) {
    return operation_info(helper);
}

static fault_t *activate(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order, bytes_t *cms) {
    return operation_activate(helper);
}

static fault_t *unlock(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order, bytes_t *cms) {
    return operation_unlock(helper);
}

static fault_t *change_pin(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order,
                           bytes_t *cms) {
    return operation_change_pin(helper);
}

static fault_t *contact_show(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order,
                             bytes_t *cms) {
    return operation_contact_show(helper);
}

static fault_t *contact_change(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order,
                               bytes_t *cms) {
    return operation_contact_change(helper, &order->contact);
}

static fault_t *test(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order, bytes_t *cms) {
    return operation_test(helper);
}

/* *file is NULL where a card signs. */
static fault_t *open_key(file_key_t **file, const helper_t *helper, const bridge_key_t *key) {
    *file = NULL;
    return key->path != NULL ? command_open_key(file, key->path, key->password_file, helper->talk) : NULL;
}

static fault_t *sign(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order, bytes_t *cms) {
    file_key_t *file;
    fault_t *fault = open_key(&file, helper, key);

    if (fault == NULL) {
        fault = operation_sign_statement(helper, file, bytes_view(&order->text), cms);
    }
    file_key_free(file);
    return fault;
}

static fault_t *login(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order, bytes_t *cms) {
    file_key_t *file;
    fault_t *fault = open_key(&file, helper, key);

    if (fault == NULL) {
        fault = operation_login(helper, file, bytes_view(&order->text), cms);
    }
    file_key_free(file);
    return fault;
}

static const bridge_operation_t operations[] = {
    {"readers", T_DO_READERS, readers},
    {"info", T_DO_INFO, info},
    {"activate", T_DO_ACTIVATE, activate},
    {"unlock", T_DO_UNLOCK, unlock},
    {"change-pin", T_DO_CHANGE_PIN, change_pin},
    {"contact-show", T_DO_CONTACT_SHOW, contact_show},
    {"contact-change", T_DO_CONTACT_CHANGE, contact_change},
    {"test", T_DO_TEST, test},
    {"sign", T_DO_SIGN, sign},
    {"login", T_DO_LOGIN, login},
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
