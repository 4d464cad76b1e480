/* apdu.c: reading a command, command chaining, dispatch, GET RESPONSE, SELECT. */
#include "apdu.h"
#include "authenticate.h"
#include "hostile.h"
#include "keys.h"
#include "objects.h"
#include "pin.h"
#include "tlv.h"
#include "yubico.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#define INS_GENERATE     0x47
#define INS_SELECT       0xA4
#define INS_GET_RESPONSE 0xC0
#define INS_AUTHENTICATE 0x87
#define CLA_CHAINING     0x10

static sw_t select_application(card_t *card, const command_t *command, bytes_t *answer);

typedef struct row {
    unsigned char ins;
    bool chaining; /* SP 800-73-4 part 2, table 2 */
    bool yubico;
    sw_t (*run)(card_t *card, const command_t *command, bytes_t *answer);
} row_t;

static const row_t rows[] = {
    {0x20, false, false, card_verify},
    {0x24, false, false, card_change_reference_data},
    {0x2C, false, false, card_reset_retry_counter},
    {INS_GENERATE, true, false, card_generate},
    {INS_AUTHENTICATE, true, false, card_general_authenticate},
    {INS_SELECT, false, false, select_application},
    {0xCB, false, false, card_get_data},
    {0xDB, true, false, card_put_data},
    {0xF7, false, true, card_yubico_metadata},
    {0xF8, false, true, card_yubico_serial},
    {0xFA, false, true, card_yubico_set_tries},
    {0xFB, false, true, card_yubico_reset},
    {0xFD, false, true, card_yubico_version},
    {0xFE, true, true, card_yubico_import},
    {0xFF, false, true, card_yubico_set_management_key},
};

static const row_t *row_of(const card_t *card, unsigned char ins) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].ins == ins && (card->settings.yubico || !rows[i].yubico)) {
            return &rows[i];
        }
    }
    return NULL;
}

void card_power(card_t *card) {
    OPENSSL_cleanse(&card->session, sizeof(card->session));
    card->session.selected = card->settings.default_selected;
    card->endless = false;
}

/* ISO/IEC 7816-4, 5.2: the cases 1 to 4, short and extended. */
static sw_t read_command(const card_t *card, const unsigned char *apdu, size_t length,
                         command_t *command) {
    const unsigned char *body = apdu + 4;
    size_t left = length - 4, width = 1;

    if (length < 4) {
        return SW_WRONG_LENGTH;
    }
    memset(command, 0, sizeof(*command));
    command->cla = apdu[0];
    command->ins = apdu[1];
    command->p1 = apdu[2];
    command->p2 = apdu[3];
    if (left == 0) {
        return SW_OK;
    }
    if (body[0] == 0 && left > 1) {
        if (card->settings.transfer == TRANSFER_CHAINING || left < 3) {
            return SW_WRONG_LENGTH;
        }
        command->extended = true;
        width = 2;
        body++;
        left--;
    }
    if (left > width) {
        command->length = width == 1 ? body[0] : (size_t)body[0] << 8 | body[1];
        command->data = body + width;
        if (command->length == 0 || left - width < command->length) {
            return SW_WRONG_LENGTH;
        }
        body += width + command->length;
        left -= width + command->length;
    }
    if (left == 0) {
        return SW_OK;
    }
    if (left != width) {
        return SW_WRONG_LENGTH;
    }
    command->le = width == 1 ? body[0] : (size_t)body[0] << 8 | body[1];
    if (command->le == 0) {
        command->le = width == 1 ? 256 : 65536;
    }
    return SW_OK;
}

static sw_t check_class(const command_t *command) {
    unsigned char cla = command->cla & (unsigned char)~CLA_CHAINING;

    if (cla == 0) {
        return SW_OK;
    }
    if (cla == 0x0C) {
        return SW_NO_SECURE_MESSAGING;
    }
    return (cla & 0xF0) == 0 || (cla & 0xC0) == 0x40 ? SW_NO_CHANNEL : SW_WRONG_CLA;
}

/* SELECT --------------------------------------------------------------------------------------- */

static const unsigned char piv_aid[] = {0xA0, 0x00, 0x00, 0x03, 0x08, 0x00,
                                        0x00, 0x10, 0x00, 0x01, 0x00};

static void forget_security_status(card_t *card) {
    card->session.pin_verified = false;
    card->session.pin_just_verified = false;
    card->session.management_authenticated = false;
}

/* The application property template, SP 800-73-4 part 2, table 3. */
static void append_property_template(bytes_t *answer) {
    static const char label[] = "PIV test card";
    bytes_t *template = calloc(1, sizeof(*template));
    unsigned char authority[7] = {0x4F, 0x05};

    if (template == NULL) {
        abort();
    }
    memcpy(authority + 2, piv_aid, 5);
    tlv_append(template, 0x4F, piv_aid + 5, sizeof(piv_aid) - 5);
    tlv_append(template, 0x79, authority, sizeof(authority));
    tlv_append(template, 0x50, label, sizeof(label) - 1);
    tlv_append(answer, 0x61, template->data, template->length);
    free(template);
}

static sw_t select_application(card_t *card, const command_t *command, bytes_t *answer) {
    if (command->p1 != 0x04 || command->p2 != 0x00) {
        return SW_WRONG_P1P2;
    }
    if (command->length < card->settings.shortest_aid || command->length > sizeof(piv_aid) ||
        memcmp(command->data, piv_aid, command->length) != 0) {
        return SW_NOT_FOUND;
    }
    if (!card->session.selected || !card->settings.reselect_keeps) {
        forget_security_status(card);
    }
    card->session.selected = true;
    append_property_template(answer);
    return SW_OK;
}

/* Dispatch ------------------------------------------------------------------------------------- */

static bool continues_chain(const card_t *card, const command_t *command) {
    return card->session.chaining &&
           card->session.chain_head[0] == (command->cla & (unsigned char)~CLA_CHAINING) &&
           card->session.chain_head[1] == command->ins &&
           card->session.chain_head[2] == command->p1 && card->session.chain_head[3] == command->p2;
}

static void start_chain(card_t *card, const command_t *command) {
    card->session.chaining = true;
    card->session.chain_head[0] = command->cla & (unsigned char)~CLA_CHAINING;
    card->session.chain_head[1] = command->ins;
    card->session.chain_head[2] = command->p1;
    card->session.chain_head[3] = command->p2;
    card->session.chain.length = 0;
}

static void forget_chain(card_t *card) {
    card->session.chaining = false;
    OPENSSL_cleanse(card->session.chain.data, card->session.chain.length);
    card->session.chain.length = 0;
}

static sw_t append_to_chain(card_t *card, const command_t *command) {
    if (command->length > CARD_BYTES - card->session.chain.length) {
        forget_chain(card);
        return SW_NO_MEMORY;
    }
    bytes_append(&card->session.chain, command->data, command->length);
    return SW_OK;
}

static void forget_immediate_pin(card_t *card) {
    if (card->settings.pin_always_immediate) {
        card->session.pin_just_verified = false;
    }
}

/* What only the command immediately before can have left: a PIN for 9C, a challenge, the start of a
 * chain. */
static void forget_what_is_not_continued(card_t *card, const command_t *command) {
    bool management = command->ins == INS_AUTHENTICATE && command->p2 == KEY_MANAGEMENT;

    if (card->session.chaining && !continues_chain(card, command)) {
        forget_chain(card);
    }
    if (command->ins != INS_AUTHENTICATE) {
        forget_immediate_pin(card);
    }
    if (!management) {
        card->session.asked = NOTHING_ASKED;
    }
    card->session.rest.length = card->session.rest_at = 0;
}

static sw_t dispatch(card_t *card, command_t *command, bytes_t *answer) {
    const row_t *row = row_of(card, command->ins);
    sw_t sw;

    if (row == NULL || (!card->session.selected && command->ins != INS_SELECT)) {
        return SW_WRONG_INS;
    }
    if (command->cla & CLA_CHAINING) {
        if (!row->chaining || card->settings.transfer == TRANSFER_EXTENDED) {
            return SW_NO_CHAINING;
        }
        if (!card->session.chaining) {
            start_chain(card, command);
        }
        return append_to_chain(card, command);
    }
    if (!card->session.chaining) {
        return row->run(card, command, answer);
    }
    sw = append_to_chain(card, command);
    if (sw == SW_OK) {
        command->data = card->session.chain.data;
        command->length = card->session.chain.length;
        sw = row->run(card, command, answer);
    }
    forget_chain(card);
    return sw;
}

/* Answering ------------------------------------------------------------------------------------ */

static void append_sw(bytes_t *answer, sw_t sw) {
    const unsigned char bytes[2] = {(unsigned char)(sw >> 8), (unsigned char)sw};

    bytes_append(answer, bytes, sizeof(bytes));
}

/* As much of what is left as the host asked for; 61xx says that there is more. */
static void answer_part(card_t *card, const command_t *command, sw_t sw, bytes_t *answer) {
    bytes_t *rest = &card->session.rest;
    size_t left = rest->length - card->session.rest_at;
    size_t part = command->le;

    if (part == 0 && card->settings.answers_without_le) {
        part = card->settings.response_block;
    }
    if (!command->extended && part > card->settings.response_block) {
        part = card->settings.response_block;
    }
    if (part > left) {
        part = left;
    }
    bytes_append(answer, rest->data + card->session.rest_at, part);
    card->session.rest_at += part;
    left -= part;
    if (left > 0 && card->settings.transfer == TRANSFER_EXTENDED) {
        answer->length = 0;
        sw = SW_WRONG_LENGTH;
    } else if (left > 0) {
        sw = (sw_t)(SW_MORE | (left > 0xFF ? 0x00 : left));
    }
    append_sw(answer, sw);
}

/* Cards of T=0 want Le of GET RESPONSE to be what 61xx said. */
static void get_response(card_t *card, const command_t *command, bytes_t *answer) {
    size_t left = card->session.rest.length - card->session.rest_at;

    if (command->p1 != 0 || command->p2 != 0) {
        append_sw(answer, SW_WRONG_P1P2);
    } else if (left == 0) {
        append_sw(answer, SW_CONDITIONS);
    } else if (card->settings.le_must_fit && command->le > left) {
        append_sw(answer, (sw_t)(SW_WRONG_LE | left));
    } else {
        answer_part(card, command, SW_OK, answer);
    }
}

void card_run(card_t *card, const unsigned char *apdu, size_t length, bytes_t *answer) {
    command_t command;
    sw_t sw;

    card->commands++;
    answer->length = 0;
    if (hostile_begin(card, answer)) {
        return;
    }
    sw = read_command(card, apdu, length, &command);
    if (sw == SW_OK) {
        sw = check_class(&command);
    }
    if (sw != SW_OK) {
        append_sw(answer, sw);
    } else if (command.ins == INS_GET_RESPONSE) {
        get_response(card, &command, answer);
    } else {
        forget_what_is_not_continued(card, &command);
        sw = dispatch(card, &command, &card->session.rest);
        if (command.ins == INS_AUTHENTICATE && !card->session.chaining) {
            forget_immediate_pin(card);
        }
        hostile_content(card, &command, &sw, &card->session.rest);
        if (sw != SW_OK) {
            card->session.rest.length = 0;
        }
        answer_part(card, &command, sw, answer);
    }
    hostile_answer(card, answer);
}

unsigned card_delay(const card_t *card, const unsigned char *apdu, size_t length) {
    if (length >= 4 && apdu[0] == 0x00 && apdu[1] == INS_GENERATE) {
        return card->settings.command_ms + card->settings.generate_ms;
    }
    return card->settings.command_ms;
}
