#include "outside/mail.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <curl/curl.h>
#include "base/text.h"
#include "domain/calendar.h"

#define LINE    76  /* characters of a line, RFC 2045 section 6.8 */
#define CONNECT 20L /* seconds */
#define WHOLE   60L

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Base64 with CRLF after `line` characters, none with 0. */
static char *encode(apr_pool_t *pool, const char *text, apr_size_t length, apr_size_t line) {
    char *result = apr_palloc(pool, length * 2 + 16);
    char *to = result;
    apr_size_t i, column = 0;

    for (i = 0; i < length; i += 3) {
        unsigned a = (unsigned char)text[i];
        unsigned b = i + 1 < length ? (unsigned char)text[i + 1] : 0;
        unsigned c = i + 2 < length ? (unsigned char)text[i + 2] : 0;
        unsigned all = a << 16 | b << 8 | c;

        *to++ = base64_digits[all >> 18];
        *to++ = base64_digits[all >> 12 & 63];
        *to++ = i + 1 < length ? base64_digits[all >> 6 & 63] : '=';
        *to++ = i + 2 < length ? base64_digits[all & 63] : '=';
        column += 4;
        if (line != 0 && column >= line) {
            *to++ = '\r';
            *to++ = '\n';
            column = 0;
        }
    }
    *to = '\0';
    return result;
}

/* Encoded words (RFC 2047) of at most 75 characters, cut between characters, folded. */
static char *encode_subject(apr_pool_t *pool, const char *subject) {
    const char *at = subject, *end = subject + strlen(subject);
    char *result = apr_pstrdup(pool, "");

    while (at < end) {
        const char *start = at, *stop = at;

        while (at < end && at - start < 42) {
            stop = at;
            xca_text_next(&at, end);
            if (at - start <= 42) {
                stop = at;
            }
        }
        at = stop;
        result = apr_pstrcat(pool, result, *result != '\0' ? "\r\n " : "", "=?UTF-8?B?",
                             encode(pool, start, (apr_size_t)(stop - start), 0), "?=", NULL);
    }
    return result;
}

static int header_safe(const char *text) {
    return xca_text_valid(text, strlen(text), 0);
}

/* An address as our own checks let it in: no space, no angle bracket, no comma. */
static int address_safe(const char *address) {
    return *address != '\0' && *address != '-' && strlen(address) <= 254 &&
           strpbrk(address, " \t\r\n<>,;\"\\()") == NULL && header_safe(address);
}

/* The address inside "Name <address>", or the whole. */
static const char *bare_address(apr_pool_t *pool, const char *from) {
    const char *open = strchr(from, '<');
    const char *close = open != NULL ? strchr(open, '>') : NULL;

    return close != NULL ? apr_pstrmemdup(pool, open + 1, (apr_size_t)(close - open - 1)) : from;
}

xca_error_t *xca_mail_format(const char **message, const xca_mail_config_t *config,
                             const xca_mail_t *mail, apr_pool_t *pool) {
    const char *domain = strchr(bare_address(pool, config->from), '@');
    apr_time_exp_t date;
    char when[64];
    apr_size_t length;
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    if (!address_safe(mail->to) || !header_safe(mail->subject) || !header_safe(mail->id) ||
        strpbrk(mail->id, "<> /") != NULL || !header_safe(config->from)) {
        return xca_error_make(pool, XCA_E_INVALID, "mail.header", "%s", mail->id);
    }
    apr_time_exp_tz(&date, mail->date, 8 * 3600);
    length = (apr_size_t)apr_snprintf(when, sizeof(when), "%s, %d %s %d %02d:%02d:%02d +0800",
                                      days[date.tm_wday], date.tm_mday, months[date.tm_mon],
                                      date.tm_year + 1900, date.tm_hour, date.tm_min, date.tm_sec);
    when[length < sizeof(when) ? length : sizeof(when) - 1] = '\0';
    *message = apr_pstrcat(
        pool, "Date: ", when, "\r\nFrom: ", config->from, "\r\nTo: ", mail->to, "\r\nMessage-ID: <",
        mail->id, domain != NULL ? domain : "@localhost",
        ">\r\nSubject: ", encode_subject(pool, mail->subject),
        "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        encode(pool, mail->body, strlen(mail->body), LINE), "\r\n", NULL);
    return NULL;
}

static xca_error_t *later(apr_pool_t *pool, const char *why) {
    return xca_error_make(pool, XCA_E_UNAVAILABLE, "mail.later", "%s", why);
}

/* A whole file under its final name, or none. */
static xca_error_t *put_file(const char *folder, const char *id, const char *message,
                             apr_pool_t *pool) {
    const char *path = apr_pstrcat(pool, folder, "/", id, ".eml", NULL);
    const char *draft = apr_pstrcat(pool, path, ".new", NULL);
    apr_file_t *file;

    if (apr_file_open(&file, draft, APR_WRITE | APR_CREATE | APR_TRUNCATE | APR_BINARY,
                      APR_FPROT_UREAD | APR_FPROT_UWRITE, pool) != APR_SUCCESS) {
        return later(pool, apr_pstrcat(pool, "cannot write ", draft, NULL));
    }
    if (apr_file_write_full(file, message, strlen(message), NULL) != APR_SUCCESS ||
        apr_file_close(file) != APR_SUCCESS || apr_file_rename(draft, path, pool) != APR_SUCCESS) {
        return later(pool, apr_pstrcat(pool, "cannot write ", path, NULL));
    }
    return NULL;
}

/* The command of the settings, without a shell; it takes the recipients from the message (-t). */
static xca_error_t *run_sendmail(const char *command, const char *message, apr_pool_t *pool) {
    apr_procattr_t *attributes;
    apr_proc_t process;
    char **words;
    int code;
    apr_exit_why_e why;

    if (apr_tokenize_to_argv(command, &words, pool) != APR_SUCCESS || words[0] == NULL ||
        apr_procattr_create(&attributes, pool) != APR_SUCCESS ||
        apr_procattr_io_set(attributes, APR_FULL_BLOCK, APR_NO_PIPE, APR_NO_PIPE) != APR_SUCCESS ||
        apr_procattr_cmdtype_set(attributes, APR_PROGRAM) != APR_SUCCESS ||
        apr_proc_create(&process, words[0], (const char *const *)words, NULL, attributes, pool) !=
            APR_SUCCESS) {
        return later(pool, "cannot start the sendmail command");
    }
    apr_file_write_full(process.in, message, strlen(message), NULL);
    apr_file_close(process.in);
    apr_proc_wait(&process, &code, &why, APR_WAIT);
    if (why != APR_PROC_EXIT || code != 0) {
        return later(pool, apr_psprintf(pool, "sendmail ended with %d", code));
    }
    return NULL;
}

typedef struct {
    const char *at;
    apr_size_t left;
} upload_t;

static size_t read_upload(char *to, size_t size, size_t count, void *baton) {
    upload_t *upload = baton;
    size_t take = size * count < upload->left ? size * count : upload->left;

    memcpy(to, upload->at, take);
    upload->at += take;
    upload->left -= take;
    return take;
}

static xca_error_t *run_smtp(CURL *curl, struct curl_slist *to, const xca_mail_config_t *config,
                             const char *message, apr_pool_t *pool) {
    char reason[CURL_ERROR_SIZE] = "";
    upload_t upload;
    CURLcode result;
    long code = 0;

    upload.at = message;
    upload.left = strlen(message);
    curl_easy_setopt(curl, CURLOPT_URL, config->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     config->require_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
    if (config->ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file);
    }
    if (config->user != NULL && config->password != NULL) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, config->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, (const char *)config->password->bytes);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, bare_address(pool, config->from));
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_upload);
    curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, WHOLE);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    result = curl_easy_perform(curl);
    if (result == CURLE_OK) {
        return NULL;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (code >= 500 && code < 600) {
        return xca_error_make(pool, XCA_E_INVALID, "mail.rejected", "%ld %s", code, reason);
    }
    return later(pool, *reason != '\0' ? apr_pstrdup(pool, reason) : curl_easy_strerror(result));
}

static xca_error_t *send_smtp(const xca_mail_config_t *config, const char *to, const char *message,
                              apr_pool_t *pool) {
    CURL *curl = curl_easy_init();
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    xca_error_t *err = curl == NULL || recipients == NULL
                           ? later(pool, "no memory")
                           : run_smtp(curl, recipients, config, message, pool);

    curl_slist_free_all(recipients);
    curl_easy_cleanup(curl);
    return err;
}

xca_error_t *xca_mail_send(const xca_mail_config_t *config, const xca_mail_t *mail,
                           apr_pool_t *pool) {
    const char *message;
    xca_error_t *err = xca_mail_format(&message, config, mail, pool);

    if (err != NULL) {
        return err;
    }
    if (strncmp(config->url, "folder:", 7) == 0) {
        return put_file(config->url + 7, mail->id, message, pool);
    }
    if (strncmp(config->url, "sendmail:", 9) == 0) {
        return run_sendmail(config->url + 9, message, pool);
    }
    return send_smtp(config, mail->to, message, pool);
}
