/* The bridge without sockets: who may use it, what it takes, one job at a time, questions and secrets. */
#include "xca_card_script.h"
#include <unistd.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "bridge.h"
#include "platform.h"

#define PORTAL "https://xca.example"
#define HOST   "127.0.0.1:17886"
#define LOGIN  "{\"operation\":\"login\",\"text\":\"XCA-LOGIN-1\\nportal: " PORTAL "\\nnonce: 00\\n\"}"

/* The helper's own side: what it was told. */
typedef struct own {
    char told[65536];
    int says_yes;
} own_t;

static void note(own_t *own, text_id text, const char *arg) {
    size_t used = strlen(own->told);

    used += text_format(own->told + used, sizeof(own->told) - used - 1, text, LANGUAGE_EN, arg);
    own->told[used] = '\n';
    own->told[used + 1] = '\0';
}

static void own_say(void *baton, text_id text, const char *arg) {
    note(baton, text, arg);
}

static void own_show(void *baton, text_id name, const char *value) {
    note(baton, name, NULL);
    note(baton, T_BRIDGE_ASKS, value);
}

static void own_progress(void *baton, text_id text, int at, int of) {
    note(baton, text, NULL);
}

static fault_t *own_confirm(void *baton, text_id question, const char *arg, int *yes) {
    own_t *own = baton;

    note(own, question, arg);
    *yes = own->says_yes;
    return NULL;
}

static const talk_t own_talk = {NULL, own_say, own_show, NULL, NULL, own_progress, own_confirm, NULL, NULL, NULL};

typedef struct bench {
    own_t own;
    talk_t talk;
    card_settings_t settings;
    helper_t helper;
    bridge_side_t side;
    bridge_t bridge;
    bridge_response_t response;
    char job[BRIDGE_JOB_ID + 1];
} bench_t;

static int set_up(void **state) {
    bench_t *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    setenv("PCSCLITE_CSOCK_NAME", "/nonexistent/pcscd.comm", 1);
    settings_defaults(&bench->settings);
    assert_null(settings_put(&bench->settings, "portal-url", PORTAL, NULL));
    bench->talk = own_talk;
    bench->talk.baton = &bench->own;
    bench->helper.settings = &bench->settings;
    bench->helper.talk = &bench->talk;
    bench->side.helper = &bench->helper;
    bench->side.patience = 30;
    assert_null(bridge_open(&bench->bridge, &bench->side));
    bench->bridge.guard.port = 17886;
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    bench_t *bench = *state;

    bytes_free(&bench->response.json);
    bridge_close(&bench->bridge);
    file_key_free(bench->side.key);
    free(bench);
    return 0;
}

static bridge_request_t request_of(const bench_t *bench, const char *method, const char *path, const char *body) {
    bridge_request_t request = {.method = method,
                                .path = path,
                                .host = HOST,
                                .origin = PORTAL,
                                .token = bench->bridge.guard.token,
                                .content_type = "application/json",
                                .accept_language = "en"};

    if (body != NULL) {
        request.body.data = (const unsigned char *)body;
        request.body.length = strlen(body);
    }
    return request;
}

/* Returns the status; the body is then text. */
static int send_request(bench_t *bench, const bridge_request_t *request) {
    bytes_free(&bench->response.json);
    bridge_answer(&bench->bridge, request, &bench->response);
    bytes_text(&bench->response.json);
    return bench->response.status;
}

static int ask(bench_t *bench, const char *method, const char *path, const char *body) {
    bridge_request_t request = request_of(bench, method, path, body);

    return send_request(bench, &request);
}

static void said(const bench_t *bench, const char *text) {
    if (strstr((const char *)bench->response.json.data, text) == NULL) {
        fail_msg("%s is not in %s", text, (const char *)bench->response.json.data);
    }
}

static void unsaid(const bench_t *bench, const char *text) {
    assert_null(strstr((const char *)bench->response.json.data, text));
}

static void test_the_origin_of_an_address_is_as_browsers_write_it(void **state) {
    char origin[BRIDGE_ORIGIN];

    assert_true(bridge_origin_of(origin, "https://XCA.Example:443/card?x#y"));
    assert_string_equal(origin, "https://xca.example");
    assert_true(bridge_origin_of(origin, "https://localhost:8443"));
    assert_string_equal(origin, "https://localhost:8443");
    assert_true(bridge_origin_of(origin, "https://[::1]:8443/"));
    assert_string_equal(origin, "https://[::1]:8443");
    assert_false(bridge_origin_of(origin, "http://xca.example"));
    assert_false(bridge_origin_of(origin, "https://"));
    assert_false(bridge_origin_of(origin, "https:///path"));
    assert_false(bridge_origin_of(origin, "https://user@xca.example"));
    assert_false(bridge_origin_of(origin, "https://*.example"));
    assert_false(bridge_origin_of(origin, "null"));
}

static text_id origins(const char *text, bridge_guard_t *guard) {
    card_settings_t settings;
    fault_t *fault;
    text_id id;

    settings_defaults(&settings);
    fault = settings_put(&settings, "origins", text, NULL);
    assert_null(fault);
    fault = bridge_guard_make(guard, &settings);
    id = fault != NULL ? fault->text : T_NONE;
    fault_drop(fault);
    return id;
}

static void test_origins_are_configured(void **state) {
    bridge_guard_t guard;

    assert_int_equal(origins("https://a.example https://b.example:8443/", &guard), T_NONE);
    assert_int_equal(guard.origin_count, 2);
    assert_string_equal(guard.origins[1], "https://b.example:8443");
    assert_int_equal(origins("https://a.example/path", &guard), T_BRIDGE_ORIGINS);
    assert_int_equal(origins("http://a.example", &guard), T_BRIDGE_ORIGINS);
    assert_int_equal(origins("*", &guard), T_BRIDGE_ORIGINS);
    assert_int_equal(origins("null", &guard), T_BRIDGE_ORIGINS);
    assert_int_equal(origins("", &guard), T_BRIDGE_ORIGINS); /* and there is no portal-url */
}

static void test_the_token_is_another_at_every_start(void **state) {
    bridge_guard_t one, other;

    assert_int_equal(origins("https://a.example", &one), T_NONE);
    assert_int_equal(origins("https://a.example", &other), T_NONE);
    assert_int_equal(strspn(one.token, "0123456789abcdef"), BRIDGE_TOKEN);
    assert_string_not_equal(one.token, other.token);
}

static text_id redeem(bridge_guard_t *guard, const char *ticket, double now, int *is_new) {
    fault_t *fault = bridge_guard_redeem(guard, ticket, now, is_new);
    text_id id = fault != NULL ? fault->text : T_NONE;

    fault_drop(fault);
    return id;
}

/* Browsers keep links in their histories: what stands in one is worth nothing a minute later. */
static void test_a_ticket_is_good_for_once_and_for_a_minute_more(void **state) {
    char first[BRIDGE_TOKEN + 1], second[BRIDGE_TOKEN + 1];
    bridge_guard_t guard;
    int is_new;

    assert_int_equal(origins("https://a.example", &guard), T_NONE);
    assert_string_not_equal(guard.ticket, guard.token);
    assert_int_equal(redeem(&guard, NULL, 100, &is_new), T_BRIDGE_TICKET);
    assert_int_equal(redeem(&guard, "", 100, &is_new), T_BRIDGE_TICKET); /* that is what the used one is before there is one */
    assert_int_equal(redeem(&guard, guard.token, 100, &is_new), T_BRIDGE_TICKET);
    memcpy(first, guard.ticket, sizeof(first));
    assert_int_equal(redeem(&guard, first, 100, &is_new), T_NONE);
    assert_true(is_new);
    assert_string_not_equal(guard.ticket, first);
    assert_int_equal(redeem(&guard, first, 159, &is_new), T_NONE);
    assert_false(is_new);
    assert_int_equal(redeem(&guard, first, 160, &is_new), T_BRIDGE_TICKET);
    memcpy(second, guard.ticket, sizeof(second));
    assert_int_equal(redeem(&guard, second, 161, &is_new), T_NONE);
    assert_true(is_new);
    assert_int_equal(redeem(&guard, first, 162, &is_new), T_BRIDGE_TICKET);
}

static void test_a_foreign_page_is_refused_and_may_not_read_why(void **state) {
    static const char *const foreign[] = {NULL,           "",         "null", "https://evil.example", "http://xca.example",
                                          PORTAL ".evil", PORTAL "/", "https://XCA.example", "https://xca.example:8443", "\x1b[2J"};
    bench_t *bench = *state;
    size_t i;

    for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        bridge_request_t request = request_of(bench, "GET", "/v1", NULL);

        request.origin = foreign[i];
        assert_int_equal(send_request(bench, &request), 403);
        assert_null(bench->response.allow_origin);
        said(bench, "T_BRIDGE_FOREIGN");
        request.method = "OPTIONS";
        assert_int_equal(send_request(bench, &request), 403);
        assert_false(bench->response.is_preflight);
    }
    assert_non_null(strstr(bench->own.told, "A request of the site https://evil.example was refused."));
    assert_null(strchr(bench->own.told, '\x1b'));
}

static void test_another_name_of_this_machine_is_refused(void **state) {
    static const char *const names[] = {NULL, "", "evil.example:17886", "evil.example", "127.0.0.1", "localhost", "127.0.0.1:80",
                                        "127.0.0.1:17886.evil.example", "[::1]:17886", "localhost:017886"};
    bench_t *bench = *state;
    bridge_request_t request = request_of(bench, "GET", "/v1", NULL);
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        request.host = names[i];
        assert_int_equal(send_request(bench, &request), 403);
        assert_null(bench->response.allow_origin);
        said(bench, "T_BRIDGE_HOST");
    }
    request.host = "localhost:17886";
    assert_int_equal(send_request(bench, &request), 200);
}

static void test_without_the_token_there_is_a_greeting_and_nothing_else(void **state) {
    bench_t *bench = *state;
    char almost[BRIDGE_TOKEN + 2];
    const char *wrong[] = {NULL, "", "0", almost, almost + 1};
    bridge_request_t request = request_of(bench, "GET", "/v1", NULL);
    size_t i;

    request.token = NULL;
    assert_int_equal(send_request(bench, &request), 200);
    said(bench, "\"portal\":\"" PORTAL "\"");
    unsaid(bench, bench->bridge.guard.token);
    snprintf(almost, sizeof(almost), "%s0", bench->bridge.guard.token);
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        request = request_of(bench, "POST", "/v1/jobs", "{\"operation\":\"readers\"}");
        request.token = wrong[i];
        assert_int_equal(send_request(bench, &request), 403);
        said(bench, "T_BRIDGE_TOKEN");
        assert_string_equal(bench->response.allow_origin, PORTAL); /* a page of ours may read it */
    }
    almost[0] = almost[0] == '0' ? '1' : '0';
    almost[BRIDGE_TOKEN] = '\0';
    request.token = almost;
    assert_int_equal(send_request(bench, &request), 403);
}

static void test_a_page_gets_the_token_for_the_ticket_of_its_link(void **state) {
    static const char *const bodies[] = {"", "{}", "{\"ticket\":1}", "{\"ticket\":\"00\"}", "[]"};
    bench_t *bench = *state;
    char body[128], link[BRIDGE_LINK], next[BRIDGE_LINK];
    bridge_request_t request;
    size_t i;

    bridge_link(&bench->bridge, link);
    assert_memory_equal(link, PORTAL "/card/activate#bridge=17886.", strlen(PORTAL "/card/activate#bridge=17886."));
    snprintf(body, sizeof(body), "{\"ticket\":\"%s\"}", strrchr(link, '.') + 1);
    request = request_of(bench, "POST", "/v1/token", body);
    request.token = NULL;
    request.origin = "https://evil.example";
    assert_int_equal(send_request(bench, &request), 403);
    unsaid(bench, bench->bridge.guard.token);
    request.origin = PORTAL;
    assert_int_equal(send_request(bench, &request), 200);
    said(bench, bench->bridge.guard.token);
    bridge_link(&bench->bridge, next);
    assert_string_not_equal(next, link);
    assert_non_null(strstr(bench->own.told, next)); /* the next browser's */
    assert_int_equal(send_request(bench, &request), 200); /* a page that was left in between */
    request = request_of(bench, "POST", "/v1/token", "{\"ticket\":\"00000000000000000000000000000000\"}");
    assert_int_equal(send_request(bench, &request), 403);
    said(bench, "T_BRIDGE_TICKET");
    assert_string_equal(bench->response.allow_origin, PORTAL);
    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(ask(bench, "POST", "/v1/token", bodies[i]), 422);
    }
    assert_int_equal(ask(bench, "GET", "/v1/token", NULL), 405);
}

static void test_a_preflight_of_our_page_is_answered_without_a_token(void **state) {
    bench_t *bench = *state;
    bridge_request_t request = request_of(bench, "OPTIONS", "/v1/jobs", NULL);

    request.token = NULL;
    assert_int_equal(send_request(bench, &request), 204);
    assert_true(bench->response.is_preflight);
    assert_string_equal(bench->response.allow_origin, PORTAL);
}

static void test_what_is_no_request_is_told_in_words(void **state) {
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *id;
    } rows[] = {
        {"GET", "/", NULL, 404, "T_BRIDGE_PATH"},
        {"GET", "/v1/jobs", NULL, 405, "T_BRIDGE_METHOD"},
        {"PUT", "/v1", NULL, 405, "T_BRIDGE_METHOD"},
        {"POST", "/v1/jobs", "", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "[]", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "{\"operation\":1}", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "{\"operation\":\"info\",\"operation\":\"test\"}", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "{\"operation\":\"apdu\",\"text\":\"00a40400\"}", 422, "T_BRIDGE_OPERATION"},
        {"POST", "/v1/jobs", "{\"operation\":\"produce\"}", 422, "T_BRIDGE_OPERATION"},
        {"POST", "/v1/jobs", "{\"operation\":\"sign\"}", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "{\"operation\":\"sign\",\"texts\":[]}", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "{\"operation\":\"sign\",\"texts\":[\"a\",1]}", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "{\"operation\":\"sign\",\"text\":\"a\",\"texts\":[\"b\"]}", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "{\"operation\":\"login\",\"text\":\"a\\u0000b\"}", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "{\"operation\":\"contact-change\"}", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs", "{\"operation\":\"contact-change\",\"contact\":{\"name\":7}}", 422, "T_CONTACT_FORM"},
        {"POST", "/v1/jobs", "{\"operation\":\"contact-change\",\"contact\":{\"notices\":true}}", 422, "T_CONTACT_FORM"},
        {"GET", "/v1/jobs/00000000000000000000000000000000", NULL, 404, "T_BRIDGE_NO_JOB"},
        {"DELETE", "/v1/jobs/00000000000000000000000000000000", NULL, 404, "T_BRIDGE_NO_JOB"},
        {"POST", "/v1/jobs/00000000000000000000000000000000/answer", "{\"question\":1,\"yes\":true}", 404, "T_BRIDGE_NO_JOB"},
        {"POST", "/v1/jobs/00000000000000000000000000000000/answer", "{\"question\":1}", 422, "T_BRIDGE_JSON"},
        {"POST", "/v1/jobs/00000000000000000000000000000000/other", "{}", 404, "T_BRIDGE_PATH"},
        {"GET", "/v1/jobs/short", NULL, 404, "T_BRIDGE_PATH"},
    };
    bench_t *bench = *state;
    bridge_request_t request;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ask(bench, rows[i].method, rows[i].path, rows[i].body), rows[i].status);
        said(bench, rows[i].id);
    }
    request = request_of(bench, "POST", "/v1/jobs", "operation=info");
    request.content_type = "application/x-www-form-urlencoded";
    assert_int_equal(send_request(bench, &request), 415);
    request.content_type = "application/jsonp";
    assert_int_equal(send_request(bench, &request), 415);
    request.body_too_large = 1;
    assert_int_equal(send_request(bench, &request), 413);
    request.accept_language = "zh-Hant";
    assert_int_equal(send_request(bench, &request), 413);
    said(bench, "超過 256 KiB");
}

/* Begins a job and keeps its id. */
static void begin(bench_t *bench, const char *body) {
    const char *id;

    assert_int_equal(ask(bench, "POST", "/v1/jobs", body), 201);
    id = strstr((const char *)bench->response.json.data, "\"job\":\"");
    assert_non_null(id);
    memcpy(bench->job, id + 7, BRIDGE_JOB_ID);
    bench->job[BRIDGE_JOB_ID] = '\0';
}

static int about_job(bench_t *bench, const char *method, const char *more, const char *after, const char *body) {
    char path[128];
    bridge_request_t request;

    snprintf(path, sizeof(path), "/v1/jobs/%s%s", bench->job, more);
    request = request_of(bench, method, path, body);
    request.after = after;
    return send_request(bench, &request);
}

/* Fetches until the text has been said. */
static void until_said(bench_t *bench, const char *text) {
    int i;

    for (i = 0; i < 100; i++) {
        assert_int_equal(about_job(bench, "GET", "", "0", NULL), 200);
        if (strstr((const char *)bench->response.json.data, text) != NULL) {
            return;
        }
        platform_sleep_ms(50);
    }
    fail_msg("%s was never said: %s", text, (const char *)bench->response.json.data);
}

static char key_file[] = "/tmp/xca-bridge-key-XXXXXX";

/* A key with a certificate of its own, as an officer may have it in a file. */
static int make_key(void **state) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    int fd = mkstemp(key_file);
    FILE *file = fdopen(fd, "wb");

    assert_non_null(file);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)"officer", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return 0;
}

static int forget_key(void **state) {
    return unlink(key_file);
}

static void use_key(bench_t *bench) {
    int needs_password;

    assert_null(file_key_read(&bench->side.key, key_file, NULL, &needs_password));
}

static void test_a_fault_ends_a_job_in_the_language_of_who_asks(void **state) {
    bench_t *bench = *state;
    bridge_request_t request;
    char path[128];

    begin(bench, "{\"operation\":\"info\"}");
    until_said(bench, "\"type\":\"fault\",\"id\":\"T_PCSC_SERVICE\",\"text\":\"The smart card service");
    said(bench, "\"state\":\"ended\"");
    snprintf(path, sizeof(path), "/v1/jobs/%s", bench->job);
    request = request_of(bench, "GET", path, NULL);
    request.accept_language = "zh-Hant";
    assert_int_equal(send_request(bench, &request), 200);
    said(bench, "智慧卡服務");
    assert_non_null(strstr(bench->own.told, "The site " PORTAL " asks:\nview the card\n"));
}

static void test_a_login_is_shown_confirmed_and_signed_with_a_key(void **state) {
    bench_t *bench = *state;

    use_key(bench);
    begin(bench, LOGIN);
    until_said(bench, "\"type\":\"ask\"");
    said(bench, "\"n\":2,\"type\":\"ask\",\"id\":\"T_LOGIN_CONFIRM\"");
    said(bench, "\"value\":\"XCA-LOGIN-1\\nportal: " PORTAL "\\nnonce: 00\\n\"");
    said(bench, "\"words\":\"  Site: " PORTAL "\\n  Nonce: 00\\n\"");
    said(bench, "\"kind\":\"confirm\"");
    assert_non_null(strstr(bench->own.told, "nonce: 00"));
    assert_int_equal(about_job(bench, "POST", "/answer", NULL, "{\"question\":1,\"yes\":true}"), 409);
    assert_int_equal(about_job(bench, "POST", "/answer", NULL, "{\"question\":2,\"secret\":\"123456\"}"), 409);
    assert_int_equal(about_job(bench, "POST", "/answer", NULL, "{\"question\":2,\"yes\":true}"), 204);
    until_said(bench, "\"type\":\"done\"");
    said(bench, "\"type\":\"result\"");
    said(bench, "\"signed\":\"MII");
    assert_int_equal(about_job(bench, "POST", "/answer", NULL, "{\"question\":2,\"yes\":true}"), 409);
}

static void test_what_is_confirmed_with_no_is_not_signed(void **state) {
    bench_t *bench = *state;

    use_key(bench);
    begin(bench, LOGIN);
    until_said(bench, "\"type\":\"ask\"");
    assert_int_equal(about_job(bench, "POST", "/answer", NULL, "{\"question\":2,\"yes\":false}"), 204);
    until_said(bench, "T_CANCELLED");
    unsaid(bench, "\"signed\":");
}

static void test_only_statements_and_challenges_are_signed(void **state) {
    static const char *const bodies[] = {"{\"operation\":\"sign\",\"text\":\"XCA-LOGIN-1\\nnonce: 00\\n\"}",
                                         "{\"operation\":\"sign\",\"text\":\"I owe you\\n\"}",
                                         "{\"operation\":\"sign\",\"text\":\"XCA-STATEMENT-1\\n\\u001b[2J\"}",
                                         "{\"operation\":\"sign\",\"text\":\"XCA-STATEMENT-1\\nreason: \\u202e\"}",
                                         "{\"operation\":\"login\",\"text\":\"XCA-STATEMENT-1\\nportal: " PORTAL "\\n\"}"};
    bench_t *bench = *state;
    size_t i;

    use_key(bench);
    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        begin(bench, bodies[i]);
        until_said(bench, "\"state\":\"ended\"");
        said(bench, i == 4 ? "T_LOGIN_FORM" : "T_SIGN_FORM");
        unsaid(bench, "\"type\":\"ask\"");
    }
}

static void test_an_order_to_open_a_code_is_refused_before_anything_is_asked(void **state) {
    static const char *const bodies[] = {"{\"operation\":\"open-code\"}",
                                         "{\"operation\":\"open-code\",\"case\":1,\"envelope\":\"MAA=\"}",
                                         "{\"operation\":\"open-code\",\"case\":\"00001000000000000000000010\",\"envelope\":\"MAA=\"}",
                                         "{\"operation\":\"open-code\",\"case\":\"0000100000000000000000001\",\"envelope\":\"*\"}"};
    bench_t *bench = *state;
    size_t i;

    use_key(bench);
    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(ask(bench, "POST", "/v1/jobs", bodies[i]), 422);
        said(bench, "T_BRIDGE_JSON");
    }
    begin(bench, "{\"operation\":\"open-code\",\"case\":\"0000100000000000000000001\",\"envelope\":\"MAA=\"}");
    until_said(bench, "\"state\":\"ended\"");
    said(bench, "T_ENVELOPE_FORM");
    unsaid(bench, "\"type\":\"here\"");
}

#define STATEMENT(n, decision) "\"XCA-STATEMENT-1\\ncase: " n "\\nstage: second\\ndecision: " decision "\\ntime: 20261124T050500Z\\n\""

/* The page cannot say yes to it: a broken-in portal could then decide cases with the key of everyone who looks at it. */
static void test_statements_are_confirmed_on_the_own_side_alone(void **state) {
    bench_t *bench = *state;

    use_key(bench);
    begin(bench, "{\"operation\":\"sign\",\"text\":" STATEMENT("1", "accept") "}");
    until_said(bench, "\"state\":\"ended\"");
    said(bench, "\"type\":\"here\",\"id\":\"T_BRIDGE_HERE\"");
    said(bench, "T_CANCELLED");
    said(bench, "\"words\":\"  Case: 1\\n  Stage: second review\\n  Decision: accept\\n  Time: 2026-11-24 05:05:00 UTC\\n\"");
    unsaid(bench, "\"type\":\"ask\"");
    unsaid(bench, "\"signed\":");
    assert_non_null(strstr(bench->own.told, "Is this to be signed?"));
    bench->own.says_yes = 1;
    begin(bench, "{\"operation\":\"sign\",\"text\":" STATEMENT("1", "accept") "}");
    until_said(bench, "\"type\":\"done\"");
    said(bench, "\"at\":1,\"of\":1,\"signed\":\"MII");
}

static void test_several_statements_are_confirmed_and_signed_in_one_go(void **state) {
    bench_t *bench = *state;

    use_key(bench);
    bench->own.says_yes = 1;
    begin(bench, "{\"operation\":\"sign\",\"texts\":[" STATEMENT("1", "accept") "," STATEMENT("2", "return") "," STATEMENT("3", "accept") "]}");
    until_said(bench, "\"type\":\"done\"");
    said(bench, "\"at\":1,\"of\":3,\"signed\":\"MII");
    said(bench, "\"at\":3,\"of\":3,\"signed\":\"MII");
    assert_non_null(strstr(bench->own.told, "case: 3"));
    assert_non_null(strstr(bench->own.told, "Are all these 3 to be signed?"));
}

static void test_one_text_that_is_no_statement_leaves_all_unsigned(void **state) {
    bench_t *bench = *state;

    use_key(bench);
    bench->own.says_yes = 1;
    begin(bench, "{\"operation\":\"sign\",\"texts\":[" STATEMENT("1", "accept") ",\"XCA-LOGIN-1\\nnonce: 00\\n\"]}");
    until_said(bench, "T_SIGN_FORM");
    unsaid(bench, "\"signed\":");
    unsaid(bench, "\"type\":\"show\"");
}

static void test_a_hundred_statements_fit_and_one_more_does_not(void **state) {
    bench_t *bench = *state;
    bytes_t body = {NULL, 0, 0};
    int i;

    use_key(bench);
    bench->own.says_yes = 1;
    bytes_add_text(&body, "{\"operation\":\"sign\",\"texts\":[");
    for (i = 0; i < BRIDGE_TEXTS; i++) {
        bytes_add_text(&body, i == 0 ? "" : ",");
        bytes_add_text(&body, STATEMENT("1", "accept"));
    }
    bytes_add_text(&body, "]}");
    begin(bench, bytes_text(&body));
    until_said(bench, "\"type\":\"done\"");
    said(bench, "\"at\":100,\"of\":100,\"signed\":\"MII");
    body.length -= 2;
    bytes_add_text(&body, "," STATEMENT("1", "accept") "]}");
    assert_int_equal(ask(bench, "POST", "/v1/jobs", bytes_text(&body)), 422);
    said(bench, "T_BRIDGE_JSON");
    bytes_free(&body);
}

/* A portal that is asked to sign what it got from another would log in there in its user's name. */
static void test_a_challenge_of_another_site_is_not_signed(void **state) {
    static const char *const bodies[] = {
        "{\"operation\":\"login\",\"text\":\"XCA-LOGIN-1\\nportal: https://other.example\\nnonce: 00\\n\"}",
        "{\"operation\":\"login\",\"text\":\"XCA-LOGIN-1\\nportal: " PORTAL ".evil\\nnonce: 00\\n\"}",
        "{\"operation\":\"login\",\"text\":\"XCA-LOGIN-1\\nportal: " PORTAL "\"}",
        "{\"operation\":\"login\",\"text\":\"XCA-LOGIN-1\\nnonce: 00\\nportal: " PORTAL "\\n\"}",
        "{\"operation\":\"login\",\"text\":\"XCA-LOGIN-1\"}"};
    bench_t *bench = *state;
    size_t i;

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(ask(bench, "POST", "/v1/jobs", bodies[i]), 422);
        said(bench, "T_BRIDGE_CHALLENGE");
    }
}

static void until_idle(bench_t *bench) {
    int i;

    for (i = 0; i < 100 && bridge_desk_busy(bench->bridge.desk) != NULL; i++) {
        platform_sleep_ms(50);
    }
    assert_null(bridge_desk_busy(bench->bridge.desk));
}

static void test_one_operation_at_a_time(void **state) {
    bench_t *bench = *state;

    use_key(bench);
    begin(bench, LOGIN);
    until_said(bench, "\"type\":\"ask\"");
    assert_int_equal(ask(bench, "POST", "/v1/jobs", "{\"operation\":\"info\"}"), 409);
    said(bench, "T_BRIDGE_BUSY");
    said(bench, "sign a login challenge");
    said(bench, bench->job);
    assert_int_equal(ask(bench, "GET", "/v1", NULL), 200);
    said(bench, "\"busy\":\"login\"");
    assert_int_equal(about_job(bench, "DELETE", "", NULL, NULL), 204);
    until_idle(bench);
    assert_int_equal(about_job(bench, "GET", "", "0", NULL), 404); /* nothing is kept of it */
    begin(bench, "{\"operation\":\"info\"}");
}

static void test_a_page_that_goes_away_ends_its_job(void **state) {
    bench_t *bench = *state;

    use_key(bench);
    bench->side.patience = 0.2;
    begin(bench, LOGIN);
    until_idle(bench);
}

static void test_with_ask_here_the_page_is_only_told_where_to_answer(void **state) {
    bench_t *bench = *state;

    use_key(bench);
    bench->side.ask_here = 1;
    begin(bench, LOGIN);
    until_said(bench, "\"state\":\"ended\"");
    said(bench, "\"type\":\"here\",\"id\":\"T_BRIDGE_HERE\"");
    said(bench, "T_CANCELLED");
    unsaid(bench, "\"type\":\"ask\"");
    assert_non_null(strstr(bench->own.told, "Is this login to be signed?"));
}

static void test_a_page_that_waits_is_answered_when_something_happens(void **state) {
    bench_t *bench = *state;
    double begun = platform_clock();

    begin(bench, "{\"operation\":\"readers\"}");
    assert_int_equal(about_job(bench, "GET", "", "0", NULL), 200);
    said(bench, "T_PCSC_SERVICE");
    assert_true(platform_clock() - begun < 15);
    assert_int_equal(about_job(bench, "GET", "", "1", NULL), 200); /* it has ended: no waiting */
    assert_true(platform_clock() - begun < 15);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_the_origin_of_an_address_is_as_browsers_write_it),
        TEST(test_origins_are_configured),
        TEST(test_the_token_is_another_at_every_start),
        TEST(test_a_ticket_is_good_for_once_and_for_a_minute_more),
        TEST(test_a_page_gets_the_token_for_the_ticket_of_its_link),
        TEST(test_a_foreign_page_is_refused_and_may_not_read_why),
        TEST(test_another_name_of_this_machine_is_refused),
        TEST(test_without_the_token_there_is_a_greeting_and_nothing_else),
        TEST(test_a_preflight_of_our_page_is_answered_without_a_token),
        TEST(test_what_is_no_request_is_told_in_words),
        TEST(test_a_fault_ends_a_job_in_the_language_of_who_asks),
        TEST(test_a_login_is_shown_confirmed_and_signed_with_a_key),
        TEST(test_what_is_confirmed_with_no_is_not_signed),
        TEST(test_only_statements_and_challenges_are_signed),
        TEST(test_an_order_to_open_a_code_is_refused_before_anything_is_asked),
        TEST(test_statements_are_confirmed_on_the_own_side_alone),
        TEST(test_several_statements_are_confirmed_and_signed_in_one_go),
        TEST(test_one_text_that_is_no_statement_leaves_all_unsigned),
        TEST(test_a_hundred_statements_fit_and_one_more_does_not),
        TEST(test_a_challenge_of_another_site_is_not_signed),
        TEST(test_one_operation_at_a_time),
        TEST(test_a_page_that_goes_away_ends_its_job),
        TEST(test_with_ask_here_the_page_is_only_told_where_to_answer),
        TEST(test_a_page_that_waits_is_answered_when_something_happens),
    };

    bridge_json_begin();
    return cmocka_run_group_tests(tests, make_key, forget_key);
}
