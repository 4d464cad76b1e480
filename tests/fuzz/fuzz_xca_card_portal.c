/* What a portal may answer: JSON of a session and of a message; and what else comes from outside: settings, certificates. The first byte
 * chooses. */
#include <stdint.h>
#include <string.h>
#include "crypto_certificate.h"
#include "service.h"
#include "session.h"
#include "settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_session(view_t json) {
    service_session_t session;

    memset(&session, 0, sizeof(session));
    fault_drop(service_read_session(&session, json));
    service_session_free(&session);
}

static void read_answer(view_t json) {
    service_answer_t answer;

    memset(&answer, 0, sizeof(answer));
    fault_drop(service_read_answer(&answer, json));
    service_answer_free(&answer);
}

static void read_certificate(view_t der) {
    certificate_t *certificate = NULL;

    fault_drop(certificate_read(&certificate, der));
    certificate_free(certificate);
}

static void read_settings(view_t text) {
    card_settings_t settings;

    settings_defaults(&settings);
    fault_drop(settings_parse(&settings, (const char *)text.data, text.length, "/etc"));
    settings_wipe(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    view_t rest = {data, size};
    char text[32] = "";

    if (size == 0) {
        return 0;
    }
    rest.data++;
    rest.length--;
    switch (data[0] % 4) {
    case 0:
        read_session(rest);
        break;
    case 1:
        read_answer(rest);
        break;
    case 2:
        read_certificate(rest);
        break;
    default:
        read_settings(rest);
    }
    memcpy(text, rest.data, rest.length < sizeof(text) ? rest.length : sizeof(text) - 1);
    session_time(text);
    return 0;
}
