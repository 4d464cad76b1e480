/* card.h: the simulated card: what it keeps, what it knows only while it has power, and its
 * settings.
 *
 * One card_t is one PIV card (NIST SP 800-73-4). All commands run on it one after the other; the
 * program around it (link.c) carries bytes. Nothing here needs APR; OpenSSL's libcrypto does the
 * cryptography. */
#ifndef CARDSIM_CARD_H
#define CARDSIM_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <openssl/evp.h>

/* The longest command data and answer: the facial image (12,710 bytes) is the largest container. */
#define CARD_BYTES   16384
#define CARD_OBJECTS 64
#define CARD_KEYS    32
#define CARD_PIN     8
#define CARD_MAX_ATR 33

typedef struct bytes {
    size_t length;
    unsigned char data[CARD_BYTES];
} bytes_t;

/* Status words, SP 800-73-4 part 2, table 6. */
typedef uint16_t sw_t;
#define SW_OK                  0x9000
#define SW_MORE                0x6100
#define SW_TRIES               0x63C0
#define SW_WRONG_LENGTH        0x6700
#define SW_NO_CHANNEL          0x6881
#define SW_NO_SECURE_MESSAGING 0x6882
#define SW_NO_CHAINING         0x6884
#define SW_SECURITY_STATUS     0x6982
#define SW_BLOCKED             0x6983
#define SW_CONDITIONS          0x6985
#define SW_WRONG_DATA          0x6A80
#define SW_NOT_SUPPORTED       0x6A81
#define SW_NOT_FOUND           0x6A82
#define SW_NO_MEMORY           0x6A84
#define SW_WRONG_P1P2          0x6A86
#define SW_NO_REFERENCE        0x6A88
#define SW_WRONG_LE            0x6C00
#define SW_WRONG_INS           0x6D00
#define SW_WRONG_CLA           0x6E00
#define SW_INTERNAL            0x6F00

/* Key references and algorithms, SP 800-78-4, tables 6-1 and 6-2. */
#define KEY_AUTHENTICATION 0x9A
#define KEY_MANAGEMENT     0x9B
#define KEY_SIGNATURE      0x9C
#define KEY_ENCRYPTION     0x9D
#define KEY_CARD           0x9E
#define KEY_RETIRED_FIRST  0x82
#define KEY_RETIRED_LAST   0x95
#define KEY_ATTESTATION    0xF9
#define REFERENCE_PIN      0x80
#define REFERENCE_PUK      0x81

#define ALGORITHM_3DES    0x03
#define ALGORITHM_RSA3072 0x05
#define ALGORITHM_RSA1024 0x06
#define ALGORITHM_RSA2048 0x07
#define ALGORITHM_AES128  0x08
#define ALGORITHM_AES192  0x0A
#define ALGORITHM_AES256  0x0C
#define ALGORITHM_P256    0x11
#define ALGORITHM_P384    0x14

typedef enum { TRANSFER_CHAINING, TRANSFER_EXTENDED, TRANSFER_BOTH } transfer_t;
typedef enum { BLOCKED_STANDARD, BLOCKED_6983, BLOCKED_63C0 } blocked_t;
typedef enum { AUTHENTICATION_BOTH, AUTHENTICATION_MUTUAL, AUTHENTICATION_SINGLE } authentication_t;

/* What real cards differ in. settings.c has the names, the defaults and what each means. */
typedef struct settings {
    unsigned char atr[CARD_MAX_ATR];
    size_t atr_length; /* 0: made from transfer */
    bool mute;
    transfer_t transfer;
    unsigned response_block;
    bool answers_without_le;
    bool le_must_fit;
    bool default_selected;
    unsigned shortest_aid;
    bool reselect_keeps;
    unsigned char pin[CARD_PIN], puk[CARD_PIN];
    unsigned pin_tries, puk_tries;
    bool pin_digits;
    bool pin_format_counts;
    blocked_t blocked;
    bool pin_always_immediate;
    bool change_puk;         /* by CHANGE REFERENCE DATA: the standard leaves it to the card */
    bool reset_restores_puk; /* tries after a successful RESET RETRY COUNTER: likewise */
    unsigned char management_algorithm;
    unsigned char management_key[32];
    authentication_t management_authentication;
    unsigned char algorithms[8];
    size_t algorithm_count;
    bool key_usage_strict;
    unsigned generate_ms, command_ms;
    unsigned container_size; /* 0: the capacities of SP 800-73-4 part 1, table 7 */
    unsigned memory;         /* 0: no limit */
    bool empty_object_is_answered;
    bool discovery;
    bool yubico;
    unsigned char yubico_version[3];
    uint32_t serial;
    char hostile[32];
    unsigned hostile_at, hostile_every;
    uint64_t seed;
} settings_t;

typedef struct card_object {
    uint32_t tag;
    size_t length;
    unsigned char *content;
} card_object_t;

typedef struct card_key {
    unsigned char reference, algorithm;
    bool imported;
    unsigned char pin_policy; /* 0: that of the reference; 1 never, 2 once, 3 always (Yubico) */
    unsigned char touch_policy;
    EVP_PKEY *key;
} card_key_t;

/* Persistent: in the state file. */
typedef struct memory {
    unsigned char pin[CARD_PIN], puk[CARD_PIN];
    unsigned pin_tries, puk_tries;         /* left */
    unsigned pin_tries_max, puk_tries_max; /* after a success */
    bool pin_changed, puk_changed;
    unsigned char management_algorithm;
    unsigned char management_key[32];
    bool management_changed;
    uint32_t serial;
    card_object_t objects[CARD_OBJECTS];
    size_t object_count;
    card_key_t keys[CARD_KEYS];
    size_t key_count;
} memory_t;

/* Volatile: gone with the power. */
typedef struct session {
    bool selected;
    bool pin_verified;
    bool pin_just_verified; /* by the command immediately before */
    bool management_authenticated;
    enum { NOTHING_ASKED, WITNESS_ASKED, CHALLENGE_ASKED } asked;
    unsigned char asked_block[16];
    bool chaining;
    unsigned char chain_head[4];
    bytes_t chain;
    bytes_t rest; /* of an answer, for GET RESPONSE */
    size_t rest_at;
} session_t;

typedef struct card {
    settings_t settings;
    memory_t memory;
    session_t session;
    char *state_path; /* NULL: nothing is kept */
    FILE *log;        /* NULL: no log */
    uint64_t commands;
    const char *lie; /* hostile: how this command is lied to; NULL: it is not */
    bool endless;    /* hostile: GET RESPONSE never ends */
} card_t;

typedef struct command {
    unsigned char cla, ins, p1, p2;
    const unsigned char *data;
    size_t length;
    size_t le; /* 0: none */
    bool extended;
} command_t;

#endif
