/* What a browser sends. The first byte chooses: query string, urlencoded body, multipart body, content type and body, cookies
 * with the tokens in them. Fields are text without control characters but line feeds; no token is valid that we did not make. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "portal/engine.h"
#include "portal/form.h"
#include "portal/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW apr_time_from_sec(1800000000)

static const char *const names[] = {"", "a", "code", "csr", "draft", "email", "org_name", "token", "window"};

static void check_form(const xca_form_t *form) {
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = xca_form_text(form, names[i]);
        const xca_bytes_t *file = xca_form_file(form, names[i]);
        volatile unsigned char last = file != NULL && file->length > 0 ? file->data[file->length - 1] : 0;

        if (text != NULL && (!xca_text_valid(text, strlen(text), 1) || strchr(text, '\r') != NULL)) {
            abort();
        }
        (void)last; /* read: the sanitizer knows whether it is there */
    }
}

static void read_form(const char *query, const char *type, const char *body, size_t length, apr_pool_t *pool) {
    xca_form_t *form;
    xca_secret_t *secret;
    xca_error_t *err = xca_form_read(&form, query, type, body, length, pool);

    if (err != NULL) {
        return;
    }
    check_form(form);
    secret = xca_form_secret(form, "code", pool);
    if (secret != NULL && (secret->length == 0 || xca_form_text(form, "code") != NULL)) {
        abort();
    }
}

static void read_cookies(const char *header, apr_pool_t *pool) {
    static unsigned char bytes[32] = "a key that no input has, we hope";
    xca_secret_t key = {bytes, sizeof(bytes)};
    const char *visitor = xca_cookie(header, "xca-visitor", pool);
    const char *pass = xca_cookie(header, "xca-case-1", pool);
    const char *nonce;

    if (xca_case_pass_valid(&key, pass, "1", visitor != NULL ? visitor : "", NOW, pool) ||
        xca_form_token_check(&nonce, &key, xca_cookie(header, "t", pool), "apply", "", NOW, pool) == NULL ||
        xca_login_challenge_check(&nonce, &key, "https://xca.example", "", header, strlen(header), NOW, pool) == NULL) {
        abort();
    }
    if (visitor != NULL && strpbrk(visitor, "; \t") != NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    apr_pool_t *pool;
    const char *text, *line;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    if (size == 0) {
        return 0;
    }
    apr_pool_create(&pool, NULL);
    text = apr_pstrmemdup(pool, (const char *)data + 1, size - 1);
    switch (data[0] % 5) {
    case 0:
        read_form(text, NULL, NULL, 0, pool);
        break;
    case 1:
        read_form(NULL, "application/x-www-form-urlencoded", text, size - 1, pool);
        break;
    case 2:
        read_form("a=1", "multipart/form-data; boundary=B", text, size - 1, pool);
        break;
    case 3:
        line = strchr(text, '\n');
        read_form(NULL, line != NULL ? apr_pstrmemdup(pool, text, (size_t)(line - text)) : text,
                  line != NULL ? line + 1 : "", line != NULL ? size - 2 - (size_t)(line - text) : 0, pool);
        break;
    case 4:
        read_cookies(text, pool);
        break;
    }
    apr_pool_destroy(pool);
    return 0;
}
