/* Mail out: what a message looks like to a mail program, and the three ways it leaves. */
#include "crypto_fixture.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include "outside/mail.h"

static xca_mail_config_t config_for(const char *url) {
    return (xca_mail_config_t){.url = url, .from = "XCA <xca@example.tw>"};
}

static xca_mail_t letter(void) {
    return (xca_mail_t){.id = "n-0001",
                        .to = "office@foundation.example.tw",
                        .subject = "憑證已簽發，請於九十日內接受 Certificate issued, please accept it within ninety days",
                        .body = "財團法人測試基金會 您好：\r\n\n憑證已簽發。\n.\nFrom here on in English.\n",
                        .date = TEST_NOW};
}

static const char *text_of(const char *name) {
    const char *data;
    apr_size_t length;

    assert_null(xca_file_read(&data, &length, test_path(name), 1 << 20, test_pool));
    return data;
}

static int is_there(const char *name) {
    return access(test_path(name), F_OK) == 0;
}

static const char *format(const xca_mail_t *mail) {
    xca_mail_config_t config = config_for("folder:/");
    const char *message = NULL;
    xca_error_t *err = xca_mail_format(&message, &config, mail, test_pool);

    assert_true((err == NULL) == (message != NULL));
    return err != NULL ? err->message : message;
}

/* What Python's mail parser, strict about RFC 5322 and 2047, reads. */
static const char *parsed(const char *message) {
    write_file("m.eml", message, strlen(message));
    return run_well("/usr/bin/python3 -c \"import email, email.policy; m = email.message_from_bytes(open('m.eml', "
                    "'rb').read(), policy=email.policy.default.clone(raise_on_defect=True)); print(m['subject']); "
                    "print(m['from']); print(m['to']); print(m['message-id']); print(m['date']); "
                    "print(m.get_content().replace('\\r\\n', '\\n'), end='')\"");
}

static void test_a_notice_reads_well_in_a_mail_program(void **state) {
    xca_mail_t mail = letter();
    const char *message = format(&mail);
    const char *line;

    assert_string_equal(
        parsed(message),
        "憑證已簽發，請於九十日內接受 Certificate issued, please accept it within ninety days\n"
        "XCA <xca@example.tw>\noffice@foundation.example.tw\n<n-0001@example.tw>\n"
        "Tue, 24 Nov 2026 13:05:00 +0800\n"
        "財團法人測試基金會 您好：\n\n憑證已簽發。\n.\nFrom here on in English.\n");
    for (line = message; *line != '\0'; line = strstr(line, "\r\n") + 2) {
        assert_true(strstr(line, "\r\n") - line <= 78);
    }
}

static void test_subjects_of_every_length_are_cut_between_characters(void **state) {
    char subject[400] = "";
    int count;

    for (count = 0; count < 100; count++) {
        xca_mail_t mail = letter();
        const char *message;

        mail.subject = subject;
        message = format(&mail);
        if (count % 7 == 0) {
            assert_true(strncmp(parsed(message), subject, strlen(subject)) == 0);
        }
        strncat(subject, count % 3 == 0 ? "a" : "證", sizeof(subject) - strlen(subject) - 1);
    }
}

static void test_a_sender_with_a_chinese_name(void **state) {
    xca_mail_config_t config = config_for("folder:/");
    xca_mail_t mail = letter();
    const char *message;

    config.from = "組織及團體憑證管理中心 <xca@example.tw>";
    assert_fine(xca_mail_format(&message, &config, &mail, test_pool));
    assert_non_null(strstr(parsed(message), "組織及團體憑證管理中心 <xca@example.tw>"));
    config.from = "xca@example.tw";
    assert_fine(xca_mail_format(&message, &config, &mail, test_pool));
    config.from = "XCA <xca@example.tw>\r\nBcc: all@example.tw";
    assert_string_equal(message_of(xca_mail_format(&message, &config, &mail, test_pool)), "mail.header");
    config.from = "XCA, and others <xca@example.tw>";
    assert_string_equal(message_of(xca_mail_format(&message, &config, &mail, test_pool)), "mail.header");
    config.from = "nobody";
    assert_string_equal(message_of(xca_mail_format(&message, &config, &mail, test_pool)), "mail.header");
}

static void test_nothing_can_add_a_header_or_a_recipient(void **state) {
    static const char *const addresses[] = {"", "a", "@example.tw", "a@", "a@b@c", "a@b.tw\nBcc: c@d.tw", "a@b.tw,c@d.tw",
                                            "-oQ/tmp@b.tw", "a b@c.tw", "<a@b.tw>", "\"a\"@b.tw", "a@b.tw(c)", "學@b.tw",
                                            "a|b@c.tw"};
    static const char *const subjects[] = {"a\nBcc: c@d.tw", "a\rb", "a\x01", "\xff"};
    static const char *const ids[] = {"", "..", ".hidden", "a/b", "a b", "a>b", "a\nb", "號"};
    xca_mail_t mail;
    size_t i;

    for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        mail = letter();
        mail.to = addresses[i];
        assert_string_equal(format(&mail), "mail.header");
    }
    for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        mail = letter();
        mail.subject = subjects[i];
        assert_string_equal(format(&mail), "mail.header");
    }
    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        mail = letter();
        mail.id = ids[i];
        assert_string_equal(format(&mail), "mail.header");
    }
}

static void test_in_a_folder_the_same_notice_is_one_file(void **state) {
    xca_mail_config_t config = config_for(apr_pstrcat(test_pool, "folder:", test_folder, NULL));
    xca_mail_t mail = letter();

    assert_fine(xca_mail_send(&config, &mail, test_pool));
    assert_fine(xca_mail_send(&config, &mail, test_pool));
    assert_string_equal(run_well("ls -A"), "n-0001.eml\n");
    assert_string_equal(text_of("n-0001.eml"), format(&mail));
}

static void test_a_folder_that_cannot_be_written_makes_it_wait(void **state) {
    xca_mail_config_t config = config_for(apr_pstrcat(test_pool, "folder:", test_folder, "/none", NULL));
    xca_mail_t mail = letter();
    xca_error_t *err = xca_mail_send(&config, &mail, test_pool);

    assert_string_equal(message_of(err), "mail.later");
    assert_int_equal(err->kind, XCA_E_UNAVAILABLE);
}

static const char *send_by_command(const char *script) {
    const char *path = write_file("send mail", script, strlen(script)); /* the name has a space */
    xca_mail_config_t config =
        config_for(apr_pstrcat(test_pool, "sendmail:\"", path, "\" -t 'with space'", NULL));
    xca_mail_t mail = letter();

    assert_int_equal(chmod(path, 0755), 0);
    return message_of(xca_mail_send(&config, &mail, test_pool));
}

static void test_the_sendmail_command_gets_the_message(void **state) {
    xca_mail_t mail = letter();
    const char *got;

    assert_string_equal(send_by_command("#!/bin/sh\ncd \"$(dirname \"$0\")\"; printf '%s|' \"$@\" > args; cat > got\n"), "");
    assert_string_equal(text_of("args"), "-t|with space|");
    got = text_of("got");
    assert_null(strchr(got, '\r'));
    assert_string_equal(parsed(got), parsed(format(&mail)));
}

static void test_what_the_command_ends_with_decides(void **state) {
    xca_mail_config_t config = config_for("sendmail:/nowhere/sendmail -t");
    xca_mail_t mail = letter();

    assert_string_equal(send_by_command("#!/bin/sh\nexit 0\n"), ""); /* reads nothing: no SIGPIPE */
    assert_string_equal(send_by_command("#!/bin/sh\nexit 75\n"), "mail.later");
    assert_string_equal(send_by_command("#!/bin/sh\nexit 1\n"), "mail.later");
    assert_string_equal(send_by_command("#!/bin/sh\nexit 67\n"), "mail.rejected");
    assert_string_equal(send_by_command("#!/bin/sh\nkill -9 $$\n"), "mail.unknown");
    assert_string_equal(message_of(xca_mail_send(&config, &mail, test_pool)), "mail.later");
    config.url = "sendmail:";
    assert_string_equal(message_of(xca_mail_send(&config, &mail, test_pool)), "mail.later");
}

typedef struct server {
    FILE *pipe;
    char url[64];
} server_t;

static server_t start_server(const char *mode, int connections) {
    server_t server;
    char port[16] = "";

    server.pipe = popen(apr_psprintf(test_pool, "exec /usr/bin/python3 tests/unit/smtp_server.py %s %s %d", test_folder,
                                     mode, connections), "r");
    assert_non_null(server.pipe);
    assert_non_null(fgets(port, sizeof(port), server.pipe));
    snprintf(server.url, sizeof(server.url), "smtp://127.0.0.1:%d", atoi(port));
    return server;
}

static const char *send_to(const char *mode, xca_mail_config_t config) {
    server_t server = start_server(mode, 1);
    xca_mail_t mail = letter();
    xca_error_t *err;

    config.url = server.url;
    err = xca_mail_send(&config, &mail, test_pool);
    assert_int_equal(pclose(server.pipe), 0);
    return message_of(err);
}

static void test_a_mail_server_gets_the_message(void **state) {
    xca_mail_t mail = letter();

    assert_string_equal(send_to("plain", config_for("")), "");
    assert_string_equal(text_of("message"), format(&mail));
    assert_non_null(strstr(text_of("heard"), "MAIL FROM:<xca@example.tw>"));
    assert_non_null(strstr(text_of("heard"), "RCPT TO:<office@foundation.example.tw>"));
}

static void test_what_the_server_says_decides(void **state) {
    xca_mail_config_t config = config_for("");

    assert_string_equal(send_to("reject", config), "mail.rejected");
    assert_string_equal(send_to("busy", config), "mail.later");
    assert_string_equal(send_to("silent", config), "mail.unknown");
    config.user = "xca";
    config.password = xca_secret_make(test_pool, "wrong", 5);
    assert_string_equal(send_to("locked", config), "mail.later");
}

static void test_no_server_makes_it_wait(void **state) {
    xca_mail_config_t config = config_for("smtp://127.0.0.1:1");
    xca_mail_t mail = letter();

    assert_string_equal(message_of(xca_mail_send(&config, &mail, test_pool)), "mail.later");
    config.url = "http://127.0.0.1:1/"; /* another protocol is none */
    assert_string_equal(message_of(xca_mail_send(&config, &mail, test_pool)), "mail.later");
}

/* root.pem, tls.pem and its key, for 127.0.0.1. */
static void make_tls(void) {
    xca_key_t *root_key, *key;
    xca_bytes_t root, tls, none = {NULL, 0};
    apr_time_t now = apr_time_now();

    assert_fine(xca_key_make(&root_key, "ec:P-256", test_pool));
    assert_fine(xca_key_make(&key, "ec:P-256", test_pool));
    assert_fine(xca_setup_certificate(&root, XCA_SETUP_ROOT, "CN=root,C=TW", NULL, NULL, root_key, NULL, none, now - TEST_DAY,
                                      now + TEST_DAY, test_pool));
    assert_fine(xca_setup_certificate(&tls, XCA_SETUP_TLS, "CN=mail,C=TW", "127.0.0.1", NULL, key, root_key, root,
                                      now - TEST_DAY, now + TEST_DAY, test_pool));
    write_file("root.pem", xca_cert_pem(test_pool, root), strlen(xca_cert_pem(test_pool, root)));
    write_file("tls.pem", xca_cert_pem(test_pool, tls), strlen(xca_cert_pem(test_pool, tls)));
    assert_fine(xca_key_write(key, test_path("tls-key.pem"), test_pool));
}

static void test_with_starttls_nothing_private_goes_in_the_clear(void **state) {
    xca_mail_config_t config = config_for("");
    xca_mail_t mail = letter();
    const char *heard;

    make_tls();
    config.require_tls = 1;
    config.ca_file = test_path("root.pem");
    config.user = "xca";
    config.password = xca_secret_make(test_pool, "secret", 6);
    assert_string_equal(send_to("starttls", config), "");
    assert_string_equal(text_of("message"), format(&mail));
    heard = text_of("heard");
    assert_non_null(strstr(heard, "STARTTLS"));
    assert_non_null(strstr(strstr(heard, "STARTTLS"), "AUTH PLAIN"));
    assert_int_equal(unlink(test_path("message")), 0);
    /* a server that does not offer it, and one whose certificate nobody knows, get nothing */
    assert_string_equal(send_to("plain", config), "mail.later");
    config.ca_file = NULL;
    assert_string_equal(send_to("starttls", config), "mail.later");
    assert_false(is_there("message"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_notice_reads_well_in_a_mail_program),
        TEST(test_subjects_of_every_length_are_cut_between_characters),
        TEST(test_a_sender_with_a_chinese_name),
        TEST(test_nothing_can_add_a_header_or_a_recipient),
        TEST(test_in_a_folder_the_same_notice_is_one_file),
        TEST(test_a_folder_that_cannot_be_written_makes_it_wait),
        TEST(test_the_sendmail_command_gets_the_message),
        TEST(test_what_the_command_ends_with_decides),
        TEST(test_a_mail_server_gets_the_message),
        TEST(test_what_the_server_says_decides),
        TEST(test_no_server_makes_it_wait),
        TEST(test_with_starttls_nothing_private_goes_in_the_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
