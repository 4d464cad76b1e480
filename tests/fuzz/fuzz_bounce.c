/* Mail as a mail server pipes it in. What is read of a report names a notice that could be one of ours, and words that can
 * stand in a list of one line each. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "outside/mail.h"
#include "outside/mail_bounce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_line(const char *text) {
    return text == NULL || (*text != '\0' && xca_text_valid(text, strlen(text), 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    static const xca_mail_config_t config = {.url = "folder:/", .from = "憑證 <xca@example.tw>"};
    apr_pool_t *pool;
    xca_bounce_t bounce;
    const char *message;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    if (xca_bounce_read(&bounce, (const char *)data, size, config.from, pool) == NULL) {
        xca_mail_t mail = {bounce.notice, "a@example.org", "x", "x", 0};

        /* what such a notice was sent as has the same Message-ID */
        if (xca_mail_format(&message, &config, &mail, pool) != NULL || !is_line(bounce.recipient) ||
            !is_line(bounce.status) || !is_line(bounce.reason)) {
            abort();
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
