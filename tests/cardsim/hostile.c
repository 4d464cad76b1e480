/* hostile.c: how the card lies. */
#include "hostile.h"
#include "keys.h"
#include "tlv.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/x509.h>

#define INS_GENERATE     0x47
#define INS_AUTHENTICATE 0x87
#define INS_GET_DATA     0xCB

/* xorshift64*: small, and the same everywhere. */
static uint32_t chance(card_t *card) {
    uint64_t *x = &card->settings.seed;

    if (*x == 0) {
        *x = 0x9E3779B97F4A7C15u;
    }
    *x ^= *x >> 12;
    *x ^= *x << 25;
    *x ^= *x >> 27;
    return (uint32_t)((*x * 0x2545F4914F6CDD1Du) >> 32);
}

static bool chosen(card_t *card) {
    const settings_t *settings = &card->settings;

    if (settings->hostile[0] == '\0') {
        return false;
    }
    if (settings->hostile_at > 0) {
        return card->commands == settings->hostile_at;
    }
    return chance(card) % settings->hostile_every == 0;
}

static void garbage(card_t *card, bytes_t *to, size_t length) {
    to->length = length > CARD_BYTES ? CARD_BYTES : length;
    for (size_t i = 0; i < to->length; i++) {
        to->data[i] = (unsigned char)chance(card);
    }
}

/* A key that is not its own: signs, decrypts or is shown in place of the real one. */
static EVP_PKEY *foreign_key(unsigned char algorithm) {
    return card_key_make(algorithm == 0 ? ALGORITHM_P256 : algorithm);
}

static void wrap(bytes_t *content, uint32_t tag, const bytes_t *inner) {
    content->length = 0;
    tlv_append(content, tag, inner->data, inner->length);
}

static void show_foreign_key(card_t *card, const command_t *command, bytes_t *content) {
    const card_key_t *own = card_key(card, command->p2);
    bytes_t *inner = calloc(1, sizeof(*inner));
    EVP_PKEY *key = own == NULL ? NULL : foreign_key(own->algorithm);

    if (inner != NULL && key != NULL) {
        card_key_append_public(inner, key, own->algorithm);
        wrap(content, 0x7F49, inner);
    }
    EVP_PKEY_free(key);
    free(inner);
}

/* The input of the command, for the foreign key in place of the card's. */
static bool use_foreign_key(EVP_PKEY *key, const command_t *command, bytes_t *result) {
    tlv_t template, input;

    if (!tlv_find(command->data, command->length, 0x7C, &template)) {
        return false;
    }
    if (tlv_find(template.value, template.length, 0x85, &input)) {
        return card_key_ecdh(key, input.value, input.length, result);
    }
    if (!tlv_find(template.value, template.length, 0x81, &input)) {
        return false;
    }
    return card_algorithm_is_rsa(command->p1)
               ? card_key_rsa(key, input.value, input.length, result)
               : card_key_ecdsa(key, input.value, input.length, result);
}

static void answer_with_foreign_key(const command_t *command, bytes_t *content) {
    EVP_PKEY *key = foreign_key(command->p1);
    bytes_t *result = calloc(1, sizeof(*result)), *inner = calloc(1, sizeof(*inner));

    if (key != NULL && result != NULL && inner != NULL && use_foreign_key(key, command, result)) {
        tlv_append(inner, 0x82, result->data, result->length);
        wrap(content, 0x7C, inner);
    }
    EVP_PKEY_free(key);
    free(result);
    free(inner);
}

/* A well-formed certificate of a key that is nobody's. */
static int make_certificate(unsigned char **der) {
    EVP_PKEY *key = foreign_key(ALGORITHM_P256);
    X509 *certificate = X509_new();
    int length = -1;

    if (key != NULL && certificate != NULL && X509_set_version(certificate, 2) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600 * 24) != NULL &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                   (const unsigned char *)"another", -1, -1, 0) == 1 &&
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
        X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0) {
        length = i2d_X509(certificate, der);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return length;
}

static void show_foreign_certificate(sw_t *sw, bytes_t *content) {
    static const unsigned char uncompressed[] = {0x71, 0x01, 0x00, 0xFE, 0x00};
    unsigned char *der = NULL;
    int length = make_certificate(&der);
    bytes_t *inner = calloc(1, sizeof(*inner));

    if (length > 0 && inner != NULL) {
        tlv_append(inner, 0x70, der, (size_t)length);
        bytes_append(inner, uncompressed, sizeof(uncompressed));
        wrap(content, 0x53, inner);
        *sw = SW_OK;
    }
    OPENSSL_free(der);
    free(inner);
}

static bool asks_for_certificate(const command_t *command) {
    const unsigned char *tag = command->data + 2;

    return command->ins == INS_GET_DATA && command->length == 5 && tag[0] == 0x5F &&
           tag[1] == 0xC1 &&
           (tag[2] == 0x01 || tag[2] == 0x05 || tag[2] == 0x0A || tag[2] == 0x0B ||
            (tag[2] >= 0x0D && tag[2] <= 0x20));
}

/* Lengths that reach beyond, tags without values, templates in templates. */
static void garbage_template(card_t *card, bytes_t *content) {
    static const unsigned char tags[] = {0x53, 0x70, 0x7C, 0x61, 0x4F,
                                         0x7F, 0x49, 0x5F, 0x1F, 0x30};
    static const unsigned char lengths[] = {0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x83, 0x84, 0xFF};
    size_t length = 2 + chance(card) % 300;

    garbage(card, content, length);
    for (size_t i = 0; i + 1 < length; i += 2 + chance(card) % 7) {
        content->data[i] = tags[chance(card) % sizeof(tags)];
        content->data[i + 1] = lengths[chance(card) % sizeof(lengths)];
    }
}

static const char *kind_of(card_t *card) {
    static const char *const kinds[] = {"bytes", "length",  "tlv",         "status", "short",
                                        "long",  "endless", "certificate", "key"};

    if (strcmp(card->settings.hostile, "any") == 0) {
        return kinds[chance(card) % (sizeof(kinds) / sizeof(kinds[0]))];
    }
    return card->settings.hostile;
}

static void answer_without_end(card_t *card, bytes_t *answer) {
    static const unsigned char more[2] = {0x61, 0xFF};

    garbage(card, answer, 255);
    bytes_append(answer, more, sizeof(more));
}

bool hostile_begin(card_t *card, bytes_t *answer) {
    if (card->endless) {
        answer_without_end(card, answer);
        return true;
    }
    card->lie = chosen(card) ? kind_of(card) : NULL;
    return false;
}

void hostile_content(card_t *card, const command_t *command, sw_t *sw, bytes_t *content) {
    const char *kind = card->lie;

    if (kind == NULL) {
        return;
    }
    if (strcmp(kind, "tlv") == 0) {
        garbage_template(card, content);
        *sw = SW_OK;
    } else if (strcmp(kind, "certificate") == 0 && asks_for_certificate(command)) {
        show_foreign_certificate(sw, content);
    } else if (strcmp(kind, "key") == 0 && *sw == SW_OK && command->ins == INS_GENERATE) {
        show_foreign_key(card, command, content);
    } else if (strcmp(kind, "key") == 0 && *sw == SW_OK && command->ins == INS_AUTHENTICATE &&
               command->p2 != KEY_MANAGEMENT) {
        answer_with_foreign_key(command, content);
    }
}

static void change_bytes(card_t *card, bytes_t *answer) {
    for (uint32_t count = 1 + chance(card) % 4; count > 0 && answer->length > 0; count--) {
        answer->data[chance(card) % answer->length] ^= (unsigned char)(1 + chance(card) % 255);
    }
}

/* The status word stays, what stands before it becomes longer or shorter. */
static void change_length(card_t *card, bytes_t *answer) {
    unsigned char sw[2] = {0x90, 0x00};
    size_t data = answer->length < 2 ? 0 : answer->length - 2, wanted = chance(card) % 256;

    memcpy(sw, answer->data + data, answer->length < 2 ? 0 : 2);
    for (; data < wanted; data++) {
        answer->data[data] = (unsigned char)chance(card);
    }
    answer->length = wanted;
    bytes_append(answer, sw, sizeof(sw));
}

void hostile_answer(card_t *card, bytes_t *answer) {
    const char *kind = card->lie;

    card->lie = NULL;
    if (kind == NULL) {
        return;
    }
    if (strcmp(kind, "bytes") == 0) {
        change_bytes(card, answer);
    } else if (strcmp(kind, "length") == 0) {
        change_length(card, answer);
    } else if (strcmp(kind, "status") == 0) {
        garbage(card, answer, 2);
    } else if (strcmp(kind, "short") == 0) {
        garbage(card, answer, 1);
    } else if (strcmp(kind, "long") == 0) {
        garbage(card, answer, 300 + chance(card) % (CARD_BYTES - 300));
    } else if (strcmp(kind, "endless") == 0) {
        card->endless = true;
        answer_without_end(card, answer);
    }
}
