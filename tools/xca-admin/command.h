/* xca-admin's commands: each gets the arguments behind its name and an open session. */
#ifndef XCA_ADMIN_COMMAND_H
#define XCA_ADMIN_COMMAND_H

#include "base/settings.h"
#include "operations/office.h"
#include "outside/catalogue.h"
#include "outside/crypto.h"

typedef struct admin {
    xca_settings_t *settings;
    xca_office_t *office;       /* NULL for commands that need no directory */
    xca_catalogue_t *catalogue; /* NULL if the settings name no htdocs folder */
    xca_language language;      /* of LC_ALL, LC_MESSAGES, LANG */
    apr_time_t now;
    apr_pool_t *pool;
} admin_t;

/* Options "--name value" of one command, after which plain arguments may follow. */
typedef struct arguments {
    const char *const *argv; /* behind the command's name */
    int argc;
} arguments_t;

/* The value of --name, or NULL. */
const char *argument(const arguments_t *arguments, const char *name);
/* Non-zero if --name is there (no value). */
int argument_set(const arguments_t *arguments, const char *name);
/* The index-th plain argument (not an option nor its value), or NULL. */
const char *argument_plain(const arguments_t *arguments, int index);
/* As argument(), an error "admin.argument-missing" (arg: the name) if it is not there. */
xca_error_t *argument_needed(const char **value, const arguments_t *arguments, const char *name,
                             apr_pool_t *pool) XCA_MUST_USE;

/* A catalogue text in the operator's language, or the id. */
const char *admin_text(const admin_t *admin, const char *id);

/* The officer as the directory knows it, and the key to sign with: options --officer, --key, --password-file. */
typedef struct signing {
    xca_officer_t *officer;
    xca_key_t *key;
} signing_t;
xca_error_t *admin_open_officer(signing_t *signing, admin_t *admin, const arguments_t *arguments) XCA_MUST_USE;

/* Signs a decision, hands it in and tells the signer's verdict. */
xca_error_t *admin_decide(admin_t *admin, const signing_t *signing, const xca_case_t *kase, xca_decision_kind kind,
                          const char *letter, const char *reason) XCA_MUST_USE;

/* The audit log's actor: the system's user who runs the command. */
const char *admin_actor(const admin_t *admin);

/* Has the signer log what this command is about to do, in the name of admin_actor(). `details`: of xca_audit_details(). */
xca_error_t *admin_report(const admin_t *admin, const char *kind, const char *details) XCA_MUST_USE;

typedef xca_error_t *command_t(admin_t *admin, const arguments_t *arguments);

xca_error_t *command_ca_init(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_ca_key(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_ca_token(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_ca_request(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_ca_install(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_ca_rollover(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_ca_root_list(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_lint(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_lint_rules(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_directory_prepare(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_window_import(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_window_list(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_officer_add(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_officer_make(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_officer_list(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_card_list(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_card_show(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_review_list(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_review_show(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_review_digest(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_review_accept(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_review_return(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_revoke(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_code_reset_file(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_code_reset_tell(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_statistics(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_content_import(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_content_list(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_content_show(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_content_publish(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_content_withdraw(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_question_list(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_question_show(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_question_answer(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_xds_check(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_xds_file(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_xds_show(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_xds_template(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_mail_list(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_mail_show(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_mail_retry(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_mail_bounce(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_audit_verify(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_audit_list(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_audit_export(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_audit_head(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_log_check(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_outbox(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_oid_import(admin_t *admin, const arguments_t *arguments);
xca_error_t *command_oid_export(admin_t *admin, const arguments_t *arguments);

#endif
