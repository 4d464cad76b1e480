#include "wire/card_message.h"

#include <stdio.h>
#include <string.h>
#include <openssl/evp.h>

#define MESSAGE(member) offsetof(xca_card_message_t, member)
#define REPLY(member)   offsetof(xca_card_reply_t, member)
#define CONTACT(member) offsetof(xca_card_contact_t, member)
#define PROOF(member)   offsetof(xca_seal_key_proof_t, member)
#define END             {NULL, 0, 0, 0, XCA_LINE_WORD}

#define KEY_BASE64         44 /* 32 bytes */
#define REQUEST_BASE64_MAX 4096
#define CERT_BASE64_MAX    6144
#define SEALED_MAX         12288 /* a whole contact: XCA_CONTACT_MAX and what sealing adds */
#define QUEUE_MAX          16384

const xca_line_field_t xca_card_message_fields[] = {
    {"operation", MESSAGE(operation), 1, 20, XCA_LINE_WORD},
    {"nonce", MESSAGE(nonce), 32, 32, XCA_LINE_HEX},
    {"issued", MESSAGE(issued), 16, 16, XCA_LINE_TIME},
    {"card", MESSAGE(card), 16, 16, XCA_LINE_CARD},
    {"case", MESSAGE(case_number), 25, 25, XCA_LINE_DIGITS},
    {"officer", MESSAGE(officer), 1, 63, XCA_LINE_UID},
    {"session", MESSAGE(session), 32, 32, XCA_LINE_HEX},
    {"helper-key", MESSAGE(helper_key), KEY_BASE64, KEY_BASE64, XCA_LINE_BASE64},
    {"sealed", MESSAGE(sealed), 4, SEALED_MAX, XCA_LINE_BASE64},
    {"signature-request", MESSAGE(signature_request), 4, REQUEST_BASE64_MAX, XCA_LINE_BASE64},
    {"encryption-request", MESSAGE(encryption_request), 4, REQUEST_BASE64_MAX, XCA_LINE_BASE64},
    {"card-auth-request", MESSAGE(card_auth_request), 4, REQUEST_BASE64_MAX, XCA_LINE_BASE64},
    {"pop", MESSAGE(pop), KEY_BASE64, KEY_BASE64, XCA_LINE_BASE64},
    {"digest", MESSAGE(digest), 64, 64, XCA_LINE_HEX},
    {"reason", MESSAGE(reason), 1, 1024, XCA_LINE_TEXT},
    {"mail-number", MESSAGE(mail_number), 1, 30, XCA_LINE_UID},
    END,
};

const xca_line_field_t xca_card_reply_fields[] = {
    {"card", REPLY(card), 16, 16, XCA_LINE_CARD},
    {"case", REPLY(case_number), 25, 25, XCA_LINE_DIGITS},
    {"rank", REPLY(rank), 7, 9, XCA_LINE_WORD},
    {"oid", REPLY(oid), 3, 100, XCA_LINE_OID},
    {"org-name", REPLY(org_name), 1, 1024, XCA_LINE_TEXT},
    {"puk", REPLY(puk), 8, 8, XCA_LINE_DIGITS},
    {"next-puk", REPLY(next_puk), 8, 8, XCA_LINE_DIGITS},
    {"puk-order", REPLY(puk_order), 4, 7, XCA_LINE_WORD},
    {"key-type", REPLY(key_type), 1, 20, XCA_LINE_TEXT},
    {"management-key", REPLY(management_key), 48, 64, XCA_LINE_HEX},
    {"pop-key", REPLY(pop_key), 88, 88, XCA_LINE_BASE64},
    {"signature-certificate", REPLY(signature_certificate), 4, CERT_BASE64_MAX, XCA_LINE_BASE64},
    {"encryption-certificate", REPLY(encryption_certificate), 4, CERT_BASE64_MAX, XCA_LINE_BASE64},
    {"card-auth-certificate", REPLY(card_auth_certificate), 4, CERT_BASE64_MAX, XCA_LINE_BASE64},
    {"contact", REPLY(contact), 1, XCA_CONTACT_MAX, XCA_LINE_TEXT},
    {"queue", REPLY(queue), 1, QUEUE_MAX, XCA_LINE_TEXT},
    END,
};

/* Bytes: an application's bounds are code points (domain/case.c), of at most 4 bytes each. */
const xca_line_field_t xca_card_contact_fields[] = {
    {"name", CONTACT(name), 1, 240, XCA_LINE_TEXT},
    {"title", CONTACT(title), 1, 240, XCA_LINE_TEXT},
    {"email", CONTACT(email), 1, 254, XCA_LINE_TEXT},
    {"county", CONTACT(county), 1, 80, XCA_LINE_TEXT},
    {"district", CONTACT(district), 1, 80, XCA_LINE_TEXT},
    {"zip", CONTACT(zip), 1, 40, XCA_LINE_TEXT},
    {"street", CONTACT(street), 1, 800, XCA_LINE_TEXT},
    {"phone", CONTACT(phone), 1, 160, XCA_LINE_TEXT},
    {"fax", CONTACT(fax), 1, 160, XCA_LINE_TEXT},
    {"notices", CONTACT(notices), 3, 4, XCA_LINE_WORD},
    END,
};

const xca_line_field_t xca_seal_key_proof_fields[] = {
    {"key", PROOF(key), KEY_BASE64, KEY_BASE64, XCA_LINE_BASE64},
    {"issued", PROOF(issued), 16, 16, XCA_LINE_TIME},
    {"until", PROOF(until), 16, 16, XCA_LINE_TIME},
    END,
};

size_t xca_card_binding(char binding[XCA_CARD_BINDING_MAX], const xca_card_message_t *message) {
    int length = snprintf(binding, XCA_CARD_BINDING_MAX, "%.20s\n%.32s\n%.16s", message->operation,
                          message->nonce, message->card != NULL ? message->card : "");

    return (size_t)length;
}

#define NAME          "signature: "
#define NAME_LENGTH   (sizeof(NAME) - 1)
#define SIGNATURE_MAX 1024
#define BASE64_MAX    ((SIGNATURE_MAX + 2) / 3 * 4)

int xca_card_envelope_split(const char *envelope, size_t length, size_t *text_length,
                            unsigned char *signature, size_t *signature_length) {
    unsigned char bytes[BASE64_MAX / 4 * 3] = {0};
    char again[BASE64_MAX + 1];
    size_t start = length, digits, size;

    if (length == 0 || envelope[length - 1] != '\n') {
        return 0;
    }
    for (start = length - 1; start > 0 && envelope[start - 1] != '\n'; start--) {
    }
    if (length - start <= NAME_LENGTH + 1 || memcmp(envelope + start, NAME, NAME_LENGTH) != 0) {
        return 0;
    }
    digits = length - start - NAME_LENGTH - 1;
    if (start == 0 || digits > BASE64_MAX || digits % 4 != 0) {
        return 0;
    }
    if (EVP_DecodeBlock(bytes, (const unsigned char *)envelope + start + NAME_LENGTH, (int)digits) < 0) {
        return 0;
    }
    size = digits / 4 * 3 - (envelope[length - 2] == '=') - (envelope[length - 3] == '=');
    /* OpenSSL reads what nobody writes (white space, loose bits): only the canonical text counts. */
    if (EVP_EncodeBlock((unsigned char *)again, bytes, (int)size) != (int)digits ||
        memcmp(again, envelope + start + NAME_LENGTH, digits) != 0 || size > *signature_length ||
        size > SIGNATURE_MAX) {
        return 0;
    }
    memcpy(signature, bytes, size);
    *signature_length = size;
    *text_length = start;
    return 1;
}

size_t xca_card_envelope_join(char *buffer, size_t size, size_t length, const unsigned char *signature,
                              size_t signature_length) {
    char text[BASE64_MAX + 1];
    size_t digits = (signature_length + 2) / 3 * 4;

    if (signature_length == 0 || signature_length > SIGNATURE_MAX || length > size ||
        size - length < NAME_LENGTH + digits + 1) {
        return 0;
    }
    EVP_EncodeBlock((unsigned char *)text, signature, (int)signature_length);
    memcpy(buffer + length, NAME, NAME_LENGTH);
    memcpy(buffer + length + NAME_LENGTH, text, digits);
    buffer[length + NAME_LENGTH + digits] = '\n';
    return length + NAME_LENGTH + digits + 1;
}
