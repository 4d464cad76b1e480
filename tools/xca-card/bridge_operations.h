/* What a page may ask for: this list and nothing else, never a command to the card. */
#ifndef XCA_CARD_BRIDGE_OPERATIONS_H
#define XCA_CARD_BRIDGE_OPERATIONS_H

#include "operations.h"

#define BRIDGE_TEXT_MAX 32768 /* of a text to sign */
#define BRIDGE_CASE_MAX 25
#define BRIDGE_ENVELOPE_MAX 22000 /* base64 */
#define BRIDGE_TEXTS    100   /* that are signed in one go */

/* What a job is to do. Texts and contact belong to the order. */
typedef struct bridge_order {
    const struct bridge_operation *operation;
    language_t language;
    bytes_t texts[BRIDGE_TEXTS];     /* sign; login: one                              */
    int text_count;
    bytes_t case_number, envelope;   /* open-code                                      */
    bytes_t contact_storage;
    xca_card_contact_t contact;      /* contact-change: members that are NULL stay    */
} bridge_order_t;

void bridge_order_free(bridge_order_t *order);

/* What was signed: SignedData of each text, in their order. */
typedef struct bridge_signed {
    bytes_t cms[BRIDGE_TEXTS];
} bridge_signed_t;

void bridge_signed_free(bridge_signed_t *done);

typedef struct bridge_operation {
    const char *name;
    text_id words; /* what is said on the helper's own side */
    int is_here;   /* confirmed on the own side, and PINs are typed there: a page must not be able to sign a decision by itself */
    /* `key`: a key in a file, which signs instead of a card; NULL: there is none. */
    fault_t *(*run)(const helper_t *helper, file_key_t *key, const bridge_order_t *order, bridge_signed_t *done);
} bridge_operation_t;

/* NULL if there is none of this name. */
const bridge_operation_t *bridge_operation_find(const char *name);

#endif
