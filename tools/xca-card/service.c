#include "service.h"

#include <stdio.h>
#include <string.h>
#include <curl/curl.h>
#include <jansson.h>
#include "crypto.h"
#include "platform.h"

#define CONNECT_SECONDS 10L
#define RETRY_MS        500
#define RETRY_MS_MOST   4000
#define POLL_MS         200

void service_begin(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

void service_end(void) {
    curl_global_cleanup();
}

typedef struct download {
    bytes_t *contents;
    size_t limit;
} download_t;

static size_t keep(char *data, size_t size, size_t count, void *baton) {
    download_t *download = baton;

    if (size * count > download->limit - download->contents->length) {
        return 0;
    }
    bytes_add(download->contents, data, size * count);
    return size * count;
}

static const char *language_header(language_t language) {
    return language == LANGUAGE_ZH ? "Accept-Language: zh-Hant" : "Accept-Language: en";
}

static fault_t *fault_of(CURLcode code, const char *detail) {
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
        return fault_make(T_PORTAL_TLS, NULL, "%s", detail);
    case CURLE_WRITE_ERROR:
        return fault_make(T_PORTAL_NONSENSE, NULL, "an answer that is too long");
    default:
        return fault_make(T_PORTAL_UNREACHABLE, curl_easy_strerror(code), "%s", detail);
    }
}

typedef struct call {
    const char *url, *type, *schemes;
    view_t body; /* none: GET */
    size_t limit;
} call_t;

static fault_t *perform(const service_t *service, const call_t *call, bytes_t *contents,
                        long *status) {
    const char *ca = service->settings->tls_ca_file[0] != '\0' ? service->settings->tls_ca_file
                                                               : service->settings->ca_file;
    download_t download = {contents, call->limit};
    char reason[CURL_ERROR_SIZE] = "", type[96];
    struct curl_slist *headers = NULL;
    CURL *curl = curl_easy_init();
    CURLcode code;

    contents->length = 0;
    *status = 0;
    if (curl == NULL) {
        return fault_make(T_INTERNAL, NULL, "curl_easy_init");
    }
    headers = curl_slist_append(headers, language_header(service->language));
    headers = curl_slist_append(headers, "Accept: application/json, */*;q=0.1");
    curl_easy_setopt(curl, CURLOPT_URL, call->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, call->schemes);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)service->settings->portal_timeout);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "xca-card");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &download);
    if (ca[0] != '\0' && strcmp(ca, SYSTEM_CA) != 0) { /* this CA and no other */
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (call->body.length > 0) {
        snprintf(type, sizeof(type), "Content-Type: %s", call->type);
        headers = curl_slist_append(headers, type);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)call->body.data);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)call->body.length);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return code == CURLE_OK ? NULL : fault_of(code, reason);
}

static fault_t *portal_url(const service_t *service, char *url, size_t size, const char *path,
                           const char *last) {
    if (service->settings->portal_url[0] == '\0' || service->settings->ca_file[0] == '\0') {
        return fault_make(T_PORTAL_URL, NULL, "portal-url, ca-file");
    }
    return snprintf(url, size, "%s%s%s", service->settings->portal_url, path, last) < (int)size
               ? NULL
               : fault_make(T_PORTAL_URL, NULL, "too long");
}

/* A text of an object, copied into `to`; 0 if it is not there or does not fit. */
static int take_text(char *to, size_t size, const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    size_t length = json_string_length(value);

    to[0] = '\0';
    if (!json_is_string(value) || length >= size || memchr(json_string_value(value), 0, length)) {
        return 0;
    }
    memcpy(to, json_string_value(value), length + 1);
    return 1;
}

static int take_base64(bytes_t *to, const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);

    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value) &&
           base64_read(to, json_string_value(value)) && to->length > 0;
}

static json_t *read_object(view_t json) {
    json_error_t error;
    json_t *root = json.length > 0 ? json_loadb((const char *)json.data, json.length, JSON_REJECT_DUPLICATES,
                                                &error)
                                   : NULL;

    if (root != NULL && !json_is_object(root)) {
        json_decref(root);
        return NULL;
    }
    return root;
}

static int is_nonce(const char *text) {
    return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

fault_t *service_read_session(service_session_t *session, view_t json) {
    json_t *root = read_object(json);
    const json_t *proof = json_object_get(root, "seal_key_proof");
    int right = root != NULL && take_text(session->nonce, sizeof(session->nonce), root, "nonce") &&
                is_nonce(session->nonce) &&
                take_text(session->issued, sizeof(session->issued), root, "issued") &&
                json_is_string(proof) && take_base64(&session->chain, root, "chain");

    if (right) {
        bytes_set(&session->proof, json_string_value(proof), json_string_length(proof));
    }
    json_decref(root);
    return right ? NULL : fault_make(T_PORTAL_NONSENSE, NULL, "/card/session");
}

void service_session_free(service_session_t *session) {
    bytes_free(&session->proof);
    bytes_free(&session->chain);
}

static int take_state(service_answer_t *answer, const json_t *root) {
    char state[16];

    if (!take_text(state, sizeof(state), root, "state")) {
        return 0;
    }
    if (strcmp(state, "done") == 0) {
        answer->state = SERVICE_DONE;
    } else if (strcmp(state, "denied") == 0) {
        answer->state = SERVICE_DENIED;
    } else if (strcmp(state, "waiting") == 0) {
        answer->state = SERVICE_WAITING;
    } else {
        return 0;
    }
    return 1;
}

/* What goes to a terminal has no control characters. */
static void tame(char *text) {
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = ' ';
        }
    }
}

fault_t *service_read_answer(service_answer_t *answer, view_t json) {
    json_t *root = read_object(json);
    const json_t *tries = json_object_get(root, "tries_left");
    const json_t *reply = json_object_get(root, "reply");
    int right = root != NULL && take_state(answer, root);

    answer->reply.length = 0;
    answer->tries_left = -1;
    if (right) {
        take_text(answer->answer, sizeof(answer->answer), root, "answer");
        take_text(answer->message, sizeof(answer->message), root, "message");
        tame(answer->answer);
        tame(answer->message);
        /* A number, or the same as text. */
        if (json_is_integer(tries) && json_integer_value(tries) >= 0 && json_integer_value(tries) < 100) {
            answer->tries_left = (int)json_integer_value(tries);
        } else if (json_is_string(tries) && json_string_length(tries) == 1 &&
                   json_string_value(tries)[0] >= '0' && json_string_value(tries)[0] <= '9') {
            answer->tries_left = json_string_value(tries)[0] - '0';
        }
        if (json_is_string(reply) && json_string_length(reply) > 0) {
            right = take_base64(&answer->reply, root, "reply");
        }
    }
    json_decref(root);
    return right ? NULL : fault_make(T_PORTAL_NONSENSE, NULL, "/card/message");
}

void service_answer_free(service_answer_t *answer) {
    bytes_free(&answer->reply);
}

/* 5xx is a portal that will do again; another status is an answer in words, or nonsense. */
static fault_t *bad_status(long status) {
    char text[40];

    snprintf(text, sizeof(text), "HTTP %ld", status);
    return status >= 500 ? fault_make(T_PORTAL_UNREACHABLE, text, "%s", text)
                         : fault_make(T_PORTAL_NONSENSE, NULL, "%s", text);
}

fault_t *service_get_session(const service_t *service, service_session_t *session) {
    char url[SETTINGS_VALUE + 64];
    bytes_t json = {NULL, 0, 0};
    call_t call = {url, NULL, "https", {NULL, 0}, SERVICE_ANSWER_MAX};
    long status;
    fault_t *fault = portal_url(service, url, sizeof(url), "/card/session", "");

    if (fault == NULL) {
        fault = perform(service, &call, &json, &status);
    }
    if (fault == NULL && status != 200) {
        fault = bad_status(status);
    }
    if (fault == NULL) {
        fault = service_read_session(session, bytes_view(&json));
    }
    bytes_free(&json);
    return fault;
}

static int may_try_again(const fault_t *fault) {
    return fault_is(fault, T_PORTAL_UNREACHABLE);
}

/* One exchange about a message. An answer of 4xx with JSON in it is an answer like any other. */
static fault_t *ask_once(const service_t *service, const call_t *call, service_answer_t *answer) {
    bytes_t json = {NULL, 0, 0};
    long status;
    fault_t *fault = perform(service, call, &json, &status);

    if (fault == NULL && status >= 500) {
        fault = bad_status(status);
    }
    if (fault == NULL) {
        fault = service_read_answer(answer, bytes_view(&json));
        if (fault != NULL && status != 200 && status != 202) {
            fault_drop(fault);
            fault = bad_status(status);
        }
    }
    bytes_free(&json);
    return fault;
}

fault_t *service_send(const service_t *service, const char *nonce, view_t envelope, double patience,
                      service_answer_t *answer) {
    double until = platform_clock() + patience;
    unsigned rest = RETRY_MS;
    char post_url[SETTINGS_VALUE + 64], get_url[SETTINGS_VALUE + 64];
    call_t post = {post_url, "text/plain; charset=utf-8", "https", {NULL, 0}, SERVICE_ANSWER_MAX};
    call_t get = {get_url, NULL, "https", {NULL, 0}, SERVICE_ANSWER_MAX};
    int handed_over = 0;
    fault_t *fault = portal_url(service, post_url, sizeof(post_url), "/card/message", "");

    if (fault == NULL) {
        fault = portal_url(service, get_url, sizeof(get_url), "/card/message/", nonce);
    }
    if (fault != NULL) {
        return fault;
    }
    post.body = envelope;
    for (;;) {
        fault = ask_once(service, handed_over ? &get : &post, answer);
        if (fault == NULL && answer->state != SERVICE_WAITING) {
            return NULL;
        }
        if (fault == NULL) {
            handed_over = 1;
        } else if (!may_try_again(fault)) {
            return fault;
        }
        if (platform_clock() >= until) {
            return fault != NULL ? fault : fault_make(T_PORTAL_SLOW, NULL, "no answer");
        }
        platform_sleep_ms(fault != NULL ? rest : POLL_MS);
        if (fault != NULL) {
            rest = rest * 2 > RETRY_MS_MOST ? RETRY_MS_MOST : rest * 2;
            fault_drop(fault);
        }
    }
}

fault_t *service_fetch(const service_t *service, const char *url, view_t request, const char *type,
                       bytes_t *contents) {
    call_t call = {url, type, "http,https", {NULL, 0}, SERVICE_LIST_MAX};
    long status;
    fault_t *fault;

    call.body = request;
    fault = perform(service, &call, contents, &status);
    if (fault == NULL && status == 200) {
        return NULL;
    }
    if (fault == NULL) {
        return fault_make(T_FETCH_FAILED, url, "HTTP %ld", status);
    }
    fault_drop(fault);
    return fault_make(T_FETCH_FAILED, url, "no connection");
}
