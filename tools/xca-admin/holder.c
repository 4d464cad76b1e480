/* revoke and code-reset: what officers file from a holder's form, and the code that is told by telephone. */
#include <stdio.h>
#include <apr_strings.h>
#include "command.h"
#include "domain/calendar.h"
#include "operations/code_reset.h"
#include "operations/revocation.h"

/* What the form says; `date` is how its day is called. */
static xca_error_t *form_of(xca_holder_form_t *form, const admin_t *admin, const arguments_t *arguments, const char *date) {
    form->letter = argument(arguments, "letter");
    form->remark = argument(arguments, "remark");
    form->letter_date = argument(arguments, date);
    form->contact_name = argument(arguments, "contact-name");
    form->contact_title = argument(arguments, "contact-title");
    form->contact_phone = argument(arguments, "contact-phone");
    form->contact_email = argument(arguments, "contact-email");
    form->contact_fax = argument(arguments, "contact-fax");
    form->number = argument(arguments, "card");
    return form->number != NULL ? NULL : argument_needed(&form->number, arguments, "serial", admin->pool);
}

/* Who files makes the first decision. */
static xca_error_t *decide_filed(admin_t *admin, const signing_t *signing, const xca_case_t *kase, const char *letter) {
    printf("%s\n", kase->number);
    return admin_decide(admin, signing, kase, XCA_DECISION_ACCEPT, letter, NULL);
}

xca_error_t *command_revoke(admin_t *admin, const arguments_t *arguments) {
    xca_holder_form_t form = {0};
    signing_t signing;
    xca_case_t *kase;
    xca_error_t *err = admin_open_officer(&signing, admin, arguments);

    if (err == NULL) {
        err = form_of(&form, admin, arguments, "letter-date");
    }
    if (err == NULL) {
        err = argument_needed(&form.letter, arguments, "letter", admin->pool);
    }
    if (err == NULL) {
        err = argument_needed(&form.reason, arguments, "reason", admin->pool);
    }
    if (err == NULL) {
        err = xca_revocation_file(&kase, admin->office, &form, signing.officer, NULL, admin->now, admin->pool);
    }
    return err != NULL ? err : decide_filed(admin, &signing, kase, form.letter);
}

xca_error_t *command_code_reset_file(admin_t *admin, const arguments_t *arguments) {
    xca_holder_form_t form = {0};
    signing_t signing;
    xca_case_t *kase;
    xca_error_t *err = admin_open_officer(&signing, admin, arguments);

    if (err == NULL) {
        err = form_of(&form, admin, arguments, "form-date");
    }
    if (err == NULL) {
        err = xca_code_reset_file(&kase, admin->office, &form, signing.officer, NULL, admin->now, admin->pool);
    }
    return err != NULL ? err : decide_filed(admin, &signing, kase, form.letter);
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
        xca_secret_text(code), "portal",
        apr_pstrcat(admin->pool, xca_settings_get(admin->settings, "portal-url", ""), "/", NULL), "until",
        xca_date_format(admin->pool, xca_code_reset_due(kase), XCA_DATE_ISO), NULL);
    printf("%s\n", letter);
    return NULL;
}
