/* settings.c: one row a setting: its name and how its value is read. */
#include "settings.h"
#include "authenticate.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Yubico's and most blank cards' 3DES key; an AES key of a blank card begins with it. */
static const unsigned char default_management_key[32] = {
    1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

void settings_default(settings_t *settings) {
    static const unsigned char algorithms[] = {ALGORITHM_RSA2048, ALGORITHM_RSA3072, ALGORITHM_P256,
                                               ALGORITHM_P384};

    memset(settings, 0, sizeof(*settings));
    settings->transfer = TRANSFER_CHAINING;
    settings->response_block = 256;
    settings->answers_without_le = true;
    settings->shortest_aid = 5;
    settings->reselect_keeps = true;
    memcpy(settings->pin, "123456\xFF\xFF", CARD_PIN);
    memcpy(settings->puk, "12345678", CARD_PIN);
    settings->pin_tries = 3;
    settings->puk_tries = 3;
    settings->pin_digits = true;
    settings->pin_always_immediate = true;
    settings->change_puk = true;
    settings->reset_restores_puk = true;
    settings->management_algorithm = ALGORITHM_3DES;
    memcpy(settings->management_key, default_management_key, sizeof(default_management_key));
    memcpy(settings->algorithms, algorithms, sizeof(algorithms));
    settings->algorithm_count = sizeof(algorithms);
    settings->key_usage_strict = true;
    settings->discovery = true;
    settings->yubico_version[0] = 5;
    settings->yubico_version[1] = 4;
    settings->yubico_version[2] = 3;
    settings->serial = 1;
}

/* One of "first|second|..."; false if it is none of them. */
static bool one_of(const char *value, const char *choices, unsigned *chosen) {
    size_t length = strlen(value);

    for (*chosen = 0;; ++*chosen) {
        const char *end = strchr(choices, '|');
        size_t one = end == NULL ? strlen(choices) : (size_t)(end - choices);

        if (one == length && strncmp(choices, value, length) == 0) {
            return true;
        }
        if (end == NULL) {
            return false;
        }
        choices = end + 1;
    }
}

static bool truth(const char *value, const char *no_and_yes, bool *to) {
    unsigned chosen;

    if (!one_of(value, no_and_yes, &chosen)) {
        return false;
    }
    *to = chosen == 1;
    return true;
}

static bool number(const char *value, unsigned most, unsigned *to) {
    char *end;
    unsigned long read;

    errno = 0;
    read = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || read > most) {
        return false;
    }
    *to = (unsigned)read;
    return true;
}

static bool hex(const char *value, unsigned char *to, size_t room, size_t *length) {
    char pair[3] = "";

    for (*length = 0; value[0] != '\0'; ++*length) {
        if (*length == room || !isxdigit((unsigned char)value[0]) ||
            !isxdigit((unsigned char)value[1])) {
            return false;
        }
        memcpy(pair, value, 2);
        to[*length] = (unsigned char)strtoul(pair, NULL, 16);
        for (value += 2; *value == ' ' || *value == ':';) {
            value++;
        }
    }
    return true;
}

/* A PIN or PUK as typed, padded with FF as on the card. */
static bool secret(const char *value, size_t least, unsigned char to[CARD_PIN]) {
    size_t length = strlen(value);

    if (length < least || length > CARD_PIN) {
        return false;
    }
    memset(to, 0xFF, CARD_PIN);
    memcpy(to, value, length);
    return true;
}

static bool set_atr(settings_t *s, const char *value) {
    return hex(value, s->atr, sizeof(s->atr), &s->atr_length) && s->atr_length >= 2;
}

static bool set_card(settings_t *s, const char *value) {
    return truth(value, "normal|mute", &s->mute);
}

static bool set_transfer(settings_t *s, const char *value) {
    unsigned chosen;

    if (!one_of(value, "chaining|extended|both", &chosen)) {
        return false;
    }
    s->transfer = (transfer_t)chosen;
    return true;
}

static bool set_response_block(settings_t *s, const char *value) {
    return number(value, 256, &s->response_block) && s->response_block > 0;
}

static bool set_no_le(settings_t *s, const char *value) {
    return truth(value, "61xx|data", &s->answers_without_le);
}

static bool set_wrong_le(settings_t *s, const char *value) {
    return truth(value, "accepted|6Cxx", &s->le_must_fit);
}

static bool set_default_selected(settings_t *s, const char *value) {
    return truth(value, "no|yes", &s->default_selected);
}

static bool set_shortest_aid(settings_t *s, const char *value) {
    return number(value, 11, &s->shortest_aid) && s->shortest_aid >= 5;
}

static bool set_reselect(settings_t *s, const char *value) {
    return truth(value, "drop|keep", &s->reselect_keeps);
}

static bool set_pin(settings_t *s, const char *value) {
    return secret(value, 6, s->pin);
}

static bool set_puk(settings_t *s, const char *value) {
    return secret(value, 6, s->puk);
}

static bool set_pin_tries(settings_t *s, const char *value) {
    return number(value, 15, &s->pin_tries) && s->pin_tries > 0;
}

static bool set_puk_tries(settings_t *s, const char *value) {
    return number(value, 15, &s->puk_tries) && s->puk_tries > 0;
}

static bool set_pin_characters(settings_t *s, const char *value) {
    return truth(value, "any|digits", &s->pin_digits);
}

static bool set_pin_malformed(settings_t *s, const char *value) {
    return truth(value, "6A80|counts", &s->pin_format_counts);
}

static bool set_blocked(settings_t *s, const char *value) {
    unsigned chosen;

    if (!one_of(value, "standard|6983|63C0", &chosen)) {
        return false;
    }
    s->blocked = (blocked_t)chosen;
    return true;
}

static bool set_pin_always(settings_t *s, const char *value) {
    return truth(value, "once|immediate", &s->pin_always_immediate);
}

static bool set_change_puk(settings_t *s, const char *value) {
    return truth(value, "no|yes", &s->change_puk);
}

static bool set_reset_restores_puk(settings_t *s, const char *value) {
    return truth(value, "no|yes", &s->reset_restores_puk);
}

static bool set_management_algorithm(settings_t *s, const char *value) {
    static const unsigned char ids[] = {ALGORITHM_3DES, ALGORITHM_AES128, ALGORITHM_AES192,
                                        ALGORITHM_AES256};
    unsigned chosen;

    if (!one_of(value, "3des|aes128|aes192|aes256", &chosen)) {
        return false;
    }
    s->management_algorithm = ids[chosen];
    return true;
}

static bool set_management_key(settings_t *s, const char *value) {
    size_t length;

    return hex(value, s->management_key, sizeof(s->management_key), &length) && length >= 16;
}

static bool set_management_authentication(settings_t *s, const char *value) {
    unsigned chosen;

    if (!one_of(value, "both|mutual|single", &chosen)) {
        return false;
    }
    s->management_authentication = (authentication_t)chosen;
    return true;
}

static bool set_algorithms(settings_t *s, const char *value) {
    static const unsigned char ids[] = {ALGORITHM_RSA1024, ALGORITHM_RSA2048, ALGORITHM_RSA3072,
                                        ALGORITHM_P256, ALGORITHM_P384};
    char name[16];
    int used;
    unsigned chosen;

    for (s->algorithm_count = 0; *value != '\0'; value += used) {
        used = 0;
        value += strspn(value, " ,");
        used = (int)strcspn(value, " ,");
        if (used == 0 || used >= (int)sizeof(name) || s->algorithm_count == sizeof(s->algorithms)) {
            return false;
        }
        memcpy(name, value, (size_t)used);
        name[used] = '\0';
        if (!one_of(name, "rsa1024|rsa2048|rsa3072|p256|p384", &chosen)) {
            return false;
        }
        s->algorithms[s->algorithm_count++] = ids[chosen];
    }
    return s->algorithm_count > 0;
}

static bool set_key_usage(settings_t *s, const char *value) {
    return truth(value, "any|strict", &s->key_usage_strict);
}

static bool set_generate_ms(settings_t *s, const char *value) {
    return number(value, 600000, &s->generate_ms);
}

static bool set_command_ms(settings_t *s, const char *value) {
    return number(value, 600000, &s->command_ms);
}

static bool set_container_size(settings_t *s, const char *value) {
    if (strcmp(value, "standard") == 0) {
        s->container_size = 0;
        return true;
    }
    return number(value, CARD_BYTES - 64, &s->container_size) && s->container_size > 0;
}

static bool set_memory(settings_t *s, const char *value) {
    return number(value, 1u << 24, &s->memory);
}

static bool set_empty_object(settings_t *s, const char *value) {
    return truth(value, "6A82|5300", &s->empty_object_is_answered);
}

static bool set_discovery(settings_t *s, const char *value) {
    return truth(value, "no|yes", &s->discovery);
}

static bool set_yubico(settings_t *s, const char *value) {
    return truth(value, "no|yes", &s->yubico);
}

static bool set_yubico_version(settings_t *s, const char *value) {
    char *end = NULL;

    for (int i = 0; i < 3; i++) {
        unsigned long part = strtoul(value, &end, 10);

        if (end == value || part > 255 || *end != (i < 2 ? '.' : '\0')) {
            return false;
        }
        s->yubico_version[i] = (unsigned char)part;
        value = end + 1;
    }
    return true;
}

static bool set_serial(settings_t *s, const char *value) {
    return number(value, 0xFFFFFFFF, &s->serial);
}

static bool set_hostile(settings_t *s, const char *value) {
    unsigned chosen;

    if (!one_of(value, "no|bytes|length|tlv|status|short|long|endless|certificate|key|any",
                &chosen)) {
        return false;
    }
    snprintf(s->hostile, sizeof(s->hostile), "%s", chosen == 0 ? "" : value);
    return true;
}

static bool set_hostile_at(settings_t *s, const char *value) {
    return number(value, 0x7FFFFFFF, &s->hostile_at);
}

static bool set_hostile_every(settings_t *s, const char *value) {
    return number(value, 0x7FFFFFFF, &s->hostile_every);
}

static bool set_seed(settings_t *s, const char *value) {
    unsigned seed;

    if (!number(value, 0xFFFFFFFF, &seed)) {
        return false;
    }
    s->seed = seed;
    return true;
}

static const struct {
    const char *name;
    bool (*set)(settings_t *settings, const char *value);
} rows[] = {
    {"algorithms", set_algorithms},
    {"atr", set_atr},
    {"blocked", set_blocked},
    {"card", set_card},
    {"change-puk", set_change_puk},
    {"command-ms", set_command_ms},
    {"container-size", set_container_size},
    {"default-selected", set_default_selected},
    {"discovery", set_discovery},
    {"empty-object", set_empty_object},
    {"generate-ms", set_generate_ms},
    {"hostile", set_hostile},
    {"hostile-at", set_hostile_at},
    {"hostile-every", set_hostile_every},
    {"key-usage", set_key_usage},
    {"management-algorithm", set_management_algorithm},
    {"management-authentication", set_management_authentication},
    {"management-key", set_management_key},
    {"memory", set_memory},
    {"no-le", set_no_le},
    {"pin", set_pin},
    {"pin-always", set_pin_always},
    {"pin-characters", set_pin_characters},
    {"pin-malformed", set_pin_malformed},
    {"pin-tries", set_pin_tries},
    {"puk", set_puk},
    {"puk-tries", set_puk_tries},
    {"reselect", set_reselect},
    {"reset-restores-puk", set_reset_restores_puk},
    {"response-block", set_response_block},
    {"seed", set_seed},
    {"serial", set_serial},
    {"shortest-aid", set_shortest_aid},
    {"transfer", set_transfer},
    {"wrong-le", set_wrong_le},
    {"yubico", set_yubico},
    {"yubico-version", set_yubico_version},
};

bool settings_set(settings_t *settings, const char *name, const char *value) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return rows[i].set(settings, value);
        }
    }
    return false;
}

static char *trim(char *text) {
    char *end;

    text += strspn(text, " \t");
    end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1])) {
        end--;
    }
    *end = '\0';
    return text;
}

static bool read_setting(settings_t *settings, char *line) {
    char *equals;

    line[strcspn(line, "#")] = '\0';
    line = trim(line);
    if (*line == '\0') {
        return true;
    }
    equals = strchr(line, '=');
    if (equals == NULL) {
        return false;
    }
    *equals = '\0';
    return settings_set(settings, trim(line), trim(equals + 1));
}

bool settings_read(settings_t *settings, const char *path) {
    FILE *file = fopen(path, "re");
    char line[512];
    unsigned at = 0;

    if (file == NULL) {
        fprintf(stderr, "cardsim: %s: %s\n", path, strerror(errno));
        return false;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        at++;
        if (!read_setting(settings, line)) {
            fprintf(stderr, "cardsim: %s:%u: not understood\n", path, at);
            fclose(file);
            return false;
        }
    }
    fclose(file);
    return true;
}

/* T=1. The historical bytes are compact TLV (ISO/IEC 7816-4, 8.1.1): card capabilities (selection
 * by full and partial name; byte 10: command chaining, extended length) and card service data. */
static void make_atr(settings_t *settings) {
    static const unsigned char pattern[] = {0x3B, 0x87, 0x81, 0x31, 0xFE, 0x15, 0x80,
                                            0x73, 0xC0, 0x01, 0x00, 0x31, 0xC0};
    unsigned char check = 0;

    memcpy(settings->atr, pattern, sizeof(pattern));
    settings->atr[10] = settings->transfer == TRANSFER_CHAINING   ? 0x80
                        : settings->transfer == TRANSFER_EXTENDED ? 0x40
                                                                  : 0xC0;
    for (size_t i = 1; i < sizeof(pattern); i++) {
        check ^= settings->atr[i];
    }
    settings->atr[sizeof(pattern)] = check;
    settings->atr_length = sizeof(pattern) + 1;
}

void settings_finish(settings_t *settings) {
    if (settings->atr_length == 0) {
        make_atr(settings);
    }
    if (settings->hostile[0] != '\0' && settings->hostile_at == 0 && settings->hostile_every == 0) {
        settings->hostile_every = 1;
    }
}
