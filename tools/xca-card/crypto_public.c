/* Public keys. */
#include "crypto.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include "crypto_openssl.h"

#define POINT_MAX 97

public_key_t *public_key_wrap(EVP_PKEY *pkey) {
    public_key_t *key;

    if (pkey == NULL) {
        return NULL;
    }
    key = calloc(1, sizeof(*key));
    if (key == NULL) {
        abort();
    }
    key->pkey = pkey;
    return key;
}

void public_key_free(public_key_t *key) {
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

static EVP_PKEY *from_parameters(const char *type, OSSL_PARAM *parameters) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static EVP_PKEY *rsa_key(const piv_public_t *given) {
    BIGNUM *n = BN_bin2bn(given->modulus.data, (int)given->modulus.length, NULL);
    BIGNUM *e = BN_bin2bn(given->exponent.data, (int)given->exponent.length, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *pkey = NULL;

    if (n != NULL && e != NULL && builder != NULL && BN_num_bits(n) == 2048 && BN_is_odd(n) &&
        BN_is_word(e, 65537) && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
        parameters = OSSL_PARAM_BLD_to_param(builder);
        pkey = parameters != NULL ? from_parameters("RSA", parameters) : NULL;
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return pkey;
}

static EVP_PKEY *ec_key(const char *group, view_t point) {
    OSSL_PARAM parameters[3];

    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0);
    parameters[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.data,
                                                      point.length);
    parameters[2] = OSSL_PARAM_construct_end();
    return from_parameters("EC", parameters); /* a point beside the curve is refused */
}

fault_t *public_key_of_card(public_key_t **key, const piv_public_t *given) {
    EVP_PKEY *pkey;

    if (given->algorithm == PIV_RSA_2048) {
        pkey = rsa_key(given);
    } else {
        pkey = ec_key(given->algorithm == PIV_P384 ? "P-384" : "P-256", bytes_view(&given->point));
    }
    ERR_clear_error();
    *key = public_key_wrap(pkey);
    return *key != NULL ? NULL : fault_make(T_CARD_NONSENSE, NULL, "no such public key");
}

piv_algorithm public_key_algorithm(const public_key_t *key) {
    char group[32] = "";

    if (EVP_PKEY_is_a(key->pkey, "RSA")) {
        return EVP_PKEY_get_bits(key->pkey) == 2048 ? PIV_RSA_2048 : (piv_algorithm)0;
    }
    if (!EVP_PKEY_is_a(key->pkey, "EC") ||
        EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), NULL) != 1) {
        return (piv_algorithm)0;
    }
    if (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0) {
        return PIV_P256;
    }
    return strcmp(group, "secp384r1") == 0 || strcmp(group, "P-384") == 0 ? PIV_P384
                                                                          : (piv_algorithm)0;
}

int public_key_equal(const public_key_t *a, const public_key_t *b) {
    int equal = EVP_PKEY_eq(a->pkey, b->pkey) == 1;

    ERR_clear_error();
    return equal;
}

int public_key_verifies_digest(const public_key_t *key, const unsigned char digest[PIV_SHA256],
                               view_t signature) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    int right = context != NULL && EVP_PKEY_verify_init(context) == 1 &&
                (!EVP_PKEY_is_a(key->pkey, "RSA") ||
                 EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1) &&
                EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_verify(context, signature.data, signature.length, digest, PIV_SHA256) == 1;

    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return right;
}

int public_key_verifies(const public_key_t *key, view_t text, view_t signature) {
    unsigned char digest[PIV_SHA256];
    fault_t *fault = crypto_sha256(digest, text);

    if (fault != NULL) {
        fault_drop(fault);
        return 0;
    }
    return public_key_verifies_digest(key, digest, signature);
}

fault_t *public_key_spki(const public_key_t *key, bytes_t *der) {
    unsigned char *data = NULL;
    int length = i2d_PUBKEY(key->pkey, &data);

    if (length <= 0) {
        return crypto_fault("i2d_PUBKEY");
    }
    bytes_set(der, data, (size_t)length);
    OPENSSL_free(data);
    return NULL;
}

fault_t *public_key_encrypt(const public_key_t *key, view_t plain, bytes_t *cipher) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    unsigned char out[1024];
    size_t length = sizeof(out);
    int done = context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
               EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
               EVP_PKEY_encrypt(context, out, &length, plain.data, plain.length) == 1;

    EVP_PKEY_CTX_free(context);
    if (!done) {
        return crypto_fault("EVP_PKEY_encrypt");
    }
    bytes_set(cipher, out, length);
    return NULL;
}

int public_key_derive(EVP_PKEY *own, EVP_PKEY *other, bytes_t *shared) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    unsigned char x[POINT_MAX];
    size_t length = sizeof(x);
    int done = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
               EVP_PKEY_derive_set_peer(context, other) == 1 &&
               EVP_PKEY_derive(context, x, &length) == 1;

    if (done) {
        bytes_set(shared, x, length);
    }
    wipe(x, sizeof(x));
    EVP_PKEY_CTX_free(context);
    return done;
}

fault_t *public_key_agree(const public_key_t *key, bytes_t *point, bytes_t *shared) {
    const char *group = public_key_algorithm(key) == PIV_P384 ? "P-384" : "P-256";
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);
    unsigned char encoded[POINT_MAX];
    size_t length = 0;
    int done = own != NULL &&
               EVP_PKEY_get_octet_string_param(own, OSSL_PKEY_PARAM_PUB_KEY, encoded,
                                               sizeof(encoded), &length) == 1 &&
               public_key_derive(own, key->pkey, shared);

    if (done) {
        bytes_set(point, encoded, length);
    }
    EVP_PKEY_free(own);
    return done ? NULL : crypto_fault("ECDH");
}
