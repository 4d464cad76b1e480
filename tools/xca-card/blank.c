#include "blank.h"

#include <string.h>
#include "blank_parts.h"
#include "key_check.h"
#include "piv_admin.h"

const int blank_slots[3] = {PIV_SIGNATURE, PIV_ENCRYPTION, PIV_CARD_AUTH};

#define PIN_DIGITS   8
#define MAKERS_PUK   "12345678" /* after Yubico's SET PIN RETRIES */

void blank_progress(const blank_t *blank, text_id text, int at) {
    blank->talk->progress(blank->talk->baton, text, at, BLANK_STEPS);
}

void blank_free(blank_t *blank) {
    int i;

    for (i = 0; i < 3; i++) {
        public_key_free(blank->keys[i]);
        bytes_free(&blank->requests[i]);
        bytes_free(&blank->certificates[i]);
    }
    wipe(blank, sizeof(*blank));
}

/* Tries one key with the algorithms that have its length; a card refuses those that are not its own. */
static fault_t *try_key(blank_t *blank, const secret_t *key, int first, int *right) {
    static const int all[] = {PIV_3DES, PIV_AES_192, PIV_AES_128, PIV_AES_256};
    size_t i;

    *right = 0;
    for (i = 0; i < 1 + sizeof(all) / sizeof(all[0]) && !*right; i++) {
        int algorithm = i == 0 ? first : all[i - 1];
        fault_t *fault = NULL;

        if (piv_management_key_bytes(algorithm) == key->length && (i == 0 || algorithm != first)) {
            fault = piv_authenticate(blank->piv, algorithm, key, right);
        }
        if (fault != NULL && !fault_is(fault, T_CARD_REFUSED)) {
            return fault;
        }
        fault_drop(fault);
        if (*right) {
            blank->management_algorithm = algorithm;
        }
    }
    return NULL;
}

fault_t *blank_authenticate(blank_t *blank) {
    int algorithm = 0, right = 0;
    fault_t *fault =
        piv_management_algorithm(blank->piv, blank->settings->blank_management_algorithm, &algorithm);

    blank->management_is_ours = 0;
    if (fault == NULL) {
        fault = try_key(blank, &blank->settings->blank_management_key, algorithm, &right);
    }
    if (fault == NULL && !right) {
        fault = try_key(blank, &blank->order->management_key, algorithm, &right);
        blank->management_is_ours = right;
    }
    if (fault == NULL && !right) {
        fault = fault_make(T_BLANK_MANAGEMENT, NULL, "neither key");
    }
    return fault;
}

fault_t *blank_verify_pin(const blank_t *blank) {
    piv_try_t outcome;
    fault_t *fault = piv_verify(blank->piv, &blank->pin, &outcome);

    if (fault == NULL && !outcome.right) {
        fault = fault_make(T_CARD_NONSENSE, NULL, "the PIN just set is refused");
    }
    return fault;
}

/* Is it a blank, or this card half-made? Anything else is somebody's. */
static fault_t *look(const blank_t *blank, const card_info_t *info, int *ours) {
    const certificate_t *all[3] = {info->signature, info->encryption, info->card_auth};
    int i;

    *ours = info->card_auth != NULL && strcmp(info->card_auth->card_number, blank->order->card) == 0;
    if (!*ours && info->card_auth != NULL && card_number_well_formed(info->card_auth->card_number)) {
        return fault_make(T_BLANK_OTHER_CARD, info->card_auth->card_number, "another number");
    }
    for (i = 0; i < 3; i++) {
        fault_t *foreign = all[i] != NULL ? chain_check(blank->chain, all[i], time(NULL)) : NULL;

        if (foreign != NULL && !blank->overwrite) {
            fault_drop(foreign);
            return fault_make(T_BLANK_FOREIGN, all[i]->subject, "key %02X", (unsigned)blank_slots[i]);
        }
        fault_drop(foreign);
    }
    return NULL;
}

static fault_t *check_puk_tries(const blank_t *blank) {
    int left;
    fault_t *fault = piv_tries_left(blank->piv, PIV_PUK, &left);

    if (fault == NULL && (left == 0 || left == 1)) {
        fault = fault_number(T_BLANK_PUK, left, "before any try");
    }
    return fault;
}

static fault_t *try_puk(blank_t *blank, const secret_t *puk, int *right) {
    piv_try_t outcome;
    fault_t *fault = piv_reset_pin(blank->piv, puk, &blank->pin, &outcome);

    *right = fault == NULL && outcome.right;
    if (*right) {
        blank->puk = *puk;
    }
    if (fault == NULL && !outcome.right && outcome.left >= 0 && outcome.left <= 1) {
        fault = fault_number(T_BLANK_PUK, outcome.left, "the other PUK is not tried any more");
    }
    return fault;
}

/* The PIN becomes a random one by the PUK that the card has (see blank.h). */
static fault_t *set_pin(blank_t *blank, int ours, int final) {
    int right = 0;
    fault_t *fault = crypto_random_digits(&blank->pin, PIN_DIGITS);

    if (fault == NULL) {
        fault = check_puk_tries(blank);
    }
    if (fault == NULL && ours) {
        fault = try_puk(blank, &blank->order->puk, &right);
    }
    if (fault == NULL && !right && !(ours && final)) {
        fault = try_puk(blank, &blank->settings->blank_puk, &right);
    }
    if (fault == NULL && !right) {
        fault = fault_make(T_BLANK_PUK, "?", "wrong PUK");
    }
    return fault;
}

/* As many PIN tries as the settings want, where the card can; PIN and PUK are the maker's after it. */
static fault_t *set_tries(blank_t *blank, const card_info_t *info) {
    int wanted = blank->settings->pin_tries, right = 0;
    fault_t *fault;

    if (wanted == 0 || wanted == info->pin_left || !blank->piv->yubico ||
        strcmp(blank->settings->blank_puk.text, MAKERS_PUK) != 0 ||
        !secret_equal(&blank->puk, &blank->settings->blank_puk)) {
        return NULL;
    }
    fault = blank_verify_pin(blank);
    if (fault == NULL) {
        fault = piv_set_tries(blank->piv, wanted, wanted);
    }
    if (fault == NULL) {
        fault = try_puk(blank, &blank->settings->blank_puk, &right);
    }
    return fault == NULL && !right ? fault_make(T_BLANK_PUK, "?", "after SET PIN RETRIES") : fault;
}

static fault_t *check_keys(const blank_t *blank, const card_info_t *info) {
    fault_t *fault = blank_verify_pin(blank);

    if (fault == NULL) {
        fault = key_check_signs(blank->piv, PIV_SIGNATURE, info->signature->key);
    }
    if (fault == NULL) {
        fault = blank_verify_pin(blank);
    }
    if (fault == NULL) {
        fault = key_check_decrypts(blank->piv, PIV_ENCRYPTION, info->encryption->key);
    }
    return fault != NULL ? fault : key_check_signs(blank->piv, PIV_CARD_AUTH, info->card_auth->key);
}

/* Keys that fit their certificates: what was interrupted after they were written goes on from there. */
static fault_t *see_whether_resumable(blank_t *blank, const card_info_t *info, int ours, int *resumable) {
    const certificate_t *all[3] = {info->signature, info->encryption, info->card_auth};
    fault_t *fault;
    int i;

    *resumable = 0;
    if (!ours || info->signature == NULL || info->encryption == NULL) {
        return NULL;
    }
    fault = card_info_check(info, blank->chain, time(NULL));
    if (fault == NULL) {
        fault = check_keys(blank, info);
    }
    if (fault_is(fault, T_CARD_NOT_ITS_KEY) || fault_is(fault, T_CERTIFICATE_NOT_OURS) ||
        fault_is(fault, T_CARD_NOT_OURS) || fault_is(fault, T_CARD_REFUSED) || fault_is(fault, T_CARD_NONSENSE) ||
        fault_is(fault, T_CERTIFICATE_EXPIRED)) {
        fault_drop(fault);
        return NULL; /* made anew */
    }
    for (i = 0; fault == NULL && i < 3; i++) {
        fault = certificate_der(all[i], &blank->certificates[i]);
    }
    *resumable = fault == NULL;
    blank->keys_are_made = *resumable;
    return fault;
}

static fault_t *prepare(blank_t *blank, const card_info_t *info, int *resumable) {
    int ours = 0, final = 0;
    fault_t *fault = look(blank, info, &ours);

    if (fault == NULL) {
        fault = blank_authenticate(blank);
    }
    if (fault == NULL) {
        fault = blank_get_chuid(blank, &final);
    }
    if (fault == NULL && !ours) { /* no GUID before the PUK is set */
        fault = blank_put_chuid(blank, 0, time(NULL));
    }
    if (fault == NULL) {
        blank_progress(blank, T_MAKE_PIN, 2);
        fault = set_pin(blank, ours, final);
    }
    if (fault == NULL && ours && !final && secret_equal(&blank->puk, &blank->order->puk)) {
        fault = blank_put_chuid(blank, 1, info->card_auth->not_after);
    }
    if (fault == NULL) {
        fault = set_tries(blank, info);
    }
    return fault != NULL ? fault : see_whether_resumable(blank, info, ours, resumable);
}

fault_t *blank_prepare(blank_t *blank, int *resumable) {
    card_info_t info;
    fault_t *fault;

    blank_progress(blank, T_MAKE_LOOKING, 1);
    *resumable = 0;
    fault = card_info_glance(&info, blank->piv);
    if (fault == NULL) {
        fault = prepare(blank, &info, resumable);
        card_info_free(&info);
    }
    return fault;
}

/* A key of the card that has no certificate yet. */
typedef struct new_key {
    const blank_t *blank;
    int slot;
} new_key_t;

static fault_t *sign_with_new_key(void *baton, const unsigned char digest[PIV_SHA256], bytes_t *signature) {
    const new_key_t *key = baton;
    fault_t *fault = blank_verify_pin(key->blank);

    return fault != NULL
               ? fault
               : piv_sign(key->blank->piv, key->slot, key->blank->order->algorithm, digest, signature);
}

/* An EC key for encryption agrees with the signer's key instead of signing. */
static fault_t *make_pop(blank_t *blank, int at) {
    bytes_t shared = {NULL, 0, 0};
    fault_t *fault = blank_verify_pin(blank);

    if (fault == NULL) {
        fault = piv_agree(blank->piv, blank_slots[at], blank->order->algorithm,
                          bytes_view(&blank->order->pop_key), &shared);
    }
    if (fault == NULL) {
        fault = request_pop(blank->pop, blank->order->card, blank->keys[at], bytes_view(&shared));
    }
    if (fault == NULL) {
        fault = public_key_spki(blank->keys[at], &blank->requests[at]);
        blank->has_pop = 1;
    }
    bytes_free(&shared);
    return fault;
}

static fault_t *make_request(blank_t *blank, int at) {
    new_key_t key = {blank, blank_slots[at]};
    signer_t signer = {sign_with_new_key, &key, blank->keys[at], NULL, NULL};

    if (blank_slots[at] == PIV_ENCRYPTION && blank->order->algorithm != PIV_RSA_2048) {
        return make_pop(blank, at);
    }
    return request_make(&blank->requests[at], blank->order->card, &signer);
}

static fault_t *generate(blank_t *blank, int at) {
    piv_public_t given;
    fault_t *fault = piv_generate(blank->piv, blank_slots[at], blank->order->algorithm, &given);

    public_key_free(blank->keys[at]);
    blank->keys[at] = NULL;
    if (fault == NULL) {
        fault = public_key_of_card(&blank->keys[at], &given);
    }
    piv_public_free(&given);
    return fault;
}

fault_t *blank_generate(blank_t *blank) {
    static const text_id texts[3] = {T_MAKE_KEY_SIGNATURE, T_MAKE_KEY_ENCRYPTION, T_MAKE_KEY_CARD_AUTH};
    fault_t *fault = NULL;
    int i;

    blank->keys_are_made = 0;
    for (i = 0; fault == NULL && i < 3; i++) {
        blank_progress(blank, texts[i], 3 + i);
        fault = generate(blank, i);
        if (fault == NULL) {
            fault = make_request(blank, i);
        }
    }
    return fault;
}
