/* The hash of user codes: scrypt (RFC 7914). */
#include "outside/crypto.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include "outside/crypto_openssl.h"

#define LOG2_N     15
#define BLOCK_R    8
#define PARALLEL_P 1
#define SALT       16
#define HASH       32
#define MEMORY_MAX ((uint64_t)128 << 20) /* four times ours; a hash is read from the directory */
#define AT_ONCE    4 /* scrypt takes 32 MiB and a processor: a flood of codes must wait, not fill the memory */

/* A text "scrypt$log2N$r$p$salt$hash", taken apart. */
typedef struct code_hash {
    unsigned int log2_n, r, p;
    xca_bytes_t *salt, *hash;
} code_hash_t;

static sem_t places;
static pthread_once_t places_made = PTHREAD_ONCE_INIT;

static void make_places(void) {
    sem_init(&places, 0, AT_ONCE);
}

static void take_place(void) {
    pthread_once(&places_made, make_places);
    while (sem_wait(&places) != 0) { /* EINTR */
    }
}

static xca_error_t *derive(unsigned char hash[HASH], const xca_secret_t *code,
                           const code_hash_t *how, apr_pool_t *pool) {
    uint64_t n = (uint64_t)1 << how->log2_n;
    uint64_t memory = 128 * n * how->r + ((uint64_t)1 << 20) * how->p;
    uint32_t r = how->r, p = how->p;
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
    EVP_KDF_CTX *context = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, code->bytes, code->length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)how->salt->data,
                                          how->salt->length),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end()};
    int done;

    take_place();
    done = context != NULL && EVP_KDF_derive(context, hash, HASH, params) == 1;
    sem_post(&places);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    if (!done) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.code-hash", "scrypt");
    }
    return NULL;
}

xca_error_t *xca_code_hash(const char **hash, const xca_secret_t *code, apr_pool_t *pool) {
    unsigned char salt[SALT], derived[HASH];
    xca_bytes_t salt_bytes = {salt, SALT};
    code_hash_t how = {LOG2_N, BLOCK_R, PARALLEL_P, &salt_bytes, NULL};
    xca_error_t *err = xca_random(salt, SALT, pool);

    if (err != NULL) {
        return err;
    }
    err = derive(derived, code, &how, pool);
    if (err != NULL) {
        return err;
    }
    *hash = apr_psprintf(pool, "scrypt$%d$%d$%d$%s$%s", LOG2_N, BLOCK_R, PARALLEL_P,
                         xca_base64(pool, salt, SALT), xca_base64(pool, derived, HASH));
    return NULL;
}

/* Reads a decimal number of at most three digits that ends in '$'; 0 if there is none. */
static unsigned int take_number(const char **at) {
    unsigned int value = 0;
    int digits = 0;

    while (**at >= '0' && **at <= '9' && digits < 3) {
        value = value * 10 + (unsigned int)(*(*at)++ - '0');
        digits++;
    }
    if (digits == 0 || **at != '$') {
        return 0;
    }
    (*at)++;
    return value;
}

static int take_apart(code_hash_t *how, const char *text, apr_pool_t *pool) {
    const char *dollar;

    if (strlen(text) > 200 || strncmp(text, "scrypt$", 7) != 0) {
        return 0;
    }
    text += 7;
    how->log2_n = take_number(&text);
    how->r = how->log2_n > 0 ? take_number(&text) : 0;
    how->p = how->r > 0 ? take_number(&text) : 0;
    if (how->log2_n > 20 || how->r > 16 || how->p == 0 || how->p > 16 ||
        ((uint64_t)128 << how->log2_n) * how->r > MEMORY_MAX) {
        return 0;
    }
    dollar = strchr(text, '$');
    if (dollar == NULL) {
        return 0;
    }
    how->salt = xca_unbase64(pool, text, (apr_size_t)(dollar - text));
    how->hash = xca_unbase64(pool, dollar + 1, strlen(dollar + 1));
    return how->salt != NULL && how->salt->length > 0 && how->hash != NULL &&
           how->hash->length == HASH;
}

xca_error_t *xca_code_verify(int *matches, const char *hash, const xca_secret_t *code,
                             apr_pool_t *pool) {
    unsigned char derived[HASH];
    code_hash_t how;
    xca_error_t *err;

    *matches = 0;
    if (!take_apart(&how, hash, pool)) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crypto.code-hash", "not a code hash");
    }
    err = derive(derived, code, &how, pool);
    if (err != NULL) {
        return err;
    }
    *matches = CRYPTO_memcmp(derived, how.hash->data, HASH) == 0;
    return NULL;
}
