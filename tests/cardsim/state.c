/* state.c: one "name value" a line, values in hexadecimal.
 * - pin, puk: eight bytes
 * - pin-tries, puk-tries: left, and most
 * - changed: of PIN, PUK, management key
 * - serial: four bytes
 * - management: algorithm and key
 * - object TAG: its content
 * - key REFERENCE: algorithm, imported, PIN and touch policy, then PKCS#8 */
#include "state.h"
#include "objects.h"
#include "keys.h"
#include "authenticate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>

#define KEY_HEAD 4

void state_free(card_t *card) {
    memory_t *memory = &card->memory;

    for (size_t i = 0; i < memory->object_count; i++) {
        free(memory->objects[i].content);
    }
    for (size_t i = 0; i < memory->key_count; i++) {
        EVP_PKEY_free(memory->keys[i].key);
    }
    memset(memory, 0, sizeof(*memory));
}

void state_blank(card_t *card) {
    const settings_t *settings = &card->settings;
    memory_t *memory = &card->memory;

    state_free(card);
    memcpy(memory->pin, settings->pin, CARD_PIN);
    memcpy(memory->puk, settings->puk, CARD_PIN);
    memory->pin_tries = memory->pin_tries_max = settings->pin_tries;
    memory->puk_tries = memory->puk_tries_max = settings->puk_tries;
    memory->management_algorithm = settings->management_algorithm;
    memcpy(memory->management_key, settings->management_key, sizeof(memory->management_key));
    memory->serial = settings->serial;
}

/* Writing -------------------------------------------------------------------------------------- */

static void write_hex(FILE *file, const unsigned char *bytes, size_t length) {
    while (length-- > 0) {
        fprintf(file, "%02x", *bytes++);
    }
}

static void write_line(FILE *file, const char *name, const unsigned char *bytes, size_t length) {
    fprintf(file, "%s ", name);
    write_hex(file, bytes, length);
    fputc('\n', file);
}

static bool write_key(FILE *file, const card_key_t *key) {
    const unsigned char head[KEY_HEAD] = {key->algorithm, key->imported, key->pin_policy,
                                          key->touch_policy};
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->key);
    unsigned char *der = NULL;
    int length = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);

    PKCS8_PRIV_KEY_INFO_free(info);
    if (length <= 0) {
        return false;
    }
    fprintf(file, "key %02x ", key->reference);
    write_hex(file, head, sizeof(head));
    write_hex(file, der, (size_t)length);
    fputc('\n', file);
    OPENSSL_clear_free(der, (size_t)length);
    return true;
}

static bool write_memory(FILE *file, const memory_t *memory) {
    const unsigned char pin_tries[2] = {(unsigned char)memory->pin_tries,
                                        (unsigned char)memory->pin_tries_max};
    const unsigned char puk_tries[2] = {(unsigned char)memory->puk_tries,
                                        (unsigned char)memory->puk_tries_max};
    const unsigned char changed[3] = {memory->pin_changed, memory->puk_changed,
                                      memory->management_changed};
    const unsigned char serial[4] = {
        (unsigned char)(memory->serial >> 24), (unsigned char)(memory->serial >> 16),
        (unsigned char)(memory->serial >> 8), (unsigned char)memory->serial};

    write_line(file, "pin", memory->pin, CARD_PIN);
    write_line(file, "puk", memory->puk, CARD_PIN);
    write_line(file, "pin-tries", pin_tries, sizeof(pin_tries));
    write_line(file, "puk-tries", puk_tries, sizeof(puk_tries));
    write_line(file, "changed", changed, sizeof(changed));
    write_line(file, "serial", serial, sizeof(serial));
    fprintf(file, "management %02x", memory->management_algorithm);
    write_hex(file, memory->management_key,
              card_management_key_length(memory->management_algorithm));
    fputc('\n', file);
    for (size_t i = 0; i < memory->object_count; i++) {
        const card_object_t *object = &memory->objects[i];

        fprintf(file, "object %06x ", object->tag);
        write_hex(file, object->content, object->length);
        fputc('\n', file);
    }
    for (size_t i = 0; i < memory->key_count; i++) {
        if (!write_key(file, &memory->keys[i])) {
            return false;
        }
    }
    return true;
}

bool state_save(card_t *card) {
    char path[4096];
    FILE *file;
    int descriptor;
    bool ok;

    if (card->state_path == NULL) {
        return true;
    }
    if ((size_t)snprintf(path, sizeof(path), "%s.new", card->state_path) >= sizeof(path)) {
        return false;
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (file == NULL) {
        fprintf(stderr, "cardsim: %s: %s\n", path, strerror(errno));
        return false;
    }
    ok = write_memory(file, &card->memory) && fflush(file) == 0 && fdatasync(descriptor) == 0;
    ok = fclose(file) == 0 && ok && rename(path, card->state_path) == 0;
    if (!ok) {
        fprintf(stderr, "cardsim: %s: %s\n", card->state_path, strerror(errno));
    }
    return ok;
}

/* Reading -------------------------------------------------------------------------------------- */

static int nibble(char digit) {
    static const char digits[] = "0123456789abcdef";
    const char *found = digit == '\0' ? NULL : strchr(digits, digit);

    return found == NULL ? -1 : (int)(found - digits);
}

/* In place: the text becomes bytes. */
static bool unhex(char *text, unsigned char **bytes, size_t *length) {
    *bytes = (unsigned char *)text;
    for (*length = 0; text[2 * *length] != '\0'; ++*length) {
        int high = nibble(text[2 * *length]);
        int low = high < 0 ? -1 : nibble(text[2 * *length + 1]);

        if (low < 0) {
            return false;
        }
        (*bytes)[*length] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool read_key(card_t *card, unsigned long reference, const unsigned char *bytes,
                     size_t length) {
    const unsigned char *der = bytes + KEY_HEAD;
    card_key_t key = {.reference = (unsigned char)reference};

    if (length <= KEY_HEAD) {
        return false;
    }
    key.algorithm = bytes[0];
    key.imported = bytes[1] != 0;
    key.pin_policy = bytes[2];
    key.touch_policy = bytes[3];
    key.key = d2i_AutoPrivateKey(NULL, &der, (long)(length - KEY_HEAD));
    return key.key != NULL && card_key_set(card, &key);
}

static bool read_value(card_t *card, const char *name, unsigned long number,
                       const unsigned char *bytes, size_t length) {
    memory_t *memory = &card->memory;

    if (strcmp(name, "object") == 0) {
        return card_object_set(card, (uint32_t)number, bytes, length);
    }
    if (strcmp(name, "key") == 0) {
        return read_key(card, number, bytes, length);
    }
    if (strcmp(name, "pin") == 0 && length == CARD_PIN) {
        memcpy(memory->pin, bytes, CARD_PIN);
        return true;
    }
    if (strcmp(name, "puk") == 0 && length == CARD_PIN) {
        memcpy(memory->puk, bytes, CARD_PIN);
        return true;
    }
    if (strcmp(name, "pin-tries") == 0 && length == 2) {
        memory->pin_tries = bytes[0];
        memory->pin_tries_max = bytes[1];
        return true;
    }
    if (strcmp(name, "puk-tries") == 0 && length == 2) {
        memory->puk_tries = bytes[0];
        memory->puk_tries_max = bytes[1];
        return true;
    }
    if (strcmp(name, "changed") == 0 && length == 3) {
        memory->pin_changed = bytes[0] != 0;
        memory->puk_changed = bytes[1] != 0;
        memory->management_changed = bytes[2] != 0;
        return true;
    }
    if (strcmp(name, "serial") == 0 && length == 4) {
        memory->serial = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                         (uint32_t)bytes[2] << 8 | bytes[3];
        return true;
    }
    if (strcmp(name, "management") == 0 && length > 1 &&
        length - 1 == card_management_key_length(bytes[0])) {
        memory->management_algorithm = bytes[0];
        memcpy(memory->management_key, bytes + 1, length - 1);
        return true;
    }
    return false;
}

static bool read_line(card_t *card, char *line) {
    char *rest = NULL;
    const char *name = strtok_r(line, " \n", &rest);
    const char *second = strtok_r(NULL, " \n", &rest);
    char *third = strtok_r(NULL, " \n", &rest);
    unsigned char *bytes;
    size_t length;

    if (name == NULL || second == NULL ||
        !unhex(third != NULL ? third : (char *)second, &bytes, &length)) {
        return false;
    }
    return read_value(card, name, third == NULL ? 0 : strtoul(second, NULL, 16), bytes, length);
}

bool state_open(card_t *card) {
    FILE *file = fopen(card->state_path, "re");
    char *line = NULL;
    size_t room = 0;
    unsigned number = 0;
    bool ok = true;

    state_blank(card);
    if (file == NULL && errno == ENOENT) {
        return state_save(card);
    }
    if (file == NULL) {
        fprintf(stderr, "cardsim: %s: %s\n", card->state_path, strerror(errno));
        return false;
    }
    while (ok && getline(&line, &room, file) > 0) {
        number++;
        ok = read_line(card, line);
    }
    if (!ok) {
        fprintf(stderr, "cardsim: %s:%u: not understood\n", card->state_path, number);
    }
    free(line);
    fclose(file);
    return ok;
}
