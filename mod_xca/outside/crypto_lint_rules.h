/* The rules that certificates are held to, one by one: RFC 5280, X.690 (DER), the S/MIME baseline of the CA/Browser Forum as far as
 * it applies (tools/lint/README.md says which rules cannot be kept and why), profile.md. The texts of what breaks a rule
 * stand in the catalogue as "lint.rule.<id>". */
#ifndef XCA_OUTSIDE_CRYPTO_LINT_RULES_H
#define XCA_OUTSIDE_CRYPTO_LINT_RULES_H

#include <apr_tables.h>
#include "base/text.h"

typedef enum {
    XCA_LINT_ERROR,   /* nothing is issued                                                          */
    XCA_LINT_WARNING, /* allowed, and better otherwise                                              */
    XCA_LINT_NOTICE   /* a rule of others that this authority does not keep, on purpose             */
} xca_lint_severity;

/* What a certificate is for; a rule's scope is a set of them. */
typedef enum {
    XCA_LINT_KIND_UNKNOWN = 0,
    XCA_LINT_SMIME = 1,  /* of an organisation, with a mailbox      */
    XCA_LINT_CARD = 2,   /* of a card itself: no mailbox            */
    XCA_LINT_CA = 4,     /* of an issuing CA                        */
    XCA_LINT_ROOT = 8,   /* self-signed                             */
    XCA_LINT_OTHER = 16, /* officers, servers, the audit log, OCSP  */
    XCA_LINT_ANY = 31
} xca_lint_kind;

typedef struct xca_lint_rule {
    const char *id;     /* "serial-length"             */
    const char *clause; /* "RFC 5280 section 4.1.2.2"  */
    xca_lint_severity severity;
    int scope; /* of xca_lint_kind */
} xca_lint_rule_t;

typedef struct xca_lint_finding {
    const xca_lint_rule_t *rule;
    const char *detail; /* what was found: a value, a place; may be "" */
} xca_lint_finding_t;

/* All rules: array of const xca_lint_rule_t *. */
apr_array_header_t *xca_lint_rules(apr_pool_t *pool);

/* What the certificate says that it is for; XCA_LINT_KIND_UNKNOWN if it cannot be read. */
xca_lint_kind xca_lint_kind_of(xca_bytes_t der, apr_pool_t *pool);

/* "smime", "card", "ca", "root", "other"; and back (XCA_LINT_KIND_UNKNOWN if it is none). */
const char *xca_lint_kind_id(xca_lint_kind kind);
xca_lint_kind xca_lint_kind_from(const char *id);

/* "error", "warning", "notice". */
const char *xca_lint_severity_id(xca_lint_severity severity);

/* Holds a certificate to all rules of its kind. Works on any bytes, in bounded time (fuzz target lint); its signature is
 * not looked at, so that it may be an unsigned one of xca_tbs_unsigned(). *findings: array of xca_lint_finding_t, in the order
 * of the rules; empty if there is nothing to say. */
void xca_lint_check(apr_array_header_t **findings, xca_bytes_t der, xca_lint_kind kind, apr_pool_t *pool);

#endif
