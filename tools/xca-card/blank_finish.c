/* The second half of making a card: certificates, PUK, CHUID, management key; and reading it all back. */
#include "blank.h"

#include <stdio.h>
#include <string.h>
#include "blank_parts.h"
#include "key_check.h"
#include "piv_admin.h"
#include "tlv.h"

#define GUID_BYTES 16

/* FASC-N of an issuer outside the US government: agency code 9999 (SP 800-73-4 part 1, section 3.1.2). */
static const unsigned char fasc_n[25] = {0xd4, 0xe7, 0x39, 0xda, 0x73, 0x9c, 0xed, 0x39, 0xce,
                                         0x73, 0x9d, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10,
                                         0x84, 0x21, 0xc8, 0x42, 0x10, 0xc3, 0xeb};

fault_t *blank_put_chuid(const blank_t *blank, int final, time_t until) {
    unsigned char guid[GUID_BYTES] = {0};
    bytes_t contents = {NULL, 0, 0};
    struct tm *utc = gmtime(&until);
    char date[16] = "20991231";
    fault_t *fault = final ? crypto_random(guid, sizeof(guid)) : NULL;

    if (fault != NULL) {
        return fault;
    }
    if (final) { /* a version 4 UUID, RFC 4122 section 4.4 */
        guid[6] = (unsigned char)((guid[6] & 0x0f) | 0x40);
        guid[8] = (unsigned char)((guid[8] & 0x3f) | 0x80);
    }
    if (utc != NULL) {
        strftime(date, sizeof(date), "%Y%m%d", utc);
    }
    tlv_put(&contents, 0x30, fasc_n, sizeof(fasc_n));
    tlv_put(&contents, 0x34, guid, sizeof(guid));
    tlv_put(&contents, 0x35, date, 8);
    tlv_put(&contents, 0x3e, NULL, 0);
    tlv_put(&contents, 0xfe, NULL, 0);
    fault = piv_put_object(blank->piv, PIV_OBJECT_CHUID, bytes_view(&contents));
    bytes_free(&contents);
    return fault;
}

fault_t *blank_get_chuid(const blank_t *blank, int *final) {
    static const unsigned char none[GUID_BYTES] = {0};
    bytes_t contents = {NULL, 0, 0};
    view_t guid;
    int found;
    fault_t *fault = piv_get_object(blank->piv, PIV_OBJECT_CHUID, &contents, &found);

    *final = fault == NULL && found && tlv_find(&guid, 0x34, bytes_view(&contents)) == 1 &&
             guid.length == GUID_BYTES && memcmp(guid.data, none, GUID_BYTES) != 0;
    bytes_free(&contents);
    return fault;
}

/* SP 800-73-4 part 1, section 3.1.1: card identifier (RID of GSC-IS, manufacturer FF, type 02, 14 bytes), versions, nothing else. */
fault_t *blank_put_ccc(const blank_t *blank) {
    static const unsigned char identifier[7] = {0xa0, 0x00, 0x00, 0x01, 0x16, 0xff, 0x02};
    static const unsigned char version = 0x21, none = 0x00, model = 0x10;
    static const unsigned char rest[] = {0xf6, 0xf7, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe};
    unsigned char whole[21];
    bytes_t contents = {NULL, 0, 0};
    int found;
    size_t i;
    fault_t *fault = piv_get_object(blank->piv, PIV_OBJECT_CCC, &contents, &found);

    contents.length = 0;
    if (fault == NULL && !found) {
        memcpy(whole, identifier, sizeof(identifier));
        fault = crypto_random(whole + sizeof(identifier), sizeof(whole) - sizeof(identifier));
        tlv_put(&contents, 0xf0, whole, sizeof(whole));
        tlv_put(&contents, 0xf1, &version, 1);
        tlv_put(&contents, 0xf2, &version, 1);
        tlv_put(&contents, 0xf3, NULL, 0);
        tlv_put(&contents, 0xf4, &none, 1);
        tlv_put(&contents, 0xf5, &model, 1);
        for (i = 0; i < sizeof(rest); i++) {
            tlv_put(&contents, rest[i], NULL, 0);
        }
        if (fault == NULL) {
            fault = piv_put_object(blank->piv, PIV_OBJECT_CCC, bytes_view(&contents));
        }
    }
    bytes_free(&contents);
    return fault;
}

/* What the signer gave is for these keys, this card, and its own. */
static fault_t *check_certificate(const blank_t *blank, int at, time_t *until) {
    certificate_t *certificate;
    fault_t *fault = certificate_read(&certificate, bytes_view(&blank->certificates[at]));

    if (fault != NULL) {
        return fault;
    }
    fault = chain_check(blank->chain, certificate, time(NULL));
    if (fault == NULL && !blank->keys_are_made && !public_key_equal(certificate->key, blank->keys[at])) {
        fault = fault_make(T_CERTIFICATE_NOT_OURS, certificate->serial, "another key");
    }
    if (fault == NULL && blank_slots[at] == PIV_CARD_AUTH &&
        strcmp(certificate->card_number, blank->order->card) != 0) {
        fault = fault_make(T_CERTIFICATE_NOT_OURS, certificate->serial, "another card number");
    }
    *until = certificate->not_after;
    certificate_free(certificate);
    return fault;
}

static fault_t *write_certificates(const blank_t *blank, time_t *until) {
    fault_t *fault = NULL;
    int i;

    for (i = 0; fault == NULL && i < 3; i++) {
        fault = check_certificate(blank, i, until);
    }
    for (i = 0; fault == NULL && i < 3 && !blank->keys_are_made; i++) { /* 9E last, see blank.h */
        fault = piv_put_certificate(blank->piv, blank_slots[i], bytes_view(&blank->certificates[i]));
    }
    return fault;
}

static fault_t *set_puk(blank_t *blank) {
    piv_try_t outcome;
    fault_t *fault;

    if (secret_equal(&blank->puk, &blank->order->puk)) {
        return NULL;
    }
    fault = piv_change(blank->piv, PIV_PUK, &blank->puk, &blank->order->puk, &outcome);
    if (fault_is(fault, T_CARD_REFUSED)) {
        char why[sizeof(fault->detail)];

        memcpy(why, fault->detail, sizeof(why));
        fault_drop(fault);
        return fault_make(T_BLANK_PUK_FIXED, NULL, "%s", why);
    }
    if (fault == NULL && !outcome.right) {
        fault = fault_make(T_BLANK_PUK, "?", "the PUK just used is refused");
    }
    if (fault == NULL) {
        blank->puk = blank->order->puk;
    }
    return fault;
}

/* 24 bytes serve 3DES and AES-192: the one that the card has now. */
static int algorithm_for(const blank_t *blank) {
    if (blank->order->management_key.length == 32) {
        return PIV_AES_256;
    }
    return blank->management_algorithm == PIV_3DES ? PIV_3DES : PIV_AES_192;
}

static fault_t *set_management_key(blank_t *blank) {
    int algorithm = algorithm_for(blank), right = 0;
    fault_t *fault;

    if (blank->management_is_ours) {
        return NULL;
    }
    if (!blank->piv->yubico) {
        blank->talk->say(blank->talk->baton, T_MANAGEMENT_STAYS, NULL);
        return NULL;
    }
    fault = piv_set_management_key(blank->piv, algorithm, &blank->order->management_key);
    if (fault == NULL) {
        fault = piv_authenticate(blank->piv, algorithm, &blank->order->management_key, &right);
    }
    if (fault == NULL && !right) {
        fault = fault_make(T_BLANK_READ_BACK, "9B", "the management key just set is refused");
    }
    blank->management_is_ours = right;
    return fault;
}

fault_t *blank_finish(blank_t *blank) {
    time_t until = 0;
    int final;
    fault_t *fault = blank_authenticate(blank);

    if (fault == NULL) {
        blank_progress(blank, T_MAKE_CERTIFICATES, 7);
        fault = write_certificates(blank, &until);
    }
    if (fault == NULL) {
        blank_progress(blank, T_MAKE_PUK, 8);
        fault = set_puk(blank);
    }
    if (fault == NULL) {
        blank_progress(blank, T_MAKE_CHUID, 9);
        fault = blank_get_chuid(blank, &final);
    }
    if (fault == NULL && !final) {
        fault = blank_put_chuid(blank, 1, until);
    }
    if (fault == NULL) {
        fault = blank_put_ccc(blank);
    }
    if (fault == NULL) {
        blank_progress(blank, T_MAKE_MANAGEMENT, 10);
        fault = set_management_key(blank);
    }
    return fault;
}

static fault_t *read_back(const blank_t *blank, int at, certificate_t **certificate) {
    bytes_t der = {NULL, 0, 0};
    int found, same;
    fault_t *fault = piv_get_certificate(blank->piv, blank_slots[at], &der, &found);

    *certificate = NULL;
    same = fault == NULL && found && view_equal(bytes_view(&der), bytes_view(&blank->certificates[at]));
    if (fault == NULL && !same) {
        char slot[8];

        snprintf(slot, sizeof(slot), "%02X", (unsigned)blank_slots[at]);
        fault = fault_make(T_BLANK_READ_BACK, slot, "certificate");
    }
    if (fault == NULL) {
        fault = certificate_read(certificate, bytes_view(&der));
    }
    bytes_free(&der);
    return fault;
}

static fault_t *verify_key(const blank_t *blank, int at) {
    certificate_t *certificate;
    fault_t *fault = read_back(blank, at, &certificate);

    if (fault == NULL && blank_slots[at] != PIV_CARD_AUTH) {
        fault = blank_verify_pin(blank);
    }
    if (fault == NULL) {
        fault = blank_slots[at] == PIV_ENCRYPTION
                    ? key_check_decrypts(blank->piv, blank_slots[at], certificate->key)
                    : key_check_signs(blank->piv, blank_slots[at], certificate->key);
    }
    certificate_free(certificate);
    return fault;
}

fault_t *blank_verify(blank_t *blank, unsigned char digest[PIV_SHA256]) {
    view_t pieces[3];
    int final = 0, i;
    fault_t *fault = NULL;

    blank_progress(blank, T_MAKE_READ_BACK, 11);
    for (i = 0; fault == NULL && i < 3; i++) {
        fault = verify_key(blank, i);
        pieces[i] = bytes_view(&blank->certificates[i]);
    }
    if (fault == NULL) {
        fault = blank_get_chuid(blank, &final);
    }
    if (fault == NULL && !final) {
        fault = fault_make(T_BLANK_READ_BACK, "CHUID", "no GUID");
    }
    return fault != NULL ? fault : crypto_sha256_of(digest, pieces, 3);
}
