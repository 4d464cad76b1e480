#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "piv_admin.h"
#include "platform.h"

#define FILE_MAX 65536
#define PATH     1024

typedef enum { TEXT, PATHNAME, URL, SECRET, HEX_KEY, NUMBER, ALGORITHM } form_t;

typedef struct row {
    const char *name;
    form_t form;
    size_t offset;
} row_t;

#define AT(member) offsetof(card_settings_t, member)

static const row_t rows[] = {
    {"portal-url", URL, AT(portal_url)},
    {"ca-file", PATHNAME, AT(ca_file)},
    {"tls-ca-file", PATHNAME, AT(tls_ca_file)},
    {"origins", TEXT, AT(origins)},
    {"reader", TEXT, AT(reader)},
    {"pinentry", TEXT, AT(pinentry)},
    {"officer", TEXT, AT(operator_uid)},
    {"key", PATHNAME, AT(operator_key)},
    {"password-file", PATHNAME, AT(operator_password_file)},
    {"blank-puk", SECRET, AT(blank_puk)},
    {"blank-management-key", HEX_KEY, AT(blank_management_key)},
    {"blank-management-algorithm", ALGORITHM, AT(blank_management_algorithm)},
    {"pin-tries", NUMBER, AT(pin_tries)},
    {"portal-timeout", NUMBER, AT(portal_timeout)},
};

void settings_defaults(card_settings_t *settings) {
    static const unsigned char yubico[24] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
                                             5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

    memset(settings, 0, sizeof(*settings));
    secret_set(&settings->blank_puk, "12345678", 8);
    secret_set(&settings->blank_management_key, yubico, sizeof(yubico));
    settings->blank_management_algorithm = PIV_3DES;
    settings->portal_timeout = 30;
}

void settings_wipe(card_settings_t *settings) {
    wipe(settings, sizeof(*settings));
}

static int put_text(char *to, const char *value) {
    return snprintf(to, SETTINGS_VALUE, "%s", value) < SETTINGS_VALUE;
}

static int put_path(char *to, const char *value, const char *folder) {
    int relative = value[0] != '/' && value[0] != '\\' && !(value[0] != '\0' && value[1] == ':');

    return relative && folder != NULL && folder[0] != '\0'
               ? snprintf(to, SETTINGS_VALUE, "%s/%s", folder, value) < SETTINGS_VALUE
               : put_text(to, value);
}

static int put_url(char *to, const char *value) {
    size_t length = strlen(value);

    if (strncmp(value, "https://", 8) != 0 || !put_text(to, value)) {
        return 0;
    }
    if (length < SETTINGS_VALUE && to[length - 1] == '/') {
        to[length - 1] = '\0';
    }
    return 1;
}

static int put_key(secret_t *to, const char *value) {
    unsigned char key[32];
    int length = hex_read(key, sizeof(key), value);
    int done = (length == 16 || length == 24 || length == 32) && secret_set(to, key, (size_t)length);

    wipe(key, sizeof(key));
    return done;
}

static int put_number(int *to, const char *value) {
    if (value[0] == '\0' || strlen(value) > 4 || strspn(value, "0123456789") != strlen(value)) {
        return 0;
    }
    *to = atoi(value);
    return 1;
}

static int put_algorithm(int *to, const char *value) {
    static const struct {
        const char *name;
        int algorithm;
    } names[] = {{"3des", PIV_3DES}, {"aes128", PIV_AES_128}, {"aes192", PIV_AES_192}, {"aes256", PIV_AES_256}};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(value, names[i].name) == 0) {
            *to = names[i].algorithm;
            return 1;
        }
    }
    return 0;
}

static int put_value(card_settings_t *settings, const row_t *row, const char *value,
                     const char *folder) {
    void *to = (char *)settings + row->offset;

    switch (row->form) {
    case PATHNAME:
        return put_path(to, value, row->offset == AT(tls_ca_file) && strcmp(value, SYSTEM_CA) == 0 ? NULL : folder);
    case URL:
        return put_url(to, value);
    case SECRET:
        return secret_set(to, value, strlen(value));
    case HEX_KEY:
        return put_key(to, value);
    case NUMBER:
        return put_number(to, value);
    case ALGORITHM:
        return put_algorithm(to, value);
    default:
        return put_text(to, value);
    }
}

fault_t *settings_put(card_settings_t *settings, const char *name, const char *value,
                      const char *folder) {
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return put_value(settings, &rows[i], value, folder)
                       ? NULL
                       : fault_make(T_SETTINGS_VALUE, name, "%s", name);
        }
    }
    return fault_make(T_SETTINGS_NAME, name, "%s", name);
}

/* Cuts white space off both ends, in place. */
static char *trimmed(char *text) {
    size_t length;

    text += strspn(text, " \t\r");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL) {
        text[--length] = '\0';
    }
    return text;
}

static fault_t *put_line(card_settings_t *settings, char *line, long number, const char *folder) {
    char *name = trimmed(line), *equals;

    if (name[0] == '\0' || name[0] == '#') {
        return NULL;
    }
    equals = strchr(name, '=');
    if (equals == NULL) {
        return fault_number(T_SETTINGS_LINE, number, "no =");
    }
    *equals = '\0';
    return settings_put(settings, trimmed(name), trimmed(equals + 1), folder);
}

fault_t *settings_parse(card_settings_t *settings, const char *text, size_t length,
                        const char *folder) {
    char line[2 * SETTINGS_VALUE];
    size_t at = 0;
    long number = 0;
    fault_t *fault = NULL;

    while (fault == NULL && at < length) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t count = (end != NULL ? (size_t)(end - text) : length) - at;

        number++;
        if (count >= sizeof(line) || memchr(text + at, '\0', count) != NULL) {
            return fault_number(T_SETTINGS_LINE, number, "too long");
        }
        memcpy(line, text + at, count);
        line[count] = '\0';
        at += count + 1;
        fault = put_line(settings, line, number, folder);
    }
    wipe(line, sizeof(line));
    return fault;
}

static void folder_of(char *folder, size_t size, const char *path) {
    const char *slash = strrchr(path, '/');

    folder[0] = '\0';
    if (slash != NULL && (size_t)(slash - path) < size) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = '\0';
    }
}

static fault_t *read_stream(card_settings_t *settings, FILE *file, const char *path) {
    char *text = malloc(FILE_MAX);
    char folder[PATH];
    size_t length;
    fault_t *fault;

    if (text == NULL) {
        abort();
    }
    length = fread(text, 1, FILE_MAX, file);
    folder_of(folder, sizeof(folder), path);
    fault = length < FILE_MAX ? settings_parse(settings, text, length, folder)
                              : fault_make(T_SETTINGS_FILE, path, "too long");
    wipe(text, length);
    free(text);
    return fault;
}

fault_t *settings_read(card_settings_t *settings, const char *path) {
    char found[PATH] = "";
    FILE *file = NULL;
    fault_t *fault;

    settings_defaults(settings);
    if (path != NULL) {
        snprintf(found, sizeof(found), "%s", path);
        file = fopen(found, "rb");
        if (file == NULL) {
            return fault_make(T_SETTINGS_FILE, path, "%s", path);
        }
    } else if (platform_user_settings(found, sizeof(found)) && (file = fopen(found, "rb")) != NULL) {
        /* the user's */
    } else if (platform_system_settings(found, sizeof(found))) {
        file = fopen(found, "rb");
    }
    if (file == NULL) {
        return NULL;
    }
    fault = read_stream(settings, file, found);
    fclose(file);
    return fault;
}
