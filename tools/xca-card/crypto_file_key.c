/* Keys in files, for operators and for signing without a card. */
#include "crypto_sign.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include "crypto_openssl.h"

#define FILE_MAX 65536

static int read_file(bytes_t *contents, const char *path) {
    BIO *file = BIO_new_file(path, "rb");
    unsigned char block[4096];
    int got;

    while (file != NULL && contents->length <= FILE_MAX &&
           (got = BIO_read(file, block, sizeof(block))) > 0) {
        bytes_add(contents, block, (size_t)got);
    }
    wipe(block, sizeof(block));
    BIO_free(file);
    ERR_clear_error();
    return contents->length > 0 && contents->length <= FILE_MAX;
}

/* 1 if read, 0 if the password is wrong or missing, -1 if it is no PKCS#12. */
static int read_pkcs12(const bytes_t *contents, const secret_t *password, EVP_PKEY **pkey,
                       X509 **x509) {
    const unsigned char *at = contents->data;
    PKCS12 *bag = d2i_PKCS12(NULL, &at, (long)contents->length);
    int result;

    if (bag == NULL) {
        return -1;
    }
    result = PKCS12_parse(bag, password != NULL ? password->text : NULL, pkey, x509, NULL) == 1;
    PKCS12_free(bag);
    return result;
}

/* OpenSSL would ask at the terminal by itself. */
static int give_password(char *buffer, int size, int writing, void *baton) {
    const secret_t *password = baton;

    if (password == NULL || password->length > (size_t)size) {
        return -1;
    }
    memcpy(buffer, password->text, password->length);
    return (int)password->length;
}

static int read_pem(const bytes_t *contents, const secret_t *password, EVP_PKEY **pkey, X509 **x509) {
    BIO *in = BIO_new_mem_buf(contents->data, (int)contents->length);

    *x509 = in != NULL ? PEM_read_bio_X509(in, NULL, give_password, NULL) : NULL;
    if (*x509 == NULL) {
        BIO_free(in);
        return -1;
    }
    BIO_reset(in);
    *pkey = PEM_read_bio_PrivateKey(in, NULL, give_password, (void *)password);
    BIO_free(in);
    return *pkey != NULL;
}

fault_t *file_key_read(file_key_t **result, const char *path, const secret_t *password,
                       int *needs_password) {
    bytes_t contents = {NULL, 0, 0};
    EVP_PKEY *pkey = NULL;
    X509 *x509 = NULL;
    file_key_t *key;
    fault_t *fault;
    int read = -1;

    *result = NULL;
    *needs_password = 0;
    if (read_file(&contents, path)) {
        read = read_pkcs12(&contents, password, &pkey, &x509);
        read = read >= 0 ? read : read_pem(&contents, password, &pkey, &x509);
    }
    bytes_free(&contents);
    ERR_clear_error();
    if (read == 1 && (pkey == NULL || x509 == NULL || X509_check_private_key(x509, pkey) != 1)) {
        read = -1;
    }
    if (read != 1) {
        EVP_PKEY_free(pkey);
        X509_free(x509);
        ERR_clear_error();
        *needs_password = read == 0 && password == NULL;
        return *needs_password ? NULL
                               : fault_make(read == 0 ? T_KEY_PASSWORD : T_KEY_FILE, path, "%s", path);
    }
    key = calloc(1, sizeof(*key));
    if (key == NULL) {
        abort();
    }
    key->pkey = pkey;
    fault = certificate_wrap(&key->certificate, x509);
    if (fault != NULL) {
        file_key_free(key);
        return fault;
    }
    *result = key;
    return NULL;
}

void file_key_free(file_key_t *key) {
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        certificate_free(key->certificate);
        free(key);
    }
}

static fault_t *sign_with_file(void *baton, const unsigned char digest[PIV_SHA256],
                               bytes_t *signature) {
    file_key_t *key = baton;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    unsigned char out[1024];
    size_t length = sizeof(out);
    int done = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
               (!EVP_PKEY_is_a(key->pkey, "RSA") ||
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1) &&
               EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
               EVP_PKEY_sign(context, out, &length, digest, PIV_SHA256) == 1;

    EVP_PKEY_CTX_free(context);
    if (!done) {
        return crypto_fault("EVP_PKEY_sign");
    }
    bytes_set(signature, out, length);
    return NULL;
}

signer_t file_key_signer(file_key_t *key) {
    signer_t signer = {sign_with_file, key, key->certificate->key, key->certificate, NULL};

    return signer;
}
