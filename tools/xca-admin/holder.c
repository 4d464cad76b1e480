/* revoke and code-reset: what officers file from a holder's form, and the code that is told by telephone. */
#include <stdio.h>
#include <apr_strings.h>
#include "command.h"
#include "domain/calendar.h"
#include "operations/code_reset.h"
#include "operations/revocation.h"

static xca_error_t *number_of(const char **number, const admin_t *admin, const arguments_t *arguments) {
    *number = argument(arguments, "card");
    return *number != NULL ? NULL : argument_needed(number, arguments, "serial", admin->pool);
}

xca_error_t *command_revoke(admin_t *admin, const arguments_t *arguments) {
    xca_revocation_order_t order = {0};
    signing_t signing;
    xca_case_t *kase;
    const char *letter;
    xca_error_t *err = admin_open_officer(&signing, admin, arguments);

    if (err == NULL) {
        err = argument_needed(&letter, arguments, "letter", admin->pool);
    }
    if (err == NULL) {
        err = number_of(&order.number, admin, arguments);
    }
    if (err == NULL) {
        err = argument_needed(&order.reason, arguments, "reason", admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    order.remark = argument(arguments, "remark");
    order.letter_date = argument(arguments, "letter-date");
    err = xca_revocation_file(&kase, admin->office, &order, signing.officer, admin->now, admin->pool);
    if (err == NULL) {
        printf("%s\n", kase->number);
        err = admin_decide(admin, &signing, kase, XCA_DECISION_ACCEPT, letter, NULL);
    }
    return err;
}

xca_error_t *command_code_reset_file(admin_t *admin, const arguments_t *arguments) {
    xca_code_reset_order_t order = {0};
    signing_t signing;
    xca_case_t *kase;
    xca_error_t *err = admin_open_officer(&signing, admin, arguments);

    if (err == NULL) {
        err = number_of(&order.number, admin, arguments);
    }
    if (err != NULL) {
        return err;
    }
    order.contact_name = argument(arguments, "contact-name");
    order.contact_title = argument(arguments, "contact-title");
    order.contact_phone = argument(arguments, "contact-phone");
    order.contact_email = argument(arguments, "contact-email");
    order.contact_fax = argument(arguments, "contact-fax");
    order.remark = argument(arguments, "remark");
    order.letter_date = argument(arguments, "form-date");
    err = xca_code_reset_file(&kase, admin->office, &order, signing.officer, admin->now, admin->pool);
    if (err == NULL) {
        printf("%s\n", kase->number);
        err = admin_decide(admin, &signing, kase, XCA_DECISION_ACCEPT, argument(arguments, "letter"), NULL);
    }
    return err;
}

static const char *or_dash(const char *text) {
    return text != NULL ? text : "-";
}

xca_error_t *command_code_reset_tell(admin_t *admin, const arguments_t *arguments) {
    const char *number = argument_plain(arguments, 0);
    signing_t signing;
    xca_case_t *kase;
    xca_secret_t *code;
    char *letter;
    xca_error_t *err;

    if (number == NULL) {
        return xca_error_field(admin->pool, NULL, "admin.argument-missing", "CASE");
    }
    err = admin_open_officer(&signing, admin, arguments);
    if (err == NULL) {
        err = xca_case_read(&kase, admin->office->store, number, admin->pool);
    }
    if (err == NULL) {
        err = xca_code_reset_open(&code, kase, signing.officer, signing.key, admin->pool);
    }
    if (err != NULL) {
        return err;
    }
    letter = xca_catalogue_format(
        admin->catalogue, "reset.letter", admin->language, admin->pool, "case", kase->number, "name",
        or_dash(kase->org_name), "contact", or_dash(kase->contact_name), "phone", or_dash(kase->contact_phone),
        "remark", or_dash(kase->remark), "code",
        apr_pstrmemdup(admin->pool, (const char *)code->bytes, code->length), "portal",
        apr_pstrcat(admin->pool, xca_settings_get(admin->settings, "portal-url", ""), "/", NULL), "until",
        xca_date_format(admin->pool, xca_code_reset_due(kase), XCA_DATE_ISO), NULL);
    printf("%s\n", letter);
    return NULL;
}
