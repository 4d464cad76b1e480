/* RFC 9180 on OpenSSL 3.0, which has no HPKE of its own: base and authenticated mode, one message a context. */
#include "wire/seal.h"

#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#define HASH  32 /* SHA-256 */
#define NONCE 12 /* Nn of AES-256-GCM */
#define TAG   16 /* Nt */

#define MODE_BASE 0x00 /* section 5, table 1 */
#define MODE_AUTH 0x02

#define LONGEST ((size_t)1 << 24) /* bytes of content or aad: OpenSSL counts in int */

/* "KEM" || I2OSP(0x0020, 2), section 4.1; "HPKE" || kem || kdf || aead, section 5.1. */
static const unsigned char kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};
static const unsigned char hpke_suite[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02};

/* A list of byte strings to hash one after the other. */
typedef struct {
    const void *data;
    size_t length;
} part_t;

static int hmac_parts(unsigned char out[HASH], const unsigned char *key, size_t key_length,
                      const part_t *parts, int count) {
    static const unsigned char zero_salt[HASH];
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    OSSL_PARAM parameters[2];
    size_t length = 0;
    int i, ok;

    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[1] = OSSL_PARAM_construct_end();
    if (key_length == 0) {
        key = zero_salt; /* RFC 5869 section 2.2: no salt is a string of HashLen zeros */
        key_length = HASH;
    }
    ok = context != NULL && EVP_MAC_init(context, key, key_length, parameters);
    for (i = 0; ok && i < count; i++) {
        ok = EVP_MAC_update(context, parts[i].data, parts[i].length);
    }
    ok = ok && EVP_MAC_final(context, out, &length, HASH) && length == HASH;
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    return ok;
}

/* LabeledExtract(salt, label, ikm) of section 4. */
static int labeled_extract(unsigned char out[HASH], const unsigned char *salt, size_t salt_length,
                           const part_t *suite, const char *label, const void *ikm,
                           size_t ikm_length) {
    part_t parts[4] = {{"HPKE-v1", 7}, {NULL, 0}, {NULL, 0}, {NULL, 0}};

    parts[1] = *suite;
    parts[2].data = label;
    parts[2].length = strlen(label);
    parts[3].data = ikm;
    parts[3].length = ikm_length;
    return hmac_parts(out, salt, salt_length, parts, 4);
}

/* LabeledExpand(prk, label, info, L) of section 4, for L of at most one hash block. */
static int labeled_expand(unsigned char *out, size_t length, const unsigned char prk[HASH],
                          const part_t *suite, const char *label, const void *info,
                          size_t info_length) {
    static const unsigned char first_block = 1;
    unsigned char size[2], block[HASH];
    part_t parts[6];
    int ok;

    size[0] = (unsigned char)(length >> 8);
    size[1] = (unsigned char)length;
    parts[0].data = size;
    parts[0].length = sizeof(size);
    parts[1].data = "HPKE-v1";
    parts[1].length = 7;
    parts[2] = *suite;
    parts[3].data = label;
    parts[3].length = strlen(label);
    parts[4].data = info;
    parts[4].length = info_length;
    parts[5].data = &first_block;
    parts[5].length = 1;
    ok = length <= HASH && hmac_parts(block, prk, HASH, parts, 6);
    if (ok) {
        memcpy(out, block, length);
    }
    OPENSSL_cleanse(block, sizeof(block));
    return ok;
}

/* X25519(private, public) (RFC 7748 section 5); OpenSSL refuses an all-zero result. */
static int exchange(unsigned char shared[XCA_SEAL_KEY],
                    const unsigned char private_key[XCA_SEAL_KEY],
                    const unsigned char public_key[XCA_SEAL_KEY]) {
    EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, XCA_SEAL_KEY);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public_key, XCA_SEAL_KEY);
    EVP_PKEY_CTX *context = mine != NULL ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    size_t length = XCA_SEAL_KEY;
    int ok = context != NULL && theirs != NULL && EVP_PKEY_derive_init(context) > 0 &&
             EVP_PKEY_derive_set_peer(context, theirs) > 0 &&
             EVP_PKEY_derive(context, shared, &length) > 0 && length == XCA_SEAL_KEY;

    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    return ok;
}

/* One exchange in base mode, two in authenticated mode; the public keys that belong to it in the order of kem_context. */
typedef struct {
    unsigned char dh[2 * XCA_SEAL_KEY];
    size_t dh_length;
    unsigned char context[3 * XCA_SEAL_KEY]; /* enc, recipient, sender */
    size_t context_length;
} kem_t;

/* ExtractAndExpand of section 4.1: the KEM's shared secret out of the exchange. */
static int shared_secret(unsigned char secret[HASH], const kem_t *kem) {
    const part_t suite = {kem_suite, sizeof(kem_suite)};
    unsigned char prk[HASH];
    int ok = labeled_extract(prk, NULL, 0, &suite, "eae_prk", kem->dh, kem->dh_length) &&
             labeled_expand(secret, HASH, prk, &suite, "shared_secret", kem->context,
                            kem->context_length);

    OPENSSL_cleanse(prk, sizeof(prk));
    return ok;
}

/* KeySchedule of section 5.1: key and nonce of the first message. */
static int key_schedule(unsigned char key[HASH], unsigned char nonce[NONCE], unsigned char mode,
                        const unsigned char secret[HASH], const char *info) {
    const part_t suite = {hpke_suite, sizeof(hpke_suite)};
    unsigned char context[1 + 2 * HASH], prk[HASH];
    int ok;

    context[0] = mode;
    ok = labeled_extract(context + 1, NULL, 0, &suite, "psk_id_hash", "", 0) &&
         labeled_extract(context + 1 + HASH, NULL, 0, &suite, "info_hash", info, strlen(info)) &&
         labeled_extract(prk, secret, HASH, &suite, "secret", "", 0) &&
         labeled_expand(key, HASH, prk, &suite, "key", context, sizeof(context)) &&
         labeled_expand(nonce, NONCE, prk, &suite, "base_nonce", context, sizeof(context));
    OPENSSL_cleanse(prk, sizeof(prk));
    return ok;
}

/* AES-256-GCM, one message. */
static int encrypt(unsigned char *out, const unsigned char *content, size_t length,
                   const unsigned char key[HASH], const unsigned char nonce[NONCE],
                   const unsigned char *aad, size_t aad_length) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int part = 0;
    int ok = context != NULL &&
             EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) > 0 &&
             EVP_EncryptUpdate(context, NULL, &part, aad, (int)aad_length) > 0 &&
             EVP_EncryptUpdate(context, out, &part, content, (int)length) > 0 &&
             EVP_EncryptFinal_ex(context, out + length, &part) > 0 &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG, out + length) > 0;

    EVP_CIPHER_CTX_free(context);
    return ok;
}

static int decrypt(unsigned char *out, const unsigned char *sealed, size_t length,
                   const unsigned char key[HASH], const unsigned char nonce[NONCE],
                   const unsigned char *aad, size_t aad_length) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    unsigned char tag[TAG];
    int part = 0, ok;

    memcpy(tag, sealed + length, TAG);
    ok = context != NULL && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) > 0 &&
         EVP_DecryptUpdate(context, NULL, &part, aad, (int)aad_length) > 0 &&
         EVP_DecryptUpdate(context, out, &part, sealed, (int)length) > 0 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG, tag) > 0 &&
         EVP_DecryptFinal_ex(context, out + length, &part) > 0;
    EVP_CIPHER_CTX_free(context);
    if (!ok) {
        OPENSSL_cleanse(out, length); /* nothing unauthenticated leaves here */
    }
    return ok;
}

int xca_seal_public(unsigned char public_key[XCA_SEAL_KEY],
                    const unsigned char private_key[XCA_SEAL_KEY]) {
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, XCA_SEAL_KEY);
    size_t length = XCA_SEAL_KEY;
    int ok = key != NULL && EVP_PKEY_get_raw_public_key(key, public_key, &length) > 0;

    EVP_PKEY_free(key);
    return ok;
}

int xca_seal_keypair(unsigned char public_key[XCA_SEAL_KEY],
                     unsigned char private_key[XCA_SEAL_KEY]) {
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    size_t length = XCA_SEAL_KEY;
    int ok = key != NULL && EVP_PKEY_get_raw_private_key(key, private_key, &length) > 0 &&
             xca_seal_public(public_key, private_key);

    EVP_PKEY_free(key);
    return ok;
}

/* The public keys of the context; `sender` is NULL in base mode. */
static void kem_keys(kem_t *kem, const unsigned char enc[XCA_SEAL_KEY],
                     const unsigned char recipient[XCA_SEAL_KEY], const unsigned char *sender) {
    memcpy(kem->context, enc, XCA_SEAL_KEY);
    memcpy(kem->context + XCA_SEAL_KEY, recipient, XCA_SEAL_KEY);
    if (sender != NULL) {
        memcpy(kem->context + 2 * XCA_SEAL_KEY, sender, XCA_SEAL_KEY);
    }
    kem->dh_length = sender != NULL ? 2 * XCA_SEAL_KEY : XCA_SEAL_KEY;
    kem->context_length = sender != NULL ? 3 * XCA_SEAL_KEY : 2 * XCA_SEAL_KEY;
}

static int message_keys(unsigned char key[HASH], unsigned char nonce[NONCE], const kem_t *kem,
                        const char *info) {
    unsigned char secret[HASH];
    unsigned char mode = kem->dh_length == XCA_SEAL_KEY ? MODE_BASE : MODE_AUTH;
    int ok = shared_secret(secret, kem) && key_schedule(key, nonce, mode, secret, info);

    OPENSSL_cleanse(secret, sizeof(secret));
    return ok;
}

/* Encap or AuthEncap of section 4.1 (`sender` NULL or a private key), then the one message. */
static int seal(unsigned char *sealed, const unsigned char *content, size_t length,
                const unsigned char recipient[XCA_SEAL_KEY], const unsigned char *sender,
                const char *info, const unsigned char *aad, size_t aad_length) {
    unsigned char ephemeral[XCA_SEAL_KEY], sender_public[XCA_SEAL_KEY], key[HASH], nonce[NONCE];
    kem_t kem;
    int ok;

    if (length > LONGEST || aad_length > LONGEST) {
        return 0;
    }
    ok = xca_seal_keypair(sealed, ephemeral) &&
         (sender == NULL || xca_seal_public(sender_public, sender));
    if (ok) {
        kem_keys(&kem, sealed, recipient, sender != NULL ? sender_public : NULL);
        ok = exchange(kem.dh, ephemeral, recipient) &&
             (sender == NULL || exchange(kem.dh + XCA_SEAL_KEY, sender, recipient)) &&
             message_keys(key, nonce, &kem, info) &&
             encrypt(sealed + XCA_SEAL_KEY, content, length, key, nonce, aad, aad_length);
    }
    OPENSSL_cleanse(ephemeral, sizeof(ephemeral));
    OPENSSL_cleanse(&kem, sizeof(kem));
    OPENSSL_cleanse(key, sizeof(key));
    return ok;
}

/* Decap or AuthDecap of section 4.1 (`sender_public` NULL or a public key), then the one message. */
static int unseal(unsigned char *content, const unsigned char *sealed, size_t length,
                  const unsigned char private_key[XCA_SEAL_KEY], const unsigned char *sender_public,
                  const char *info, const unsigned char *aad, size_t aad_length) {
    unsigned char public_key[XCA_SEAL_KEY], key[HASH], nonce[NONCE];
    kem_t kem;
    int ok;

    if (length < XCA_SEAL_OVERHEAD || length > LONGEST || aad_length > LONGEST) {
        return 0;
    }
    ok = xca_seal_public(public_key, private_key);
    if (ok) {
        kem_keys(&kem, sealed, public_key, sender_public);
        ok = exchange(kem.dh, private_key, sealed) &&
             (sender_public == NULL ||
              exchange(kem.dh + XCA_SEAL_KEY, private_key, sender_public)) &&
             message_keys(key, nonce, &kem, info) &&
             decrypt(content, sealed + XCA_SEAL_KEY, length - XCA_SEAL_OVERHEAD, key, nonce, aad,
                     aad_length);
    }
    OPENSSL_cleanse(&kem, sizeof(kem));
    OPENSSL_cleanse(key, sizeof(key));
    return ok;
}

int xca_seal(unsigned char *sealed, const unsigned char *content, size_t length,
             const unsigned char public_key[XCA_SEAL_KEY], const char *info,
             const unsigned char *aad, size_t aad_length) {
    return seal(sealed, content, length, public_key, NULL, info, aad, aad_length);
}

int xca_unseal(unsigned char *content, const unsigned char *sealed, size_t length,
               const unsigned char private_key[XCA_SEAL_KEY], const char *info,
               const unsigned char *aad, size_t aad_length) {
    return unseal(content, sealed, length, private_key, NULL, info, aad, aad_length);
}

int xca_seal_auth(unsigned char *sealed, const unsigned char *content, size_t length,
                  const unsigned char public_key[XCA_SEAL_KEY],
                  const unsigned char sender[XCA_SEAL_KEY], const char *info,
                  const unsigned char *aad, size_t aad_length) {
    return seal(sealed, content, length, public_key, sender, info, aad, aad_length);
}

int xca_unseal_auth(unsigned char *content, const unsigned char *sealed, size_t length,
                    const unsigned char private_key[XCA_SEAL_KEY],
                    const unsigned char sender_public[XCA_SEAL_KEY], const char *info,
                    const unsigned char *aad, size_t aad_length) {
    return unseal(content, sealed, length, private_key, sender_public, info, aad, aad_length);
}
