#include "card_info.h"

#include <string.h>

static fault_t *read_certificate(certificate_t **certificate, const piv_t *piv, int slot) {
    bytes_t der = {NULL, 0, 0};
    int found;
    fault_t *fault = piv_get_certificate(piv, slot, &der, &found);

    *certificate = NULL;
    if (fault == NULL && found) {
        fault = certificate_read(certificate, bytes_view(&der));
    }
    bytes_free(&der);
    return fault;
}

/* The line is broken, not just the certificate. */
static int is_about_contents(const fault_t *fault) {
    return fault_is(fault, T_CARD_NONSENSE) || fault_is(fault, T_CERTIFICATE_COMPRESSED) ||
           fault_is(fault, T_CERTIFICATE_MALFORMED) || fault_is(fault, T_CARD_REFUSED);
}

static fault_t *glance_certificate(certificate_t **certificate, const piv_t *piv, int slot) {
    fault_t *fault = read_certificate(certificate, piv, slot);

    if (is_about_contents(fault)) {
        fault_drop(fault);
        return NULL;
    }
    return fault;
}

static fault_t *read_tries(card_info_t *info, const piv_t *piv) {
    int verified;
    fault_t *fault = piv_pin_status(piv, &verified, &info->pin_left);

    return fault != NULL ? fault : piv_tries_left(piv, PIV_PUK, &info->puk_left);
}

fault_t *card_info_read(card_info_t *info, const piv_t *piv) {
    fault_t *fault;

    memset(info, 0, sizeof(*info));
    fault = read_certificate(&info->card_auth, piv, PIV_CARD_AUTH);
    if (fault == NULL && (info->card_auth == NULL || !card_number_well_formed(info->card_auth->card_number))) {
        fault = fault_make(T_CARD_NOT_OURS, NULL, "no card number");
    }
    if (fault == NULL) {
        fault = read_certificate(&info->signature, piv, PIV_SIGNATURE);
    }
    if (fault == NULL) {
        fault = read_certificate(&info->encryption, piv, PIV_ENCRYPTION);
    }
    if (fault == NULL && (info->signature == NULL || info->encryption == NULL)) {
        fault = fault_make(T_CARD_NOT_OURS, NULL, "a certificate is missing");
    }
    if (fault == NULL) {
        fault = read_tries(info, piv);
    }
    if (fault != NULL) {
        card_info_free(info);
    }
    return fault;
}

fault_t *card_info_glance(card_info_t *info, const piv_t *piv) {
    fault_t *fault;

    memset(info, 0, sizeof(*info));
    fault = glance_certificate(&info->card_auth, piv, PIV_CARD_AUTH);
    if (fault == NULL) {
        fault = glance_certificate(&info->signature, piv, PIV_SIGNATURE);
    }
    if (fault == NULL) {
        fault = glance_certificate(&info->encryption, piv, PIV_ENCRYPTION);
    }
    if (fault == NULL) {
        fault = read_tries(info, piv);
    }
    if (fault != NULL) {
        card_info_free(info);
    }
    return fault;
}

void card_info_free(card_info_t *info) {
    certificate_free(info->signature);
    certificate_free(info->encryption);
    certificate_free(info->card_auth);
    memset(info, 0, sizeof(*info));
}

const char *card_info_number(const card_info_t *info) {
    return info->card_auth->card_number;
}

/* Signature and encryption certificate are one holder's, so that a card cannot mix those of two. */
static fault_t *check_holder(const card_info_t *info) {
    if (strcmp(info->signature->oid, info->encryption->oid) != 0 ||
        strcmp(info->signature->holder, info->encryption->holder) != 0) {
        return fault_make(T_CARD_NOT_OURS, NULL, "two holders");
    }
    return NULL;
}

fault_t *card_info_check(const card_info_t *info, const chain_t *chain, time_t now) {
    fault_t *fault = chain_check(chain, info->card_auth, now);

    if (fault == NULL) {
        fault = chain_check(chain, info->signature, now);
    }
    if (fault == NULL) {
        fault = chain_check(chain, info->encryption, now);
    }
    return fault != NULL ? fault : check_holder(info);
}

fault_t *card_info_prove(const card_info_t *info, const piv_t *piv) {
    unsigned char digest[PIV_SHA256];
    bytes_t signature = {NULL, 0, 0};
    card_signer_t held;
    signer_t signer = card_signer(&held, piv, PIV_CARD_AUTH, info->card_auth);
    fault_t *fault = crypto_random(digest, sizeof(digest));

    if (fault == NULL) {
        fault = signer_sign(&signer, digest, &signature);
    }
    bytes_free(&signature);
    return fault;
}

static fault_t *sign_on_card(void *baton, const unsigned char digest[PIV_SHA256],
                             bytes_t *signature) {
    const card_signer_t *held = baton;
    piv_algorithm algorithm = public_key_algorithm(held->certificate->key);

    if (algorithm == 0) {
        return fault_make(T_CARD_NOT_OURS, NULL, "a kind of key that cards of ours do not have");
    }
    return piv_sign(held->piv, held->slot, algorithm, digest, signature);
}

signer_t card_signer(card_signer_t *held, const piv_t *piv, int slot, const certificate_t *certificate) {
    signer_t signer = {sign_on_card, held, certificate->key, certificate, NULL};

    held->piv = piv;
    held->slot = slot;
    held->certificate = certificate;
    return signer;
}
