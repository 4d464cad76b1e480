/* What a card says of itself: number, holder, rank, dates, certificates, tries left. Nothing of it is believed before
 * card_info_check() and card_info_prove(). */
#ifndef XCA_CARD_CARD_INFO_H
#define XCA_CARD_CARD_INFO_H

#include "crypto_certificate.h"
#include "crypto_sign.h"
#include "piv.h"

typedef struct card_info {
    certificate_t *signature, *encryption, *card_auth; /* NULL: none */
    int pin_left, puk_left;                            /* tries; PIV_UNKNOWN */
} card_info_t;

/* Reads the three certificates and the tries left, in a transaction. Faults: T_CARD_NOT_OURS: it has no card-authentication certificate
 * with a number of ours; those of piv_get_certificate() and certificate_read(). */
fault_t *card_info_read(card_info_t *info, const piv_t *piv) MUST_USE;

/* The same for a card that may be empty: no certificate, or one that cannot be read, is no fault. */
fault_t *card_info_glance(card_info_t *info, const piv_t *piv) MUST_USE;

void card_info_free(card_info_t *info);

/* "Xc..." */
const char *card_info_number(const card_info_t *info);

/* The three certificates are of the chain's issuer and valid. */
fault_t *card_info_check(const card_info_t *info, const chain_t *chain, time_t now) MUST_USE;

/* In the same transaction: the card has the key of its card-authentication certificate, shown by signing what nobody
 * could have foreseen. Fault: T_CARD_NOT_ITS_KEY. */
fault_t *card_info_prove(const card_info_t *info, const piv_t *piv) MUST_USE;

/* A key of the card as a signer. For PIV_SIGNATURE the PIN must be verified right before each signature. */
typedef struct card_signer {
    const piv_t *piv;
    int slot;
    const certificate_t *certificate;
} card_signer_t;

/* `held` must live as long as the signer. */
signer_t card_signer(card_signer_t *held, const piv_t *piv, int slot, const certificate_t *certificate);

#endif
