#include "bridge_json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "crypto.h"
#include "signing_words.h"

#define WORD 2048

/* Memory that knows its size, so that it can be wiped. */
typedef union block {
    size_t size;
    max_align_t align;
} block_t;

static void *take(size_t size) {
    block_t *block = size < SIZE_MAX - sizeof(block_t) ? malloc(sizeof(block_t) + size) : NULL;

    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    return block + 1;
}

static void give_back(void *data) {
    block_t *block = data;

    if (block != NULL) {
        block--;
        wipe(block + 1, block->size);
        free(block);
    }
}

void bridge_json_begin(void) {
    json_set_alloc_funcs(take, give_back);
}

static json_t *read_object(view_t json) {
    json_error_t error;
    json_t *root = json.length > 0
                       ? json_loadb((const char *)json.data, json.length, JSON_REJECT_DUPLICATES, &error)
                       : NULL;

    if (root != NULL && !json_is_object(root)) {
        json_decref(root);
        return NULL;
    }
    return root;
}

/* Text without NUL; NULL if it is something else or not there. */
static const char *text_of_value(const json_t *value) {
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value)
               ? json_string_value(value)
               : NULL;
}

static const char *text_member(const json_t *object, const char *name) {
    return text_of_value(json_object_get(object, name));
}

static const struct {
    const char *name;
    size_t offset;
} contact_members[] = {
    {"name", offsetof(xca_card_contact_t, name)},         {"title", offsetof(xca_card_contact_t, title)},
    {"email", offsetof(xca_card_contact_t, email)},       {"county", offsetof(xca_card_contact_t, county)},
    {"district", offsetof(xca_card_contact_t, district)}, {"zip", offsetof(xca_card_contact_t, zip)},
    {"street", offsetof(xca_card_contact_t, street)},     {"phone", offsetof(xca_card_contact_t, phone)},
    {"fax", offsetof(xca_card_contact_t, fax)},           {"notices", offsetof(xca_card_contact_t, notices)},
};

#define CONTACT_MEMBERS (sizeof(contact_members) / sizeof(contact_members[0]))

/* Two rounds: the storage must not move any more when it is pointed into. */
static fault_t *read_contact(bridge_order_t *order, const json_t *contact) {
    size_t at[CONTACT_MEMBERS], i;

    if (!json_is_object(contact)) {
        return fault_make(T_BRIDGE_JSON, NULL, "contact");
    }
    for (i = 0; i < CONTACT_MEMBERS; i++) {
        const char *value = text_member(contact, contact_members[i].name);

        at[i] = order->contact_storage.length;
        if (value != NULL) {
            bytes_add(&order->contact_storage, value, strlen(value) + 1);
        } else if (json_object_get(contact, contact_members[i].name) != NULL) {
            return fault_make(T_CONTACT_FORM, NULL, "%s", contact_members[i].name);
        }
    }
    for (i = 0; i < CONTACT_MEMBERS; i++) {
        if (json_object_get(contact, contact_members[i].name) != NULL) {
            *(const char **)((char *)&order->contact + contact_members[i].offset) =
                (const char *)order->contact_storage.data + at[i];
        }
    }
    return NULL;
}

static int take_text(bridge_order_t *order, const json_t *value) {
    const char *text = text_of_value(value);

    if (text == NULL || strlen(text) > BRIDGE_TEXT_MAX || order->text_count == BRIDGE_TEXTS) {
        return 0;
    }
    bytes_set(&order->texts[order->text_count++], text, strlen(text));
    return 1;
}

/* "text": one, or "texts": several. */
static fault_t *read_texts(bridge_order_t *order, const json_t *root) {
    const json_t *one = json_object_get(root, "text"), *list = json_object_get(root, "texts");
    int right = (one != NULL) != (list != NULL);
    size_t i;

    if (one != NULL) {
        right = right && take_text(order, one);
    } else {
        right = right && json_array_size(list) > 0;
        for (i = 0; right && i < json_array_size(list); i++) {
            right = take_text(order, json_array_get(list, i));
        }
    }
    return right ? NULL : fault_make(T_BRIDGE_JSON, NULL, "text or texts");
}

/* "case": of which reset; "envelope": base64. */
static fault_t *read_envelope(bridge_order_t *order, const json_t *root) {
    const char *number = text_member(root, "case"), *envelope = text_member(root, "envelope");

    if (number == NULL || strlen(number) > BRIDGE_CASE_MAX || envelope == NULL || strlen(envelope) > BRIDGE_ENVELOPE_MAX ||
        !base64_read(&order->envelope, envelope)) {
        return fault_make(T_BRIDGE_JSON, NULL, "case or envelope");
    }
    bytes_set(&order->case_number, number, strlen(number));
    return NULL;
}

static fault_t *read_members(bridge_order_t *order, const json_t *root) {
    const char *name = text_member(root, "operation");

    if (name == NULL) {
        return fault_make(T_BRIDGE_JSON, NULL, "operation");
    }
    order->operation = bridge_operation_find(name);
    if (order->operation == NULL) {
        return fault_make(T_BRIDGE_OPERATION, NULL, "not of the list");
    }
    if (strcmp(name, "contact-change") == 0) {
        return read_contact(order, json_object_get(root, "contact"));
    }
    if (strcmp(name, "sign") == 0) {
        return read_texts(order, root);
    }
    if (strcmp(name, "open-code") == 0) {
        return read_envelope(order, root);
    }
    if (strcmp(name, "login") == 0 && !take_text(order, json_object_get(root, "text"))) {
        return fault_make(T_BRIDGE_JSON, NULL, "text");
    }
    return NULL;
}

fault_t *bridge_read_order(bridge_order_t *order, view_t json) {
    json_t *root = read_object(json);
    fault_t *fault;

    memset(order, 0, sizeof(*order));
    fault = root != NULL ? read_members(order, root) : fault_make(T_BRIDGE_JSON, NULL, "no object");
    json_decref(root);
    return fault;
}

static int read_number(const json_t *root, const char *name, int *number) {
    const json_t *value = json_object_get(root, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 100000) {
        return 0;
    }
    *number = (int)json_integer_value(value);
    return 1;
}

static int read_answer(bridge_reply_t *reply, const json_t *root) {
    const json_t *yes = json_object_get(root, "yes");
    const char *secret = text_member(root, "secret");

    if (secret != NULL) {
        reply->kind = ASK_SECRET;
        return secret_set(&reply->secret, secret, strlen(secret));
    }
    if (json_is_boolean(yes)) {
        reply->kind = ASK_CONFIRM;
        reply->yes = json_is_true(yes);
        return 1;
    }
    reply->kind = ASK_CHOOSE;
    return read_number(root, "chosen", &reply->chosen);
}

fault_t *bridge_read_reply(bridge_reply_t *reply, view_t json) {
    json_t *root = read_object(json);
    int right;

    memset(reply, 0, sizeof(*reply));
    right = root != NULL && read_number(root, "question", &reply->question) && read_answer(reply, root);
    json_decref(root);
    return right ? NULL : fault_make(T_BRIDGE_JSON, NULL, "answer");
}

fault_t *bridge_read_ticket(char ticket[BRIDGE_TOKEN + 1], view_t json) {
    json_t *root = read_object(json);
    const char *value = text_member(root, "ticket");
    int right = value != NULL && strlen(value) == BRIDGE_TOKEN;

    if (right) {
        memcpy(ticket, value, BRIDGE_TOKEN + 1);
    }
    json_decref(root);
    return right ? NULL : fault_make(T_BRIDGE_JSON, NULL, "ticket");
}

static void put_text(json_t *object, const char *name, const char *text) {
    json_t *value = json_string(text);

    if (value == NULL) { /* no UTF-8: of a card, a reader's name */
        char shown[WORD];
        size_t i;

        for (i = 0; i + 1 < sizeof(shown) && text[i] != '\0'; i++) {
            shown[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
        }
        shown[i] = '\0';
        value = json_string(shown);
    }
    json_object_set_new(object, name, value);
}

static void put_number(json_t *object, const char *name, int number) {
    json_object_set_new(object, name, json_integer(number));
}

static void put_words(json_t *object, text_id text, const char *arg, language_t language) {
    char words[WORD];

    text_format(words, sizeof(words), text, language, arg);
    put_text(object, "id", text_name(text));
    put_text(object, "text", words);
}

/* What a signature is about: as it is signed, and in words. */
static void put_shown(json_t *object, bridge_event_t *event, language_t language) {
    bytes_t words = {NULL, 0, 0};

    put_text(object, "value", bytes_text(&event->arg));
    if (event->text == T_SIGN_TEXT || event->text == T_LOGIN_CHALLENGE) {
        signing_words(&words, bytes_view(&event->arg), language);
        put_text(object, "words", bytes_text(&words));
        bytes_free(&words);
    }
}

static int add_to(const char *data, size_t size, void *baton) {
    bytes_add(baton, data, size);
    return 0;
}

/* Written and forgotten. */
static void put_out(bytes_t *json, json_t *root) {
    json_dump_callback(root, add_to, json, JSON_COMPACT);
    json_decref(root);
}

static json_t *fault_object(const fault_t *fault, language_t language) {
    json_t *object = json_object();

    put_words(object, fault->text, fault->arg, language);
    if (fault->arg[0] != '\0') {
        put_text(object, "arg", fault->arg);
    }
    return object;
}

void bridge_write_fault(bytes_t *json, const fault_t *fault, language_t language) {
    json_t *root = json_object();

    json_object_set_new(root, "fault", fault_object(fault, language));
    put_out(json, root);
}

void bridge_write_busy(bytes_t *json, const bridge_operation_t *operation, const char *job, language_t language) {
    fault_t *fault = fault_make(T_BRIDGE_BUSY, text_of(operation->words, language), "busy");
    json_t *root = json_object(), *busy = json_object();

    put_text(busy, "operation", operation->name);
    put_text(busy, "job", job);
    json_object_set_new(root, "fault", fault_object(fault, language));
    json_object_set_new(root, "busy", busy);
    put_out(json, root);
    fault_drop(fault);
}

void bridge_write_job(bytes_t *json, const char *job) {
    json_t *root = json_object();

    put_text(root, "job", job);
    put_out(json, root);
}

void bridge_write_token(bytes_t *json, const char *token) {
    json_t *root = json_object();

    put_text(root, "token", token);
    put_out(json, root);
}

void bridge_write_hello(bytes_t *json, const char *portal, language_t language, const bridge_operation_t *busy) {
    json_t *root = json_object();

    put_text(root, "program", "xca-card");
    put_number(root, "version", 1);
    put_text(root, "portal", portal);
    put_text(root, "language", language == LANGUAGE_ZH ? "zh" : "en");
    if (busy != NULL) {
        put_text(root, "busy", busy->name);
    }
    put_out(json, root);
}

static const char *secret_kind(talk_secret kind) {
    static const char *const names[] = {"pin", "new-pin", "code", "password"};

    return names[kind];
}

static void put_question(json_t *object, bridge_event_t *event) {
    json_t *options;
    int i;

    switch (event->ask) {
    case ASK_SECRET:
        put_text(object, "kind", "secret");
        put_text(object, "secret", secret_kind(event->secret_kind));
        return;
    case ASK_CONFIRM:
        put_text(object, "kind", "confirm");
        return;
    case ASK_CHOOSE:
        break;
    }
    put_text(object, "kind", "choose");
    options = json_array();
    for (i = 0; i < event->option_count; i++) {
        json_t *holder = json_object();

        put_text(holder, "name", bytes_text(&event->options[i]));
        json_array_append_new(options, holder);
    }
    json_object_set_new(object, "options", options);
}

static void put_outcome(json_t *object, bridge_event_t *event, language_t language) {
    char words[WORD];
    int good = event->wrong == T_NONE;

    text_format(words, sizeof(words), good ? T_GOOD : event->wrong, language,
                bytes_text(&event->wrong_arg));
    json_object_set_new(object, "good", json_boolean(good));
    put_text(object, "result", words);
}

static const char *type_of(bridge_event_kind kind) {
    static const char *const names[] = {"say",  "show", "outcome", "secret", "progress",
                                        "ask",  "here", "result",  "fault",  "done"};

    return names[kind];
}

static void put_position(json_t *object, const bridge_event_t *event) {
    put_number(object, "at", event->at);
    put_number(object, "of", event->of);
}

static json_t *event_object(bridge_event_t *event, int number, language_t language) {
    json_t *object = json_object();
    const char *arg = bytes_text(&event->arg);
    bytes_t base64 = {NULL, 0, 0};

    put_number(object, "n", number);
    put_text(object, "type", type_of(event->kind));
    put_words(object, event->text, event->kind == EVENT_SHOW ? NULL : arg, language);
    switch (event->kind) {
    case EVENT_SHOW:
        put_shown(object, event, language);
        break;
    case EVENT_OUTCOME:
        put_outcome(object, event, language);
        break;
    case EVENT_SECRET:
        put_text(object, "value", event->secret.text);
        break;
    case EVENT_PROGRESS:
        put_position(object, event);
        break;
    case EVENT_ASK:
        put_question(object, event);
        break;
    case EVENT_RESULT:
        base64_write(&base64, bytes_view(&event->arg));
        put_position(object, event);
        put_text(object, "signed", bytes_text(&base64));
        bytes_free(&base64);
        break;
    default:
        if (event->has_arg) {
            put_text(object, "arg", arg);
        }
    }
    return object;
}

void bridge_write_events(bytes_t *json, bridge_event_t *events, int first, int count, int ended,
                         language_t language) {
    json_t *root = json_object(), *list = json_array();
    int i;

    put_text(root, "state", ended ? "ended" : "running");
    for (i = first; i <= count; i++) {
        json_array_append_new(list, event_object(&events[i - 1], i, language));
    }
    json_object_set_new(root, "events", list);
    put_out(json, root);
}
