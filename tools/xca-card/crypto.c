#include "crypto.h"

#include <string.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include "crypto_openssl.h"
#include "piv_admin.h"

fault_t *crypto_fault(const char *what) {
    unsigned long code = ERR_peek_last_error();
    char reason[160] = "";

    if (code != 0) {
        ERR_error_string_n(code, reason, sizeof(reason));
    }
    ERR_clear_error();
    return fault_make(T_INTERNAL, NULL, "%s: %s", what, reason);
}

fault_t *crypto_random(void *data, size_t length) {
    return RAND_priv_bytes(data, (int)length) == 1 ? NULL : crypto_fault("RAND_priv_bytes");
}

fault_t *crypto_random_digits(secret_t *secret, size_t digits) {
    fault_t *fault = NULL;

    secret_wipe(secret);
    while (fault == NULL && secret->length < digits && secret->length < SECRET_MAX - 1) {
        unsigned char byte = 0;

        fault = crypto_random(&byte, 1);
        if (byte < 250) { /* 256 is no multiple of 10 */
            secret->text[secret->length++] = (char)('0' + byte % 10);
        }
        wipe(&byte, 1);
    }
    return fault;
}

static const EVP_CIPHER *cipher_of(int algorithm) {
    switch (algorithm) {
    case PIV_3DES:
        return EVP_des_ede3_ecb();
    case PIV_AES_128:
        return EVP_aes_128_ecb();
    case PIV_AES_192:
        return EVP_aes_192_ecb();
    default:
        return EVP_aes_256_ecb();
    }
}

fault_t *crypto_block(int algorithm, const secret_t *key, int encrypt, const unsigned char *in,
                      unsigned char *out, size_t size) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0;
    int done = context != NULL &&
               EVP_CipherInit_ex(context, cipher_of(algorithm), NULL,
                                 (const unsigned char *)key->text, NULL, encrypt) == 1 &&
               EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
               EVP_CipherUpdate(context, out, &written, in, (int)size) == 1 && written == (int)size;

    EVP_CIPHER_CTX_free(context);
    return done ? NULL : crypto_fault("block cipher");
}

fault_t *crypto_sha256_of(unsigned char digest[PIV_SHA256], const view_t *pieces, size_t count) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int done = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    size_t i;

    for (i = 0; done && i < count; i++) {
        done = EVP_DigestUpdate(context, pieces[i].data, pieces[i].length) == 1;
    }
    done = done && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done ? NULL : crypto_fault("SHA-256");
}

fault_t *crypto_sha256(unsigned char digest[PIV_SHA256], view_t data) {
    return crypto_sha256_of(digest, &data, 1);
}

fault_t *crypto_hmac_sha256(unsigned char mac[PIV_SHA256], view_t key, const view_t *pieces,
                            size_t count) {
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
    OSSL_PARAM parameters[2];
    size_t length = 0, i;
    int done;

    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[1] = OSSL_PARAM_construct_end();
    done = context != NULL && EVP_MAC_init(context, key.data, key.length, parameters) == 1;
    for (i = 0; done && i < count; i++) {
        done = EVP_MAC_update(context, pieces[i].data, pieces[i].length) == 1;
    }
    done = done && EVP_MAC_final(context, mac, &length, PIV_SHA256) == 1;
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(hmac);
    return done ? NULL : crypto_fault("HMAC");
}

void base64_write(bytes_t *text, view_t data) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i;

    for (i = 0; i < data.length; i += 3) {
        size_t left = data.length - i;
        unsigned long group = (unsigned long)data.data[i] << 16;

        group |= left > 1 ? (unsigned long)data.data[i + 1] << 8 : 0;
        group |= left > 2 ? (unsigned long)data.data[i + 2] : 0;
        bytes_add_byte(text, (unsigned char)digits[group >> 18 & 63]);
        bytes_add_byte(text, (unsigned char)digits[group >> 12 & 63]);
        bytes_add_byte(text, (unsigned char)(left > 1 ? digits[group >> 6 & 63] : '='));
        bytes_add_byte(text, (unsigned char)(left > 2 ? digits[group & 63] : '='));
    }
}

static int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_read(bytes_t *data, const char *text) {
    size_t length = strlen(text), i, j;
    size_t padding = length > 0 && text[length - 1] == '=';

    padding += length > 1 && text[length - 2] == '=';
    data->length = 0;
    if (length % 4 != 0) {
        return 0;
    }
    for (i = 0; i < length; i += 4) {
        size_t digits = i + 4 == length ? 4 - padding : 4;
        unsigned long group = 0;

        for (j = 0; j < 4; j++) {
            int digit = j < digits ? base64_digit(text[i + j]) : 0;

            if (digit < 0) {
                return 0;
            }
            group = group << 6 | (unsigned long)digit;
        }
        for (j = 0; j + 1 < digits; j++) {
            bytes_add_byte(data, (unsigned char)(group >> (16 - 8 * j)));
        }
    }
    return 1;
}
