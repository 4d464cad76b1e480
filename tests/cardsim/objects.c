/* objects.c: the card's data objects. An object is kept as the content of its 53 template;
 * Discovery and the biometric group template as the content of their own. */
#include "objects.h"
#include "state.h"
#include "tlv.h"

#include <stdlib.h>
#include <string.h>

typedef enum { READ_ALWAYS, READ_WITH_PIN } read_rule_t;

typedef struct container {
    uint32_t first, last;
    size_t capacity; /* SP 800-73-4 part 1, appendix A */
    read_rule_t rule;
    bool yubico;
} container_t;

static const container_t containers[] = {
    {0x5FC101, 0x5FC101, 1905, READ_ALWAYS, false},    /* certificate of 9E */
    {0x5FC102, 0x5FC102, 2916, READ_ALWAYS, false},    /* CHUID */
    {0x5FC103, 0x5FC103, 4006, READ_WITH_PIN, false},  /* fingerprints */
    {0x5FC105, 0x5FC105, 1905, READ_ALWAYS, false},    /* certificate of 9A */
    {0x5FC106, 0x5FC106, 1336, READ_ALWAYS, false},    /* security object */
    {0x5FC107, 0x5FC107, 287, READ_ALWAYS, false},     /* card capability container */
    {0x5FC108, 0x5FC108, 12710, READ_WITH_PIN, false}, /* facial image */
    {0x5FC109, 0x5FC109, 245, READ_WITH_PIN, false},   /* printed information */
    {0x5FC10A, 0x5FC10A, 1905, READ_ALWAYS, false},    /* certificate of 9C */
    {0x5FC10B, 0x5FC10B, 1905, READ_ALWAYS, false},    /* certificate of 9D */
    {0x5FC10C, 0x5FC10C, 128, READ_ALWAYS, false},     /* key history */
    {0x5FC10D, 0x5FC120, 1905, READ_ALWAYS, false},    /* certificates of 82 to 95 */
    {0x5FC121, 0x5FC121, 7106, READ_WITH_PIN, false},  /* iris images */
    {0x5FC122, 0x5FC122, 2471, READ_ALWAYS, false},    /* secure messaging certificate signer */
    {0x5FC123, 0x5FC123, 12, READ_WITH_PIN, false},    /* pairing code */
    {OBJECT_DISCOVERY, OBJECT_DISCOVERY, 19, READ_ALWAYS, false},
    {OBJECT_BIT_GROUP, OBJECT_BIT_GROUP, 65, READ_ALWAYS, false},
    {0x5FFF00, 0x5FFF1F, 3052, READ_ALWAYS, true},
};

static const container_t *container_of(const card_t *card, uint32_t tag) {
    for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
        if (tag >= containers[i].first && tag <= containers[i].last &&
            (card->settings.yubico || !containers[i].yubico)) {
            return &containers[i];
        }
    }
    return NULL;
}

static size_t capacity(const card_t *card, const container_t *container) {
    return card->settings.container_size > 0 ? card->settings.container_size : container->capacity;
}

card_object_t *card_object(card_t *card, uint32_t tag) {
    for (size_t i = 0; i < card->memory.object_count; i++) {
        if (card->memory.objects[i].tag == tag) {
            return &card->memory.objects[i];
        }
    }
    return NULL;
}

static size_t memory_used(const card_t *card) {
    size_t used = 0;

    for (size_t i = 0; i < card->memory.object_count; i++) {
        used += card->memory.objects[i].length;
    }
    return used;
}

static void remove_object(card_t *card, card_object_t *object) {
    free(object->content);
    *object = card->memory.objects[--card->memory.object_count];
}

bool card_object_set(card_t *card, uint32_t tag, const unsigned char *content, size_t length) {
    card_object_t *object = card_object(card, tag);
    unsigned char *copy;

    if (length == 0) {
        if (object != NULL) {
            remove_object(card, object);
        }
        return true;
    }
    if (object == NULL && card->memory.object_count == CARD_OBJECTS) {
        return false;
    }
    copy = malloc(length);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, content, length);
    if (object == NULL) {
        object = &card->memory.objects[card->memory.object_count++];
        object->tag = tag;
    } else {
        free(object->content);
    }
    object->content = copy;
    object->length = length;
    return true;
}

/* SP 800-73-4 part 1, 3.3.2: the AID, and that the PIV card application PIN alone satisfies the
 * access rules. */
static void discovery_as_made(bytes_t *answer) {
    static const unsigned char content[] = {0x4F, 0x0B, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00,
                                            0x10, 0x00, 0x01, 0x00, 0x5F, 0x2F, 0x02, 0x40, 0x00};

    tlv_append(answer, OBJECT_DISCOVERY, content, sizeof(content));
}

static uint32_t number_of(const unsigned char *bytes, size_t length) {
    uint32_t number = 0;

    while (length-- > 0) {
        number = number << 8 | *bytes++;
    }
    return number;
}

/* The tag that a command names: the tag list 5C with one tag of one to three bytes. */
static bool named_tag(const unsigned char **at, size_t *left, uint32_t *tag) {
    tlv_t list;

    if (!tlv_read(at, left, &list) || list.tag != 0x5C || list.length < 1 || list.length > 3) {
        return false;
    }
    *tag = number_of(list.value, list.length);
    return true;
}

sw_t card_get_data(card_t *card, const command_t *command, bytes_t *answer) {
    const unsigned char *at = command->data;
    size_t left = command->length;
    const container_t *container;
    const card_object_t *object;
    uint32_t tag;

    if (command->p1 != 0x3F || command->p2 != 0xFF) {
        return SW_WRONG_P1P2;
    }
    if (!named_tag(&at, &left, &tag) || left != 0) {
        return SW_WRONG_DATA;
    }
    container = container_of(card, tag);
    if (container == NULL) {
        return SW_NOT_FOUND;
    }
    if (container->rule == READ_WITH_PIN && !card->session.pin_verified) {
        return SW_SECURITY_STATUS;
    }
    object = card_object(card, tag);
    if (object != NULL) {
        tlv_append(answer, tag == OBJECT_DISCOVERY || tag == OBJECT_BIT_GROUP ? tag : 0x53,
                   object->content, object->length);
        return SW_OK;
    }
    if (tag == OBJECT_DISCOVERY && card->settings.discovery) {
        discovery_as_made(answer);
        return SW_OK;
    }
    if (card->settings.empty_object_is_answered && tag > 0xFFFF) {
        tlv_append(answer, 0x53, NULL, 0);
        return SW_OK;
    }
    return SW_NOT_FOUND;
}

/* What is to be written where: 5C with a tag and then 53, or the template 7E or 7F61 itself. */
static bool read_put(const command_t *command, uint32_t *tag, tlv_t *content) {
    const unsigned char *at = command->data;
    size_t left = command->length;

    if (left > 0 && at[0] == 0x5C) {
        return named_tag(&at, &left, tag) && tlv_read(&at, &left, content) &&
               content->tag == 0x53 && left == 0;
    }
    if (!tlv_read(&at, &left, content) || left != 0) {
        return false;
    }
    *tag = content->tag;
    return *tag == OBJECT_DISCOVERY || *tag == OBJECT_BIT_GROUP;
}

sw_t card_put_data(card_t *card, const command_t *command, bytes_t *answer) {
    const container_t *container;
    const card_object_t *object;
    tlv_t content;
    uint32_t tag;
    size_t replaced;

    if (command->p1 != 0x3F || command->p2 != 0xFF) {
        return SW_WRONG_P1P2;
    }
    if (!card->session.management_authenticated) {
        return SW_SECURITY_STATUS;
    }
    if (!read_put(command, &tag, &content)) {
        return SW_WRONG_DATA;
    }
    container = container_of(card, tag);
    if (container == NULL) {
        return SW_NOT_SUPPORTED;
    }
    if (content.length > capacity(card, container)) {
        return SW_NO_MEMORY;
    }
    object = card_object(card, tag);
    replaced = object == NULL ? 0 : object->length;
    if (card->settings.memory > 0 &&
        memory_used(card) - replaced + content.length > card->settings.memory) {
        return SW_NO_MEMORY;
    }
    if (!card_object_set(card, tag, content.value, content.length)) {
        return SW_NO_MEMORY;
    }
    return state_save(card) ? SW_OK : SW_INTERNAL;
}
