/* Private keys: making, reading and writing them. */
#include <limits.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include "base/settings.h"
#include "outside/crypto_openssl.h"

#define KEY_FILE_MAX (64 * 1024)

/* Iterations of PBKDF2 for a PKCS#12 file's key and MAC. */
#define PKCS12_ITERATIONS 100000

int xca_key_is_uri(const char *value) {
    return strncmp(value, "pkcs11:", 7) == 0;
}

int xca_key_is_away(const xca_error_t *err) {
    return err != NULL && err->kind == XCA_E_UNAVAILABLE && strncmp(err->message, "hsm.", 4) == 0;
}

xca_bytes_t xca_key_certificate(const xca_key_t *key) {
    return key->certificate;
}

xca_error_t *xca_key_spki(xca_bytes_t *spki, const xca_key_t *key, apr_pool_t *pool) {
    return xca_openssl_spki(spki, key->pkey, pool);
}

static xca_key_t *make_key(apr_pool_t *pool, EVP_PKEY *pkey) {
    xca_key_t *key = apr_pcalloc(pool, sizeof(*key));

    key->pkey = xca_openssl_keep_pkey(pool, pkey);
    return key;
}

static void keep_certificate(xca_key_t *key, apr_pool_t *pool, const X509 *certificate) {
    unsigned char *der = NULL;
    int length = certificate != NULL ? i2d_X509(certificate, &der) : 0;

    if (length > 0) {
        key->certificate.data = apr_pmemdup(pool, der, (apr_size_t)length);
        key->certificate.length = (apr_size_t)length;
    }
    OPENSSL_free(der);
}

/* Password of a PEM file. Never asks at the terminal: without a password it fails. */
static int give_password(char *buffer, int size, int writing, void *baton) {
    const xca_secret_t *password = baton;

    if (password == NULL || password->length > (apr_size_t)size) {
        return -1;
    }
    memcpy(buffer, password->bytes, password->length);
    return (int)password->length;
}

static xca_error_t *fail(const char *message, const char *path, apr_pool_t *pool) {
    xca_error_t *err = xca_openssl_error(pool, XCA_E_INTERNAL, message, path);

    err->arg = apr_pstrdup(pool, path);
    return err;
}

static xca_error_t *read_pem(xca_key_t **key, const char *data, apr_size_t length, const char *path,
                             const xca_secret_t *password, apr_pool_t *pool) {
    BIO *bio = xca_openssl_keep_bio(pool, BIO_new_mem_buf(data, (int)length));
    EVP_PKEY *pkey;

    ERR_clear_error();
    pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, give_password,
                                                 (void *)(uintptr_t)password)
                       : NULL;
    if (pkey == NULL) {
        /* Decrypted with the wrong password it is noise, and OpenSSL may say anything. */
        return fail(strstr(data, "ENCRYPTED") != NULL ? "key.password" : "key.unreadable", path, pool);
    }
    *key = make_key(pool, pkey);
    if (BIO_reset(bio) == 1) {
        keep_certificate(*key, pool,
                         xca_openssl_keep_x509(pool, PEM_read_bio_X509(bio, NULL, give_password,
                                                                       NULL)));
    }
    ERR_clear_error();
    return NULL;
}

static xca_error_t *read_pkcs12(xca_key_t **key, const unsigned char *data, apr_size_t length,
                                const char *path, const xca_secret_t *password,
                                apr_pool_t *pool) {
    const char *text = password != NULL ? xca_secret_text(password) : "";
    PKCS12 *file = d2i_PKCS12(NULL, &data, (long)length);
    EVP_PKEY *pkey = NULL;
    X509 *certificate = NULL;
    int right_password, parsed;

    if (file == NULL) {
        return fail("key.unreadable", path, pool);
    }
    right_password = PKCS12_verify_mac(file, text, -1);
    parsed = right_password && PKCS12_parse(file, text, &pkey, &certificate, NULL);
    PKCS12_free(file);
    xca_openssl_keep_x509(pool, certificate);
    if (pkey == NULL || !parsed) {
        EVP_PKEY_free(pkey);
        return fail(right_password ? "key.unreadable" : "key.password", path, pool);
    }
    *key = make_key(pool, pkey);
    keep_certificate(*key, pool, certificate);
    ERR_clear_error();
    return NULL;
}

xca_error_t *xca_key_read(xca_key_t **key, const char *path, const xca_secret_t *password,
                          apr_pool_t *pool) {
    const char *data;
    apr_size_t length;
    xca_error_t *err = xca_file_read(&data, &length, path, KEY_FILE_MAX, pool);

    if (err != NULL) {
        err->message = "key.unreadable";
        return err;
    }
    if (length > 0 && data[0] == 0x30) {
        err = read_pkcs12(key, (const unsigned char *)data, length, path, password, pool);
    } else {
        err = read_pem(key, data, length, path, password, pool);
    }
    xca_wipe((void *)(uintptr_t)data, length);
    return err;
}

xca_error_t *xca_openssl_sign(xca_bytes_t *signature, const xca_key_t *key, const EVP_MD *digest, const void *data,
                              apr_size_t length, apr_pool_t *pool) {
    size_t size = (size_t)EVP_PKEY_get_size(key->pkey);
    unsigned char *bytes;
    EVP_MD_CTX *context;
    int done;

    if (key->sign != NULL) {
        return key->sign(signature, key, digest, data, length, pool);
    }
    bytes = apr_palloc(pool, size);
    context = EVP_MD_CTX_new();
    done = context != NULL && EVP_DigestSignInit(context, NULL, digest, NULL, key->pkey) == 1 &&
           EVP_DigestSign(context, bytes, &size, data, length) == 1;
    EVP_MD_CTX_free(context);
    if (!done) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.sign", "EVP_DigestSign");
    }
    *signature = (xca_bytes_t){bytes, size};
    return NULL;
}

xca_error_t *xca_key_type_check(const char *type, apr_pool_t *pool) {
    static const char *const types[] = {"rsa:2048", "rsa:3072", "rsa:4096", "ec:P-256", "ec:P-384"};
    xca_error_t *err;
    size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(type, types[i]) == 0) {
            return NULL;
        }
    }
    err = xca_error_make(pool, XCA_E_INVALID, "key.type", "%s", type);
    err->arg = apr_pstrdup(pool, type);
    return err;
}

xca_error_t *xca_key_make(xca_key_t **key, const char *type, apr_pool_t *pool) {
    xca_error_t *err = xca_key_type_check(type, pool);
    EVP_PKEY *pkey;

    if (err != NULL) {
        return err;
    }
    pkey = type[0] == 'r' ? EVP_RSA_gen((unsigned int)apr_atoi64(type + 4)) : EVP_EC_gen(type + 3);
    if (pkey == NULL) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.key", type);
    }
    *key = make_key(pool, pkey);
    return NULL;
}

xca_error_t *xca_key_private(xca_secret_t **pkcs8, const xca_key_t *key, apr_pool_t *pool) {
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
    unsigned char *der = NULL;
    int length = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;

    PKCS8_PRIV_KEY_INFO_free(info);
    if (length <= 0) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.key", "PKCS#8");
    }
    *pkcs8 = xca_secret_make(pool, der, (apr_size_t)length);
    OPENSSL_clear_free(der, (size_t)length);
    return NULL;
}

xca_error_t *xca_key_of_private(xca_key_t **key, const xca_secret_t *pkcs8, apr_pool_t *pool) {
    const unsigned char *at = pkcs8->bytes;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)pkcs8->length);
    EVP_PKEY *pkey = info != NULL ? EVP_PKCS82PKEY(info) : NULL;

    PKCS8_PRIV_KEY_INFO_free(info);
    if (pkey == NULL) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.key", "PKCS#8");
    }
    *key = make_key(pool, pkey);
    return NULL;
}

/* Writes a new file that only its owner may read. */
static xca_error_t *write_private(const char *path, BIO *content, apr_pool_t *pool) {
    char *data;
    long length = BIO_get_mem_data(content, &data);
    xca_error_t *err = xca_file_write_new(path, data, (apr_size_t)length, 0, pool);

    xca_wipe(data, (apr_size_t)length);
    if (err != NULL) {
        err->message = "key.unwritable";
    }
    return err;
}

xca_error_t *xca_key_write(const xca_key_t *key, const char *path, apr_pool_t *pool) {
    BIO *bio = xca_openssl_keep_bio(pool, BIO_new(BIO_s_secmem()));

    if (bio == NULL ||
        !PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL)) {
        return fail("crypto.key", path, pool);
    }
    return write_private(path, bio, pool);
}

xca_error_t *xca_key_write_pkcs12(const xca_key_t *key, xca_bytes_t certificate, xca_bytes_t issuer,
                                  const xca_secret_t *password, const char *path,
                                  apr_pool_t *pool) {
    BIO *bio = xca_openssl_keep_bio(pool, BIO_new(BIO_s_secmem()));
    X509 *own = xca_openssl_x509(pool, certificate);
    X509 *above = issuer.length > 0 ? xca_openssl_x509(pool, issuer) : NULL;
    STACK_OF(X509) *others = sk_X509_new_null();
    PKCS12 *file = NULL;
    int written;

    if (own != NULL && others != NULL && (above == NULL || sk_X509_push(others, above) > 0)) {
        file = PKCS12_create(xca_secret_text(password), NULL, key->pkey, own, others,
                             NID_aes_256_cbc, NID_aes_256_cbc, PKCS12_ITERATIONS,
                             PKCS12_ITERATIONS, 0);
    }
    written = file != NULL && bio != NULL && i2d_PKCS12_bio(bio, file);
    PKCS12_free(file);
    sk_X509_free(others);
    if (!written) {
        return fail("crypto.key", path, pool);
    }
    return write_private(path, bio, pool);
}
