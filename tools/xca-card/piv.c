#include "piv.h"

#include <string.h>
#include "tlv.h"

#define REFERENCE_BYTES 8

fault_t *piv_refused(const char *command, unsigned status) {
    return fault_make(T_CARD_REFUSED, NULL, "%s: %04X", command, status);
}

/* Yubico's GET VERSION (INS FD). That a card does not know it is no fault. */
static fault_t *learn_version(piv_t *piv) {
    apdu_t command = {0, 0xfd, 0, 0, {NULL, 0}, 1};
    bytes_t answer = {NULL, 0, 0};
    unsigned status;
    fault_t *fault = apdu_send(&piv->line, &command, &answer, &status);

    piv->yubico = 0;
    if (fault == NULL && status == 0x9000 && answer.length == 3) {
        piv->yubico = 1;
        memcpy(piv->version, answer.data, 3);
    }
    bytes_free(&answer);
    return fault;
}

fault_t *piv_select(piv_t *piv) {
    static const unsigned char aid[] = {0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00};
    apdu_t command = {0, 0xa4, 0x04, 0x00, {aid, sizeof(aid)}, 1};
    bytes_t answer = {NULL, 0, 0};
    view_t application;
    unsigned status;
    fault_t *fault = apdu_send(&piv->line, &command, &answer, &status);
    int is_template = tlv_only(&application, 0x61, bytes_view(&answer));

    bytes_free(&answer);
    if (fault != NULL) {
        return fault;
    }
    if (status != 0x9000 || !is_template) {
        return fault_make(T_CARD_NOT_PIV, NULL, "SELECT: %04X", status);
    }
    return learn_version(piv);
}

static void put_object_tag(bytes_t *to, unsigned long object) {
    unsigned char bytes[3];

    bytes[0] = (unsigned char)(object >> 16);
    bytes[1] = (unsigned char)(object >> 8);
    bytes[2] = (unsigned char)object;
    tlv_put(to, 0x5c, bytes, sizeof(bytes));
}

fault_t *piv_get_object(const piv_t *piv, unsigned long object, bytes_t *contents, int *found) {
    apdu_t command = {0, 0xcb, 0x3f, 0xff, {NULL, 0}, 1};
    bytes_t tag = {NULL, 0, 0}, answer = {NULL, 0, 0};
    view_t inner = {NULL, 0};
    unsigned status;
    fault_t *fault;

    put_object_tag(&tag, object);
    command.data = bytes_view(&tag);
    fault = apdu_send(&piv->line, &command, &answer, &status);
    *found = 0;
    contents->length = 0;
    if (fault == NULL && status != 0x9000 && status != 0x6a82 && status != 0x6a88) {
        fault = piv_refused("GET DATA", status);
    } else if (fault == NULL && status == 0x9000 &&
               (!tlv_only(&inner, 0x53, bytes_view(&answer)) || inner.length > PIV_OBJECT_MAX)) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "object %06lX", object);
    }
    if (fault == NULL && inner.length > 0) {
        *found = 1;
        bytes_set(contents, inner.data, inner.length);
    }
    bytes_free(&tag);
    bytes_free(&answer);
    return fault;
}

fault_t *piv_put_object(const piv_t *piv, unsigned long object, view_t contents) {
    apdu_t command = {0, 0xdb, 0x3f, 0xff, {NULL, 0}, 0};
    bytes_t data = {NULL, 0, 0};
    unsigned status;
    fault_t *fault;

    put_object_tag(&data, object);
    tlv_put(&data, 0x53, contents.data, contents.length);
    command.data = bytes_view(&data);
    fault = apdu_send(&piv->line, &command, NULL, &status);
    bytes_free(&data);
    return fault == NULL && status != 0x9000 ? piv_refused("PUT DATA", status) : fault;
}

unsigned long piv_certificate_object(int slot) {
    switch (slot) {
    case PIV_SIGNATURE:
        return 0x5fc10aUL;
    case PIV_ENCRYPTION:
        return 0x5fc10bUL;
    default:
        return 0x5fc101UL;
    }
}

/* Tags 70 (certificate), 71 (its form), FE (empty): part 1, appendix A. */
fault_t *piv_get_certificate(const piv_t *piv, int slot, bytes_t *der, int *found) {
    bytes_t contents = {NULL, 0, 0};
    view_t certificate, form;
    fault_t *fault = piv_get_object(piv, piv_certificate_object(slot), &contents, found);

    der->length = 0;
    if (fault == NULL && *found) {
        if (tlv_find(&certificate, 0x70, bytes_view(&contents)) != 1 || certificate.length == 0) {
            fault = fault_make(T_CARD_NONSENSE, NULL, "the certificate of key %02X", (unsigned)slot);
        } else if (tlv_find(&form, 0x71, bytes_view(&contents)) == 1 && form.length > 0 &&
                   (form.data[0] & 1) != 0) {
            fault = fault_make(T_CERTIFICATE_COMPRESSED, NULL, "key %02X", (unsigned)slot);
        } else {
            bytes_set(der, certificate.data, certificate.length);
        }
    }
    bytes_free(&contents);
    return fault;
}

fault_t *piv_put_certificate(const piv_t *piv, int slot, view_t der) {
    static const unsigned char uncompressed = 0;
    bytes_t contents = {NULL, 0, 0};
    fault_t *fault;

    tlv_put(&contents, 0x70, der.data, der.length);
    tlv_put(&contents, 0x71, &uncompressed, 1);
    tlv_put(&contents, 0xfe, NULL, 0);
    fault = piv_put_object(piv, piv_certificate_object(slot), bytes_view(&contents));
    bytes_free(&contents);
    return fault;
}

/* 63Cx tells the tries left; 6983 that there are none. */
static int tries_of(unsigned status) {
    if ((status & 0xfff0) == 0x63c0) {
        return (int)(status & 0x0f);
    }
    return status == 0x6983 ? 0 : PIV_UNKNOWN;
}

fault_t *piv_pin_status(const piv_t *piv, int *verified, int *left) {
    apdu_t command = {0, 0x20, 0x00, PIV_PIN, {NULL, 0}, 0};
    unsigned status;
    fault_t *fault = apdu_send(&piv->line, &command, NULL, &status);

    *verified = 0;
    *left = PIV_UNKNOWN;
    if (fault != NULL) {
        return fault;
    }
    *verified = status == 0x9000;
    *left = tries_of(status);
    if (!*verified && *left == PIV_UNKNOWN) {
        return piv_refused("VERIFY", status);
    }
    return NULL;
}

fault_t *piv_tries_left(const piv_t *piv, int reference, int *left) {
    apdu_t command = {0, 0xf7, 0x00, (unsigned char)reference, {NULL, 0}, 1};
    bytes_t answer = {NULL, 0, 0};
    view_t tries;
    unsigned status;
    fault_t *fault;

    *left = PIV_UNKNOWN;
    if (!piv->yubico) {
        return NULL;
    }
    fault = apdu_send(&piv->line, &command, &answer, &status);
    /* Tag 06: tries set, tries left. */
    if (fault == NULL && status == 0x9000 && tlv_find(&tries, 0x06, bytes_view(&answer)) == 1 &&
        tries.length == 2) {
        *left = tries.data[1];
    }
    bytes_free(&answer);
    return fault;
}

fault_t *piv_forget_pin(const piv_t *piv, int *done) {
    apdu_t command = {0, 0x20, 0xff, PIV_PIN, {NULL, 0}, 0};
    unsigned status;
    fault_t *fault = apdu_send(&piv->line, &command, NULL, &status);

    *done = fault == NULL && status == 0x9000;
    return fault;
}

int piv_pin_well_formed(const secret_t *pin) {
    return pin->length >= PIV_PIN_LEAST && pin->length <= PIV_PIN_MOST &&
           strspn(pin->text, "0123456789") == pin->length;
}

/* Padded with FF (part 2, section 2.4.3). */
static fault_t *put_reference(bytes_t *to, const secret_t *secret) {
    size_t i;

    if (secret->length == 0 || secret->length > REFERENCE_BYTES) {
        return fault_make(T_PIN_FORM, NULL, "%u characters", (unsigned)secret->length);
    }
    bytes_add(to, secret->text, secret->length);
    for (i = secret->length; i < REFERENCE_BYTES; i++) {
        bytes_add_byte(to, 0xff);
    }
    return NULL;
}

static fault_t *spend_try(const piv_t *piv, const char *name, unsigned char ins, int reference,
                          const secret_t *first, const secret_t *second, piv_try_t *outcome) {
    apdu_t command = {0, ins, 0x00, (unsigned char)reference, {NULL, 0}, 0};
    bytes_t data = {NULL, 0, 0};
    unsigned status = 0;
    fault_t *fault = put_reference(&data, first);

    outcome->right = 0;
    outcome->left = PIV_UNKNOWN;
    if (fault == NULL && second != NULL) {
        fault = put_reference(&data, second);
    }
    if (fault == NULL) {
        command.data = bytes_view(&data);
        fault = apdu_send(&piv->line, &command, NULL, &status);
    }
    bytes_free(&data);
    if (fault != NULL) {
        return fault;
    }
    outcome->right = status == 0x9000;
    outcome->left = tries_of(status);
    /* 6300: wrong, and the card does not count aloud. */
    if (!outcome->right && outcome->left == PIV_UNKNOWN && status != 0x6300) {
        return piv_refused(name, status);
    }
    return NULL;
}

fault_t *piv_verify(const piv_t *piv, const secret_t *pin, piv_try_t *outcome) {
    return spend_try(piv, "VERIFY", 0x20, PIV_PIN, pin, NULL, outcome);
}

fault_t *piv_change(const piv_t *piv, int reference, const secret_t *present, const secret_t *next,
                    piv_try_t *outcome) {
    return spend_try(piv, "CHANGE REFERENCE DATA", 0x24, reference, present, next, outcome);
}

fault_t *piv_reset_pin(const piv_t *piv, const secret_t *puk, const secret_t *pin,
                       piv_try_t *outcome) {
    return spend_try(piv, "RESET RETRY COUNTER", 0x2c, PIV_PIN, puk, pin, outcome);
}
