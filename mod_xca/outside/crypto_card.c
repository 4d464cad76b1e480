#include "outside/crypto_card.h"

#include <string.h>
#include <apr_strings.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include "outside/crypto_openssl.h"
#include "outside/crypto_tbs.h"

#define POP_POINT  65
#define POP_SEED   48 /* 128 bits more than the group's order: no bias to speak of (FIPS 186-5 appendix A.2.1) */
#define POP_SHARED 32

xca_error_t *xca_derive(unsigned char *out, apr_size_t length, const xca_secret_t *secret,
                        const char *label, const char *context, apr_pool_t *pool) {
    char *info = apr_pstrcat(pool, label, "\n", context, NULL);
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *derivation = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM parameters[4];
    int done;

    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[1] =
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret->bytes, secret->length);
    parameters[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(info));
    parameters[3] = OSSL_PARAM_construct_end();
    done = derivation != NULL && EVP_KDF_derive(derivation, out, length, parameters) > 0;
    EVP_KDF_CTX_free(derivation);
    EVP_KDF_free(kdf);
    return done ? NULL : xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.derive", "HKDF");
}

xca_error_t *xca_key_sign(xca_bytes_t *signature, const xca_key_t *key, const void *data,
                          apr_size_t length, apr_pool_t *pool) {
    return xca_openssl_sign(signature, key, EVP_sha256(), data, length, pool);
}

xca_error_t *xca_ca_sign(xca_bytes_t *signature, const xca_ca_t *ca, const void *data,
                         apr_size_t length, apr_pool_t *pool) {
    return xca_key_sign(signature, ca->key, data, length, pool);
}

xca_error_t *xca_signature_check(xca_bytes_t certificate, const void *data, apr_size_t length,
                                 xca_bytes_t signature, apr_pool_t *pool) {
    X509 *x509 = xca_openssl_x509(pool, certificate);
    EVP_PKEY *pkey = x509 != NULL ? X509_get0_pubkey(x509) : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int right = pkey != NULL && context != NULL &&
                EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pkey) == 1 &&
                EVP_DigestVerify(context, signature.data, signature.length, data, length) == 1;

    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return right ? NULL : xca_error_make(pool, XCA_E_DENIED, "card.signature", NULL);
}

/* Private scalar and public point, from parameters that OpenSSL takes for a key. */
static EVP_PKEY *make_ec_key(const BIGNUM *scalar, const unsigned char point[POP_POINT]) {
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;
    int built = builder != NULL &&
                OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
                OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, POP_POINT) &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar);

    parameters = built ? OSSL_PARAM_BLD_to_param(builder) : NULL;
    if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, parameters) <= 0) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    return pkey;
}

/* A scalar from 1 to the order less one (FIPS 186-5 appendix A.2.1), and its point. */
static int scalar_of_seed(BIGNUM *scalar, unsigned char point[POP_POINT],
                          const unsigned char seed[POP_SEED]) {
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *made = group != NULL ? EC_POINT_new(group) : NULL;
    BIGNUM *range = BN_new();
    BN_CTX *context = BN_CTX_secure_new();
    int done = made != NULL && range != NULL && context != NULL &&
               BN_copy(range, EC_GROUP_get0_order(group)) != NULL && BN_sub_word(range, 1) &&
               BN_bin2bn(seed, POP_SEED, scalar) != NULL && BN_mod(scalar, scalar, range, context) &&
               BN_add_word(scalar, 1) &&
               EC_POINT_mul(group, made, scalar, NULL, NULL, context) &&
               EC_POINT_point2oct(group, made, POINT_CONVERSION_UNCOMPRESSED, point, POP_POINT,
                                  context) == POP_POINT;

    BN_CTX_free(context);
    BN_free(range);
    EC_POINT_free(made);
    EC_GROUP_free(group);
    return done;
}

/* The signer's key for proofs of this card, from its secret: nothing to keep. */
static xca_error_t *pop_key(EVP_PKEY **pkey, unsigned char point[POP_POINT],
                            const xca_secret_t *secret, const char *card, apr_pool_t *pool) {
    unsigned char seed[POP_SEED];
    BIGNUM *scalar = BN_secure_new();
    xca_error_t *err = xca_derive(seed, sizeof(seed), secret, "pop", card, pool);

    *pkey = NULL;
    if (err == NULL && scalar != NULL && scalar_of_seed(scalar, point, seed)) {
        *pkey = xca_openssl_keep_pkey(pool, make_ec_key(scalar, point));
    }
    BN_clear_free(scalar);
    OPENSSL_cleanse(seed, sizeof(seed));
    if (err == NULL && *pkey == NULL) {
        err = xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.derive", "P-256 key");
    }
    return err;
}

xca_error_t *xca_pop_point(xca_bytes_t *point, const xca_secret_t *secret, const char *card,
                           apr_pool_t *pool) {
    unsigned char bytes[POP_POINT];
    EVP_PKEY *pkey;
    xca_error_t *err = pop_key(&pkey, bytes, secret, card, pool);

    if (err == NULL) {
        point->data = apr_pmemdup(pool, bytes, sizeof(bytes));
        point->length = sizeof(bytes);
    }
    return err;
}

/* SHA-256 over "XCA-POP-1" and the x coordinate of ECDH (SP 800-56A section 5.7.1.2). */
static int shared_key(unsigned char key[32], EVP_PKEY *own, EVP_PKEY *theirs) {
    unsigned char message[9 + POP_SHARED];
    size_t length = POP_SHARED;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    int done = context != NULL && EVP_PKEY_derive_init(context) > 0 &&
               EVP_PKEY_derive_set_peer(context, theirs) > 0 &&
               EVP_PKEY_derive(context, message + 9, &length) > 0 && length == POP_SHARED;

    EVP_PKEY_CTX_free(context);
    memcpy(message, "XCA-POP-1", 9);
    done = done && EVP_Digest(message, sizeof(message), key, NULL, EVP_sha256(), NULL);
    OPENSSL_cleanse(message, sizeof(message));
    return done;
}

xca_error_t *xca_pop_check(const xca_secret_t *secret, const char *card, xca_bytes_t spki,
                           xca_bytes_t mac, apr_pool_t *pool) {
    apr_size_t prefix = strlen(card) + 1;
    unsigned char point[POP_POINT], wanted[32];
    unsigned char *message = apr_palloc(pool, prefix + spki.length);
    xca_secret_t *key = xca_secret_alloc(pool, 32);
    EVP_PKEY *theirs = xca_openssl_public_key(pool, spki);
    EVP_PKEY *own;
    const char *curve = theirs != NULL ? xca_openssl_curve(pool, theirs) : NULL;
    xca_error_t *err = pop_key(&own, point, secret, card, pool);

    if (err != NULL) {
        return err;
    }
    if (curve == NULL || strcmp(curve, "P-256") != 0 || !shared_key(key->bytes, own, theirs)) {
        ERR_clear_error();
        return xca_error_make(pool, XCA_E_INVALID, "card.pop", "no P-256 key");
    }
    memcpy(message, card, prefix - 1);
    message[prefix - 1] = '\n';
    memcpy(message + prefix, spki.data, spki.length);
    xca_hmac(wanted, key, message, prefix + spki.length);
    if (mac.length != sizeof(wanted) || CRYPTO_memcmp(mac.data, wanted, sizeof(wanted)) != 0) {
        return xca_error_make(pool, XCA_E_INVALID, "card.pop", NULL);
    }
    return NULL;
}
