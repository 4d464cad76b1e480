/* A message as text: RFC 5322, MIME (RFC 2045, 2047). What could become a header line of its own never gets
 * there: header values are checked, the body is base64. */
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "base/text.h"
#include "outside/crypto.h"
#include "outside/mail.h"

#define LINE        76  /* characters of a line of the body, RFC 2045 section 6.8 */
#define WORD        42  /* bytes in an encoded word of at most 75 characters, RFC 2047 section 2 */
#define ADDRESS_MAX 254 /* RFC 5321 section 4.5.3.1.3 */
#define ID_MAX      128

/* Encoded words, cut between characters and folded. */
static char *encode_words(apr_pool_t *pool, const char *text) {
    const char *at = text, *end = text + strlen(text);
    char *result = apr_pstrdup(pool, "");

    while (at < end) {
        const char *start = at, *stop = at;

        while (at < end && at - start <= WORD) {
            stop = at;
            xca_text_next(&at, end);
        }
        stop = at - start <= WORD ? at : stop;
        at = stop;
        result = apr_pstrcat(pool, result, *result != '\0' ? "\r\n " : "", "=?UTF-8?B?",
                             xca_base64(pool, start, (apr_size_t)(stop - start)), "?=", NULL);
    }
    return result;
}

static int is_ascii(const char *text) {
    while (*text > 0x1f && *text < 0x7f) {
        text++;
    }
    return *text == '\0';
}

static int is_header_text(const char *text) {
    return xca_text_valid(text, strlen(text), 0);
}

/* One plain address: nothing that a mail program takes for a second one, an option or a comment. */
static int is_address(const char *address) {
    const char *at = strrchr(address, '@');

    return *address != '-' && strlen(address) <= ADDRESS_MAX && is_ascii(address) &&
           strpbrk(address, " <>,;:\"\\()[]|") == NULL && at != NULL && at != address &&
           at[1] != '\0' && strchr(address, '@') == at;
}

/* Also the name of a file: no folder, no hidden file. */
static int is_id(const char *id) {
    const char *at;

    for (at = id; *at != '\0'; at++) {
        if (!apr_isalnum(*at) && *at != '-' && *at != '_' && (*at != '.' || at == id)) {
            return 0;
        }
    }
    return at > id && at - id <= ID_MAX;
}

const char *xca_mail_bare_address(apr_pool_t *pool, const char *from) {
    const char *open = strchr(from, '<');
    const char *close = open != NULL ? strchr(open, '>') : NULL;

    return close != NULL ? apr_pstrmemdup(pool, open + 1, (apr_size_t)(close - open - 1)) : from;
}

/* "Name <address>" with the name encoded where it is not ASCII; NULL if it is not of this form. */
static const char *sender(apr_pool_t *pool, const char *from) {
    const char *address = xca_mail_bare_address(pool, from);
    const char *open = strchr(from, '<');
    const char *name;

    if (!is_address(address) || !is_header_text(from)) {
        return NULL;
    }
    if (open == NULL) {
        return from;
    }
    name = xca_text_trim(pool, apr_pstrmemdup(pool, from, (apr_size_t)(open - from)));
    if (strchr(open, '>')[1] != '\0' || (is_ascii(name) && strpbrk(name, "\"\\@,;:()[]") != NULL)) {
        return NULL;
    }
    return apr_pstrcat(pool, is_ascii(name) ? name : encode_words(pool, name), " <", address, ">",
                       NULL);
}

static const char *date_text(apr_pool_t *pool, apr_time_t time) {
    apr_time_exp_t t;

    apr_time_exp_tz(&t, time, 8 * 3600);
    return apr_psprintf(pool, "%s, %d %s %d %02d:%02d:%02d +0800", apr_day_snames[t.tm_wday],
                        t.tm_mday, apr_month_snames[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min,
                        t.tm_sec);
}

/* Lines of text end in CR LF before they are encoded (RFC 2045 section 6.8). */
static const char *canonical_lines(apr_pool_t *pool, const char *body) {
    char *text = apr_palloc(pool, strlen(body) * 2 + 1);
    char *to = text;

    for (; *body != '\0'; body++) {
        if (*body == '\n') {
            *to++ = '\r';
        }
        if (*body != '\r') {
            *to++ = *body;
        }
    }
    *to = '\0';
    return text;
}

static const char *body_text(apr_pool_t *pool, const char *body) {
    const char *lines_of_body = canonical_lines(pool, body);
    const char *base64 = xca_base64(pool, lines_of_body, strlen(lines_of_body));
    apr_size_t left = strlen(base64);
    char *lines = apr_palloc(pool, left + left / LINE * 2 + 3);
    char *to = lines;

    while (left > 0) {
        apr_size_t length = left < LINE ? left : LINE;

        memcpy(to, base64, length);
        memcpy(to + length, "\r\n", 2);
        to += length + 2;
        base64 += length;
        left -= length;
    }
    *to = '\0';
    return lines;
}

xca_error_t *xca_mail_format(const char **message, const xca_mail_config_t *config,
                             const xca_mail_t *mail, apr_pool_t *pool) {
    const char *from = sender(pool, config->from);

    if (from == NULL || !is_address(mail->to) || !is_header_text(mail->subject) ||
        !is_id(mail->id)) {
        return xca_error_make(pool, XCA_E_INVALID, "mail.header",
                              "sender, recipient, subject or id cannot stand in a header");
    }
    *message = apr_pstrcat(
        pool, "Date: ", date_text(pool, mail->date), "\r\nFrom: ", from, "\r\nTo: ", mail->to,
        "\r\nMessage-ID: <", mail->id, strrchr(xca_mail_bare_address(pool, config->from), '@'),
        ">\r\nSubject: ", encode_words(pool, mail->subject),
        "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        body_text(pool, mail->body), NULL);
    return NULL;
}
