/* ECDSA_sign_setup() is deprecated since OpenSSL 3.0, which has nothing in its place. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "outside/crypto_presign.h"

#include <unistd.h>
#include <apr_thread_mutex.h>
#include <openssl/ecdsa.h>
#include "outside/crypto_openssl.h"

#define BATCH 64
#define OFTEN apr_time_from_msec(20)
#define LIFE  apr_time_from_msec(500)

typedef struct {
    BIGNUM *inverse; /* of k */
    BIGNUM *r;
} prepared_t;

struct xca_presigner {
    EC_KEY *key;
    EVP_MD *digest;
    apr_thread_mutex_t *mutex; /* of all below */
    pid_t owner;               /* who has made them */
    apr_time_t made, missed;   /* when one was wanted and none there */
    int making;                /* one thread at a time */
    int count;
    prepared_t prepared[BATCH];
};

static void wipe(prepared_t *one) {
    BN_clear_free(one->inverse);
    BN_clear_free(one->r);
    one->inverse = one->r = NULL;
}

static void drop(xca_presigner_t *presigner) {
    while (presigner->count > 0) {
        wipe(&presigner->prepared[--presigner->count]);
    }
}

static apr_status_t free_presigner(void *data) {
    xca_presigner_t *presigner = data;

    drop(presigner);
    EC_KEY_free(presigner->key);
    EVP_MD_free(presigner->digest);
    return APR_SUCCESS;
}

xca_error_t *xca_presigner_make(xca_presigner_t **result, const xca_key_t *key, apr_pool_t *pool) {
    xca_presigner_t *presigner = apr_pcalloc(pool, sizeof(*presigner));

    if (apr_thread_mutex_create(&presigner->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return xca_error_make(pool, XCA_E_INTERNAL, "crypto.lock", "mutex");
    }
    apr_pool_cleanup_register(pool, presigner, free_presigner, apr_pool_cleanup_null);
    presigner->key = EVP_PKEY_get1_EC_KEY(key->pkey);
    presigner->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (presigner->key == NULL || presigner->digest == NULL || ECDSA_size(presigner->key) > XCA_PRESIGN_MAX) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.key", "not P-256");
    }
    *result = presigner;
    return NULL;
}

/* Those of another process, or of another time, are nobody's. */
static void drop_what_is_old(xca_presigner_t *presigner, apr_time_t now) {
    pid_t self = getpid();

    if (presigner->owner != self || now < presigner->made || now >= presigner->made + LIFE) {
        drop(presigner);
    }
    if (presigner->owner != self) {
        presigner->owner = self;
        presigner->making = 0;
        presigner->missed = 0;
    }
}

/* Takes one out. Returns 0 if there is none; *make then tells whether the caller is to make a batch. */
static int take(prepared_t *one, int *make, xca_presigner_t *presigner) {
    apr_time_t now = apr_time_now();
    int found;

    apr_thread_mutex_lock(presigner->mutex);
    drop_what_is_old(presigner, now);
    found = presigner->count > 0;
    if (found) {
        *one = presigner->prepared[--presigner->count];
    } else {
        *make = !presigner->making && now >= presigner->missed && now < presigner->missed + OFTEN;
        presigner->making |= *make;
        presigner->missed = now;
    }
    apr_thread_mutex_unlock(presigner->mutex);
    return found;
}

/* The first is for the caller. Returns 0 if OpenSSL could not, with its error queue as it left it. */
static int prepare(prepared_t *one, xca_presigner_t *presigner) {
    prepared_t batch[BATCH] = {{NULL, NULL}};
    BN_CTX *context = BN_CTX_new();
    int count = 0;

    while (context != NULL && count < BATCH &&
           ECDSA_sign_setup(presigner->key, context, &batch[count].inverse, &batch[count].r) == 1) {
        count++;
    }
    BN_CTX_free(context);
    if (count > 0) {
        *one = batch[--count];
    }
    apr_thread_mutex_lock(presigner->mutex);
    presigner->making = 0;
    presigner->made = apr_time_now();
    while (count > 0 && presigner->count < BATCH) {
        presigner->prepared[presigner->count++] = batch[--count];
    }
    apr_thread_mutex_unlock(presigner->mutex);
    while (count > 0) {
        wipe(&batch[--count]);
    }
    return one->inverse != NULL;
}

/* With a k that was prepared, or, if `one` holds none, with one of its own. */
static int sign(unsigned char *signature, apr_size_t *length, xca_presigner_t *presigner, const prepared_t *one, xca_bytes_t data) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length = 0, written = 0;
    int done = EVP_Digest(data.data, data.length, digest, &digest_length, presigner->digest, NULL) == 1 &&
               ECDSA_sign_ex(0, digest, (int)digest_length, signature, &written, one->inverse, one->r, presigner->key) == 1;

    *length = written;
    return done;
}

xca_error_t *xca_presigner_sign(unsigned char *signature, apr_size_t *length, xca_presigner_t *presigner, xca_bytes_t data,
                                apr_pool_t *pool) {
    prepared_t one = {NULL, NULL}, none = {NULL, NULL};
    int make = 0, done;

    if (!take(&one, &make, presigner) && make && !prepare(&one, presigner)) {
        return xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.sign", "ECDSA_sign_setup");
    }
    done = sign(signature, length, presigner, &one, data);
    if (!done && one.inverse != NULL) {
        done = sign(signature, length, presigner, &none, data); /* one k in 2^256 does not do for a message */
    }
    wipe(&one);
    return done ? NULL : xca_openssl_error(pool, XCA_E_INTERNAL, "crypto.sign", "ECDSA_sign");
}

int xca_presigner_ready(xca_presigner_t *presigner) {
    int count;

    apr_thread_mutex_lock(presigner->mutex);
    drop_what_is_old(presigner, apr_time_now());
    count = presigner->count;
    apr_thread_mutex_unlock(presigner->mutex);
    return count;
}
