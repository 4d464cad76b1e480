/* Notices as they stand in the outbox: recipient, id, subject, body, a line each. No value makes a header line of its own. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "outside/mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const headers[] = {"Date: ",    "From: ",           "To: ",           "Message-ID: ", "Subject: ",
                                      "Auto-Submitted: ", "MIME-Version: ", "Content-Type: ", "Content-Transfer-Encoding: "};
#define HEADERS (sizeof(headers) / sizeof(headers[0]))

static char *take_line(char **at) {
    char *line = *at, *end = strchr(line, '\n');

    *at = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL) {
        *end = '\0';
    }
    return line;
}

/* Each header once, in this order, then the empty line, then base64. */
static void check(const char *message) {
    size_t next = 0;

    while (strncmp(message, "\r\n", 2) != 0) {
        const char *end = strstr(message, "\r\n");

        if (end == NULL || memchr(message, '\n', (size_t)(end - message)) != NULL) {
            abort();
        }
        if (*message != ' ') {
            if (next == HEADERS || strncmp(message, headers[next], strlen(headers[next])) != 0) {
                abort();
            }
            next++;
        }
        message = end + 2;
    }
    if (next != HEADERS ||
        strspn(message, "\r\nABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != strlen(message)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    static const xca_mail_config_t config = {.url = "folder:/", .from = "憑證 <xca@example.tw>"};
    apr_pool_t *pool;
    xca_mail_t mail = {0};
    const char *message;
    char *text;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    text = apr_pstrmemdup(pool, (const char *)data, size);
    mail.to = take_line(&text);
    mail.id = take_line(&text);
    mail.subject = take_line(&text);
    mail.body = text;
    if (xca_mail_format(&message, &config, &mail, pool) == NULL) {
        check(message);
    }
    apr_pool_destroy(pool);
    return 0;
}
