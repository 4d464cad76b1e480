/* What a page may ask for: this list and nothing else, never a command to the card. */
#ifndef XCA_CARD_BRIDGE_OPERATIONS_H
#define XCA_CARD_BRIDGE_OPERATIONS_H

#include "operations.h"

#define BRIDGE_TEXT_MAX 32768 /* of a text to sign */

/* What a job is to do. `text` and `contact` belong to the order. */
typedef struct bridge_order {
    const struct bridge_operation *operation;
    language_t language;
    bytes_t text;                    /* sign, login                                   */
    bytes_t contact_storage;
    xca_card_contact_t contact;      /* contact-change: members that are NULL stay    */
} bridge_order_t;

void bridge_order_free(bridge_order_t *order);

/* A key with its certificate in a file, which signs instead of a card. */
typedef struct bridge_key {
    const char *path, *password_file; /* NULL: there is none; asked for */
} bridge_key_t;

typedef struct bridge_operation {
    const char *name;
    text_id words; /* what is said on the helper's own side */
    fault_t *(*run)(const helper_t *helper, const bridge_key_t *key, const bridge_order_t *order, bytes_t *cms);
} bridge_operation_t;

/* NULL if there is none of this name. */
const bridge_operation_t *bridge_operation_find(const char *name);

#endif
