#include "outside/crypto_pem.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/crypto.h"

#define LINE 64

char *xca_pem(apr_pool_t *pool, const char *label, xca_bytes_t der) {
    const char *base64 = xca_base64(pool, der.data, der.length);
    apr_size_t left = strlen(base64);
    char *lines = apr_palloc(pool, left + left / LINE + 2);
    char *to = lines;

    while (left > 0) {
        apr_size_t length = left < LINE ? left : LINE;

        memcpy(to, base64, length);
        to += length;
        *to++ = '\n';
        base64 += length;
        left -= length;
    }
    *to = '\0';
    return apr_pstrcat(pool, "-----BEGIN ", label, "-----\n", lines, "-----END ", label, "-----\n",
                       NULL);
}

/* The end is looked for behind the beginning: the dashes of one may not be those of the other. */
xca_bytes_t *xca_pem_find(apr_pool_t *pool, const char *text, const char *label) {
    const char *begin = apr_pstrcat(pool, "-----BEGIN ", label, "-----", NULL);
    const char *from = strstr(text, begin), *to;

    if (from == NULL) {
        return NULL;
    }
    from += strlen(begin);
    to = strstr(from, apr_pstrcat(pool, "-----END ", label, "-----", NULL));
    return to != NULL ? xca_unbase64(pool, from, (apr_size_t)(to - from)) : NULL;
}
