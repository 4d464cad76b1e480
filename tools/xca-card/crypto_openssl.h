/* For crypto_*.c alone: the OpenSSL objects behind their types. */
#ifndef XCA_CARD_CRYPTO_OPENSSL_H
#define XCA_CARD_CRYPTO_OPENSSL_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include "crypto.h"
#include "crypto_certificate.h"
#include "crypto_sign.h"

struct public_key {
    EVP_PKEY *pkey;
};

struct chain {
    X509_STORE *anchors;      /* what the settings name      */
    STACK_OF(X509) *given;    /* what the portal sent along  */
    X509 *issuer;             /* whose key vouched           */
};

struct file_key {
    EVP_PKEY *pkey;
    certificate_t *certificate;
};

/* Takes over `pkey`; NULL gives NULL. */
public_key_t *public_key_wrap(EVP_PKEY *pkey);

/* ECDH: the x coordinate that both share. Returns 1 or 0. */
int public_key_derive(EVP_PKEY *own, EVP_PKEY *other, bytes_t *shared);

/* Takes over `x509`. */
fault_t *certificate_wrap(certificate_t **certificate, X509 *x509) MUST_USE;

/* The X509 of a certificate, still its own. */
X509 *certificate_x509(const certificate_t *certificate);

#endif
