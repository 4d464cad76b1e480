/* The lists of keys that are known to be weak, such as Debian's of 2008. */
#include <stdlib.h>
#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include "outside/crypto_csr_parts.h"
#include "outside/crypto_openssl.h"

/* A listed key: SHA-256 of the SubjectPublicKeyInfo, or Debian's 80 bits with the rest zero. */
typedef struct listed_key {
    unsigned char length;
    unsigned char digest[32];
} listed_key_t;

/* Sorted. Set at start, before there are threads, read-only afterwards. */
static listed_key_t *listed_keys;
static apr_size_t listed_count;

static int compare_listed(const void *a, const void *b) {
    return memcmp(a, b, sizeof(listed_key_t));
}

static int is_listed(const unsigned char *digest, apr_size_t length) {
    listed_key_t wanted;

    memset(&wanted, 0, sizeof(wanted));
    wanted.length = (unsigned char)length;
    memcpy(wanted.digest, digest, length);
    return bsearch(&wanted, listed_keys, listed_count, sizeof(wanted), compare_listed) != NULL;
}

/* Debian's openssl-blacklist: the last 20 hex digits of SHA-1 over "Modulus=<HEX>\n". */
static int is_listed_by_debian(xca_bytes_t modulus, apr_pool_t *pool) {
    char *hex = xca_text_hex(pool, modulus.data, modulus.length);
    unsigned char digest[20];
    char *line, *at;

    for (at = hex; *at != '\0'; at++) {
        *at = *at >= 'a' ? (char)(*at - 'a' + 'A') : *at;
    }
    line = apr_pstrcat(pool, "Modulus=", hex[0] == '0' ? hex + 1 : hex, "\n", NULL);
    return EVP_Digest(line, strlen(line), digest, NULL, EVP_sha1(), NULL) &&
           is_listed(digest + 10, 10);
}

int xca_weak_listed(xca_bytes_t spki, xca_bytes_t modulus, apr_pool_t *pool) {
    unsigned char digest[32];

    if (listed_count == 0) {
        return 0;
    }
    if (EVP_Digest(spki.data, spki.length, digest, NULL, EVP_sha256(), NULL) &&
        is_listed(digest, sizeof(digest))) {
        return 1;
    }
    return modulus.length > 0 && is_listed_by_debian(modulus, pool);
}

static int read_listed(listed_key_t *key, const char *line, apr_pool_t *pool) {
    apr_size_t length = strlen(line);
    xca_bytes_t *digest = length == 64 || length == 20 ? xca_text_unhex(pool, line) : NULL;

    if (digest == NULL || digest->length != length / 2) {
        return 0;
    }
    memset(key, 0, sizeof(*key));
    key->length = (unsigned char)digest->length;
    memcpy(key->digest, digest->data, digest->length);
    return 1;
}

/* Blank lines and lines that start with # are skipped. */
static xca_error_t *read_list(apr_array_header_t *keys, apr_file_t *file, const char *path,
                              apr_pool_t *pool) {
    apr_pool_t *scratch;
    char line[256];
    int number = 0;

    apr_pool_create(&scratch, pool);
    while (apr_file_gets(line, sizeof(line), file) == APR_SUCCESS) {
        number++;
        line[strcspn(line, " \t\r\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#' && !read_listed(apr_array_push(keys), line, scratch)) {
            xca_error_t *err =
                xca_error_make(pool, XCA_E_INVALID, "weak-list.line", "%s line %d", path, number);

            err->arg = apr_itoa(pool, number);
            return err;
        }
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    return NULL;
}

static apr_status_t forget_list(void *baton) {
    listed_keys = NULL;
    listed_count = 0;
    return APR_SUCCESS;
}

xca_error_t *xca_csr_weak_list(const char *path, apr_pool_t *pool) {
    apr_array_header_t *keys = apr_array_make(pool, 1024, sizeof(listed_key_t));
    apr_file_t *file;
    apr_size_t i;
    xca_error_t *err;
    apr_status_t status =
        apr_file_open(&file, path, APR_READ | APR_BUFFERED, APR_OS_DEFAULT, pool);

    if (status != APR_SUCCESS) {
        char reason[120];

        err = xca_error_make(pool, XCA_E_INTERNAL, "file.unreadable", "%s: %s", path,
                             apr_strerror(status, reason, sizeof(reason)));
        err->arg = apr_pstrdup(pool, path);
        return err;
    }
    err = read_list(keys, file, path, pool);
    apr_file_close(file);
    if (err != NULL) {
        return err;
    }
    for (i = 0; i < listed_count; i++) {
        *(listed_key_t *)apr_array_push(keys) = listed_keys[i];
    }
    qsort(keys->elts, (size_t)keys->nelts, sizeof(listed_key_t), compare_listed);
    listed_keys = (listed_key_t *)keys->elts;
    listed_count = (apr_size_t)keys->nelts;
    apr_pool_cleanup_register(pool, NULL, forget_list, apr_pool_cleanup_null);
    return NULL;
}
