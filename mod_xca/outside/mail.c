#include "outside/mail.h"

#include <string.h>
#include <apr_file_io.h>
#include <apr_signal.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <curl/curl.h>

#define CONNECT 20L  /* seconds */
#define WHOLE   120L /* seconds for one message, by SMTP or by the command */

/* Exit codes of sendmail that no later try changes (sysexits.h: data, recipient, host). */
enum { EX_DATAERR = 65, EX_NOUSER = 67, EX_NOHOST = 68 };

static xca_error_t *later(apr_pool_t *pool, const char *why) {
    return xca_error_make(pool, XCA_E_UNAVAILABLE, "mail.later", "%s", why);
}

static xca_error_t *rejected(apr_pool_t *pool, long code, const char *why) {
    return xca_error_make(pool, XCA_E_INVALID, "mail.rejected", "%ld %s", code, why);
}

static xca_error_t *unknown(apr_pool_t *pool, const char *why) {
    return xca_error_make(pool, XCA_E_INTERNAL, "mail.unknown", "%s", why);
}

static apr_status_t write_whole(apr_file_t *file, const char *message) {
    apr_status_t status = apr_file_write_full(file, message, strlen(message), NULL);

    return status == APR_SUCCESS ? apr_file_sync(file) : status;
}

/* A whole file under its final name, or none. */
static xca_error_t *put_file(const char *folder, const char *id, const char *message,
                             apr_pool_t *pool) {
    const char *path = apr_pstrcat(pool, folder, "/", id, ".eml", NULL);
    char *draft = apr_pstrcat(pool, folder, "/.", id, ".XXXXXX", NULL);
    apr_file_t *file;
    apr_status_t status =
        apr_file_mktemp(&file, draft, APR_WRITE | APR_CREATE | APR_EXCL | APR_BINARY, pool);

    if (status == APR_SUCCESS) {
        apr_status_t closed;

        status = write_whole(file, message);
        closed = apr_file_close(file);
        status = status == APR_SUCCESS ? closed : status;
        if (status == APR_SUCCESS) {
            status = apr_file_rename(draft, path, pool);
        }
        if (status != APR_SUCCESS) {
            apr_file_remove(draft, pool);
        }
    }
    if (status != APR_SUCCESS) {
        char reason[120];

        return later(pool, apr_pstrcat(pool, path, ": ",
                                       apr_strerror(status, reason, sizeof(reason)), NULL));
    }
    return NULL;
}

/* The message in a file of its own that has no name, to be read from its start. Not a pipe: a command
 * that ends before it has read everything would end us with SIGPIPE. Lines end as files here do. */
static apr_status_t open_input(apr_file_t **input, const char *message, apr_pool_t *pool) {
    const char *folder;
    char *name, *text = apr_pstrdup(pool, message), *from, *to;
    apr_off_t start = 0;
    apr_status_t status = apr_temp_dir_get(&folder, pool);

    for (from = to = text; *from != '\0'; from++) {
        if (*from != '\r') {
            *to++ = *from;
        }
    }
    *to = '\0';
    if (status == APR_SUCCESS) {
        name = apr_pstrcat(pool, folder, "/xca-mail.XXXXXX", NULL);
        status = apr_file_mktemp(input, name,
                                 APR_READ | APR_WRITE | APR_CREATE | APR_EXCL | APR_BINARY |
                                     APR_DELONCLOSE,
                                 pool);
    }
    if (status == APR_SUCCESS) {
        status = apr_file_write_full(*input, text, strlen(text), NULL);
    }
    return status == APR_SUCCESS ? apr_file_seek(*input, APR_SET, &start) : status;
}

static apr_status_t start_command(apr_proc_t *process, const char *command, apr_file_t *input,
                                  apr_pool_t *pool) {
    apr_procattr_t *attributes;
    char **words;
    apr_status_t status = apr_tokenize_to_argv(command, &words, pool);

    if (status == APR_SUCCESS && words[0] == NULL) {
        return APR_EINVAL;
    }
    if (status == APR_SUCCESS) {
        status = apr_procattr_create(&attributes, pool);
    }
    if (status == APR_SUCCESS) {
        status = apr_procattr_child_in_set(attributes, input, NULL);
    }
    if (status == APR_SUCCESS) {
        status = apr_procattr_error_check_set(attributes, 1);
    }
    if (status == APR_SUCCESS) {
        status = apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
    }
    return status == APR_SUCCESS ? apr_proc_create(process, words[0],
                                                   (const char *const *)words, NULL, attributes,
                                                   pool)
                                 : status;
}

/* Waits, but not for ever. Returns the exit code, -1 if it was ended by a signal, -2 by us. */
static int wait_for(apr_proc_t *process) {
    apr_time_t limit = apr_time_now() + apr_time_from_sec(WHOLE);
    apr_exit_why_e why = APR_PROC_EXIT;
    int code = 0;

    while (apr_proc_wait(process, &code, &why, APR_NOWAIT) == APR_CHILD_NOTDONE) {
        if (apr_time_now() > limit) {
            apr_proc_kill(process, SIGKILL);
            apr_proc_wait(process, &code, &why, APR_WAIT);
            return -2;
        }
        apr_sleep(apr_time_from_msec(10));
    }
    return APR_PROC_CHECK_EXIT(why) ? code : -1;
}

/* The command of the settings, without a shell; it takes the recipients from the message (-t). */
static xca_error_t *run_sendmail(const char *command, const char *message, apr_pool_t *pool) {
    apr_file_t *input;
    apr_proc_t process;
    int code;

    if (open_input(&input, message, pool) != APR_SUCCESS) {
        return later(pool, "cannot write the message for sendmail");
    }
    if (start_command(&process, command, input, pool) != APR_SUCCESS) {
        apr_file_close(input);
        return later(pool, "cannot start the sendmail command");
    }
    code = wait_for(&process);
    apr_file_close(input);
    if (code == 0) {
        return NULL;
    }
    if (code == EX_DATAERR || code == EX_NOUSER || code == EX_NOHOST) {
        return rejected(pool, code, "is what sendmail ended with");
    }
    if (code < 0) {
        return unknown(pool, "sendmail was cut off");
    }
    return later(pool, apr_psprintf(pool, "sendmail ended with %d", code));
}

/* What curl has not taken yet. */
typedef struct upload {
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

static void set_options(CURL *curl, const xca_mail_config_t *config, const char *from,
                        struct curl_slist *to, upload_t *upload) {
    curl_easy_setopt(curl, CURLOPT_URL, config->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     config->require_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
    if (config->ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file);
    }
    if (config->user != NULL && config->password != NULL) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, config->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, xca_secret_text(config->password));
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_upload);
    curl_easy_setopt(curl, CURLOPT_READDATA, upload);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, WHOLE);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

/* Replies of RFC 5321 section 4.2.1. Those that refuse us (5.5.1: 530, 534, 535, 538 want another way to log in) and
 * not the message are for the operator to mend: the message can wait. */
static xca_error_t *judge_failure(CURL *curl, CURLcode result, const char *reason,
                                  const upload_t *upload, apr_pool_t *pool) {
    const char *why = *reason != '\0' ? apr_pstrdup(pool, reason) : curl_easy_strerror(result);
    long code = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (code >= 500 && code < 600 && code != 530 && code != 534 && code != 535 && code != 538) {
        return rejected(pool, code, why);
    }
    /* Everything was handed over and no reply came: the server may have it or not (RFC 5321 section 4.5.3.2.6). */
    if (upload->left == 0 && code < 400) {
        return unknown(pool, why);
    }
    return later(pool, why);
}

static xca_error_t *run_smtp(CURL *curl, struct curl_slist *to, const xca_mail_config_t *config,
                             const char *message, apr_pool_t *pool) {
    char reason[CURL_ERROR_SIZE] = "";
    upload_t upload = {message, strlen(message)};
    CURLcode result;

    set_options(curl, config, xca_mail_bare_address(pool, config->from), to, &upload);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    result = curl_easy_perform(curl);
    return result == CURLE_OK ? NULL : judge_failure(curl, result, reason, &upload, pool);
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
