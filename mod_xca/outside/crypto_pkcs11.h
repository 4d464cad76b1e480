/* Keys that never leave their token (an HSM or a card), by PKCS#11. The file behind this header is the only one that knows
 * p11-kit and Cryptoki; a key of a token is an xca_key_t like any other for whoever signs with it. Calls are serialised. */
#ifndef XCA_OUTSIDE_CRYPTO_PKCS11_H
#define XCA_OUTSIDE_CRYPTO_PKCS11_H

#include "outside/crypto.h"

/* How to come to the token. All strings must live as long as the key. */
typedef struct xca_token_access {
    const char *module;   /* path of the PKCS#11 library: "/usr/lib/softhsm/libsofthsm2.so"                       */
    const char *pin_file; /* file whose first line is the user's PIN; NULL: none, or the reader has a keypad       */
    int low_count;        /* 1: give the PIN though the token says that a wrong one was given to it before;
                             2: also if it is the last try. Only where somebody sits and waits for the answer      */
} xca_token_access_t;

/* Finds the key, logs in, reads its public half. `uri`: RFC 7512, which must lead to one private key of one token, and may
 * hold neither a PIN nor a module. RSA of 2048 bits or more, P-256, P-384.
 *
 * The key opens its session anew whenever the token has been away. Signing fails with XCA_E_UNAVAILABLE and one of these
 * meanwhile; after a failure it rests for two seconds. A PIN that was refused is not given again by this process; nor is
 * one given at all where the token says that wrong ones were (`low_count`), so that no restart locks it.
 *   "hsm.away"          no such token, or it does not answer
 *   "hsm.no-key"        the token has no such key
 *   "hsm.ambiguous"     more than one token or key is meant
 *   "hsm.pin"           the token refuses the PIN
 *   "hsm.pin-file"      the PIN's file cannot be read (arg: its path)
 *   "hsm.pin-missing"   the token wants a PIN, and none is set
 *   "hsm.pin-count-low" a wrong PIN was given to it before     "hsm.pin-last-try", "hsm.pin-locked"
 *   "hsm.public-key"    its public half is not there, or of a kind that is not taken
 *   "hsm.signature"     what the token made is no signature of this key
 * Before the first signature also XCA_E_INVALID "hsm.uri", "hsm.uri-pin" (arg of all: the URI), "hsm.module-missing" and
 * "hsm.module" (arg: the library's path). */
xca_error_t *xca_pkcs11_key_open(xca_key_t **key, const char *uri, const xca_token_access_t *access,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* Makes a key pair in the token that signs and cannot be read out, and opens it. `uri` must say the key's name ("object")
 * and may say its "id". `type`: as xca_key_make(). Errors: also "key.type", XCA_E_CONFLICT "hsm.key-exists",
 * XCA_E_INTERNAL "hsm.generate". */
xca_error_t *xca_pkcs11_key_make(xca_key_t **key, const char *uri, const char *type,
                                 const xca_token_access_t *access, apr_pool_t *pool) XCA_MUST_USE;

#endif
