/* lint: certificates of a file against the rules that ours are held to; and requests as they would be judged when uploaded. */
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "base/settings.h"
#include "command.h"
#include "operations/signer_open.h"
#include "outside/crypto_csr.h"
#include "outside/crypto_lint_rules.h"

#define FILE_MAX (1024 * 1024)

static const char *text_of(const admin_t *admin, const xca_lint_rule_t *rule) {
    return admin_text(admin, apr_pstrcat(admin->pool, "lint.rule.", rule->id, NULL));
}

static const char *severity_of(const admin_t *admin, const xca_lint_rule_t *rule) {
    return admin_text(admin, apr_pstrcat(admin->pool, "lint.severity.", xca_lint_severity_id(rule->severity), NULL));
}

/* Kinds that the rule holds for. */
static const char *scope_of(const admin_t *admin, const xca_lint_rule_t *rule) {
    const char *text = "";
    int kind;

    for (kind = 1; kind < XCA_LINT_ANY; kind <<= 1) {
        if ((rule->scope & kind) != 0) {
            text = apr_pstrcat(admin->pool, text, *text != '\0' ? " " : "", xca_lint_kind_id((xca_lint_kind)kind), NULL);
        }
    }
    return text;
}

xca_error_t *command_lint_rules(admin_t *admin, const arguments_t *arguments) {
    apr_array_header_t *rules = xca_lint_rules(admin->pool);
    int i;

    for (i = 0; i < rules->nelts; i++) {
        const xca_lint_rule_t *rule = APR_ARRAY_IDX(rules, i, const xca_lint_rule_t *);

        printf("%s\t%s\t%s\t%s\t%s\n", rule->id, severity_of(admin, rule), scope_of(admin, rule), rule->clause,
               text_of(admin, rule));
    }
    return NULL;
}

static int print_findings(const admin_t *admin, const char *place, apr_array_header_t *findings) {
    int errors = 0, i;

    for (i = 0; i < findings->nelts; i++) {
        const xca_lint_finding_t *finding = &APR_ARRAY_IDX(findings, i, xca_lint_finding_t);
        int has_detail = *finding->detail != '\0';

        errors += finding->rule->severity == XCA_LINT_ERROR;
        printf("%s: %s %s: %s%s%s%s [%s]\n", place, severity_of(admin, finding->rule), finding->rule->id,
               text_of(admin, finding->rule), has_detail ? " (" : "", finding->detail, has_detail ? ")" : "",
               finding->rule->clause);
    }
    if (findings->nelts == 0) {
        printf("%s: %s\n", place, admin_text(admin, "admin.lint.clean"));
    }
    return errors;
}

static int lint_one(const admin_t *admin, const char *path, int number, xca_bytes_t der, xca_lint_kind kind) {
    apr_array_header_t *findings;

    kind = kind != XCA_LINT_KIND_UNKNOWN ? kind : xca_lint_kind_of(der, admin->pool);
    xca_lint_check(&findings, der, kind, admin->pool);
    return print_findings(admin, apr_psprintf(admin->pool, "%s %d (%s)", path, number, xca_lint_kind_id(kind)), findings);
}

static xca_error_t *judge_request(const admin_t *admin, const char *path, const char *data, apr_size_t length) {
    xca_csr_t *csr;
    xca_error_t shown = {.message = "admin.lint.request"};
    xca_error_t *err = xca_csr_read(&csr, data, length, admin->pool);

    if (err != NULL) {
        return err;
    }
    shown.arg = csr->key_text;
    printf("%s: %s\n", path,
           admin->catalogue != NULL ? xca_catalogue_error(admin->catalogue, &shown, admin->language, admin->pool) : csr->key_text);
    return NULL;
}

static xca_error_t *lint_file(int *errors, const admin_t *admin, const char *path, xca_lint_kind kind) {
    apr_array_header_t *certificates;
    const char *data;
    apr_size_t length;
    int i;
    xca_error_t *err = xca_file_read(&data, &length, path, FILE_MAX, admin->pool);

    if (err != NULL) {
        return err;
    }
    if (strstr(data, "-----BEGIN CERTIFICATE-----") != NULL) {
        err = xca_certificates_read(&certificates, path, admin->pool);
        for (i = 0; err == NULL && i < certificates->nelts; i++) {
            *errors += lint_one(admin, path, i + 1, APR_ARRAY_IDX(certificates, i, xca_bytes_t), kind);
        }
        return err;
    }
    if (strstr(data, "CERTIFICATE REQUEST-----") != NULL) {
        return judge_request(admin, path, data, length);
    }
    if (xca_lint_kind_of((xca_bytes_t){(const unsigned char *)data, length}, admin->pool) == XCA_LINT_KIND_UNKNOWN &&
        judge_request(admin, path, data, length) == NULL) {
        return NULL;
    }
    *errors += lint_one(admin, path, 1, (xca_bytes_t){(const unsigned char *)data, length}, kind);
    return NULL;
}

xca_error_t *command_lint(admin_t *admin, const arguments_t *arguments) {
    const char *wanted = argument(arguments, "kind"), *path;
    xca_lint_kind kind = wanted != NULL ? xca_lint_kind_from(wanted) : XCA_LINT_KIND_UNKNOWN;
    int errors = 0, i;

    if (wanted != NULL && kind == XCA_LINT_KIND_UNKNOWN) {
        xca_error_t *err = xca_error_make(admin->pool, XCA_E_INVALID, "admin.lint.kind", "--kind %s", wanted);

        err->arg = wanted;
        return err;
    }
    if (argument_plain(arguments, 0) == NULL) {
        return xca_error_field(admin->pool, NULL, "admin.argument-missing", "FILE");
    }
    for (i = 0; (path = argument_plain(arguments, i)) != NULL; i++) {
        xca_error_t *err = lint_file(&errors, admin, path, kind);

        if (err != NULL) {
            return err;
        }
    }
    return errors > 0 ? xca_error_make(admin->pool, XCA_E_INVALID, "admin.lint.broken", "%d", errors) : NULL;
}
