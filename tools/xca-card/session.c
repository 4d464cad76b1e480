#include "session.h"

#include <stdio.h>
#include <string.h>
#include "platform.h"

#define SIGNATURE_MAX 1024
#define PROOF_MAX     4096
#define RETRY_MS      1000

time_t session_time(const char *text) {
    struct tm utc;
    int field[6], i, at = 0;
    static const int digits[6] = {4, 2, 2, 2, 2, 2};

    if (strlen(text) != 16 || text[8] != 'T' || text[15] != 'Z') {
        return -1;
    }
    for (i = 0; i < 6; i++) {
        int left = digits[i];

        at += text[at] == 'T';
        for (field[i] = 0; left > 0; left--, at++) {
            if (text[at] < '0' || text[at] > '9') {
                return -1;
            }
            field[i] = field[i] * 10 + text[at] - '0';
        }
    }
    memset(&utc, 0, sizeof(utc));
    utc.tm_year = field[0] - 1900;
    utc.tm_mon = field[1] - 1;
    utc.tm_mday = field[2];
    utc.tm_hour = field[3];
    utc.tm_min = field[4];
    utc.tm_sec = field[5];
    return platform_utc(&utc);
}

fault_t *session_read_proof(unsigned char seal_key[XCA_SEAL_KEY], chain_t *chain, view_t proof,
                            time_t now) {
    unsigned char signature[SIGNATURE_MAX];
    char storage[PROOF_MAX];
    size_t text_length = 0, signature_length = sizeof(signature);
    xca_seal_key_proof_t fields;
    bytes_t key = {NULL, 0, 0};
    view_t text = {proof.data, 0}, signed_by = {signature, 0};
    fault_t *fault;

    if (proof.length == 0 || proof.length > PROOF_MAX ||
        !xca_card_envelope_split((const char *)proof.data, proof.length, &text_length, signature,
                                 &signature_length) ||
        !xca_lines_read(&fields, storage, XCA_SEAL_KEY_FIRST, xca_seal_key_proof_fields,
                        (const char *)proof.data, text_length) ||
        fields.key == NULL || fields.issued == NULL || fields.until == NULL) {
        return fault_make(T_PORTAL_NONSENSE, NULL, "sealing key");
    }
    text.length = text_length;
    signed_by.length = signature_length;
    fault = chain_vouched(chain, text, signed_by, now);
    if (fault == NULL && session_time(fields.until) < now) {
        fault = fault_make(T_PORTAL_NOT_TRUSTED, NULL, "the sealing key ended %s", fields.until);
    }
    if (fault == NULL && (!base64_read(&key, fields.key) || key.length != XCA_SEAL_KEY)) {
        fault = fault_make(T_PORTAL_NONSENSE, NULL, "sealing key");
    }
    if (fault == NULL) {
        memcpy(seal_key, key.data, XCA_SEAL_KEY);
    }
    bytes_free(&key);
    return fault;
}

/* A nonce for the next message, and the signer's key again: it may have been renewed. */
static fault_t *refresh(session_t *session) {
    service_session_t given;
    chain_t *chain = NULL;
    time_t now = time(NULL);
    fault_t *fault;

    memset(&given, 0, sizeof(given));
    fault = service_get_session(&session->service, &given);
    if (fault == NULL) {
        fault = chain_open(&chain, session->helper->settings->ca_file, bytes_view(&given.chain));
    }
    if (fault == NULL) {
        fault = session_read_proof(session->seal_key, chain, bytes_view(&given.proof), now);
    }
    if (fault == NULL) {
        chain_free(session->chain);
        session->chain = chain;
        chain = NULL;
        memcpy(session->nonce, given.nonce, sizeof(session->nonce));
        memcpy(session->issued, given.issued, sizeof(session->issued));
    }
    chain_free(chain);
    service_session_free(&given);
    return fault;
}

/* A portal that is away for a moment may come back. */
static fault_t *refresh_patiently(session_t *session, double patience) {
    double until = platform_clock() + patience;

    for (;;) {
        fault_t *fault = refresh(session);

        if (!fault_is(fault, T_PORTAL_UNREACHABLE) || platform_clock() >= until) {
            return fault;
        }
        fault_drop(fault);
        platform_sleep_ms(RETRY_MS);
    }
}

fault_t *session_open(session_t *session, const helper_t *helper) {
    fault_t *fault;

    memset(session, 0, sizeof(*session));
    session->helper = helper;
    session->service.settings = helper->settings;
    session->service.language = helper->language;
    fault = refresh(session);
    if (fault != NULL) {
        session_close(session);
    }
    return fault;
}

void session_close(session_t *session) {
    chain_free(session->chain);
    session->chain = NULL;
}

/* Keys and texts of one message under way; wiped after it. */
typedef struct letter {
    xca_card_message_t message;
    unsigned char own_public[XCA_SEAL_KEY], own_private[XCA_SEAL_KEY];
    bytes_t helper_key, sealed, envelope;
} letter_t;

static fault_t *seal_content(letter_t *letter, const session_t *session, view_t content) {
    const xca_card_message_t *message = &letter->message;
    bytes_t sealed = {NULL, 0, 0};
    char binding[XCA_CARD_BINDING_MAX];
    size_t binding_length = xca_card_binding(binding, message);
    int done;

    bytes_add(&sealed, content.data, content.length);
    for (done = 0; done < XCA_SEAL_OVERHEAD; done++) {
        bytes_add_byte(&sealed, 0);
    }
    done = binding_length > 0 &&
           xca_seal(sealed.data, content.data, content.length, session->seal_key, XCA_CARD_CODE_INFO,
                    (const unsigned char *)binding, binding_length);
    if (done) {
        base64_write(&letter->sealed, bytes_view(&sealed));
        letter->message.sealed = bytes_text(&letter->sealed);
    }
    bytes_free(&sealed);
    return done ? NULL : fault_make(T_INTERNAL, NULL, "sealing");
}

static fault_t *write_letter(letter_t *letter, const session_t *session, const view_t *content,
                             const sender_t *sender) {
    char text[XCA_CARD_MESSAGE_MAX];
    view_t own = {letter->own_public, XCA_SEAL_KEY}, written = {(const unsigned char *)text, 0};
    fault_t *fault = NULL;

    letter->message.nonce = session->nonce;
    letter->message.issued = session->issued;
    if (!xca_seal_keypair(letter->own_public, letter->own_private)) {
        return fault_make(T_INTERNAL, NULL, "key pair");
    }
    base64_write(&letter->helper_key, own);
    letter->message.helper_key = bytes_text(&letter->helper_key);
    if (content != NULL) {
        fault = seal_content(letter, session, *content);
    }
    if (fault != NULL) {
        return fault;
    }
    written.length = xca_lines_write(text, sizeof(text), XCA_CARD_FIRST, xca_card_message_fields,
                                     &letter->message);
    if (written.length == 0) {
        return fault_make(T_MESSAGE_FORM, NULL, "%s", letter->message.operation);
    }
    return sender->seal_up(sender->baton, written, &letter->envelope);
}

/* What the message named and the reply names is the same. */
static int same(const char *asked, const char *answered) {
    return asked == NULL || answered == NULL || strcmp(asked, answered) == 0;
}

/* An answer without the signer's reply is the portal's alone, and worth nothing. */
static fault_t *open_reply(reply_t *reply, const letter_t *letter, const session_t *session,
                           const bytes_t *sealed) {
    bytes_t text = {NULL, 0, 0};
    char binding[XCA_CARD_BINDING_MAX];
    size_t binding_length = xca_card_binding(binding, &letter->message);
    int right = 0;

    if (sealed->length > XCA_SEAL_OVERHEAD && sealed->length <= XCA_CARD_MESSAGE_MAX + XCA_SEAL_OVERHEAD) {
        bytes_add(&text, sealed->data, sealed->length);
        bytes_add(&reply->storage, sealed->data, sealed->length);
        right = xca_unseal_auth(text.data, sealed->data, sealed->length, letter->own_private,
                                session->seal_key, XCA_CARD_REPLY_INFO,
                                (const unsigned char *)binding, binding_length) &&
                xca_lines_read(&reply->fields, (char *)reply->storage.data, XCA_REPLY_FIRST,
                               xca_card_reply_fields, (const char *)text.data,
                               sealed->length - XCA_SEAL_OVERHEAD);
    }
    bytes_free(&text);
    right = right && same(letter->message.card, reply->fields.card) &&
            same(letter->message.case_number, reply->fields.case_number);
    if (!right) {
        reply_free(reply);
        return fault_make(T_PORTAL_NOT_TRUSTED, NULL, "no reply of the signer's");
    }
    return NULL;
}

static fault_t *denied(const session_t *session, const service_answer_t *answer) {
    const talk_t *talk = session->helper->talk;
    char number[16];

    if (answer->tries_left >= 0) {
        snprintf(number, sizeof(number), "%d", answer->tries_left);
        talk->say(talk->baton, T_CODE_TRIES_LEFT, number);
    }
    return fault_make(T_DENIED, answer->message[0] != '\0' ? answer->message : answer->answer, "%s",
                      answer->answer);
}

static fault_t *send_letter(letter_t *letter, session_t *session, const view_t *content,
                            const sender_t *sender, double patience, reply_t *reply) {
    service_answer_t answer;
    fault_t *fault = write_letter(letter, session, content, sender);

    if (fault != NULL) {
        return fault;
    }
    memset(&answer, 0, sizeof(answer));
    fault = service_send(&session->service, session->nonce, bytes_view(&letter->envelope), patience, &answer);
    if (fault == NULL && answer.state == SERVICE_DENIED) {
        fault = denied(session, &answer);
    } else if (fault == NULL) {
        fault = open_reply(reply, letter, session, &answer.reply);
    }
    service_answer_free(&answer);
    return fault;
}

fault_t *session_send(session_t *session, const xca_card_message_t *message, const view_t *content,
                      const sender_t *sender, double patience, reply_t *reply) {
    letter_t letter;
    fault_t *fault = refresh_patiently(session, patience);

    memset(reply, 0, sizeof(*reply));
    memset(&letter, 0, sizeof(letter));
    letter.message = *message;
    if (fault == NULL) {
        fault = send_letter(&letter, session, content, sender, patience, reply);
    }
    bytes_free(&letter.helper_key);
    bytes_free(&letter.sealed);
    bytes_free(&letter.envelope);
    wipe(&letter, sizeof(letter));
    return fault;
}

void reply_free(reply_t *reply) {
    bytes_free(&reply->storage);
    memset(reply, 0, sizeof(*reply));
}

fault_t *session_envelope_signed(const signer_t *signer, view_t text, bytes_t *envelope) {
    char joined[XCA_CARD_ENVELOPE_MAX];
    unsigned char digest[PIV_SHA256];
    bytes_t signature = {NULL, 0, 0};
    size_t length = 0;
    fault_t *fault = crypto_sha256(digest, text);

    if (fault == NULL) {
        fault = signer_sign(signer, digest, &signature);
    }
    if (fault == NULL) {
        memcpy(joined, text.data, text.length <= sizeof(joined) ? text.length : 0);
        length = xca_card_envelope_join(joined, sizeof(joined), text.length, signature.data,
                                        signature.length);
        if (length == 0) {
            fault = fault_make(T_MESSAGE_FORM, NULL, "envelope");
        }
    }
    if (fault == NULL) {
        bytes_set(envelope, joined, length);
    }
    bytes_free(&signature);
    return fault;
}
