/* What pages send to the bridge, and what a card's own words become in its JSON. The first byte chooses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "bridge.h"
#include "signing_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void quiet_say(void *baton, text_id text, const char *arg) {
}

static void quiet_progress(void *baton, text_id text, int at, int of) {
}

static const talk_t quiet = {NULL, quiet_say, quiet_say, NULL, NULL, quiet_progress, NULL, NULL, NULL, NULL};

/* One for all runs: there is no card service, so that every job ends at once. */
static bridge_t *bridge_of_all(void) {
    static card_settings_t settings;
    static helper_t helper;
    static bridge_side_t side;
    static bridge_t bridge;
    static int is_open;

    if (!is_open) {
        setenv("PCSCLITE_CSOCK_NAME", "/nonexistent/pcscd.comm", 1);
        bridge_json_begin();
        settings_defaults(&settings);
        fault_drop(settings_put(&settings, "portal-url", "https://xca.example", NULL));
        helper.settings = &settings;
        helper.talk = &quiet;
        side.helper = &helper;
        side.patience = 1;
        fault_drop(bridge_open(&bridge, &side));
        bridge.guard.port = 17886;
        is_open = 1;
    }
    return &bridge;
}

static void read_order(view_t json) {
    bridge_order_t order;

    fault_drop(bridge_read_order(&order, json));
    bridge_order_free(&order);
}

static void read_reply(view_t json) {
    bridge_reply_t reply;

    fault_drop(bridge_read_reply(&reply, json));
    wipe(&reply, sizeof(reply));
}

/* Whatever it is, what goes to the page is JSON. */
static void must_be_json(const bytes_t *json) {
    json_error_t error;
    json_t *root = json_loadb((const char *)json->data, json->length, 0, &error);

    if (root == NULL) {
        abort();
    }
    json_decref(root);
}

/* What is readable stays readable in words. */
static void words_of(view_t text) {
    bytes_t words = {NULL, 0, 0};

    signing_words(&words, text, LANGUAGE_EN);
    if (signing_is_readable(text) && !signing_is_readable(bytes_view(&words))) {
        abort();
    }
    bytes_free(&words);
}

static void write_events(view_t words) {
    bridge_event_t event;
    bytes_t json = {NULL, 0, 0};

    memset(&event, 0, sizeof(event));
    event.kind = words.length > 0 ? (bridge_event_kind)(words.data[0] % (EVENT_DONE + 1)) : EVENT_SAY;
    event.ask = ASK_CHOOSE;
    event.text = event.kind == EVENT_SHOW ? T_SIGN_TEXT : T_CARD_XCA;
    event.has_arg = 1;
    bytes_set(&event.arg, words.data, words.length);
    bytes_set(&event.wrong_arg, words.data, words.length);
    event.wrong = T_DENIED;
    bytes_set(&event.options[event.option_count++], words.data, words.length);
    bridge_write_events(&json, &event, 1, 1, 0, LANGUAGE_ZH);
    must_be_json(&json);
    bytes_free(&json);
    bridge_event_free(&event);
}

/* Cuts a line off; "-" is none, "@" stands for `known`. */
static const char *field(char **rest, const char *known) {
    char *line = *rest, *end = strchr(line, '\n');

    *rest = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL) {
        *end = '\0';
    }
    return strcmp(line, "-") == 0 ? NULL : strcmp(line, "@") == 0 ? known : line;
}

static void answer(view_t text) {
    bridge_t *bridge = bridge_of_all();
    bridge_request_t request = {0};
    bridge_response_t response;
    bytes_t copy = {NULL, 0, 0};
    char *rest;

    bytes_set(&copy, text.data, text.length);
    rest = bytes_text(&copy);
    request.method = field(&rest, "POST");
    request.path = field(&rest, "/v1/jobs");
    request.host = field(&rest, "127.0.0.1:17886");
    request.origin = field(&rest, "https://xca.example");
    request.token = field(&rest, bridge->guard.token);
    request.content_type = field(&rest, "application/json");
    request.accept_language = field(&rest, "en");
    request.after = field(&rest, "1");
    request.body.data = (const unsigned char *)rest;
    request.body.length = strlen(rest);
    if (request.method == NULL || request.path == NULL) {
        request.method = "GET";
        request.path = "/v1";
    }
    bridge_answer(bridge, &request, &response);
    if (response.json.length > 0) {
        must_be_json(&response.json);
    }
    bytes_free(&response.json);
    bytes_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    view_t rest = {data, size};
    char origin[BRIDGE_ORIGIN], url[512] = "";

    if (size == 0) {
        return 0;
    }
    rest.data++;
    rest.length--;
    switch (data[0] % 6) {
    case 0:
        read_order(rest);
        break;
    case 1:
        read_reply(rest);
        break;
    case 2:
        write_events(rest);
        break;
    case 3:
        answer(rest);
        break;
    case 4:
        words_of(rest);
        break;
    default:
        memcpy(url, rest.data, rest.length < sizeof(url) ? rest.length : sizeof(url) - 1);
        bridge_origin_of(origin, url);
    }
    return 0;
}
