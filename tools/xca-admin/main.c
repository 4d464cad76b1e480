/* xca-admin: the operator's and, until they work in the browser, the officers' command line. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "base/log.h"
#include "command.h"
#include "operations/audit_report.h"

typedef struct {
    const char *noun, *verb; /* verb NULL: the noun alone */
    command_t *run;
    int needs_directory;
    const char *usage;
} row_t;

static const row_t rows[] = {
    {"ca", "init", command_ca_init, 0,
     "--folder DIR [--key-type rsa:4096|ec:P-384] [--dns localhost] [--organisation O] [--unit "
     "OU] [--root-list-url URL]"},
    {"ca", "key", command_ca_key, 0, "--key FILE|URI [--key-type rsa:4096|ec:P-384|ec:P-256|...]"},
    {"ca", "token", command_ca_token, 0, "[--last-try]"},
    {"ca", "request", command_ca_request, 0,
     "--out FILE.csr [--key FILE|URI] [--key-type rsa:4096|ec:P-384] [--subject DN] [--password-file FILE]"},
    {"ca", "install", command_ca_install, 0, "CERTIFICATE.pem [--chain FILE.pem] [--root-sha256 HEX] [--check]"},
    {"ca", "rollover", command_ca_rollover, 0,
     "[status] | request --out FILE.csr [--key-type rsa:4096|ec:P-384] | install CERTIFICATE.pem [--chain FILE.pem] [--root-sha256 HEX] "
     "[--check] | retire KEY"},
    {"ca", "root-list", command_ca_root_list, 0,
     "--key FILE|URI --certificate ROOT.pem --out FILE.crl [--days 365] [--previous FILE.crl] [--revoke SERIAL[:REASON]]... "
     "[--password-file FILE]"},
    {"lint", "rules", command_lint_rules, 0, ""},
    {"lint", NULL, command_lint, 0, "FILE... [--kind smime|card|ca|root|other]"},
    {"directory", "prepare", command_directory_prepare, 1, ""},
    {"oid", "import", command_oid_import, 1, "FILE... [--ldif]"},
    {"oid", "export", command_oid_export, 1, "[--format csv|ldif|json]"},
    {"xds", "check", command_xds_check, 1, "FILE [--window ID]"},
    {"xds", "file", command_xds_file, 1,
     "FILE --officer UID --key FILE [--password-file FILE] --letter NUMBER --contact NAME --contact-mail ADDRESS [--remark "
     "TEXT]"},
    {"xds", "show", command_xds_show, 1, "CASE"},
    {"xds", "template", command_xds_template, 0, "FILE.xlsx|FILE.ods [--language zh|en]"},
    {"window", "import", command_window_import, 1, "FILE"},
    {"window", "list", command_window_list, 1, ""},
    {"officer", "add", command_officer_add, 1,
     "--uid UID --role ra|central|card-centre|auditor --title TEXT --person NUMBER [--window ID] --ca-folder DIR "
     "--password-file FILE --out FILE.p12"},
    {"officer", "make", command_officer_make, 0,
     "--uid UID --ca-folder DIR --password-file FILE --out FILE.p12"},
    {"officer", "list", command_officer_list, 1, ""},
    {"review", "list", command_review_list, 1, "[--state filed|reviewed|...] [--window ID]"},
    {"review", "show", command_review_show, 1, "CASE"},
    {"review", "digest", command_review_digest, 1, "CASE..."},
    {"review", "accept", command_review_accept, 1,
     "CASE... --officer UID --key FILE [--password-file FILE] [--letter NUMBER]"},
    {"review", "return", command_review_return, 1,
     "CASE... --officer UID --key FILE [--password-file FILE] [--letter NUMBER] --reason TEXT"},
    {"revoke", NULL, command_revoke, 1,
     "--serial SERIAL|--card CARD --reason abolished|lost|damaged|other --letter NUMBER [--letter-date YYYY-MM-DD] "
     "[--remark TEXT] [--contact-name NAME] [--contact-title T] [--contact-phone NUMBER] [--contact-email E] [--contact-fax F] "
     "--officer UID --key FILE [--password-file FILE]"},
    {"code-reset", "file", command_code_reset_file, 1,
     "--serial SERIAL|--card CARD --contact-name NAME --contact-phone NUMBER [--contact-title T] [--contact-email E] [--contact-fax F] "
     "[--remark WHEN] [--form-date YYYY-MM-DD] --officer UID --key FILE [--password-file FILE]"},
    {"code-reset", "tell", command_code_reset_tell, 1, "CASE --officer UID --key FILE [--password-file FILE]"},
    {"card", "list", command_card_list, 1, "[--state making|made|dispatched|active|discarded|revoked|lapsed]"},
    {"card", "show", command_card_show, 1, "CARD"},
    {"statistics", NULL, command_statistics, 1, "[--check]"},
    {"content", "import", command_content_import, 1, "FILE... [--replace] [--officer UID]"},
    {"content", "list", command_content_list, 1, "[--kind news|faq|use|fee] [--state draft|published|withdrawn]"},
    {"content", "show", command_content_show, 1, "ID..."},
    {"content", "publish", command_content_publish, 1, "ID... [--officer UID]"},
    {"content", "withdraw", command_content_withdraw, 1, "ID... [--officer UID]"},
    {"question", "list", command_question_list, 1, "[--state filed|open|answered|closed]"},
    {"question", "show", command_question_show, 1, "ID"},
    {"question", "answer", command_question_answer, 1, "ID --text-file FILE --officer UID [--to-faq CATEGORY]"},
    {"mail", "list", command_mail_list, 1, "[--failed] [--state waiting|sending|sent|failed|uncertain]"},
    {"mail", "show", command_mail_show, 1, "ID"},
    {"mail", "retry", command_mail_retry, 1, "ID..."},
    {"mail", "bounce", command_mail_bounce, 1, "< MESSAGE"},
    {"audit", "verify", command_audit_verify, 1, "[--from NUMBER] [--head NUMBER:HASH]... [--ca FILE]"},
    {"audit", "list", command_audit_list, 1,
     "[--kind KIND] [--subject TEXT] [--since TIME] [--until TIME] [--from NUMBER] [--count NUMBER] [--newest]"},
    {"audit", "export", command_audit_export, 1,
     "[--format json|csv|text] [--kind KIND] [--subject TEXT] [--since TIME] [--until TIME] [--from NUMBER]"},
    {"audit", "head", command_audit_head, 1, ""},
    {"log", "check", command_log_check, 1, ""},
    {"outbox", NULL, command_outbox, 1, "[--state waiting|sending|sent|failed|uncertain]"},
    {NULL, NULL, NULL, 0, NULL}};

const char *argument(const arguments_t *arguments, const char *name) {
    int i;

    for (i = 0; i + 1 < arguments->argc; i++) {
        if (strncmp(arguments->argv[i], "--", 2) == 0 &&
            strcmp(arguments->argv[i] + 2, name) == 0) {
            return arguments->argv[i + 1];
        }
    }
    return NULL;
}

int argument_set(const arguments_t *arguments, const char *name) {
    int i;

    for (i = 0; i < arguments->argc; i++) {
        if (strncmp(arguments->argv[i], "--", 2) == 0 &&
            strcmp(arguments->argv[i] + 2, name) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *argument_plain(const arguments_t *arguments, int index) {
    int i;

    for (i = 0; i < arguments->argc; i++) {
        if (strcmp(arguments->argv[i], "--ldif") == 0 || strcmp(arguments->argv[i], "--check") == 0 ||
            strcmp(arguments->argv[i], "--replace") == 0 || strcmp(arguments->argv[i], "--failed") == 0) {
            continue; /* options without a value */
        }
        if (strncmp(arguments->argv[i], "--", 2) == 0) {
            i++;
            continue;
        }
        if (index-- == 0) {
            return arguments->argv[i];
        }
    }
    return NULL;
}

xca_error_t *argument_needed(const char **value, const arguments_t *arguments, const char *name,
                             apr_pool_t *pool) {
    xca_error_t *err;

    *value = argument(arguments, name);
    if (*value != NULL) {
        return NULL;
    }
    err = xca_error_make(pool, XCA_E_INVALID, "admin.argument-missing", "--%s", name);
    err->arg = apr_pstrcat(pool, "--", name, NULL);
    return err;
}

const char *admin_text(const admin_t *admin, const char *id) {
    return admin->catalogue != NULL ? xca_catalogue_texts(admin->catalogue, id, admin->language, admin->pool) : id;
}

const char *admin_actor(const admin_t *admin) {
    const struct passwd *user = getpwuid(getuid());
    const char *behind = getenv("SUDO_USER");

    return apr_pstrcat(admin->pool, "admin ", user != NULL ? user->pw_name : "?", behind != NULL ? " for " : NULL, behind,
                       NULL);
}

xca_error_t *admin_report(const admin_t *admin, const char *kind, const char *details) {
    xca_audit_event_t event = {0};

    event.kind = kind;
    event.actor = admin_actor(admin);
    event.details = details;
    return xca_audit_report(admin->office->store, &event, admin->now, admin->pool);
}

static void usage(FILE *to) {
    const row_t *row;

    fputs("usage: xca-admin --settings FILE COMMAND ...\n", to);
    for (row = rows; row->noun != NULL; row++) {
        fprintf(to, "  %s %s %s\n", row->noun, row->verb != NULL ? row->verb : "", row->usage);
    }
}

static xca_language language_of_locale(void) {
    const char *locale = setlocale(LC_MESSAGES, NULL);

    return locale != NULL && strncmp(locale, "zh", 2) == 0 ? XCA_ZH : XCA_EN;
}

static void quiet(xca_log_level level, const char *line, void *baton) {
    if (getenv("XCA_DEBUG") != NULL) {
        fprintf(stderr, "xca-admin: %s\n", line);
    }
}

static xca_error_t *open_session(admin_t *admin, const char *path, int needs_directory) {
    long offset = 0;
    const char *htdocs;
    xca_error_t *err;

    admin->now = apr_time_now();
    if (path == NULL) {
        if (!needs_directory) {
            return NULL;
        }
        err = xca_error_make(admin->pool, XCA_E_INVALID, "admin.argument-missing", "--settings");
        err->arg = "--settings";
        return err;
    }
    err = xca_settings_read(&admin->settings, path, admin->pool);
    if (err != NULL) {
        return err;
    }
    htdocs = xca_settings_get(admin->settings, "htdocs-folder", NULL);
    if (htdocs != NULL) {
        err = xca_catalogue_read(&admin->catalogue,
                                 apr_pstrcat(admin->pool, htdocs, "/catalogue", NULL), admin->pool);
    }
    if (err == NULL) {
        err = xca_settings_number(admin->settings, "clock-offset", &offset, 0, -4000000000L,
                                  4000000000L, admin->pool);
    }
    admin->now += apr_time_from_sec(offset);
    if (err == NULL && needs_directory) {
        err = xca_office_open(&admin->office, admin->settings, "admin", admin->pool);
    }
    return err;
}

static int exit_code(const xca_error_t *err) {
    switch (err->kind) {
    case XCA_E_INVALID:
    case XCA_E_METHOD:
    case XCA_E_ACCEPT:
    case XCA_E_TYPE:
    case XCA_E_TOO_LARGE:
        return 2;
    case XCA_E_NOT_FOUND:
        return 3;
    case XCA_E_DENIED:
    case XCA_E_LOCKED:
        return 4;
    case XCA_E_CONFLICT:
        return 5;
    case XCA_E_UNAVAILABLE:
        return 6;
    case XCA_E_INTERNAL:
        break;
    }
    return 1;
}

static int report(const admin_t *admin, const xca_error_t *err) {
    const xca_error_t *one;

    for (one = err; one != NULL; one = one->next) {
        const char *text =
            admin->catalogue != NULL
                ? xca_catalogue_error(admin->catalogue, one, admin->language, admin->pool)
                : one->message;

        fprintf(stderr, "xca-admin: %s%s%s%s\n", text, one->detail != NULL ? " (" : "",
                one->detail != NULL ? one->detail : "", one->detail != NULL ? ")" : "");
    }
    return exit_code(err);
}

static const row_t *find_row(int *used, int argc, const char *const argv[]) {
    const row_t *row;

    for (row = rows; row->noun != NULL; row++) {
        if (argc < 1 || strcmp(argv[0], row->noun) != 0) {
            continue;
        }
        if (row->verb == NULL || (argc > 1 && strcmp(argv[1], row->verb) == 0)) {
            *used = row->verb == NULL ? 1 : 2;
            return row;
        }
    }
    return NULL;
}

int main(int argc, const char *const argv[]) {
    static const struct rlimit no_core = {0, 0}; /* officers' keys and passwords are in this memory */
    admin_t admin;
    arguments_t arguments;
    const char *settings = getenv("XCA_SETTINGS");
    const row_t *row;
    int at = 1, used;
    xca_error_t *err;

    apr_app_initialize(&argc, &argv, NULL);
    atexit(apr_terminate);
    setrlimit(RLIMIT_CORE, &no_core);
    setlocale(LC_ALL, "");
    xca_log_set_sink(quiet, NULL, XCA_LOG_INFO);
    memset(&admin, 0, sizeof(admin));
    apr_pool_create(&admin.pool, NULL);
    admin.language = language_of_locale();
    if (argc > 2 && strcmp(argv[1], "--settings") == 0) {
        settings = argv[2];
        at = 3;
    }
    if (at < argc && (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "help") == 0)) {
        usage(stdout);
        return 0;
    }
    row = find_row(&used, argc - at, argv + at);
    if (row == NULL) {
        usage(stderr);
        return 2;
    }
    arguments.argv = argv + at + used;
    arguments.argc = argc - at - used;
    err = open_session(&admin, settings, row->needs_directory);
    if (err == NULL) {
        err = row->run(&admin, &arguments);
    }
    if (fflush(stdout) != 0 && err == NULL) {
        err = xca_error_make(admin.pool, XCA_E_INTERNAL, "file.unwritable", "standard output");
    }
    return err != NULL ? report(&admin, err) : 0;
}
